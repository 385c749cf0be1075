"""Door of the lint: what is wrong with a handbook."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Literal

from fastapi import APIRouter

from api.deps import Editor, Json, Opened
from api.lint import body
from kb.lint.run import lint

router = APIRouter(prefix="/v1/kb", tags=["kb"])


@router.get("/lint")
async def lint_handbook(opened: Opened, grant: Editor, release: Literal["draft"] | None = None) -> Json:
    """Conflicts, twins, dead slots, removed steps and stale entries of the newest release, or of the draft."""

    def work() -> Json:
        if release == "draft":
            looked_at, base = opened.sites.draft(grant.tenant), opened.lint.fresh()
            base.follow(looked_at.entries)
        else:
            looked_at = opened.sites.knowledge(grant.tenant)
            base = opened.lint.base(grant.tenant, looked_at)
        found = lint(base, datetime.now(UTC))
        return {"release": looked_at.release, "entries": len(looked_at.entries), **body(found)}

    return await asyncio.to_thread(work)
