"""Fit the confidence of search: `python -m scripts.fit_search [--data ../shared/data] [--write]`.

Queries with known answers: a similar question of each demo entry, held out of the index it is put to; messages whose
candidates were judged; headings of the help pages that no encoder is taught and questions of public question-answer
sets, put to their texts; pairs of questions that mean the same. What figures are printed for (TiDB's help) is not used.
Queries without an answer: the same with the entry taken out, and texts from other fields. Sets whose licence
forbids shipping what is made of them are not used. Prints held-out figures; `--write` replaces kb/weights.toml.
"""

from __future__ import annotations

import argparse
import json
import lzma
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from kb.confidence import WEIGHTS, Model, probability
from kb.entries import Entry, from_json
from kb.filters import Filters
from kb.fit import Case, ece, fit, judged, render
from kb.knowledge import Knowledge, build
from kb.query import Query
from kb.retrieve import retrieve
from kb.segment import Encode
from nlp import text as texts
from nlp.train.corpus import reserved

DEMO = Path(__file__).parent / "demo"
HANDBOOK = DEMO / "handbook"
PAGES = 1.5
"""Weight of a heading of a help page."""
JUDGED = 6.0
"""Weight of a message whose candidates a person judged, against one whose answer is only supposed."""
EVERYONE = frozenset({"vip", "presales", "aftersales", "internal", "supervisor"})
NOW = datetime.fromisoformat("2026-11-01T12:00:00+08:00")
NOTE = """Written by scripts/fit_search.py: how much each feature counts (kb/features.py), and which confidence it
takes for a precision (held-out questions of the demo handbook, with as many that it does not answer)."""


def handbook() -> tuple[Entry, ...]:
    """The demo handbook."""
    lines = (line for path in sorted(HANDBOOK.glob("*.jsonl")) for line in path.open(encoding="utf-8"))
    return tuple(from_json(json.loads(line)) for line in lines)


def rows(data: Path, name: str) -> list[dict[str, Any]]:
    with lzma.open(data / f"{name}.jsonl.xz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


class Asking:
    """One knowledge base and the queries put to it."""

    def __init__(self, entries: Sequence[Entry], encode: Encode | None) -> None:
        self.encode = encode
        self.knowledge: Knowledge = build(entries, "fit" if encode else "", encode, "V1.0")

    def cases(
        self, asked: Sequence[tuple[str, frozenset[str], frozenset[str], frozenset[str]]], **kind: Any
    ) -> Iterator[Case]:
        """Cases for (query, relevant ids, unjudged ids, ids taken out)."""
        vectors = self.encode([query for query, *_ in asked]) if self.encode and asked else None
        for at, (text, relevant, unjudged, out) in enumerate(asked):
            query = Query(text, (), None if vectors is None else vectors[at])
            found = retrieve(self.knowledge, query, Filters(audience=EVERYONE, as_of=NOW, exclude=out))
            yield Case(found.candidates, relevant, unjudged, **kind)


Asked = tuple[str, frozenset[str], frozenset[str], frozenset[str]]
NONE: frozenset[str] = frozenset()


def related(entries: Sequence[Entry]) -> dict[str, frozenset[str]]:
    """Entries of another kind on the same topic: they may answer too, nobody has judged it."""
    found: dict[str, frozenset[str]] = {}
    for one in entries:
        tags = set(one.tags)
        found[one.id] = frozenset(
            other.id
            for other in entries
            if (other.kind != one.kind or other.kind == "script")
            and other.id != one.id
            and tags & set(other.tags)
        )
    return found


def demo_cases(entries: Sequence[Entry], encode: Encode | None, strangers: Sequence[str]) -> Iterator[Case]:
    """The demo handbook with each similar question held out in turn, answers taken out, and strangers."""
    close = related(entries)
    for turn in range(3):
        held = [(e, e.similar[turn]) for e in entries if len(e.similar) > turn]
        out = {e.id: q for e, q in held}
        kept = [replace(e, similar=tuple(q for q in e.similar if q != out.get(e.id))) for e in entries]
        asking = Asking(kept, encode)
        answered = [(q, frozenset({e.id}), close[e.id], NONE) for e, q in held]
        yield from asking.cases(answered)
        absent = [(q, NONE, close[e.id] | {e.id}, frozenset({e.id})) for e, q in held[turn::3]]
        yield from asking.cases(absent, weight=0.5)
        yield from asking.cases([(q, NONE, NONE, NONE) for q in strangers[turn::3]], weight=0.3)
        yield from asking.cases(_known(kept, turn), weight=0.5, known=True)
        yield from asking.cases(_shortened(kept), weight=0.5)
        yield from asking.cases(_misheard(kept, turn), weight=0.5)


def judged_cases(entries: Sequence[Entry], encode: Encode | None, split: str) -> Iterator[Case]:
    """Customers' messages whose candidates were judged by reading; what was not among them is unjudged."""
    asking = Asking(entries, encode)
    every = frozenset(entry.id for entry in entries)
    asked: list[Asked] = []
    for path in sorted(DEMO.glob(f"judgements.{split}*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            asked.append((row["query"], frozenset(row["relevant"]), every - set(row["candidates"]), NONE))
    yield from asking.cases(asked, weight=JUDGED, real=True)


def _known(entries: Sequence[Entry], turn: int) -> list[Asked]:
    """Questions the handbook has, put in its words or nearly so."""
    frames = ("{}", "请问{}", "{}", "{}？", "你好，{}", "我想问一下{}", "{}呢", "{}谢谢")
    asked: list[Asked] = []
    for at, one in enumerate(entries[turn::3]):
        questions = (one.title, *one.similar)
        words = frames[at % len(frames)].format(questions[at % len(questions)].rstrip("？?"))
        asked.append(
            (words, frozenset({one.id}), frozenset(o.id for o in entries if o.kind != one.kind), NONE)
        )
    return asked


def _shortened(entries: Sequence[Entry]) -> list[Asked]:
    """The beginning of each third title, as typed so far."""
    return [
        (e.title[: max(4, len(e.title) // 2)], frozenset({e.id}), frozenset(o.id for o in entries), NONE)
        for e in entries[::3]
    ]


def _misheard(entries: Sequence[Entry], turn: int) -> list[Asked]:
    """Words of the questions in letters, and with a character of the same sound."""
    from pypinyin import lazy_pinyin

    from kb import keywords

    holders: dict[str, set[str]] = {}
    for one in entries:
        for text in (one.title, *one.similar):
            for word in keywords.words(texts.normalise(text)):
                if len(word) > 1 and not word.isascii():
                    holders.setdefault(word, set()).add(one.id)
    alike = {"".join(lazy_pinyin(c)): c for c in "推或飞富宽发漂泡积粉圈宝还欢退修"}
    asked: list[Asked] = []
    for word in sorted(holders)[turn::12]:
        letters = lazy_pinyin(word)
        asked.append(("".join(letters), frozenset(holders[word]), NONE, NONE))
        heard = "".join(alike.get(s, c) for s, c in zip(letters, word, strict=True))
        if heard != word and heard not in holders:
            asked.append((heard, frozenset(holders[word]), NONE, NONE))
    return asked


def headed(data: Path, name: str) -> list[dict[str, Any]]:
    """Sections or pages of a help site: `heading` asks, `text` (without it) answers, `page` is its title."""
    found = []
    for row in rows(data, name):
        heading = str(row.get("heading") or row["title"]).strip()
        text = str(row["text"]).strip()
        text = text.removeprefix(heading).strip() or text
        found.append({"heading": heading, "text": text, "page": row["title"], "doc": row["doc"]})
    return found


def page_cases(data: Path, encode: Encode | None, chance: random.Random) -> Iterator[Case]:
    """Headings to sections of help pages that no encoder was taught (`reserved`), with the page's title and without."""
    for name in ("kb/d365.sections", "kb/alchemy.sections", "kb/alchemy.documents"):
        sections = headed(data, name)
        if name == "kb/d365.sections":
            sections = [row for row in sections if reserved(row["doc"])]
        often = Counter(row["heading"] for row in sections)
        places = [n for n, r in enumerate(sections) if often[r["heading"]] == 1 and reserved(r["doc"])]
        asked = [(sections[n]["heading"], frozenset({str(n)}), NONE, NONE) for n in places]
        for titled in (False, True) if name == "kb/d365.sections" else (False,):
            entries = [
                Entry(id=str(n), kind="manual", title=row["page"] if titled else "", text=row["text"])
                for n, row in enumerate(sections)
            ]
            sample = chance.sample(asked, min(len(asked), 400))
            yield from Asking(entries, encode).cases(sample, weight=PAGES, foreign=True)


def document_cases(data: Path, encode: Encode | None, chance: random.Random) -> Iterator[Case]:
    """Questions to passages, questions to questions, of sets that no encoder has seen."""
    for name in ("answers/cmrc2018.dev", "answers/xquad_zh.dev"):
        found = rows(data, name)
        passages = {text: str(n) for n, text in enumerate(dict.fromkeys(r["passage"] for r in found))}
        entries = [Entry(id=n, kind="manual", title="", text=text) for text, n in passages.items()]
        asked = [(r["question"], frozenset({passages[r["passage"]]}), NONE, NONE) for r in found]
        yield from Asking(entries, encode).cases(chance.sample(asked, 200), weight=0.5, foreign=True)
    for name in ("pairs/atec.valid", "pairs/bq.dev", "pairs/lcqmc.dev"):
        alike = [r for r in rows(data, name) if str(r["label"]) == "1"]
        sample = chance.sample(alike, 2000)
        distinct = list({r["b"]: r for r in sample}.values())
        entries = [Entry(id=r["b"], kind="faq", title=r["b"], text="答案") for r in distinct]
        asked = [(r["a"], frozenset({r["b"], r["a"]}), NONE, NONE) for r in distinct]
        yield from Asking(entries, encode).cases(chance.sample(asked, 250), weight=0.5, foreign=True)


def strangers(data: Path, chance: random.Random) -> list[str]:
    """Questions and lines the demo handbook has no answer to."""
    found = [r["text"] for r in chance.sample(rows(data, "intent/tnews.dev"), 150)]
    found += [r["title"] for r in chance.sample(rows(data, "answers/medical.train"), 150)]
    found += [r["simplified"] for r in chance.sample(rows(data, "intent/taipei.train"), 150)]
    found += [r["question"][:50] for r in chance.sample(rows(data, "answers/alpaca.train"), 150)]
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--modes", nargs="*", default=["hybrid", "keyword_only"])
    parser.add_argument("--encoder", type=Path, help="a folder of an encoder other than the one in use")
    asked = parser.parse_args(arguments)
    models: dict[str, Model] = {}
    for mode in asked.modes:
        encode: Encode | None = None
        if mode == "hybrid":
            from nlp.artefacts import verify
            from nlp.encode import load_encoder

            encode = load_encoder(None if asked.encoder is None else verify(asked.encoder)).encode
        chance = random.Random(7)  # noqa: S311 (a sample, not a secret)
        cases = [*demo_cases(handbook(), encode, strangers(asked.data, chance))]
        cases += judged_cases(handbook(), encode, "train")
        cases += page_cases(asked.data, encode, chance)
        cases += document_cases(asked.data, encode, chance)
        models[mode], figures = fit(judged(cases))
        figures |= held_out(models[mode], [*judged_cases(handbook(), encode, "heldout")])
        _print(mode, figures, models[mode], cases)
    if asked.write:
        from kb.confidence import load

        WEIGHTS.write_text(render({**load(), **models}, NOTE), encoding="utf-8")
    return 0


def held_out(model: Model, cases: Sequence[Case]) -> Mapping[str, float]:
    """How the model does on messages that were judged and never fitted on: the first five candidates of each."""
    sure: list[float] = []
    right: list[bool] = []
    first: list[tuple[float, bool]] = []
    for case in cases:
        values = np.array([candidate.values for candidate in case.candidates], np.float32)
        told = probability(model.logits(values)) if len(values) else np.zeros(0, np.float32)
        shown = [n for n in np.argsort(-told)[:5] if case.candidates[n].entry.id not in case.unjudged]
        sure += [float(told[n]) for n in shown]
        right += [case.candidates[n].entry.id in case.relevant for n in shown]
        first += [(sure[-len(shown)], right[-len(shown)])] if shown else []
    figures = {"heldout_ece": ece(np.array(sure), np.array(right)), "heldout_pairs": float(len(sure))}
    figures["heldout_first_right"] = sum(ok for _, ok in first) / max(len(first), 1)
    for wanted in (0.7, 0.8, 0.9, 0.95):
        least = model.threshold(wanted)
        kept = [ok for p, ok in first if p >= least]
        figures[f"heldout_precision@p{wanted:g}"] = sum(kept) / len(kept) if kept else float("nan")
        figures[f"heldout_coverage@p{wanted:g}"] = len(kept) / max(len(first), 1)
    return figures


def _print(mode: str, figures: Mapping[str, float], model: Model, cases: Sequence[Case]) -> None:
    print(json.dumps({"mode": mode, **{name: round(value, 4) for name, value in figures.items()}}))
    print(render({mode: model}, "").strip())


if __name__ == "__main__":
    raise SystemExit(main())
