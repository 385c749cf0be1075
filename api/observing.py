"""Door of the facts from outside: behaviour, efficiency, what other systems know."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from api.deps import Json, Opened, Quality
from api.errors import Problem
from api.events import Bell
from api.forms import site_folder
from api.metric_views import masked
from api.store import Writer, observations
from nlp.metrics.observation import Observation, load_kinds, parse, titles

router = APIRouter(prefix="/v1/observations", tags=["metrics"])


class ObservationsIn(BaseModel):
    """Facts to take in; all of them, or none."""

    observations: Annotated[list[Any], Field(min_length=1)]


@router.post("")
async def take_in(body: ObservationsIn, request: Request, opened: Opened, grant: Quality) -> Json:
    """Keep facts by their ids: one that is there takes on what is told now, twice the same changes nothing.

    What a kind does not know is kept; a known value of another type is 422 and names it.
    """
    if len(body.observations) > opened.settings.batch_limit:
        raise Problem("too_large", f"一批至多 {opened.settings.batch_limit} 条")
    kinds, now = load_kinds(site_folder(opened.settings)), datetime.now(UTC)
    read = [parse(raw, kinds, now, f"observations.{at}") for at, raw in enumerate(body.observations)]
    kept = [_masked(one) for one in read]
    undated = frozenset(one.id for one, raw in zip(kept, body.observations, strict=True) if not raw.get("at"))

    def unit(writer: Writer) -> observations.Put:
        return observations.put(writer, grant.tenant, kept, undated)

    done = await opened.store.awrite(unit)
    bell: Bell = request.app.state.bell
    bell.ring(grant.tenant)
    return {"created": done.created, "updated": done.updated, "unchanged": done.unchanged}


def _masked(one: Observation) -> Observation:
    """Texts masked; ids stay, for what is told later must meet them."""
    return Observation(
        one.id, one.kind, one.at, one.subject, one.agent, one.team, one.category, one.channel, one.region,
        one.customer, {name: masked(value) for name, value in one.values.items()},
    )  # fmt: skip


@router.get("/kinds")
async def list_kinds(opened: Opened, grant: Quality) -> Json:
    """The kinds of facts and the values each one knows, with their forms."""
    kinds = load_kinds(site_folder(opened.settings))
    return {
        "kinds": [
            {"kind": kind.code, "name": kind.name, "about": kind.about, "sealed": _sealed(kind.values),
             "values": [{"name": name, "form": form, "title": title} for name, form, title in titles(kind)]}
            for kind in kinds.kinds.values()
        ]
    }  # fmt: skip


def _sealed(values: Any) -> list[str]:
    return [one.name for one in values.values() if one.sealed]
