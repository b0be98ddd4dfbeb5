"""Reading the log: leaves, checkpoints, sealed runs, documents, and when a leaf was written."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa

from evidence_store import bodies, canonical, details, log, note, schema
from evidence_store.connection import Database
from evidence_store.errors import StoreError
from evidence_store.note import Checkpoint
from evidence_store.records import Json, Scope, Snapshot, parse_time


@dataclass(frozen=True, slots=True)
class Leaf:
    """One record of the log. Its detail is read with `Store.detail`."""

    idx: int
    kind: str
    time: datetime
    run: str
    fields: dict[str, Json]


@dataclass(frozen=True, slots=True)
class SealedRun:
    """A run that ended and was sealed. Read its findings and resources with `at=run.leaf`."""

    id: str
    start: int  # the leaf of its start
    leaf: int  # the leaf of its end
    started: datetime
    finished: datetime
    about: dict[str, Json]
    outcome: dict[str, Json]
    documents: dict[str, str]  # digests by kind, of its start and end
    checkpoint: Checkpoint


class LogReader:
    """Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.time_of = lru_cache(maxsize=20_000)(self._time_of)

    def size(self) -> int:
        with self._database.reading() as connection:
            newest = connection.execute(sa.select(sa.func.max(schema.leaf.c.idx))).scalar()
        return 0 if newest is None else int(newest) + 1

    def checkpoint(self) -> Checkpoint | None:
        """The newest one, as the store has it; its signature is for verification to judge."""
        c = schema.checkpoint.c
        with self._database.reading() as connection:
            signed = connection.execute(sa.select(c.note).order_by(c.size.desc()).limit(1)).scalar()
        return None if signed is None else _checkpoint(signed)

    def unsealed(self) -> int:
        """How many leaves lie after the newest checkpoint."""
        last = self.checkpoint()
        return self.size() - (last.size if last else 0)

    def leaves(self, kind: str | None = None, first: int = 0, until: int | None = None) -> Iterator[Leaf]:
        leaf = schema.leaf.c
        query = sa.select(leaf.idx, leaf.body).where(leaf.idx >= first).order_by(leaf.idx)
        if until is not None:
            query = query.where(leaf.idx < until)
        with self._database.reading() as connection:
            for index, body in connection.execute(query, execution_options={"yield_per": 1000}):
                found = _leaf(index, body)
                if kind is None or found.kind == kind:
                    yield found

    def detail(self, index: int) -> Json:
        """The detail of a leaf, or `None` where it has none. Raises `StoreError` for a leaf that is not there."""
        leaf = schema.leaf.c
        with self._database.reading() as connection:
            row = connection.execute(sa.select(leaf.detail).where(leaf.idx == index)).first()
        if row is None:
            raise StoreError(f"ev_leaf: there is no leaf {index}")
        return log.read_detail(row.detail, index)

    def _time_of(self, index: int) -> datetime:
        leaf = schema.leaf.c
        with self._database.reading() as connection:
            body = connection.execute(sa.select(leaf.body).where(leaf.idx == index)).scalar()
        if body is None:
            raise StoreError(f"ev_leaf: there is no leaf {index}")
        return _leaf(index, body).time

    def run_at(self, moment: datetime | None = None) -> SealedRun | None:
        """The last run that was sealed at or before a time; without one, the last of all."""
        return next(self.runs(moment), None)

    def runs(self, until: datetime | None = None) -> Iterator[SealedRun]:
        """Sealed runs, newest first."""
        c, leaf = schema.checkpoint.c, schema.leaf.c
        with self._database.reading() as connection:
            below: int | None = None
            while True:
                query = sa.select(c.size, c.note).order_by(c.size.desc()).limit(200)
                seals = connection.execute(query if below is None else query.where(c.size < below)).all()
                if not seals:
                    return
                below = seals[-1].size
                ends = connection.execute(sa.select(leaf.idx, leaf.body).where(leaf.idx.in_([seal.size - 1 for seal in seals])))
                bodies_by_end = {row.idx: log.of_leaf(row.body, row.idx) for row in ends}
                for size, signed in seals:
                    body = bodies_by_end.get(size - 1)
                    if body is None or b'"kind":"run_end"' not in body:
                        continue
                    end = _leaf(size - 1, body)
                    if until is None or end.time <= until:
                        yield self._run(connection, end, signed)

    @staticmethod
    def _run(connection: sa.Connection, end: Leaf, signed: str) -> SealedRun:
        leaf = schema.leaf.c
        query = sa.select(leaf.idx, leaf.body).where(leaf.idx < end.idx).order_by(leaf.idx.desc())
        with connection.execute(query, execution_options={"yield_per": 50}) as rows:
            starts = (_leaf(row.idx, row.body) for row in rows if b'"kind":"run_start"' in log.of_leaf(row.body, row.idx))
            start = next((s for s in starts if s.run == end.run), None)
        if start is None:
            raise StoreError(f"ev_leaf: leaf {end.idx} ends a run that did not begin; run `scanner evidence verify`")
        return SealedRun(
            id=end.run,
            start=start.idx,
            leaf=end.idx,
            started=start.time,
            finished=end.time,
            about=start.fields["about"],
            outcome=end.fields["outcome"],
            documents={**start.fields["documents"], **end.fields["documents"]},
            checkpoint=_checkpoint(signed),
        )

    def document(self, digest: str) -> Json:
        """The content of a document. Raises `StoreError` where it is not there or not what its digest says."""
        d = schema.document.c
        with self._database.reading() as connection:
            body = connection.execute(sa.select(d.body).where(d.digest == digest)).scalar()
        if body is None:
            raise StoreError(f"ev_document: there is no document {digest}")
        try:
            text = bodies.unpack(body)
            if hashlib.sha256(text).hexdigest() == digest:
                return canonical.decode(text)["content"]
        except (bodies.BodyError, canonical.CanonicalError, KeyError, TypeError):
            pass
        raise StoreError(f"ev_document: document {digest} is not what its digest says; run `scanner evidence verify`")

    def snapshots(self, index: int) -> tuple[Snapshot, ...]:
        """The snapshots of a `snapshots` leaf."""
        return tuple(details.snapshot_of(record) for record in self.detail(index)["records"])

    def judged(self, at: int | None = None) -> dict[tuple[str, Scope], tuple[int, datetime | None]]:
        """(check, scope) -> the leaf that judged it last, and the oldest time its evidence speaks of.

        As of the last run that ended at or before leaf `at`.
        """
        leaf = schema.leaf.c
        query = sa.select(leaf.idx, leaf.body).order_by(leaf.idx.desc())
        if at is not None:
            query = query.where(leaf.idx <= at)
        with self._database.reading() as connection:
            rows = connection.execute(query, execution_options={"yield_per": 100})
            index = next((row.idx for row in rows if b'"kind":"run_end"' in log.of_leaf(row.body, row.idx)), None)
        if index is None:
            return {}
        return {
            (check, details.scope_of(scope)): (judged, None if oldest is None else parse_time(oldest))
            for scope, checks in self.detail(index)["judged"]
            for check, (judged, oldest) in checks.items()
        }


def _leaf(index: int, body: bytes) -> Leaf:
    record = log.read_body(body, index)
    kind, time, run = record.pop("kind"), record.pop("time"), record.pop("run", "")
    return Leaf(index, kind, parse_time(time), run, record)


def _checkpoint(signed: str) -> Checkpoint:
    try:
        return note.read_checkpoint(signed.split("\n\n", maxsplit=1)[0] + "\n")
    except (ValueError, AttributeError, TypeError) as error:
        raise StoreError(f"ev_checkpoint: {error}; run `scanner evidence verify`") from None
