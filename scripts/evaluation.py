"""What `zuoxi evaluate` joins: the models and the search of the program, and the measures of `nlp.evaluate`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from nlp.artefacts import MANIFEST, ArtefactError, current, find, models_root
from nlp.encode import Encoder, load_encoder
from nlp.evaluate.metrics import spearman
from nlp.evaluate.pairs import FIELDS, evaluate_pairs
from nlp.evaluate.rows import read_rows
from nlp.sentiment import load_analyser
from scripts.baselines import tfidf_cosines
from scripts.evaluation_heads import classified
from scripts.evaluation_plan import Advance, Figures, Plan, UnusablePlan


def encoder() -> Encoder | None:
    """The shipped encoder, None where it is absent."""
    try:
        return load_encoder()
    except ArtefactError:
        return None


def encoders(root: Path | None = None) -> list[str]:
    """Versions of the encoders that are there, the one in use first."""
    found = sorted(path.parent.name for path in (models_root(root) / "encoder").glob(f"*/{MANIFEST}"))
    try:
        used = current("encoder", root)
    except ArtefactError:
        used = ""
    return sorted(found, key=lambda version: version != used)


def chosen(plan: Plan) -> Encoder:
    """The encoder that was asked for, else the one in use.

    Raises UnusablePlan for one that is absent, or that was trained on the very file it is to be scored on;
    ArtefactError for one that must not be used.
    """
    version = plan.encoder and plan.encoder.removeprefix("encoder/")
    if version and version not in encoders():
        raise UnusablePlan(f"没有编码器 {version}：可用 {'、'.join(encoders()) or '（无）'}")
    artefact = find("encoder", version=version)
    name = f"{plan.data.parent.name}/{plan.data.name.split('.jsonl')[0]}"
    if any(item.get("set") == name for item in artefact.manifest["data"]):
        raise UnusablePlan(f"编码器 {artefact.name} 用 {name} 训练过，那里的分数不作数；请换它没有见过的数据")
    return load_encoder(artefact)


def _classify(plan: Plan, advance: Advance) -> Figures:
    # The encoder saw no row of the splits in nlp.train.corpus.EVALUATED; folds of its training sets flatter it.
    return classified(plan, "classify", encoder() if plan.fits else None, advance)


def _sentiment(plan: Plan, advance: Advance) -> Figures:
    # No vectors: the encoder was trained on the texts (without labels) of public reviews that have no split.
    return classified(plan, "sentiment", None, advance)


def _emotion(plan: Plan, advance: Advance) -> Figures:
    return classified(plan, "emotion", None, advance)


def _no_head(plan: Plan) -> None:
    if plan.folds is not None or plan.holdout is not None:
        raise UnusablePlan("这个任务没有要训练的分类头：不用 --folds 与 --holdout")


def _pairs(plan: Plan, _: Advance) -> Figures:
    _no_head(plan)
    found = evaluate_pairs(plan.data, chosen(plan), plan.train)
    rows = list(read_rows(plan.data, FIELDS))
    plain = tfidf_cosines([str(row["a"]) for row in rows], [str(row["b"]) for row in rows])
    return found | {"tfidf_spearman": spearman(plain, [float(row["label"]) for row in rows])}


def _retrieval(plan: Plan, _: Advance) -> Figures:
    from nlp.evaluate.retrieval import evaluate_retrieval, read_collection
    from scripts.retrieval import ways

    _no_head(plan)
    collection = read_collection(plan.data)
    own = chosen(plan) if plan.encoder else encoder()
    search = ways(collection.documents, own)
    return evaluate_retrieval(collection, None, search, plan.noise, plan.seed)


def _satisfaction(plan: Plan, _: Advance) -> Figures:
    from nlp.evaluate.satisfaction import evaluate_satisfaction

    analyser = load_analyser()
    return evaluate_satisfaction(plan.data, plan.train, plan.folds, plan.holdout, plan.seed, analyser)


def _quality(plan: Plan, _: Advance) -> Figures:
    from nlp.evaluate.dialogue import evaluate_quality

    analyser = load_analyser()
    return evaluate_quality(plan.data, plan.train, plan.folds, plan.holdout, plan.seed, analyser)


TASKS: Mapping[str, Callable[[Plan, Advance], Figures]] = {
    "pairs": _pairs,
    "retrieval": _retrieval,
    "classify": _classify,
    "sentiment": _sentiment,
    "emotion": _emotion,
    "satisfaction": _satisfaction,
    "quality": _quality,
}
