"""Ranking of documents on a BEIR folder: the encoder alone, BM25 beside it, and any search handed in."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from nlp.encode import Encoder
from nlp.evaluate.metrics import retrieval_figures
from nlp.evaluate.noise import KINDS, noisy
from nlp.evaluate.rows import RowsError, read_rows
from nlp.features import Batch

Rank = Callable[[Sequence[str]], list[list[str]]]
"""Queries to the ids of the best documents of each, best first (ten are enough)."""

_DEPTH = 10
_BLOCK = 256
_NAMES = ("corpus.jsonl", "queries.jsonl")
_ENDINGS = ("", ".gz", ".xz")


@dataclass(frozen=True, slots=True)
class Collection:
    """A BEIR folder: document texts and query texts by id, and the gain of each judged pair."""

    documents: Mapping[str, str]
    queries: Mapping[str, str]
    relevance: Mapping[str, Mapping[str, float]]


def _present(folder: Path, name: str) -> Path:
    for ending in _ENDINGS:
        if (folder / (name + ending)).is_file():
            return folder / (name + ending)
    raise RowsError(f"{folder} 里找不到 {name}；应为 BEIR 目录：corpus.jsonl、queries.jsonl、qrels.tsv")


def read_collection(folder: Path) -> Collection:
    """Read a BEIR folder; `title` and `text` of a document are joined. Raises RowsError."""
    documents = {
        str(row["_id"]): " ".join(part for part in (row.get("title"), row["text"]) if part)
        for row in read_rows(_present(folder, _NAMES[0]), ("_id", "text"))
    }
    queries = {
        str(row["_id"]): row["text"] for row in read_rows(_present(folder, _NAMES[1]), ("_id", "text"))
    }
    judged = folder / "qrels.tsv"
    if not judged.is_file():
        judged = folder / "qrels" / "test.tsv"
    if not judged.is_file():
        raise RowsError(f"{folder} 里找不到 qrels.tsv 或 qrels/test.tsv")
    relevance: dict[str, dict[str, float]] = {}
    with judged.open(encoding="utf-8-sig", newline="") as lines:
        for number, line in enumerate(csv.reader(lines, delimiter="\t"), start=1):
            if number > 1 and line:
                query, document, gain = _judgement(judged, number, line)
                relevance.setdefault(query, {})[document] = gain
    return Collection(
        documents, queries, {query: relevance[query] for query in relevance if query in queries}
    )


def _judgement(path: Path, number: int, line: Sequence[str]) -> tuple[str, str, float]:
    try:
        query, document, gain = line
        return query, document, float(gain)
    except ValueError:
        raise RowsError(f"{path} 第 {number} 行应为三列：query-id、corpus-id、score") from None


def _best(scores: np.ndarray[tuple[int, int], np.dtype[np.float32]], names: Sequence[str]) -> list[list[str]]:
    # Ties go to the earlier document, so that a rerun prints the same figures.
    depth = min(_DEPTH, scores.shape[1])
    ranked = []
    for row in scores:
        floor = np.partition(row, len(row) - depth)[len(row) - depth]
        near = np.flatnonzero(row >= floor)
        ranked.append([names[at] for at in near[np.argsort(-row[near], kind="stable")][:depth]])
    return ranked


def dense(documents: Mapping[str, str], encoder: Encoder) -> Rank:
    """Exact cosine search."""
    names = list(documents)
    vectors = encoder.encode([documents[name] for name in names])

    def rank(queries: Sequence[str]) -> list[list[str]]:
        asked = encoder.encode(queries)
        return [
            names_of_best
            for start in range(0, len(asked), _BLOCK)
            for names_of_best in _best(asked[start : start + _BLOCK] @ vectors.T, names)
        ]

    return rank


def _plain(text: str) -> str:
    # The baseline is BM25 as published: it knows width and case, not our folding of traditional characters.
    return unicodedata.normalize("NFKC", text).casefold().replace("\n", " ")


def _grams(texts: Sequence[str], places: dict[int, int], grow: bool) -> sparse.csr_matrix:
    side_by_side = Batch("\n".join(map(_plain, texts)), len(texts))
    columns: list[int] = []
    rows: list[int] = []
    for length in (1, 2):
        keys, numbers = side_by_side.grams(length)
        for key, row in zip(keys.tolist(), numbers.tolist(), strict=True):
            place = places.setdefault(key, len(places)) if grow else places.get(key, -1)
            if place >= 0:
                columns.append(place)
                rows.append(row)
    ones = np.ones(len(rows), dtype=np.float32)
    return sparse.coo_matrix((ones, (rows, columns)), shape=(len(texts), len(places))).tocsr()


def bm25(documents: Mapping[str, str], k1: float = 1.2, b: float = 0.75) -> Rank:
    """BM25 (Robertson & Zaragoza 2009) over characters and bigrams: the floor every figure stands beside."""
    names = list(documents)
    places: dict[int, int] = {}
    counts = _grams([documents[name] for name in names], places, grow=True)
    length = np.asarray(counts.sum(axis=1)).ravel()
    seen = np.asarray((counts > 0).sum(axis=0)).ravel()
    idf = np.log(1 + (len(names) - seen + 0.5) / (seen + 0.5))
    row_of = np.repeat(np.arange(len(names)), np.diff(counts.indptr))
    damp = k1 * (1 - b + b * length / max(length.mean(), 1e-9))
    counts.data = (counts.data * (k1 + 1) / (counts.data + damp[row_of]) * idf[counts.indices]).astype(
        np.float32
    )
    weights = counts.T.tocsr()

    def rank(queries: Sequence[str]) -> list[list[str]]:
        ranked: list[list[str]] = []
        for start in range(0, len(queries), _BLOCK):
            asked = _grams(queries[start : start + _BLOCK], places, grow=False)
            ranked.extend(_best(np.asarray((asked @ weights).todense(), dtype=np.float32), names))
        return ranked

    return rank


def evaluate_retrieval(
    collection: Collection,
    encoder: Encoder | None,
    search: Mapping[str, Rank] | None = None,
    noise: float = 0.0,
    seed: int = 0,
) -> dict[str, float]:
    """Figures of each way of searching, `dense:ndcg@10` and so on; those of the first have no prefix.

    `search` names further ways (hybrid, a single index), which come first; the encoder alone and BM25 follow.
    With `noise` (share of characters, 0…1) the first way and BM25 are measured again on queries with noise, and
    `noise:<kind>:<way>:loss` says how much nDCG@10 they lose.
    """
    ways: dict[str, Rank] = dict(search or {})
    if encoder is not None:
        ways.setdefault("dense", dense(collection.documents, encoder))
    ways.setdefault("bm25", bm25(collection.documents))
    asked = [query for query in collection.relevance if query in collection.queries]
    texts = [collection.queries[query] for query in asked]
    figures: dict[str, float] = {"documents": float(len(collection.documents))}
    for at, (name, rank) in enumerate(ways.items()):
        found = dict(zip(asked, rank(texts), strict=True))
        scored = retrieval_figures(found, collection.relevance)
        if at == 0:
            figures.update(scored)
        figures.update(
            {f"{name}:{measure}": value for measure, value in scored.items() if measure != "queries"}
        )
    if noise > 0:
        first = next(iter(ways))
        figures |= _noise({name: ways[name] for name in (first, "bm25")}, collection, figures, noise, seed)
    return figures


def _noise(
    ways: Mapping[str, Rank], collection: Collection, clean: Mapping[str, float], share: float, seed: int
) -> dict[str, float]:
    """nDCG@10 of each way on noisy queries, and what it lost; `noise:ratio` is the first way's loss over BM25's."""
    asked = list(collection.relevance)
    texts = [collection.queries[query] for query in asked]
    figures: dict[str, float] = {}
    lost = dict.fromkeys(ways, 0.0)
    for kind in KINDS:
        changed = noisy(texts, collection.queries.values(), kind, share, seed)
        for name, rank in ways.items():
            found = dict(zip(asked, rank(changed), strict=True))
            value = retrieval_figures(found, collection.relevance)["ndcg@10"]
            figures[f"noise:{kind}:{name}:ndcg@10"] = value
            figures[f"noise:{kind}:{name}:loss"] = clean[f"{name}:ndcg@10"] - value
            lost[name] += clean[f"{name}:ndcg@10"] - value
    first, plain = (lost[name] for name in (next(iter(ways)), "bm25"))
    return figures | {"noise:ratio": first / plain if plain > 0 else 0.0}
