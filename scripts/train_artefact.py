"""What a site's own training leaves behind: a whole version with its card, its rejects and its lineage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.console import Misused
from scripts.train_rows import Rows

if TYPE_CHECKING:
    from nlp.frozen import FrozenTest
    from nlp.head import Fit
    from nlp.promotion import Rules, Verdict

OWN = "站点自有"
"""Licence of a site's own data in a manifest."""


def new_version(folder: Path, asked: str | None) -> str:
    """A name that no version has: one that was judged is never written over."""
    from nlp.frozen import FOLDER

    if asked is not None:
        if asked in (FOLDER, "") or asked.startswith(".") or "/" in asked or "\\" in asked:
            raise Misused(f"版本名 {asked!r} 不可用：不能是 {FOLDER}、以点开头或含斜线")
        if (folder / asked).exists():
            raise Misused(f"版本 {asked} 已经存在：换一个 --version，已有的版本不覆盖")
        return asked
    name = f"own-{datetime.now(UTC):%Y%m%d}"
    taken = (f"{name}-{number}" for number in range(2, 10_000))
    return name if not (folder / name).exists() else next(one for one in taken if not (folder / one).exists())


def write_version(
    task: str,
    version: str,
    draft: Path,
    made: tuple[Rows, Fit, Verdict],
    compared: tuple[FrozenTest, str | None, Rules],
    notes: Sequence[str],
) -> Path:
    """The whole version in the draft folder: weights, thresholds, card, rejects, manifest with its lineage."""
    from nlp.artefacts import write_manifest
    from nlp.classify import KIND, thresholds, write_head
    from scripts.train_card import card, rejects

    rows, fitted, verdict = made
    test, before, rules = compared
    folder = draft / task / version
    write_head(folder, fitted.head, thresholds(fitted.unseen, rows.labels, fitted.head.labels))
    lineage: dict[str, Any] = {
        "data_sha256": rows.sha256,
        "rows": len(rows.texts),
        "held_out": rows.held,
        "rejected": len(rows.read.rejects),
        "seed": rules.seed,
        "test_sha256": test.digest,
        "test_rows": len(test.texts),
        "compared_with": before,
        "rules": asdict(rules),
        "decision": "promoted" if verdict.promoted else "refused",
        "reasons": list(verdict.reasons),
    }
    if fitted.head.encoder is not None:
        lineage["encoder"] = fitted.head.encoder.version
    found = figures_of(fitted, rows, verdict)
    text = card(f"{task}/{version}", lineage, verdict, (rows.read, notes), found)
    (folder / "card.md").write_text(text, "utf-8")
    if rows.read.rejects:
        (folder / "rejects.json").write_text(rejects(rows.read), "utf-8")
    data = [{"set": OWN, "licence": OWN, "rows": len(rows.texts)}]
    more = {"encoder": lineage["encoder"]} if "encoder" in lineage else {}
    write_manifest(folder, task, KIND, data, found, lineage=lineage, **more)
    return folder


def figures_of(fitted: Fit, rows: Rows, verdict: Verdict) -> dict[str, float]:
    from nlp.evaluate.classify import figures

    best = [fitted.head.labels[at] for at in fitted.unseen.argmax(axis=1)]
    found = figures(rows.labels, best, fitted.unseen.max(axis=1), prefix="cross-validated ")
    found |= {f"test {name}": value for name, value in verdict.figures.items()}
    if verdict.comparison is not None:
        found |= {f"current {name}": value for name, value in verdict.comparison.current.items()}
    return found


def remarks(rows: Rows) -> list[str]:
    """What the site should know about its rows."""
    said = []
    if rows.read.rejects:
        whys = Counter(one.why for one in rows.read.rejects)
        shown = "，".join(f"{why} {count} 行" for why, count in whys.most_common(4))
        said.append(f"{len(rows.read.rejects)} 行没有用上（{shown}），逐行列在 rejects.json")
    if rows.relabelled:
        said.append(
            f"{rows.relabelled} 行的文本在冻结测试里是别的类别，测试按原来的算"
            "（若原来的错了，删掉模型目录里该任务的 test 目录重新冻结，留出的文本大体不变）"
        )
    if rows.read.scarce:
        said.append(f"不足两行的类别，学不到什么：{'、'.join(rows.read.scarce[:8])}")
    if rows.unknown:
        said.append(
            f"分类表里没有这些类别，分单用不到：{'、'.join(rows.unknown[:8])}（先写进 policy/taxonomy.toml）"
        )
    return said
