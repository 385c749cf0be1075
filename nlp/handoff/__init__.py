"""Capability hand off: a pure state machine from bot to human, or from agent to supervisor."""

from nlp.handoff.alerts import Alert, Check, checklist, overdue
from nlp.handoff.cues import Because, Facts
from nlp.handoff.machine import DEEDS, Decision, ImpossibleStep, apply, decision_json, reopen, step
from nlp.handoff.memory import State, from_json, start, to_json
from nlp.handoff.policy import CAUSES, HandoffPolicy, read_handoff

TurnFacts = Facts

__all__ = [
    "CAUSES",
    "DEEDS",
    "Alert",
    "Because",
    "Check",
    "Decision",
    "Facts",
    "HandoffPolicy",
    "ImpossibleStep",
    "State",
    "TurnFacts",
    "apply",
    "checklist",
    "decision_json",
    "from_json",
    "overdue",
    "read_handoff",
    "reopen",
    "start",
    "step",
    "to_json",
]
