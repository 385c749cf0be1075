"""zuoxi quality check, zuoxi quality import: forms tried by their own examples, and made of other systems' rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from scripts.console import AsJson, Failed, Misused, given_bytes, note, say, tell


def check(
    file: Annotated[str, typer.Argument(help="质检表 TOML；- 为标准输入")],
    as_json: AsJson = False,
) -> None:
    """检查质检表：格式、模式，以及每项自带的应中与应不中例句。"""
    from nlp.artefacts import ArtefactError
    from nlp.encode import load_encoder
    from nlp.quality.examples import failures
    from nlp.quality.form import FormError, parse_form_text
    from nlp.quality.rules.asking import wants_encoder
    from nlp.sentiment import load_analyser

    try:
        form = parse_form_text(given_bytes(file).decode("utf-8"))
    except (FormError, UnicodeDecodeError) as error:
        raise Failed(str(error)) from None
    try:
        encode = load_encoder().encode if wants_encoder(form) else None
    except ArtefactError:
        encode = None
    untested = [item.code for item in form.items if not item.must_hit and not item.must_miss]
    wrong = list(failures(form, load_analyser(None, None), encode))
    if as_json:
        shown = [_shown(failure) for failure in wrong]
        tell({"code": form.code, "version": form.version, "failures": shown, "untested": untested})
    for failure in () if as_json else wrong:
        say(f"{failure.item}：{failure.told()}")
    if wrong:
        raise Failed(f"{len(wrong)} 个例句不符，质检表不能发布")
    if not as_json:
        tried = len(form.items) - len(untested)
        found = f"{tried} 项的例句全部符合" if tried else "没有任何例句，什么也没有试"
        found += f"；{len(untested)} 项没有例句，没有试：{'、'.join(untested)}" if untested else ""
        say(f"{form.name}（{form.code} {form.version}）：共 {len(form.items)} 项，{found}")


def import_(
    file: Annotated[str, typer.Argument(help="JSON 文件；- 为标准输入")],
    source: Annotated[
        str, typer.Option("--from", help="sca（阿里云智能对话分析规则）或 connect（Amazon Connect 质检表）")
    ],
    code: Annotated[str, typer.Option("--code", help="质检表代码")] = "imported",
    out: Annotated[Path | None, typer.Option("--out", help="写到这个 TOML 文件；不给则打印")] = None,
    as_json: AsJson = False,
) -> None:
    """把别家的质检规则读成质检表；不能导入的逐条说明原因。"""
    from dataclasses import asdict

    from api.toml import to_toml
    from nlp.quality.form import FormError, parse_form_text
    from nlp.quality.imports import SOURCES, imported

    if source not in SOURCES:
        raise Misused(f"--from 不能是 {source!r}（应为：{' 或 '.join(SOURCES)}）")
    try:
        found = imported(source, _document(file), code)
        text = to_toml(found.form)
        form = parse_form_text(text)
    except (FormError, ValueError, RecursionError) as error:
        raise Failed(f"{file}：{error}") from None
    if out is not None:
        if out.exists():
            raise Failed(f"{out} 已存在：不覆盖，请换一个文件名")
        out.write_text(text, encoding="utf-8")
    if as_json:
        tell(
            {
                "code": form.code,
                "items": len(form.items),
                "toml": text,
                "left": [asdict(one) for one in found.left],
            }
        )
        return
    if out is None:
        say(text)
    for one in found.left:
        note(f"{'近似' if one.kept else '未导入'}：{one.place}：{one.reason}")
    note(f"导入 {len(form.items)} 项；每项补上应中与不应中的例句后再发布" + (f"；写在 {out}" if out else ""))


def _document(file: str) -> object:
    """The JSON of a file. Raises Failed, naming the file and what would do."""
    try:
        return json.loads(given_bytes(file))
    except (ValueError, RecursionError):
        wanted = "整个文件是一个 JSON 对象（不是每行一个的 JSONL）"
        raise Failed(f"{file}：不是一个 JSON 文档（应为：{wanted}）") from None


def _shown(failure: object) -> dict[str, str]:
    return {name: str(getattr(failure, name)) for name in ("item", "example", "expected", "got")}
