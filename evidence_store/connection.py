"""The way to the database: transactions with the durability that evidence needs, and one clear error for each failure.

- SQLite: WAL, synchronous FULL. PostgreSQL: readers see one moment (REPEATABLE READ).
- Errors of the driver end here, as `StoreError`; a password in the URL is never shown.
- A SQLite file that this user may only read is read as it is, and nothing is made beside it.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError, SQLAlchemyError

from evidence_store import faults, only_reading, schema
from evidence_store.errors import AbsentError, DamagedError, DiskError, OutdatedError, StoreError, of_system

T = TypeVar("T")

ATTEMPTS = 4
_SECRET = ("password", "sslpassword")  # options of libpq
_FIRST_PAUSE = 0.1  # seconds; doubled each time


class Database:
    """A connection pool with the two kinds of transaction that the store knows.

    `looks`: a SQLite file is looked at as it is, and cannot be written to.
    """

    def __init__(self, url: str, *, looks: bool = False) -> None:
        self.url = _parsed(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.name = _shown(self.url)
        self.still = only_reading.Still.of(self.path) if self.sqlite else None
        self.engine = _sqlite(self.url, self.path, self.still, looks=looks) if self.sqlite else _postgresql(self.url)
        self._written = self.engine.execution_options(annexa_begin="IMMEDIATE")
        self._read = self.engine if self.sqlite else self.engine.execution_options(isolation_level="REPEATABLE READ")

    @property
    def path(self) -> Path:
        """The file of a SQLite database."""
        return Path(self.url.database or "")

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that sees one moment."""
        with self.speaking(), self._read.connect() as connection:
            yield connection
            if self.still is not None:
                self.still.check()

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that is committed at the end, or not at all."""
        with self.speaking(), self._written.begin() as connection:
            yield connection

    def retrying(self, work: Callable[[sa.Connection], T]) -> T:
        """Do a piece of writing that can be done again; a busy, full or vanished database is tried a few times."""
        pause = _FIRST_PAUSE
        for _ in range(ATTEMPTS - 1):
            try:
                with self._written.begin() as connection:
                    return work(connection)
            except OperationalError as error:
                if issubclass(faults.kind(error, self._file), DamagedError):
                    raise self.failure(error) from None
                time.sleep(pause)
                pause *= 2
            except SQLAlchemyError as error:
                raise self.failure(error) from None
        with self.writing() as connection:
            return work(connection)

    @staticmethod
    def patiently(work: Callable[[], T]) -> T:
        """Do what can be done again; where the disk is full, a few times."""
        pause = _FIRST_PAUSE
        for _ in range(ATTEMPTS - 1):
            try:
                return work()
            except DiskError:
                time.sleep(pause)
                pause *= 2
        return work()

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """The driver's errors, as one sentence."""
        try:
            yield
        except SQLAlchemyError as error:
            if self.still is not None:
                self.still.check()  # what is written while it is read looks like damage
            raise self.failure(error) from None

    def failure(self, error: SQLAlchemyError) -> StoreError:
        """The error of ours for one of the driver's."""
        kind = faults.kind(error, self._file)
        told = {DamagedError: "the store is damaged", DiskError: "the disk is full, or fails"}
        return kind(self._sentence(error, told.get(kind, "the store failed")))

    @property
    def _file(self) -> Path | None:
        return self.path if self.sqlite else None

    def _sentence(self, error: SQLAlchemyError, what: str) -> str:
        cause = str(error.orig) if isinstance(error, DBAPIError) and error.orig is not None else str(error)
        text = " ".join(cause.split())
        for secret in _secrets(self.url):
            text = text.replace(secret, "***")
        shown = "".join(c if c.isprintable() else "?" for c in text)  # it may quote what stands in a row
        return f"{self.name}: {what}: {shown}"

    def bytes(self) -> int:
        """The room that the database takes on the disk. Raises `StoreError`."""
        if not self.sqlite:
            with self.reading() as connection:
                return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())
        companions = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(path.stat().st_size for path in companions if path.exists())

    def close(self) -> None:
        self.engine.dispose()


def _parsed(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except ArgumentError:
        raise StoreError("the store's url is not one: expected sqlite:///FILE or postgresql+psycopg://...") from None
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    shown = _shown(parsed)
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(f"{shown}: the store is kept in SQLite or PostgreSQL")
    if parsed.get_backend_name() == "sqlite" and (parsed.drivername != "sqlite" or parsed.database in (None, "", ":memory:")):
        raise StoreError(f"{shown}: evidence is kept in a file; name one: sqlite:///annexa.db")
    return parsed


def _shown(url: sa.URL) -> str:
    """The URL without its secrets: libpq takes a password among the options, too."""
    return url.update_query_dict({key: "***" for key in _SECRET if key in url.query}).render_as_string(hide_password=True)


def _secrets(url: sa.URL) -> list[str]:
    options = (url.query[key] for key in _SECRET if key in url.query)
    given = [url.password, *(value for option in options for value in ([option] if isinstance(option, str) else option))]
    return [str(secret) for secret in given if secret]


def _sqlite(url: sa.URL, path: Path, still: only_reading.Still | None, *, looks: bool) -> sa.Engine:
    if not path.parent.is_dir():
        raise StoreError(f"{path}: there is no directory {path.parent}")
    options: dict[str, Any] = {"timeout": 30, "check_same_thread": False}
    if still is None:
        source: dict[str, Any] = {"connect_args": options}
    else:
        uri, url, looks = still.uri(), sa.make_url("sqlite://"), True
        source = {"creator": lambda: sqlite3.connect(uri, uri=True, **options)}
    # The connection used last is used next: each has a cache of its own, and taking turns would fill them all.
    engine = sa.create_engine(url, poolclass=sa.QueuePool, pool_size=4, max_overflow=-1, pool_use_lifo=True, **source)

    @sa.event.listens_for(engine, "connect")
    def connected(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # we say BEGIN ourselves: the driver would begin only at the first write
        for pragma in (
            "query_only=ON" if looks else "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-8000",
            "temp_store=FILE",
        ):
            raw.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('annexa_begin', 'DEFERRED')}")

    @sa.event.listens_for(engine, "checkin")
    def returned(raw: Any, _record: Any) -> None:
        if raw is not None:
            raw.text_factory = str

    return engine


def _postgresql(url: sa.URL) -> sa.Engine:
    try:
        return sa.create_engine(url, pool_size=4, max_overflow=-1, pool_pre_ping=True)
    except (ModuleNotFoundError, NoSuchModuleError):
        raise StoreError("PostgreSQL needs its driver; run: pip install 'annexa[postgresql]'") from None


def prepare(database: Database, *, create: bool, upgrade: bool = True) -> None:
    """Bring the schema up to date. Raises `StoreError` where that is not ours to do."""
    database.patiently(lambda: _prepare(database, create=create, upgrade=upgrade and database.still is None))


def _prepare(database: Database, *, create: bool, upgrade: bool) -> None:
    if database.sqlite and not create and not database.path.exists():
        raise AbsentError(f"{database.path}: there is no store; `scanner run` makes one")
    if database.sqlite:
        _owned(database.path)
    found = _revision(database)
    if found == schema.REVISION:
        return
    if found is not None and not isinstance(found, str):
        raise DamagedError(f"{database.name}: does not say of which schema it is: {found!r}")
    if found is not None and found > schema.REVISION:
        raise StoreError(f"{database.name}: the store was written by a newer Annexa (schema {found}); update this one")
    if found is None and not create:
        raise AbsentError(f"{database.name}: there is no store; `scanner run` makes one")
    if found is not None and not upgrade:
        raise OutdatedError(f"{database.name}: is of an older schema ({found}); the next run brings it up to date")
    from evidence_store import migrations

    with database.writing() as connection:
        if not database.sqlite:  # two processes may find the schema missing at once
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7310614)")
        migrations.upgrade(connection)


def _owned(path: Path) -> None:
    """Make the file where it is absent, for its owner alone: it will hold what an intruder looks for. SQLite gives its
    companions (`-wal`, `-shm`) the same mode. The mode of a file that is there is its owner's affair.
    """
    if path.exists():  # and never open it then: closing it would end the locks that this process holds on it
        return
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise of_system(error, f"{path}: cannot be made: {error.strerror}") from None


def _revision(database: Database) -> str | None:
    with database.reading() as connection:
        tables = sa.inspect(connection).get_table_names()
        found: str | None = None
        if "store_schema" in tables:
            found = connection.exec_driver_sql("SELECT version_num FROM store_schema").scalar()
        if found is None and any(name.startswith("ev_") for name in tables):
            raise DamagedError(f"{database.name}: holds tables of a store and does not say of which schema")
        return found
