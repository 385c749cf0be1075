"""The one fact: read, refused by name, put together, and told again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlp.metrics.observation import (
    ObservationError,
    from_json,
    load_kinds,
    merged,
    parse,
    to_json,
)
from nlp.tables import PolicyError

NOW = datetime(2026, 11, 3, 2, tzinfo=UTC)
KINDS = load_kinds()


def test_R177_an_unknown_value_is_kept() -> None:
    """What a kind does not know stays as it came; a known value of the right type too."""
    raw = {"kind": "external", "id": "x1", "values": {"value": 3.5, "footfall": {"am": [1, 2]}}}
    read = parse(raw, KINDS, NOW)
    assert read.values == {"value": 3.5, "footfall": {"am": [1, 2]}}
    assert (read.id, read.at, read.agent) == ("x1", NOW, None)


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"kind": "contact", "id": "1", "values": {"wait_s": -1}}, "observation.values.wait_s"),
        ({"kind": "contact", "id": "1", "values": {"wait_s": True}}, "observation.values.wait_s"),
        ({"kind": "contact", "id": "1", "values": {"abandoned": "yes"}}, "observation.values.abandoned"),
        ({"kind": "survey", "id": "1", "values": {"nps": 11}}, "observation.values.nps"),
        ({"kind": "case", "id": "1", "values": {"stages": {"a": "b"}}}, "observation.values.stages"),
        ({"kind": "ticket", "id": "1", "values": {"priority": "high"}}, "observation.values.priority"),
        ({"kind": "ticket", "id": "1", "at": "yesterday"}, "observation.at"),
        ({"kind": "ticket", "id": "1", "colour": "red"}, "observation.colour"),
        ({"kind": "ticket", "id": "1", "agent": 7}, "observation.agent"),
        ({"kind": "ticket", "values": {}}, "observation.id"),
        ({"kind": "nothing", "id": "1"}, "observation.kind"),
        ({"kind": "conversation", "id": "1", "values": {"score": 100}}, "observation.values.score"),
        ("text", "observation"),
    ],
)  # fmt: skip
def test_R177_a_known_value_of_another_type_is_an_error_that_names_it(raw: Any, field: str) -> None:
    """The field, what is wrong with it and what would be accepted; scores come from scoring only."""
    with pytest.raises(ObservationError) as caught:
        parse(raw, KINDS, NOW)
    assert caught.value.field == field
    assert caught.value.accepted


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["id", "kind", "at", "subject", "agent", "values", "team", "x"])
VALUES = st.dictionaries(
    st.sampled_from(["wait_s", "abandoned", "queue", "nps", "stages", "csat", "other"]), PLAIN, max_size=4
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    raw=st.dictionaries(NAMES, PLAIN, max_size=6), kind=st.sampled_from(sorted(KINDS.kinds)), values=VALUES
)
def test_R177_whatever_is_sent_is_read_or_refused_by_name(
    raw: dict[str, Any], kind: str, values: dict[str, Any]
) -> None:
    """No input is a surprise: an observation that can be told and read back, or an error with its field."""
    for sent in (raw, {**raw, "kind": kind, "id": "x"}, {"kind": kind, "id": "x", "values": values}):
        try:
            read = parse(sent, KINDS, NOW)
        except ObservationError as error:
            refused = error.field
        else:
            refused = None
            assert from_json(json.loads(json.dumps(to_json(read))), NOW).id == read.id
        assert refused is None or refused.startswith("observation")


def test_told_again_a_fact_is_the_two_put_together() -> None:
    """New values stand over old ones, what is not told again stays, the id comes from kind and subject."""
    first = parse({"kind": "ticket", "subject": "T1", "agent": "A1", "values": {"queue": "vip"}}, KINDS, NOW)
    later = parse(
        {"kind": "ticket", "subject": "T1", "team": "一组", "values": {"resolved": True}}, KINDS, NOW
    )
    both = merged(first, later)
    assert both.id == "ticket:T1"
    assert (both.agent, both.team, both.values) == ("A1", "一组", {"queue": "vip", "resolved": True})
    assert from_json(to_json(both), NOW) == both


def test_a_value_is_reached_by_name() -> None:
    """Dimensions, values, and what stands inside a value."""
    read = parse({"kind": "case", "id": "1", "team": "B", "values": {"stages": {"fixing": 60}}}, KINDS, NOW)
    assert (read.get("team"), read.get("stages.fixing"), read.get("stages.x"), read.get("met")) == (
        "B", 60, None, None,
    )  # fmt: skip


def test_a_site_s_kinds_are_checked(tmp_path: Path) -> None:
    """A form nobody knows is refused with file and key."""
    text = 'version="1"\nform="standard"\n[[kind]]\ncode="a"\nname="甲"\nabout="甲"\n[kind.values]\nx=["colour","色"]\n'
    (tmp_path / "observations.toml").write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_kinds(tmp_path)
    assert caught.value.key == "kind.0.values.x"


def test_a_site_keeps_the_kinds_that_the_program_writes(tmp_path: Path) -> None:
    """A list without one of them is refused before anything is lost."""
    text = 'version="1"\nform="standard"\n[[kind]]\ncode="a"\nname="甲"\nabout="甲"\n[kind.values]\nx=["text","色"]\n'
    (tmp_path / "observations.toml").write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError, match="conversation"):
        load_kinds(tmp_path)
