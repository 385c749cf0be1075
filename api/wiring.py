"""Joins the two cores: models and policies in, contract bodies out.

Plain functions over frozen values, free of the web framework and the database: a request, the command line
and a batch worker run the same code.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from api.loading import HEAVY_MS, encoding_of, head_of, heavy
from api.vectors import Encoding, single_ms
from kb.filters import Filters
from kb.knowledge import Knowledge
from kb.query import ask
from kb.search import Hit, search
from kb.segment import Encode
from kb.slots import BLANK
from kb.suggest import SuggestRequest, suggest
from nlp import artefacts
from nlp.classify import Classifier, Thresholds, load_thresholds
from nlp.encode import Encoder
from nlp.linear import Linear
from nlp.outside import Outside, load_outside
from nlp.policy import Policy, load_policy
from nlp.privacy import mask
from nlp.routing import Route, Ticket, route
from nlp.sentiment import Sentiment, SentimentAnalyser, load_analyser
from nlp.stages import stages_of

Json = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Models:
    """What was loaded. A part that could not be is None, and `missing` says why.

    `heads_slow`: what classifies is too slow for the event loop.
    """

    encoding: Encoding | None
    intent: Classifier | None
    analyser: SentimentAnalyser
    bands: Thresholds | None = None
    outside: Outside | None = None
    alarm: Classifier | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
    heads_slow: bool = False

    @property
    def encoder(self) -> Encoder | None:
        """What texts are searched with; a head may have been fitted on another."""
        return None if self.encoding is None else self.encoding.encoder

    @property
    def encode(self) -> Encode | None:
        return None if self.encoder is None else self.encoder.encode

    @property
    def encoder_version(self) -> str:
        return "" if self.encoder is None else self.encoder.version

    async def think(self, work: Callable[[Encode | None], T]) -> T:
        """What `work` gives; a slow encoder is asked on its own thread, for many requests at once.

        `work` may be run twice. Raises BatcherFull, BatcherStopped.
        """
        return work(None) if self.encoding is None else await self.encoding.think(work)

    async def judge(self, work: Callable[[], T]) -> T:
        """What `work` gives, on a thread where the classifiers it asks are too slow for the event loop."""
        return await asyncio.to_thread(work) if self.heads_slow else work()

    def close(self) -> None:
        """Answer what waits for a vector, then stop."""
        if self.encoding is not None:
            self.encoding.close()

    def versions(self) -> dict[str, str]:
        """Version of every model in use."""
        parts: dict[str, Encoder | Classifier | SentimentAnalyser | None] = {
            "encoder": self.encoder,
            "intent": self.intent,
            "sentiment": self.analyser,
            "alarm": self.alarm,
        }
        return {name: part.version for name, part in parts.items() if part is not None}


def load_models(
    root: Path | None = None,
    encoder: str | None = None,
    folder: Path | None = None,
    threads: int = 1,
    waiting: int = 256,
) -> Models:
    """Load what is there; a missing or damaged model degrades its job and is named in `missing`.

    `folder` is the site's policy folder: its mood words stand in for the shipped ones. `encoder` is a version to
    search with; a slow one computes on `threads` threads and keeps at most `waiting` texts waiting.
    """
    missing: dict[str, str] = {}

    def attempt(name: str, load: Any) -> Any:
        try:
            return load()
        except (artefacts.ArtefactError, OSError, ValueError) as error:
            missing[name] = str(error)
            return None

    encoding: Encoding | None = attempt("encoder", lambda: encoding_of(root, encoder, threads, waiting))
    loaded = {} if encoding is None else {encoding.encoder.version: encoding.encoder}
    intent = attempt("intent", lambda: head_of("intent", root, loaded))
    analyser = load_analyser(root, folder)
    if analyser.mode != "full":
        missing["sentiment"] = "没有可用的情感与情绪模型：只按词语规则判断"
    bands = None if intent is None else attempt("intent", lambda: load_thresholds("intent", root))
    outside = None if intent is None else attempt("intent", lambda: load_outside("intent", root))
    alarm = attempt("alarm", lambda: head_of("alarm", root, loaded))
    slow = heavy(intent) or heavy(alarm) or single_ms(analyser.analyse) > HEAVY_MS
    return Models(encoding, intent, analyser, bands, outside, alarm, missing, slow)


def new_id(kind: str) -> str:
    """A fresh id, sortable by time: `rt_…`, `sg_…`, `tn_…`, `qs_…`."""
    return f"{kind}_{int(time.time() * 1000):011x}{secrets.token_hex(6)}"


def decision(
    identity: str, mode: str, release: str | None, models: Models, policy: str, began: float
) -> Json:
    """The fields every decision has. `began` is a `time.perf_counter()` reading."""
    return {
        "id": identity,
        "mode": mode,
        "versions": {"release": release, "models": models.versions(), "policy": policy},
        "took_ms": round((time.perf_counter() - began) * 1000, 3),
    }


def policies(folder: Path | None) -> Policy:
    """The site's policy: shipped presets with the folder's files over them."""
    return load_policy(folder)


def route_tickets(models: Models, policy: Policy, tickets: Sequence[Ticket], now: datetime) -> list[Route]:
    """Route tickets; the models see them as one batch."""
    texts = [f"{ticket.subject or ''} {ticket.text}".strip() for ticket in tickets]
    sentiments: Sequence[Sentiment] = models.analyser.analyse(texts)
    intents, alarms = shares(models.intent, texts), shares(models.alarm, texts)
    foreign = strange(models, texts, intents)
    return [
        route(ticket, intent, sentiment, policy, now, thresholds=models.bands, alarm=alarm, outside=outside)
        for ticket, intent, sentiment, alarm, outside in zip(
            tickets, intents, sentiments, alarms, foreign, strict=True
        )
    ]


def strange(
    models: Models, texts: Sequence[str], intents: Sequence[Mapping[str, float] | None]
) -> Sequence[float | None]:
    """Probability that each text belongs to no category; None for each where the head was not taught to tell."""
    head = models.intent
    if models.outside is None or not isinstance(head, Linear) or head.encoder is None:
        return [None] * len(texts)
    given = np.array([[found[label] for label in head.labels] for found in intents if found is not None])
    told = models.outside.probabilities(head.labels, given, head.encoder.encode(texts))
    return [float(one) for one in told]


def shares(model: Classifier | None, texts: Sequence[str]) -> Sequence[Mapping[str, float] | None]:
    """Probability of each label for each text; None for each where there is no model."""
    if model is None:
        return [None] * len(texts)
    return [dict(zip(model.labels, map(float, row), strict=True)) for row in model.probabilities(texts)]


def search_mode(models: Models, knowledge: Knowledge) -> str:
    """What a search of this knowledge is made with."""
    return "full" if models.encoder is not None and knowledge.has_vectors else "keyword_only"


NEAR = 5


def search_body(
    models: Models,
    knowledge: Knowledge,
    query: str,
    filters: Filters,
    limit: int,
    min_precision: float | None,
    encode: Encode | None = None,
) -> Json:
    """Hits with their reasons; below the asked precision none, and the nearest titles instead.

    `encode` stands in for the models' own.
    """
    asked = ask(query, (encode or models.encode) if knowledge.has_vectors else None)
    hits = search(knowledge, asked, asked.vector, filters, limit, min_precision)
    near = () if hits else search(knowledge, asked, asked.vector, filters, NEAR)
    return {
        "hits": [_hit(hit, knowledge.release) for hit in hits],
        "abstained": not hits,
        "near_questions": [hit.title for hit in near],
    }


def flat(value: Any) -> Json:
    """The fields of a dataclass that holds no other; `asdict` copies deeply, ten times slower."""
    return {name: getattr(value, name) for name in value.__slots__}


def _why(why: Any) -> Json:
    features = [{"name": name, "value": value} for name, value in why.features]
    return {
        "matched": list(why.matched),
        "dense": why.dense,
        "keyword": why.keyword,
        "sound": why.sound,
        "features": features,
    }


def _hit(hit: Hit, release: str) -> Json:
    return {
        "entry_id": hit.entry_id,
        "release": release,
        "kind": hit.kind,
        "title": hit.title,
        "text": hit.text,
        "passage": hit.passage,
        "confidence": hit.confidence,
        "highlights": [flat(mark) for mark in hit.highlights],
        "why": _why(hit.why),
    }


def suggest_body(
    models: Models, knowledge: Knowledge, request: SuggestRequest, encode: Encode | None = None
) -> Json:
    """Suggestions with their reasons, and every candidate that was held back with its own.

    `encode` stands in for the models' own.
    """
    found = suggest(knowledge, request, encode or models.encode)
    considered = {one.entry_id for one in found.suggestions} | {one.entry_id for one in found.rejected}
    return {
        "suggestions": [
            {
                "entry_id": one.entry_id,
                "release": one.release,
                "kind": one.kind,
                "stage": one.stage,
                "title": one.title,
                "text": one.text,
                "slots": [flat(slot) for slot in one.slots],
                "ready": BLANK not in one.text,
                "confidence": one.confidence,
                "source": flat(one.source),
                "why": _why(one.why),
            }
            for one in found.suggestions
        ],
        "abstained": found.abstained,
        "near_questions": list(found.near_questions),
        "stage": found.stage,
        "threshold": round(found.threshold, 4),
        "held_back": [flat(one) | {"message": REASONS[one.reason]} for one in found.rejected[:HELD_BACK]],
        "pushed": sorted(request.priors.keys() & considered),
    }


HELD_BACK = 20
"""Held-back candidates told in a reply; the nearest ones."""
REASONS = {
    "threshold": "把握不够", "quality": "用过之后效果不好", "limit": "超出条数", "duplicate": "与更合适的一条重复",
    "already_said": "坐席已说过相同的话", "already_sent": "本会话已发送过", "kind": "类型不符", "stage": "阶段不符",
    "audience": "不适用于该客户", "channel": "不适用于该渠道", "not_yet_effective": "尚未生效", "expired": "已失效",
    "overdue": "超过复审日期",
}  # fmt: skip


def warm(models: Models, policy: Policy, knowledge: Knowledge, now: datetime) -> None:
    """Do each job once, so that tables read on first use do not make the first customer wait."""
    said = "您好，请问怎么退货"
    route_tickets(models, policy, [Ticket(text=said)], now)
    suggest_body(models, knowledge, SuggestRequest(query=said, as_of=now))
    stages_of(said)
    mask(said)
