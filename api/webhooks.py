"""Door of the webhooks: who is told when something ended, what was sent, and sending it again."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import courier, wiring
from api.deps import Admin, IdempotencyKey, Json, Opened, once
from api.errors import invalid, not_found
from api.store import Writer, outbox

router = APIRouter(prefix="/v1/webhooks", tags=["operations"])

Event = Literal["quality.job.finished", "report.delivered"]


class WebhookIn(BaseModel):
    """Where to send, and of which events."""

    url: str = Field(min_length=1, max_length=2000)
    events: list[Event] = Field(default=["quality.job.finished"], min_length=1, max_length=20)


def _refusal(url: str, allowed: tuple[str, ...]) -> str | None:
    """Why an address cannot be one, as far as it tells by itself; names are looked up when something is sent."""
    try:
        _, host, _, _ = courier.parts_of(url)
        if host not in allowed and not courier.open_address(host):
            return f"{host} 指向内部网络；站点可用设置 webhook_hosts 允许"
    except courier.Refused as error:
        return str(error)
    except (ValueError, ipaddress.AddressValueError):
        return None  # a name
    return None


@router.post("", status_code=201)
async def create_webhook(
    body: WebhookIn, opened: Opened, grant: Admin, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Have an address told; the secret its messages are signed with is shown this once."""
    why = _refusal(body.url, opened.settings.webhook_hosts)
    if why is not None:
        raise invalid("url", why, "公网上的 https:// 或 http:// 地址")
    identity, secret = wiring.new_id("wh"), courier.new_secret()

    def unit(writer: Writer) -> tuple[int, Json]:
        events = list(dict.fromkeys(body.events))
        outbox.add_webhook(writer, grant.tenant, identity, body.url, secret, list(events), grant.actor_id)
        return 201, {"id": identity, "url": body.url, "events": events, "secret": secret}

    return await once(opened, grant, idempotency_key, {"webhook": body.model_dump()}, unit)


@router.get("")
async def list_webhooks(opened: Opened, grant: Admin) -> Json:
    """Webhooks, the oldest first; `disabled` says why one is told nothing any more."""
    return {"webhooks": await opened.store.aread(lambda reader: outbox.listed(reader, grant.tenant))}


@router.delete("/{webhook_id}")
async def delete_webhook(webhook_id: str, opened: Opened, grant: Admin) -> Json:
    """Tell it nothing any more."""
    if not await opened.store.awrite(lambda writer: outbox.remove(writer, grant.tenant, webhook_id)):
        raise not_found("webhook", webhook_id)
    return {"id": webhook_id, "deleted": True}


@router.get("/{webhook_id}/deliveries")
async def list_deliveries(
    webhook_id: str, opened: Opened, grant: Admin, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> Json:
    """What was sent or is to be sent (`waiting`, `sent`, `dead`), newest first."""
    found = await opened.store.aread(lambda reader: outbox.history(reader, grant.tenant, webhook_id, limit))
    return {"deliveries": found}


@router.post("/{webhook_id}/deliveries/{delivery_id}/again", status_code=202)
async def send_again(webhook_id: str, delivery_id: str, opened: Opened, grant: Admin) -> Json:
    """Send anew what was given up, under the same id."""
    if not await opened.store.awrite(
        lambda writer: outbox.again(writer, grant.tenant, webhook_id, delivery_id)
    ):
        raise not_found("放弃的投递", delivery_id)
    return {"id": delivery_id, "state": "waiting"}
