"""The lint of every tenant's handbook: read once, then kept equal to what is served."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from api.errors import Problem
from api.sites import Sites
from kb.entries import Entry
from kb.knowledge import Knowledge
from kb.lint.base import Base, Encode
from kb.lint.issues import Issue, counts
from kb.lint.run import lint_change

Json = dict[str, Any]
TOLD = 500
"""Issues in one reply; the gravest."""
TENANTS = 16


class Lint:
    """The reading of each tenant's handbook, kept equal to what is served: an edit costs what it changed.

    Called with (tenant, put, drop) it gives what publishing those would bring in, in the wire's shape.
    """

    def __init__(self, sites: Sites, encode: Encode | None = None) -> None:
        self._sites, self._encode = sites, encode
        self._bases: OrderedDict[str, Base] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, tenant: str, put: Mapping[str, Entry], drop: Iterable[str]) -> list[Json]:
        found = self.check_publish(tenant, self._sites.knowledge(tenant), put, drop)
        return [one.to_json() for one in found]

    def base(self, tenant: str, knowledge: Knowledge) -> Base:
        """The reading of `knowledge`; that of a handbook on trial is kept beside the served one."""
        name = tenant if knowledge is self._sites.knowledge(tenant) else f"{tenant}\n"
        with self._lock:
            base = self._bases.setdefault(name, self.fresh())
            self._bases.move_to_end(name)
            while len(self._bases) > TENANTS:
                self._bases.popitem(last=False)
        base.follow(knowledge.entries)
        return base

    def fresh(self) -> Base:
        """A reading of nothing yet."""
        return Base(encode=self._encode)

    def check_publish(
        self, tenant: str, knowledge_before: Knowledge, put: Mapping[str, Entry], drop: Iterable[str]
    ) -> list[Issue]:
        """What publishing `put` and `drop` over `knowledge_before` would bring in, gravest first."""
        return lint_change(self.base(tenant, knowledge_before), put, drop, datetime.now(UTC))

    def warm(self, tenants: Iterable[str]) -> None:
        """Read handbooks on a thread of its own, so that the first draft does not wait for it."""
        names = tuple(tenants)

        def work() -> None:
            for tenant in names:
                self.base(tenant, self._sites.knowledge(tenant))

        threading.Thread(target=work, name="lint", daemon=True).start()

    def forget(self, tenant: str) -> None:
        """Drop a deleted tenant from memory."""
        with self._lock:
            self._bases.pop(tenant, None)


def refusal(found: list[Issue]) -> Problem | None:
    """409 with the issues where any is an error."""
    errors = [one for one in found if one.severity == "error"]
    if not errors:
        return None
    said = "；".join(one.message for one in errors[:3])
    text = f"检查发现 {len(errors)} 处错误，不能发布：{said}。管理员可以写明理由（note）后强制发布（force）"
    return Problem("conflict", text, more=body(found))


def body(found: list[Issue]) -> Json:
    """The reply's shape."""
    return {"issues": [one.to_json() for one in found[:TOLD]], "counts": counts(found)}
