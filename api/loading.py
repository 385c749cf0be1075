"""Which encoder searches, and which one each head was fitted on: they need not be the same."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from api.vectors import Encoding
from nlp import artefacts
from nlp.classify import Classifier, OnnxClassifier, load_classifier
from nlp.encode import Encoder, JoinedEncoder, OnnxEncoder, load_encoder

HEAVY_MS = 4.0
"""The shipped mood models take a fraction of a millisecond; a site's own may be transformers."""


def heavy(head: Classifier | None) -> bool:
    """Whether a head computes a transformer."""
    return isinstance(head, OnnxClassifier) or isinstance(
        getattr(head, "encoder", None), OnnxEncoder | JoinedEncoder
    )


def encoding_of(root: Path | None, version: str | None, threads: int, waiting: int) -> Encoding:
    """The encoder to search with: a version of the models folder, the current one for None. Raises ArtefactError."""
    artefact = artefacts.find("encoder", root, version=version)
    found = load_encoder(artefact, threads)
    if artefact.kind == "static":
        return Encoding(found, waiting=waiting)
    # a site may convert another model under the same name: its vectors are not those on disk
    digest = hashlib.sha256(json.dumps(artefact.manifest["files"], sort_keys=True).encode()).hexdigest()
    return Encoding(found, f"{artefact.name}@{digest[:12]}", waiting)


def head_of(task: str, root: Path | None, loaded: dict[str, Encoder]) -> Classifier:
    """A classifier with the encoder it was fitted on, whichever the site searches with; `loaded` is added to."""
    needed = artefacts.find(task, root).manifest.get("encoder")
    if needed is None:
        return load_classifier(task, root)
    if needed not in loaded:
        version = str(needed).removeprefix("encoder/")
        loaded[needed] = load_encoder(artefacts.find("encoder", root, version=version))
    return load_classifier(task, root, loaded[needed])
