"""B13: suggestions learn from good conversations and from the customer's next turn; planted bad replies never rise."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kb.knowledge import build
from kb.learned import CAP, MOST, Offer, learned
from kb.suggest import SuggestRequest, suggest
from tests.kb.fakes import encode, entry, moment

ACTIONS = st.frozensets(
    st.sampled_from(["shown", "inserted", "edited", "sent", "dismissed", "helpful", "not_helpful"]),
    min_size=1,
)
OFFERS = st.lists(
    st.builds(
        Offer,
        st.sampled_from(["good", "other"]),
        st.sampled_from(["a1", "a2", "a3"]),
        ACTIONS,
        st.none() | st.floats(0, 100),
        st.none() | st.floats(-1, 1),
        st.booleans(),
    ),
    max_size=30,
)
POOR = st.lists(
    st.builds(Offer, st.just("bad"), st.sampled_from(["a1", "a2"]), ACTIONS, st.floats(0, 60), st.none()),
    max_size=40,
)
WORSE = st.lists(
    st.builds(
        Offer,
        st.just("bad"),
        st.sampled_from(["a1", "a2", "a3", "a4"]),
        ACTIONS.map(lambda done: done | {"sent"}),
        st.none() | st.floats(0, 100),
        st.floats(-1, -0.2),
    ),
    max_size=40,
)
GOOD, BAD = (
    entry("good", "退款多久到账", "三个工作日原路退回。"),
    entry("bad", "退款多久到账呢", "自己去看页面。"),
)
KNOWLEDGE = build([GOOD, BAD, entry("other", "发票抬头", "可以改。")], "fake", encode, "V1.0")


def order(priors: dict[str, float]) -> list[str]:
    request = SuggestRequest(query="退款多久到账", as_of=moment("2026-11-01"), priors=priors)
    return [one.entry_id for one in suggest(KNOWLEDGE, request, encode).suggestions]


@given(st.one_of(POOR, WORSE), OFFERS)
def test_b13_planted_bad_replies_never_outrank(planted: list[Offer], others: list[Offer]) -> None:
    """Whatever is planted in poor conversations, or made the mood fall, pushes its entry up by nothing."""
    pushes = learned([*planted, *others])
    assert pushes.get("bad", 0) <= 0
    alone = learned(planted)
    assert order(alone).index("good") == 0 == order({}).index("good")


@given(OFFERS, st.randoms())
def test_b13_bounded_and_repeatable(offers: list[Offer], chance: object) -> None:
    """A push stays within its bounds and does not depend on the order of what is told."""
    mixed = list(offers)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert learned(offers) == learned(mixed)
    assert all(abs(push) < CAP for push in learned(offers).values())


def test_b13_good_conversations_teach() -> None:
    """What good agents send rises, more with each of them; what customers ask again after falls."""
    sent = frozenset({"shown", "sent"})
    several = [Offer("x", f"a{n}", sent, 95, 0.4) for n in range(5)]
    assert learned(several)["x"] > learned(several[:1])["x"] > 0
    assert learned([Offer("x", "a1", sent, 95)] * 50) == learned([Offer("x", "a1", sent, 95)])
    assert learned([Offer("x", "a1", sent, 95, None, True)])["x"] < 0
    assert learned([Offer("x", "a1", frozenset({"dismissed"}))])["x"] < 0
    edited = learned([Offer("x", "a1", frozenset({"sent", "edited"}), 95)])["x"]
    assert 0 < edited < learned([Offer("x", "a1", sent, 95)])["x"]
    assert len(learned([Offer(f"e{n}", "a", sent, 95) for n in range(MOST + 9)])) == MOST


def test_b13_what_was_learned_is_seen_in_the_reasons() -> None:
    """A push changes the order of near equals and is told among the features."""
    alike = build([entry("x", "退款时间甲"), entry("y", "退款时间乙")], "fake", encode, "V1.0")
    request = SuggestRequest(query="退款时间", as_of=moment("2026-11-01"))
    assert [one.entry_id for one in suggest(alike, request, encode).suggestions] == ["x", "y"]
    found = suggest(alike, replace(request, priors={"y": 0.3}), encode).suggestions
    assert [one.entry_id for one in found] == ["y", "x"]
    assert dict(found[0].why.features)["learned"] == 0.3
