"""Text to calibrated labels, from a verified artefact: the shipped linear heads, or any ONNX classifier."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from nlp.artefacts import Artefact, ArtefactError, find
from nlp.encode import Encoder, load_encoder
from nlp.evaluate.metrics import threshold_at_precision
from nlp.linear import Linear, Probabilities, from_tensors, softmax

KIND = "linear"
ONNX_KIND = "onnx-classifier"
NEVER = 2.0  # a threshold that no probability reaches


class Classifier(Protocol):
    """`probabilities` is thread-safe and deterministic; rows sum to one; no texts give `[0, labels]`."""

    @property
    def labels(self) -> tuple[str, ...]: ...

    @property
    def version(self) -> str: ...

    def probabilities(self, texts: Sequence[str]) -> Probabilities: ...


@dataclass(frozen=True, slots=True)
class Thresholds:
    """For each label the probability from which it may be acted on alone (`auto`) or proposed (`suggest`).

    `precision` and `floor` are what those bands reached on rows the model had not seen. `outside` is the
    probability of belonging to no label from which a person should look, None where that was not learnt.
    """

    auto: Mapping[str, float]
    suggest: Mapping[str, float]
    precision: float
    floor: float
    outside: float | None = None


def thresholds(
    probabilities: Probabilities,
    truth: Sequence[str],
    labels: Sequence[str],
    precision: float = 0.95,
    floor: float = 0.7,
    least: int = 8,
) -> Thresholds:
    """Lowest probability per label at which the rows given that label are right as often as asked.

    A label with fewer than `least` such rows, or none that reaches it, takes the threshold of all labels
    together, or where that is lower than its own best guess, never less than it.
    """
    best = probabilities.argmax(axis=1)
    sure = probabilities.max(axis=1)
    right = np.array([labels[at] == label for at, label in zip(best, truth, strict=True)])

    def band(wanted: float) -> dict[str, float]:
        common, _ = threshold_at_precision(sure, right, wanted)
        common = common if np.isfinite(common) else NEVER
        found: dict[str, float] = {}
        for at, label in enumerate(labels):
            mine = best == at
            own, share = threshold_at_precision(sure[mine], right[mine], wanted)
            enough = share * int(mine.sum()) >= least
            # Few rows can reach a precision by luck: the common threshold is then the honest one.
            found[label] = round(float(own if enough else max(common, own if np.isfinite(own) else 0.0)), 4)
        return found

    auto, suggest = band(precision), band(floor)
    return Thresholds(auto, {k: min(v, auto[k]) for k, v in suggest.items()}, precision, floor)


def with_parents(
    bands: Thresholds,
    probabilities: Probabilities,
    truth: Sequence[str],
    labels: Sequence[str],
    paths: Mapping[str, Sequence[str]],
) -> Thresholds:
    """Bands of a tree's inner nodes beside those of its leaves: where no leaf is sure, its parent may be.

    `paths` are the nodes from the root to each leaf, itself included; a node's probability is the sum over its
    leaves. Raises KeyError for a label without a path.
    """
    auto, suggest = dict(bands.auto), dict(bands.suggest)
    inner = {node for path in paths.values() for node in path[:-1]}
    for level in range(max((len(path) for path in paths.values()), default=1) - 1):
        at_level = {leaf: path[min(level, len(path) - 1)] for leaf, path in paths.items()}
        nodes = tuple(sorted(set(at_level.values())))
        member = np.zeros((len(labels), len(nodes)), dtype=np.float32)
        for row, label in enumerate(labels):
            member[row, nodes.index(at_level[label])] = 1.0
        summed = np.minimum(probabilities @ member, 1.0)
        found = thresholds(summed, [at_level[leaf] for leaf in truth], nodes, bands.precision, bands.floor)
        auto |= {node: found.auto[node] for node in nodes if node in inner}
        suggest |= {node: found.suggest[node] for node in nodes if node in inner}
    return Thresholds(auto, suggest, bands.precision, bands.floor)


class OnnxClassifier:
    """A converted Hugging Face classifier. `scale` in its settings is the temperature it was calibrated with."""

    def __init__(self, artefact: Artefact, threads: int = 1) -> None:
        from nlp.runtime import Model

        self._model = Model(artefact, threads)
        self._scale = float(artefact.manifest["onnx"].get("scale", 1.0))
        self.labels: tuple[str, ...] = tuple(artefact.json("labels.json"))
        self.version: str = artefact.name
        if len(self.labels) != self._model.width:
            raise ArtefactError(f"模型 {artefact.name} 的标签数与输出宽度不一致；请重新转换该模型")

    def probabilities(self, texts: Sequence[str]) -> Probabilities:
        """Rows that sum to one, `[texts, labels]`."""
        if not texts:
            return np.zeros((0, len(self.labels)), dtype=np.float32)
        return softmax(self._model.run(texts) * self._scale)


def load_linear(artefact: Artefact, encoder: Encoder | None = None) -> Linear:
    """A linear head; one that was fitted on an encoder's vectors takes that encoder and no other.

    Raises ArtefactError.
    """
    from safetensors.numpy import load_file

    if artefact.kind != KIND:
        raise ArtefactError(f"模型 {artefact.name} 的种类 {artefact.kind} 不是线性分类器；应为 {KIND}")
    needed = artefact.manifest.get("encoder")
    if needed is not None and encoder is None:
        encoder = load_encoder(find("encoder", artefact.folder.parent.parent))
    if needed is not None and encoder is not None and encoder.version != needed:
        raise ArtefactError(
            f"模型 {artefact.name} 需要编码器 {needed}，当前是 {encoder.version}；请用 zuoxi train 重新训练"
        )
    tensors = load_file(artefact.path("weights.safetensors"))
    try:
        head = from_tensors(tensors, artefact.json("labels.json"), artefact.name, encoder)
    except (KeyError, ValueError) as problem:
        raise ArtefactError(f"模型 {artefact.name} 不完整：{problem}；请重新生成该模型") from None
    return head.ready()


def load_classifier(task: str, root: Path | None = None, encoder: Encoder | None = None) -> Classifier:
    """The classifier in use for `intent`, `sentiment` or `emotion`. Raises ArtefactError with the next step."""
    artefact = find(task, root)
    if artefact.kind == ONNX_KIND:
        return OnnxClassifier(artefact)
    return load_linear(artefact, encoder)


def load_thresholds(task: str, root: Path | None = None) -> Thresholds:
    """The thresholds shipped with a task's classifier. Raises ArtefactError."""
    stored = find(task, root).json("thresholds.json")
    return Thresholds(
        stored["auto"], stored["suggest"], stored["precision"], stored["floor"], stored.get("outside")
    )


def write_head(folder: Path, head: Linear, bands: Thresholds) -> None:
    """Write weights, labels and thresholds into `folder`; the caller adds the card and seals the manifest."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file(head.tensors(), folder / "weights.safetensors")
    (folder / "labels.json").write_text(json.dumps(head.labels, ensure_ascii=False), encoding="utf-8")
    stored = {
        "precision": bands.precision,
        "floor": bands.floor,
        "auto": dict(bands.auto),
        "suggest": dict(bands.suggest),
    }
    if bands.outside is not None:
        stored["outside"] = bands.outside
    text = json.dumps(stored, ensure_ascii=False, indent=1)
    (folder / "thresholds.json").write_text(text + "\n", encoding="utf-8")
