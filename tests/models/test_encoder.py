"""The shipped encoder: pinned numbers, floors, and a complete card."""

from __future__ import annotations

import json
import lzma
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from nlp.artefacts import Artefact, ArtefactError, find, models_root, verify, write_manifest
from nlp.encode import Encoder, load_encoder

PINNED = {
    "怎么申请退款": [0.1608, 0.0981, -0.0398, 0.0237, -0.0167, 0.0669],
    "快递三天没有更新了": [0.1405, 0.0185, -0.0716, 0.0968, -0.0930, 0.0667],
}
FLOORS = {
    "atec.valid:spearman": 0.37,
    "bq.dev:spearman": 0.52,
    "lcqmc.dev:spearman": 0.48,
    "covid.dev:spearman": 0.73,
    "tidb:dense:ndcg@10": 0.27,
}
DATA = Path(__file__).resolve().parents[3] / "shared/data"


@pytest.fixture(scope="module")
def artefact() -> Artefact:
    """The current encoder, verified."""
    return find("encoder")


@pytest.fixture(scope="module")
def encoder(artefact: Artefact) -> Encoder:
    """Loaded as the service loads it."""
    return load_encoder(artefact)


@pytest.mark.parametrize("text", sorted(PINNED))
def test_known_sentences_have_known_vectors(encoder: Encoder, text: str) -> None:
    """The first components of two sentences, to a thousandth."""
    assert encoder.encode([text])[0, :6] == pytest.approx(PINNED[text], abs=1e-3)


def test_the_figures_stay_above_their_floors(artefact: Artefact) -> None:
    """The manifest's development figures are at least what this release promised."""
    figures = artefact.manifest["figures"]
    assert {name: figures[name] for name in FLOORS if figures[name] < FLOORS[name]} == {}


def test_meaning_beats_shared_words(encoder: Encoder) -> None:
    """A paraphrase is nearer than a sentence about something else."""
    asked, same, other = encoder.encode(["怎么申请退款", "如何退钱", "发票什么时候开"])
    assert asked @ same > asked @ other + 0.2


def test_a_short_text_takes_well_under_a_millisecond(encoder: Encoder) -> None:
    """Floor of speed that holds on a busy machine: 2,000 texts in a second."""
    import time

    texts = [f"订单{number}的快递到哪里了" for number in range(2000)]
    begun = time.process_time()
    assert np.isfinite(encoder.encode(texts)).all()
    assert time.process_time() - begun < 1


def test_the_card_is_complete(artefact: Artefact) -> None:
    """Every set with its licence, every figure, limits, and how to make it again."""
    card = artefact.path("card.md").read_text(encoding="utf-8")
    for item in artefact.manifest["data"]:
        assert item["set"] in card
        assert item["licence"] in card
    assert all(name in card for name in artefact.manifest["figures"])
    assert "局限" in card
    assert "nlp.train.encoder" in card
    notice = (artefact.folder.parents[1] / "NOTICE").read_text(encoding="utf-8")
    assert all(item["set"] in notice for item in artefact.manifest["data"])


def test_it_is_small_enough_to_commit(artefact: Artefact) -> None:
    """Below 35 MB on disk."""
    assert sum(stated["bytes"] for stated in artefact.manifest["files"].values()) < 35_000_000


def test_serving_needs_no_torch(encoder: Encoder) -> None:
    """Loading and using the encoder imports neither torch nor onnxruntime."""
    import subprocess

    code = (
        "import sys; sys.modules['torch'] = sys.modules['onnxruntime'] = None; "
        "from nlp.encode import load_encoder; print(load_encoder().encode(['你好']).shape[1])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == encoder.dim


@pytest.mark.skipif(not DATA.is_dir(), reason="the measuring sets are not beside the repository")
def test_a_printed_figure_can_be_measured_again(artefact: Artefact, encoder: Encoder) -> None:
    """The manifest's LCQMC dev figure is what the pairs evaluation gives today."""
    from nlp.evaluate.pairs import pair_figures

    with lzma.open(DATA / "pairs/lcqmc.dev.jsonl.xz", "rt", encoding="utf-8") as lines:
        figures = pair_figures([json.loads(line) for line in lines], encoder)
    assert figures["spearman"] == pytest.approx(artefact.manifest["figures"]["lcqmc.dev:spearman"], abs=1e-4)


BETTER = {
    "atec.valid:spearman": 0.43,
    "bq.dev:spearman": 0.58,
    "lcqmc.dev:spearman": 0.53,
    "covid.dev:spearman": 0.77,
    "tidb:dense:ndcg@10": 0.27,
}
PINNED_TRANSFORMER = {
    "怎么申请退款": [0.0984, -0.1232, 0.1032, 0.0212, -0.0263, 0.0139],
    "快递三天没有更新了": [0.1017, -0.0983, 0.114, -0.0133, -0.0294, -0.0131],
}


@pytest.fixture(scope="module")
def joined() -> Encoder:
    """The better encoder that a site may choose: the static one and the transformer side by side."""
    return load_encoder(find("encoder", version="joined-1"))


def test_the_better_encoder_keeps_what_it_promised() -> None:
    """The manifest's development figures of the joined encoder are above their floors."""
    figures = find("encoder", version="joined-1").manifest["figures"]
    assert {name: figures[name] for name in BETTER if figures[name] < BETTER[name]} == {}


@pytest.mark.parametrize("text", sorted(PINNED_TRANSFORMER))
def test_the_transformer_gives_known_vectors(text: str) -> None:
    """The first components of two sentences; int8 kernels differ a little between processors."""
    vectors = load_encoder(find("encoder", version="transformer-1")).encode([text])
    assert vectors[0, :6] == pytest.approx(PINNED_TRANSFORMER[text], abs=1e-2)


def test_a_joined_cosine_is_the_weighted_mean_of_its_parts(encoder: Encoder, joined: Encoder) -> None:
    """One to one point one, static and transformer; rows are of length one."""
    other = load_encoder(find("encoder", version="transformer-1"))
    texts = ["怎么申请退款", "如何退钱"]
    first, second, both = (part.encode(texts) for part in (encoder, other, joined))
    mean = (first[0] @ first[1] + 1.1 * (second[0] @ second[1])) / 2.1
    assert both[0] @ both[1] == pytest.approx(mean, abs=1e-4)
    assert np.linalg.norm(both, axis=1) == pytest.approx(1, abs=1e-5)
    assert joined.dim == encoder.dim + other.dim


def test_a_joined_encoder_refuses_parts_that_were_replaced(tmp_path: Path) -> None:
    """The vectors on disk are those of the parts it was made of."""
    shutil.copytree(models_root() / "encoder", tmp_path / "encoder")
    other = tmp_path / "encoder" / "transformer-1"
    made = json.loads((other / "manifest.json").read_text(encoding="utf-8"))
    (other / "card.md").write_text("# another", encoding="utf-8")
    write_manifest(other, "encoder", made["kind"], made["data"], made["figures"], None, onnx=made["onnx"])
    with pytest.raises(ArtefactError, match="已被替换"):
        load_encoder(verify(tmp_path / "encoder" / "joined-1"))
