"""Approvals as records on a state: who agreed in which role, who took it back, who refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from api.cases import independent, record, take, unchanged
from api.casework import Casework, find, roles_of
from api.errors import Problem, invalid
from api.store import Reader, Writer
from api.store.cases import Case
from api.store.keys import Grant
from api.workflows import Approvals, Kind

Decision = Literal["approve", "withdraw", "reject"]
NAMES = {"approve": "同意", "withdraw": "撤回同意", "reject": "驳回"}


def approve(
    work: Casework,
    writer: Writer,
    grant: Grant,
    identity: str,
    role: str,
    decision: Decision,
    *,
    note: str | None = None,
    revision: int | None = None,
) -> Case:
    """Agree in a role, take it back, or refuse with a reason. Raises 404, 403, 422, and 409 saying why."""
    case = find(work, Reader(writer), grant, identity)
    rules = work.kinds[case.kind]
    rule = _rule(rules, case, grant, role)
    unchanged(case, revision)
    independent(writer, case, grant, rule.independent_of, NAMES[decision])
    if decision == "reject":
        return _rejected(work, writer, grant, case, rule, role, note)
    given = case.approvals.get(role)
    if decision == "withdraw":
        if given is None:
            raise Problem("conflict", f"{role} 还没有同意，无可撤回")
        left = {name: value for name, value in case.approvals.items() if name != role}
    else:
        if given is not None and given["by"] == grant.actor_id:
            return case
        if given is not None or any(one["by"] == grant.actor_id for one in case.approvals.values()):
            raise Problem(
                "conflict", f"{role} 的同意需要另一个人：已由 {given['by'] if given else '您'} 给过"
            )
        left = {**case.approvals, role: {"by": grant.actor_id, "at": work.now()}}
    after = replace(case, approvals=left)
    return record(work, writer, grant, case, after, f"approval_{decision}", note, {"role": role})


def _rule(rules: Kind, case: Case, grant: Grant, role: str) -> Approvals:
    roles = {one for rule in rules.approvals.values() for one in rule.all_of}
    if role not in roles:
        raise invalid(
            "role", f"{rules.name}不由这个角色会签", "、".join(sorted(roles)) or "这种事项不需要会签"
        )
    if role not in roles_of(grant):
        raise Problem("forbidden", f"您不是{role}：会签由有这个角色的人来做")
    rule = rules.approvals.get(case.state)
    needed = () if rule is None else rule.needed(case.data)
    if rule is None or role not in needed:
        told = f"需要的是 {'、'.join(needed)}" if needed else "这个状态不需要会签"
        raise Problem("conflict", f"当前状态是 {case.state}（{rules.states[case.state].name}），{told}")
    return rule


def _rejected(
    work: Casework, writer: Writer, grant: Grant, case: Case, rule: Approvals, role: str, note: str | None
) -> Case:
    if not note:
        raise invalid("note", "驳回要写明理由", "非空文本")
    left = {name: value for name, value in case.approvals.items() if name != role}
    after = replace(case, approvals=left)
    case = record(work, writer, grant, case, after, "approval_reject", note, {"role": role})
    step = None if rule.reject is None else work.kinds[case.kind].moves[rule.reject]
    if step is None or case.state not in step.sources:
        return case
    given: dict[str, Any] = {"reason": note} if any(one.name == "reason" for one in step.needs) else {}
    return take(work, writer, grant, case, step, given, note)
