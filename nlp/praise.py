"""Whether a customer praised who served them: words of judgement, not thanks alone. Data in `presets/praise.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nlp.phrases import Matcher, PatternError, Phrases, compile_pattern
from nlp.tables import read_preset
from nlp.text import normalise
from nlp.transcript import Transcript

NAME = "praise"
_LIST = "praise"


@dataclass(frozen=True)
class Praise:
    """The compiled list of a site and its version."""

    version: str
    matcher: Matcher

    def hits(self, text: str) -> tuple[tuple[int, int], ...]:
        """Spans of the normalised text that praise."""
        return self.matcher.hits(normalise(text)).get(_LIST, ())

    def praised(self, transcript: Transcript) -> bool:
        """Whether any customer turn praises; all of them are read in one pass."""
        return bool(self.hits("。".join(turn.text for turn in transcript.turns if turn.role == "customer")))


@lru_cache(maxsize=16)
def load_praise(folder: Path | None = None) -> Praise:
    """The site's `praise.toml` where there is one, else the preset. Raises PolicyError."""
    preset = read_preset(NAME, folder)
    table = preset.table
    table.only("version", "patterns", "unless")
    lists = {key: table.texts(key, ()) for key in ("patterns", "unless")}
    for key, patterns in lists.items():
        for pattern in patterns:
            try:
                compile_pattern(pattern)
            except PatternError as error:
                raise table.error(key, str(error), "RE2 模式") from None
    phrases = Phrases(lists["patterns"], lists["unless"])
    return Praise(f"{table.text('version')}+{preset.digest[:8]}", Matcher({_LIST: phrases}))
