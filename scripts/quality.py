"""zuoxi quality: score files of transcripts, compare results."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts import policies, site
from scripts.console import (
    STDIN,
    AsJson,
    Data,
    Failed,
    Misused,
    given_bytes,
    group,
    note,
    progress,
    say,
    table,
    tell,
)

if TYPE_CHECKING:
    from nlp.batch.plan import Setting
    from nlp.batch.tally import Summary

app = group("智能质检：按质检表给会话记录逐条评分，每处扣分都有证据")
_TOP = 8
_REASONS = 3
_HELP = (
    "给文件里的每个会话评分，写出 results.jsonl、summary.json 与 results.xlsx。\n\n\b\n"
    "JSONL 每行一个会话：id、turns（role、text，可有 at、turn_id），"
    "可有 channel、category、agent、customer、started_at、outcome\n"
    "CSV、XLSX、Parquet 每行一个话轮，列：会话编号、角色、内容，"
    "可有 时间、坐席工号（客服编号）、客服姓名、班组、消息编号、渠道、类别、客户编号、客户等级"
)


@app.callback()
def _commands() -> None:
    """智能质检。"""


@app.command(help=_HELP, epilog="例：zuoxi quality score 会话.jsonl 会话.xlsx --out 质检结果 --workers 2")
def score(
    files: Annotated[
        list[str],
        typer.Argument(
            help=".jsonl .json（可 .gz .xz .zst）、.txt、.csv、.xlsx、.parquet；- 为标准输入（jsonl）"
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="结果目录；中断后用同一目录重新运行即续跑")],
    form: Annotated[str, typer.Option("--form", help="质检表代码，或质检表 TOML 文件")] = "standard",
    engine: Annotated[str, typer.Option("--engine", help="processes 或 ray")] = "processes",
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, max=256, help="并行进程数，默认等于核数")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="按此时点的质检表评分，默认按会话开始时间")
    ] = None,
    rules_only: Annotated[bool, typer.Option("--rules-only", help="不用模型，只按规则评分")] = False,
    store: Annotated[
        bool, typer.Option("--store", help="另把结果与脱敏的会话存入数据目录的站点，重复存入不会重复计数")
    ] = False,
    facts: Annotated[
        bool, typer.Option("--facts/--no-facts", help="对照站点当日有效的手册核对说法（数据目录里有站点时）")
    ] = True,
    source: Annotated[
        str, typer.Option("--from", help="哪个系统的导出：aliyun、contact-lens、genesys、asr；默认看字段")
    ] = "",
    as_csv: Annotated[bool, typer.Option("--csv", help="另写 results.csv")] = False,
    as_parquet: Annotated[
        bool, typer.Option("--parquet", help="另写 results.parquet（附加组件 parquet）")
    ] = False,
    data: Data = Path("data"),
    as_json: AsJson = False,
) -> None:
    """给文件里的每个会话评分，写出 results.jsonl、summary.json 与 results.xlsx。"""
    from nlp.adapters import ADAPTERS
    from nlp.batch.on_processes import EngineError
    from nlp.batch.plan import Setting
    from nlp.batch.score import BusyError, Engine, score_files
    from nlp.quality.form import FormError
    from nlp.readers import ReadError

    if engine not in ("processes", "ray"):
        raise Misused(f"--engine 不能是 {engine!r}（应为：processes 或 ray）")
    if source and source not in ADAPTERS:
        raise Misused(f"--from 不能是 {source!r}（应为：{'、'.join(ADAPTERS)}）")
    formats = [name for name, wanted in (("csv", as_csv), ("parquet", as_parquet)) if wanted]
    policies.check(data / "policy")
    setting = Setting(form=form, as_of=_moment(as_of), rules_only=rules_only, source=source)
    began = time.monotonic()
    try:
        out.mkdir(parents=True, exist_ok=True)
        setting = _judged_on(setting, data, out, facts)
        before = _finished(out)
        with progress("评分") as advance:
            paths = [_input(file, out) for file in files]
            kind: Engine = "ray" if engine == "ray" else "processes"
            summary = score_files(paths, out, setting, kind, workers, advance, formats=formats)
    except FormError as error:
        raise (Misused if error.field == "form" else Failed)(str(error)) from None
    except (ReadError, EngineError, BusyError, OSError) as error:
        raise Failed(str(error)) from None
    if store:
        note(f"存入站点：新增 {_load(paths, source, out, data)} 条")
    _report(summary, out, time.monotonic() - began, before, as_json)


def _report(summary: Summary, out: Path, seconds: float, before: dict[str, int], as_json: bool) -> None:
    """Say what was scored, what was not read and where it lies. Raises Failed where nothing could be scored."""
    for file, columns in summary.unread.items():
        note(f"{file}：这些列没有读：{'、'.join(columns)}（能读的列名见 zuoxi quality score --help）")
    if as_json:
        tell({"out": str(out), "seconds": round(seconds, 2), **summary.to_json()})
        _all_refused(summary)
        return
    after = _finished(out)
    refused = f"；有 {summary.refused} 行被拒收，没有评分" if summary.refused else ""
    _show(summary, out)
    _all_refused(summary)
    if after and after.items() <= before.items():
        note(f"没有新内容，沿用已有结果；结果在 {out}{refused}")
    else:
        rate = summary.scored / seconds if seconds else 0.0
        note(f"用时 {seconds:.1f} 秒，每秒 {rate:.0f} 个会话；结果在 {out}{refused}")


def _all_refused(summary: Summary) -> None:
    """Nothing could be scored: the work failed. Raises Failed."""
    if summary.refused and not summary.scored:
        raise Failed(f"全部 {summary.refused} 行都被拒收，一个会话也没有评")


def _judged_on(setting: Setting, data: Path, out: Path, facts: bool) -> Setting:
    """The setting with the site's forms, policies and handbook, frozen beside the results; as the service scores."""
    from api.forms import form_of, freeze
    from api.grounds import Grounds
    from api.published import frozen

    settings = site.settings_of(data)
    policy, folder = data / "policy", (out / "policy").resolve()
    given = setting.form.endswith(".toml")
    if not site.exists(settings) and not given:
        return replace(setting, folder=policy if policy.is_dir() else None)
    source = policy if given else form_of(settings, site.TENANT, setting.form, setting.as_of)[1]
    freeze(settings, source, folder)
    if given:
        setting = replace(setting, form=_form_beside(setting.form, folder))
    if not site.exists(settings):
        return replace(setting, folder=folder)
    setting = replace(setting, folder=folder, models=settings.models)
    if not facts or setting.rules_only:
        return setting
    shutil.rmtree(out / "history", ignore_errors=True)  # of an earlier run
    with site.stored(data) as (_, store):
        history = frozen(store, site.TENANT, settings.data, (out / "history").resolve())
    models = None if settings.models is None else str(settings.models.resolve())
    grounds = Grounds(str(history), str(folder), models, settings.encoder, settings.encoder_threads)
    return replace(setting, grounds=grounds)


def _form_beside(file: str, folder: Path) -> str:
    """Put a form's file among the frozen policies, alone; gives its code. Raises FormError."""
    from nlp.quality.form import FormError, parse_form_text

    try:
        text = given_bytes(file).decode("utf-8")
    except UnicodeDecodeError:
        raise FormError(file, "不是 UTF-8", "UTF-8 的质检表 TOML") from None
    code = parse_form_text(text).code
    shutil.rmtree(folder / "quality", ignore_errors=True)
    (folder / "quality").mkdir()
    (folder / "quality" / f"{code}.toml").write_text(text, encoding="utf-8")
    return code


@app.command(epilog="例：zuoxi quality diff 旧结果/results.jsonl 新结果/results.jsonl --out 差异")
def diff(
    old: Annotated[Path, typer.Argument(help="原来的 results.jsonl")],
    new: Annotated[Path, typer.Argument(help="现在的 results.jsonl")],
    out: Annotated[
        Path | None, typer.Option("--out", help="写出 diff.json 与 diff.xlsx 的目录；不给则只打印")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """改了质检表之后，同一批会话的结果变了什么：逐项的变化、等级的变化、变了的会话。"""
    from nlp.batch.differ import difference, write_difference
    from nlp.readers import ReadError

    try:
        found = difference(old, new)
        if out is not None:
            write_difference(found, out)
    except (ReadError, OSError) as error:
        raise Failed(str(error)) from None
    told = found.to_json()
    if as_json:
        tell(told)
        return
    codes = [sorted({one.split()[0] for one in forms}) for forms in told["forms"].values()]
    if codes[0] != codes[1]:
        before, after = ("、".join(some) or "无" for some in codes)
        note(f"两份结果的质检表不同：原来是 {before}，现在是 {after}；只对照同一质检表代码的结果")
    mean = {name: "无" if value is None else value for name, value in told["mean"].items()}
    say(
        f"对照 {found.compared} 个会话，平均分 {mean['from']} → {mean['to']}，等级变了 {len(told['regraded'])} 个"
    )
    say(f"只在原来的里有 {found.only_old} 个，只在现在的里有 {found.only_new} 个")
    rows = [(item["name"], item["from"], item["to"], str(item["count"])) for item in told["items"]]
    if rows:
        table(("项", "原来", "现在", "会话数"), rows)
    if out is not None:
        note(f"逐条见 {out / 'diff.xlsx'}")


def _load(paths: Sequence[Path], source: str, out: Path, data: Path) -> int:
    """Keep the results and the masked transcripts in the site, with all that follows; gives how many were new."""
    from api.app import create_app
    from api.stored import Scored, load
    from nlp.quality.kept import keep
    from nlp.readers import read_transcripts
    from nlp.transcript import Transcript

    def scored() -> Iterator[Scored]:
        told = (
            one for path in paths for one in read_transcripts(path, source) if isinstance(one, Transcript)
        )
        with (out / "results.jsonl").open(encoding="utf-8") as lines:
            for line, transcript in zip(lines, told, strict=True):
                result = json.loads(line)
                if result["transcript_id"] != transcript.id:
                    raise Failed(f"{out} 与输入文件不符：{transcript.id}")
                yield result, (result.get("agent") or {}).get("id"), keep(transcript)

    with site.opened(data) as service:
        app = create_app(service.settings, service)
        return load(app.state.cases, service, site.TENANT, scored())


def _finished(out: Path) -> dict[str, int]:
    """The parts that are done in a results folder, with the moment each was finished."""
    return {path.name: path.stat().st_mtime_ns for path in (out / "shards").glob("*.done")}


def _show(summary: Summary, out: Path) -> None:
    mean = "-" if summary.mean is None else f"{summary.mean:g}"
    say(
        f"已评 {summary.scored} 个会话，拒收 {summary.refused} 行，平均 {mean} 分，一票否决 {summary.veto} 个"
    )
    for problem in summary.problems[:_REASONS]:
        place = f"{problem['source']} 第 {problem['line']} 行"
        say(f"  拒收 {place}：{problem['field']}：{problem['message']}（应为：{problem['accepted']}）")
    if summary.refused:
        say(f"  拒收的全部原因见 {out / 'problems.jsonl'}")
    worst = sorted(summary.violations.items(), key=lambda pair: -(pair[1]["rate"] or 0))[:_TOP]
    rows = [(v["name"], f"{v['failed']}/{v['judged']}", f"{v['rate']:.1%}") for _, v in worst if v["failed"]]
    table(("扣分项", "未通过/适用", "占比"), rows)


def _moment(text: str | None) -> datetime | None:
    from nlp.transcript import TranscriptError, parse_time

    try:
        return parse_time(text, "--as-of")
    except TranscriptError as error:
        raise Misused(str(error)) from None


def _input(file: str, out: Path) -> Path:
    if file != STDIN:
        return Path(file)
    kept = out / "stdin.jsonl"
    kept.write_bytes(given_bytes(file))
    return kept
