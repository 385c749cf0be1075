"""The text to pretrain on, and the tokeniser made from it: one token a Chinese character, word pieces for the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.text import normalise
from nlp.train.corpus import TRAINED, HeldOut, row_texts, training_rows

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD, UNKNOWN, START, END, MASK = range(len(SPECIAL))

_WITHOUT_TEXT = ("lexicon/", "vectors/")
# Translated manuals are a quarter of all text and say the same things over and over.
_THINNED = {"kb/d365.sections": 2}
_SHORTEST = 4


def read_texts(data: Path, held: HeldOut, limit: int | None = None) -> tuple[list[str], dict[str, int]]:
    """Every distinct normalised text of the trained sets, and the rows used of each set."""
    texts: dict[str, None] = {}
    rows: dict[str, int] = {}
    for name in TRAINED:
        if name.startswith(_WITHOUT_TEXT):
            continue
        used = training_rows(data, name, held)[: limit or None][:: _THINNED.get(name, 1)]
        rows[name] = len(used)
        for row in used:
            for text in row_texts(row):
                clean = normalise(text)
                if len(clean) >= _SHORTEST:
                    texts[clean] = None
    return list(texts), rows


def make_tokeniser(texts: Sequence[str], size: int) -> Any:
    """A BERT word-piece `tokenizers.Tokenizer` of at most `size` tokens, the special ones first."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    letters = Counter(letter for text in texts for letter in text if not letter.isspace())
    known = [letter for letter, count in letters.most_common() if count >= 3]
    tokeniser = Tokenizer(models.WordPiece(unk_token=SPECIAL[UNKNOWN], max_input_chars_per_word=64))
    tokeniser.normalizer = normalizers.BertNormalizer(strip_accents=False)
    tokeniser.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokeniser.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL),
        initial_alphabet=known[: size - len(SPECIAL)],
        limit_alphabet=max(size * 3 // 4, 1),
        min_frequency=5,
        show_progress=False,
    )
    tokeniser.train_from_iterator(texts, trainer)
    tokeniser.post_processor = processors.BertProcessing(("[SEP]", END), ("[CLS]", START))
    return tokeniser


def blocks(tokeniser: Any, texts: Sequence[str], length: int, seed: int) -> NDArray[np.int32]:
    """All texts in a random order, one behind the other, cut into rows of `length` tokens."""
    order = np.random.default_rng(seed).permutation(len(texts))
    line: list[int] = []
    for start in range(0, len(order), 4096):
        part = [texts[at] for at in order[start : start + 4096]]
        for one in tokeniser.encode_batch(part):
            line.extend(one.ids[1:])  # each ends with [SEP]
    whole = max(len(line) // (length - 1), 1)
    line += [PAD] * (whole * (length - 1) - len(line))
    rows = np.array(line[: whole * (length - 1)], dtype=np.int32).reshape(whole, length - 1)
    return np.concatenate([np.full((whole, 1), START, dtype=np.int32), rows], axis=1)
