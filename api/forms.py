"""Door of the quality forms: read, check, replace. A tenant's own forms stand over the site's and the presets."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Path, Request

from api.bodies import Moment
from api.deps import Json, Opened, Quality
from api.errors import FieldError, Problem, not_found
from api.form_bodies import BODY, given
from api.service import Service
from api.settings import Settings
from api.toml import write_file
from nlp.metrics.observation import load_kinds
from nlp.quality.examples import failures
from nlp.quality.form import PRESETS, Form, FormError, load_form, parse_form_text

router = APIRouter(prefix="/v1/quality/forms", tags=["quality"])

CODE = r"^[a-z0-9][a-z0-9_-]{0,63}$"
FormCode = Annotated[str, Path(pattern=CODE)]
MOST_TOLD = 50
"""Red examples told of one form."""
_NAME = re.compile(r"[^A-Za-z0-9._-]")


def site_folder(settings: Settings) -> FilePath:
    """Policies of the whole data folder."""
    return settings.data / "policy"


def own_folder(settings: Settings, tenant: str) -> FilePath:
    """Policies of one tenant: what one tenant writes must not change another's scores."""
    return site_folder(settings) / "tenants" / tenant


def form_of(settings: Settings, tenant: str, code: str, as_of: datetime | None) -> tuple[Form, FilePath]:
    """The form in force, and the policy folder it was found in. Raises FormError for an unknown code."""
    own = own_folder(settings, tenant)
    folder = (
        own if any(form.code == code for form, _ in _forms_in(own / "quality")) else site_folder(settings)
    )
    return load_form(code, folder, as_of), folder


def freeze(settings: Settings, source: FilePath, target: FilePath) -> None:
    """Copy the policies a run is scored by: what is edited meanwhile does not change it half way."""
    beside = target.with_name("policy.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    for path in site_folder(settings).glob("*.toml"):
        shutil.copy2(path, beside)
    if (source / "quality").is_dir():
        shutil.copytree(source / "quality", beside / "quality")
    shutil.rmtree(target, ignore_errors=True)
    beside.replace(target)


def _forms_in(folder: FilePath) -> Iterator[tuple[Form, FilePath]]:
    """Readable forms of a folder; a broken file is not one, and `validate` says why."""
    for path in sorted(folder.glob("*.toml")):
        form = _parsed(path, path.stat().st_mtime_ns)
        if form is not None:
            yield form, path


@lru_cache(maxsize=256)
def _parsed(path: FilePath, _changed: int) -> Form | None:
    try:
        return parse_form_text(path.read_text(encoding="utf-8"))
    except FormError:
        return None


def _all(settings: Settings, tenant: str) -> dict[str, list[tuple[Form, FilePath, str]]]:
    """Versions of every form by code; the nearest place that has a code has it alone."""
    found: dict[str, list[tuple[Form, FilePath, str]]] = {}
    places = (
        ("tenant", own_folder(settings, tenant) / "quality"),
        ("site", site_folder(settings) / "quality"),
        ("preset", PRESETS),
    )
    for source, folder in places:
        here: dict[str, list[tuple[Form, FilePath, str]]] = {}
        for form, path in _forms_in(folder):
            here.setdefault(form.code, []).append((form, path, source))
        found = {**here, **found}
    return found


def versions_at(settings: Settings, tenant: str, at: datetime) -> dict[str, str]:
    """Version of every form in force at a moment, by code."""
    found = {}
    for code in sorted(_all(settings, tenant)):
        try:
            found[code] = form_of(settings, tenant, code, at)[0].version
        except FormError:  # none of its versions has begun
            continue
    return found


def names_of(settings: Settings, tenant: str) -> dict[str, str]:
    """Names of the items of every form, by code; where two forms share a code, the main form's name."""
    main = load_kinds(site_folder(settings)).form
    every = sorted(_all(settings, tenant).items(), key=lambda pair: (pair[0] == main, pair[0]))
    return {item.code: item.name for _, versions in every for form, _, _ in versions for item in form.items}


def _shown(form: Form, source: str) -> Json:
    return {
        "code": form.code,
        "name": form.name,
        "version": form.version,
        "effective_from": form.effective_from.isoformat() if form.effective_from else None,
        "digest": form.digest,
        "source": source,
        "dimensions": [{"code": d.code, "name": d.name, "points": d.points} for d in form.dimensions],
        "items": [
            {
                "code": i.code,
                "name": i.name,
                "dimension": i.dimension,
                "points": i.points,
                "veto": i.veto,
                "bonus": i.bonus,
                "untested": i.untested,
            }
            for i in form.items
        ],
        "grades": [{"code": g.code, "name": g.name, "least": g.least} for g in form.grades],
    }


@router.get("")
async def list_forms(opened: Opened, grant: Quality) -> Json:
    """Every form with its versions."""
    found = await asyncio.to_thread(_all, opened.settings, grant.tenant)
    forms = [_shown(form, source) for code in sorted(found) for form, _, source in found[code]]
    return {"forms": forms}


@router.get("/{code}")
async def read_form(code: FormCode, opened: Opened, grant: Quality, as_of: Moment | None = None) -> Json:
    """One form in force now or at `as_of`, with its TOML."""
    versions = (await asyncio.to_thread(_all, opened.settings, grant.tenant)).get(code)
    if not versions:
        raise not_found("质检表", code)
    moment = as_of or datetime.now(UTC)
    due = [one for one in versions if one[0].effective_from is None or one[0].effective_from <= moment]
    form, path, source = max(due or versions[:1], key=lambda one: _start(one[0]))
    text = path.read_text(encoding="utf-8")
    return {
        **_shown(form, source),
        "toml": text,
        "form": json.loads(json.dumps(tomllib.loads(text), default=str)),
    }


def _start(form: Form) -> float:
    return form.effective_from.timestamp() if form.effective_from else float("-inf")


def red_examples(opened: Service, form: Form) -> list[FieldError]:
    """Examples of a form that do not come out as it says, with the models the service scores by."""
    models, folder = opened.models, site_folder(opened.settings)
    return [
        FieldError(
            f"item[{one.item}].must_{one.expected}",
            one.told(),
            "扣分" if one.expected == "hit" else "不扣分",
        )
        for one in failures(form, models.analyser, models.encode, folder)
    ]


def checked(code: str, text: str) -> Form:
    """The form of a text. Raises FormError (422)."""
    form = parse_form_text(text)
    if form.code != code:
        raise FormError("code", f"与地址里的 {code} 不同", code)
    return form


@router.post("/{code}/validate", openapi_extra=dict(BODY))
async def validate_form(code: FormCode, request: Request, opened: Opened, grant: Quality) -> Json:
    """Whether a form could be put: the first thing wrong with it, or its red examples; and what it would read as."""
    text = await given(request)
    try:
        form = checked(code, text)
    except FormError as error:
        told = {"field": error.field, "message": error.message, "accepted": error.accepted}
        return {"valid": False, "errors": [told], "form": None}
    red = await asyncio.to_thread(red_examples, opened, form)
    told_ = [{"field": one.field, "message": one.message, "accepted": one.accepted} for one in red]
    return {"valid": not red, "errors": told_, "form": _shown(form, "body")}


@router.put("/{code}", openapi_extra=dict(BODY))
async def put_form(code: FormCode, request: Request, opened: Opened, grant: Quality) -> Json:
    """Put a version of a form: the same version is replaced, another one stands beside it.

    Refused (422) while one of its examples is red, or where an item about words has none.
    """
    text = await given(request)
    form = checked(code, text)
    red = await asyncio.to_thread(red_examples, opened, form)
    if red:
        raise Problem("invalid", f"{len(red)} 个例句不符，质检表不能发布", errors=red[:MOST_TOLD])
    await asyncio.to_thread(_keep, opened.settings, grant.tenant, form, text)
    return _shown(form, "tenant")


def _keep(settings: Settings, tenant: str, form: Form, text: str) -> None:
    folder = own_folder(settings, tenant) / "quality"
    folder.mkdir(parents=True, exist_ok=True)
    there = [(known, path) for known, path in _forms_in(folder) if known.code == form.code]
    if not there:
        # A tenant's first version would hide the site's: those before it stay, for transcripts before it.
        for known, path, _ in _all(settings, tenant).get(form.code, ()):
            if known.version != form.version:
                write_file(folder / path.name, path.read_text(encoding="utf-8"))
    same = next((path for known, path in there if known.version == form.version), None)
    write_file(same or folder / f"{form.code}.{_NAME.sub('-', form.version)[:60]}.toml", text)
