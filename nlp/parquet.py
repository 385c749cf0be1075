"""Parquet in and out: the only file that imports pyarrow (extra `parquet`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nlp.turn_tables import ReadError

AT_ONCE = 64
"""Rows read at once: one value repeated by reference must not fill the memory."""
UNFOLDED = 4 << 30
"""Bytes of the columns of one file."""
GROUP = 5_000
"""Rows of a group that is written."""


class MissingParquet(ReadError):
    """The extra is not installed."""


def _arrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingParquet("没有安装 pyarrow：请安装附加组件 zuoxi[parquet]") from None
    return pyarrow


def parquet_rows(path: Path) -> tuple[list[str], Iterator[dict[str, Any]]]:
    """Names of the columns, and the rows. Raises ReadError."""
    arrow = _arrow()
    try:
        file = arrow.parquet.ParquetFile(path)
        groups = [file.metadata.row_group(at).total_byte_size for at in range(file.metadata.num_row_groups)]
    except (arrow.ArrowException, OSError, ValueError) as problem:
        raise ReadError(f"{path}：不是 Parquet 文件（{str(problem)[:100]}）；应为完整的 .parquet") from None
    if sum(groups) > UNFOLDED:
        raise ReadError(f"{path}：展开后过大（应为：不超过 {UNFOLDED >> 30} GiB）")
    return list(file.schema_arrow.names), _rows(arrow, file, path)


def _rows(arrow: Any, file: Any, path: Path) -> Iterator[dict[str, Any]]:
    try:
        for batch in file.iter_batches(batch_size=AT_ONCE, use_threads=False):
            yield from batch.to_pylist()
    except (arrow.ArrowException, OSError, ValueError, MemoryError) as problem:
        raise ReadError(f"{path}：Parquet 内容损坏（{str(problem)[:100]}）") from None
    finally:
        file.close()


def write_parquet(path: Path, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
    """Write rows of the columns (name → `text`, `number`, `whole` or `flag`), some at a time. Raises MissingParquet."""
    arrow = _arrow()
    kinds = {"text": arrow.string(), "number": arrow.float64(), "whole": arrow.int64(), "flag": arrow.bool_()}
    schema = arrow.schema([(name, kinds[kind]) for name, kind in columns.items()])
    with arrow.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        part: list[Sequence[Any]] = []
        for row in rows:
            part.append(row)
            if len(part) == GROUP:
                writer.write_table(_table(arrow, schema, part))
                part = []
        if part:
            writer.write_table(_table(arrow, schema, part))


def _table(arrow: Any, schema: Any, rows: Sequence[Sequence[Any]]) -> Any:
    columns = [
        arrow.array(values, field.type) for values, field in zip(zip(*rows, strict=True), schema, strict=True)
    ]
    return arrow.Table.from_arrays(columns, schema=schema)
