"""日监控: every live conversation of a day is scored like any transcript, whoever asked for it or not."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import structlog

from api import stored, wiring
from api.casework import Casework
from api.errors import Problem
from api.forms import form_of, site_folder
from api.live import TELLING
from api.quality import answered, lasting
from api.report_base import Window
from api.service import Service
from api.store import Reader, conversations, observations
from api.store.conversations import Kept
from nlp.metrics.observation import Observation, load_kinds
from nlp.quality.form import FormError
from nlp.quality.kept import keep
from nlp.quality.scorer import moment_of
from nlp.routing import Ticket
from nlp.transcript import Agent, Customer, Transcript, Turn

log = structlog.get_logger()
Json = dict[str, Any]
Said = tuple[Kept, list[Json], Observation | None]


def score_day(work: Casework, opened: Service, tenant: str, span: Window) -> int:
    """Score the live conversations that last went on in a span and were not scored since. Returns how many.

    Scored again after more turns, a conversation counts as it is now. What follows from a score follows.
    """
    done = 0
    for one in opened.store.read(lambda reader: _waiting(reader, tenant, span, _most(opened))):
        try:
            _score(work, opened, tenant, _transcript(opened, *one))
            done += 1
        except (
            FormError,
            Problem,
            ValueError,
        ) as error:  # the report of the others must not wait for this one
            log.error("daily", tenant=tenant, conversation=one[0].id, why=type(error).__name__)
    return done


def _most(opened: Service) -> int:
    return opened.settings.transcript_turns_limit


def _waiting(reader: Reader, tenant: str, span: Window, most: int) -> list[Said]:
    found: list[Said] = []
    for kept in conversations.rested(reader, tenant, *span.utc):
        known = observations.get(reader, tenant, f"conversation:{kept.id}")
        if known is not None and known.values.get("turns") == min(kept.turns, most):
            continue
        turns = [turn for turn, _ in conversations.turns_of(reader, tenant, kept.id, most)]
        found.append((kept, turns, observations.get(reader, tenant, f"live:{kept.id}")))
    return found


def _transcript(opened: Service, kept: Kept, turns: Sequence[Json], live: Observation | None) -> Transcript:
    """A live conversation as a finished dialogue; its category is where its first telling words would be routed."""
    state, customer = kept.state, Customer(**_known(kept.state.get("customer"), ("id", "tier", "region")))
    served = state.get("agent") or {}
    agent = live.agent if live is not None and live.agent else served.get("id")
    team = live.team if live is not None and live.team else served.get("team")
    said = [Turn(one["role"], one["text"], _at(one.get("at")), one.get("turn_id")) for one in turns]
    telling = next((one.text for one in said if one.role == "customer" and len(one.text) >= TELLING), None)
    return Transcript(
        kept.id,
        tuple(said),
        channel=state.get("channel"),
        category=None if telling is None else _category(opened, telling, customer, state.get("channel")),
        agent=Agent(str(agent), served.get("name"), team) if agent else None,
        customer=customer,
        started_at=datetime.fromisoformat(kept.created_at),
    )


def _known(given: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: (given or {}).get(name) for name in names}


def _at(given: str | None) -> datetime | None:
    return None if given is None else datetime.fromisoformat(given)


def _category(opened: Service, text: str, customer: Customer, channel: str | None) -> str:
    ticket = Ticket(text, channel=channel, customer=customer)
    return wiring.route_tickets(opened.models, opened.policy, [ticket], datetime.now(UTC))[0].category.code


def _score(work: Casework, opened: Service, tenant: str, transcript: Transcript) -> None:
    code = load_kinds(site_folder(opened.settings)).form
    as_of = moment_of(transcript, None)
    form, _ = form_of(opened.settings, tenant, code, as_of)
    reply = answered(opened, tenant, transcript, form, as_of, time.perf_counter())
    kept, masked = lasting(transcript, reply), keep(transcript)
    agent = transcript.agent.id if transcript.agent else None
    opened.store.write(stored.one(work, opened, tenant, (kept, agent, masked)))
