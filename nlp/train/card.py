"""The card of a classifier: what it is for, what it was made from, what it scored, where it fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nlp.classify import NEVER, Thresholds

_PURPOSE = {
    "intent": "把工单或顾客的一句话归入演示分类体系的叶子类别，给出校准后的概率。",
    "sentiment": "判断一句客服对话或一条评价的态度：负面、中性、正面，给出校准后的概率。",
    "emotion": "判断一句话的主要情绪：生气、难过、害怕、惊讶、高兴、平静，给出校准后的概率。",
    "wording": "逐分句听坐席的话：禁语、态度恶劣、指责、空头承诺、信息风险、泄露、过早结束，或都不是；质检表的规则与它并用。",
    "stage": "逐分句听坐席的话属于哪一步：开场、安抚、核实、解决、回访、结束，或都不是。",
    "distress": "判断客户一轮话里有没有明显的愤怒、害怕或痛苦；单纯的不满不算。",
}
_LIMITS = {
    "intent": (
        "类别来自演示站点（虚构的综合商城）；别的行业请用自己的工单训练（zuoxi train intent）。",
        "训练样本约一千五百条，一类几十条；没见过的说法会得到较低的概率，应走“建议”或“人工”。",
    ),
    "sentiment": (
        "负面与正面多来自商品、外卖、酒店评价和自动标注的短句；中性来自标题、问句和演示工单。",
        "反讽、客气的抱怨、一句话里先褒后贬，仍会判错；线索规则只补一部分。",
    ),
    "emotion": (
        "主要来自微博，客服用语只占一小部分；惊讶与害怕样本少，最容易判错。",
        "标注本身有分歧：通用微博上 BERT 的宏平均 F1 也只有约 0.74。",
    ),
    "wording": (
        "训练材料全是自己写的：单句、句式填空、公开标注的会话；没见过的讲法仍会漏掉，数字见 tests/nlp/transcripts/README.md。",
        "只看一个分句，不知道前后文：同一句话在别处可能不算违规，由规则的例外与上下文条件补足。",
    ),
    "stage": ("会话只标到话轮，分句的标签是训练时推出来的。", "“解决”的边界因人而异，各批会话之间相差最大。"),
    "distress": ("明显与不明显之间没有硬界线；反讽与冷淡的愤怒最容易漏。",),
}


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return [*lines, *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows), ""]


def _threshold(value: float) -> str:
    return "不自动" if value >= NEVER else f"{value:.3f}"


def card(
    task: str,
    version: str,
    labels: Sequence[str],
    data: Sequence[Mapping[str, Any]],
    figures: Mapping[str, float],
    bands: Thresholds,
    settings: Mapping[str, Any],
) -> str:
    """The text of `card.md`, in Chinese."""
    encoder = settings.get("encoder")
    kind = "字符 1–4 元组与结巴词的线性分类器（支持向量机，折外温度校准）"
    lines = [f"# {task}/{version}", "", _PURPOSE.get(task, ""), ""]
    lines += [f"结构：{kind}{f'，加编码器 {encoder} 的向量' if encoder else ''}；"]
    lines += [
        f"特征 {settings['spans']} 个，int8 权重，C = {settings['strength']}。标签：{'、'.join(labels)}。",
        "",
    ]
    lines += ["## 训练数据", "", "凡评测用的文本（规范化后相同者）一律先从训练中去掉。", ""]
    rows = [(item["set"], item["licence"], item.get("source", ""), item["rows"]) for item in data]
    lines += _table(("数据集", "许可（原文所述）", "来源", "条数"), rows)
    lines += ["## 成绩", "", "名称中写明所用划分；速度为训练机单线程所测。", ""]
    lines += _table(("指标", "值"), list(figures.items()))
    lines += ["## 阈值", ""]
    lines += [f"折外预测中，“自动”达到 {bands.precision:.0%} 精确率，“建议”达到 {bands.floor:.0%}。", ""]
    pairs = [(label, _threshold(bands.auto[label]), _threshold(bands.suggest[label])) for label in labels]
    lines += _table(("标签", "自动", "建议"), pairs)
    lines += ["## 局限", "", *(f"- {limit}" for limit in _LIMITS.get(task, ())), ""]
    return "\n".join(lines)
