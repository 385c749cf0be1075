"""What a worker does: score one shard, write it, and only then mark it as complete."""

from __future__ import annotations

import gc
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from nlp.artefacts import ArtefactError, find
from nlp.batch.plan import Setting, Shard, digest_of
from nlp.batch.ports import Ground
from nlp.encode import load_encoder
from nlp.metrics.transcripts import observe, observing_version
from nlp.quality.form import Form, versions_of
from nlp.quality.ports import Analyser, Encode, Facts
from nlp.quality.reading import Lap, no_lap
from nlp.quality.result import Score, to_json
from nlp.quality.rules.asking import wants_encoder, wants_facts
from nlp.quality.scorer import moment_of, score_many
from nlp.readers import TranscriptProblem, parse_row
from nlp.stages import load_stages
from nlp.transcript import Transcript

SHARDS = "shards"
_PROGRAM = "5"
"""Raised when the checks or the readers change what they find, so that old shards are scored again."""


@dataclass(frozen=True, slots=True)
class Kit:
    """What a worker loads once."""

    forms: tuple[Form, ...]
    analyser: Analyser | None
    encode: Encode | None
    models: str | None
    ground: Ground | None
    policy: str


def _analyser(setting: Setting) -> Analyser | None:
    from nlp.sentiment import load_analyser

    return load_analyser(setting.models, setting.folder)


def _encode(setting: Setting, forms: Sequence[Form]) -> Encode | None:
    """The encoder, where a form compares sentences by their meaning; without one they are compared by letters."""
    if setting.rules_only or not any(map(wants_encoder, forms)):
        return None
    try:
        return load_encoder(find("encoder", setting.models)).encode
    except ArtefactError:
        return None


@lru_cache(maxsize=4)
def kit_of(setting: Setting) -> Kit:
    """Load forms, models and knowledge of a setting, once a process. Raises FormError."""
    forms = versions_of(setting.form, setting.folder)
    ground = None if setting.grounds is None or setting.rules_only else setting.grounds.open()
    analyser = None if setting.rules_only else ground.analyser if ground else _analyser(setting)
    encode = ground.encode if ground else _encode(setting, forms)
    models = str(getattr(analyser, "version", "") or "") or None
    basis = [setting.grounds.digest, ground.basis] if ground and setting.grounds else None
    lists = load_stages(setting.folder).version, observing_version(setting.folder)
    policy = digest_of([_PROGRAM, *lists, basis])
    gc.collect()
    gc.freeze()  # models and forms live as long as the process: looking through them again costs a tenth of it
    return Kit(forms, analyser, encode, models, ground, policy[:16])


def basis_of(setting: Setting) -> str:
    """Digest of all that a result depends on besides the transcript."""
    kit = kit_of(setting)
    as_of = setting.as_of.isoformat() if setting.as_of else None
    return digest_of([[form.digest for form in kit.forms], kit.models, kit.policy, as_of])


def _form_at(forms: Sequence[Form], at: datetime) -> Form:
    due = [f for f in forms if f.effective_from is None or f.effective_from.timestamp() <= at.timestamp()]
    return due[-1] if due else forms[0]


def _result(
    text: str, transcript: Transcript, form: Form, found: Score, kit: Kit, folder: Path | None, at: datetime
) -> dict[str, Any]:
    versions: Mapping[str, Any] = {"release": None, "models": kit.models, "policy": kit.policy}
    if kit.ground is not None:
        versions = kit.ground.versions(at)
    result = {"id": digest_of([text, form.digest, versions]), **to_json(found), "versions": versions}
    agent = transcript.agent
    result["agent"] = {"id": agent.id, "name": agent.name, "team": agent.team} if agent else None
    result["channel"], result["category"] = transcript.channel, transcript.category
    result["started_at"] = transcript.started_at.isoformat() if transcript.started_at else None
    result["observed"] = observe(transcript, result, folder)
    return result


def score_shard(shard: Shard, setting: Setting, lap: Lap = no_lap) -> Iterator[dict[str, Any]]:
    """Results and problems (`{"problem":…}`) of a shard in input order. Pure but for loading the kit."""
    kit = kit_of(setting)
    read = [parse_row(row) for row in shard.rows]
    lap("read")
    by_form: dict[str, list[int]] = {}
    forms: dict[str, Form] = {}
    for at, item in enumerate(read):
        if isinstance(item, Transcript):
            form = _form_at(kit.forms, moment_of(item, setting.as_of))
            forms[form.digest] = form
            by_form.setdefault(form.digest, []).append(at)
    ground = kit.ground
    scores: dict[int, tuple[Form, Score]] = {}
    for digest, places in by_form.items():
        batch = [item for at in places if isinstance(item := read[at], Transcript)]
        facts = _facts(batch, forms[digest], ground, setting.as_of)
        lap("facts")
        found = score_many(
            batch, forms[digest], kit.analyser, facts, setting.as_of, kit.encode, setting.folder, lap
        )
        scores.update({at: (forms[digest], one) for at, one in zip(places, found, strict=True)})
    for at, item in enumerate(read):
        if isinstance(item, TranscriptProblem):
            yield {"problem": asdict(item)}
        else:
            form, one = scores[at]
            moment = moment_of(item, setting.as_of)
            yield _result(shard.rows[at].text, item, form, one, kit, setting.folder, moment)


def _facts(
    batch: Sequence[Transcript], form: Form, ground: Ground | None, as_of: datetime | None
) -> list[Facts | None] | None:
    if ground is None:
        return None
    whole = wants_facts(form)
    return [ground.facts(one, moment_of(one, as_of), whole) for one in batch]


def write_durably(path: Path, chunks: Iterable[bytes]) -> str:
    """Write beside, fsync, rename, fsync the folder. Returns the SHA-256 of what was written."""
    digest = hashlib.sha256()
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with beside.open("wb") as stream:
        for chunk in chunks:
            stream.write(chunk)
            digest.update(chunk)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return digest.hexdigest()


def json_line(value: Any) -> bytes:
    """One JSON line; lone surrogates stay escaped so that the file is always UTF-8."""
    try:
        return (json.dumps(value, ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError:
        return (json.dumps(value) + "\n").encode()


def is_done(folder: Path, name: str) -> bool:
    """Whether a shard is complete: its marker stands and its file has the digest the marker says."""
    marker, file = folder / f"{name}.done", folder / f"{name}.jsonl"
    try:
        stated = json.loads(marker.read_text(encoding="utf-8"))["sha256"]
        return bool(hashlib.sha256(file.read_bytes()).hexdigest() == stated)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def run_shard(shard: Shard, setting: Setting, folder: Path) -> int:
    """Score a shard into `folder`, its marker last. Returns the number of rows; running twice changes nothing."""
    if not is_done(folder, shard.name):
        digest = write_durably(
            folder / f"{shard.name}.jsonl", (json_line(row) for row in score_shard(shard, setting))
        )
        marker = json_line({"sha256": digest, "rows": len(shard.rows)})
        write_durably(folder / f"{shard.name}.done", [marker])
    return len(shard.rows)
