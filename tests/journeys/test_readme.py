"""README tells the truth."""

from __future__ import annotations

from scripts.readme import BLOCK, README, commands, compare


def test_every_example_prints_what_it_promises() -> None:
    """Each console block of README, run against a fresh demo, answers as printed."""
    text = README.read_text(encoding="utf-8")
    assert sum(len(commands(block)) for block in BLOCK.findall(text)) >= 6
    wrong = compare(text)
    assert wrong == [], "\n\n".join(f"$ {c}\n--- README\n{p}\n--- now\n{n}" for c, p, n in wrong)
