"""Vectors of the texts that a batch asks for: each different text is encoded once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from nlp.quality.ports import Encode


class Vectors:
    """An encoder that remembers what it was asked, as long as the batch."""

    def __init__(self, encode: Encode) -> None:
        self._encode = encode
        self._known: dict[str, NDArray[np.float32]] = {}

    def ready(self, texts: Iterable[str]) -> None:
        """Encode what is not known yet, in one call; none where nothing is asked for."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._encode(new), strict=True))

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.ready(texts)
        return np.stack([self._known[text] for text in texts])
