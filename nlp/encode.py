"""Text to vectors: float32 `[n, dim]` with unit rows.

Three kinds of encoder stand behind one port: the static one (a bag of characters, bigrams and words), a transformer
as ONNX (ours, or any that `zuoxi models add` turned into it), and several of these joined.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from nlp.artefacts import Artefact, ArtefactError, find, verify
from nlp.features import Batch, batch, gram_key
from nlp.text import normalise

Vectors = NDArray[np.float32]

_CHUNK = 4096  # texts computed together: bounds memory, costs nothing


class Encoder(Protocol):
    """`encode` is thread-safe and deterministic; no texts give `[0, dim]`.

    A text without any known feature gives the first axis, a unit row like any other.
    """

    @property
    def dim(self) -> int: ...

    @property
    def version(self) -> str: ...

    def encode(self, texts: Sequence[str]) -> Vectors: ...


@dataclass(frozen=True)
class Vocabulary:
    """Features in row order: single letters, runs of two, then words of two letters and more."""

    grams: tuple[str, ...]
    words: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.grams) + len(self.words)

    @property
    def characters(self) -> int:
        """How many of the first rows are single letters."""
        return sum(len(gram) == 1 for gram in self.grams)

    @cached_property
    def _word_rows(self) -> dict[str, int]:
        return {word: row for row, word in enumerate(self.words, start=len(self.grams))}

    @cached_property
    def _gram_keys(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        keys = np.array([gram_key(gram) for gram in self.grams], dtype=np.uint64)
        order = np.argsort(keys)
        return keys[order], order

    def ready(self) -> Vocabulary:
        """Build the look-up tables now, so that the first request does not wait for them."""
        _ = self._word_rows, self._gram_keys
        return self

    def _grams(self, side_by_side: Batch, length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        keys, order = self._gram_keys
        wanted, rows = side_by_side.grams(length)
        if not len(keys):
            return order[:0], rows[:0]
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        known = keys[place] == wanted
        return order[place[known]], rows[known]

    def features(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Feature numbers and text numbers of everything known in the texts, in no fixed order."""
        side_by_side = batch(texts)
        parts = [
            self._grams(side_by_side, 1),
            self._grams(side_by_side, 2),
            side_by_side.numbers(self._word_rows),
        ]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def count(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """How often each feature stands in each text, `[texts, features]` float32."""
        numbers, rows = self.features(texts)
        ones = np.ones(len(numbers), dtype=np.float32)
        matrix = sparse.coo_matrix((ones, (rows, numbers)), shape=(len(texts), len(self))).tocsr()
        return sparse.csr_matrix(matrix)


def unit(rows: Vectors) -> Vectors:
    """Rows of length one; a zero row becomes the first axis."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    empty = length[:, 0] < 1e-9
    if empty.any():
        rows[empty] = 0.0
        rows[empty, 0] = 1.0
        length[empty] = 1.0
    return np.asarray(rows / length, dtype=np.float32)


class StaticEncoder:
    """The mean direction of the vectors of a text's features. Rows stay int8 with one scale each."""

    def __init__(self, vocabulary: Vocabulary, rows: NDArray[np.int8], scale: Vectors, version: str) -> None:
        self._vocabulary = vocabulary.ready()
        self._rows, self._scale = rows, scale.astype(np.float32)
        self._version = version

    @property
    def dim(self) -> int:
        return int(self._rows.shape[1])

    @property
    def version(self) -> str:
        return self._version

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit rows `[n, dim]`; about 1/60 ms a short text in a batch."""
        out = np.empty((len(texts), self.dim), dtype=np.float32)
        for start in range(0, len(texts), _CHUNK):
            part = texts[start : start + _CHUNK]
            out[start : start + len(part)] = self._sum(part)
        return unit(out)

    def _sum(self, texts: Sequence[str]) -> Vectors:
        numbers, rows = self._vocabulary.features(texts)
        if len(texts) == 1:  # a lone text needs no matrix
            picked = self._rows[numbers].astype(np.float32)
            return np.asarray((self._scale[numbers] @ picked)[None, :], dtype=np.float32)
        used, place = np.unique(numbers, return_inverse=True)
        ones = np.ones(len(numbers), dtype=np.float32)
        counts = sparse.coo_matrix((ones, (rows, place)), shape=(len(texts), len(used))).tocsr()
        return np.asarray(counts @ (self._rows[used] * self._scale[used, None]), dtype=np.float32)


class OnnxEncoder:
    """A converted Hugging Face encoder; pooling and normalisation are inside the model."""

    def __init__(self, artefact: Artefact, threads: int = 1) -> None:
        from nlp.runtime import Model

        self._model = Model(artefact, threads)
        self._version, self.threads = artefact.name, threads

    @property
    def dim(self) -> int:
        return self._model.width

    @property
    def version(self) -> str:
        return self._version

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit rows `[n, dim]`."""
        return unit(self._model.run(texts))

    def encode_many(
        self, texts: Sequence[str], workers: int, progress: Callable[[int, int], None] | None = None
    ) -> Vectors:
        """As `encode`, on `workers` threads; `progress` is told how many texts are done, and of how many."""
        return unit(self._model.run_many(texts, max(workers, 1), progress))

    def seen(self, text: str) -> str:
        """The text as the model reads it: texts that are alike in this have one vector."""
        return normalise(text) if self._model.normalises else text


class JoinedEncoder:
    """Several encoders side by side: the cosine is the weighted mean of theirs."""

    def __init__(self, parts: Sequence[tuple[Encoder, float]], version: str) -> None:
        whole = sum(weight for _, weight in parts)
        self.parts = tuple((part, float(np.sqrt(weight / whole))) for part, weight in parts)
        self._version = version

    @property
    def dim(self) -> int:
        return sum(part.dim for part, _ in self.parts)

    @property
    def version(self) -> str:
        return self._version

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit rows `[n, dim]`, the parts' rows one behind the other."""
        return np.concatenate([part.encode(texts) * np.float32(share) for part, share in self.parts], axis=1)


def save_static(folder: Path, vocabulary: Vocabulary, table: Vectors) -> None:
    """Write `weights.safetensors` (int8 rows, float16 scales) and `vocabulary.json` into `folder`."""
    from safetensors.numpy import save_file

    scale = (np.abs(table).max(axis=1) / 127).astype(np.float16)
    steps = np.maximum(scale.astype(np.float32), 1e-7)[:, None]
    rows = np.clip(np.round(table / steps), -127, 127).astype(np.int8)
    save_file({"rows": rows, "scale": scale}, folder / "weights.safetensors")
    (folder / "weights.safetensors").chmod(0o644)  # written for its owner alone otherwise
    features = {"grams": list(vocabulary.grams), "words": list(vocabulary.words)}
    (folder / "vocabulary.json").write_text(json.dumps(features, ensure_ascii=False), encoding="utf-8")


def _load_static(artefact: Artefact) -> StaticEncoder:
    from safetensors.numpy import load_file

    features = artefact.json("vocabulary.json")
    vocabulary = Vocabulary(tuple(features["grams"]), tuple(features["words"]))
    weights = load_file(artefact.path("weights.safetensors"))
    if len(vocabulary) != len(weights["rows"]):
        raise ArtefactError(f"模型 {artefact.name} 的词表与权重行数不一致；请重新生成该模型")
    return StaticEncoder(vocabulary, weights["rows"], weights["scale"], artefact.name)


def _load_joined(artefact: Artefact, threads: int) -> JoinedEncoder:
    parts = []
    for part in artefact.json("parts.json"):
        found = verify(artefact.folder.parent / part["version"])
        if found.manifest["files"] != part["files"]:
            raise ArtefactError(
                f"模型 {artefact.name} 的组成 {found.name} 已被替换；请重新生成 {artefact.name}"
            )
        parts.append((load_encoder(found, threads), float(part["weight"])))
    return JoinedEncoder(parts, artefact.name)


def load_encoder(artefact: Artefact | None = None, threads: int = 1) -> Encoder:
    """The encoder of a verified artefact; the shipped one by default. Raises ArtefactError."""
    artefact = artefact or find("encoder")
    if artefact.kind == "static":
        return _load_static(artefact)
    if artefact.kind == "onnx-encoder":
        return OnnxEncoder(artefact, threads)
    if artefact.kind == "joined":
        return _load_joined(artefact, threads)
    raise ArtefactError(
        f"模型 {artefact.name} 的种类 {artefact.kind} 不是编码器；应为 static、onnx-encoder 或 joined"
    )


QUICK = "static-1"
"""The shipped encoder that reads a whole handbook in seconds."""


def quick(root: Path | None = None, loaded: Encoder | None = None) -> Encoder | None:
    """`loaded` where it is that encoder, else that of the models folder; None where there is none."""
    if loaded is not None and loaded.version in (QUICK, f"encoder/{QUICK}"):
        return loaded
    try:
        return load_encoder(find("encoder", root, version=QUICK))
    except ArtefactError:
        return None
