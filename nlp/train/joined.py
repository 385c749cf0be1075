"""An encoder made of others: `python -m nlp.train.joined DATA MODELS --part static-1:0.5 --part transformer-1:1`."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from nlp.artefacts import Artefact, verify, write_manifest
from nlp.encode import load_encoder
from nlp.train.encoder import figures_of
from nlp.train.encoder_card import JOINED, card


def join(data: Path, models: Path, parts: Mapping[str, float], version: str = "joined-1") -> Artefact:
    """Write `models/encoder/<version>/` over encoders that are there already; `parts` are versions and weights.

    Raises ArtefactError for a part that is absent or damaged.
    """
    found = {name: verify(models / "encoder" / name) for name in parts}
    folder = models / "encoder" / version
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    listed = [
        {"version": name, "weight": weight, "files": found[name].manifest["files"]}
        for name, weight in parts.items()
    ]
    (folder / "parts.json").write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")
    sets = {item["set"]: item for part in found.values() for item in part.manifest["data"]}
    rows = list(sets.values())
    figures = figures_of(data, load_encoder(write_manifest(folder, "encoder", "joined", rows, {}, None)))
    told = " ".join(f"--part {name}:{weight:g}" for name, weight in parts.items())
    command = f"python -m nlp.train.joined ../shared/data models {told}"
    (folder / "card.md").write_text(card(version, rows, figures, command, JOINED), encoding="utf-8")
    write_manifest(folder, "encoder", "joined", rows, figures, None)
    return verify(folder)


def main() -> None:
    """Read the arguments and join."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("models", type=Path)
    parser.add_argument("--version", default="joined-1")
    parser.add_argument("--part", action="append", required=True, help="VERSION:WEIGHT")
    told = parser.parse_args()
    parts = {name: float(weight) for name, _, weight in (part.partition(":") for part in told.part)}
    print(join(told.data, told.models, parts, told.version).folder)


if __name__ == "__main__":
    main()
