"""Recipes that make `models/`; the only code that imports torch, transformers and sentence_transformers."""
