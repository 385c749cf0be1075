"""Lines of a file that may be packed (gz, xz, zst), bounded while unfolding: a small file cannot become a large one."""

from __future__ import annotations

import gzip
import lzma
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from nlp.turn_tables import ReadError

PACKINGS = (".gz", ".xz", ".zst")
LINE_LIMIT = 8 << 20
"""Bytes of one line."""
FILE_LIMIT = 16 << 30
"""Unfolded bytes of one file."""
RATIO_LIMIT = 200
"""Unfolded to stored bytes; ordinary dialogue reaches 20."""
_FREE = 32 << 20  # bytes before the ratio counts


def _zstd() -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


def unpacked_name(path: Path) -> str:
    """The file's name in small letters, without the ending of its packing."""
    name = path.name.lower()
    return next((name[: -len(packing)] for packing in PACKINGS if name.endswith(packing)), name)


def _open(path: Path) -> IO[bytes]:
    name = path.name.lower()
    if name.endswith(".gz"):
        return gzip.open(path, "rb")  # type: ignore[return-value]
    if name.endswith(".xz"):
        return lzma.open(path, "rb")
    if name.endswith(".zst"):
        stream: IO[bytes] = _zstd().open(path, "rb")
        return stream
    return path.open("rb")


def bounded_lines(path: Path) -> Iterator[bytes]:
    """Lines of at most `LINE_LIMIT` + 1 bytes; a longer one comes in pieces. Raises ReadError."""
    stored, seen = path.stat().st_size, 0
    damage = (
        OSError,
        EOFError,
        lzma.LZMAError,
        *((_zstd().ZstdError,) if path.name.lower().endswith(".zst") else ()),
    )
    with _open(path) as stream:
        while True:
            try:
                line = stream.readline(LINE_LIMIT + 1)
            except damage as problem:
                raise ReadError(f"{path}：压缩内容损坏（{problem}）") from None
            if not line:
                return
            seen += len(line)
            if seen > FILE_LIMIT or (seen > _FREE and seen > RATIO_LIMIT * max(stored, 1)):
                raise ReadError(f"{path}：解压后过大（应为：不超过压缩前的 {RATIO_LIMIT} 倍且不超过 16 GiB）")
            yield line
