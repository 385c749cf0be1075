"""The shipped classifiers: pinned numbers, floors on held-out demo texts, complete cards, honest sizes."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from nlp.artefacts import find, models_root
from nlp.classify import load_classifier, load_thresholds
from nlp.evaluate.classify import figures, guesses
from nlp.evaluate.metrics import accuracy
from nlp.sentiment import load_analyser
from nlp.text import key
from nlp.train import service
from nlp.train.moods import held_mood_keys, measure, moods

TASKS = ("intent", "sentiment", "emotion")
PINNED = json.loads((Path(__file__).parent / "classifiers.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("task", TASKS)
def test_known_texts_get_the_pinned_probabilities(task: str) -> None:
    """A model that changed without a new version is noticed."""
    model = load_classifier(task)
    for text, wanted in PINNED[task].items():
        shares = dict(zip(model.labels, model.probabilities([text])[0].tolist(), strict=True))
        assert {label: shares[label] for label in wanted} == pytest.approx(wanted, abs=1e-3)


def test_intent_holds_its_floor_on_unseen_tickets() -> None:
    """Leaf and top category, calibration and coverage on the held-out demo tickets (C2, B06)."""
    model, tree = load_classifier("intent"), service.taxonomy()
    rows = [(row["text"], row["category"]) for row in service.held_tickets()]
    truth, guess, sure = guesses(model, rows)
    found = figures(truth, guess, sure)
    assert found["accuracy"] >= 0.84
    assert found["ece"] <= 0.05
    assert found["coverage@p95"] >= 0.7
    assert accuracy([tree.top(label) for label in truth], [tree.top(label) for label in guess]) >= 0.89


def test_automatic_intents_are_right() -> None:
    """Tickets above their label's automatic threshold are right at least as often as 0.94."""
    model, bands = load_classifier("intent"), load_thresholds("intent")
    rows = [(row["text"], row["category"]) for row in service.held_tickets()]
    truth, guess, sure = guesses(model, rows)
    taken = [a == b for a, b, value in zip(truth, guess, sure, strict=True) if value >= bands.auto[b]]
    assert len(taken) >= 700
    assert sum(taken) / len(taken) >= 0.94


def test_moods_hold_their_floors_on_unseen_tickets() -> None:
    """Polarity and emotion of the held-out demo tickets, cues included."""
    rows = service.held_tickets()
    said = load_analyser().analyse([row["text"] for row in rows])
    assert accuracy([row["sentiment"] for row in rows], [one.polarity for one in said]) >= 0.78
    assert accuracy([row["emotion"] for row in rows], [one.emotion for one in said]) >= 0.74


def test_held_out_tickets_are_of_every_file_and_leaf() -> None:
    """Each file of held-out tickets is read, no id comes twice, each leaf has enough to be measured."""
    held = service.held_tickets()
    files = list(service.DEMO.glob("tickets.heldout*.jsonl"))
    assert len(files) >= 2
    assert len(held) == sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)
    assert len({row["id"] for row in held}) == len(held)
    counts = Counter(row["category"] for row in held)
    assert set(counts) == set(service.taxonomy().about)
    assert min(counts.values()) >= 20


def test_tone_holds_its_floor_on_unseen_lines() -> None:
    """Sarcasm, emoji, shouting and polite complaints: polarity, emotion, their calibration, and intensity."""
    found = measure(load_analyser())
    assert found["moods.heldout sentiment accuracy"] >= 0.72
    assert found["moods.heldout emotion accuracy"] >= 0.62
    assert found["moods.heldout sentiment ece"] <= 0.12
    assert found["moods.heldout emotion ece"] <= 0.14
    assert found["moods.heldout intensity correlation"] >= 0.6


@pytest.mark.parametrize("task", TASKS)
def test_the_card_is_complete(task: str) -> None:
    """Every set with its licence, every figure, the thresholds and the limits stand on the card."""
    artefact = find(task)
    card = artefact.path("card.md").read_text(encoding="utf-8")
    for item in artefact.manifest["data"]:
        assert item["set"] in card
        assert item["licence"] in card
        assert item["rows"] > 0
    assert all(name in card for name in artefact.manifest["figures"])
    assert all(f"| {label} |" in card for label in artefact.json("labels.json"))
    assert "## 局限" in card


@pytest.mark.parametrize("task", TASKS)
def test_no_set_restricted_to_measuring_was_trained_on(task: str) -> None:
    """Only sets that may be shipped stand in a manifest, and the notice names each of them."""
    notice = (models_root() / "NOTICE").read_text(encoding="utf-8")
    names = {item["set"] for item in find(task).manifest["data"]} - {"scripts/demo"}
    assert not names & {"intent/uss_jddc.valid", "lexicon/dutir_emotion", "answers/jddc_pairs.train"}
    assert all(name in notice for name in names)


def test_the_classifiers_are_small() -> None:
    """All three together stay under 25 MB."""
    sizes = [sum(file["bytes"] for file in find(task).manifest["files"].values()) for task in TASKS]
    assert sum(sizes) < 25_000_000


def test_intent_labels_are_the_leaves_of_the_taxonomy() -> None:
    """Whatever the model says, routing has a queue for it."""
    assert set(load_classifier("intent").labels) == set(service.taxonomy().about)


def test_no_held_out_text_is_a_training_row() -> None:
    """Figures are of texts that were never trained on."""
    held = service.held_keys()
    leaves = service.taxonomy().about
    rows = (*service.tickets(), *service.turns(), *service.phrases(), *service.questions(leaves))
    assert rows
    assert not [row["text"] for row in rows if key(row["text"]) in held]
    assert not [row["text"] for row in moods() if key(row["text"]) in held_mood_keys()]


def test_probabilities_are_numbers_for_any_text() -> None:
    """Odd texts get rows that sum to one."""
    texts = ["", "\x00", "\u202eabc", "😡" * 5000, "退" * 50_000]
    for task in TASKS:
        np.testing.assert_allclose(load_classifier(task).probabilities(texts).sum(axis=1), 1.0, atol=1e-4)
