"""The card of a site's own classifier: the decision, both columns of figures, the rows and where they came from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from scripts.labelled import Labelled

if TYPE_CHECKING:
    from nlp.promotion import Verdict


def rejects(read: Labelled) -> str:
    """Rows that were not used, each with its reason; no text of a customer stands here."""
    rows = [{name: value for name, value in asdict(one).items() if value} for one in read.rejects]
    return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"


def card(
    name: str,
    lineage: Mapping[str, Any],
    verdict: Verdict,
    about: tuple[Labelled, Sequence[str]],
    figures: Mapping[str, float],
) -> str:
    """The card as Markdown; `about` are the rows that were read and what to know about them."""
    read, notes = about
    decision = _decision(name, verdict, lineage, notes)
    parts = (decision, _figures(verdict), _labels(verdict), _rows(lineage, read))
    cross = [f"- {key}: {value}" for key, value in figures.items() if key.startswith("cross-validated ")]
    return "\n".join(
        [*(line for part in parts for line in part), "", "## 折外指标（训练行）", "", *cross, ""]
    )


def _decision(name: str, verdict: Verdict, lineage: Mapping[str, Any], notes: Sequence[str]) -> Iterator[str]:
    rules = lineage["rules"]
    yield from (f"# {name}", "", f"由站点自己的 {lineage['rows']} 行标注训练。", "", "## 决定", "")
    yield "启用。" if verdict.promoted else "没有启用："
    yield from (f"- {reason}" for reason in verdict.reasons)
    yield ""
    yield (
        f"规则：宏平均 F1 至多降 {rules['tolerance']:g}；测试有 {rules['least']} 行以上的类别，F1 至多降 {rules['drop']:g}。"
    )
    yield from (f"- {one}" for one in notes)


def _figures(verdict: Verdict) -> Iterator[str]:
    from nlp.promotion import NAMES

    yield from ("", f"## 冻结测试（{verdict.rows} 行）", "")
    compared = verdict.comparison
    if compared is None:
        yield from ("| 指标 | 这一版 |", "| --- | --- |")
        yield from (f"| {NAMES[key]} | {value:.4f} |" for key, value in verdict.figures.items())
        return
    yield f"| 指标 | 这一版，全部 {verdict.rows} 行 | 这一版，可比的 {compared.rows} 行 | 在用的 {compared.version} |"
    yield "| --- | --- | --- | --- |"
    for key, shown in NAMES.items():
        values = (verdict.figures[key], compared.candidate[key], compared.current[key])
        yield f"| {shown} | {' | '.join(f'{value:.4f}' for value in values)} |"
    low, high = compared.interval
    yield from (
        "",
        f"宏平均 F1 之差 {compared.difference:+.4f}，95% 区间 {low:+.4f} 到 {high:+.4f}（成对自助法）；",
        f"只有一方答对的行：McNemar 精确检验 p = {compared.p:.4f}。",
    )


def _labels(verdict: Verdict) -> Iterator[str]:
    if not verdict.labels:
        return
    yield from (
        "",
        "## 各类别",
        "",
        "| 类别 | 测试行数 | 这一版 F1 | 在用的 F1 |",
        "| --- | --- | --- | --- |",
    )
    for one in verdict.labels:
        before = "" if one.current is None else f"{one.current:.2f}"
        label = one.label.replace("|", "\\|").replace("\n", " ")
        yield f"| {label} | {one.rows} | {one.candidate:.2f} | {before} |"


def _rows(lineage: Mapping[str, Any], read: Labelled) -> Iterator[str]:
    yield from ("", "## 数据与来历", "")
    yield f"- 训练 {lineage['rows']} 行；为测试留出 {lineage['held_out']} 行；没有用上 {lineage['rejected']} 行"
    if read.scarce:
        yield f"- 不足两行的类别：{'、'.join(read.scarce)}"
    yield f"- 数据 SHA-256 `{lineage['data_sha256']}`，种子 {lineage['seed']}"
    yield f"- 测试 SHA-256 `{lineage['test_sha256']}`"
    yield f"- 比较对象：{lineage['compared_with'] or '无'}；句向量：{lineage.get('encoder') or '无'}"
    yield "- 文本在训练前已脱敏；测试里的文本从未用于训练"
