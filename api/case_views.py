"""What is told of cases: lists, one with its history, counts for badges."""

from __future__ import annotations

from typing import Any

from api.cases import missing
from api.casework import Casework, may, sight_of
from api.store import Reader
from api.store import cases as store
from api.store.cases import Case
from api.store.keys import Grant

Json = dict[str, Any]


def listed(
    work: Casework,
    reader: Reader,
    grant: Grant,
    *,
    kind: str | None = None,
    state: str | None = None,
    owner: str | None = None,
    subject: str | None = None,
    overdue: bool = False,
    sprint: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> list[Case]:
    """Cases the caller may see, newest first, from the one behind `after` on."""
    wanted = store.Wanted(kind, state, owner, subject, work.now() if overdue else None, sprint)
    return store.listed(reader, grant.tenant, wanted, sight_of(work, grant), after, limit)


def history(reader: Reader, grant: Grant, case: Case) -> list[Json]:
    """Everything that happened to a case, oldest first; the number of each event is the revision it made."""
    return store.events_of(reader, grant.tenant, case.id)


def counts(work: Casework, reader: Reader, grant: Grant) -> Json:
    """How many cases the caller may see stand where, and how many of them are late."""
    found: dict[str, Json] = {}
    for kind, state, number, late in store.counted(reader, grant.tenant, work.now(), sight_of(work, grant)):
        rules = work.kinds[kind]
        told = found.setdefault(kind, {"name": rules.name, "open": 0, "overdue": 0, "states": {}})
        name = rules.states[state].name if state in rules.states else state
        told["states"][state] = {"name": name, "count": number, "overdue": late}
        told["overdue"] += late
        told["open"] += 0 if state in rules.states and rules.states[state].final else number
    return found


def shown(work: Casework, case: Case, grant: Grant) -> Json:
    """A case as clients see it: names, whether it is late, what may be done next and by this caller."""
    rules = work.kinds[case.kind]
    state, rule = rules.states[case.state], rules.approvals.get(case.state)
    told: Json = {name: getattr(case, name) for name in store.COLUMNS if name != "approvals"}
    told |= {
        "kind_name": rules.name,
        "state_name": state.name,
        "final": state.final,
        "overdue": case.due_at is not None and case.due_at <= work.now(),
        "moves": [
            {
                "code": step.code,
                "name": step.name,
                "to": step.target,
                "may": may(step.may, grant, case),
                "needs": [
                    {"name": one.name, "form": one.form, "required": one.required} for one in step.needs
                ],
            }
            for step in rules.moves_from(case.state)
        ],
    }
    if rule is not None:
        needed = list(rule.needed(case.data))
        told["approvals"] = {"needed": needed, "given": case.approvals, "missing": list(missing(rules, case))}
    return told
