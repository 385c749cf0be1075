"""The searchable knowledge of one release: a large base, a small tail of later edits, and tombstones.

A value is never changed. `changed` shares every array of the base, so an edit costs milliseconds however large
the base is; `compacted` folds the tail in when it has grown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from kb.entries import Entry
from kb.filters import Filters
from kb.index import Allowed, Mask, Vectors, allow
from kb.postings import Ints, ranges
from kb.segment import Analysed, Encode, Lexicon, Segment, analyse, arranged, assemble, join, take

TAIL_LIMIT = 1_000
TAIL_SHARE = 0.05
DEAD_SHARE = 0.2
VIEWS = 64


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Entries and their indexes. `encoder_version` is "" when there are no vectors (mode `keyword_only`).

    `segments` are the base and, if there are edits, the tail; `live[i]` marks the entries of segment `i` that
    stand (the others were deleted or replaced). Entries of a segment stand in the order of their ids and `base`
    names the release the base was made of, so that the same value can be made again from the store.
    """

    release: str
    encoder_version: str
    entries: Mapping[str, Entry]
    segments: tuple[Segment, ...]
    live: tuple[Mask, ...]
    lexicon: Lexicon = field(default_factory=Lexicon)
    places: Mapping[str, int] = field(default_factory=dict, repr=False)
    edits: Analysed | None = field(default=None, repr=False)
    base: str = ""
    views: dict[object, tuple[Allowed, ...]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def has_vectors(self) -> bool:
        return bool(self.encoder_version)

    def view(self, filters: Filters) -> tuple[Allowed, ...]:
        """Rows of each segment that `filters` allow (ids to exclude left aside); remembered per filter."""
        moment = filters.moment
        asked = (
            filters.kinds,
            filters.stages,
            filters.audience,
            filters.channel,
            filters.unless_overdue,
            *(segment.columns.interval(moment) for segment in self.segments),
        )
        found = self.views.get(asked)
        if found is None:
            found = tuple(
                allow((segment.columns.mask(filters) & live)[segment.owner])
                for segment, live in zip(self.segments, self.live, strict=True)
            )
            if len(self.views) >= VIEWS:
                self.views.clear()
            self.views[asked] = found
        return found

    def changed(
        self,
        upserts: Iterable[Entry],
        deleted_ids: Iterable[str],
        encode: Encode | None,
        release: str | None = None,
    ) -> Knowledge:
        """The knowledge after adding or replacing `upserts` and deleting ids (unknown ones are ignored)."""
        new = {entry.id: entry for entry in upserts}
        gone = set(deleted_ids) - new.keys()
        entries = dict(self.entries)
        for entry_id in gone:
            entries.pop(entry_id, None)
        entries.update(new)
        touched = gone | new.keys()
        live = self.live[0].copy()
        live[[self.places[i] for i in touched if i in self.places]] = False
        added = analyse(tuple(new.values()), encode if self.has_vectors else None, self.lexicon)
        edits = added
        if self.edits is not None:
            edits = join([take(self.edits, [e.id not in touched for e in self.edits.entries]), added])
        edits = arranged(edits)
        segments: tuple[Segment, ...] = self.segments[:1]
        lives: tuple[Mask, ...] = (live,)
        if edits.entries:
            segments += (assemble(edits, self.segments[0]),)
            lives += (np.ones(len(edits.entries), np.bool_),)
        return replace(
            self,
            release=release or self.release,
            entries=entries,
            segments=segments,
            live=lives,
            edits=edits if edits.entries else None,
            views={},
        )

    @property
    def needs_compaction(self) -> bool:
        base = len(self.live[0])
        tail = len(self.edits.entries) if self.edits else 0
        dead = base - int(self.live[0].sum())
        return tail > max(TAIL_LIMIT, TAIL_SHARE * base) or dead > max(TAIL_LIMIT, DEAD_SHARE * base)

    def compacted(self, force: bool = False) -> Knowledge:
        """The same knowledge with the tail folded into the base; itself while the tail is small."""
        untouched = self.edits is None and bool(self.live[0].all())
        if untouched or not (force or self.needs_compaction):
            return self
        base = self.segments[0]
        kept = np.flatnonzero(self.live[0])
        entries = [base.entries[at] for at in kept] + list(self.edits.entries if self.edits else ())
        order = sorted(range(len(entries)), key=lambda at: entries[at].id)
        vectors = self._kept_vectors(kept, np.array(order, np.int64))
        return _from_base(self, [entries[at] for at in order], vectors, self.lexicon)

    def with_lexicon(self, lexicon: Lexicon, release: str | None = None) -> Knowledge:
        """The same entries read with other words and synonyms: one base, nothing encoded again."""
        whole = self.compacted(force=True)
        if lexicon == self.lexicon:
            return replace(whole, release=release or self.release, views={})
        base = whole.segments[0]
        vectors = whole._kept_vectors(*2 * (np.arange(len(base.entries)),))
        return _from_base(replace(self, release=release or self.release), base.entries, vectors, lexicon)

    def _kept_vectors(self, kept: Ints, order: Ints) -> Vectors | None:
        """Vectors of the base entries `kept`, then of the edits, as rows of the entries in `order` of these."""
        base = self.segments[0]
        if not self.has_vectors:
            return None
        parts: list[Vectors] = []
        counts = [np.diff(base.starts)[kept]]
        if base.vectors is not None and len(kept):
            parts.append(base.vectors.vectors(ranges(base.starts[kept], base.starts[kept + 1])))
        if self.edits is not None and self.edits.vectors is not None:
            parts.append(self.edits.vectors)
            counts.append(self.edits.counts)
        ends = np.cumsum(np.concatenate(counts))
        starts = np.concatenate(([0], ends[:-1])).astype(np.int64) if len(ends) else ends
        return np.concatenate(parts)[ranges(starts[order], ends[order])] if parts else None


def build(
    entries: Iterable[Entry],
    encoder_version: str,
    encode: Encode | None,
    release: str,
    lexicon: Lexicon = Lexicon(),  # noqa: B008 (frozen)
) -> Knowledge:
    """Index `entries` (the last of one id wins). Without `encode` there are no vectors: keyword search only."""
    named = {entry.id: entry for entry in entries}
    distinct = tuple(named[name] for name in sorted(named))
    version = encoder_version if encode is not None else ""
    return from_segment(assemble(analyse(distinct, encode, lexicon)), version, release, lexicon)


def from_segment(base: Segment, encoder_version: str, release: str, lexicon: Lexicon) -> Knowledge:
    """Knowledge over a base alone."""
    return Knowledge(
        release=release,
        encoder_version=encoder_version,
        entries={entry.id: entry for entry in base.entries},
        segments=(base,),
        live=(np.ones(len(base.entries), np.bool_),),
        lexicon=lexicon,
        places={entry.id: at for at, entry in enumerate(base.entries)},
        base=release,
    )


def _from_base(
    old: Knowledge, entries: Sequence[Entry], vectors: Vectors | None, lexicon: Lexicon
) -> Knowledge:
    base = assemble(analyse(entries, None, lexicon, vectors))
    return from_segment(base, old.encoder_version, old.release, lexicon)
