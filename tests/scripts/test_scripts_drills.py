"""Every drill, small: the full ones are `make drill NAME=…`."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from api.store import entries
from kb import index_faiss
from kb.index import Vectors
from scripts import drill
from scripts.console import Failed, Misused
from scripts.drills import Result, alarm, edit, flat_memory, history, kill, quality_kill, recall
from scripts.drills.kill_writers import Op, State, Writer

DRILLS = drill.DRILLS
ROOT = Path(__file__).parents[2]


def told(_: str) -> None:
    """Progress is for people who wait."""


def test_every_drill_is_there_and_in_the_readme() -> None:
    """Each drill of the list can be loaded and stands in the table of README."""
    readme = (ROOT / "scripts/README.md").read_text(encoding="utf-8")
    for name, one in DRILLS.items():
        assert callable(drill.load(name))
        assert one.small < one.full
        assert f"| `{name}` |" in readme
    with pytest.raises(Misused):
        drill.load("nothing")


def test_a_drill_prints_size_seed_and_result(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a run prints names N and the seeds; a claim that did not hold fails the command."""
    monkeypatch.setattr(drill, "_quiet_logs", lambda: None)
    monkeypatch.setattr(
        drill, "load", lambda _: lambda n, seed, say: Result({"n_seen": n}, ("it broke",) * (seed == 8))
    )
    drill.drill("history", n=5, seed=6, seeds=2)
    assert "N=5，种子 6–7，成立" in capsys.readouterr().out
    with pytest.raises(Failed):
        drill.drill("history", n=5, seed=7, seeds=2)
    assert '"failures": ["it broke"]' in capsys.readouterr().out
    drill.drill()
    assert "quality-kill" in capsys.readouterr().out


@pytest.mark.parametrize("seed", [1, 2])
def test_history(seed: int) -> None:
    """R038, B01, B03: with vectors and by words alone, no path shows what it must not, readers see one release."""
    result = history.run(DRILLS["history"].small, seed, told)
    assert result.held, result.failures
    assert result.figures["readings"]


def test_history_notices_a_lost_delete(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that forgets what was deleted is found out: the drill can fail."""
    right = entries.changes
    monkeypatch.setattr(entries, "changes", lambda *at: (right(*at)[0], frozenset()))
    assert not history.run(200, 2, told).held


def test_history_notices_a_wrong_audience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Filters that let another group's entries through are found out."""
    from kb.filters import Columns, Filters

    right = Columns.mask
    monkeypatch.setattr(
        Columns,
        "mask",
        lambda self, asked: right(self, Filters(as_of=asked.as_of, audience=frozenset({"vip"}))),
    )
    assert not history.run(200, 2, told).held


@pytest.mark.timeout(300)
def test_kill() -> None:
    """R194: killed while it writes, the service keeps what it acknowledged and nothing by halves."""
    result = kill.run(DRILLS["kill"].small, 1, told)
    # how long a start takes is for the full drill: beside other tests it says nothing
    assert [one for one in result.failures if not one.startswith("a start took")] == []
    assert result.figures["acknowledged"]


def test_kill_knows_whole_from_half() -> None:
    """An import of which some rows are missing is neither the state before nor the state after it."""
    writer = Writer("shop", "", random.Random(1))
    op = writer._import(reviewed=False)
    before = State({"n1": "a"}, {"n2": "b"})
    after = before.after(op)
    assert len(after.live) == 26
    half = State(dict(list(after.live.items())[:10]), after.draft)
    assert half not in (before, after)
    published = after.after(Op("POST", "", b"", publish=True))
    assert (published.live["n2"], published.draft) == ("b", {})
    assert published.after(Op("DELETE", "", b"", drop=("n2",))).live.keys() == after.live.keys()


def test_recall() -> None:
    """Ten of ten neighbours, or nearly, in the flat and in the inverted structure."""
    result = recall.run(DRILLS["recall"].small, 1, told, shared=None)
    assert result.held, result.failures
    assert result.figures.keys() >= {"1000", "20000"}


def test_recall_notices_too_few_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that looks into one list alone does not pass."""
    monkeypatch.setattr(index_faiss, "probes", lambda _: 1)
    assert not recall.run(DRILLS["recall"].small, 1, told, shared=None).held


def test_probes_grow_with_the_lists() -> None:
    """Every list of few, an eighth of a thousand."""
    assert [index_faiss.probes(lists) for lists in (1, 16, 128, 256, 1024)] == [1, 16, 45, 64, 128]


def test_the_tenth_neighbour_is_exact_over_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut into blocks or not, the edge is the tenth best cosine."""
    rows: Vectors = np.random.default_rng(3).standard_normal((95, recall.DIM)).astype(np.float32)
    monkeypatch.setattr(recall, "BLOCK", 20)
    edges = recall._edges(rows, rows[:4])
    assert np.allclose(edges, np.sort(rows[:4] @ rows.T, axis=1)[:, -10], rtol=1e-5)


def test_edit(monkeypatch: pytest.MonkeyPatch) -> None:
    """R038: an edit is found as soon as it is written."""
    monkeypatch.setattr(edit, "EDITS", 20)
    result = edit.run(DRILLS["edit"].small, 1, told)
    assert result.held, result.failures


@pytest.mark.timeout(300)
def test_quality_kill() -> None:
    """R105: workers and drivers killed, no transcript is scored twice or lost."""
    result = quality_kill.run(DRILLS["quality-kill"].small, 1, told)
    assert result.held, result.failures


def test_flat_memory() -> None:
    """R104: scoring more transcripts takes no more memory."""
    result = flat_memory.run(DRILLS["flat-memory"].small, 1, told)
    assert result.held, result.failures


def test_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    """B29, R165: over 500 days no more false alarms than stated, even of small counts; planted news is heard at once."""
    result = alarm.run(DRILLS["alarm"].small, 29, told)
    assert result.held, result.failures
    assert (result.figures["planted"], result.figures["heard"]) == (25, 25)
    monkeypatch.setattr(alarm, "LOUD", 1)
    assert "没有听到" in alarm.run(20, 1, told).failures[-1]
