"""Door of the quality forms: read, check, replace. A tenant's own forms stand over the site's and the presets."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request

from api.bodies import Moment
from api.deps import Json, Opened, Quality
from api.errors import Problem, invalid, not_found
from api.settings import Settings
from api.toml import to_toml, write_file
from nlp.metrics.observation import load_kinds
from nlp.quality.form import PRESETS, Form, FormError, load_form, parse_form_text

router = APIRouter(prefix="/v1/quality/forms", tags=["quality"])

CODE = r"^[a-z0-9][a-z0-9_-]{0,63}$"
FormCode = Annotated[str, Path(pattern=CODE)]
TOML_TYPES = ("application/toml", "text/plain", "text/toml")
_NAME = re.compile(r"[^A-Za-z0-9._-]")
BODY: Mapping[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/toml": {"schema": {"type": "string"}},
            "application/json": {
                "schema": {
                    "type": "object",
                    "description": '{"toml": "…"} 或与 TOML 同形的对象',
                    "properties": {"toml": {"type": "string"}},
                }
            },
        },
    }
}


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
            {"code": i.code, "name": i.name, "dimension": i.dimension, "points": i.points, "veto": i.veto}
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


async def _given(request: Request) -> str:
    """The TOML of the body, in any of its accepted shapes. Raises 400, 415 or 422."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Problem("bad_request", "请求体不是 UTF-8 文本") from None
    if kind in TOML_TYPES:
        return text
    if kind != "application/json":
        raise Problem("unsupported_media_type", f"接受 application/json、{'、'.join(TOML_TYPES)}")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise Problem("malformed_json", "请求体在解析时出错：请检查引号、逗号与编码（UTF-8）") from None
    if not isinstance(value, dict):
        raise invalid("body", "不是对象", '{"toml": "…"} 或质检表对象')
    if isinstance(value.get("toml"), str):
        return str(value["toml"])
    inner = value.get("form", value)
    if not isinstance(inner, dict):
        raise invalid("form", "不是对象", "质检表对象")
    return to_toml(inner)


def _checked(code: str, text: str) -> Form:
    """The form of a text. Raises FormError (422)."""
    form = parse_form_text(text)
    if form.code != code:
        raise FormError("code", f"与地址里的 {code} 不同", code)
    return form


@router.post("/{code}/validate", openapi_extra=dict(BODY))
async def validate_form(code: FormCode, request: Request, opened: Opened, grant: Quality) -> Json:
    """Whether a form could be put: the first thing wrong with it, or what it would read as."""
    text = await _given(request)
    try:
        form = _checked(code, text)
    except FormError as error:
        told = {"field": error.field, "message": error.message, "accepted": error.accepted}
        return {"valid": False, "errors": [told], "form": None}
    return {"valid": True, "errors": [], "form": _shown(form, "body")}


@router.put("/{code}", openapi_extra=dict(BODY))
async def put_form(code: FormCode, request: Request, opened: Opened, grant: Quality) -> Json:
    """Put a version of a form: the same version is replaced, another one stands beside it."""
    text = await _given(request)
    form = _checked(code, text)
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
