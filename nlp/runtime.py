"""The only file that imports onnxruntime: models that `zuoxi models add` converted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.artefacts import Artefact
from nlp.text import normalise

Tokens = Mapping[str, NDArray[np.int64]]


class Session:
    """One ONNX model on the CPU; `run` may be called from many threads at once."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self.inputs: tuple[str, ...] = tuple(item.name for item in self._session.get_inputs())

    def run(self, tokens: Tokens) -> NDArray[np.float32]:
        """The model's only output for a padded batch, float32 `[n, …]`."""
        (out,) = self._session.run(None, {name: tokens[name] for name in self.inputs})
        return np.asarray(out, dtype=np.float32)


class Tokeniser:
    """A `tokenizer.json`; texts are normalised first unless the model was trained on raw text."""

    def __init__(self, path: Path, max_length: int, pad: int, clean: bool) -> None:
        import tokenizers

        self._tokeniser: Any = tokenizers.Tokenizer.from_file(str(path))
        self._tokeniser.no_padding()
        self._tokeniser.enable_truncation(max_length)
        self._pad, self._clean = pad, clean

    def lengths_and_tokens(self, texts: Sequence[str]) -> list[tuple[list[int], list[int]]]:
        """Token ids and type ids of each text."""
        prepared = [normalise(text) for text in texts] if self._clean else list(texts)
        return [(one.ids, one.type_ids) for one in self._tokeniser.encode_batch(prepared)]

    def padded(self, encoded: Sequence[tuple[list[int], list[int]]]) -> Tokens:
        """A rectangle of `input_ids`, `attention_mask` and `token_type_ids`, int64 `[n, longest]`."""
        longest = max((len(ids) for ids, _ in encoded), default=1) or 1
        ids = np.full((len(encoded), longest), self._pad, dtype=np.int64)
        mask, types = np.zeros_like(ids), np.zeros_like(ids)
        for row, (tokens, kinds) in enumerate(encoded):
            ids[row, : len(tokens)], mask[row, : len(tokens)] = tokens, 1
            types[row, : len(tokens)] = kinds
        return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}


class Model:
    """Tokeniser and session of one artefact: texts in, the model's output out, in the order of the texts."""

    def __init__(self, artefact: Artefact, threads: int = 1) -> None:
        settings = artefact.manifest["onnx"]
        self.width: int = settings["width"]
        self._session = Session(artefact.path("model.onnx"), threads)
        self._tokeniser = Tokeniser(
            artefact.path("tokenizer.json"), settings["max_length"], settings["pad"], settings["normalise"]
        )
        self._batch: int = settings.get("batch", 32)

    def run(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Float32 `[n, width]`. Texts of like length share a batch, so that little is spent on padding."""
        out = np.zeros((len(texts), self.width), dtype=np.float32)
        encoded = self._tokeniser.lengths_and_tokens(texts)
        order = sorted(range(len(texts)), key=lambda at: len(encoded[at][0]))
        for start in range(0, len(order), self._batch):
            chosen = order[start : start + self._batch]
            out[chosen] = self._session.run(self._tokeniser.padded([encoded[at] for at in chosen]))
        return out


def to_int8(path: Path) -> None:
    """Turn the weights of an ONNX file to int8, in place; needs the `train` extra."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    small = path.with_name("small.onnx")
    quantize_dynamic(str(path), str(small), weight_type=QuantType.QInt8)
    small.replace(path)
