"""Things with states: opened, moved and amended by the table of their kind, each change an event.

Everything here runs in the caller's transaction, so that a door writes its own rows together with a case:

    def unit(writer: Writer) -> tuple[int, Json]:
        made = cases.open_case(work, writer, grant, "appeal", title=…, subject=result_id, data={…})
        return 201, case_views.shown(work, made, grant)
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from api import observed
from api.casework import Casework, clock_of, find, may, roles_of, written
from api.errors import Problem, invalid
from api.fields import check, moment
from api.metric_views import masked
from api.store import Reader, Writer
from api.store import cases as store
from api.store.cases import Case, Event
from api.store.keys import Grant
from api.workflows import AMEND, ATTACH, COMMENT, OPEN, Kind, Move

Json = dict[str, Any]
OWN = ("owner", "due_at")
"""Fields of a move that set the case's own columns."""
NAMES = ("change", "into", "entry_id", "teams", "agents", "attended", "sprint")
"""Fields of moves that hold ids."""


def open_case(
    work: Casework,
    writer: Writer,
    grant: Grant,
    kind: str,
    *,
    title: str,
    subject: str | None = None,
    owner: str | None = None,
    data: Mapping[str, Any] | None = None,
    due_at: datetime | None = None,
    identity: str | None = None,
    note: str | None = None,
) -> Case:
    """Open a case in its kind's first state. With an `identity` that is there already: that case, untouched.

    Whether the caller may open one is the door's to say. Raises 422, and 409 where `identity` is another kind's.
    """
    rules, given = work.kind(kind), dict(data or {})
    known = None if identity is None else store.get(Reader(writer), grant.tenant, identity)
    if known is not None:
        if known.kind != kind:
            raise Problem("conflict", f"编号 {identity} 已用于另一种事项（{known.kind}）")
        return known
    check(rules.fields, given, "data.", closed=False)
    at = work.clock()
    due = due_at or _due(rules, rules.initial.code, at)
    now, made_id = written(at), identity or f"cs_{int(time.time() * 1000):011x}{secrets.token_hex(6)}"
    case = Case(made_id, kind, rules.initial.code, subject, title, owner, given, {},
                None if due is None else written(due), 1, grant.actor_id, now, now)  # fmt: skip
    event = Event(now, grant.actor_id, roles_of(grant), OPEN, None, case.state, note, given)
    store.create(writer, grant.tenant, case, event)
    return _hooked(work, writer, case, OPEN, grant)


def _due(rules: Kind, state: str, at: datetime) -> datetime | None:
    days = rules.states[state].days
    return None if days is None else at + timedelta(days=days)


def move(
    work: Casework,
    writer: Writer,
    grant: Grant,
    identity: str,
    code: str,
    *,
    fields: Mapping[str, Any] | None = None,
    note: str | None = None,
    revision: int | None = None,
) -> Case:
    """Take a case one step along its table. Raises 404, 403, 422, and 409 saying what stands in the way."""
    case = find(work, Reader(writer), grant, identity)
    rules = work.kinds[case.kind]
    given = {name: value for name, value in (fields or {}).items() if value is not None}
    step = _step(rules, case, code, grant, revision)
    independent(writer, case, grant, step.independent_of, step.name)
    lacking = () if step.unapproved else missing(rules, case)
    if lacking:
        raise Problem("conflict", f"“{step.name}”之前还缺 {'、'.join(lacking)} 的同意")
    check(step.needs, given, "fields.")
    given = _masked(step, given)
    for name in step.guards:
        why = work.guards[name](Reader(writer), case, grant, given)
        if why is not None:
            raise Problem("conflict", why)
    return take(work, writer, grant, case, step, given, note)


def _masked(step: Move, given: Json) -> Json:
    """What is given as it is kept: words masked; names of people and of things must stay what they are."""
    told = {one.name for one in step.needs if one.form in ("text", "texts")} - {*OWN, *NAMES}
    return {name: masked(value) if name in told else value for name, value in given.items()}


def _step(rules: Kind, case: Case, code: str, grant: Grant, revision: int | None) -> Move:
    step = rules.moves.get(code)
    if step is None:
        raise invalid("move", f"{rules.name}没有这个动作", "|".join(rules.moves))
    if not may(step.may, grant, case):
        raise Problem("forbidden", f"“{step.name}”由 {'、'.join(step.may)} 来做")
    unchanged(case, revision)
    if case.state not in step.sources:
        able = "、".join(f"{one.code}（{one.name}）" for one in rules.moves_from(case.state)) or "无"
        name = rules.states[case.state].name
        raise Problem("conflict", f"当前状态是 {case.state}（{name}），不能“{step.name}”；此时可以：{able}")
    return step


def unchanged(case: Case, revision: int | None) -> None:
    """Refuse a step decided on an older revision. Raises 409."""
    if revision not in (None, case.revision):
        raise Problem("conflict", f"事项已更新到第 {case.revision} 版：请重新读取后再操作")


def independent(writer: Writer, case: Case, grant: Grant, moves: tuple[str, ...], what: str) -> None:
    """Refuse who made one of the earlier `moves`. Raises 409."""
    if moves and grant.actor_id in store.actors_of(Reader(writer), grant.tenant, case.id, moves):
        raise Problem("conflict", f"“{what}”需要另一个人：您做过它之前的一步")


def missing(rules: Kind, case: Case) -> tuple[str, ...]:
    """Roles whose approval the present state still waits for."""
    rule = rules.approvals.get(case.state)
    return () if rule is None else tuple(one for one in rule.needed(case.data) if one not in case.approvals)


def take(
    work: Casework, writer: Writer, grant: Grant, case: Case, step: Move, given: Json, note: str | None
) -> Case:
    """Make a step that was found to be allowed: the new state, its deadline, what was given."""
    rules, at = work.kinds[case.kind], work.clock()
    stays, asked = step.target == case.state, moment(given.get("due_at"))
    due = asked or _due(rules, step.target, at)
    due_at, rule = None if due is None else written(due), rules.approvals.get(step.target)
    after = replace(
        case,
        state=step.target,
        owner=given.get("owner") or case.owner,
        data={**case.data, **{name: value for name, value in given.items() if name not in OWN}},
        approvals={} if rule is not None and not rule.carried else case.approvals,
        due_at=case.due_at if stays and asked is None else due_at,
    )
    return record(work, writer, grant, case, after, step.code, note, given)


def amend(
    work: Casework,
    writer: Writer,
    grant: Grant,
    identity: str,
    data: Mapping[str, Any],
    *,
    note: str | None = None,
    revision: int | None = None,
) -> Case:
    """Change the content of a case (None drops a field); approvals given so far are void. Raises as `move`."""
    case = find(work, Reader(writer), grant, identity)
    rules = work.kinds[case.kind]
    if not may(rules.amend_by, grant, case):
        raise Problem("forbidden", f"{rules.name}的内容由 {'、'.join(rules.amend_by) or '程序'} 修改")
    unchanged(case, revision)
    if case.state not in rules.amend_in:
        names = "、".join(rules.states[state].name for state in rules.amend_in)
        raise Problem("conflict", f"当前状态是 {case.state}，内容只在这些状态下可改：{names}")
    merged = {name: value for name, value in {**case.data, **data}.items() if value is not None}
    check(rules.fields, merged, "data.", closed=False)
    after = replace(case, data=merged, approvals={})
    return record(work, writer, grant, case, after, AMEND, note, data)


def attach(work: Casework, writer: Writer, grant: Grant, case: Case, data: Mapping[str, Any]) -> Case:
    """Put what the program found out beside the content (a release, a link): no permission, approvals stay."""
    return record(work, writer, grant, case, replace(case, data={**case.data, **data}), ATTACH, None, data)


def comment(work: Casework, writer: Writer, grant: Grant, identity: str, note: str) -> Case:
    """Say something about a case that one may see. Raises 404."""
    case = find(work, Reader(writer), grant, identity)
    return record(work, writer, grant, case, case, COMMENT, note, {})


def lapse(work: Casework, writer: Writer, tenant: str, identity: str) -> Case | None:
    """Make the move that the clock makes, if the case's time is still up. None where nothing is to be done."""
    case = store.get(Reader(writer), tenant, identity)
    if case is None or case.due_at is None or case.due_at > work.now():
        return None
    rules = work.kinds[case.kind]
    code = rules.states[case.state].lapses
    return None if code is None else take(work, writer, clock_of(tenant), case, rules.moves[code], {}, None)


def record(
    work: Casework,
    writer: Writer,
    grant: Grant,
    case: Case,
    after: Case,
    event: str,
    note: str | None,
    data: Mapping[str, Any],
) -> Case:
    """Write a change with its event, and run what is hooked to it. Raises 409 for a case that went on."""
    told = Event(
        work.now(), grant.actor_id, roles_of(grant), event, case.state, after.state, note, dict(data)
    )
    try:
        after = store.save(writer, grant.tenant, case, after, told)
    except store.Moved as error:
        raise Problem("conflict", str(error)) from None
    rules = work.kinds[after.kind]
    if rules.counted and rules.states[after.state].final and case.state != after.state:
        observed.case_ended(writer, grant.tenant, rules, case, after)
    return _hooked(work, writer, after, event, grant)


def _hooked(work: Casework, writer: Writer, case: Case, event: str, grant: Grant) -> Case:
    for hook in work.hooks.get((case.kind, event), ()):
        hook(writer, case, grant)
        case = store.get(Reader(writer), grant.tenant, case.id) or case
    return case
