"""What happens with scored transcripts: kept, counted, and what follows from them, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

from api import follow_ups, mystery, red_cards, rule_health, rulings
from api.casework import Casework
from api.service import Service
from api.store import Reader, Writer, results, transcripts
from api.store.results import Stored

AT_ONCE = 200
"""Results of one transaction."""
Json = dict[str, Any]
Span = tuple[datetime, datetime]
Promises = Mapping[str, Sequence[follow_ups.Promise]]
Scored = tuple[Mapping[str, Any], str | None, Mapping[str, Any]]
"""A result, its agent, its transcript as it may be kept."""


def promises_of(opened: Service, work: Casework, scored: Iterable[Scored]) -> Promises:
    """What was promised in these conversations, read before the writer is asked: its units stay short."""
    now = work.clock()
    return {str(result["id"]): follow_ups.promises_in(opened, told, now) for result, _, told in scored}


def keep(
    work: Casework,
    opened: Service,
    writer: Writer,
    tenant: str,
    scored: Sequence[Scored],
    promises: Promises,
) -> list[Mapping[str, Any]]:
    """Store results with their transcripts; what is there already has no second effect. Gives the new results."""
    names = [str(result["id"]) for result, _, _ in scored]
    there = results.several(Reader(writer), tenant, names)
    fresh = {str(one[0]["id"]): one for one in scored if str(one[0]["id"]) not in there}
    results.save(writer, tenant, [(result, agent) for result, agent, _ in scored])
    transcripts.save(writer, tenant, [(str(result["id"]), told) for result, _, told in scored])
    new = [result for result, _, _ in fresh.values()]
    rulings.carry(opened, writer, tenant, new)
    rule_health.withhold(work, opened, writer, tenant, new)
    mystery.recount(writer, tenant, frozenset(str(result["transcript_id"]) for result in new))
    for result in new:
        follow_ups.promised(work, writer, tenant, promises.get(str(result["id"]), ()))
        follow_ups.again(work, opened, writer, tenant, result)
    return new


class Spans:
    """Agents whom new results may concern, and the span of time these are of: asked about once, not part by part."""

    def __init__(self, opened: Service) -> None:
        self._opened = opened
        self.agents: dict[str, Span] = {}

    def add(self, scored: Iterable[Mapping[str, Any]]) -> None:
        for agent, (first, last) in red_cards.concerned(self._opened, scored).items():
            known = self.agents.get(agent, (first, last))
            self.agents[agent] = (min(first, known[0]), max(last, known[1]))


def follow(work: Casework, opened: Service, writer: Writer, tenant: str, agent: str, span: Span) -> None:
    """What follows for an agent from results of a span of time; asked again it does nothing new."""
    red_cards.issue(work, opened, writer, tenant, agent, span)


def one(work: Casework, opened: Service, tenant: str, scored: Scored) -> Callable[[Writer], None]:
    """The unit of work that keeps one scored transcript with all that follows; what can be read before, is."""
    promises, spans = promises_of(opened, work, [scored]), Spans(opened)

    def unit(writer: Writer) -> None:
        spans.add(keep(work, opened, writer, tenant, [scored], promises))
        for agent, span in spans.agents.items():
            follow(work, opened, writer, tenant, agent, span)

    return unit


def after_ruling(
    work: Casework, opened: Service, writer: Writer, tenant: str, found: Stored, items: Iterable[str]
) -> None:
    """What a person's words on a result's items lead to, beyond its points."""
    mystery.recount(writer, tenant, frozenset([found.transcript_id]))
    head = found.result["form"]
    rules = [(head["code"], head["version"], item) for item in items]
    rule_health.judge(work, opened, writer, tenant, rules)
    red_cards.revoke(work, opened, writer, tenant, found.agent)


def load(work: Casework, opened: Service, tenant: str, scored: Iterator[Scored]) -> int:
    """Keep many scored transcripts, some at a time, with all that follows; again it adds nothing. Gives how many were new."""
    spans, new = Spans(opened), 0
    while part := list(islice(scored, AT_ONCE)):
        spans.add(result for result, _, _ in part)
        promises = promises_of(opened, work, part)
        new += len(opened.store.write(partial(_kept, work, opened, tenant, part, promises)))
    for agent, span in spans.agents.items():
        opened.store.write(partial(_followed, work, opened, tenant, agent, span))
    return new


def _kept(
    work: Casework, opened: Service, tenant: str, part: Sequence[Scored], promises: Promises, writer: Writer
) -> list[Mapping[str, Any]]:
    return keep(work, opened, writer, tenant, part, promises)


def _followed(work: Casework, opened: Service, tenant: str, agent: str, span: Span, writer: Writer) -> None:
    follow(work, opened, writer, tenant, agent, span)
