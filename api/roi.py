"""Door of the cost model: what a change saves and returns, by declared formulas, with its inputs and ranges."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.auth import requires
from api.deps import Json, Opened
from api.forms import site_folder
from api.store.keys import Grant
from nlp.metrics.roi import load_model, told

router = APIRouter(prefix="/v1/roi", tags=["metrics"])
Reading = Annotated[Grant, requires("supervisor", "quality")]
Amount = Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]
Inputs = Annotated[dict[str, Amount], Field(max_length=50)]


class RoiIn(BaseModel):
    """Inputs by name, and scenarios that change some of them."""

    model_config = ConfigDict(extra="forbid")

    inputs: Inputs
    scenarios: Annotated[dict[str, Inputs], Field(max_length=20)] = Field(default_factory=dict)


@router.get("")
async def read_model(opened: Opened, grant: Reading) -> Json:
    """The inputs and the formulas."""
    model = load_model(site_folder(opened.settings))
    return {
        "version": model.version,
        "inputs": [
            {"code": one.code, "name": one.name, "unit": one.unit, "default": one.default}
            for one in model.inputs
        ],
        "lines": [
            {"code": one.code, "name": one.name, "unit": one.unit, "formula": one.formula.text}
            for one in model.lines
        ],
    }


@router.post("")
async def compute(body: RoiIn, opened: Opened, grant: Reading) -> Json:
    """Every line of the model with its formula and inputs; over the scenarios its least and most."""
    return told(load_model(site_folder(opened.settings)), body.inputs, body.scenarios)
