"""Door of other systems' forms: read into ours, with everything that could not be said named. Nothing is kept."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.deps import Json, Opened, Quality
from api.forms import CODE, red_examples
from api.service import Service
from api.toml import to_toml
from nlp.quality.form import parse_form_text
from nlp.quality.imports import imported

router = APIRouter(prefix="/v1/quality/forms", tags=["quality"])


class ImportIn(BaseModel):
    """A document of another system: 阿里云智能对话分析 rules, or an Amazon Connect evaluation form."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    source: Literal["sca", "connect"] = Field(alias="from")
    document: dict[str, Any]
    code: str = Field("imported", pattern=CODE)


@router.post("/import")
async def import_form(body: ImportIn, opened: Opened, grant: Quality) -> Json:
    """The form as TOML, to be looked over and put; `left` names what is not in it, or not exactly, and why."""
    return await asyncio.to_thread(_read, opened, body)


def _read(opened: Service, body: ImportIn) -> Json:
    found = imported(body.source, body.document, body.code)
    text = to_toml(found.form)
    form = parse_form_text(text)
    red = red_examples(opened, form)
    return {
        "code": form.code,
        "name": form.name,
        "items": len(form.items),
        "toml": text,
        "form": found.form,
        "left": [asdict(one) for one in found.left],
        "errors": [{"field": one.field, "message": one.message, "accepted": one.accepted} for one in red],
    }
