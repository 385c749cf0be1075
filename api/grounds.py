"""What a transcript is judged on in bulk as behind the door: the handbook of its day, the models, the versions.

Crosses to worker processes by its names alone and is opened there. Imports no web and no database.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api import wiring
from api.facts import facts_about
from kb.entries import from_json
from kb.knowledge import Knowledge, build
from kb.segment import Encode
from kb.synonyms import Synonyms, laid_over, read
from nlp.quality.ports import Facts
from nlp.sentiment import SentimentAnalyser
from nlp.transcript import Transcript

NOTHING = "V0"
"""Release of a site that has published nothing yet."""
PAST_RELEASES = 4


def said_by_people(transcript: Transcript) -> list[str]:
    """What is compared with the handbook."""
    return [turn.text for turn in transcript.turns if turn.role in ("agent", "supervisor")]


@dataclass(frozen=True, slots=True)
class Grounds:
    """`history` is the file of what was published, `folder` the policies; the rest are the service's settings."""

    history: str
    folder: str
    models: str | None = None
    encoder: str | None = None
    threads: int = 1

    @property
    def digest(self) -> str:
        """What results depend on beside policies and models: the newest release of the file."""
        return Path(self.history).name

    def open(self) -> Opened:
        """Load models and the history, once a process."""
        return Opened(self)


class Opened:
    """The grounds in a process of their own."""

    def __init__(self, grounds: Grounds) -> None:
        root = None if grounds.models is None else Path(grounds.models)
        self._models = wiring.load_models(root, grounds.encoder, Path(grounds.folder), grounds.threads)
        self._policy = wiring.policies(Path(grounds.folder)).version
        self._past: OrderedDict[int, Knowledge] = OrderedDict()
        self._releases: list[dict[str, Any]] = []
        self._lexicons: list[dict[str, Any]] = []
        self._revisions: list[dict[str, Any]] = []
        kinds = {"release": self._releases, "lexicon": self._lexicons, "revision": self._revisions}
        with Path(grounds.history).open(encoding="utf-8") as lines:
            for line in lines:
                ((kind, value),) = json.loads(line).items()
                kinds[kind].append(value)

    @property
    def analyser(self) -> SentimentAnalyser:
        return self._models.analyser

    @property
    def encode(self) -> Encode | None:
        return self._models.encode

    @property
    def basis(self) -> Mapping[str, Any]:
        """What every result depends on, whatever its day."""
        return {"models": self._models.versions(), "policy": self._policy}

    def facts(self, transcript: Transcript, as_of: datetime) -> Facts | None:
        """The facts about what people said, from the release in force."""
        return facts_about(self._at(as_of), said_by_people(transcript), self.encode)

    def versions(self, as_of: datetime) -> Mapping[str, Any]:
        """As every decision tells them."""
        return {"release": self._at(as_of).release, **self.basis}

    def _at(self, as_of: datetime) -> Knowledge:
        """The release in force; the first one for a time before any."""
        moment = as_of.astimezone(UTC).isoformat(timespec="milliseconds")
        due = [one for one in self._releases if one["at"] <= moment] or self._releases[:1]
        seq, name = (due[-1]["seq"], due[-1]["name"]) if due else (0, NOTHING)
        if seq not in self._past:
            self._past[seq] = self._built(seq, name)
            while len(self._past) > PAST_RELEASES:
                self._past.popitem(last=False)
        self._past.move_to_end(seq)
        return self._past[seq]

    def _built(self, seq: int, name: str) -> Knowledge:
        live = [one for one in self._revisions if _holds(one, seq)]
        kept: Sequence[Any] = next(
            (one["lines"] for one in reversed(self._lexicons) if one["since"] <= seq), ()
        )
        lexicon = laid_over(read(list(kept)) if kept else Synonyms())
        version = "" if self._models.encoding is None else self._models.encoding.identity
        return build([from_json(one["entry"]) for one in live], version, self.encode, name, lexicon)


def _holds(revision: Mapping[str, Any], seq: int) -> bool:
    until = revision["until"]
    return bool(revision["since"] <= seq and (until is None or until > seq))
