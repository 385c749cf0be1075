"""A tenant of its own with the worked week, for the tests of reports and supervision."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import partial

from api.store import Writer, keys, observations
from nlp.metrics.observation import Observation
from tests.api.serving import Site

DATE = "2026-11-18"
"""A Wednesday of the worked week, which begins on 2026-11-16."""


def tenant(site: Site, name: str, told: Iterable[Observation] = ()) -> str:
    """Make a tenant with a key for each scope and these observations; its name."""
    made: dict[tuple[str, str], str] = {}

    def unit(writer: Writer) -> None:
        keys.ensure_tenant(writer, name, name)
        for scope in keys.SCOPES:
            made[(name, scope)] = keys.create(writer, name, scope, {"id": f"{scope}-{name}"})
        observations.put(writer, name, told)

    site.service.store.write(unit)
    site.secrets.update(made)
    return name


def observe(site: Site, name: str, told: Iterable[Observation]) -> None:
    """Let more happen."""
    site.service.store.write(partial(_put, name=name, told=list(told)))


def _put(writer: Writer, name: str, told: list[Observation]) -> None:
    observations.put(writer, name, told)


def moved(told: Iterable[Observation], days: int) -> list[Observation]:
    """The same, days later, under other ids."""
    from dataclasses import replace

    return [
        replace(one, id=f"{one.id}+{days}", subject=f"{one.subject}+{days}", at=one.at + timedelta(days=days))
        for one in told
    ]
