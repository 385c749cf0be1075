"""Forms: what is checked, what it is worth and from when it holds. Found in a site's folder or the presets."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path

from nlp.quality.form_toml import parse_form, parse_form_text
from nlp.quality.items import Applies, Dimension, Form, FormError, Grade, Item

__all__ = [
    "PRESETS", "Applies", "Dimension", "Form", "FormError", "Grade", "Item", "codes_of", "load_form", "parse_form",
    "parse_form_text", "versions_of",
]  # fmt: skip

PRESETS = Path(__file__).parent.parent / "presets" / "quality"


@lru_cache(maxsize=64)
def _read(path: Path, _changed: int) -> Form:
    try:
        return parse_form_text(path.read_text(encoding="utf-8"))
    except FormError as problem:
        raise FormError(f"{path}: {problem.field}", problem.message, problem.accepted) from None
    except UnicodeDecodeError as problem:
        raise FormError(f"{path}: 全文", str(problem), "UTF-8 编码的 TOML") from None


def _start(form: Form) -> float:
    return form.effective_from.timestamp() if form.effective_from else float("-inf")


def versions_of(code: str, folder: Path | None = None) -> tuple[Form, ...]:
    """All versions of a form, the earliest first. A site's forms shadow the presets of the same code.

    Raises FormError for an unknown code (its field is "form") and for a file that is no form (names the file).
    """
    for place in (folder / "quality" if folder else None, PRESETS):
        if place is None or not place.is_dir():
            continue
        paths = [*place.glob("*.toml")]
        forms = [_read(path, path.stat().st_mtime_ns) for path in sorted(paths)]
        found = [form for form in forms if form.code == code]
        if found:
            return tuple(sorted(found, key=_start))
    raise FormError("form", f"没有质检表 {code!r}", "|".join(codes_of(folder)))


def load_form(code: str = "standard", folder: Path | None = None, as_of: datetime | None = None) -> Form:
    """The version of a form in force at `as_of` (None: the newest); earlier than all: the first one.

    `folder` is a site's policy folder. Raises FormError for an unknown code.
    """
    forms = versions_of(code, folder)
    due = [form for form in forms if as_of is None or _start(form) <= as_of.timestamp()]
    return due[-1] if due else forms[0]


def codes_of(folder: Path | None = None) -> list[str]:
    """Codes of the forms a site can use."""
    places = [
        place for place in (folder / "quality" if folder else None, PRESETS) if place and place.is_dir()
    ]
    paths = [path for place in places for path in place.glob("*.toml")]
    return sorted({_read(path, path.stat().st_mtime_ns).code for path in paths})
