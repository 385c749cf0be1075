"""What people say of a result: each word is a ruling, and what holds after it is what everybody counts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from api import observed
from api.casework import clock_of, written
from api.errors import FieldError, Problem, not_found
from api.forms import own_folder, site_folder
from api.service import Service
from api.settings import Settings
from api.store import Reader, Writer, results, rulings, transcripts, words
from api.store.keys import Grant, now
from api.store.results import Stored
from nlp.quality.fairness import Fairness, read_fairness
from nlp.quality.form import Form, FormError, versions_of
from nlp.quality.ruling import SAID, Word, effective, merged

Json = dict[str, Any]
HEALTH, CARRIED = "health", "carried"
"""Sources of rulings by the program itself: a weak rule's verdict waits for a person; the same text was ruled on."""

_read = lru_cache(maxsize=64)(read_fairness)


def fairness_of(opened: Service) -> Fairness:
    """The policy of an opened site, read once."""
    return _read(site_folder(opened.settings))


def form_at(settings: Settings, tenant: str, code: str, version: str) -> Form:
    """The form a result was scored with. Raises 409 where that version is gone: nothing can be added up again."""
    found: list[Form] = []
    for folder in (own_folder(settings, tenant), site_folder(settings), None):
        with contextlib.suppress(FormError):  # a tenant's own versions stand over the site's, which stay
            found += [form for form in versions_of(code, folder) if form.version == version]
        if found:
            break
    if not found:
        raise Problem("conflict", f"质检表 {code} 的版本 {version} 已不在，无法按它重新计分")
    return found[-1]


def stored(reader: Reader, tenant: str, result_id: str, grant: Grant | None = None) -> Stored:
    """A kept result; another agent's reads like one that is not there. Raises 404."""
    found = results.stored(reader, tenant, result_id)
    if found is None or (grant is not None and grant.scope == "agent" and found.agent != grant.actor_id):
        raise not_found("质检结果", result_id)
    return found


def words_of(found: Stored, given: Any, field: str) -> dict[str, Word]:
    """`{"item": "pass|fail|na"}` of a request. Raises 422 naming each item that is not one of the result's."""
    if not isinstance(given, Mapping) or not given:
        raise Problem(
            "invalid",
            "没有改判的项",
            errors=[FieldError(field, "缺少改判的项", '{"项目代码": "pass|fail|na"}')],
        )
    codes = [item["code"] for item in found.result["items"]]
    errors = [
        FieldError(f"{field}.{code}", "结果里没有这一项", "|".join(codes))
        if code not in codes
        else FieldError(f"{field}.{code}", f"不能是 {str(word)[:40]!r}", "|".join(SAID))
        for code, word in given.items()
        if code not in codes or word not in SAID
    ]
    if errors:
        raise Problem("invalid", "；".join(f"{one.field}: {one.message}" for one in errors), errors=errors)
    return dict(given)


def holds(settings: Settings, reader: Reader, tenant: str, found: Stored) -> Json:
    """A result as it stands: what the machine said where nobody ruled."""
    said = rulings.of(reader, tenant, found.id)
    head = found.result["form"]
    form = form_at(settings, tenant, head["code"], head["version"])
    return effective(form, found.result, merged(one["items"] for one in said))


def rule(
    opened: Service,
    writer: Writer,
    grant: Grant,
    found: Stored,
    items: Mapping[str, Word],
    reason: str,
    *,
    source: str,
    case: str | None = None,
    at: str | None = None,
) -> Json:
    """Append a ruling and write what holds after it, in the caller's transaction. Gives the ruling."""
    reader = Reader(writer)
    said = rulings.of(reader, grant.tenant, found.id)
    head = found.result["form"]
    form = form_at(opened.settings, grant.tenant, head["code"], head["version"])
    held = effective(form, found.result, merged([*(one["items"] for one in said), items]))
    after = {name: held[name] for name in ("score", "grade", "grade_name", "veto", "failed")}
    before = {name: getattr(found, name) for name in ("score", "grade", "veto", "failed")}
    results.overrule(writer, grant.tenant, found.id, after)
    observed.ruled(writer, grant.tenant, found.result, _counted(found, held))
    if source not in (HEALTH, CARRIED):
        words.put(writer, grant.tenant, found.result, items, source=source, at=at or now())
    ruling: Json = {
        "result": found.id,
        "source": source,
        "case": case,
        "by": grant.actor_id,
        "at": at or now(),
        "reason": reason,
        "items": dict(items),
        "before": before,
        "holds": after,
    }
    told = rulings.add(writer, grant.tenant, ruling)
    if source not in (HEALTH, CARRIED):
        for other in _alike(reader, grant.tenant, found):
            with contextlib.suppress(Problem):  # by a version that is gone: nothing can be added up again
                _carried(opened, writer, grant.tenant, other, items, found.id)
    return told


Words = list[tuple[str, str]]


def _said(kept: Mapping[str, Any] | None) -> Words | None:
    """Who said what: what else is known of a dialogue may change, its words decide."""
    return None if kept is None else [(turn["role"], turn["text"]) for turn in kept["turns"]]


def _alike(reader: Reader, tenant: str, found: Stored) -> list[Stored]:
    """Other results of the same words by the same form."""
    others = results.others(reader, tenant, [found.transcript_id], [found.id])
    names = [name for name, form in others.items() if form == found.result["form"]["code"]]
    if not names:
        return []
    kept = transcripts.of_results(reader, tenant, [found.id, *names])
    mine = _said(kept.get(found.id))
    same = [name for name in names if mine is not None and _said(kept.get(name)) == mine]
    return list(results.several(reader, tenant, same).values())


def _carried(
    opened: Service, writer: Writer, tenant: str, found: Stored, items: Mapping[str, Word], source: str
) -> None:
    """Let words said of one result hold for another of the same dialogue."""
    codes = {item["code"] for item in found.result["items"]}
    held = {code: word for code, word in items.items() if code in codes}
    if held:
        reason = f"同一段会话的另一份结果已裁定（{source}）"
        rule(opened, writer, clock_of(tenant), found, held, reason, source=CARRIED)


def carry(opened: Service, writer: Writer, tenant: str, fresh: Iterable[Mapping[str, Any]]) -> None:
    """Let what people said of a dialogue hold for new results of the same words by the same form."""
    new = {str(result["id"]): result for result in fresh}
    reader = Reader(writer)
    names = sorted({str(result["transcript_id"]) for result in new.values()})
    before = results.others(reader, tenant, names, list(new)) if new else {}
    if not before or not rulings.latest(reader, tenant, list(before)):
        return
    for name in new:
        found = stored(reader, tenant, name)
        for other in sorted(_alike(reader, tenant, found), key=lambda one: one.at):
            said = [one for one in rulings.of(reader, tenant, other.id)
                    if one["source"] not in (HEALTH, CARRIED)]  # fmt: skip
            _carried(opened, writer, tenant, found, merged(one["items"] for one in said), other.id)


def _counted(found: Stored, held: Json) -> Json:
    """A score's JSON for the facts: what waits for a person is neither failed nor passed."""
    items = [{**item, "result": "na"} if item.get("needs_review") else item for item in held["items"]]
    return {**found.result, **held, "items": items}


def shown(opened: Service, reader: Reader, tenant: str, found: Stored) -> Json:
    """A result as it stands, with what the machine said in `original` and every ruling in between."""
    said = rulings.of(reader, tenant, found.id)
    told: Json = {**found.result, "agent": found.agent, "at": found.at, "rulings": said, "original": None}
    if said:
        kept = ("score", "grade", "grade_name", "veto", "dimensions", "items")
        told["original"] = {name: found.result[name] for name in kept}
        told |= said[-1]["holds"]
        with contextlib.suppress(
            Problem
        ):  # a version that is gone: the totals stand, the items are the machine's
            told |= holds(opened.settings, reader, tenant, found)
    end = datetime.fromisoformat(found.at) + timedelta(days=fairness_of(opened).appeal_days)
    told["appeal_until"] = written(end)
    told["effective"] = {"score": told["score"], "grade": told["grade"], "veto": told["veto"]}
    told["effective"]["failed"] = found.failed
    return told


def listed(reader: Reader, tenant: str, rows: list[Json]) -> list[Json]:
    """Rows of a list with what holds of them in place of what the machine said."""
    held = rulings.latest(reader, tenant, [row["id"] for row in rows])
    return [{**row, **held.get(row["id"], {}), "ruled": row["id"] in held} for row in rows]
