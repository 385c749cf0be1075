"""Turn a Hugging Face encoder or classifier into an artefact that serving loads: ONNX, tokenizer and manifest.

Reads a hub name or a local folder once; the result needs no torch. Parity with torch is measured on the way
and a conversion that drifted is refused.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.artefacts import Artefact, ArtefactError, write_manifest
from nlp.runtime import Model, to_int8
from nlp.text import normalise
from nlp.train.convert import (
    PROBES,
    ClassifierModule,
    EncoderModule,
    Kind,
    Pooling,
    Recipe,
    drift,
    export,
    reference,
)

_MOST_TOKENS = 512


class AddError(ArtefactError):
    """A model that cannot be converted, or whose conversion is not faithful."""


def read_recipe(folder: Path) -> Recipe:
    """Pooling and normalisation as a sentence-transformers folder states them; mean, unit length without one.

    Raises AddError for a module that has no counterpart here.
    """
    listing = folder / "modules.json"
    if not listing.is_file():
        return Recipe()
    pooling: Pooling = "mean"
    normalise = False
    for module in json.loads(listing.read_text(encoding="utf-8")):
        kind = module["type"].rpartition(".")[2]
        if kind == "Pooling":
            pooling = _pooling(folder / module["path"] / "config.json")
        elif kind == "Normalize":
            normalise = True
        elif kind != "Transformer":
            raise AddError(f"{folder} 含有不支持的模块 {kind}；只支持 Transformer、Pooling、Normalize")
    return Recipe(pooling, normalise)


def _pooling(path: Path) -> Pooling:
    config = json.loads(path.read_text(encoding="utf-8"))
    old = {
        "pooling_mode_mean_tokens": "mean",
        "pooling_mode_cls_token": "cls",
        "pooling_mode_max_tokens": "max",
    }
    modes = (
        [config["pooling_mode"]]
        if isinstance(config.get("pooling_mode"), str)
        else config.get("pooling_mode")
    )
    if modes is None:
        modes = [name for flag, name in old.items() if config.get(flag)]
    known: dict[str, Pooling] = {"mean": "mean", "cls": "cls", "max": "max"}
    if len(modes) != 1 or modes[0] not in known:
        raise AddError(f"{path} 的池化方式 {modes} 不支持；只支持 mean、cls、max 之一")
    return known[modes[0]]


def _fetch(name: str | Path) -> Path:
    folder = Path(name)
    if folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download

    try:
        wanted = ["*.json", "*.safetensors", "*.txt", "*.model", "1_Pooling/*"]
        return Path(snapshot_download(str(name), allow_patterns=wanted))
    except Exception as problem:
        raise AddError(
            f"找不到 {name}：既不是本地目录，也无法下载（{type(problem).__name__}）；请先下载到本地目录"
        ) from problem


def _load(folder: Path, kind: Kind) -> tuple[Any, Any]:
    from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

    inner = folder / "0_Transformer"
    source = inner if inner.is_dir() else folder
    loader = AutoModel if kind == "encoder" else AutoModelForSequenceClassification
    try:
        tokeniser = AutoTokenizer.from_pretrained(source, use_fast=True)
        # Eager attention traces into plain operators; safetensors alone, because pickled weights run code.
        model = loader.from_pretrained(source, attn_implementation="eager", use_safetensors=True)
    except (OSError, ValueError) as problem:
        raise AddError(f"{folder} 不是可读取的 {kind}：{problem}") from problem
    if not getattr(tokeniser, "is_fast", False):
        raise AddError(f"{folder} 没有 tokenizer.json，也无法转换；请换用带快速分词器的模型")
    return model.eval(), tokeniser


def _longest(folder: Path, model: Any, tokeniser: Any) -> int:
    stated = [_MOST_TOKENS, int(getattr(tokeniser, "model_max_length", _MOST_TOKENS) or _MOST_TOKENS)]
    positions = getattr(model.config, "max_position_embeddings", None)
    if positions:
        # RoBERTa counts positions from behind the padding id.
        offset = (model.config.pad_token_id or 0) + 1 if "roberta" in model.config.model_type else 0
        stated.append(int(positions) - offset)
    extra = folder / "sentence_bert_config.json"
    if extra.is_file():
        stated.append(
            int(json.loads(extra.read_text(encoding="utf-8")).get("max_seq_length") or _MOST_TOKENS)
        )
    return min(stated)


def _labels(model: Any) -> list[str]:
    names = model.config.id2label
    return [str(names[at]) for at in range(model.config.num_labels)]


def add(
    name: str | Path,
    out: Path,
    kind: Kind = "encoder",
    *,
    task: str | None = None,
    version: str | None = None,
    quantise: bool = False,
    clean: bool = False,
    tolerance: float | None = None,
    licence: str = "see the model's own page",
) -> Artefact:
    """Convert a model and write `out/<task>/<version>/`; returns the verified artefact.

    `clean`: the model was trained on our normalised text (`nlp.text.normalise`), and is served that.
    `task` is `encoder` for an encoder, and must be named for a classifier (`intent`, …). The largest difference
    to torch (1 − cosine, or probability) on fixed probe texts is recorded; above `tolerance` (1e-4, or 0.02
    when quantised to int8) nothing is left behind. For an encoder the largest change of a cosine between two
    probes is recorded too: what a search feels. Raises AddError.
    """
    folder = _fetch(name)
    model, tokeniser = _load(folder, kind)
    names = [
        one for one in ("input_ids", "attention_mask", "token_type_ids") if one in tokeniser.model_input_names
    ]
    recipe = read_recipe(folder)
    module = EncoderModule(model, recipe, names) if kind == "encoder" else ClassifierModule(model, names)
    task = task or ("encoder" if kind == "encoder" else "classifier")
    version = version or re.sub(r"[^a-z0-9.]+", "-", Path(str(name)).name.lower()).strip("-")
    target = out / task / version
    if target.exists():
        raise AddError(f"{target} 已存在；请先移走，或另取版本号")
    target.mkdir(parents=True)
    try:
        longest = _longest(folder, model, tokeniser)
        export(module, tokeniser, names, target / "model.onnx")
        if quantise:
            to_int8(target / "model.onnx")
        tokeniser.backend_tokenizer.save(str(target / "tokenizer.json"))
        # What was trained on normalised text is compared on it: serving normalises before it tokenises.
        probes = [normalise(text) for text in PROBES] if clean else PROBES
        wanted = reference(module, tokeniser, names, longest, probes)
        if kind == "classifier":
            (target / "labels.json").write_text(
                json.dumps(_labels(model), ensure_ascii=False), encoding="utf-8"
            )
        settings = {
            "width": wanted.shape[1],
            "max_length": longest,
            "pad": tokeniser.pad_token_id or 0,
            "normalise": clean,
            "int8": quantise,
        }
        return _seal(target, task, kind, wanted, settings, licence, tolerance or (0.02 if quantise else 1e-4))
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


def _shift(wanted: NDArray[np.float32], got: NDArray[np.float32]) -> float:
    """Largest change of a cosine between two probes: what a search feels of a conversion."""
    first, second = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (wanted, got))
    return float(np.abs(first @ first.T - second @ second.T).max())


def _seal(
    target: Path,
    task: str,
    kind: Kind,
    wanted: NDArray[np.float32],
    settings: dict[str, Any],
    licence: str,
    tolerance: float,
) -> Artefact:
    # Sealed once to be loaded as serving loads it, and again with what that showed.
    data = [{"set": target.name, "licence": licence, "rows": 0}]
    first = write_manifest(target, task, f"onnx-{kind}", data, {}, None, onnx=settings)
    served = Model(first).run(PROBES)
    apart = drift(kind, wanted, served)
    if not apart <= tolerance:
        raise AddError(
            f"转换后的模型与原模型相差 {apart:.5f}，超过容许的 {tolerance:g}；请不用 int8，或放宽 tolerance"
        )
    figures = {"parity": apart}
    if kind == "encoder":
        figures["similarity shift"] = _shift(wanted, served)
    card = [f"# {task}/{target.name}", "", f"由 zuoxi models add 转换，种类 onnx-{kind}。", ""]
    card += [
        f"* 许可：{licence}",
        f"* 与原模型的最大差别：{apart:.2e}（容许 {tolerance:g}）",
        f"* 设置：{settings}",
        "",
    ]
    (target / "card.md").write_text("\n".join(card), encoding="utf-8")
    return write_manifest(target, task, f"onnx-{kind}", data, figures, None, onnx=settings)
