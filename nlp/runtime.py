"""The only file that imports onnxruntime: models that `zuoxi models add` converted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.artefacts import Artefact, ArtefactError
from nlp.text import normalise

Tokens = Mapping[str, NDArray[np.int64]]
Progress = Callable[[int, int], None]
"""Told how many texts are done, and of how many."""
TOKENS = 128
"""Tokens computed in one call, padding counted. What a layer of them holds fits the cache of one core: calls of
512 tokens were two to three times slower a text, calls of 32 hardly faster."""
WINDOW = 16_384
"""Texts tokenised and sorted together: bounds memory."""
LARGE = 1_000
"""Rows from which a table of embeddings is worth being kept in int8."""


class Session:
    """One ONNX model on the CPU; `run` may be called from many threads at once."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # A thread that waits by spinning takes the core that answers requests.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
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
    """Tokeniser and session of one artefact: texts in, the model's output out, in the order of the texts.

    Raises ArtefactError for files that this program cannot compute with.
    """

    def __init__(self, artefact: Artefact, threads: int = 1) -> None:
        settings = artefact.manifest["onnx"]
        self.width: int = settings["width"]
        try:
            self._session = Session(artefact.path("model.onnx"), threads)
            self._tokeniser = Tokeniser(
                artefact.path("tokenizer.json"),
                settings["max_length"],
                settings["pad"],
                settings["normalise"],
            )
        # Both libraries raise bare exceptions; a model made for newer ones must not stop the service.
        except Exception as problem:
            raise ArtefactError(
                f"模型 {artefact.name} 不能载入（{str(problem)[:120]}）；请重新转换该模型"
            ) from problem
        self.normalises: bool = settings["normalise"]
        self._tokens: int = settings.get("batch_tokens", TOKENS)
        self._alone = 1 if settings.get("int8") else self._tokens

    def run(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Float32 `[n, width]`; texts of like length share a call, so that little is spent on padding.

        An int8 model scales its inputs by the largest of a call: together, one customer's text would move
        another's answer (by 1e-4 in cosine), so here each has a call of its own.
        """
        out = np.zeros((len(texts), self.width), dtype=np.float32)
        self._fill(out, texts, self._alone, map, None)
        return out

    def run_many(
        self, texts: Sequence[str], workers: int, progress: Progress | None = None
    ) -> NDArray[np.float32]:
        """As `run`, `workers` calls side by side, the texts of an int8 model together: for building indexes."""
        out = np.zeros((len(texts), self.width), dtype=np.float32)
        with ThreadPoolExecutor(workers, "encode") as pool:
            self._fill(out, texts, self._tokens, pool.map, progress)
        return out

    def _fill(
        self, out: NDArray[np.float32], texts: Sequence[str], most: int, each: Any, progress: Progress | None
    ) -> None:
        done = 0
        for start in range(0, len(texts), WINDOW):
            encoded = self._tokeniser.lengths_and_tokens(texts[start : start + WINDOW])

            def compute(
                chosen: list[int], encoded: list[tuple[list[int], list[int]]] = encoded
            ) -> tuple[list[int], NDArray[np.float32]]:
                return chosen, self._session.run(self._tokeniser.padded([encoded[at] for at in chosen]))

            for chosen, rows in each(compute, parcels([len(ids) for ids, _ in encoded], most)):
                out[[start + at for at in chosen]] = rows
                done += len(chosen)
                if progress is not None:
                    progress(done, len(texts))


def parcels(lengths: Sequence[int], most: int) -> list[list[int]]:
    """Places of `lengths`, shortest first, in runs whose padded size is at most `most` (or one place alone)."""
    found: list[list[int]] = []
    for at in sorted(range(len(lengths)), key=lengths.__getitem__):
        if found and (len(found[-1]) + 1) * lengths[at] <= most:
            found[-1].append(at)
        else:
            found.append([at])
    return found


def to_int8(path: Path) -> None:
    """Turn the weights of an ONNX file to int8, in place; needs the `train` extra.

    Products have one scale for each column, tables of embeddings one for each row: a few long rows must not
    cost all the others their precision.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    small = path.with_name("small.onnx")
    quantize_dynamic(
        str(path),
        str(small),
        op_types_to_quantize=["MatMul"],  # and Gemm, which is made a MatMul first
        per_channel=True,
        weight_type=QuantType.QInt8,
    )
    _shrink_tables(small)
    small.replace(path)


def _shrink_tables(path: Path) -> None:
    """Large tables that a Gather reads as int8 rows with a scale each (the quantiser knows one for all)."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(path))
    graph = model.graph
    tables = {item.name: item for item in graph.initializer if item.data_type == TensorProto.FLOAT}
    used = [name for node in graph.node for name in node.input]
    nodes: list[Any] = []
    for node in graph.node:
        table = tables.get(node.input[0]) if node.op_type == "Gather" else None
        alone = table is not None and used.count(node.input[0]) == 1
        if table is None or not alone or len(table.dims) != 2 or table.dims[0] < LARGE:
            nodes.append(node)
            continue
        values = numpy_helper.to_array(table)
        scale = np.maximum(np.abs(values).max(axis=1, keepdims=True) / 127, 1e-12).astype(np.float32)
        rows = np.clip(np.round(values / scale), -127, 127).astype(np.int8)
        name, wanted, out = table.name, node.input[1], node.output[0]
        graph.initializer.remove(table)
        graph.initializer.append(numpy_helper.from_array(rows, f"{name}.rows"))
        graph.initializer.append(numpy_helper.from_array(scale, f"{name}.scale"))
        nodes += [
            helper.make_node("Gather", [f"{name}.rows", wanted], [f"{out}.rows"]),
            helper.make_node("Cast", [f"{out}.rows"], [f"{out}.float"], to=TensorProto.FLOAT),
            helper.make_node("Gather", [f"{name}.scale", wanted], [f"{out}.scale"]),
            helper.make_node("Mul", [f"{out}.float", f"{out}.scale"], [out]),
        ]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, str(path))
