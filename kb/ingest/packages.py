"""Office files are zip packages: what they may hold is settled before anything large is unpacked."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass

from kb.ingest.refusal import FileRefused

PARTS, RATIO = 5_000, 100
"""Most parts of a package, and most bytes unpacked for one packed."""
_DANGER = re.compile(
    r"vbaProject|(?:^|/)(?:embeddings|activeX|macrosheets)/|oleObject\d*\.bin$", re.IGNORECASE
)
_DTD = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_FREE = 2 << 20  # bytes before the ratio counts: a short text repeats itself


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one kind of package: its `name`, the bytes it may unpack to, and what to give instead."""

    name: str
    unpacked: int
    accepted: str


def opened(data: bytes, limits: Limits, *, inert: bool) -> zipfile.ZipFile:
    """The package, its declared sizes within `limits`. `inert`: refuse macros, embedded objects and DTDs too.

    Raises `FileRefused`.
    """
    try:
        package = zipfile.ZipFile(io.BytesIO(data))
        parts = package.infolist()
        _measure(parts, limits)
        if any(part.flag_bits & 1 for part in parts):
            raise FileRefused("文件加了密码", limits.accepted)
        if inert:
            _inert(package, limits)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        if isinstance(error, FileRefused):
            raise
        raise FileRefused(f"不是可读的 {limits.name}：{str(error)[:80]}", limits.accepted) from None
    return package


def _measure(parts: list[zipfile.ZipInfo], limits: Limits) -> None:
    declared = sum(part.file_size for part in parts)
    packed = max(1, sum(part.compress_size for part in parts))
    if len(parts) > PARTS:
        raise FileRefused(f"压缩包里有 {len(parts)} 个部件", limits.accepted)
    if declared > limits.unpacked or (declared > _FREE and declared > RATIO * packed):
        raise FileRefused(f"解压后约 {declared // 2**20} MB，压缩比 {declared // packed}", limits.accepted)


def _inert(package: zipfile.ZipFile, limits: Limits) -> None:
    for part in package.infolist():
        if _DANGER.search(part.filename):
            raise FileRefused("含有宏或嵌入对象", f"另存为不带宏、不带嵌入对象的 {limits.name}")
        if part.filename.endswith((".xml", ".rels")) and _DTD.search(package.read(part).replace(b"\0", b"")):
            raise FileRefused("含有 DTD 或实体声明", limits.accepted)
