"""Which of the six stages an agent's turn reaches: opening, comfort, verification, solution, follow-up, closing.

The wording alone decides here. Whether a greeting stands at the beginning and a closing at the end is the
caller's to judge, who knows the place of the turn.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from nlp.phrases import Matcher, PatternError, Phrases, Spans
from nlp.suspects import Suspects, Trust, weigh
from nlp.text import normalise

STAGES: tuple[str, ...] = ("greeting", "comfort", "verify", "solve", "follow_up", "closing")
STAGE_NAMES: Mapping[str, str] = {
    "greeting": "开场白",
    "comfort": "安抚",
    "verify": "核实",
    "solve": "解决",
    "follow_up": "回访",
    "closing": "结束语",
}
PRESETS = Path(__file__).parent / "presets"

_TIME = re.compile(
    r"\d|[一二两三四五六七八九十半]+ ?(?:个?(?:小时|工作日|分钟|月)|天|点|周|日|号)"
    r"|今天|今晚|明天|明早|明晚|后天|下周|周[一二三四五六日末]|当天|当晚|次日|第二天|下班前|中午|傍晚|晚上|上午|下午|月底|下月"
)
_LONG_TURN = 60
_LIKELY = 0.5
_CONFIRMING = re.compile(r"(?:对|是|没错|正确)(?:吗|吧|么|嘛|不对)\?")
_NAMING = re.compile(r"zx|订单|单号|尾号|付款|签收|收货|是不是|下单")
_SENTENCE = re.compile(r"[^。!?;]+[。!?;]*")
_CLAUSE = re.compile(r"[^,。!?;:]+[,。!?;:]*")


def _answers(text: str, spans: Spans, elsewhere: Spans) -> Spans:
    """Solution spans that neither ask nor belong to a later step or a farewell."""
    asked = [match.span() for match in _SENTENCE.finditer(text) if match.group().rstrip().endswith("?")]
    # A question after a comma takes only its own clause: "可以退, 您看行吗?" still answers.
    asked = [
        clause.span()
        for start, end in asked
        for clause in _CLAUSE.finditer(text, start, end)
        if clause.group().rstrip().endswith("?")
        or _NAMING.search(clause.group())
        or _CONFIRMING.search(text, start, end)
    ]
    taken = [
        match.span()
        for match in _CLAUSE.finditer(text)
        if any(match.start() < end and start < match.end() for start, end in elsewhere)
    ]
    blocked = [*asked, *taken]
    return tuple(s for s in spans if not any(s[0] < end and start < s[1] for start, end in blocked))


def _wrongs(suspects: Suspects) -> Spans:
    """Clauses that are likelier a violation than not: a refusal or a reproach solves nothing."""
    return tuple(
        (start, end)
        for label, hits in suspects.items()
        if label not in STAGES
        for start, end, share in hits
        if share >= _LIKELY
    )


class StagesError(ValueError):
    """A stage list that cannot be used; names the key and the accepted form."""


@dataclass(frozen=True)
class Stages:
    """Compiled stage patterns, the trust in the head beside them, and the version of the list they came from."""

    version: str
    matcher: Matcher
    trust: Mapping[str, Trust]

    def find(self, text: str, suspects: Suspects | None = None) -> dict[str, Spans]:
        """Stages of one normalised turn with the spans that show them; `suspects` are those of the trained head."""
        found = dict(self.matcher.hits(text))
        if suspects is not None:
            found = self._weighed(found, suspects)
        if "follow_up" in found and not _TIME.search(text):
            del found["follow_up"]  # a later step counts when it has a time or a number
        if "closing" in found and len(text) < _LONG_TURN:
            found.pop("comfort", None)  # a regret said while leaving comforts nobody any more
        if "solve" in found:
            elsewhere = (*found.get("follow_up", ()), *found.get("closing", ()))
            answers = _answers(text, found["solve"], (*elsewhere, *_wrongs(suspects or {})))
            if answers:
                found["solve"] = answers
            else:
                del found["solve"]
        return found

    def _weighed(self, found: Mapping[str, Spans], suspects: Suspects) -> dict[str, Spans]:
        both: dict[str, Spans] = {}
        for stage in STAGES:
            spans = tuple(weigh(found.get(stage, ()), suspects, self.trust[stage]))
            if spans:
                both[stage] = spans
        return both

    def of(self, text: str) -> frozenset[str]:
        """Codes of the stages of one turn as sent."""
        return frozenset(self.find(normalise(text)))


def _share(table: Mapping[str, Any], code: str, key: str, otherwise: float) -> float:
    value = table.get(key, otherwise)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise StagesError(f"{code}.{key}：{value!r}（应为：0 到 1 的概率；sure 大于 1 则只按模式）")
    return float(value)


def parse_stages(value: Mapping[str, Any]) -> Stages:
    """Read the TOML's content. Raises StagesError."""
    lists, trust = {}, {}
    for code in STAGES:
        table = value.get(code)
        if not isinstance(table, Mapping) or not table.get("patterns"):
            raise StagesError(f"{code}.patterns：缺失（应为：非空的模式列表）")
        lists[code] = Phrases(tuple(table["patterns"]), tuple(table.get("unless", ())))
        trust[code] = Trust(code, _share(table, code, "sure", 2.0), _share(table, code, "doubt", 0.0))
    try:
        return Stages(str(value.get("version", "")), Matcher(lists), trust)
    except PatternError as problem:
        raise StagesError(str(problem)) from None


@lru_cache(maxsize=8)
def load_stages(folder: Path | None = None) -> Stages:
    """The site's `stages.toml` in `folder` where there is one, else the preset. Raises StagesError, which names it."""
    own = folder / "stages.toml" if folder else None
    path = own if own and own.exists() else PRESETS / "stages.toml"
    try:
        return parse_stages(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise StagesError(f"{path}: 全文: 不是有效的 TOML：{problem}（应为：UTF-8 编码的 TOML）") from None
    except StagesError as problem:
        raise StagesError(f"{path}: {problem}") from None


def stages_of(text: str) -> frozenset[str]:
    """Codes of the stages that the wording of one agent turn reaches, by the preset list."""
    return load_stages().of(text)
