"""Who may do what with cases: the kinds of a site, what its doors hooked in, the clock, and who sees what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request

from api.auth import COVERS
from api.errors import invalid, not_found
from api.store import Reader, Writer
from api.store import cases as store
from api.store.cases import Case
from api.store.keys import Grant
from api.workflows import Kind, load_workflows
from nlp.tables import PolicyError

Hook = Callable[[Writer, Case, Grant], None]
"""What happens together with an event, in its transaction; a Problem it raises undoes both."""
Guard = Callable[[Reader, Case, Grant, Mapping[str, Any]], str | None]
"""Why a move with these fields must not happen now (409), or None."""


@dataclass(frozen=True, slots=True)
class Casework:
    """The kinds of a site, what its doors registered at start, and the clock."""

    kinds: Mapping[str, Kind]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    hooks: dict[tuple[str, str], list[Hook]] = field(default_factory=dict)
    guards: dict[str, Guard] = field(default_factory=dict)

    def on_move(self, kind: str, event: str, hook: Hook) -> None:
        """Run `hook` with each `event` of a kind: a move, or open, amend, comment, approval_approve …"""
        self.hooks.setdefault((kind, event), []).append(hook)

    def kind(self, code: str) -> Kind:
        """A kind by its code. Raises 422."""
        if code not in self.kinds:
            raise invalid("kind", "没有这种事项", "|".join(self.kinds))
        return self.kinds[code]

    def check(self) -> None:
        """Refuse a table that names a guard nobody registered. Raises PolicyError."""
        for kind in self.kinds.values():
            for move in kind.moves.values():
                for name in move.guards:
                    if name not in self.guards:
                        key = f"{kind.code}.moves.{move.code}.guards"
                        known = "|".join(self.guards) or "还没有任何检查"
                        raise PolicyError("workflows.toml", key, f"没有 {name!r}", known)

    def now(self) -> str:
        """This moment as the store writes it."""
        return written(self.clock())


def make(folder: Path | None = None) -> Casework:
    """The mechanism over the shipped kinds and those of a policy folder. Raises PolicyError."""
    return Casework(load_workflows(folder))


def casework(request: Request) -> Casework:
    """What was made at start."""
    made: Casework = request.app.state.cases
    return made


Work = Annotated[Casework, Depends(casework)]


def written(at: datetime) -> str:
    """A time as the store keeps it: UTC, milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def clock_of(tenant: str) -> Grant:
    """Who acts when the time is up, or when the program itself opens a case."""
    return Grant("clock", tenant, "admin", {"id": "system", "name": "系统", "roles": []})


def roles_of(grant: Grant) -> tuple[str, ...]:
    """The site's words for what the actor is."""
    return tuple(str(role) for role in grant.actor.get("roles") or ())


def may(words: tuple[str, ...], grant: Grant, case: Case | None) -> bool:
    """Whether one of `words` (a scope, role:<word>, owner, creator) holds of the caller."""
    scopes, roles = COVERS[grant.scope], roles_of(grant)
    for word in words:
        if word in scopes or (word.startswith("role:") and word[5:] in roles):
            return True
        if case is not None and grant.actor_id == {"owner": case.owner, "creator": case.created_by}.get(word):
            return True
    return False


def sight_of(work: Casework, grant: Grant) -> store.Sight:
    """Which cases the caller sees."""
    every = tuple(code for code, kind in work.kinds.items() if may(kind.read, grant, None))
    owned = tuple(code for code, kind in work.kinds.items() if "owner" in kind.read)
    made = tuple(code for code, kind in work.kinds.items() if "creator" in kind.read)
    return store.Sight(grant.actor_id, every, owned, made)


def find(work: Casework, reader: Reader, grant: Grant, identity: str, kind: str | None = None) -> Case:
    """A case the caller may see, of `kind` when given. Raises 404."""
    case = store.get(reader, grant.tenant, identity)
    if case is None or case.kind not in work.kinds or kind not in (None, case.kind):
        raise not_found("事项", identity)
    if not may(work.kinds[case.kind].read, grant, case):
        raise not_found("事项", identity)
    return case
