"""A transcript made ready for checking: every turn normalised, matched and staged at most once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from nlp.mood import Mood
from nlp.phrases import Matcher, Spans, quotations
from nlp.quality.form import Form
from nlp.quality.hearing import SILENCE, Hearing, breaths, hear
from nlp.quality.kept import Heard, labelled
from nlp.quality.kinds import phrase_lists, tree_lists
from nlp.quality.ports import Conduct, Encode, Facts
from nlp.quality.reading import Hits, Lap, Reading, no_lap, read
from nlp.quality.shipped import OWN, own_lists
from nlp.stages import Stages, load_stages
from nlp.suspects import Suspects, Trust, overlaps, weigh
from nlp.text import Clean
from nlp.transcript import SERVICE_ROLES, Masked, Span, Transcript

PRESETS = Path(__file__).parent.parent / "presets"


@lru_cache(maxsize=8)
def _paths(folder: Path | None) -> Mapping[str, tuple[str, ...]]:
    own = folder / "taxonomy.toml" if folder else None
    path = own if own and own.exists() else PRESETS / "taxonomy.toml"
    rows = tomllib.loads(path.read_text(encoding="utf-8")).get("category", [])
    parents = {row["code"]: row.get("parent") for row in rows}
    paths: dict[str, tuple[str, ...]] = {}
    for row in rows:
        codes: list[str] = [row["code"]]
        for _ in range(len(parents)):  # a broken tree must not hang us
            above = parents.get(codes[0])
            if not above:
                break
            codes.insert(0, above)
        paths[row["code"]] = paths[row["name"]] = tuple(codes)
    return paths


def category_path(category: str | None, folder: Path | None = None) -> tuple[str, ...]:
    """Codes from the top category to this one, given by code or Chinese name; empty where it is unknown."""
    return _paths(folder).get(category, ()) if category else ()


def top_category(category: str | None, folder: Path | None = None) -> str | None:
    """Top code of a category code or Chinese name; None where it is unknown."""
    return next(iter(category_path(category, folder)), None)


@dataclass(frozen=True)
class Prepared:
    """What one form needs compiled, once for all transcripts."""

    form: Form
    matcher: Matcher
    stages: Stages
    folder: Path | None = None


_HELPING = frozenset({"comfort", "solve"})


@lru_cache(maxsize=32)
def prepare(form: Form, folder: Path | None = None) -> Prepared:
    """Compile the word lists of a form. Raises PatternError."""
    lists = {
        f"{item.code}.{role}": phrases
        for item in form.items
        for role, phrases in {**phrase_lists(item.check), **own_lists(item.check)}.items()
    }
    for item in form.items:
        for tree in item.trees:
            lists.update(tree_lists(tree))
    return Prepared(form, Matcher(lists), load_stages(folder), folder)


@dataclass(slots=True)
class Dialogue:
    """One transcript under one form. Filled once by `open_dialogue`; checks only read it."""

    transcript: Transcript
    prepared: Prepared
    texts: tuple[str, ...]
    hits: tuple[Hits, ...]
    judged: tuple[int, ...]
    customer: tuple[int, ...]
    stages: Mapping[int, Hits]
    reading: Reading
    sentiments: Mapping[int, Mood] = field(default_factory=dict)
    """Of the customer's turns."""
    moods: Mapping[int, Mood] = field(default_factory=dict)
    """Of every turn that a rule asks for, the customer's among them."""
    facts: Facts | None = None
    encode: Encode | None = None
    hearing: Hearing = SILENCE
    _heard: Heard | None = None
    _judging: frozenset[int] | None = None

    @property
    def judging(self) -> frozenset[int]:
        """The judged turns, for asking whether one is among them."""
        if self._judging is None:
            self._judging = frozenset(self.judged)
        return self._judging

    @property
    def form(self) -> Form:
        return self.prepared.form

    @property
    def category(self) -> str | None:
        return top_category(self.transcript.category, self.prepared.folder)

    def role(self, turn: int) -> str:
        return self.transcript.turns[turn].role

    def serving(self, turn: int) -> bool:
        return self.transcript.turns[turn].role in SERVICE_ROLES

    def seconds(self, earlier: int, later: int) -> float | None:
        """Seconds from one turn to another; None where one has no time."""
        before, after = self.transcript.turns[earlier].at, self.transcript.turns[later].at
        return (after - before).total_seconds() if before and after else None

    def staged(self, turn: int) -> Hits:
        """Stages that the wording of a turn reaches, whoever said it."""
        known = self.stages.get(turn)
        return self.prepared.stages.find(self.texts[turn], self.suspects(turn)) if known is None else known

    def found(self, code: str, role: str, turn: int) -> Spans:
        """Spans of an item's pattern list in one turn, in normalised offsets."""
        return self.hits[turn].get(f"{code}.{role}", ())

    def has(self, code: str, role: str, turn: int) -> bool:
        """Whether an item's pattern list is found in one turn: cheaper than where."""
        return f"{code}.{role}" in self.hits[turn]

    def suspects(self, turn: int) -> Suspects | None:
        """What the trained heads suspect in an agent's turn, None where they were not asked."""
        return self.hearing.agents.get(self.texts[turn])

    def distress(self) -> dict[int, float]:
        """By customer turn, how distressed the customer sounds up to it; nothing where no head was asked."""
        heard = self.hearing.customers
        said = breaths([turn.role for turn in self.transcript.turns], self.texts) if heard else {}
        return {turn: heard[text] for turn, text in said.items() if text in heard}

    def told(self, code: str, turn: int, trust: Trust) -> dict[tuple[int, int], float]:
        """Spans of an item's forbidden words in one turn: its patterns and the head it names, each with the
        head's probability; a pattern of the site's own counts though the head doubts it."""
        rules, suspects = self.found(code, "said", turn), self.suspects(turn)
        if not trust.head or suspects is None:
            return dict.fromkeys(rules, 1.0)
        if not rules and trust.head not in suspects:
            return {}
        found = weigh(rules, suspects, trust, quotations(self.texts[turn]))
        if trust.helped and not _HELPING.isdisjoint(self.stages.get(turn, ())):
            found = {span: share for span, share in found.items() if share >= trust.helped}
        for start, end in self.found(code, OWN, turn):
            if not overlaps(start, end, tuple(found)):
                found[start, end] = 1.0
        return found

    def previous_customer(self, turn: int) -> int | None:
        """The customer turn that a service turn answers: the last one before it."""
        for other in range(turn - 1, -1, -1):
            if self.role(other) == "customer":
                return other
        return None

    def next_customer(self, turn: int) -> int | None:
        for other in range(turn + 1, len(self.texts)):
            if self.role(other) == "customer":
                return other
        return None

    def replies(self, turn: int) -> tuple[int, ...]:
        """Service turns that follow a customer turn before the customer speaks again."""
        found = []
        for other in range(turn + 1, len(self.texts)):
            if self.role(other) == "customer":
                break
            if self.serving(other):
                found.append(other)
        return tuple(found)

    def cleaned(self, turn: int) -> Clean:
        return self.reading.clean(self.transcript.turns[turn].text)

    def span(self, turn: int, start: int, end: int) -> Span:
        """Evidence for `[start, end)` of the normalised turn: offsets into the text as sent, text masked."""
        cleaned, wanted = self.cleaned(turn), self.texts[turn]
        if cleaned.text.rstrip() != wanted:  # rare: composed characters; find the words again
            at = cleaned.text.find(wanted[start:end])
            start, end = (at, at + end - start) if at >= 0 else (0, len(cleaned.text))
        return self.sent(turn, *cleaned.span(start, end))

    def whole(self, turn: int) -> Span:
        """Evidence for a whole turn."""
        return self.sent(turn, 0, len(self.transcript.turns[turn].text))

    def sent(self, turn: int, start: int, end: int) -> Span:
        """Evidence for `[start, end)` of the turn as sent."""
        return Span(turn, start, end, self.shown(turn, start, end))

    def shown(self, turn: int, start: int, end: int) -> str:
        """`[start, end)` of the turn as sent with personal data masked, also what the slice cuts through."""
        said = self.transcript.turns[turn]
        found = self.reading.findings(said.text) if said.masked is None else said.masked
        return labelled(said.text, found, start, end)

    def personal(self, turn: int) -> tuple[Masked, ...]:
        """Personal data in a turn as sent; a kept turn remembers what was covered in it."""
        said = self.transcript.turns[turn]
        if said.masked is not None:
            return said.masked
        return tuple(
            Masked(one.type, one.start, one.end, self.heard.before(turn, one.text))
            for one in self.reading.findings(said.text)
        )

    @property
    def heard(self) -> Heard:
        """What the customer said, for telling what an agent repeats."""
        if self._heard is None:
            self._heard = Heard(self.transcript)
        return self._heard


def absent(turn: int) -> Span:
    """Evidence that something was missing at this turn."""
    return Span(turn, 0, 0, "", True)


def open_dialogue(
    transcript: Transcript,
    prepared: Prepared,
    sentiments: Mapping[int, Mood],
    facts: Facts | None = None,
    encode: Encode | None = None,
) -> Dialogue:
    """One transcript made ready on its own."""
    return open_dialogues([transcript], prepared, [sentiments], [facts], encode)[0]


def open_dialogues(
    transcripts: Sequence[Transcript],
    prepared: Prepared,
    sentiments: Sequence[Mapping[int, Mood]],
    facts: Sequence[Facts | None] | None = None,
    encode: Encode | None = None,
    lap: Lap = no_lap,
    conduct: Conduct | None = None,
) -> list[Dialogue]:
    """Transcripts made ready together: a text that several turns share is read once. `lap` hears of each pass.

    `conduct` are the trained heads that stand beside the patterns.
    """
    reading = read(
        [turn.text for transcript in transcripts for turn in transcript.turns], prepared.matcher, lap
    )
    texts = [tuple(reading.normal[turn.text] for turn in one.turns) for one in transcripts]
    judged = [_judged(one, said, prepared.form) for one, said in zip(transcripts, texts, strict=True)]
    hearing = hear(
        conduct,
        [said[turn] for said, turns in zip(texts, judged, strict=True) for turn in turns],
        [text for one, said in zip(transcripts, texts, strict=True)
         for text in breaths([turn.role for turn in one.turns], said).values()],
    )  # fmt: skip
    lap("hearing")
    staged: dict[str, Hits] = {}
    opened = [
        _opened(transcript, prepared, reading, staged, feelings, said, turns, hearing, known, encode)
        for transcript, feelings, said, turns, known in zip(
            transcripts, sentiments, texts, judged, facts or [None] * len(transcripts), strict=True
        )
    ]
    lap("stages")
    return opened


def _opened(
    transcript: Transcript,
    prepared: Prepared,
    reading: Reading,
    staged: dict[str, Hits],
    moods: Mapping[int, Mood],
    texts: tuple[str, ...],
    judged: tuple[int, ...],
    hearing: Hearing,
    facts: Facts | None,
    encode: Encode | None,
) -> Dialogue:
    for turn in judged:
        text = texts[turn]
        if text not in staged:
            staged[text] = prepared.stages.find(text, hearing.agents.get(text))
    return Dialogue(
        transcript=transcript,
        prepared=prepared,
        texts=texts,
        hits=tuple(reading.hits[text] for text in texts),
        judged=judged,
        customer=tuple(i for i, turn in enumerate(transcript.turns) if turn.role == "customer"),
        stages={turn: staged[texts[turn]] for turn in judged},
        reading=reading,
        sentiments={turn: mood for turn, mood in moods.items() if transcript.turns[turn].role == "customer"},
        moods=moods,
        facts=facts,
        encode=encode,
        hearing=hearing,
    )


def _judged(transcript: Transcript, texts: Sequence[str], form: Form) -> tuple[int, ...]:
    """Turns of the roles that the form judges; where none of them spoke, of those it judges otherwise."""
    for roles in (form.roles, form.otherwise):
        found = tuple(i for i, turn in enumerate(transcript.turns) if turn.role in roles and texts[i])
        if found:
            return found
    return ()
