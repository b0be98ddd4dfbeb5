"""What the snapshots of a run allow to say of stored states: the facts that a check declared, each read, unread or none.

- A fact is what its facet's state says; `None` where the facet's source was read to its end and had nothing for the
  resource; unread where the snapshot says so or nobody asked.
- What the store holds from before, and a partial listing did not name, is not seen.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from evidence_store.records import Json, Presence, Scope, Snapshot, Unread, Why, parse_time
from pipeline.plan import Origin, Sources

Facets: TypeAlias = Mapping[str, Mapping[str, Json]]  # facet -> its facts


class States(Protocol):
    """The stored states in force, joined by uid and streamed in the order of uids."""

    def resources(self, scope: Scope, type_: str, facets: frozenset[str]) -> Iterable[tuple[str, Facets]]:
        """Every resource of a type, with these facets at least; of other facets the facts are not asked for."""
        ...


Missed: TypeAlias = tuple[str, str, str]  # type, uid, facet


@dataclass(frozen=True, slots=True)
class Seen:
    """What one source's answer in one scope allows to say, whatever older states the store still holds."""

    presence: Presence
    reason: Unread | None  # why presence is not complete
    unread: Mapping[Missed, Unread] = field(default_factory=dict)  # asked for and not obtained
    unseen: frozenset[Missed] = frozenset()  # in the store from before, not named by a partial listing
    effective: datetime | None = None  # the time that the whole answer speaks of, where it is not that of the look
    empty: bool = False  # read to its end, and there is nothing: no state needs to be looked for

    @classmethod
    def of(cls, snapshot: Snapshot, unseen: Iterable[Missed] = ()) -> "Seen":
        unread = {(u.type, u.uid, u.facet): u.unread for u in snapshot.unread}
        empty = snapshot.presence is Presence.COMPLETE and not snapshot.count and not unread
        return cls(snapshot.presence, snapshot.reason, unread, frozenset(unseen), snapshot.effective, empty)

    def lacks(self, type_: str, uid: str, facet: str) -> Unread | None:
        """Why this facet was not read; `None` if it was, or if the source answered that there is none."""
        if self.presence is Presence.FAILED:
            return self.reason
        key = (type_, uid, facet)
        return self.unread.get(key) or (self.reason if key in self.unseen else None)


class Facts:
    """The facts of one type that someone declared, picked from a resource's facets."""

    def __init__(self, sources: Sources, type_: str, names: Sequence[str]) -> None:
        self.type = type_
        self._origins = [(name, sources.fact(type_, name)) for name in names]
        listing = sources.listing(type_)
        facets = {(o.source.name, o.facet.name): o for o in [listing, *(o for _, o in self._origins)]}
        self._timed = [o for o in facets.values() if o.facet.effective is not None]
        self._sources = sorted({source for source, _ in facets})
        self.facets = frozenset(facet for _, facet in facets)  # the listing one among them

    def pick(self, seen: Mapping[str, Seen], uid: str, facets: Facets) -> dict[str, Json | Unread]:
        """`seen` is by source name, for the resource's scope."""
        picked: dict[str, Json | Unread] = {}
        for name, origin in self._origins:
            picked[name] = _fact(origin, name, seen, uid, facets)
        return picked

    def reported(self, seen: Mapping[str, Seen]) -> list[datetime]:
        """The times that whole answers speak of, where a source says so: when a report was generated."""
        answers = (seen.get(source) for source in self._sources)
        return [answer.effective for answer in answers if answer is not None and answer.effective is not None]

    def effective(self, facets: Facets) -> tuple[list[datetime], str]:
        """The times that these facets speak of, and the name of one that is missing or malformed."""
        times: list[datetime] = []
        for origin in self._timed:
            name = origin.facet.effective or ""
            try:
                times.append(parse_time(facets[origin.facet.name][name]))
            except (KeyError, TypeError, ValueError):
                if origin.facet.name in facets:
                    return times, name
        return times, ""


def _fact(origin: Origin, name: str, seen: Mapping[str, Seen], uid: str, facets: Facets) -> Json | Unread:
    snapshot = seen.get(origin.source.name)
    if snapshot is None:
        return Unread(Why.NOT_COLLECTED, origin.source.name)
    if lacking := snapshot.lacks(origin.facet.type, uid, origin.facet.name):
        return lacking
    state = facets.get(origin.facet.name)
    if state is None and snapshot.presence is not Presence.COMPLETE:
        return snapshot.reason
    return None if state is None else state.get(name)
