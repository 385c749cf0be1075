"""R038, B01, B03: whatever the history, no deleted, expired or hidden entry is ever found."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kb import snapshot
from kb.entries import KINDS, STAGES, Entry
from kb.filters import Filters, columns, refusal
from kb.knowledge import Knowledge, build
from kb.search import search
from kb.segment import Encode
from tests.kb.fakes import encode, entry, moment

TOPICS = ("退货", "运费", "发票", "积分", "换货")
IDS = [f"e{n}" for n in range(8)]
DAYS = st.sampled_from(["2026-01-01", "2026-03-01", "2026-06-01"]).map(moment)
ENTRIES = st.builds(
    lambda one, kind, stage, topic, audience, channel, days: entry(
        one,
        f"{topic}怎么办理",
        f"{topic}的答案，编号{one}。",
        kind=kind,
        stage=stage,
        audience=audience,
        channel=channel,
        effective_from=min(days) if len(days) > 1 else None,
        effective_to=max(days) if days else None,
    ),
    st.sampled_from(IDS),
    st.sampled_from(KINDS),
    st.none() | st.sampled_from(STAGES),
    st.sampled_from(TOPICS),
    st.frozensets(st.sampled_from(["vip", "presales"]), max_size=2),
    st.frozensets(st.sampled_from(["app", "phone"]), max_size=1),
    st.lists(DAYS, max_size=2, unique=True),
)
FILTERS = st.builds(
    Filters,
    kinds=st.frozensets(st.sampled_from(KINDS), max_size=3),
    stages=st.just(frozenset()) | st.frozensets(st.sampled_from(STAGES), min_size=1, max_size=3),
    audience=st.none() | st.frozensets(st.sampled_from(["vip", "presales"]), max_size=2),
    channel=st.none() | st.sampled_from(["app", "phone", "web"]),
    as_of=st.sampled_from(["2025-12-01", "2026-02-01", "2026-03-01", "2026-09-01"]).map(moment),
    exclude=st.frozensets(st.sampled_from(IDS), max_size=2),
)


@given(st.lists(ENTRIES, min_size=1, max_size=8), FILTERS)
def test_mask_and_reason_agree(entries: list[Entry], filters: Filters) -> None:
    """The mask over all entries lets through exactly those for which there is no reason to hide them."""
    seen = columns(entries).mask(filters)
    open_to_all = replace(filters, exclude=frozenset())
    assert seen.tolist() == [refusal(one, open_to_all) is None for one in entries]


class History(RuleBasedStateMachine):
    """Adds, edits, deletes, compacts and reloads in any order, beside a plain dictionary."""

    encode: Encode | None = None
    version = ""

    @initialize(entries=st.lists(ENTRIES, max_size=5))
    def start(self, entries: list[Entry]) -> None:
        self.expected = {one.id: one for one in entries}
        self.knowledge: Knowledge = build(entries, self.version, self.encode, "V1.0")

    @rule(entries=st.lists(ENTRIES, min_size=1, max_size=3), gone=st.lists(st.sampled_from(IDS), max_size=2))
    def change(self, entries: list[Entry], gone: list[str]) -> None:
        before = dict(self.knowledge.entries)
        old, self.knowledge = self.knowledge, self.knowledge.changed(entries, gone, self.encode)
        assert dict(old.entries) == before
        for one in gone:
            self.expected.pop(one, None)
        self.expected |= {one.id: one for one in entries}

    @rule(one=st.sampled_from(IDS))
    def delete(self, one: str) -> None:
        self.knowledge = self.knowledge.changed([], [one], self.encode)
        self.expected.pop(one, None)

    @rule()
    def compact(self) -> None:
        self.knowledge = self.knowledge.compacted(force=True)

    @rule()
    def reload(self) -> None:
        with tempfile.TemporaryDirectory() as root:
            self.knowledge = snapshot.load(snapshot.write(self.knowledge, Path(root)), self.version)

    @rule(filters=FILTERS, topic=st.sampled_from([*TOPICS, "tuihuo", "推货", "办理"]))
    def look(self, filters: Filters, topic: str) -> None:
        vector = self.encode([topic])[0] if self.encode and self.knowledge.has_vectors else None
        found = {hit.entry_id: hit for hit in search(self.knowledge, topic, vector, filters, limit=50)}
        visible = {one.id for one in self.expected.values() if refusal(one, filters) is None}
        assert found.keys() <= visible
        assert all(hit.text == self.expected[one].text for one, hit in found.items())
        assert {one for one in visible if topic in self.expected[one].title} <= found.keys()

    @invariant()
    def entries_are_those_expected(self) -> None:
        assert dict(self.knowledge.entries) == self.expected


class HistoryWithVectors(History):
    encode = staticmethod(encode)
    version = "fake"


CHECKED = settings(
    max_examples=25, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
TestHistory = History.TestCase
TestHistory.settings = CHECKED
TestHistoryWithVectors = HistoryWithVectors.TestCase
TestHistoryWithVectors.settings = CHECKED


def test_an_edit_shares_the_base() -> None:
    """An edit copies no array of the base: its cost does not grow with the base."""
    old = build([entry(f"e{n}", f"问题{n}退货") for n in range(50)], "fake", encode, "V1.0")
    new = old.changed([entry("e3", "发票抬头")], ["e4"], encode, "V1.0.1")
    assert new.segments[0] is old.segments[0]
    assert (new.release, old.release) == ("V1.0.1", "V1.0")
    assert len(new.entries) == 49
    assert len(old.entries) == 50


def test_an_edit_weighs_like_the_base() -> None:
    """An entry has the same confidence in the tail as in the base."""
    entries = [entry(f"e{n}", f"{TOPICS[n % 5]}问题{n}") for n in range(40)]
    extra = entry("x", "保修期有多长")
    whole = build([*entries, extra], "fake", encode, "V1.0")
    edited = build(entries, "fake", encode, "V1.0").changed([extra], [], encode)
    vector = encode(["保修多久"])[0]
    first, second = (search(k, "保修多久", vector)[0] for k in (whole, edited))
    assert first.entry_id == second.entry_id == "x"
    assert abs(first.confidence - second.confidence) < 0.02


def test_compaction_keeps_what_is_found() -> None:
    """Folding the tail in changes neither the entries nor the stored vectors."""
    old = build([entry(f"e{n}", f"{TOPICS[n % 5]}问题{n}") for n in range(20)], "fake", encode, "V1.0")
    edited = old.changed([entry("e3", "保修期有多长")], ["e4"], encode)
    folded = edited.compacted(force=True)
    assert len(folded.segments) == 1
    assert folded.entries.keys() == edited.entries.keys()
    vector = encode(["保修期有多长"])[0]
    assert search(folded, "保修期有多长", vector)[0].entry_id == "e3"
    index = folded.segments[0].vectors
    assert index is not None
    assert index.size == folded.segments[0].rows
    assert edited.compacted() is edited


def test_as_of_gives_two_answers() -> None:
    """One question on two dates finds the text that held on each (B01)."""
    spring = entry("a", "退货期限", "七天。", effective_to=moment("2026-06-01"))
    autumn = entry("b", "退货期限", "十五天。", effective_from=moment("2026-06-01"))
    knowledge = build([spring, autumn], "fake", encode, "V1.0")
    vector = encode(["退货期限"])[0]
    for day, expected in (("2026-05-01", "七天。"), ("2026-06-01", "十五天。"), ("2026-09-01", "十五天。")):
        hits = search(knowledge, "退货期限", vector, Filters(as_of=moment(day)))
        assert [hit.text for hit in hits] == [expected]


def test_an_empty_knowledge_answers_nothing() -> None:
    """No entries, no hits, with and without an encoder; the first edit is found."""
    for encoder in (None, encode):
        empty = build([], "fake" if encoder else "", encoder, "V1.0")
        assert search(empty, "退货", encoder(["退货"])[0] if encoder else None) == ()
        filled = empty.changed([entry("a", "怎么退货")], [], encoder)
        assert search(filled, "退货")[0].entry_id == "a"


def test_without_an_encoder_there_are_no_vectors() -> None:
    """Built without an encoder, the knowledge says so and searches by words."""
    knowledge = build([entry("a", "怎么退货")], "fake", None, "V1.0")
    assert not knowledge.has_vectors
    assert knowledge.changed([entry("b", "怎么换货")], [], encode).segments[1].vectors is None
    assert np.isfinite(search(knowledge, "退货")[0].confidence)
