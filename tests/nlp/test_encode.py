"""Static vectors, on a table small enough to compute by hand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.artefacts import ArtefactError, write_manifest
from nlp.encode import Encoder, StaticEncoder, Vocabulary, load_encoder, save_static, unit
from nlp.features import batch, gram_key, gram_text, words

VOCABULARY = Vocabulary(("退", "货", "换", "退货"), ("退货", "物流"))
TABLE = np.array(
    [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 2], [4, 0, 0, 3]], dtype=np.float32
)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    """The table above, through a saved artefact."""
    folder = tmp_path_factory.mktemp("encoder") / "tiny"
    folder.mkdir()
    save_static(folder, VOCABULARY, TABLE)
    return load_encoder(write_manifest(folder, "encoder", "static", [], {}))


def test_a_vector_is_the_direction_of_the_sum(encoder: Encoder) -> None:
    """退货 is 退 + 货 + the bigram + the word; 物流 has only its word; repetition counts."""
    wanted = unit(np.array([[1, 1, 0, 3], [4, 0, 0, 3], [2, 0, 1, 0]], dtype=np.float32))
    assert np.allclose(encoder.encode(["退货", "物流", "退，换，退"]), wanted, atol=0.01)
    assert encoder.dim == 4
    assert encoder.version == "encoder/tiny"


def test_an_unknown_text_has_a_fixed_unit_row(encoder: Encoder) -> None:
    """Empty, blank and unknown texts give the first axis; no texts give no rows."""
    assert np.array_equal(encoder.encode(["", "  ", "xyz"]), np.eye(4, dtype=np.float32)[[0, 0, 0]])
    assert encoder.encode([""]).tolist() == [[1, 0, 0, 0]]
    assert encoder.encode([]).shape == (0, 4)


def test_text_is_normalised_inside(encoder: Encoder) -> None:
    """Traditional characters, full-width forms and invisible characters make no difference."""
    assert np.array_equal(encoder.encode(["退貨"]), encoder.encode(["\u200b退货 "]))


@given(st.lists(st.text(alphabet="退货换物流，。 \nab7🙂", max_size=12), min_size=1, max_size=20))
@settings(max_examples=50, deadline=None)
def test_neighbours_change_nothing(texts: list[str]) -> None:
    """A text has the same vector alone and in any company, and always length one."""
    table = np.round(TABLE).astype(np.int8)
    encoder = StaticEncoder(VOCABULARY, table, np.ones(len(table), dtype=np.float32), "t")
    together = encoder.encode(texts)
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    assert np.allclose(together, alone, atol=1e-6)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_threads_share_an_encoder(encoder: Encoder) -> None:
    """Eight threads at once get what one gets."""
    texts = ["退货", "物流退换", "换货"] * 50
    wanted = encoder.encode(texts)
    with ThreadPoolExecutor(8) as pool:
        for got in pool.map(encoder.encode, [texts] * 32):
            assert np.array_equal(got, wanted)


def test_a_table_of_another_size_is_refused(tmp_path: Path) -> None:
    """Vocabulary and weights must belong together."""
    folder = tmp_path / "odd"
    folder.mkdir()
    save_static(folder, VOCABULARY, TABLE[:3])
    with pytest.raises(ArtefactError, match="不一致"):
        load_encoder(write_manifest(folder, "encoder", "static", [], {}))


def test_only_an_encoder_is_served_as_one(tmp_path: Path) -> None:
    """A classifier's artefact is refused by its kind."""
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / "labels.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ArtefactError, match="linear"):
        load_encoder(write_manifest(folder, "intent", "linear", [], {}))


def test_int8_rows_keep_the_direction() -> None:
    """Rounding each row to 127 steps moves a random row by less than one part in ten thousand of cosine."""
    random = np.random.default_rng(1)
    table = random.standard_normal((200, 256)).astype(np.float32)
    scale = np.abs(table).max(axis=1, keepdims=True) / 127
    back = unit(np.round(table / scale) * scale)
    assert float(np.einsum("ij,ij->i", back, unit(table)).min()) > 0.9999


def test_grams_do_not_cross_texts_or_punctuation() -> None:
    """Bigrams are letters side by side within one text; each knows its text."""
    keys, rows = batch(["退货，运费", "好", "", "a1"]).grams(2)
    assert [gram_text(int(key)) for key in keys] == ["退货", "运费", "a1"]
    assert rows.tolist() == [0, 0, 3]
    assert gram_key("退货") == int(keys[0])


def test_words_of_a_batch_are_those_of_each_text() -> None:
    """Cutting side by side cuts as alone, empty texts included."""
    texts = ["我要退货退款", "", "物流 3 天没动了", "\n", "ok"]
    found, rows = batch(texts).words()
    assert [found[at] for at in np.flatnonzero(rows == 0)] == words("我要退货退款")
    assert [found[at] for at in np.flatnonzero(rows == 2)] == words("物流 3 天没动了")
    assert not (rows == 1).any()
    assert [found[at] for at in np.flatnonzero(rows == 4)] == ["ok"]
