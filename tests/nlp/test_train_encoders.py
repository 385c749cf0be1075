"""The recipes of the two encoders, from a made-up data folder to vectors that serving loads."""

from __future__ import annotations

import json
import lzma
import shutil
from dataclasses import replace
from itertools import cycle, islice, pairwise
from pathlib import Path

import numpy as np
import pytest

from nlp.artefacts import verify
from nlp.encode import load_encoder
from nlp.train.corpus import TRAINED, reserved

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("ignore")]

THINGS = ("退货", "发票", "物流", "保修", "优惠券", "会员积分", "收货地址", "支付密码")
WAYS = ("怎么{}", "{}在哪里看", "我要{}", "{}出问题了怎么办", "请问{}要多久", "帮我查一下{}")
SENTENCES = [way.format(thing) for thing in THINGS for way in WAYS]


def _rows(name: str, count: int = 60) -> list[dict[str, object]]:
    said = list(islice(cycle(SENTENCES), count + 1))
    pairs = list(pairwise(said))
    if name == "pairs/triclue.train":
        return [{"query": a, "positive": a + "呢", "negative": b} for a, b in pairs]
    if name == "pairs/beike.train":
        return [{"query": a, "reply": b, "label": at % 2} for at, (a, b) in enumerate(pairs)]
    if name.startswith("pairs/"):
        return [{"a": a, "b": a + "啊" if at % 2 else b, "label": at % 2} for at, (a, b) in enumerate(pairs)]
    if name.startswith("kb/"):
        return [
            {"doc": f"{at}.md", "title": a, "heading": f"{a}（{at}）", "text": b * 3}
            for at, (a, b) in enumerate(pairs)
        ]
    if name.startswith("answers/"):
        return [{"question": a, "answer": b * 2, "title": a, "source": "x"} for a, b in pairs]
    return [{"text": f"{a}{at}", "label": 1} for at, (a, _) in enumerate(pairs)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every trained set, small, in our own words."""
    folder = tmp_path_factory.mktemp("data")
    for name in TRAINED:
        if name.startswith(("lexicon/", "vectors/")):
            continue
        path = folder / f"{name}.jsonl.xz"
        path.parent.mkdir(exist_ok=True)
        with lzma.open(path, "wt", encoding="utf-8") as out:
            out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in _rows(name))
    letters = sorted({letter for sentence in SENTENCES for letter in sentence})
    (folder / "vectors").mkdir()
    vectors = np.random.default_rng(3).standard_normal((len(letters) + 2, 200)).astype(np.float32)
    np.savez(folder / "vectors/tencent_char_200d.npz", embeddings=vectors)
    listed = json.dumps([*letters, "<UNK>", "<PAD>"], ensure_ascii=False)
    (folder / "vectors/tencent_char_200d.vocab.json").write_text(listed, encoding="utf-8")
    return folder


class Killed(Exception):
    """Stands for the end of the process."""


def test_the_transformer_goes_on_after_a_kill_and_ends_the_same(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in both stages and called again, the recipe writes what an unbroken one writes, byte for byte."""
    from nlp.train.transformer import checkpoint
    from nlp.train.transformer.recipe import train
    from nlp.train.transformer.size import SIZES

    monkeypatch.setattr(checkpoint, "_EVERY", 0.0)
    deaths = {"猜字": 1, "配对": 1}

    def dying(step: str, done: int, _total: int, _figures: dict[str, float]) -> None:
        if done >= 20 and deaths.pop(step, 0):
            raise Killed

    size = replace(SIZES["tiny"], masked_epochs=20.0, paired_epochs=2.0)  # enough steps to die among them
    work = tmp_path / "work"
    whole = train(data, tmp_path / "whole", size=size, threads=1, work=work)
    # The trainer of word pieces breaks its ties at random: the tokeniser is kept, all else follows from the seed.
    for path in work.iterdir():
        if not path.name.startswith("tokenizer"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for _ in range(2):
        with pytest.raises(Killed):
            train(data, tmp_path / "broken", size=size, threads=1, work=work, progress=dying)
    again = train(data, tmp_path / "broken", size=size, threads=1, work=work, progress=dying)
    assert not deaths
    assert (again / "model.onnx").read_bytes() == (whole / "model.onnx").read_bytes()
    encoder = load_encoder(verify(again))
    vectors = encoder.encode([*SENTENCES[:4], "", "退貨"])
    assert vectors.shape == (6, size.width)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    assert "nlp.train.transformer" in (again / "card.md").read_text(encoding="utf-8")


def test_the_static_encoder_is_the_same_for_the_same_seed(data: Path, tmp_path: Path) -> None:
    """Two runs of one seed write the same weights."""
    from nlp.train.encoder import train

    made = [train(data, tmp_path / name, epochs=1, dim=16, limit=40) for name in ("a", "b")]
    first, second = (folder / "weights.safetensors" for folder in made)
    assert first.read_bytes() == second.read_bytes()


def test_pages_kept_for_search_weights_are_not_paired(data: Path) -> None:
    """No heading of a reserved page is among the examples of either encoder."""
    from nlp.train.contrast import gather
    from nlp.train.corpus import held_out

    pages = {row["heading"]: str(row["doc"]) for row in _rows("kb/d365.sections")}
    paired = {heading for heading, _, _ in gather(data, held_out(data)).together["kb/d365.sections"]}
    assert {pages[heading] for heading in paired & pages.keys()} == {
        page for page in pages.values() if not reserved(page)
    }
