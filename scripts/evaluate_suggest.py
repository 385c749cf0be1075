"""How often what the agent sent next is among the first suggestions: `python -m scripts.evaluate_suggest`.

Asked at each agent's turn with the dialogue before it; the pool is the reply itself and the agents' replies of all
other conversations. Printed for the held-out demo conversations and for public dialogues (which are only measured on,
never learned from), for the whole search and for BM25 and vectors alone; then with two stages of a conversation
swapped, for a ranking that knows the stages done and for one that does not.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from kb.dialogue import question_of
from kb.entries import STAGES, Entry, Stage
from kb.knowledge import Knowledge, build
from kb.suggest import SuggestRequest, ranking
from nlp.encode import Encoder, load_encoder
from nlp.evaluate.retrieval import bm25, dense
from nlp.stages import stages_of
from nlp.text import key
from nlp.transcript import Turn
from scripts.fit_search import DEMO, rows

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
FIRST = (1, 3, 5)
SHORTEST = 4
"""Letters of a reply that says enough to be suggested."""
Dialogue = tuple[str, tuple[Turn, ...]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A moment of a dialogue: the turns before it, the id of the reply that came, ids not to be offered."""

    turns: tuple[Turn, ...]
    sent: str
    own: frozenset[str]


def dialogues(shown: Sequence[Mapping[str, object]]) -> list[Dialogue]:
    """Dialogues with ids of their own."""
    found = []
    for number, row in enumerate(shown):
        turns: list[dict[str, str]] = row["turns"]  # type: ignore[assignment]
        found.append((f"{number:04}", tuple(Turn(t["role"], t["text"]) for t in turns)))  # type: ignore[arg-type]
    return found


def stage_of(text: str) -> Stage | None:
    """The last stage, in the order of a conversation, that a reply covers."""
    found = stages_of(text)
    return next((stage for stage in reversed(STAGES) if stage in found), None)


def pool_of(found: Sequence[Dialogue]) -> list[Entry]:
    """The agents' replies as scripts; of equal ones the first."""
    seen: dict[str, Entry] = {}
    for name, turns in found:
        for place, turn in enumerate(turns):
            if turn.role == "agent" and len(key(turn.text)) >= SHORTEST:
                entry = Entry(f"{name}/{place:03}", "script", "", turn.text, stage_of(turn.text))
                seen.setdefault(key(turn.text), entry)
    return list(seen.values())


def moments(found: Sequence[Dialogue], pool: Sequence[Entry]) -> Iterator[Asked]:
    """Every agent's turn that answers a customer's."""
    known = {key(entry.text): entry.id for entry in pool}
    for name, turns in found:
        mine = frozenset(entry.id for entry in pool if entry.id.startswith(f"{name}/"))
        for place, turn in enumerate(turns):
            sent = known.get(key(turn.text))
            answers = place and turns[place - 1].role == "customer" and turn.role == "agent"
            if answers and sent is not None and question_of(turns[:place]).text:
                yield Asked(turns[:place], sent, mine - {sent})


def done(turns: Sequence[Turn]) -> frozenset[str]:
    """The stages that the agent's turns have covered."""
    return frozenset(stage for turn in turns if turn.role == "agent" for stage in stages_of(turn.text))


def hybrid(knowledge: Knowledge, asked: Asked, encoder: Encoder | None, aware: bool) -> list[str]:
    """Ids in the order of the product."""
    stages = done(asked.turns) if aware else None
    request = SuggestRequest(asked.turns, as_of=NOW, done_stages=stages, sent_ids=asked.own)
    return [one.id for one in ranking(knowledge, request, None if encoder is None else encoder.encode)]


def recalls(found: Sequence[Sequence[str]], asked: Sequence[Asked]) -> dict[str, float]:
    """Share of moments at which what was sent is among the first 1, 3, 5."""
    hits = {
        first: [one.sent in ids[:first] for ids, one in zip(found, asked, strict=True)] for first in FIRST
    }
    return {
        f"recall@{first}": round(float(np.mean(right)), 4) if right else 0.0 for first, right in hits.items()
    }


def measured(pool: Sequence[Entry], asked: Sequence[Asked], encoder: Encoder | None) -> dict[str, float]:
    """Figures of each way over one pool."""
    knowledge = build(pool, "measured", None if encoder is None else encoder.encode, "V1.0")
    documents = {entry.id: entry.text for entry in pool}
    queries = [question_of(one.turns).text for one in asked]
    ways = {
        "hybrid": [hybrid(knowledge, one, encoder, aware=True) for one in asked],
        "stage_blind": [hybrid(knowledge, one, encoder, aware=False) for one in asked],
        "bm25": [_without(ids, one) for ids, one in zip(bm25(documents)(queries), asked, strict=True)],
    }
    if encoder is not None:
        ranked = dense(documents, encoder)(queries)
        ways["dense"] = [_without(ids, one) for ids, one in zip(ranked, asked, strict=True)]
    figures = {"pool": float(len(pool)), "moments": float(len(asked))}
    for name, found in ways.items():
        figures |= {f"{name}:{measure}": value for measure, value in recalls(found, asked).items()}
    return figures


def _without(ids: Sequence[str], asked: Asked) -> list[str]:
    return [one for one in ids if one not in asked.own]


def swapped(found: Sequence[Dialogue], pool: Sequence[Entry], seed: int) -> list[tuple[Asked, str]]:
    """Conversations with two agent's turns of different stages swapped: the later moment, and what had stood there.

    What is sent there now is the stage that was left out; the one that had stood there has been said already.
    """
    chance = random.Random(seed)  # noqa: S311 (a sample, not a secret)
    known = {key(entry.text): entry for entry in pool}
    moved: list[tuple[Asked, str]] = []
    for name, turns in found:
        told = [
            (place, known[key(turn.text)])
            for place, turn in enumerate(turns)
            if turn.role == "agent" and key(turn.text) in known
        ]
        pairs = [
            (first, later)
            for n, first in enumerate(told)
            for later in told[n + 1 :]
            if first[1].stage and later[1].stage and not stages_of(first[1].text) & stages_of(later[1].text)
        ]
        if not pairs:
            continue
        (early, missed), (late, said) = chance.choice(pairs)
        order = list(turns)
        order[early], order[late] = turns[late], turns[early]
        if question_of(order[:late]).text:
            mine = {entry.id for entry in pool if entry.id.startswith(f"{name}/")}
            moved.append(
                (Asked(tuple(order[:late]), missed.id, frozenset(mine - {missed.id, said.id})), said.id)
            )
    return moved


def reordered(found: Sequence[Dialogue], encoder: Encoder | None, seeds: int = 5) -> dict[str, float]:
    """Figures with stages swapped: what was left out among the first, and before what was said already."""
    pool = pool_of(found)
    knowledge = build(pool, "measured", None if encoder is None else encoder.encode, "V1.0")
    moved = [pair for seed in range(seeds) for pair in swapped(found, pool, seed)]
    figures = {"moments": float(len(moved))}
    for name, aware in (("stage_aware", True), ("stage_blind", False)):
        ranked = [hybrid(knowledge, one, encoder, aware) for one, _ in moved]
        figures |= {f"{name}:{k}": value for k, value in recalls(ranked, [one for one, _ in moved]).items()}
        places = [
            (_place(ids, one.sent), _place(ids, said)) for ids, (one, said) in zip(ranked, moved, strict=True)
        ]
        figures[f"{name}:before"] = round(float(np.mean([a < b for a, b in places])), 4) if places else 0.0
    return figures


def _place(ids: Sequence[str], wanted: str) -> int:
    return ids.index(wanted) if wanted in ids else len(ids)


def pairs_of(data: Path, chance: random.Random, many: int) -> tuple[list[Entry], list[Asked]]:
    """Questions with their answer of a public set; the pool is the answers of four times as many."""
    found = chance.sample(rows(data, "answers/jddc_pairs.train"), many * 4)
    made = [
        (f"{n:04}", (Turn("customer", r["question"]), Turn("agent", r["answer"])))
        for n, r in enumerate(found)
    ]
    pool = pool_of(made)
    return pool, list(moments(made, pool))[:many]


def sampled(asked: Sequence[Asked], chance: random.Random, many: int) -> list[Asked]:
    return chance.sample(list(asked), min(many, len(asked)))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--sample", type=int, default=500, help="moments of each public set")
    parser.add_argument("--demo-only", action="store_true")
    asked = parser.parse_args(arguments)
    encoder, chance = load_encoder(), random.Random(7)  # noqa: S311 (a sample, not a secret)
    held, every = (
        dialogues([json.loads(line) for line in (DEMO / name).read_text("utf-8").splitlines()])
        for name in ("conversations.heldout.jsonl", "conversations.jsonl")
    )
    pool = pool_of(held)
    figures = {"demo": measured(pool, list(moments(held, pool)), encoder)}
    figures["reordered"] = reordered([*every, *((f"h{name}", turns) for name, turns in held)], encoder)
    if not asked.demo_only:
        pool, few = pairs_of(asked.data, chance, asked.sample)
        figures["jddc_pairs"] = measured(pool, few, encoder)
        sessions = dialogues(rows(asked.data, "dialogue/jddc_sessions.train"))
        pool = pool_of(sessions)
        figures["jddc_sessions"] = measured(
            pool, sampled(list(moments(sessions, pool)), chance, asked.sample), encoder
        )
    for name, told in figures.items():
        print(json.dumps({"set": name, **told}, ensure_ascii=False))
    print(json.dumps({f"{name}:{k}": v for name, told in figures.items() for k, v in told.items()}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
