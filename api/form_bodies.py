"""A form in a request: TOML as it is, or JSON that holds it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import Request

from api.errors import Problem, invalid
from api.toml import to_toml

TOML_TYPES = ("application/toml", "text/plain", "text/toml")
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


async def given(request: Request) -> str:
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
