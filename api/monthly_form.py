"""Door of the 服务质量评估表（月度）: eight indicators from the month's facts, scored, explained, with what was typical."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api.deps import Opened, Overseer
from api.errors import invalid
from api.forms import site_folder
from api.measured import counting
from api.monthly_filled import filled, form_table, links_table
from api.report_base import day_of, window
from api.report_forms import FRAME, attached
from api.report_pages import page, workbook
from api.report_tables import known
from api.service import Service
from nlp.reports.monthly import Combine, MonthlyForm, WeightsError, varied
from nlp.reports.monthly_toml import read_monthly
from nlp.reports.steps import Options, Rounding

router = APIRouter(prefix="/v1/reports/monthly-form", tags=["reports"])
Form = Literal["json", "html", "xlsx"]
Share = Annotated[float, Field(ge=0, le=1)]
_read = lru_cache(maxsize=64)(read_monthly)


class OptionsIn(BaseModel):
    """The form's options and weights to try out; what is left out is as the site's form has it."""

    model_config = ConfigDict(extra="forbid")

    rounding: Rounding | None = None
    floor: float | None = Field(None, ge=-1000, le=5, description="最低分；unbounded 为真时不设")
    unbounded: bool = False
    combine: Combine | None = None
    weights: dict[str, Share] | None = Field(None, max_length=20, examples=[{"timeliness": 0.4}])
    indicator_weights: dict[str, Share] | None = Field(None, max_length=40)


@router.get("", response_class=Response)
async def read_form(
    opened: Opened,
    grant: Overseer,
    date: Annotated[str | None, Query(max_length=10, examples=["2026-11-03"])] = None,
    team: Annotated[str | None, Query(max_length=256)] = None,
    format: Form = "json",
) -> Response:
    """The filled form of the month that `date` lies in, of everybody or of a team."""
    return await _answer(opened, grant.tenant, _read(site_folder(opened.settings)), date, team, format)


@router.post("", response_class=Response)
async def try_form(
    body: OptionsIn,
    opened: Opened,
    grant: Overseer,
    date: Annotated[str | None, Query(max_length=10)] = None,
    team: Annotated[str | None, Query(max_length=256)] = None,
    format: Form = "json",
) -> Response:
    """The same month under other options or weights; nothing is kept. Weights that do not sum to one are 422."""
    form = _read(site_folder(opened.settings))
    for name, given, there in (
        ("weights", body.weights, [one.code for one in form.dimensions]),
        ("indicator_weights", body.indicator_weights, [one.code for one in form.indicators]),
    ):
        for code in given or ():
            if code not in there:
                raise invalid(f"{name}.{code}", "表里没有", "|".join(there))
    floor = None if body.unbounded else form.options.floor if body.floor is None else body.floor
    options = Options(body.rounding or form.options.rounding, floor, form.options.top)
    try:
        other = varied(form, options, body.combine, body.weights, body.indicator_weights)
    except WeightsError as error:
        field_name = (
            "weights" if error.field == "dimensions" else f"indicator_weights.{error.field.partition('.')[2]}"
        )
        raise invalid(field_name, str(error), "和为 1 的权重") from None
    return await _answer(opened, grant.tenant, other, date, team, format)


async def _answer(
    opened: Service, tenant: str, form: MonthlyForm, date: str | None, team: str | None, format: Form
) -> Response:
    zone = ZoneInfo(opened.settings.timezone)
    span = window("monthly", day_of(date, zone), zone)
    told = await counting(opened.store, lambda reader: filled(opened, reader, tenant, form, span, team))
    if format == "json":
        return JSONResponse(told)
    title = f"{form.name} {span.begin:%Y-%m}" + (f"（{team}）" if team else "")
    given = [form_table(told), links_table(told)]
    notes = [f"综合得分 {known(told['points'])}", *told["options"]]
    if format == "html":
        return HTMLResponse(page(title, given, notes=notes), headers={"Content-Security-Policy": FRAME})
    return attached(workbook(title, given, notes), f"monthly-form-{span.begin:%Y-%m}.xlsx")
