"""Scenes: scripted customers to practise with, shown on the desk."""

from __future__ import annotations

from fastapi import APIRouter

from api.deps import AgentKey, Json, Opened
from api.errors import not_found
from api.store import scenes

router = APIRouter(prefix="/v1/scenes", tags=["scenes"])


@router.get("")
async def list_scenes(opened: Opened, grant: AgentKey) -> Json:
    """Titles of the scenes of this site."""
    return {"scenes": await opened.store.aread(lambda reader: scenes.listed(reader, grant.tenant))}


@router.get("/{scene_id}")
async def read_scene(scene_id: str, opened: Opened, grant: AgentKey) -> Json:
    """One scene with its lines."""
    scene = await opened.store.aread(lambda reader: scenes.get(reader, grant.tenant, scene_id))
    if scene is None:
        raise not_found("演练场景", scene_id)
    return scene
