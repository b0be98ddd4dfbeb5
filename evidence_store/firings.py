"""Who runs what is due: a lease for each firing, taken in the database before anything starts.

- A firing is a schedule and a due time. A claim settles every due time up to its own: those before it are missed, and no
  later claim can name them again. So each due time is either fired or recorded as missed, by exactly one process.
- The lease expires by the database's clock. A firing whose holder is gone is taken over only by who holds the store's
  writer lock: the run of a holder that is merely slow has that lock, and cannot be doubled.
- A claim has a number. The run that it is for begins only while the number is the newest, checked in the transaction of
  its first leaf, and the firing is done in the transaction of its seal.
- None of this is evidence. What was missed waits here until it stands in the log.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from evidence_store import canonical, schema
from evidence_store.connection import Database
from evidence_store.errors import HeldError, StoreError
from evidence_store.records import Json, format_time

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_S, _M = schema.schedule.c, schema.schedule_missed.c


class WhyMissed(StrEnum):
    """Why a run that was due did not end in a sealed log."""

    DOWN = "down"  # no daemon was there, or it was busy until a later firing was due
    HELD = "held"  # another run held the store for longer than the schedule waits
    FAILED = "failed"  # it ended by itself, without a seal
    TIMEOUT = "timeout"  # it took longer than the schedule allows
    LOST = "lost"  # its daemon died or was stopped, and so was the one that took it over


@dataclass(frozen=True, slots=True)
class Missed:
    """Due times of one schedule that were missed for one reason."""

    count: int
    first: datetime
    last: datetime
    why: WhyMissed


@dataclass(frozen=True, slots=True)
class Firing:
    """The right to run what is due at one time."""

    schedule: str
    definition: Json
    due: datetime
    number: int
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with a schedule."""

    name: str
    definition: Json
    settled: datetime
    due: datetime | None  # of the firing that is under way
    number: int
    attempts: int
    holder: str
    expired: bool  # whether whoever holds the firing has not renewed it in time
    outcome: str | None
    sealed_due: datetime | None
    sealed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Pending:
    """What was missed and does not stand in the log yet."""

    id: int
    definition: Json
    missed: Missed


class Firings:
    """Claims of schedules. Safe to use from several threads and processes. Raises `StoreError` where the database fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def clock(self) -> datetime:
        """The time by the clock that all who share this database share: machines differ, and what is due must not."""
        with self._database.reading() as connection:
            return _time(_clock(connection))

    def standings(self) -> list[Standing]:
        """Every schedule that was registered, by name."""
        with self._database.reading() as connection:
            now = _clock(connection)
            rows = connection.execute(sa.select(schema.schedule).order_by(_S.name)).all()
        return [_standing(row, now) for row in rows]

    def register(self, name: str, definition: Json, now: datetime) -> None:
        """Make a schedule known, from now on. One that is known stays as it is."""

        row = {"name": name, "definition": _text(definition), "settled": _number(now), "number": 0, "attempts": 0}

        def write(connection: sa.Connection) -> None:
            # Two daemons may be started at once; both databases know these words, and SQLAlchemy has none for both.
            insert = sa.text(
                "INSERT INTO schedule (name, definition, settled, number, attempts, holder, expires) "
                "VALUES (:name, :definition, :settled, :number, :attempts, '', 0) ON CONFLICT (name) DO NOTHING"
            )
            connection.execute(insert, row)

        self._database.retrying(write)

    def redefine(self, standing: Standing, definition: Json | None, settled: datetime, missed: Missed | None) -> bool:
        """Give a schedule another definition, or none; what was due until now by the old one and not run, was missed."""

        def write(connection: sa.Connection) -> bool:
            as_seen = (_S.name == standing.name, _S.settled == _number(standing.settled))
            if definition is None:
                done = connection.execute(schema.schedule.delete().where(*as_seen, _S.due.is_(None)))
            else:
                values = {"definition": _text(definition), "settled": _number(settled)}
                done = connection.execute(schema.schedule.update().where(*as_seen).values(**values))
            if done.rowcount and missed:
                _insert(connection, _text(standing.definition), missed)
            return bool(done.rowcount)

        return self._database.retrying(write)

    def claim(self, standing: Standing, due: datetime, missed: Missed | None, holder: str, lease: timedelta) -> Firing | None:
        """The right to run what is due, and the word that `missed` was missed; `None` where another was faster."""

        def write(connection: sa.Connection) -> bool:
            as_seen = (_S.name == standing.name, _S.settled == _number(standing.settled), _S.number == standing.number)
            done = connection.execute(
                schema.schedule.update()
                .where(*as_seen, _S.due.is_(None), _S.definition == _text(standing.definition))
                .values(
                    settled=_number(due),
                    due=_number(due),
                    number=standing.number + 1,
                    attempts=1,
                    holder=holder,
                    expires=_clock(connection) + _milliseconds(lease),
                )
            )
            if done.rowcount and missed:
                _insert(connection, _text(standing.definition), missed)
            return bool(done.rowcount)

        if not self._database.retrying(write):
            return None
        return Firing(standing.name, standing.definition, due, standing.number + 1)

    def take_over(self, standing: Standing, holder: str, lease: timedelta) -> Firing | None:
        """The firing of a holder that is gone. The caller holds the writer lock of the store."""
        due = standing.due
        if due is None:
            return None

        def write(connection: sa.Connection) -> bool:
            now = _clock(connection)
            values = {"number": standing.number + 1, "attempts": standing.attempts + 1, "holder": holder}
            lost = (_S.name == standing.name, _S.number == standing.number, _S.due == _number(due), _S.expires <= now)
            changed = schema.schedule.update().where(*lost).values(**values, expires=now + _milliseconds(lease))
            return bool(connection.execute(changed).rowcount)

        if not self._database.retrying(write):
            return None
        return Firing(standing.name, standing.definition, due, standing.number + 1, standing.attempts + 1)

    def renew(self, firing: Firing, lease: timedelta) -> bool:
        """Hold the firing for longer; whether it is still ours."""

        def write(connection: sa.Connection) -> bool:
            until = _clock(connection) + _milliseconds(lease)
            return bool(connection.execute(schema.schedule.update().where(*_ours(firing)).values(expires=until)).rowcount)

        return self._database.retrying(write)

    def hand_back(self, firing: Firing) -> None:
        """Let whoever comes first take the firing over at once."""

        def write(connection: sa.Connection) -> None:
            connection.execute(schema.schedule.update().where(*_ours(firing)).values(expires=0))

        self._database.retrying(write)

    def miss(self, firing: Firing, why: WhyMissed) -> bool:
        """End a firing that came to no sealed run; `False` where it did, or where it is not ours any more."""

        def write(connection: sa.Connection) -> bool:
            ended = schema.schedule.update().where(*_ours(firing)).values(due=None, outcome=why.value)
            if not connection.execute(ended).rowcount:
                return False
            _insert(connection, _text(firing.definition), Missed(1, firing.due, firing.due, why))
            return True

        return self._database.retrying(write)

    def pending(self) -> int:
        """How many entries wait for the log."""
        with self._database.reading() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(schema.schedule_missed)).scalar_one()


# -- within the writer's transactions ------------------------------------------------------------------------------------------


def begin(connection: sa.Connection, firing: Firing) -> None:
    """Refuse a run whose firing is done or was taken over. Raises `HeldError`."""
    # An update, so that the row is ours until the transaction ends.
    if not connection.execute(schema.schedule.update().where(*_ours(firing)).values(number=firing.number)).rowcount:
        due = format_time(firing.due)
        raise HeldError(f"schedule {firing.schedule}: what was due at {due} was taken over or is done; nothing was run")


def finish(connection: sa.Connection, firing: Firing, *, complete: bool, at: datetime) -> None:
    """The firing came to a run that is sealed in this transaction."""
    values = {"due": None, "outcome": "complete" if complete else "incomplete"}
    sealed = {"sealed_due": _number(firing.due), "sealed_at": _number(at)}
    connection.execute(schema.schedule.update().where(*_ours(firing)).values(**values, **sealed))


def waiting(connection: sa.Connection) -> list[Pending]:
    """What was missed and does not stand in the log yet, oldest first."""
    rows = connection.execute(sa.select(schema.schedule_missed).order_by(_M.first, _M.id)).all()
    return [Pending(row.id, _parsed(row.definition), _missed(row)) for row in rows]


def recorded(connection: sa.Connection, pending: Pending) -> None:
    """It stands in the log now."""
    connection.execute(schema.schedule_missed.delete().where(_M.id == pending.id))


# -- columns -------------------------------------------------------------------------------------------------------------------


def _ours(firing: Firing) -> tuple[sa.ColumnElement[bool], ...]:
    return (_S.name == firing.schedule, _S.number == firing.number, _S.due == _number(firing.due))


def _insert(connection: sa.Connection, definition: str, missed: Missed) -> None:
    values = {"first": _number(missed.first), "last": _number(missed.last), "times": missed.count, "why": missed.why.value}
    connection.execute(schema.schedule_missed.insert().values(definition=definition, **values))


def _missed(row: Any) -> Missed:
    try:
        return Missed(row.times, _time(row.first), _time(row.last), WhyMissed(row.why))
    except (ValueError, OverflowError, TypeError):
        raise StoreError(f"schedule_missed {row.id}: cannot be read; delete its row") from None


def _standing(row: Any, now: int) -> Standing:
    return Standing(
        name=row.name,
        definition=_parsed(row.definition),
        settled=_time(row.settled),
        due=None if row.due is None else _time(row.due),
        number=row.number,
        attempts=row.attempts,
        holder=row.holder,
        expired=row.due is not None and row.expires <= now,
        outcome=row.outcome,
        sealed_due=None if row.sealed_due is None else _time(row.sealed_due),
        sealed_at=None if row.sealed_at is None else _time(row.sealed_at),
    )


def _clock(connection: sa.Connection) -> int:
    """Milliseconds by the clock that all who share this database share."""
    if connection.dialect.name == "sqlite":  # a file of this machine
        return time.time_ns() // 1_000_000
    return int(connection.exec_driver_sql("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)").scalar_one())


def _milliseconds(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def _number(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _time(number: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=number)


def _text(definition: Json) -> str:
    return canonical.encode(definition).decode()


def _parsed(text: str) -> Json:
    try:
        return canonical.decode(text.encode())
    except (canonical.CanonicalError, AttributeError):
        raise StoreError("schedule: a definition cannot be read; delete its row, and the daemon writes it anew") from None
