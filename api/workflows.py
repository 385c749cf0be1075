"""What things with states there are: kinds, their states, moves and approvals, as data a site may override."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from api.fields import FORMS, Field, is_form
from api.store.keys import SCOPES
from nlp.tables import PolicyError, Table

NAME = "workflows"
OPEN, AMEND, ATTACH, COMMENT = "open", "amend", "attach", "comment"
"""Events that are no moves."""
DECISIONS = ("approve", "withdraw", "reject")
"""What may be said of a case for a role; its event is `approval_<decision>`."""
PARTIES = ("owner", "creator")
_ROLE = "role:"


@dataclass(frozen=True, slots=True)
class State:
    """Where a case stands; `days` is the time allowed, `lapses` the move made when it is up."""

    code: str
    name: str
    days: float | None
    final: bool
    lapses: str | None


@dataclass(frozen=True, slots=True)
class Move:
    """A step from one of `sources` to `target`, and who may take it with what."""

    code: str
    name: str
    sources: tuple[str, ...]
    target: str
    may: tuple[str, ...]
    needs: tuple[Field, ...]
    independent_of: tuple[str, ...]
    guards: tuple[str, ...]
    unapproved: bool


@dataclass(frozen=True, slots=True)
class Approvals:
    """Roles that must approve before a state is left; `roles` narrows them by the values of data[`field`].

    `carried`: the approvals of the state before go on counting.
    """

    all_of: tuple[str, ...]
    independent_of: tuple[str, ...]
    reject: str | None
    field: str | None
    roles: Mapping[str, tuple[str, ...]]
    otherwise: tuple[str, ...]
    carried: bool

    def needed(self, data: Mapping[str, Any]) -> tuple[str, ...]:
        """The roles that this case needs, in the order of `all_of`."""
        value = data.get(self.field) if self.field else None
        values = value if isinstance(value, list) else [value]
        hit = {role for one in values if isinstance(one, str) for role in self.roles.get(one, ())}
        return tuple(role for role in self.all_of if role in (hit or self.otherwise))


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of case. Its first state is where a case begins. `counted`: its cycle times are metrics."""

    code: str
    name: str
    read: tuple[str, ...]
    fields: tuple[Field, ...]
    states: Mapping[str, State]
    moves: Mapping[str, Move]
    amend_in: tuple[str, ...]
    amend_by: tuple[str, ...]
    approvals: Mapping[str, Approvals]
    counted: bool = True

    @property
    def initial(self) -> State:
        return next(iter(self.states.values()))

    def moves_from(self, state: str) -> tuple[Move, ...]:
        """Every move that the table allows in a state."""
        return tuple(move for move in self.moves.values() if state in move.sources)


def load_workflows(folder: Path | None = None) -> Mapping[str, Kind]:
    """Kinds by code: the shipped ones with `folder/workflows.toml` laid over them. Raises PolicyError."""
    file = f"{NAME}.toml"
    values = _parsed(file, resources.files("api").joinpath(file).read_bytes())
    own = folder / file if folder is not None else None
    if own is not None and own.exists():
        values, file = _laid(values, _parsed(str(own), own.read_bytes())), str(own)
    table = Table(file, values)
    return {code: _kind(code, table.table(code)) for code in values}


def _parsed(file: str, content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise PolicyError(file, "全文", f"不是有效的 TOML：{problem}", "UTF-8 编码的 TOML") from None


def _laid(below: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` on `below`: tables key by key, everything else replaced."""
    merged = dict(below)
    for name, value in over.items():
        known = merged.get(name)
        both = isinstance(value, Mapping) and isinstance(known, Mapping)
        merged[name] = _laid(known, value) if both else value  # type: ignore[arg-type]
    return merged


def _kind(code: str, table: Table) -> Kind:
    table.only("name", "read", "fields", "states", "moves", "amend", "approvals", "counted")
    states, moves = table.table("states"), table.table("moves")
    if not states.values:
        raise table.error("states", "是空的", "至少一个状态")
    events = (OPEN, AMEND, *moves.values)
    amend, approvals = table.table("amend", False), table.table("approvals", False)
    amend.only("states", "may")
    return Kind(
        code,
        table.text("name"),
        _who(table, "read", ()),
        _fields(table.table("fields", False)),
        {name: _state(name, states.table(name), moves) for name in states.values},
        {name: _move(name, moves.table(name), tuple(states.values), events) for name in moves.values},
        _among(amend, "states", tuple(states.values), ()),
        _who(amend, "may", ()),
        {_known(approvals, name, states): _rule(approvals, name, moves, events)
         for name in approvals.values},
        table.flag("counted", True),
    )  # fmt: skip


def _state(code: str, table: Table, moves: Table) -> State:
    table.only("name", "days", "final", "lapses")
    lapses = table.text("lapses", choices=tuple(moves.values)) if "lapses" in table.values else None
    if lapses is not None and code not in moves.table(lapses).texts("from"):
        raise table.error("lapses", f"{lapses} 不从 {code} 出发", "一个从这个状态出发的动作")
    if lapses is not None and not all(
        form.endswith("?") for form in moves.table(lapses).table("needs", False).values.values()
    ):
        raise table.error("lapses", f"{lapses} 有必填字段，到期时无人填写", "一个没有必填字段的动作")
    days = table.number("days", high=3660) if "days" in table.values else None
    return State(code, table.text("name"), days, table.flag("final", False), lapses)


def _move(code: str, table: Table, states: tuple[str, ...], events: tuple[str, ...]) -> Move:
    table.only("name", "from", "to", "may", "needs", "independent_of", "guards", "unapproved")
    if code in (OPEN, AMEND, ATTACH, COMMENT) or code.startswith("approval_"):
        raise table.error("", "这个名字已有含义", "别的名字")
    return Move(
        code,
        table.text("name"),
        _among(table, "from", states),
        table.text("to", choices=states),
        _who(table, "may"),
        _fields(table.table("needs", False)),
        _among(table, "independent_of", events, ()),
        table.texts("guards", ()),
        table.flag("unapproved", False),
    )


def _rule(approvals: Table, state: str, moves: Table, events: tuple[str, ...]) -> Approvals:
    table = approvals.table(state)
    if "same_as" not in table.values:
        return _approvals(table, moves, events)
    table.only("same_as")
    own = tuple(name for name in approvals.values if "same_as" not in approvals.table(name).values)
    return replace(
        _approvals(approvals.table(table.text("same_as", choices=own)), moves, events), carried=True
    )


def _approvals(table: Table, moves: Table, events: tuple[str, ...]) -> Approvals:
    table.only("all_of", "independent_of", "reject", "field", "roles", "otherwise")
    all_of, roles = table.texts("all_of"), table.table("roles", False)
    return Approvals(
        all_of,
        _among(table, "independent_of", events, ()),
        table.text("reject", choices=tuple(moves.values)) if "reject" in table.values else None,
        table.text("field") if "field" in table.values else None,
        {value: _among(roles, value, all_of) for value in roles.values},
        _among(table, "otherwise", all_of, all_of),
        False,
    )


def _known(table: Table, state: str, states: Table) -> str:
    if state not in states.values:
        raise table.error(state, "没有这个状态", "|".join(states.values))
    return state


def _among(
    table: Table, key: str, choices: tuple[str, ...], default: tuple[str, ...] | None = None
) -> tuple[str, ...]:
    found = table.texts(key) if default is None else table.texts(key, default)
    for one in found:
        if one not in choices:
            raise table.error(key, f"没有 {one!r}", "|".join(choices))
    return found


def _who(table: Table, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
    found = table.texts(key) if default is None else table.texts(key, default)
    for one in found:
        if one not in (*SCOPES, *PARTIES) and not one.startswith(_ROLE):
            raise table.error(key, f"没有 {one!r}", "|".join((*SCOPES, *PARTIES, f"{_ROLE}角色")))
    return found


def _fields(table: Table) -> tuple[Field, ...]:
    made = []
    for name in table.values:
        form = table.text(name)
        if not is_form(form.removesuffix("?")):
            raise table.error(name, f"没有这种写法 {form!r}", FORMS)
        made.append(Field(name, form.removesuffix("?"), not form.endswith("?")))
    return tuple(made)
