"""What scoring in bulk may take from outside: the grounds a service judges on, opened once in each process."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from nlp.quality.ports import Analyser, Encode, Facts
from nlp.transcript import Transcript


class Ground(Protocol):
    """Grounds in a process."""

    @property
    def analyser(self) -> Analyser: ...
    @property
    def encode(self) -> Encode | None: ...
    @property
    def basis(self) -> Mapping[str, Any]: ...
    def facts(self, transcript: Transcript, as_of: datetime, whole: bool, /) -> Facts | None:
        """Facts about what people said; not `whole`: those alone that contradict a clause of the transcript."""

    def versions(self, as_of: datetime, /) -> Mapping[str, Any]: ...


class Grounds(Protocol):
    """Picklable and hashable; `digest` changes with whatever results depend on."""

    @property
    def digest(self) -> str: ...
    def open(self) -> Ground: ...
