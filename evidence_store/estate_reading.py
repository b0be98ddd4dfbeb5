"""Reading what was seen: the states in force now or at a leaf, joined to resources, in flat memory."""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
import zstandard

from evidence_store import bodies, canonical, schema
from evidence_store.connection import Database
from evidence_store.errors import StoreError
from evidence_store.records import Json, Scope
from evidence_store.sealing import Known

_CHUNK = 1000  # states in one query
Within = Scope | str | None  # one scope; every scope of an account; all
Facets = dict[str, Json]
Stored = tuple[Scope, str, Facets]  # scope, uid, facts by facet


@dataclass(frozen=True, slots=True)
class Held:
    """One state of one facet, from the leaf that opened it until the one that closed it."""

    scope: Scope
    source: str
    type: str
    uid: str
    facet: str
    digest: str
    opened: int
    closed: int | None
    facts: Json


class Knowing:
    """What a run compares with. Which sources hold nothing at all is asked once, and of those nothing more."""

    def __init__(self, database: Database) -> None:
        stream, interval = schema.stream.c, schema.interval.c
        self._database = database
        held = sa.exists().where(interval.stream == stream.id, interval.closed.is_(None))
        with database.reading() as connection:
            newest = connection.execute(sa.select(sa.func.max(schema.leaf.c.idx))).scalar()
            self._size = 0 if newest is None else newest + 1
            rows = connection.execute(sa.select(schema.stream).where(held))
            self._held = {(Scope(row.provider, row.account, row.region), row.source): row.id for row in rows}

    def of(self, scope: Scope, source: str) -> Known:
        """The states in force of one source in one scope, without their bodies."""
        found = Known(scope, source, self._size)
        stream = self._held.get((scope, source))
        if stream is None:
            return found
        interval, state = schema.interval.c, schema.state.c
        query = (
            sa.select(interval.type, interval.uid, interval.facet, state.salt, state.digest, interval.id)
            .join_from(schema.interval, schema.state, state.id == interval.state)
            .where(interval.stream == stream, interval.closed.is_(None))
        )
        with self._database.reading() as connection:
            for type_, uid, facet, salt, digest, identity in connection.execute(query, execution_options={"yield_per": 5000}):
                found.put((type_, uid, facet), salt, digest, identity)
        return found


class Estate:
    """Resources as stored. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._guard = threading.Lock()
        self._indices: dict[tuple[Within, str, str, int | None], tuple[int, dict[bytes, list[str]]]] = {}

    def resources(
        self, within: Within, type_: str, facets: Sequence[str] | None = None, at: int | None = None
    ) -> Iterator[Stored]:
        """Every resource of a type, sorted by the UTF-8 bytes of its uid, joined over all sources that know it."""
        interval = schema.interval.c
        with self._database.reading() as connection:
            streams = _streams(connection, within)
            query = (
                sa.select(interval.uid, interval.facet, interval.state, interval.stream)
                .where(interval.type == type_, *_in_force(at))
                .order_by(interval.uid)
            )
            if within is not None:
                query = query.where(interval.stream.in_(list(streams)))
            if facets is not None:
                query = query.where(interval.facet.in_(list(facets)))
            rows: list[Any] = []
            for row in connection.execute(query, execution_options={"yield_per": _CHUNK}):
                if len(rows) >= _CHUNK and row.uid != rows[-1].uid:
                    yield from _joined(connection, rows, streams)
                    rows = []
                rows.append(row)
            yield from _joined(connection, rows, streams)

    def resource(self, uid: str, type_: str | None = None, at: int | None = None) -> Stored | None:
        """One resource, or `None` where none is in force."""
        interval = schema.interval.c
        query = sa.select(interval.uid, interval.facet, interval.state, interval.stream).where(
            interval.uid == uid, *_in_force(at), *([] if type_ is None else [interval.type == type_])
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
            streams = _streams_by_id(connection, {row.stream for row in rows})
            return next(iter(_joined(connection, rows, streams)), None)

    def named(self, uids: Collection[str], type_: str, at: int) -> list[Stored]:
        """Those of these uids of which a state was in force at a leaf; as many as one query takes."""
        interval = schema.interval.c
        query = (
            sa.select(interval.uid, interval.facet, interval.state, interval.stream)
            .where(interval.uid.in_(uids), interval.type == type_, *_in_force(at))
            .order_by(interval.uid)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
            streams = _streams_by_id(connection, {row.stream for row in rows})
            return list(_joined(connection, rows, streams))

    def find(self, within: Within, type_: str, facts: Mapping[str, Json], at: int | None = None) -> Iterator[Stored]:
        """The resources of a type of which these facts have these values, whatever facet holds them.

        The first question about a fact reads the type once; what stays in memory is a digest and the uids of each value.
        """
        if not facts:
            yield from self.resources(within, type_, None, at)
            return
        candidates: set[str] | None = None
        for name, value in facts.items():
            uids = self._index(within, type_, name, at).get(_key(value), [])
            candidates = set(uids) if candidates is None else candidates & set(uids)
        for uid in sorted(candidates or ()):
            found = self.resource(uid, type_, at)
            if found is not None:
                yield found

    def _index(self, within: Within, type_: str, name: str, at: int | None) -> dict[bytes, list[str]]:
        """Uids by the value of one fact; made anew when the log has grown."""
        with self._database.reading() as connection:
            size = connection.execute(sa.select(sa.func.max(schema.leaf.c.idx))).scalar() or 0
        with self._guard:
            made = self._indices.get((within, type_, name, at))
            if made is not None and (made[0] == size or at is not None):
                return made[1]
            index: dict[bytes, list[str]] = {}
            for _, uid, facets in self.resources(within, type_, None, at):
                for facts in facets.values():
                    if isinstance(facts, dict) and name in facts:
                        index.setdefault(_key(facts[name]), []).append(uid)
            self._indices[within, type_, name, at] = (size, index)
            return index

    def history(self, uid: str) -> Iterator[Held]:
        """Every state that a resource ever had, oldest first."""
        interval, state = schema.interval.c, schema.state.c
        query = (
            sa.select(schema.interval, state.digest, state.body)
            .join_from(schema.interval, schema.state, state.id == interval.state)
            .where(interval.uid == uid)
            .order_by(interval.opened, interval.type, interval.facet)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
            streams = _streams_by_id(connection, {row.stream for row in rows})
        for row in rows:
            scope, source = streams[row.stream]
            facts = _facts(row.body, None)
            yield Held(scope, source, row.type, uid, row.facet, row.digest.hex(), row.opened, row.closed, facts)


def _key(value: Json) -> bytes:
    return sha256(canonical.encode(value)).digest()


def _in_force(at: int | None) -> list[sa.ColumnElement[bool]]:
    interval = schema.interval.c
    if at is None:
        return [interval.closed.is_(None)]
    return [interval.opened <= at, sa.or_(interval.closed.is_(None), interval.closed > at)]


def _streams(connection: sa.Connection, within: Within) -> dict[int, tuple[Scope, str]]:
    stream = schema.stream.c
    query = sa.select(schema.stream)
    match within:
        case Scope(provider, account, region):
            query = query.where(stream.provider == provider, stream.account == account, stream.region == region)
        case str():
            query = query.where(stream.account == within)
    return {row.id: (Scope(row.provider, row.account, row.region), row.source) for row in connection.execute(query)}


def _streams_by_id(connection: sa.Connection, wanted: set[int]) -> dict[int, tuple[Scope, str]]:
    query = sa.select(schema.stream).where(schema.stream.c.id.in_(wanted))
    return {row.id: (Scope(row.provider, row.account, row.region), row.source) for row in connection.execute(query)}


def _joined(connection: sa.Connection, rows: Sequence[Any], streams: Mapping[int, tuple[Scope, str]]) -> Iterator[Stored]:
    """Rows of the same uid as one resource. Its scope is that of its `config` facet, else the first of all by name."""
    if not rows:
        return
    texts = _bodies(connection, [row.state for row in rows])
    unpack = zstandard.ZstdDecompressor()
    uid, facets, best = rows[0].uid, Facets(), None
    for row in rows:
        if row.uid != uid:
            yield _of(best), uid, facets
            uid, facets, best = row.uid, {}, None
        rank = (row.facet != "config", streams[row.stream][0])
        best = rank if best is None else min(best, rank)
        facets[row.facet] = _facts(texts.get(row.state), unpack)
    yield _of(best), uid, facets


def _of(rank: tuple[bool, Scope] | None) -> Scope:
    assert rank is not None, "a resource has at least one facet"
    return rank[1]


def _bodies(connection: sa.Connection, ids: Sequence[int]) -> dict[int, bytes]:
    state = schema.state.c
    found: dict[int, bytes] = {}
    if not all(type(identity) is int for identity in ids):
        raise StoreError("ev_interval: a row refers to a state by what is no number; run `scanner evidence verify`")
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), _CHUNK):
        query = sa.select(state.id, state.body).where(state.id.in_(wanted[start : start + _CHUNK]))
        found.update((row.id, row.body) for row in connection.execute(query))
    return found


def _facts(body: bytes | None, unpack: zstandard.ZstdDecompressor | None) -> Json:
    if body is None:
        raise StoreError("ev_state: a state is missing; run `scanner evidence verify`")
    try:
        return canonical.decode(bodies.unpack(body, unpack))
    except (bodies.BodyError, canonical.CanonicalError) as error:
        raise StoreError(f"ev_state: a state cannot be read: {error}; run `scanner evidence verify`") from None
