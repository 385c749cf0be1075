"""Recipe of the shipped encoder: `train(data, models)` writes `models/encoder/<version>/` and its card."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nlp.artefacts import verify, write_manifest
from nlp.encode import Encoder, Vocabulary, load_encoder, save_static
from nlp.evaluate.pairs import pair_figures
from nlp.evaluate.prepare import prepare
from nlp.evaluate.retrieval import evaluate_retrieval, read_collection
from nlp.train.contrast import Examples, gather
from nlp.train.corpus import held_out, read_rows, sources
from nlp.train.encoder_card import card
from nlp.train.learn import Progress, Settings, Trainer
from nlp.train.vocabulary import count, starting_rows

_PAIRS = ("atec.valid", "bq.dev", "lcqmc.dev", "afqmc.dev", "covid.dev")
_SECTIONS = "kb/tidb.sections"
_VECTORS = "vectors/tencent_char_200d"
_SAMPLE = 150_000  # texts that the starting vectors are computed from


def start(
    data: Path, settings: Settings, progress: Progress
) -> tuple[Examples, Vocabulary, NDArray[np.float32]]:
    """Examples, vocabulary and starting vectors."""
    progress("读取语料", 0, 3, {})
    examples = gather(data, held_out(data), settings.limit)
    texts = list(examples.texts())
    progress("统计特征", 1, 3, {})
    counted = count(texts, settings.bigrams, settings.words)
    vocabulary = counted.vocabulary.ready()
    random = np.random.default_rng(settings.seed)
    sample = vocabulary.count([texts[at] for at in random.permutation(len(texts))[:_SAMPLE]])
    progress("初始化向量", 2, 3, {})
    rows = starting_rows(data, counted, sample, settings.dim, settings.seed)
    progress("初始化向量", 3, 3, {"features": float(len(vocabulary))})
    return examples, vocabulary, rows


def figures_of(data: Path, encoder: Encoder) -> dict[str, float]:
    """Development figures of any encoder; sets that are absent are left out."""
    figures: dict[str, float] = {}
    for name in _PAIRS:
        if (data / f"pairs/{name}.jsonl.xz").is_file():
            rows = [_as_pair(row) for row in read_rows(data, f"pairs/{name}")]
            if rows:
                scored = pair_figures(rows, encoder)
                figures |= {f"{name}:{measure}": value for measure, value in scored.items()}
    sections = data / f"{_SECTIONS}.jsonl.xz"
    if sections.is_file():
        with tempfile.TemporaryDirectory() as folder:
            prepare(sections, Path(folder))
            scored = evaluate_retrieval(read_collection(Path(folder)), encoder)
        figures |= {f"tidb:{measure}": value for measure, value in scored.items() if ":" in measure}
    return figures | _speed(data, encoder)


def _as_pair(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"a": row["a"], "b": row["b"], "label": row["label"]}


def _speed(data: Path, encoder: Encoder) -> dict[str, float]:
    path = data / "pairs/lcqmc.dev.jsonl.xz"
    if not path.is_file():
        return {}
    texts = [row["a"] for row in read_rows(data, "pairs/lcqmc.dev")]
    encoder.encode(texts[:500])
    begun = time.perf_counter()
    encoder.encode(texts)
    batched = len(texts) / (time.perf_counter() - begun)
    alone = []
    for text in texts[:500]:
        begun = time.perf_counter()
        encoder.encode([text])
        alone.append(time.perf_counter() - begun)
    return {"speed:batch_texts_per_s": round(batched), "speed:one_text_ms_p50": float(np.median(alone)) * 1e3}


def _seal(folder: Path, data: Path, rows: Mapping[str, int], settings: Settings) -> dict[str, float]:
    counted = {**rows, _VECTORS: 4762}
    listed = sources(counted, counted)
    more: dict[str, Any] = {"dim": settings.dim, "settings": asdict(settings)}
    # Sealed twice: the figures are those of the files as written, so they are known only after a first seal.
    figures = figures_of(
        data, load_encoder(write_manifest(folder, "encoder", "static", listed, {}, None, **more))
    )
    command = f"python -m nlp.train.encoder ../shared/data models  # seed {settings.seed}"
    (folder / "card.md").write_text(card(folder.name, listed, figures, command), encoding="utf-8")
    write_manifest(folder, "encoder", "static", listed, figures, None, **more)
    return figures


def train(
    data: Path,
    out: Path,
    *,
    epochs: int | None = None,
    dim: int = 256,
    seed: int = 7,
    limit: int | None = None,
    version: str = "static-1",
    progress: Progress = lambda *_: None,
) -> Path:
    """Train and write `out/encoder/<version>/`; returns that folder. The same seed gives the same weights.

    `data` is the folder of public sets, `out` a models folder, `limit` caps the rows of each set (for tests).
    Raises CorpusError for missing data.
    """
    torch.set_num_threads(1)  # more would change the order of sums, and the weights with it
    chosen = Settings(dim=dim, seed=seed, limit=limit)
    settings = chosen if epochs is None else Settings(epochs=epochs, dim=dim, seed=seed, limit=limit)
    examples, vocabulary, rows = start(data, settings, progress)
    trainer = Trainer(examples, vocabulary, rows, settings)
    table = trainer.run(progress)
    folder = out / "encoder" / version
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    save_static(folder, vocabulary, table)
    figures = _seal(folder, data, examples.rows, settings)
    progress("完成", 1, 1, {name: value for name, value in figures.items() if name.endswith("spearman")})
    verify(folder)
    return folder


def main() -> None:
    """`python -m nlp.train.encoder DATA MODELS`: train with the chosen settings and print progress."""
    import sys

    def show(step: str, done: int, total: int, figures: Mapping[str, float]) -> None:
        sys.stderr.write(f"\r{step} {done}/{total} {json.dumps(figures, ensure_ascii=False)}   ")
        sys.stderr.flush()

    print(train(Path(sys.argv[1]), Path(sys.argv[2]), progress=show))


if __name__ == "__main__":
    main()
