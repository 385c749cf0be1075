"""Why an item came out as it did: every node of its rules with what it found, for the editor's live test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nlp.quality.checks import verdict
from nlp.quality.dialogue import Dialogue
from nlp.quality.result import Verdict, span_json
from nlp.quality.rules.outcome import Outcome, both, either, evidence
from nlp.quality.rules.told import told
from nlp.quality.rules.tree import Node
from nlp.quality.rules.verdicts import MOST

_STATES = {True: "hit", False: "miss", None: "unknown"}


@dataclass(slots=True)
class _Trace:
    """What each node came to; one that was judged turn by turn has hit if it has in any."""

    found: dict[str, tuple[Node, list[Outcome]]] = field(default_factory=dict)

    def hear(self, node: Node, outcome: Outcome) -> None:
        self.found.setdefault(node.path, (node, []))[1].append(outcome)

    def told(self, dialogue: Dialogue) -> list[dict[str, Any]]:
        return [_node(dialogue, node, outcomes) for node, outcomes in self.found.values()]


def _node(dialogue: Dialogue, node: Node, outcomes: list[Outcome]) -> dict[str, Any]:
    whole = either(outcomes) if any(one.state is True for one in outcomes) else both(outcomes)
    return {
        "place": node.path,
        "text": told(node),
        "state": _STATES[whole.state],
        "reason": whole.reason,
        "evidence": [span_json(evidence(dialogue, hit)) for hit in whole.hits[:MOST]],
    }


def explained(
    dialogue: Dialogue, as_of: datetime
) -> tuple[list[Verdict], Mapping[str, list[dict[str, Any]]]]:
    """The verdicts of a dialogue, and by item the nodes that were judged, the deepest first."""
    earlier: dict[str, Verdict] = {}
    nodes: dict[str, list[dict[str, Any]]] = {}
    for item in dialogue.form.items:
        trace = _Trace()
        earlier[item.code] = verdict(dialogue, item, earlier, as_of, trace.hear)
        nodes[item.code] = trace.told(dialogue)
    return list(earlier.values()), nodes
