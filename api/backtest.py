"""A draft form over kept dialogues: what it would have given, beside what the form in force for each gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from statistics import fmean
from typing import Any

from api.forms import form_of, site_folder
from api.judging import known
from api.service import Service
from nlp.batch.differ import Difference, Moved, compare
from nlp.quality.form import Form, FormError
from nlp.quality.kept import restore
from nlp.quality.ports import Facts
from nlp.quality.result import to_json
from nlp.quality.scorer import moment_of, score_many
from nlp.transcript import Transcript

Json = dict[str, Any]
AT_ONCE = 50
"""Dialogues scored together: the models are asked once for all of them."""
MOST_TOLD = 200
NOT_PUT = "当时没有这张质检表，没有可对照的结果"
_RESULTS = ("pass", "fail", "na")


@dataclass(slots=True)
class _Told:
    """What was found so far. `before` and `after` count results by item; `items` are the draft's, by dialogue.

    `fresh` are dialogues for which no form of the code was in force: there is nothing to set them against.
    """

    difference: Difference = field(default_factory=Difference)
    before: dict[str, Counter[str]] = field(default_factory=dict)
    after: dict[str, Counter[str]] = field(default_factory=dict)
    people: dict[str, Json] = field(default_factory=dict)
    items: dict[str, dict[str, Json]] = field(default_factory=dict)
    fresh: list[Json] = field(default_factory=list)

    def add(self, talk: Transcript, before: Json | None, after: Json) -> None:
        if before is None:
            self._alone(after)
        else:
            compare(self.difference, before, after)
        for tally, result in ((self.before, before), (self.after, after)):
            for item in result["items"] if result else ():
                tally.setdefault(item["code"], Counter())[item["result"]] += 1
        self.people[talk.id] = {
            "agent": talk.agent.id if talk.agent else None,
            "started_at": talk.started_at.isoformat() if talk.started_at else None,
        }
        self.items[talk.id] = {item["code"]: item for item in after["items"]}

    def _alone(self, after: Json) -> None:
        self.fresh.append(after)
        self.difference.forms["new"].add(f"{after['form']['code']} {after['form']['version']}")
        self.difference.names |= {item["code"]: item["name"] for item in after["items"]}

    def told(self) -> Json:
        found = self.difference
        figures = found.to_json()
        if self.fresh and not found.compared:
            figures["mean"]["to"] = round(fmean(one["score"] for one in self.fresh), 2)
        return {
            "compared": found.compared,
            "without_old": len(self.fresh),
            "why": NOT_PUT if self.fresh else None,
            **{name: figures[name] for name in ("forms", "mean", "grades")},
            "items": [
                {
                    "code": code,
                    "name": found.names[code],
                    "before": _counts(self.before.get(code)),
                    "after": _counts(self.after.get(code)),
                    "moved": sum(found.items.get(code, Counter()).values()),
                    "repointed": found.repointed[code],
                }
                for code in found.names
            ],
            "changed": len(found.moved),
            "results": [*map(self._moved, found.moved), *map(self._new, self.fresh)][:MOST_TOLD],
        }

    def _new(self, after: Json) -> Json:
        """A dialogue that only the draft was asked about."""
        return {
            "transcript_id": after["transcript_id"],
            **self.people[after["transcript_id"]],
            "from": None,
            "why": NOT_PUT,
            "to": {"score": after["score"], "grade": after["grade"]},
            "items": [],
        }

    def _moved(self, one: Moved) -> Json:
        items = self.items[one.transcript_id]
        same = {code: (items[code]["result"],) * 2 for code in one.points}
        return {
            "transcript_id": one.transcript_id,
            **self.people[one.transcript_id],
            "from": {"score": one.scores[0], "grade": one.grades[0]},
            "to": {"score": one.scores[1], "grade": one.grades[1]},
            "items": [
                {
                    "code": code,
                    "name": self.difference.names[code],
                    "from": before,
                    "to": after,
                    "points": dict(zip(("from", "to"), one.points.get(code, ()), strict=False)) or None,
                    **{name: items[code][name] for name in ("reason", "evidence") if code in items},
                }
                for code, (before, after) in {**same, **one.items}.items()
            ],
        }


def _counts(results: Counter[str] | None) -> dict[str, int]:
    return {name: (results or Counter())[name] for name in _RESULTS}


def backtested(
    opened: Service, tenant: str, code: str, form: Form, kept: Sequence[Mapping[str, Any]]
) -> Json:
    """The difference by item, and every dialogue whose result would change: who, from what, to what."""
    told = _Told()
    for at in range(0, len(kept), AT_ONCE):
        talks = [restore(one) for one in kept[at : at + AT_ONCE]]
        moments = [moment_of(talk, None) for talk in talks]
        facts = [_once(known(opened, tenant, *pair)[1]) for pair in zip(talks, moments, strict=True)]
        forms = [_in_force(opened, tenant, code, moment) for moment in moments]
        after = _scored(opened, talks, [form] * len(talks), facts)
        before = _scored(opened, talks, forms, facts)
        for talk, old, new in zip(talks, before, after, strict=True):
            assert new is not None
            told.add(talk, old, new)
    return {"form": {"code": form.code, "version": form.version}, **told.told()}


def _once(facts: Facts | None) -> Facts | None:
    """Facts that are looked up once for both forms."""
    return None if facts is None else cache(facts)


def _scored(
    opened: Service,
    talks: Sequence[Transcript],
    forms: Sequence[Form | None],
    facts: Sequence[Facts | None],
) -> list[Json | None]:
    """Each dialogue by its form, those of one form together; nothing where there is no form."""
    found: list[Json | None] = [None] * len(talks)
    for form in {one.digest: one for one in forms if one is not None}.values():
        places = [at for at, one in enumerate(forms) if one is not None and one.digest == form.digest]
        scores = score_many(
            [talks[at] for at in places],
            form,
            opened.models.analyser,
            [facts[at] for at in places],
            encode=opened.models.encode,
            folder=site_folder(opened.settings),
        )
        for at, score in zip(places, scores, strict=True):
            found[at] = to_json(score)
    return found


def _in_force(opened: Service, tenant: str, code: str, as_of: datetime) -> Form | None:
    try:
        return form_of(opened.settings, tenant, code, as_of)[0]
    except FormError:  # a code that nobody has put yet
        return None
