"""Word rules with guards: what a pattern says only counts where its surroundings do not take it back.

Patterns are RE2 (linear time, whatever a site writes) over the quiet text: normalised, without white space
and spoken fillers, each character still knowing where it came from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import re2

from nlp.tables import Table
from nlp.text import Clean, clean, normalise, sentences

Where = Literal["sentence", "clause", "text", "before", "after", "near"]
_WHERES = ("sentence", "clause", "text", "before", "after", "near")
_MEMORY = 64 << 20  # bytes RE2 may take for a pattern's automaton; too few and it falls back to a slow one
_CLAUSE_MARKS = ",。!?;、\n"
_FILLERS = re2.compile(r"就是说|我就是说|怎么说呢|那个(?:[，,、]|那个)|[呃嗯唉诶]+[，,、]?| +")

# Normalised text has half-width punctuation; whoever writes a rule may use either.
_AS_NORMALISED = {
    ord(a): b
    for a, b in {"，": ",", "！": "!", "？": r"\?", "：": ":", "；": ";", "（": r"\(", "）": r"\)"}.items()
}


@dataclass(frozen=True, slots=True)
class Guard:
    """A pattern tried around a match: its sentence or clause, the text, or `within` characters on a side."""

    pattern: Any
    where: Where
    within: int

    def holds(self, text: str, start: int, end: int) -> bool:
        return self.pattern.search(self._surroundings(text, start, end)) is not None

    def _surroundings(self, text: str, start: int, end: int) -> str:
        if self.where == "text":
            return text
        if self.where == "before":
            return text[max(0, start - self.within) : start]
        if self.where == "after":
            return text[end : end + self.within]
        if self.where == "near":
            return text[max(0, start - self.within) : end + self.within]
        if self.where == "clause":
            return text[_clause_start(text, start) : _clause_end(text, end)]
        return next((text[a:b] for a, b in sentences(text) if a <= start < b), text)


def _clause_start(text: str, at: int) -> int:
    return max(text.rfind(mark, 0, at) for mark in _CLAUSE_MARKS) + 1


def _clause_end(text: str, at: int) -> int:
    return (
        min((found for mark in _CLAUSE_MARKS if (found := text.find(mark, at)) >= 0), default=len(text) - 1)
        + 1
    )


@dataclass(frozen=True, slots=True)
class Rule:
    """`pattern` counts when every guard of `must` holds at the match and none of `unless` does."""

    code: str
    level: str
    pattern: Any
    must: tuple[Guard, ...]
    unless: tuple[Guard, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Found:
    """A rule that holds; `start`, `end` are offsets into the text as sent."""

    code: str
    level: str
    text: str
    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules behind one filter over the words all their patterns need: a text without those costs one pass."""

    rules: tuple[Rule, ...]
    candidates: Any

    def find(self, text: str) -> tuple[Found, ...]:
        """Each rule's first holding match in `text`, in the order of the rules."""
        return self.judge(text)[0]

    def judge(self, text: str) -> tuple[tuple[Found, ...], frozenset[str]]:
        """As `find`, and the codes whose words stand there but were taken back by a guard."""
        if not self.rules:
            return (), frozenset()
        plain = _FILLERS.sub("", normalise(text))
        likely = self.candidates.Match(plain, potential=True)
        if not likely:
            return (), frozenset()
        seen = quiet(text)  # the way back to the source is only built for a text with something to show
        found: list[Found] = []
        taken_back: set[str] = set()
        for index in sorted(likely):
            rule = self.rules[index]
            for match in rule.pattern.finditer(seen.text):
                start, end = match.span()
                if all(guard.holds(seen.text, start, end) for guard in rule.must) and not any(
                    guard.holds(seen.text, start, end) for guard in rule.unless
                ):
                    a, b = seen.span(start, end)
                    found.append(Found(rule.code, rule.level, text[a:b], a, b, rule.weight))
                    break
                taken_back.add(rule.code)
        return tuple(found), frozenset(taken_back) - {one.code for one in found}


@lru_cache(maxsize=64)
def quiet(text: str) -> Clean:
    """The clean text without white space and spoken fillers (呃、就是说), offsets kept."""
    whole = clean(text)
    kept: list[str] = []
    origin: list[int] = []
    at = 0
    for match in _FILLERS.finditer(whole.text):
        start, end = match.span()
        kept.append(whole.text[at:start])
        origin.extend(whole.origin[at:start])
        at = end
    if at == 0:
        return whole
    kept.append(whole.text[at:])
    origin.extend(whole.origin[at:])
    return Clean("".join(kept), tuple(origin), whole.length)


def compile_pattern(table: Table, key: str, value: str | None = None) -> Any:
    """Compile the RE2 pattern at `key`; raises PolicyError with RE2's own message."""
    pattern = (table.text(key) if value is None else value).translate(_AS_NORMALISED)
    try:
        return re2.compile(pattern, _options())
    except re2.error as problem:
        reason = problem.args[0] if problem.args else ""
        reason = reason.decode() if isinstance(reason, bytes) else str(reason)
        raise table.error(key, f"正则表达式有误：{reason}", "RE2 正则表达式") from None


def read_rules(table: Table, levels: Sequence[str], codes: frozenset[str] | None = None) -> RuleSet:
    """Read `[words]`, `[guard.*]`, `standard` (guards of every rule) and `[[rule]]` of a policy file.

    `{name}` inside a pattern stands for the word list of that name, so that lists are written once. A rule
    without a level has the first of `levels`; with `codes`, rules of another code are left out.
    """
    words = {key: _alternatives(table, key) for key in table.table("words", required=False).values}
    guards = {
        name: _guard(table.table("guard").table(name), words)
        for name in table.table("guard", required=False).values
    }
    standard = table.texts("standard", ())
    rules = tuple(_rule(item, levels, guards, words, standard) for item in table.tables("rule"))
    rules = tuple(rule for rule in rules if codes is None or rule.code in codes)
    return RuleSet(rules, _filter(rules))


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    return options


def _filter(rules: tuple[Rule, ...]) -> Any:
    candidates = re2.Filter()
    for rule in rules:
        candidates.Add(rule.pattern.pattern, _options())
    if rules:
        candidates.Compile()
    return candidates


def _alternatives(table: Table, key: str) -> str:
    listed = table.table("words").texts(key)
    for word in listed:
        compile_pattern(table, f"words.{key}", word)
    return "(?:" + "|".join(listed) + ")"


def _filled(table: Table, key: str, words: Mapping[str, str]) -> Any:
    pattern = table.text(key)
    for name, alternatives in words.items():
        pattern = pattern.replace("{" + name + "}", alternatives)
    return compile_pattern(table, key, pattern)


def _guard(table: Table, words: Mapping[str, str]) -> Guard:
    table.only("pattern", "where", "within")
    where: Any = table.text("where", "sentence", _WHERES)
    return Guard(_filled(table, "pattern", words), where, int(table.number("within", 12, 1, 500)))


def _rule(
    table: Table,
    levels: Sequence[str],
    guards: Mapping[str, Guard],
    words: Mapping[str, str],
    standard: tuple[str, ...],
) -> Rule:
    table.only("code", "level", "pattern", "must", "unless", "weight", "note")
    named: dict[str, tuple[Guard, ...]] = {}
    for key, always in (("must", ()), ("unless", standard)):
        names = table.texts(key, ()) + always
        for name in names:
            if name not in guards:
                raise table.error(key, f"没有名为 {name!r} 的 guard", "|".join(guards))
        named[key] = tuple(guards[name] for name in names)
    return Rule(
        table.text("code"),
        table.text("level", levels[0], tuple(levels)),
        _filled(table, "pattern", words),
        named["must"],
        named["unless"],
        table.number("weight", 1.0, 0.0, 10.0),
    )
