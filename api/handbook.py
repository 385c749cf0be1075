"""What the moves of a handbook change do: contents, trial, publish as one release, notices, withdrawal.

Registered once at start. All of it runs in the transaction of the move: what it refuses did not happen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from api import cases
from api.casework import Casework, find, written
from api.errors import Problem, invalid
from api.fields import moment
from api.forms import versions_at
from api.publishing import FrozenEntry, publish
from api.service import Service
from api.store import Reader, Writer, changes, entries, keys
from api.store.cases import Case
from api.store.changes import Planned
from api.store.keys import Grant
from api.trials import cohort_of
from kb import handbook
from kb.entries import Entry, from_json, to_json
from kb.trial import LONGEST_DAYS, SHORTEST_DAYS

Json = dict[str, Any]
Lint = Callable[[str, Mapping[str, Entry], frozenset[str]], Sequence[Json]]
"""(tenant, put, drop) → issues with code, severity, message: what speaks against publishing."""

ALWAYS, MAJOR = "一般", "重大"
NOTICE_DAYS = 7
READERS = ("agent", "supervisor", "quality")
"""Scopes of the people who work by the handbook."""


def install(work: Casework, opened: Service) -> None:
    """Hook the effects of a change's moves in."""
    opened.sites.trials.clock = partial(_clock, work)
    work.on_move("change", "trial", partial(_begin_trial, work))
    work.on_move("change", "publish", partial(publish_change, work, opened))
    work.on_move("change", "retire", _retire)


def _clock(work: Casework) -> datetime:
    """The clock of the cases, whichever it is by then."""
    return work.clock()


def topics(data: Mapping[str, Any], pairs: Sequence[tuple[Entry | None, Entry | None]]) -> list[str]:
    """What decides who signs: the tags of a change and of its entries as they were and will be, and their kinds."""
    found = {ALWAYS, *(data.get("tags") or ())}
    if data.get("major"):
        found.add(MAJOR)
    for pair in pairs:
        for entry in pair:
            found |= set() if entry is None else {entry.kind, *entry.tags}
    return sorted(found)


def unsigned(
    work: Casework, reader: Reader, tenant: str, planned: Mapping[str, Mapping[str, Any] | None]
) -> list[str]:
    """Entries of a draft that need more signatures than an ordinary change; none before the first release."""
    if entries.head(reader, tenant) is None:
        return []
    rule = work.kind("change").approvals["review"]
    ordinary = set(rule.needed({"topics": [ALWAYS]}))
    found = []
    for name, raw in planned.items():
        pair = (live(reader, tenant, name), None if raw is None else from_json(raw))
        if set(rule.needed({"topics": topics({}, [pair])})) - ordinary:
            found.append(name)
    return sorted(found)


def live(reader: Reader, tenant: str, entry_id: str) -> Entry | None:
    """The entry as it stands."""
    raw = entries.get(reader, tenant, entry_id)
    return None if raw is None else from_json(raw)


def hold(
    work: Casework, writer: Writer, grant: Grant, change: str, entry_id: str, entry: Entry | None
) -> Case:
    """Put an entry into a change, or its withdrawal; approvals given so far are void. Raises 403, 404, 409."""
    reader, tenant = Reader(writer), grant.tenant
    raw = entries.get(reader, tenant, entry_id)
    if grant.scope != "admin" and changes.frozen(reader, tenant, [entry_id]):
        raise FrozenEntry(f"条目 {entry_id} 已固化：只有 admin 可以修改")
    new = None if entry is None else to_json(entry)
    changes.plan(writer, tenant, change, entry_id, new, changes.digest(raw), grant.actor_id)
    what = "撤下" if entry is None else "改入" if raw else "新增"
    return _amended(work, writer, grant, change, f"{what} {entry_id}")


def let_go(work: Casework, writer: Writer, grant: Grant, change: str, entry_id: str) -> Case:
    """Take an entry out of a change, so that the change leaves it as it is."""
    changes.drop(writer, grant.tenant, change, entry_id)
    return _amended(work, writer, grant, change, f"移出 {entry_id}")


def _amended(work: Casework, writer: Writer, grant: Grant, change: str, note: str) -> Case:
    reader = Reader(writer)
    held = changes.planned(reader, grant.tenant, change)
    case = find(work, reader, grant, change, "change")
    pairs = [(live(reader, grant.tenant, name), _planned(one)) for name, one in held.items()]
    data = {"topics": topics(case.data, pairs), "entries": list(held)}
    return cases.amend(work, writer, grant, change, data, note=note)


def _planned(one: Planned) -> Entry | None:
    return None if one.entry is None else from_json(one.entry)


def stale(reader: Reader, tenant: str, held: Mapping[str, Planned]) -> list[str]:
    """Entries that somebody changed since they were put into the change."""
    return [
        name for name, one in held.items() if one.base != changes.digest(entries.get(reader, tenant, name))
    ]


def _begin_trial(work: Casework, writer: Writer, case: Case, grant: Grant) -> None:
    if not changes.planned(Reader(writer), grant.tenant, case.id):
        raise Problem("conflict", "这项修订还没有内容，无可试运行")
    if cohort_of(case.data).empty:
        raise invalid("percent", "试运行要有参加的人", "teams、agents 或大于 0 的 percent")
    at, due = work.clock(), moment(case.due_at)
    slack = timedelta(minutes=1)
    shortest, longest = at + timedelta(days=SHORTEST_DAYS), at + timedelta(days=LONGEST_DAYS)
    if due is None or not shortest - slack <= due <= longest + slack:
        accepted = f"{SHORTEST_DAYS} 到 {LONGEST_DAYS} 天之内"
        raise invalid("due_at", f"试运行为期 {SHORTEST_DAYS} 到 {LONGEST_DAYS} 天", accepted)


def publish_change(work: Casework, opened: Service, writer: Writer, case: Case, grant: Grant) -> None:
    """Everything in the change becomes one release, and who is affected by a major one is told.

    The change keeps what the release stands beside: the forms in force with it and the policy (rules, SLA).
    """
    reader, tenant = Reader(writer), grant.tenant
    held = changes.planned(reader, tenant, case.id)
    if not held:
        raise Problem("conflict", "这项修订还没有内容，无可发布")
    begins, ends = _span(work, case)
    moved = stale(reader, tenant, held)
    if moved:
        raise Problem("conflict", f"这些条目在修订期间被改过，请重新放入：{'、'.join(moved[:20])}")
    put, drop = _content(reader, tenant, held, begins, ends)
    _linted(getattr(opened, "lint", None), grant, case, put, drop)
    raw = {name: to_json(entry) for name, entry in put.items()}
    release = publish(
        writer, tenant, raw, drop, by=grant.actor_id, note=case.title, minor=True, thaw=grant.scope == "admin"
    )
    force = begins or work.clock()
    told = {
        "release": release.name,
        "published_at": work.now(),
        "in_force_from": written(force),
        "parts": {
            "forms": versions_at(opened.settings, tenant, force),
            "policy": opened.policy.version,
        },
    }
    case = cases.attach(work, writer, grant, case, told)
    if case.data.get("major"):
        _tell(work, writer, grant, case)


def _span(work: Casework, case: Case) -> tuple[datetime | None, datetime | None]:
    """From when (None: at once) and until when what is published holds. Raises 422."""
    at = work.clock()
    begins, ends = moment(case.data.get("effective_from")), moment(case.data.get("effective_to"))
    if case.data.get("major") and (begins is None or begins < at + timedelta(days=NOTICE_DAYS)):
        earliest = written(at + timedelta(days=NOTICE_DAYS))
        raise invalid("effective_from", f"重大修订要提前 {NOTICE_DAYS} 天通知", f"不早于 {earliest}")
    if ends is not None and ends <= (begins or at):
        raise invalid("effective_to", "失效时间不晚于生效时间", "晚于 effective_from 的时间")
    return (None if begins is None or begins <= at else begins), ends


def _content(
    reader: Reader,
    tenant: str,
    held: Mapping[str, Planned],
    begins: datetime | None,
    ends: datetime | None,
) -> tuple[dict[str, Entry], frozenset[str]]:
    """Entries to put and to end. What is withdrawn later on is put with its end."""
    put, drop = dict[str, Entry](), set[str]()
    for name, one in held.items():
        new, old = _planned(one), live(reader, tenant, name)
        try:
            if new is not None:
                put[name] = handbook.dated(new, begins, ends)
            elif begins is None:
                drop.add(name)
            elif old is not None:
                put[name] = handbook.dated(old, None, begins)
        except ValueError:
            raise invalid("effective_from", f"条目 {name} 自己的有效期与之不相交", "条目有效期之内") from None
    return put, frozenset(drop)


def _linted(lint: Lint | None, grant: Grant, case: Case, put: dict[str, Entry], drop: frozenset[str]) -> None:
    forced = bool(case.data.get("force"))
    if forced and grant.scope != "admin":
        raise Problem("forbidden", "只有 admin 可以不顾检查结果发布（force）")
    if lint is None or forced:
        return
    errors = [one for one in lint(grant.tenant, put, drop) if one.get("severity") == "error"]
    if errors:
        told = "；".join(str(one.get("message")) for one in errors[:5])
        raise Problem("conflict", f"检查发现 {len(errors)} 处错误，不能发布：{told}")


def affected(reader: Reader, tenant: str, notify: Mapping[str, Any] | None, now: str) -> list[Json]:
    """Actors of live keys who work by the handbook; narrowed to teams or roles where `notify` names them."""
    wanted = notify or {}
    teams, roles = set(wanted.get("teams") or ()), set(wanted.get("roles") or ())
    found: dict[str, Json] = {}
    for key in keys.listed(reader, tenant):
        over = key["revoked_at"] is not None or (key["expires_at"] is not None and key["expires_at"] <= now)
        actor = key["actor"]
        if over or not (key["scope"] in READERS or actor.get("roles")):
            continue
        if (teams or roles) and not (actor.get("team") in teams or roles & set(actor.get("roles") or ())):
            continue
        found.setdefault(str(actor["id"]), dict(actor))
    return [found[name] for name in sorted(found)]


def _tell(work: Casework, writer: Writer, grant: Grant, case: Case) -> None:
    data = {
        "change": case.id,
        "release": case.data["release"],
        "effective_from": case.data["in_force_from"],
        "reason": case.data.get("reason"),
        "entries": case.data.get("entries"),
    }
    for actor in affected(Reader(writer), grant.tenant, case.data.get("notify"), work.now()):
        owner = str(actor["id"])
        mark = hashlib.sha256(f"{case.id}\n{owner}".encode()).hexdigest()[:24]
        cases.open_case(
            work, writer, grant, "notice", title=f"手册重大修订：{case.title}", subject=case.id, owner=owner,
            data=data, due_at=moment(case.data["in_force_from"]), identity=f"nt_{mark}",
        )  # fmt: skip


def _retire(writer: Writer, case: Case, grant: Grant) -> None:
    """What the change published and nobody changed since is withdrawn at once."""
    reader, tenant = Reader(writer), grant.tenant
    release = entries.release_named(reader, tenant, str(case.data.get("release")))
    if release is None:
        return
    held = [name for name, one in changes.planned(reader, tenant, case.id).items() if one.entry is not None]
    then = entries.texts_of(reader, tenant, held, release.seq)
    drop = frozenset(name for name in held if entries.get(reader, tenant, name) in then.get(name, ()))
    if drop:
        publish(
            writer, tenant, {}, drop, by=grant.actor_id, note=f"停用 {case.title}", minor=True,
            thaw=grant.scope == "admin",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trial:
    """When a change was tried."""

    began: str
    ended: str | None


def trial_of(history: Sequence[Mapping[str, Any]]) -> Trial | None:
    """The last trial in a change's history."""
    began: str | None = None
    ended: str | None = None
    for event in history:
        if event["move"] == "trial":
            began, ended = event["at"], None
        elif event["from"] == "trial" and event["to"] != "trial" and began is not None:
            ended = event["at"]
    return None if began is None else Trial(began, ended)
