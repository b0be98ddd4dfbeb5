"""A store's rows as verification reads them: of one moment, streamed, in its orders."""

import sqlite3
from collections.abc import Iterator
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from evidence_store import schema
from evidence_store.details import HASHED
from evidence_store.verification.evidence import FindingColumns, IntervalRow, LeafRow, Selection, StateRow

_CHUNK = 5000


class StoreEvidence:
    """Implements `verification.Evidence` over a connection whose transaction sees one moment."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    @property
    def selection(self) -> Selection | None:
        return None

    def _rows(self, query: sa.Select[Any]) -> Iterator[Any]:
        given = 0
        try:
            for part in self._connection.execute(query, execution_options={"yield_per": _CHUNK}).partitions():
                yield from map(tuple, part)
                given += len(part)
        except OperationalError:
            raw = self._connection.connection.driver_connection
            if not isinstance(raw, sqlite3.Connection) or raw.text_factory is not str:
                raise
            # SQLite keeps bytes that are no UTF-8 as text, and the driver gives up on them; verification must name the row.
            raw.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
            yield from self._rows(query.offset(given))

    def leaves(self) -> Iterator[LeafRow]:
        leaf = schema.leaf.c
        for index, body, detail in self._rows(sa.select(leaf.idx, leaf.body, leaf.detail).order_by(leaf.idx)):
            yield LeafRow(index, body, detail)

    def checkpoints(self) -> Iterator[tuple[int, str]]:
        c = schema.checkpoint.c
        yield from self._rows(sa.select(c.size, c.note).order_by(c.size))

    def streams(self) -> Iterator[tuple[int, str, str, str, str]]:
        s = schema.stream.c
        yield from self._rows(sa.select(s.id, s.provider, s.account, s.region, s.source).order_by(s.id))

    def states(self) -> Iterator[StateRow]:
        s = schema.state.c
        yield from self._rows(sa.select(s.id, s.digest, s.salt, s.body).order_by(s.id))

    def intervals(self) -> Iterator[IntervalRow]:
        i = schema.interval.c
        columns = (i.id, i.stream, i.type, i.uid, i.facet, i.state, i.opened, i.closed, sa.literal(None))
        yield from self._rows(sa.select(*columns).order_by(i.stream, i.uid, i.facet, i.type, i.opened))

    def findings(self) -> Iterator[FindingColumns]:
        f = schema.finding.c
        query = sa.select(f.id, *(f[name] for name in HASHED), f.closed)
        yield from self._rows(query.order_by(f.check, f.uid, f.provider, f.account, f.region, f.opened))

    def documents(self) -> Iterator[tuple[str, str, bytes]]:
        d = schema.document.c
        yield from self._rows(sa.select(d.digest, d.kind, d.body).order_by(d.digest))
