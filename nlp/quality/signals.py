"""Named signals of three failings that no single sentence shows: distress left alone, a question passed over, a talk
ended too early. Each is a number; `nlp.quality.weights` adds them up to a probability."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from nlp.quality import answering
from nlp.quality.dialogue import Dialogue
from nlp.quality.wording import asks
from nlp.text import bigrams

Signals = dict[str, float]

_DONE = re.compile(
    r"没(?:有)?(?:别的|其他|问题|事|了)|不用了|没了|就这样|^(?:嗯+|好+|行|那?好|ok|知道|明白|谢|太好|可以|收到)[^?？]*$"
)
_THANKS = re.compile(r"谢|感谢|辛苦|放心了|太好")
_PRESSING = re.compile(
    r"我(?:是)?(?:就)?(?:问|说)(?:的)?(?:是|你|的|了)?|没(?:让|问)你|不问|没回答|还没(?:说|答|回)|到底|所以|[?？]{2,}|然后呢|^(?:那)?[^,。]{1,10}呢[?？]?$"
)
_PROTEST = re.compile(r"^(?:诶|哎|欸|喂|啊|等等|等一下|别|慢着|唉)|还没|没说完|没问完|没解决|你别|什么态度")
_LIVES = re.compile(r"孩子|宝宝|老人|妈|爸|奶奶|爷爷|女儿|儿子|家里|医院|手术|怀孕")
_SHAKEN = re.compile(
    r"抖|发软|腿软|睡不着|没睡|没合眼|合不了眼|撑不住|熬|崩|难受|难过|委屈|哭|眼泪|害怕|好怕|后怕|吓|慌|懵|空白|心疼|心寒|寒心|绝望|喘不|丢人|难堪|尴尬|对不起[他她爸妈孩]"
)
_WAITED = re.compile(
    r"(?:第?[两三四五六七八九十几\d]+|好几|多少) ?(?:遍|次|趟|回|天|周|个?月|个?星期|个?小时|年)(?:了|,|。|$)|又|一直|每次|天天|还没"
)
_LOST = re.compile(r"没了|丢了|毁了|留下|留给|唯一|走之前|去世|遗物|再也|一辈子|白费|泡汤|作废|碎")
_NEED = re.compile(
    r"房租|房贷|生活费|工资|积蓄|养老|催款|学费|救命|急诊|住院|的药|奶粉|月子|怀孕|轮椅|流血|出了?(?:点)?血|受伤|发烧|饿|冻|冷"
)
_COLD = re.compile(
    r"贵(?:司|公司)|所谓|这就是你们|你们的?[^,。]{0,8}真|真(?:是)?(?:体面|周到|贴心|厉害|行|会)|受教|领教|合着|敢情|难为|恭喜|呵|佩服|[\"“][^\"”]+[\"”]"
)
_LOUD = re.compile(r"[!！]|[?？]{2}")
_FEELINGS = ("angry", "fear", "sad")
_LEAST = 0.004


def logit(likely: float) -> float:
    """Log odds, within reach."""
    likely = min(max(likely, _LEAST), 1 - _LEAST)
    return math.log(likely / (1 - likely))


def share(dialogue: Dialogue, turns: Sequence[int], label: str) -> float:
    """The greatest probability of a label among the clauses of some turns."""
    hits = ((dialogue.suspects(turn) or {}).get(label, ()) for turn in turns)
    return max((likely for one in hits for _, _, likely in one), default=0.0)


def _said(dialogue: Dialogue, turns: Sequence[int]) -> str:
    return " ".join(dialogue.texts[turn] for turn in turns)


def breath(dialogue: Dialogue, turn: int) -> str:
    """What the customer said, up to `turn`, since somebody last answered."""
    said = [dialogue.texts[turn]]
    for other in range(turn - 1, -1, -1):
        if dialogue.serving(other):
            break
        if dialogue.role(other) == "customer":
            said.append(dialogue.texts[other])
    return " ".join(reversed(said))


def _next(
    dialogue: Dialogue,
    asked: frozenset[str],
    question: frozenset[str],
    reply: frozenset[str],
    follow: int | None,
) -> Signals:
    """What the customer does after a reply."""
    if follow is None:
        return {"ends": 1.0}
    text = dialogue.texts[follow]
    again, said = answering.kinds(text), bigrams(text)
    fresh = len((said & question) - reply)
    return {
        "asks on": float(asks(text)),
        "asks the same kind": float(bool(asked & again)),
        "says it again": fresh / max(len(said), 1),
        "says it again at all": float(fresh >= 2),
        "presses": float(_PRESSING.search(text) is not None),
        "content": float(_DONE.search(text) is not None and not asks(text)),
        "thanks": float(_THANKS.search(text) is not None),
        "short": float(len(text) <= 12),
    }


def passed_over(
    dialogue: Dialogue, code: str, question: int, replies: Sequence[int], other: bool, refused: bool
) -> Signals:
    """Of a customer's question and the service turns up to the customer's next: `other` failings found there,
    `refused` for a stock sentence instead of an answer."""
    asked_text, reply = breath(dialogue, question), _said(dialogue, replies)
    asked = answering.kinds(asked_text)
    told = answering.told(asked, reply)
    follow = dialogue.next_customer(replies[-1])
    mine, theirs = bigrams(asked_text), bigrams(reply)
    back = answering.ASKING_BACK.search(reply) is not None
    found = {
        "kinds asked": float(len(asked)),
        "kinds missing": float(len(asked - told)),
        "none told": float(bool(asked) and not told),
        "several questions": float(answering.questions(asked_text) >= 2),
        "about the same": min(len(mine & theirs), 4) / 4,
        "asks back": float(back),
        "holds on": float(answering.HOLDING.search(reply) is not None),
        "puts off": float(answering.PUT_OFF.search(reply) is not None),
        "deflects": float(any(dialogue.has(code, "deflections", turn) for turn in replies)),
        "pressed": float(follow is not None and dialogue.has(code, "again", follow)),
        "other failing": float(other),
        "stock sentence": float(refused),
        "short reply": float(len(reply) <= 12),
        "opening": float(replies[0] < 3),
    }
    found |= {f"sounds like {label}": logit(share(dialogue, replies, label)) for label in ("solve", "verify", "follow_up", "comfort")}  # fmt: skip
    after = _next(dialogue, asked, mine, theirs, follow)
    found |= after
    pressed = after.get("presses", 0.0) or found["pressed"]
    found["pressed, none told"] = float(bool(pressed and found["kinds missing"]))
    found["pressed and said again"] = float(bool(pressed and after.get("says it again at all")))
    found["asked back and pressed"] = float(bool(back and pressed))
    found["same kind, missing"] = float(bool(after.get("asks the same kind") and found["kinds missing"]))
    return found


def ended(dialogue: Dialogue, code: str, turn: int) -> Signals:
    """Of an agent's turn that may end the talk."""
    before, follow = dialogue.previous_customer(turn), dialogue.next_customer(turn)
    said, text = breath(dialogue, before) if before is not None else "", dialogue.texts[turn]
    asked = answering.kinds(said)
    missing = asked - answering.told(asked, text)
    asking = bool(said) and asks(said)
    done = _DONE.search(said) is not None and not asking
    after = dialogue.texts[follow] if follow is not None else ""
    answered = max(share(dialogue, [turn], "solve"), share(dialogue, [turn], "follow_up"))
    return {
        "words": float(dialogue.has(code, "said", turn)),
        "sounds like it": logit(share(dialogue, [turn], code)),
        "sounds like a farewell": logit(share(dialogue, [turn], "closing")),
        "asked": float(asking),
        "asked, no answer": float(asking and answered < 0.3),
        "kinds missing": float(len(missing)),
        "answers": logit(answered),
        "done": float(done),
        "thanked": float(_THANKS.search(said) is not None),
        "goes on": float(follow is not None),
        "asks on": float(bool(after) and asks(after)),
        "protests": float(_PROTEST.search(after) is not None),
        "presses": float(_PRESSING.search(after) is not None),
        "puts off": float(answering.PUT_OFF.search(text) is not None),
        "upset": logit(dialogue.distress().get(before, 0.0)) if before is not None else logit(0.0),
        "opening": float(turn < 3),
        "asks back": float(answering.ASKING_BACK.search(text) is not None),
    }  # fmt: skip


def left_alone(
    dialogue: Dialogue, code: str, upset: int, replies: Sequence[int], standing: float,
    shares: Mapping[int, float],
) -> Signals:  # fmt: skip
    """Of a customer's breath and the reply: `standing` is the distress that nobody has acknowledged before."""
    text = breath(dialogue, upset)
    follow = dialogue.next_customer(replies[-1])
    feeling = dialogue.sentiments.get(upset)
    strong = feeling is not None and feeling.emotion in _FEELINGS
    own = logit(shares.get(upset, 0.0))
    return {
        "distress": own,
        "distress before": logit(standing),
        "distress after": logit(shares.get(follow, 0.0)) if follow is not None else logit(0.0),
        "sounds like comfort": logit(share(dialogue, replies, "comfort")),
        "cue": float(dialogue.has(code, "cues", upset)),
        "mood": feeling.intensity if feeling is not None and strong else 0.0,
        "negative": float(feeling is not None and feeling.polarity == "negative"),
        "shaken": float(_SHAKEN.search(text) is not None),
        "waited": float(_WAITED.search(text) is not None),
        "lost": float(_LOST.search(text) is not None),
        "need": float(_NEED.search(text) is not None),
        "cold": float(_COLD.search(text) is not None),
        "lives": float(_LIVES.search(text) is not None),
        "loud": float(_LOUD.search(text) is not None),
        "long": float(len(text) >= 30),
        "short": float(len(text) <= 8),
        "content": float(_DONE.search(text) is not None and not asks(text)),
        "asks": float(asks(text)),
        "opening": float(upset < 3),
        "followed": float(follow is not None),
        "sounds like solve": logit(share(dialogue, replies, "solve")),
    }
