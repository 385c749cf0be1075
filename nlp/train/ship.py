"""From a fitted head to `models/<task>/<version>/`: thresholds, quantised weights, figures, card, manifest."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nlp.artefacts import Artefact, models_root, verify, write_manifest
from nlp.classify import KIND, Thresholds, load_linear, thresholds, write_head
from nlp.head import Fit
from nlp.linear import Linear
from nlp.outside import Outside, write_outside
from nlp.train.card import card
from nlp.train.corpus import sources
from nlp.train.service import LICENCE
from nlp.versions import point

DEMO_SET = "demo"


@dataclass
class Rows:
    """Training rows side by side: text, label, weight and the set each came from."""

    texts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    sets: list[str] = field(default_factory=list)

    def add(self, name: str, text: str, label: str, weight: float) -> None:
        self.texts.append(text)
        self.labels.append(label)
        self.weights.append(weight)
        self.sets.append(name)

    def sources(self) -> list[dict[str, Any]]:
        """The `data` part of the manifest."""
        counts = Counter(self.sets)
        demo = {
            "set": "scripts/demo",
            "licence": LICENCE,
            "source": "scripts/demo",
            "rows": counts.pop(DEMO_SET, 0),
        }
        return [*sources(sorted(counts), counts), demo]


@dataclass(frozen=True, slots=True)
class Shipped:
    """A sealed artefact and the figures its card prints."""

    artefact: Artefact
    figures: Mapping[str, float]


def latencies(head: Linear, texts: Sequence[str]) -> dict[str, float]:
    """Texts a second in batches, and milliseconds for one text, on this machine."""
    many = [*texts] * (20_000 // max(len(texts), 1) + 1)
    start = time.perf_counter()
    head.probabilities(many)
    batch = len(many) / (time.perf_counter() - start)
    singles = texts[:200]
    start = time.perf_counter()
    for text in singles:
        head.probabilities([text])
    single = (time.perf_counter() - start) * 1000 / max(len(singles), 1)
    return {"batch texts/s": round(batch, -2), "single ms": round(single, 3)}


def ship(
    task: str,
    fitted: Fit,
    rows: Rows,
    version: str,
    models: Path,
    measure: Callable[[Linear], dict[str, float]],
    bands: Thresholds | None = None,
    outside: Outside | None = None,
) -> Shipped:
    """Write the head, load it back as a service would, measure that, then seal it. Raises ArtefactError."""
    bands = bands or thresholds(fitted.unseen, rows.labels, fitted.head.labels)
    encoder = fitted.head.encoder
    more: dict[str, Any] = {"strength": fitted.strength, "spans": len(fitted.head.weights)}
    if encoder is not None:
        more["encoder"] = encoder.version
    data = rows.sources()
    with tempfile.TemporaryDirectory() as place:  # the version in use stays whole until the new one is
        draft = Path(place) / task / version
        write_head(draft, fitted.head, bands)
        if outside is not None:
            write_outside(draft, outside)
        served = load_linear(write_manifest(draft, task, KIND, data, {}, **more), encoder)
        found = measure(served) | latencies(served, [text for text in rows.texts[:5000] if len(text) <= 60])
        text = card(task, version, served.labels, data, found, bands, more)
        (draft / "card.md").write_text(text, encoding="utf-8")
        write_manifest(draft, task, KIND, data, found, **more)
        folder = models / task / version
        shutil.rmtree(folder, ignore_errors=True)
        shutil.move(draft, folder)
    artefact = verify(folder)
    point(models, task, version)
    for name, value in found.items():
        print(f"{name}: {value}")
    return Shipped(artefact, found)


def arguments(about: str | None) -> argparse.Namespace:
    """`--data`, `--version` and `--models` of a recipe."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--version", default="linear-1")
    parser.add_argument("--models", type=Path, default=models_root())
    return parser.parse_args()
