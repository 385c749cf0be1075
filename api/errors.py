"""Problem documents (RFC 9457). Domain errors know no status codes: the table below maps them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"

CODES: Mapping[str, tuple[int, str]] = {
    "malformed_json": (400, "请求体不是有效的 JSON"),
    "bad_request": (400, "请求无法理解"),
    "unauthorized": (401, "缺少钥匙，或钥匙无效"),
    "forbidden": (403, "这把钥匙无权做这件事"),
    "not_found": (404, "没有这个对象"),
    "method_not_allowed": (405, "此地址不支持该方法"),
    "timeout": (408, "请求体没有按时到齐"),
    "conflict": (409, "与当前状态冲突"),
    "too_large": (413, "内容超过上限"),
    "unsupported_media_type": (415, "不支持的内容类型"),
    "invalid": (422, "字段不符合要求"),
    "idempotency_mismatch": (422, "同一个 Idempotency-Key 用于了不同的内容"),
    "rate_limited": (429, "请求太频繁"),
    "internal": (500, "服务内部错误"),
    "busy": (503, "服务繁忙，请稍后重试"),
    "unavailable": (503, "所需的部分暂不可用"),
}
"""Every code a client can meet, its status and its title. README lists them; a test compares."""

_BY_STATUS = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "timeout",
    409: "conflict",
}
_BY_STATUS |= {413: "too_large", 415: "unsupported_media_type", 429: "rate_limited", 503: "busy"}


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field and what would be accepted."""

    field: str
    message: str
    accepted: str


class Problem(Exception):
    """An answer that is an error. `code` is a key of CODES; `more` are fields of the document beside its own."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        retry_after: int | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail or CODES[code][1])
        self.code, self.detail, self.errors, self.retry_after = code, detail, tuple(errors), retry_after
        self.more = dict(more or {})

    @property
    def status(self) -> int:
        return CODES[self.code][0]


def invalid(field: str, message: str, accepted: str) -> Problem:
    """A 422 about one field."""
    return Problem("invalid", f"{field}: {message}", errors=[FieldError(field, message, accepted)])


def not_found(what: str, identity: str) -> Problem:
    """A 404 that reads the same whether the thing is missing or another tenant's."""
    return Problem("not_found", f"没有这个{what}：{identity[:80]}")


def document(problem: Problem, request_id: str | None, instance: str | None = None) -> dict[str, Any]:
    """The problem as a JSON object."""
    status, title = CODES[problem.code]
    body: dict[str, Any] = {
        "type": f"urn:zuoxi:error:{problem.code}",
        "title": title,
        "status": status,
        "detail": problem.detail or title,
        "code": problem.code,
        "request_id": request_id,
    }
    if instance:
        body["instance"] = instance
    if problem.errors:
        body["errors"] = [
            {"field": error.field, "message": error.message, "accepted": error.accepted}
            for error in problem.errors
        ]
    return {**problem.more, **body}


def response(problem: Problem, request_id: str | None, instance: str | None = None) -> JSONResponse:
    """The problem as an answer; 429 and 503 say when to come back."""
    headers = {}
    if problem.status in (429, 503) or problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after or 1)
    if problem.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="zuoxi"'
    return JSONResponse(document(problem, request_id, instance), problem.status, headers, MEDIA_TYPE)


_TIMES = ("datetime_type", "datetime_parsing", "datetime_from_date_parsing", "datetime_object_invalid")
_ACCEPTED: Mapping[str, str] = {
    **dict.fromkeys(_TIMES, "ISO 8601 时间，如 2026-11-03T10:12:00+08:00"),
    "missing": "必填",
    "string_type": "字符串",
    "string_too_short": "至少 {min_length} 个字符",
    "string_too_long": "至多 {max_length} 个字符",
    "too_long": "至多 {max_length} 项",
    "too_short": "至少 {min_length} 项",
    "list_type": "列表",
    "tuple_type": "列表",
    "dict_type": "JSON 对象",
    "model_attributes_type": "JSON 对象",
    "model_type": "JSON 对象",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "int_type": "整数",
    "int_parsing": "整数",
    "float_type": "数字",
    "bool_type": "true 或 false",
    "greater_than_equal": "≥ {ge}",
    "less_than_equal": "≤ {le}",
    "extra_forbidden": "去掉这个字段",
    "timezone_aware": "带时区的 ISO 8601 时间",
    "string_pattern_mismatch": "匹配 {pattern}",
    "string_unicode": "有效的 Unicode 文本",
    "finite_number": "有限的数",
    "int_from_float": "整数",
    "int_parsing_size": "整数",
    "float_parsing": "数字",
    "bool_parsing": "true 或 false",
}
_MESSAGES: Mapping[str, str] = {
    "missing": "缺少必填字段",
    "string_too_short": "内容太短",
    "string_too_long": "内容太长",
    "too_long": "项数太多",
    "too_short": "项数太少",
    "literal_error": "不是可用的取值",
    "extra_forbidden": "未知字段",
    "greater_than_equal": "数值太小",
    "less_than_equal": "数值太大",
    "string_pattern_mismatch": "写法不对",
    "string_unicode": "含有不成对的代理字符",
    "finite_number": "不是有限的数",
    "int_from_float": "不是整数",
    "timezone_aware": "缺少时区",
    "datetime_parsing": "不是可用的时间",
    "datetime_from_date_parsing": "不是可用的时间",
    "value_error": "不能这样组合",
}


def field_error(error: Mapping[str, Any]) -> FieldError:
    """One pydantic error in the contract's shape."""
    kind = str(error["type"])
    context = error.get("ctx") or {}
    location = [str(part) for part in error["loc"]]
    if location and location[0] in ("body", "query", "path", "header"):
        location = location[1:]
    told = str(error["msg"]).removeprefix("Value error, ")
    if kind in ("literal_error", "enum"):  # "'csv', 'xlsx' or 'jsonl'", in pydantic's English
        context = {
            **context,
            "expected": "|".join(re.findall(r"'([^']*)'", str(context.get("expected", "")))),
        }
    accepted = _ACCEPTED.get(kind, "")
    try:
        accepted = accepted.format(**context)
    except (KeyError, IndexError):
        accepted = ""
    if told.startswith("Expected UploadFile"):
        return FieldError(".".join(location), "不是文件", "multipart 字段 file，带文件名")
    message = _MESSAGES.get(kind, "类型不对" if kind.endswith(("_type", "_parsing")) else str(error["msg"]))
    return FieldError(".".join(location) or "body", message, accepted or told)


def from_validation(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """Broken JSON is 400; everything else names its fields."""
    if any(error["type"] == "json_invalid" for error in errors):
        return Problem("malformed_json", "请求体在解析时出错：请检查引号、逗号与编码（UTF-8）")
    found = [field_error(error) for error in errors[:20]]
    return Problem("invalid", "；".join(f"{one.field}: {one.message}" for one in found[:5]), errors=found)


def _request_id(request: Request) -> str | None:
    value = request.scope.get("state", {}).get("request_id")
    return None if value is None else str(value)


def install(app: FastAPI, domain: Mapping[type[Exception], str]) -> None:
    """Answer every error as a problem document. `domain` maps our own exception classes to codes."""

    def answer(request: Request, problem: Problem) -> JSONResponse:
        return response(problem, _request_id(request), request.url.path)

    @app.exception_handler(Problem)
    async def on_problem(request: Request, error: Problem) -> JSONResponse:
        return answer(request, error)

    @app.exception_handler(RequestValidationError)
    async def on_validation(request: Request, error: RequestValidationError) -> JSONResponse:
        problem = from_validation(error.errors())
        if any(one["loc"] == ("body",) and one["type"] != "missing" for one in error.errors()):
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind != "application/json" and not kind.endswith("+json"):
                problem = Problem("unsupported_media_type", "请求体的 Content-Type 应为 application/json")
        return answer(request, problem)

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> JSONResponse:
        # What reading the body raised comes wrapped: our own refusal, or bytes that are no text.
        if isinstance(error.__cause__, Problem):
            return answer(request, error.__cause__)
        if isinstance(error.__cause__, UnicodeDecodeError):
            return answer(request, Problem("malformed_json", "请求体不是 UTF-8 文本"))
        if isinstance(error.__cause__, ValueError | RecursionError):
            return answer(request, Problem("malformed_json", "请求体在解析时出错：数值太长或嵌套太深"))
        code = _BY_STATUS.get(error.status_code, "bad_request")
        return answer(
            request,
            Problem(code, CODES[code][1] if code != "bad_request" else f"请求体无法读取：{error.detail}"),
        )

    def on_domain(code: str) -> Any:
        async def handler(request: Request, error: Exception) -> JSONResponse:
            if code == "invalid":
                name = str(getattr(error, "field", "body"))
                message = str(getattr(error, "message", error))
                return answer(request, invalid(name, message, str(getattr(error, "accepted", ""))))
            errors = []
            if code == "idempotency_mismatch":
                errors = [
                    FieldError("Idempotency-Key", "已用于不同的内容", "一个新的值，或与第一次相同的内容")
                ]
            return answer(request, Problem(code, str(error), errors=errors))

        return handler

    for kind, code in domain.items():
        app.add_exception_handler(kind, on_domain(code))
