"""Recipe of the transformer encoder: `train(data, models)` writes `models/encoder/<version>/` and its card."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from nlp.artefacts import Artefact, verify, write_manifest
from nlp.encode import load_encoder
from nlp.train.add import add
from nlp.train.contrast import gather
from nlp.train.corpus import HeldOut, held_out, sources
from nlp.train.encoder import figures_of
from nlp.train.encoder_card import TRANSFORMER, card
from nlp.train.learn import Progress
from nlp.train.transformer.checkpoint import Checkpoint
from nlp.train.transformer.pairs import Pairs, Texts, pair
from nlp.train.transformer.pretrain import new_body, pretrain, start_from_characters
from nlp.train.transformer.size import SIZES, Size
from nlp.train.transformer.tokens import (
    END,
    MASK,
    PAD,
    SPECIAL,
    START,
    UNKNOWN,
    blocks,
    make_tokeniser,
    read_texts,
)

_VECTORS = "vectors/tencent_char_200d"


def _mark(size: Size, seed: int, rows: Mapping[str, int]) -> str:
    told = json.dumps([asdict(size), seed, dict(rows)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def _tokeniser(path: Path, texts: list[str], size: Size) -> Any:
    from tokenizers import Tokenizer

    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        make_tokeniser(texts, size.vocabulary).save(str(path))
    return Tokenizer.from_file(str(path))


def _learn(
    data: Path, held: HeldOut, size: Size, seed: int, work: Path, progress: Progress
) -> dict[str, int]:
    """Both stages; leaves a Hugging Face folder in `work/body`. Returns the rows used of each set."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    progress("读取语料", 0, 1, {})
    texts, rows = read_texts(data, held, size.limit)
    mark = _mark(size, seed, rows)
    tokeniser = _tokeniser(work / f"tokenizer.{mark[:12]}.json", texts, size)
    torch.manual_seed(seed)
    body = new_body(size, tokeniser.get_vocab_size())
    start_from_characters(body, tokeniser, data, seed)
    kept = Checkpoint(work / "masked.safetensors", mark)
    pretrain(body, blocks(tokeniser, texts, size.block, seed), size, seed, kept, device, progress)
    examples = gather(data, held, size.limit)
    pairs = Pairs(examples, Texts(tokeniser, size.longest))
    pair(body, pairs, size, seed, Checkpoint(work / "paired.safetensors", mark), device, progress)
    _save(body, tokeniser, size, work / "body")
    return {**rows, **examples.rows}


def _save(body: Any, tokeniser: Any, size: Size, folder: Path) -> None:
    from transformers import PreTrainedTokenizerFast

    shutil.rmtree(folder, ignore_errors=True)
    body.cpu().save_pretrained(folder)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokeniser,
        pad_token=SPECIAL[PAD],
        unk_token=SPECIAL[UNKNOWN],
        cls_token=SPECIAL[START],
        sep_token=SPECIAL[END],
        mask_token=SPECIAL[MASK],
        model_max_length=2 * size.longest,  # it never learned from longer texts
        model_input_names=["input_ids", "attention_mask"],
    )
    fast.save_pretrained(folder)


def _seal(
    artefact: Artefact, data: Path, rows: Mapping[str, int], size: Size, seed: int, command: str
) -> dict[str, float]:
    counted = {**rows, _VECTORS: 4762}
    listed = sources(counted, counted)
    figures = figures_of(data, load_encoder(artefact))
    text = card(artefact.folder.name, listed, figures, command, TRANSFORMER)
    (artefact.folder / "card.md").write_text(text, encoding="utf-8")
    more: dict[str, Any] = {"onnx": artefact.manifest["onnx"], "settings": asdict(size) | {"seed": seed}}
    write_manifest(artefact.folder, "encoder", "onnx-encoder", listed, figures, None, **more)
    return figures


def train(
    data: Path,
    out: Path,
    *,
    size: Size = SIZES["cpu"],
    version: str = "transformer-1",
    seed: int = 7,
    threads: int = 2,
    work: Path | None = None,
    progress: Progress = lambda *_: None,
) -> Path:
    """Train and write `out/encoder/<version>/`; returns that folder.

    On a card (CUDA) where there is one. `work` keeps checkpoints, so that the same call goes on after a kill;
    it is removed at the end unless it was named. The tokeniser there is used again (its trainer breaks ties at
    random); with it the same seed, size and number of threads give the same weights on one machine. Raises CorpusError for missing data.
    """
    torch.set_num_threads(threads)
    place = work or out / f".{version}.work"
    rows = _learn(data, held_out(data), size, seed, place, progress)
    progress("导出", 0, 1, {})
    target = out / "encoder" / version
    shutil.rmtree(target, ignore_errors=True)
    artefact = add(place / "body", out, task="encoder", version=version, quantise=True, clean=True)
    name = next((name for name, known in SIZES.items() if known == size), "cpu")
    command = f"python -m nlp.train.transformer ../shared/data models --size {name} --threads {threads}  # seed {seed}"
    figures = _seal(artefact, data, rows, size, seed, command)
    progress("完成", 1, 1, {key: value for key, value in figures.items() if key.endswith("spearman")})
    if work is None:
        shutil.rmtree(place, ignore_errors=True)
    verify(target)
    return target
