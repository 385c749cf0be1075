"""Figures on public development sets, as `zuoxi evaluate` prints them: one small job for each measurement.

Floors and aims are those of the product's plan; for a classifier they stand so many points above the plain one.
"""

from __future__ import annotations

import json
import lzma
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from scripts.evaluate import measured
from scripts.figures_table import Line

Job = Callable[[], list[Line]]
"""One measurement; may run in a process of its own."""

PAIRS: dict[str, tuple[float, float] | None] = {
    "atec.valid": (0.43, 0.50),
    "bq.dev": (0.50, 0.60),
    "lcqmc.dev": (0.64, 0.72),
    **dict.fromkeys(("afqmc.dev", "stsb.dev", "pawsx.dev", "covid.dev")),
}
SECTIONS = "kb/tidb.sections"
"""No encoder was trained on these documents."""
CHECKED = Path(__file__).parents[1] / "tests" / "models" / "cic_dev.checked.json"
"""Row numbers of intent/cic.dev and the labels that reading them gave; no text."""
F1, ACCURACY = ("macro_f1", "宏平均 F1"), ("accuracy", "准确率")
SVM = "字 SVM"
FOLDS = 5


def _file(shared: Path, name: str) -> Path:
    return shared / f"{name}.jsonl.xz"


def pairs(shared: Path) -> Iterator[Job]:
    """Similarity of pairs, for every encoder that is there."""
    from scripts.evaluation import encoders

    for version in encoders():
        for name in PAIRS:
            if _file(shared, f"pairs/{name}").is_file():
                yield partial(_pairs, shared, name, version)


def _pairs(shared: Path, name: str, version: str) -> list[Line]:
    found = measured("pairs", _file(shared, f"pairs/{name}"), encoder=version)
    floor, aim = PAIRS[name] or (None, None)
    plain = found["tfidf_spearman"]
    return [
        Line(
            "句对",
            f"{name}，句向量 {version}",
            "Spearman",
            found["spearman"],
            plain,
            "TF-IDF 余弦",
            floor,
            aim,
        )
    ]


def retrieval(shared: Path) -> Iterator[Job]:
    """Heading to section, for every encoder that is there."""
    from scripts.evaluation import encoders

    if _file(shared, SECTIONS).is_file():
        yield from (partial(_retrieval, shared, version) for version in encoders())


def _retrieval(shared: Path, version: str) -> list[Line]:
    from nlp.evaluate.prepare import prepare

    with tempfile.TemporaryDirectory() as folder:
        prepare(_file(shared, SECTIONS), Path(folder))
        found = measured("retrieval", Path(folder), encoder=version)
    plain, name = found["bm25:ndcg@10"], SECTIONS.split("/")[1]
    both, alone = f"{name}，混合，{version}", f"{name}，只用 {version}"
    return [
        Line("检索", both, "nDCG@10", found["ndcg@10"], plain, "BM25", plain + 0.06, plain + 0.12),
        Line("检索", alone, "nDCG@10", found["dense:ndcg@10"], plain, "BM25"),
    ]


def classify(shared: Path) -> Iterator[Job]:
    """Intents: labels put right by hand first, then as given, then another set."""
    train = _file(shared, "intent/cic.train")
    if _file(shared, "intent/cic.dev").is_file() and train.is_file():
        if CHECKED.is_file():
            yield partial(_checked, shared)
        yield partial(_fitted, shared, "classify", "intent/cic", "dev", F1, (0.04, 0.08))
    if _file(shared, "intent/tnews.dev").is_file() and _file(shared, "intent/tnews.train").is_file():
        yield partial(_fitted, shared, "classify", "intent/tnews", "dev", F1, None)


NAMES = {"classify": "意图", "sentiment": "情感", "emotion": "情绪"}
Points = tuple[float, float] | None
"""How far above the plain classifier the floor and the aim stand."""


def _beside(
    task: str, data: str, measure: tuple[str, str], found: dict[str, float], points: Points
) -> list[Line]:
    code, name = measure
    plain = found[f"svm_{code}"]
    floor, aim = (plain + points[0], plain + points[1]) if points else (None, None)
    return [Line(NAMES[task], data, name, found[code], plain, SVM, floor, aim)]


def _fitted(
    shared: Path, task: str, name: str, split: str, measure: tuple[str, str], points: Points
) -> list[Line]:
    found = measured(task, _file(shared, f"{name}.{split}"), train=_file(shared, f"{name}.train"))
    return _beside(task, f"{name.split('/')[1]}.{split}，train 上训练", measure, found, points)


def _checked(shared: Path) -> list[Line]:
    """CIC's development labels are noisy on purpose: the same head on rows whose label was put right by hand."""
    labels = {int(row): label for row, label in json.loads(CHECKED.read_text(encoding="utf-8")).items()}
    with tempfile.TemporaryDirectory() as folder:
        right = Path(folder) / "cic.dev.checked.jsonl"
        with (
            lzma.open(_file(shared, "intent/cic.dev"), "rt", encoding="utf-8") as lines,
            right.open("w", encoding="utf-8") as out,
        ):
            for row, line in enumerate(lines):
                if row in labels:
                    text = json.loads(line)["text"]
                    out.write(json.dumps({"text": text, "label": labels[row]}, ensure_ascii=False) + "\n")
        found = measured("classify", right, train=_file(shared, "intent/cic.train"))
    data = f"cic.dev 人工核对的 {len(labels)} 行，train 上训练"
    return [
        *_beside("classify", data, F1, found, (0.04, 0.08)),
        *_beside("classify", data, ACCURACY, found, None),
    ]


def sentiment(shared: Path) -> Iterator[Job]:
    """Reviews: two sets without a split by folds, one on its own split, and the shipped model."""
    for name in ("online_shopping", "waimai"):
        if _file(shared, f"sentiment/{name}.train").is_file():
            yield partial(_folds, shared, name)
    if _file(shared, "sentiment/chnsenticorp.dev").is_file():
        yield partial(_fitted, shared, "sentiment", "sentiment/chnsenticorp", "dev", ACCURACY, (0.015, 0.03))
        yield partial(_shipped, shared, "sentiment", "chnsenticorp.dev", ACCURACY)


def _folds(shared: Path, name: str) -> list[Line]:
    found = measured("sentiment", _file(shared, f"sentiment/{name}.train"), folds=FOLDS)
    return _beside("sentiment", f"{name}，五折", ACCURACY, found, (0.015, 0.03))


def emotion(shared: Path) -> Iterator[Job]:
    """Emotions of microblogs: our head on the set's own split, and the shipped model."""
    if _file(shared, "sentiment/ewect_usual.valid").is_file():
        yield partial(_fitted, shared, "emotion", "sentiment/ewect_usual", "valid", F1, (0.02, 0.05))
        yield partial(_shipped, shared, "emotion", "ewect_usual.valid", F1)


def _shipped(shared: Path, task: str, name: str, measure: tuple[str, str]) -> list[Line]:
    found = measured(task, _file(shared, f"sentiment/{name}"))
    plain = found[f"majority_{measure[0]}"]
    return [Line(NAMES[task], f"{name}，随附模型", measure[1], found[measure[0]], plain, "最多的一类")]


def satisfaction(shared: Path) -> Iterator[Job]:
    """Satisfaction of turns, by folds of dialogues and as shipped."""
    if _file(shared, "dialogue/uss_jddc.valid").is_file():
        yield partial(_satisfaction, shared)


def _satisfaction(shared: Path) -> list[Line]:
    path, name = _file(shared, "dialogue/uss_jddc.valid"), "uss_jddc.valid"
    found, ready = measured("satisfaction", path, folds=FOLDS), measured("satisfaction", path)
    plain, common = found["majority"], "最多的一档"
    return [
        Line("满意度", f"{name}，五折", "准确率", found["accuracy"], plain, common, 0.58, 0.63),
        Line("满意度", f"{name}，五折", "UAR", found["uar"], 1 / 3, common),
        Line("满意度", f"{name}，随附（未见过此数据）", "准确率", ready["accuracy"], plain, common),
    ]


def quality(shared: Path) -> Iterator[Job]:
    """Distributions of quality on a held-out tenth."""
    if _file(shared, "dialogue/stc3.train").is_file():
        yield partial(_quality, shared)


def _quality(shared: Path) -> list[Line]:
    found = measured("quality", _file(shared, "dialogue/stc3.train"), holdout=0.1)
    wanted: dict[str, tuple[float, float] | tuple[None, None]]
    wanted = {"rsnod_a": (0.140, 0.125), "nmd_a": (0.092, 0.083)}
    return [
        Line(
            "对话质量",
            "stc3.train，留出十分之一",
            f"{measure.upper()} {aspect.upper()}",
            found[name],
            found[f"{name}_mean"],
            "训练行的平均",
            floor=wanted.get(name, (None, None))[0],
            aim=wanted.get(name, (None, None))[1],
            lower=True,
        )
        for aspect in "ase"
        for measure in ("rsnod", "nmd")
        for name in (f"{measure}_{aspect}",)
    ]
