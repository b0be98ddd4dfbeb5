"""Collect from a connection by the real collector, every source or some, and keep what the store would be given."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from collectors.source import Connection, Source, UnreadError, sources
from evidence_store.records import Json, Observation, Presence, Scope, Snapshot, Unread
from evidence_store.redaction import Redactor
from pipeline.collect import Collection, Collector
from tests.collectors.gcp.cloud import Cloud

_REDACTOR = Redactor(bytes(32))


@dataclass(slots=True)
class Bag:
    """What one source gave in one scope."""

    scope: Scope
    facets: dict[tuple[str, str, str], Json] = field(default_factory=dict)  # type, uid, facet -> facts as they are stored

    def add(self, observation: Observation, secret: tuple[str, ...] = ()) -> None:
        key = (observation.type, observation.uid, observation.facet)
        assert key not in self.facets, f"{key} was yielded twice"
        assert not isinstance(observation.facts, Unread)
        self.facets[key] = _REDACTOR.redact(dict(observation.facts), secret=secret)

    def collected(self, _: Snapshot) -> "Bag":
        return self


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a look at a target gave."""

    collection: Collection[Bag]

    @property
    def accounts(self) -> list[str]:
        return [place.scope.account for place in self.collection.places]

    @property
    def failed(self) -> Unread | None:
        return self.collection.failed

    def facts(self, type_: str, facet: str = "config") -> dict[str, Json]:
        """By uid, as they are stored."""
        kept = ((key, facts) for bag in self.collection.kept for key, facts in bag.facets.items())
        return {uid: facts for (t, uid, f), facts in kept if (t, f) == (type_, facet)}

    def account_of(self, uid: str) -> str:
        (found,) = {bag.scope.account for bag in self.collection.kept if any(key[1] == uid for key in bag.facets)}
        return found

    def snapshots(self, source: str) -> dict[str, Snapshot]:
        """By account. `source` without its `cloudasset.ListAssets`."""
        name = f"cloudasset.ListAssets {source}"
        return {s.scope.account: s for s in self.collection.snapshots if s.source == name}

    def presence(self, source: str) -> set[str]:
        return {str(s.presence) for s in self.snapshots(source).values()}

    def reason(self, source: str) -> Unread:
        """Why a source was read in no account to its end; the same everywhere."""
        found = self.snapshots(source).values()
        assert Presence.COMPLETE not in {s.presence for s in found}
        (reason,) = {s.reason for s in found}
        assert reason is not None
        return reason

    def unread(self, uid: str, facet: str = "config") -> Unread:
        found = [u.unread for s in self.collection.snapshots for u in s.unread if (u.uid, u.facet) == (uid, facet)]
        assert len(found) == 1, f"{uid} {facet}: {found}"
        return found[0]

    @property
    def incomplete(self) -> set[tuple[str, str]]:
        """Account and source, without its `cloudasset.ListAssets`, of what was not read to its end."""
        short = len("cloudasset.ListAssets ")
        return {(s.scope.account, s.source[short:]) for s in self.collection.snapshots if s.presence is not Presence.COMPLETE}


def chosen(*names: str) -> Sequence[Source]:
    """Sources by name, without its `cloudasset.ListAssets`; all of them where none is named."""
    wanted = {f"cloudasset.ListAssets {name}" for name in names}
    found = [s for s in sources("gcp") if not names or s.name in wanted]
    assert not names or len(found) == len(names), names
    return found


def gather(connection: Connection, *names: str) -> Gathered:
    """Read some sources, or all, in every place of a connection."""
    with ThreadPoolExecutor(8) as executor:
        collector: Collector[Bag] = Collector(executor, lambda: datetime.now(UTC), lambda scope, _: Bag(scope))
        try:
            return Gathered(collector.collect("test", connection, chosen(*names)))
        finally:
            connection.close()


def places(gcp: Cloud, **settings: Any) -> list[str]:
    """The accounts that a target reaches."""
    connection = gcp.connect(**settings)
    try:
        return [place.scope.account for place in connection.places()]
    finally:
        connection.close()


def unread(gcp: Cloud, **settings: Any) -> Unread:
    """Why a target as a whole cannot be reached."""
    with pytest.raises(UnreadError) as caught:
        places(gcp, **settings)
    return caught.value.unread
