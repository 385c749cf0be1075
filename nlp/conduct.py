"""What trained classifiers hear in service talk: each clause of an agent's turn, and the distress in a customer's.

All clauses of a batch go through two linear heads side by side in one pass. What is less likely than `LEAST`
is not told: nearly every clause is unlikely to be nearly everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nlp.artefacts import ArtefactError
from nlp.classify import load_classifier
from nlp.clauses import clauses
from nlp.linear import Linear, Panel, beside
from nlp.suspects import Hit, Suspects

WORDING, STAGE, DISTRESS = "wording", "stage", "distress"
TASKS = (WORDING, STAGE, DISTRESS)
NONE = "none"
UPSET = "upset"
LEAST = 0.02


@dataclass(frozen=True)
class Conduct:
    """Thread-safe and deterministic. Texts are normalised turns."""

    wording: Linear
    stage: Linear
    distress: Linear
    panel: Panel

    @property
    def version(self) -> str:
        return "+".join(head.version for head in (self.wording, self.stage, self.distress))

    def hear(self, texts: Sequence[str]) -> list[Suspects]:
        """What each agent's turn may hold, in order."""
        cut = [clauses(text) for text in texts]
        pieces = [text[start:end] for text, spans in zip(texts, cut, strict=True) for start, end in spans]
        owners = [at for at, spans in enumerate(cut) for _ in spans]
        places = [span for spans in cut for span in spans]
        found: list[dict[str, tuple[Hit, ...]]] = [{} for _ in texts]
        if not pieces:
            return list(found)
        for head, shares in zip(self.panel.heads, self.panel.probabilities(pieces), strict=True):
            rows, columns = np.nonzero(shares >= LEAST)
            likely = shares[rows, columns].tolist()
            for row, column, share in zip(rows.tolist(), columns.tolist(), likely, strict=True):
                label = head.labels[column]
                if label != NONE:
                    turn = found[owners[row]]
                    turn[label] = (*turn.get(label, ()), (*places[row], share))
        return list(found)

    def distressed(self, texts: Sequence[str]) -> list[float]:
        """Probability that each customer's turn shows clear anger, fear or distress."""
        column = self.distress.labels.index(UPSET)
        return [float(share) for share in self.distress.probabilities(texts)[:, column]]


def load_conduct(root: Path | None = None) -> Conduct | None:
    """The shipped heads or those below `root`; None where one of them is missing or no linear head."""
    try:
        heads = [load_classifier(task, root) for task in TASKS]
    except ArtefactError:
        return None
    wording, stage, distress = heads
    if not (isinstance(wording, Linear) and isinstance(stage, Linear) and isinstance(distress, Linear)):
        return None
    return Conduct(wording, stage, distress, beside((wording, stage)))
