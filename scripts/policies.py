"""The policy files of a site, looked at before anything works with them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

FOLDERS = ("quality", "tenants")


def unusable() -> tuple[type[ValueError], ...]:
    """What the readers of policies raise; each message names the file, the key and the accepted form."""
    from nlp.quality.items import FormError
    from nlp.stages import StagesError
    from nlp.tables import PolicyError

    return PolicyError, FormError, StagesError


def names() -> tuple[str, ...]:
    """The files a site may put into `DIR/policy/`, without their suffix."""
    from nlp.policy import NAMES
    from nlp.quality.supervision import NAMES as SUPERVISION

    return (
        *(*NAMES, "sentiment", "stages", "workflows", "knowledge"),
        *("reports", "monthly", "aspects", "praise"),
        *SUPERVISION,
    )


def check(folder: Path) -> str:
    """Read every policy of the folder, dated ones too. Returns the version; raises what `unusable` lists."""
    from api.kb_policy import load_knowledge_policy
    from api.workflows import load_workflows
    from nlp.cues import load_cues
    from nlp.policy import load_policy
    from nlp.praise import load_praise
    from nlp.quality.form import codes_of
    from nlp.quality.supervision import check_supervision
    from nlp.reports.aspects import load_aspects
    from nlp.reports.monthly_toml import read_monthly
    from nlp.reports.policy import read_reports
    from nlp.stages import load_stages

    policy = load_policy(folder)
    for day in sorted(_days(folder)):
        load_policy(folder, day)
    load_cues(folder)
    load_stages(folder)
    load_workflows(folder)
    load_knowledge_policy(folder)
    for read in (read_reports, read_monthly, load_aspects, load_praise, check_supervision):
        read(folder)
    codes_of(folder)
    return policy.version


def _days(folder: Path) -> set[date]:
    """The days from which dated files hold; a name whose date cannot be read is told by their reader."""
    found = set()
    for path in folder.glob("*.from-*.toml"):
        try:
            found.add(date.fromisoformat(path.name.rpartition(".from-")[2][:-5]))
        except ValueError:
            continue
    return found


def strangers(folder: Path) -> list[str]:
    """File names of the folder that no reader opens: a misspelt one would be passed over in silence."""
    known = names()
    if not folder.is_dir():
        return []
    return sorted(
        path.name for path in folder.iterdir() if not path.name.startswith(".") and not _is_known(path, known)
    )


def _is_known(path: Path, known: tuple[str, ...]) -> bool:
    if path.is_dir():
        return path.name in FOLDERS
    stem = path.name.removesuffix(".toml").partition(".from-")[0]
    return path.suffix == ".toml" and stem in known
