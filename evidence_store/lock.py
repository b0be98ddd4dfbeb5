"""One writer at a time.

- SQLite: an `fcntl` lock on a file beside the database. The kernel frees it when its holder dies, however that happens.
- PostgreSQL: a session advisory lock, and a fencing number that every transaction checks: a writer that lost its session
  without noticing cannot write after its successor began.
"""

import fcntl
import os
import socket
import time
from collections.abc import Callable
from datetime import datetime
from typing import IO, Protocol

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from evidence_store import schema
from evidence_store.connection import Database
from evidence_store.errors import HeldError, StoreError, of_system
from evidence_store.records import format_time

_ADVISORY = 7310613
_PAUSE = 0.2  # seconds between two attempts


class Lock(Protocol):
    def check(self, connection: sa.Connection) -> None:
        """Raises `StoreError` in a transaction of a writer that no longer holds the store."""
        ...

    def release(self) -> None: ...


def acquire(database: Database, wait: float, now: datetime) -> Lock:
    """The right to write. Waits for at most `wait` seconds. Raises `HeldError`, which names the holder."""
    holder = f"process {os.getpid()} on {socket.gethostname()} since {format_time(now.replace(microsecond=0))}"
    take: Callable[[Database, str], Lock | str] = _take_file if database.sqlite else _take_session
    deadline = time.monotonic() + wait
    while isinstance(taken := database.patiently(lambda: take(database, holder)), str):
        left = deadline - time.monotonic()
        if left <= 0:
            raise HeldError(f"{database.name} is held by {taken or 'another run'}")
        time.sleep(min(_PAUSE, left))
    return taken


class _FileLock:
    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def check(self, connection: sa.Connection) -> None:
        """The kernel keeps the lock as long as this process lives."""

    def release(self) -> None:
        # The file stays: whoever unlinked it would let two writers lock two files of one name.
        self._file.truncate(0)
        self._file.close()


def _take_file(database: Database, holder: str) -> Lock | str:
    path = database.path.with_name(database.path.name + ".lock")
    try:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "a+")
    except OSError as error:
        raise of_system(error, f"{path}: the lock file cannot be written: {error.strerror}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        found = file.read().strip()
        file.close()
        return found
    try:
        file.truncate(0)
        os.write(file.fileno(), f"{holder}\n".encode())
    except OSError as error:
        file.close()
        raise of_system(error, f"{path}: the lock file cannot be written: {error.strerror}") from None
    return _FileLock(file)


class _SessionLock:
    def __init__(self, database: Database, session: sa.Connection, number: int) -> None:
        self._database = database
        self._session = session
        self._number = number

    def check(self, connection: sa.Connection) -> None:
        newest = connection.execute(sa.select(schema.fence.c.number).with_for_update(read=True)).scalar()
        if newest != self._number:
            raise StoreError(f"{self._database.name}: another run has taken the store over; nothing was written")

    def release(self) -> None:
        try:
            self._session.execute(sa.select(sa.func.pg_advisory_unlock(_ADVISORY)))
            self._session.close()
        except SQLAlchemyError:
            self._session.invalidate()  # the session is gone, and the lock with it


def _take_session(database: Database, holder: str) -> Lock | str:
    with database.speaking():
        session = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            if not session.execute(sa.select(sa.func.pg_try_advisory_lock(_ADVISORY))).scalar():
                found = session.execute(sa.select(schema.fence.c.holder)).scalar()
                session.close()
                return found or ""
            number = _next_number(database, holder)
        except BaseException:
            session.invalidate()
            raise
    return _SessionLock(database, session, number)


def _next_number(database: Database, holder: str) -> int:
    fence = schema.fence
    with database.writing() as connection:
        last = connection.execute(sa.select(fence.c.number).with_for_update()).scalar()
        if last is None:
            connection.execute(fence.insert().values(id=1, number=1, holder=holder))
            return 1
        connection.execute(fence.update().values(number=last + 1, holder=holder))
        return int(last) + 1
