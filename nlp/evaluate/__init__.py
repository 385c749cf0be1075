"""Scores of models on labelled data: pure functions from rows to a flat mapping of figures."""
