"""The encoder's card: what it is, what it learned from, how well it does and where it fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of encoder is, and where it fails."""

    about: tuple[str, ...]
    limits: tuple[str, ...]


_ABOUT = (
    "静态中文句向量：一段文本的向量是其字、二元字与词的向量之和，归一化到单位长度。只用 CPU，不需要网络。",
    "",
    "A static sentence encoder for Chinese support texts: one int8 vector per character, bigram and jieba word.",
    "Started from public character vectors and latent semantic analysis, then trained by in-batch contrast",
    "(hard strangers are the label-0 partners) and by the order of labelled pairs (CoSENT).",
)
_EXPLAINED = {
    "tidb:dense": "kb/tidb.sections 标题→段落（zuoxi evaluate prepare），只用本向量；从未训练",
    "tidb:bm25": "同上，BM25 字与二元字",
    "speed:": "本机一个线程，pairs/lcqmc.dev 的短文本",
}
_LIMITS = (
    "不看语序：“甲欠乙”与“乙欠甲”几乎同向量；否定只靠字词本身。",
    "长文本（几百字以上）的向量趋于平均，入库前应切段。",
    "领域偏金融客服、电商、办公软件文档与问诊；别的领域主要靠字的向量，专名靠关键词检索补足。",
    "英文、数字与代码只按词表匹配，不是多语言模型。",
    "部分训练集没有声明许可（见上表与 models/NOTICE）；没有用 CC BY-SA 的文本训练。",
)


STATIC = Kind(_ABOUT, _LIMITS)
TRANSFORMER = Kind(
    (
        "小型中文句向量：BERT 结构，逐字与词片，平均池化，归一化到单位长度；int8 ONNX，只用 CPU，不需要网络。",
        "",
        "A small Chinese sentence encoder: BERT layers over characters and word pieces, mean pooling, int8 ONNX.",
        "Pretrained from nothing by guessing hidden spans of the text below, then trained by in-batch contrast",
        "(hard strangers are the label-0 partners) and by the order of labelled pairs (CoSENT).",
    ),
    (
        "看语序，但只学过几千万字：冷僻的说法与专名仍要靠关键词检索补足。",
        "比静态句向量慢几十倍：一句约一毫秒；大知识库建索引更久。",
        "训练时只读到一段文本的前 96 个词片，入库前应切段。",
        "英文与代码只有常见词片，不是多语言模型。",
        "部分训练集没有声明许可（见上表与 models/NOTICE）；没有用 CC BY-SA 的文本训练。",
    ),
)

JOINED = Kind(
    (
        "两种句向量并用：余弦是二者余弦的加权平均，兼得静态向量的检索与小模型的语义。只用 CPU，不需要网络。",
        "",
        "Two sentence encoders side by side: its cosine is the weighted mean of theirs. No weights of its own.",
    ),
    (
        "比静态句向量慢几十倍，向量长一倍；大知识库建索引更久、更占内存。",
        "组成它的两个模型各自的局限见各自的卡片。",
    ),
)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [" | ".join(head), " | ".join("---" for _ in head), *(" | ".join(row) for row in rows)]
    return [f"| {line} |" for line in lines]


def _meaning(name: str) -> str:
    for prefix, text in _EXPLAINED.items():
        if name.startswith(prefix):
            return text
    return f"pairs/{name.partition(':')[0]} 全部行，余弦；训练数据里不含其中任何一对"


def card(
    version: str,
    data: Sequence[Mapping[str, Any]],
    figures: Mapping[str, float],
    command: str,
    kind: Kind = STATIC,
) -> str:
    """The text of `card.md`."""
    lines = [f"# encoder/{version}", "", *kind.about, "", "## 数据 Data", ""]
    lines += _table(
        ("数据集 set", "许可 licence", "来源 source", "行 rows"),
        [(item["set"], item["licence"], item["source"], f"{item['rows']:,}") for item in data],
    )
    lines += ["", "## 指标 Figures", ""]
    lines += _table(
        ("指标", "值", "测量方式"),
        [
            (name, f"{value:.4f}" if abs(value) < 100 else f"{value:,.0f}", _meaning(name))
            for name, value in figures.items()
        ],
    )
    lines += ["", "## 局限 Limits", "", *(f"* {limit}" for limit in kind.limits)]
    return "\n".join([*lines, "", "## 重做 Make it again", "", "```", command, "```", ""])
