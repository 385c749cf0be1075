"""What a transcript is judged on in bulk as behind the door: the handbook of its day, the models, the versions.

Crosses to worker processes by its names alone and is opened there. Imports no web and no database.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from api import wiring
from api.facts import asked_of, facts_about, key_of, stated
from kb import snapshot
from kb.entries import from_json
from kb.knowledge import Knowledge, build
from kb.segment import Encode
from kb.synonyms import Synonyms, laid_over, read
from nlp.quality.known import CLAUSE, Known
from nlp.quality.ports import Fact, Facts
from nlp.sentiment import SentimentAnalyser
from nlp.text import normalise
from nlp.transcript import Transcript

SNAPSHOT = "snapshot"
NOTHING = "V0"
"""Release of a site that has published nothing yet."""
PAST_RELEASES = 4
REMEMBERED = 1 << 15
"""Sentences of which it is remembered what they are about."""
_DIGIT = re.compile(r"\d")


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
    def snapshot(self) -> Path | None:
        """The snapshot that lies beside the history, if one does: it spares the encoding of what it holds."""
        return next((Path(self.history).parent / SNAPSHOT).glob("*/"), None)

    @property
    def digest(self) -> str:
        """What results depend on beside policies and models: the newest release, and what its index began with."""
        return f"{Path(self.history).name} {self.snapshot.name if self.snapshot else ''}"

    def open(self) -> Opened:
        """Load models and the history, once a process."""
        return Opened(self)


class Handbook:
    """One release, with all it states."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        pairs = [(fact, key) for key, entry in knowledge.entries.items() for fact in stated(entry)]
        self._known = Known([fact for fact, _ in pairs])
        self._keys = [key for _, key in pairs]
        bounds = ((entry.effective_from, entry.effective_to) for entry in knowledge.entries.values())
        self._turning = sorted(moment for pair in bounds for moment in pair if moment is not None)
        self._about: dict[tuple[str, int, int], str | None] = {}

    def doubts(self, texts: Iterable[str]) -> frozenset[frozenset[int]]:
        """For each clause that something stated contradicts, the places of those facts."""
        found = (
            self._known.against(clause.group())
            for text in texts
            if _DIGIT.search(text)
            for clause in CLAUSE.finditer(normalise(text))
        )
        return frozenset(one for one in found if one)

    def settled(
        self, doubts: frozenset[frozenset[int]], said: Sequence[str], encode: Encode | None, as_of: datetime
    ) -> tuple[Fact, ...]:
        """Facts of the entries that `said` is about, as far as they settle a doubt."""
        found: set[int] = set()
        left = doubts
        for sentence in asked_of(said):
            key = self._key(sentence, encode, as_of)
            found.update(at for doubt in left for at in doubt if self._keys[at] == key)
            left = frozenset(doubt for doubt in left if not doubt & found)
            if not left:
                break
        return tuple(self._known.facts[at] for at in sorted(found))

    def _key(self, sentence: str, encode: Encode | None, as_of: datetime) -> str | None:
        """What a sentence is about; remembered as long as the same entries hold."""
        held = (sentence, bisect_left(self._turning, as_of), bisect_right(self._turning, as_of))
        if held not in self._about:
            if len(self._about) >= REMEMBERED:
                self._about.clear()
            found = key_of(self.knowledge, sentence, encode, as_of)
            self._about[held] = None if found is None else found[0]
        return self._about[held]


class Opened:
    """The grounds in a process of their own."""

    def __init__(self, grounds: Grounds) -> None:
        root = None if grounds.models is None else Path(grounds.models)
        self._models = wiring.load_models(root, grounds.encoder, Path(grounds.folder), grounds.threads)
        self._policy = wiring.policies(Path(grounds.folder)).version
        self._past: OrderedDict[int, Handbook] = OrderedDict()
        self._snapshot = grounds.snapshot
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

    def facts(self, transcript: Transcript, as_of: datetime, whole: bool) -> Facts | None:
        """The facts about what people said, from the release in force; not `whole`: those that contradict it.

        Most transcripts contradict nothing that the handbook states, and a look at all it states tells that at a
        hundredth of what the searches cost; the others are searched until each doubt is settled.
        """
        handbook, said = self._at(as_of), said_by_people(transcript)
        if whole:
            return facts_about(handbook.knowledge, said, self.encode)
        doubts = handbook.doubts(turn.text for turn in transcript.turns)
        return partial(handbook.settled, doubts, said, self.encode) if doubts else None

    def versions(self, as_of: datetime) -> Mapping[str, Any]:
        """As every decision tells them."""
        return {"release": self._at(as_of).knowledge.release, **self.basis}

    def _at(self, as_of: datetime) -> Handbook:
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

    def _built(self, seq: int, name: str) -> Handbook:
        live = [one for one in self._revisions if _holds(one, seq)]
        kept: Sequence[Any] = next(
            (one["lines"] for one in reversed(self._lexicons) if one["since"] <= seq), ()
        )
        lexicon = laid_over(read(list(kept)) if kept else Synonyms())
        first, base = self._base
        if (
            base is not None and first <= seq
        ):  # as a service that starts: the snapshot, then what came after it
            fresh = [from_json(one["entry"]) for one in live if one["since"] > first]
            gone = {one["id"] for one in self._revisions if _holds(one, first)} - {one["id"] for one in live}
            after = base.changed(fresh, gone, self.encode, name) if seq > first else base
            return Handbook(after if after.lexicon == lexicon else after.with_lexicon(lexicon))
        entries = [from_json(one["entry"]) for one in live]
        return Handbook(build(entries, self._version, self.encode, name, lexicon))

    @property
    def _version(self) -> str:
        return "" if self._models.encoding is None else self._models.encoding.identity

    @cached_property
    def _base(self) -> tuple[int, Knowledge | None]:
        """The snapshot's release number and what it holds; nothing where there is none that can be trusted."""
        try:
            loaded = None if self._snapshot is None else snapshot.load(self._snapshot, self._version)
        except (snapshot.SnapshotError, KeyError, ValueError, TypeError, OSError):
            return 0, None
        known = [one["seq"] for one in self._releases if loaded is not None and one["name"] == loaded.release]
        return (known[0], loaded) if known else (0, None)


def _holds(revision: Mapping[str, Any], seq: int) -> bool:
    until = revision["until"]
    return bool(revision["since"] <= seq and (until is None or until > seq))
