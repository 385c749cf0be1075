"""The bench's client and the figures' table."""

from __future__ import annotations

import asyncio
import json
import lzma
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from scripts.baselines import commonest, letters, tfidf_cosines
from scripts.console import Failed
from scripts.evaluation import encoders
from scripts.figures import lines_of
from scripts.figures_speed import rate, short_texts
from scripts.figures_table import BEGIN, END, Line, table, written
from scripts.load import Outcome, Target, drive, percentile
from tests.scripts.running import Run


def test_the_client_counts_answers_and_refusals() -> None:
    """Of answers that alternate between 200 and 503, both are counted and only the first are timed."""

    async def scene() -> Outcome:
        number = 0

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal number
            while True:
                try:
                    head = await reader.readuntil(b"\r\n\r\n")
                except asyncio.IncompleteReadError:
                    break
                assert b"Authorization: Bearer k" in head
                await reader.readexactly(2)
                number += 1
                status = b"200 OK" if number % 2 else b"503 Busy"
                writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 4\r\n\r\ntrue")
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        target = Target("127.0.0.1", server.sockets[0].getsockname()[1], "k")
        outcome = await drive(target, lambda _: target.request("POST", "/x", b"{}"), 3, 0.5)
        server.close()
        return outcome

    outcome = asyncio.run(scene())
    assert outcome.statuses[200] == len(outcome.answered) > 0
    assert outcome.refusals() == {"503": outcome.statuses[503]}
    assert outcome.rate > 0


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1), (0.5, 50), (0.99, 99), (1.0, 100)])
def test_percentiles_are_observed_values(share: float, expected: int) -> None:
    """The p-th percentile of 1 … 100 is p."""
    assert percentile([float(at) for at in range(100, 0, -1)], share) == expected


def test_unknown_suites_are_bad_usage(zuoxi: Run) -> None:
    """A suite that does not exist is refused with the ones that do."""
    done = zuoxi("bench", "--only", "warp")
    assert done.code == 2
    assert "suggest" in done.err


def test_figures_stand_between_their_markers() -> None:
    """The table replaces what stood between the markers and nothing else; without markers it fails."""
    lines = [Line("句对", "x", "Spearman", 0.5, 0.25, "TF-IDF")]
    text = f"# 标题\n{BEGIN}\n旧\n{END}\n尾"
    new = written(text, table(lines))
    assert new.startswith("# 标题\n")
    assert new.endswith(f"{END}\n尾")
    assert "| 0.500 | 0.250（TF-IDF） |" in new
    assert "旧" not in new
    with pytest.raises(Failed):
        written("没有标记", table(lines))


@pytest.mark.parametrize(
    ("ours", "lower", "expected"),
    [
        (0.6, False, "达标"),
        (0.55, False, "过底线"),
        (0.4, False, "未达"),
        (0.4, True, "达标"),
        (0.7, True, "未达"),
    ],
)
def test_a_line_says_whether_it_reaches_what_is_asked(ours: float, lower: bool, expected: str) -> None:
    """The aim, at least the floor, or neither; where less is better, less reaches it."""
    floor = 0.65 if lower else 0.5
    assert Line("a", "b", "c", ours, floor=floor, aim=0.6, lower=lower).mark() == expected


def test_lines_without_an_aim_are_not_judged() -> None:
    """A row for orientation has no mark; one with nothing measured misses its aim and shows a dash."""
    assert Line("a", "b", "c", 0.5).cells()[-2:] == ("", "")
    nothing = Line("a", "b", "c", float("nan"), aim=0.9)
    assert nothing.cells()[3] == "—"
    assert nothing.mark() == "未达"


def test_each_encoder_has_a_line_on_each_set_that_is_there(tmp_path: Path) -> None:
    """Sets that are absent leave no line; those that are there are measured with every encoder, beside TF-IDF."""
    (tmp_path / "pairs").mkdir()
    rows = [("退款多久到账", "退款什么时候到账", 1), ("怎么开发票", "空调多大功率", 0), ("发票", "开发票", 1)]
    with lzma.open(tmp_path / "pairs" / "bq.dev.jsonl.xz", "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps({"a": a, "b": b, "label": label}) + "\n" for a, b, label in rows)
    found = list(lines_of(["pairs", "retrieval", "sentiment"], tmp_path, 1))
    assert [line.data for line in found] == [f"bq.dev，句向量 {version}" for version in encoders()]
    assert all(line.plain is not None and line.what == "TF-IDF 余弦" for line in found)
    assert (found[0].floor, found[0].aim) == (0.5, 0.6)


def test_a_plain_classifier_is_fitted_on_the_rows_it_is_given() -> None:
    """The character SVM learns what the letters tell; the majority says one thing."""
    assert letters(["退款", "退钱", "发票", "开票"], ["r", "r", "i", "i"], ["退款呢", "发票吧"]) == ["r", "i"]
    assert commonest(["a", "b", "b"]) == ["b", "b", "b"]
    assert tfidf_cosines(["退款", "退款"], ["退款", "发票"]) == pytest.approx([1, 0])


def test_speed_is_of_all_texts(tmp_path: Path) -> None:
    """A batch split over two threads is done twice as fast where the work waits; short texts fill a batch."""

    def wait(texts: Sequence[str]) -> None:
        time.sleep(len(texts) / 400)

    assert rate(wait, ["a"] * 40, 2) > 1.5 * rate(wait, ["a"] * 40, 1)
    assert len(short_texts(tmp_path)) == 20_000
