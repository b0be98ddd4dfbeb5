"""Writing what was collected: states and intervals in, and the record that the leaf keeps of each snapshot.

- A state is stored once for each identity: what returns to an earlier state refers to that state again.
- Only a complete listing ends what it no longer names. A partial or failed one ends nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
import zstandard

from evidence_store import bodies, bulk, details, merkle, schema
from evidence_store.details import item_hash
from evidence_store.errors import StaleError, StoreError
from evidence_store.records import Json, Presence, Scope
from evidence_store.sealing import Collected, Sealed

_LOOKED_UP = 500  # uids in one query
_INSERTED = 2000  # rows in one statement
StreamKey = tuple[Scope, str]


@dataclass(slots=True)
class Ids:
    """The next free ids. There is one writer, so they are counted here and contiguous in the tables."""

    stream: int
    state: int
    interval: int
    finding: int

    def copy(self) -> "Ids":
        return replace(self)


def load_ids(connection: sa.Connection) -> Ids:
    tables = (schema.stream, schema.state, schema.interval, schema.finding)
    return Ids(*((connection.execute(sa.select(sa.func.max(table.c.id))).scalar() or 0) + 1 for table in tables))


class EstateWriter:
    """Writes the snapshots of one leaf in one transaction."""

    def __init__(self, connection: sa.Connection, leaf: int, ids: Ids) -> None:
        self._connection = connection
        self._leaf = leaf
        self._ids = ids
        self._streams: dict[tuple[Scope, str], int] | None = None  # every one that there is, once one is asked for
        self.opened = 0
        self.closed = 0

    def write(self, collected: Collected, begun: int, written: int | None) -> dict[str, Json]:
        """The record of one snapshot. `begun`: the log's size when this run took the store; `written`: the last leaf
        that this run wrote for the same stream.

        Raises `StaleError` where the states in force are no longer those that it was compared with.
        """
        snapshot = collected.snapshot
        stream, known = self._stream(snapshot.scope, snapshot.source)
        ours = written is not None and written >= collected.size
        if ours or (known and collected.size < begun and self._moved(stream, collected.size)):
            raise StaleError(f"{snapshot.source} in {snapshot.scope} was written by another run meanwhile; run again")
        changed = self._reused(collected.changed, stream) if known else [(sealed, None) for sealed in collected.changed]
        ended = [*collected.gone, *(sealed.replaces for sealed, _ in changed if sealed.replaces is not None)]
        for start in range(0, len(changed), _INSERTED):
            self._insert(changed[start : start + _INSERTED], stream)
        bulk.close(self._connection, schema.interval, ended, self._leaf)
        self.opened += len(changed)
        self.closed += len(ended)
        manifest, held = _roots(collected, (sealed for sealed, state in changed if state is not None))
        return details.snapshot_record(snapshot, manifest, held, collected.unseen, len(changed), len(ended))

    def _stream(self, scope: Scope, source: str) -> tuple[int, bool]:
        """The stream's id, and whether it was there before."""
        if self._streams is None:  # one question, and not one for each source in each of a thousand accounts
            self._streams = streams(self._connection)
        found = self._streams.get((scope, source))
        if found is not None:
            return found, True
        made = self._ids.stream
        self._ids.stream += 1
        self._connection.execute(
            schema.stream.insert().values(
                id=made, provider=scope.provider, account=scope.account, region=scope.region, source=source
            )
        )
        self._streams[scope, source] = made
        return made, False

    def _moved(self, stream: int, size: int) -> bool:
        """Whether an interval of the stream began or ended after the log had that size."""
        interval = schema.interval.c
        moved = sa.select(interval.id).where(
            interval.stream == stream, sa.or_(interval.opened >= size, interval.closed >= size)
        )
        return self._connection.execute(moved.limit(1)).first() is not None

    def _reused(self, changed: Sequence[Sealed], stream: int) -> list[tuple[Sealed, int | None]]:
        """Each changed state, and the id of the same identity's earlier state where it is that one again."""
        out: list[tuple[Sealed, int | None]] = []
        unpack = zstandard.ZstdDecompressor()
        for start in range(0, len(changed), _LOOKED_UP):
            part = changed[start : start + _LOOKED_UP]
            earlier = self._earlier({sealed.uid for sealed in part}, stream)
            for sealed in part:
                candidates = earlier.get((sealed.type, sealed.uid, sealed.facet), {})
                text = bodies.unpack(sealed.body, unpack) if candidates else b""
                for state, (salt, digest) in candidates.items():
                    if bodies.state_digest(salt, text) == digest:
                        out.append((replace(sealed, held=salt + digest + sealed.body), state))
                        break
                else:
                    out.append((sealed, None))
        return out

    def _earlier(self, uids: set[str], stream: int) -> dict[tuple[str, str, str], dict[int, tuple[bytes, bytes]]]:
        interval, state = schema.interval.c, schema.state.c
        query = (
            sa.select(interval.type, interval.uid, interval.facet, state.id, state.salt, state.digest)
            .join_from(schema.interval, schema.state, state.id == interval.state)
            .where(interval.uid.in_(uids), interval.stream == stream)
        )
        found: dict[tuple[str, str, str], dict[int, tuple[bytes, bytes]]] = {}
        for type_, uid, facet, identity, salt, digest in self._connection.execute(query):
            found.setdefault((type_, uid, facet), {})[identity] = (salt, digest)
        return found

    def _insert(self, changed: Sequence[tuple[Sealed, int | None]], stream: int) -> None:
        states: list[bulk.Row] = []
        intervals: list[bulk.Row] = []
        for sealed, reused in changed:
            identity = reused
            if identity is None:
                identity = self._ids.state
                self._ids.state += 1
                salt, digest, body = sealed.parts()
                states.append((identity, digest, salt, body))
            intervals.append((self._ids.interval, stream, sealed.type, sealed.uid, sealed.facet, identity, self._leaf, None))
            self._ids.interval += 1
        bulk.insert(self._connection, schema.state, states)
        bulk.insert(self._connection, schema.interval, intervals)


def streams(connection: sa.Connection) -> dict[tuple[Scope, str], int]:
    """The ids of all streams."""
    rows = connection.execute(sa.select(schema.stream))
    return {(Scope(row.provider, row.account, row.region), row.source): row.id for row in rows}


def _roots(collected: Collected, reused: Iterable[Sealed]) -> tuple[bytes, bytes | None]:
    """The manifest's root over what was seen, and the root over all in force where that is more."""
    packed = collected.hashes
    hashes = [packed[at : at + 32] for at in range(0, len(packed), 32)]
    for sealed in reused:
        hashes[sealed.position] = item_hash(sealed.type, sealed.uid, sealed.facet, sealed.digest)
    if not collected.kept:
        return merkle.root(hashes), None
    kept = set(collected.kept)
    return merkle.root(h for position, h in enumerate(hashes) if position not in kept), merkle.root(hashes)


def refuse_contradictions(collected: Iterable[Collected]) -> None:
    """Raises `StoreError` for two snapshots of one source in one scope: they are of one leaf, and cannot both count."""
    seen: set[StreamKey] = set()
    for one in collected:
        key = (one.snapshot.scope, one.snapshot.source)
        if key in seen:
            raise StoreError(f"{key[1]} in {key[0]} was collected twice in one run")
        seen.add(key)
        if one.snapshot.presence is not Presence.COMPLETE and one.snapshot.reason is None:
            raise StoreError(f"{key[1]} in {key[0]}: presence is not complete and nobody said why")
