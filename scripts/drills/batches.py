"""Transcripts to score and a scoring run to kill, for the drills of batch scoring."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TURNS = 10
ASKED = ("=运费{at}谁出？", "订单{at}什么时候发货", "我要退款，都等了{at}天了", "发票{at}怎么开")
SAID = (
    "您好，请问有什么可以帮您",
    "没办法{at}",
    "请提供订单号，我帮您核实一下",
    "非常抱歉，让您久等了",
    "还有其他可以帮您的吗",
)
SCORING = """
import sys, time
from pathlib import Path
from nlp.batch import run
from nlp.batch.plan import Setting
from nlp.batch.score import score_files
original, pause = run.score_shard, float(sys.argv[4])
def slow(shard, setting):
    for row in original(shard, setting):
        time.sleep(pause)
        yield row
if pause:
    run.score_shard = slow
if __name__ == "__main__":
    score_files([Path(sys.argv[1])], Path(sys.argv[2]), Setting(rules_only=sys.argv[7] == 'rules'), sys.argv[6], int(sys.argv[3]), rows=int(sys.argv[5]))
"""


def transcripts(path: Path, count: int, seed: int, turns: int = TURNS) -> None:
    """Write `count` transcripts of `turns` turns each."""
    rng = random.Random(seed)  # noqa: S311 (a drill, not a secret)
    with path.open("w", encoding="utf-8") as stream:
        for at in range(count):
            said = [
                {"role": role, "text": rng.choice(texts).format(at=rng.randrange(10_000))}
                for _ in range(turns // 2)
                for role, texts in (("customer", ASKED), ("agent", SAID))
            ]
            row = {"id": f"t{at}", "turns": said, "agent": {"id": f"A{at % 50:03}", "team": "一组"}}
            row["started_at"] = "2026-11-03T10:00:00+08:00"
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def scoring(
    program: Path,
    source: Path,
    out: Path,
    workers: int,
    pause: float,
    rows: int,
    engine: str = "processes",
    rules_only: bool = True,
) -> subprocess.Popen[bytes]:
    """A scoring run as a process of its own (a file, so that spawned workers find it); `pause` seconds a row."""
    program.write_text(SCORING, encoding="utf-8")
    mode = "rules" if rules_only else "full"
    given = [str(one) for one in (program, source, out, workers, pause, rows, engine, mode)]
    return subprocess.Popen(  # noqa: S603 (our own program)
        [sys.executable, *given],
        cwd=ROOT,
        env=None,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
