"""`python -m nlp.train.transformer DATA MODELS [--size cpu|gpu]`: pretrain, train, export, measure, write the card."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from nlp.train.transformer.recipe import train
from nlp.train.transformer.size import SIZES


def _show(step: str, done: int, total: int, figures: Mapping[str, float]) -> None:
    shown = json.dumps({name: round(value, 4) for name, value in figures.items()}, ensure_ascii=False)
    sys.stderr.write(f"\r{step} {done}/{total} {shown}   ")
    sys.stderr.flush()


def main() -> None:
    """Read the arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("models", type=Path)
    parser.add_argument("--size", choices=sorted(SIZES), default="cpu")
    parser.add_argument("--version", default="transformer-1")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", type=Path, help="where a killed run left off; kept until it is done")
    told = parser.parse_args()
    folder = train(
        told.data,
        told.models,
        size=SIZES[told.size],
        version=told.version,
        seed=told.seed,
        threads=told.threads,
        work=told.work,
        progress=_show,
    )
    print(folder)


if __name__ == "__main__":
    main()
