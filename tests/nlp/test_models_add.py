"""A Hugging Face model becomes an artefact that serving loads; tiny random models, no network."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nlp.artefacts import ArtefactError, find, verify
from nlp.encode import load_encoder

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("ignore")]

TEXTS = ["我要退货", "快递到哪里了，三天没有更新", "好", ""]


def _tokeniser(folder: Path) -> object:
    characters = sorted(set("我要退货快递到哪里了，三天没有更新好运费谁出？帮查一下物流发票抬头开错"))
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters]
    folder.mkdir(parents=True, exist_ok=True)
    words = folder / "vocab.txt"
    words.write_text("\n".join(names), encoding="utf-8")
    tokeniser = transformers.BertTokenizerFast(vocab=str(words), model_max_length=64)
    tokeniser.save_pretrained(folder)
    return tokeniser


def _config(vocabulary: int = 64, **more: object) -> object:
    return transformers.BertConfig(
        vocab_size=vocabulary, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=64, **more,
    )  # fmt: skip


@pytest.fixture
def encoder_folder(tmp_path: Path) -> Path:
    """A plain transformers encoder."""
    torch.manual_seed(1)
    folder = tmp_path / "Tiny BERT"
    _tokeniser(folder)
    transformers.BertModel(_config()).eval().save_pretrained(folder)
    return folder


def test_an_encoder_is_served_as_torch_computes_it(encoder_folder: Path, tmp_path: Path) -> None:
    """Mean pooling and unit length by default; the served vectors are those of torch."""
    from nlp.train.add import add

    artefact = add(encoder_folder, tmp_path / "models", licence="MIT")
    encoder = load_encoder(artefact)
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (4, 32) == (4, encoder.dim)
    assert encoder.version == "encoder/tiny-bert"
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    tokeniser = transformers.AutoTokenizer.from_pretrained(encoder_folder)
    model = transformers.AutoModel.from_pretrained(encoder_folder).eval()
    for text, vector in zip(TEXTS, vectors, strict=True):
        with torch.no_grad():
            mean = model(**tokeniser(text, return_tensors="pt")).last_hidden_state.mean(dim=1).numpy()[0]
        assert np.allclose(mean / np.linalg.norm(mean), vector, atol=1e-4)
    assert artefact.manifest["figures"]["parity"] < 1e-4
    assert artefact.manifest["data"][0]["licence"] == "MIT"


def test_a_batch_answers_as_single_texts_do(encoder_folder: Path, tmp_path: Path) -> None:
    """Padding and the order of lengths change nothing."""
    from nlp.train.add import add

    encoder = load_encoder(add(encoder_folder, tmp_path / "models"))
    many = [TEXTS[at % 3] + "退" * (at % 11) for at in range(80)]
    alone = np.concatenate([encoder.encode([text]) for text in many])
    assert np.allclose(encoder.encode(many), alone, atol=1e-5)
    assert encoder.encode([]).shape == (0, 32)


def test_a_sentence_transformers_folder_keeps_its_pooling(tmp_path: Path) -> None:
    """The first token and no unit length, as its modules state; agrees with sentence_transformers itself."""
    sentence_transformers = pytest.importorskip("sentence_transformers")
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    from nlp.train.add import add, read_recipe

    torch.manual_seed(2)
    body = tmp_path / "body"
    _tokeniser(body)
    transformers.BertModel(_config()).eval().save_pretrained(body)
    word = Transformer(str(body))
    whole = sentence_transformers.SentenceTransformer(
        modules=[word, Pooling(32, pooling_mode="cls")], device="cpu"
    )
    folder = tmp_path / "st"
    whole.save(str(folder))
    assert read_recipe(folder).pooling == "cls"
    assert not read_recipe(folder).normalise
    served = load_encoder(add(folder, tmp_path / "models")).encode(TEXTS[:3])
    wanted = whole.encode(TEXTS[:3], normalize_embeddings=True)
    assert np.allclose(served, wanted, atol=1e-4)


def test_an_unknown_module_is_refused(encoder_folder: Path, tmp_path: Path) -> None:
    """A dense layer behind the pooling is named, not dropped."""
    from nlp.train.add import AddError, add

    modules = [{"type": "sentence_transformers.models.Dense", "path": "2_Dense"}]
    (encoder_folder / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    with pytest.raises(AddError, match="Dense"):
        add(encoder_folder, tmp_path / "models")


def test_a_classifier_keeps_its_labels(tmp_path: Path) -> None:
    """The served probabilities are those of torch, under the model's own label names."""
    from nlp.classify import load_classifier
    from nlp.train.add import add

    torch.manual_seed(3)
    folder = tmp_path / "sorter"
    tokeniser = _tokeniser(folder)
    names = {0: "物流", 1: "退货", 2: "发票"}
    config = _config(id2label=names, label2id={name: at for at, name in names.items()})
    model = transformers.BertForSequenceClassification(config).eval()
    model.save_pretrained(folder)
    root = tmp_path / "models"
    add(folder, root, "classifier", task="intent", version="own")
    (root / "current.toml").write_text('intent = "own"\n', encoding="utf-8")
    classifier = load_classifier("intent", root)
    got = classifier.probabilities(TEXTS)
    assert classifier.labels == ("物流", "退货", "发票")
    with torch.no_grad():
        wanted = [
            model(**tokeniser(text, return_tensors="pt")).logits.softmax(dim=1)[0].numpy() for text in TEXTS
        ]
    assert np.allclose(got, np.stack(wanted), atol=1e-4)


def test_int8_is_smaller_and_its_drift_recorded(encoder_folder: Path, tmp_path: Path) -> None:
    """Quantising is optional; what it costs stands in the manifest."""
    from nlp.train.add import add

    whole = add(encoder_folder, tmp_path / "models", version="whole")
    small = add(encoder_folder, tmp_path / "models", version="small", quantise=True)
    assert small.path("model.onnx").stat().st_size < whole.path("model.onnx").stat().st_size
    assert 0 <= small.manifest["figures"]["parity"] <= 0.02
    assert small.manifest["onnx"]["int8"] is True


def test_int8_keeps_short_rows_beside_a_long_one(tmp_path: Path) -> None:
    """A table of embeddings has a scale for each row: one row a hundred times longer costs the others nothing."""
    from nlp.train.add import add

    torch.manual_seed(4)
    folder = tmp_path / "wide"
    _tokeniser(folder)
    config = _config(1200)
    model = transformers.BertModel(config).eval()
    with torch.no_grad():
        model.embeddings.word_embeddings.weight[1100] *= 100
    model.save_pretrained(folder)
    small = add(folder, tmp_path / "models", quantise=True)
    assert small.manifest["figures"]["parity"] < 0.005
    assert 0 <= small.manifest["figures"]["similarity shift"] < 0.02


def test_runs_of_like_length_fit_the_budget() -> None:
    """Every place once, shortest first; padded, no run is larger than allowed unless it is one text alone."""
    from nlp.runtime import parcels

    lengths = [(at * 37) % 90 + 1 for at in range(200)] + [500]
    runs = parcels(lengths, 128)
    assert sorted(at for run in runs for at in run) == list(range(201))
    assert all(len(run) * max(lengths[at] for at in run) <= 128 or len(run) == 1 for run in runs)
    assert [len(run) for run in parcels([5, 5, 5], 1)] == [1, 1, 1]
    assert parcels([], 128) == []


def test_many_texts_on_several_threads_are_told_as_they_go(encoder_folder: Path, tmp_path: Path) -> None:
    """Side by side the vectors are those of one call; progress ends with all of them."""
    from nlp.encode import OnnxEncoder
    from nlp.train.add import add

    encoder = OnnxEncoder(add(encoder_folder, tmp_path / "models"))
    many = [TEXTS[at % 3] + "退" * (at % 11) for at in range(80)]
    told: list[tuple[int, int]] = []
    vectors = encoder.encode_many(many, 2, lambda done, of: told.append((done, of)))
    assert np.allclose(vectors, encoder.encode(many), atol=1e-5)
    assert told[-1] == (80, 80)
    assert told == sorted(told)


def test_a_conversion_that_drifted_leaves_nothing_behind(encoder_folder: Path, tmp_path: Path) -> None:
    """Above the tolerance the model is refused and its folder removed."""
    from nlp.train.add import AddError, add

    with pytest.raises(AddError, match="超过容许"):
        add(encoder_folder, tmp_path / "models", quantise=True, tolerance=1e-12)
    assert not (tmp_path / "models/encoder/tiny-bert").exists()


def test_a_taken_version_is_not_overwritten(encoder_folder: Path, tmp_path: Path) -> None:
    """Adding twice under one name is an error that says what to do; the first stays whole."""
    from nlp.train.add import AddError, add

    first = add(encoder_folder, tmp_path / "models")
    with pytest.raises(AddError, match="已存在"):
        add(encoder_folder, tmp_path / "models")
    assert verify(first.folder).version == "tiny-bert"


def test_a_spoilt_model_is_refused_before_it_is_read(encoder_folder: Path, tmp_path: Path) -> None:
    """One changed byte of the ONNX file is noticed by its digest."""
    from nlp.train.add import add

    root = tmp_path / "models"
    artefact = add(encoder_folder, root)
    path = artefact.path("model.onnx")
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ArtefactError, match=r"model\.onnx"):
        find("encoder", root, "tiny-bert")
