"""The operators of 阿里云智能对话分析 in our words.

https://help.aliyun.com/zh/sca/developer-reference/detection-operator-object-description
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from nlp.phrases import PatternError, compile_pattern
from nlp.quality.imports.reading import Fields, Json, Left, Unmapped
from nlp.text import simplify

_HEARD = {
    "delay_time": "抢话要用录音判断，会话记录里没有话轮的结束时间",
    "max_emotion_change_value": "能量要用录音判断，会话记录里没有",
    "check_type": "能量要用录音判断，会话记录里没有",
}
"""Settings of operators over sound."""
_ENTITIES = {
    "手机": "mobile",
    "座机": "landline",
    "固话": "landline",
    "身份证": "id_card",
    "银行卡": "bank_card",
    "邮箱": "email",
    "地址": "address",
    "姓名": "name",
    "人名": "name",
    "车牌": "plate",
    "订单": "order_no",
    "快递": "tracking_no",
    "金额": "amount",
    "日期": "date",
    "时间": "date",
}


def operator(fields: Fields, left: list[Left]) -> Json:
    """One operator as a tree. Raises Unmapped."""
    kind = str(fields.get("type") or "").upper()
    param = fields.child("param")
    if kind not in _READERS:
        raise Unmapped(f"算子 {kind or '（无类型）'}：{_why(param)}")
    found = _READERS[kind](kind, param, left)
    if unread := param.unread(("id", "name", "checkFirstSentence")):
        left.append(Left(f"{fields.place}.{kind}", f"没有用到的设置：{'、'.join(unread)}", True))
    return found


def _why(param: Fields) -> str:
    """Why an operator has no counterpart, by the settings that only it has."""
    return next((why for name, why in _HEARD.items() if param.get(name) is not None), "没有对应的规则")


def as_normalised(regex: str) -> str:
    """A pattern over our normalised text: wide and traditional characters as they become there, case folded."""
    pieces = []
    for character in regex:
        plain = (
            character if character.isascii() else simplify(unicodedata.normalize("NFKC", character).lower())
        )
        pieces.append(plain if character.isascii() or not plain.isascii() else re.escape(plain))
    return "(?i)" + "".join(pieces)


def _pattern(regex: Any) -> str:
    found = as_normalised(str(regex))
    try:
        compile_pattern(found)
    except PatternError as problem:
        raise Unmapped(f"正则 {str(regex)[:60]!r}：{problem.reason}") from None
    return found


def _keywords(kind: str, param: Fields, left: list[Left]) -> Json:
    words = param.texts("keywords", "oper_key_words", "pdKeyWords")
    if not words:
        raise Unmapped("关键词为空")
    wanted = param.whole("keyword_match_size")
    wanted = (1 if kind == "HIT_ANY_KEYWORDS" else -1) if wanted is None else wanted
    if param.get("keyword_extension"):
        left.append(Left(param.place, "关键词扩展没有导入：只按列出的词", True))
    if param.get("case_sensitive"):
        left.append(Left(param.place, "大小写一律不分", True))
    synonyms = param.get("synonyms")
    if wanted == 1 and isinstance(synonyms, Mapping):
        words += [str(one) for many in synonyms.values() if isinstance(many, list) for one in many]
    elif synonyms:
        left.append(Left(param.place, "同义词没有导入：只按列出的词", True))
    if wanted == 0:
        return {"words": words, "match": "none"}
    match: Any = "any" if wanted == 1 else "all" if wanted < 0 or wanted >= len(words) else wanted
    found: Json = {"words": words, "match": match, "quoted": True}
    total = param.whole("threshold")
    if total is not None and total > 1:
        if match != "any":
            raise Unmapped(f"既要 {match} 个关键词，又要共命中 {total} 次")
        found = {"count": found, "at_least": total}
    param.get("context_chat_match")
    return {"turn": found} if param.get("in_sentence") and match != "any" else found


def _regular(_: str, param: Fields, __: list[Left]) -> Json:
    if not param.get("regex"):
        raise Unmapped("正则为空")
    found: Json = {"pattern": [_pattern(param.get("regex"))], "quoted": True}
    param.get("in_sentence")
    if param.get("not_regex"):
        other = {"pattern": [_pattern(param.get("not_regex"))], "quoted": True}
        return {"turn": {"all": [found, {"not": other}]}}
    return found


def _similar(_: str, param: Fields, left: list[Left]) -> Json:
    texts = param.texts("similarly_sentences", "references")
    if not texts:
        raise Unmapped("相似话术为空")
    score = param.number("score", "similarity_threshold", "threshold") or 80.0
    share = score / 100 if score > 1 else score
    left.append(Left(param.place, f"相似度 {score:g} 按余弦 {share:g} 处理，两家的尺度未必相同", True))
    param.get("in_sentence")
    return {"similar": texts, "at_least": round(min(share, 1.0), 4)}


def _repeated(_: str, param: Fields, __: list[Left]) -> Json:
    found: Json = {"repeats": (param.whole("hit_time") or 1) + 1}
    if (share := param.number("similarity_threshold")) is not None:
        found["likeness"] = share / 100 if share > 1 else share
    if shortest := param.whole("threshold", "min_word_size"):
        found["shortest"] = shortest
    if within := param.whole("from"):
        found["within"] = within
    if excluded := param.texts("excludes"):
        found["ignore"] = excluded
    return found


def _entity(_: str, param: Fields, __: list[Left]) -> Json:
    told = str(param.get("customer_param") or param.get("entity_name", "name") or "")
    types = [ours for theirs, ours in _ENTITIES.items() if theirs in told]
    if not types:
        raise Unmapped(f"实体类型 {str(param.get('data_type'))[:20]} 没有写明名称，无从对应")
    return {"entity": sorted(set(types))}


def _interval(_: str, param: Fields, left: list[Left]) -> Json:
    interval = param.number("interval")
    if interval is None:
        raise Unmapped("静音时长为空")
    if (param.whole("target") or 1) != 1:
        raise Unmapped("只能与前一句相比")
    measure = "reply" if param.get("different_role") else "silence"
    left.append(Left(param.place, "静音按相邻两句开始时间之差计算：会话记录没有结束时间", True))
    bound = "under" if str(param.get("compare_operator") or "gt").lower() == "lt" else "over"
    found: Json = {"measure": measure, bound: interval / 1000}
    if (end := param.number("interval_end")) is not None and end > interval:
        found["at_most"] = end / 1000
    param.get("from_end", "check_first_sentence", "near_dialogue")
    return found


def _speed(_: str, param: Fields, __: list[Left]) -> Json:
    speed = param.number("velocity_in_mint")
    if not speed:
        raise Unmapped("没有每分钟字数")
    bound = "under" if str(param.get("compare_operator") or "gt").lower() == "lt" else "over"
    shortest = param.whole("min_word_size")
    if param.get("average"):
        return {"measure": "mean_speed", bound: speed}
    found: Json = {"measure": "speed", bound: speed}
    if shortest and shortest > 1:
        return {"turn": {"all": [found, {"measure": "letters", "at_least": shortest}]}}
    return found


_READERS: Mapping[str, Callable[[str, Fields, list[Left]], Json]] = {
    "HIT_ANY_KEYWORDS": _keywords,
    "INCLUDE_KEYWORDS": _keywords,
    "REGULAR_EXPRESSION": _regular,
    "SIMILAR_MATCH": _similar,
    "ADVANCED_REPEAT_DETECT": _repeated,
    "NER_MODEL": _entity,
    "INTERVAL_GREATER": _interval,
    "SPEECH_SPEED_CHECK": _speed,
}
KNOWN = tuple(_READERS)
"""Operators that have a counterpart here."""
