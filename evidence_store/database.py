"""The store: open it, read it, or take it as its one writer.

Everything that is read is read as it stands, sealed or not; to report, read with `at=store.run_at(...).leaf`: what lies
after the last checkpoint is not evidence yet.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from evidence_store import connection, lock
from evidence_store.errors import HeldError, RolledBackError, StaleError, StoreError
from evidence_store.estate_reading import Estate, Held, Knowing, Stored, Within
from evidence_store.finding_reading import Findings
from evidence_store.firings import Firings
from evidence_store.keys import Keys
from evidence_store.log_reading import Leaf, LogReader, SealedRun
from evidence_store.note import Checkpoint
from evidence_store.records import Json, Scope, Severity, Snapshot, Status
from evidence_store.rows import Count, FindingRow
from evidence_store.store_evidence import StoreEvidence
from evidence_store.writing import Crash, Run, Writer, nothing

__all__ = [
    "Checkpoint",
    "Count",
    "FindingRow",
    "Held",
    "HeldError",
    "Leaf",
    "RolledBackError",
    "Run",
    "SealedRun",
    "StaleError",
    "Store",
    "StoreError",
    "Writer",
    "open_store",
]


class Store:
    """One relational database of evidence. Reading is safe from several threads; there is one writer."""

    def __init__(self, database: connection.Database) -> None:
        self.database = database
        self._log = LogReader(database)
        self._estate = Estate(database)
        self._findings = Findings(database, self._log.time_of)
        self.firings = Firings(database)

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.database.close()

    @contextmanager
    def writer(
        self, keys: Keys, *, origin: str, clock: Callable[[], datetime], wait: float = 0, crash: Crash = nothing
    ) -> Iterator[Writer]:
        """The right to write, for as long as the block lasts. `clock` gives the time in UTC; `origin` names a new log.

        Raises `HeldError` where another run holds the store after `wait` seconds.
        """
        self.require_writable()
        held = lock.acquire(self.database, wait, clock())
        try:
            yield Writer(self.database, held, keys, origin, clock, crash)
        finally:
            held.release()

    def require_writable(self) -> None:
        """Raises `StoreError` for a user who may only read the store."""
        if self.database.still is not None:
            raise StoreError(f"{self.database.path}: this user may only read the store; runs and exports are recorded in it")

    @contextmanager
    def evidence(self) -> Iterator[StoreEvidence]:
        """All rows as they stand now, for `verification.verify` and for packs."""
        with self.database.reading() as reading:
            yield StoreEvidence(reading)

    # -- the log ---------------------------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        return self._log.size()

    @property
    def bytes(self) -> int:
        """How much room it takes."""
        return self.database.bytes()

    def checkpoint(self) -> Checkpoint | None:
        return self._log.checkpoint()

    def unsealed(self) -> int:
        return self._log.unsealed()

    def leaves(self, kind: str | None = None, first: int = 0, until: int | None = None) -> Iterator[Leaf]:
        return self._log.leaves(kind, first, until)

    def detail(self, leaf: int) -> Json:
        return self._log.detail(leaf)

    def time_of(self, leaf: int) -> datetime:
        return self._log.time_of(leaf)

    def runs(self, until: datetime | None = None) -> Iterator[SealedRun]:
        return self._log.runs(until)

    def run_at(self, moment: datetime | None = None) -> SealedRun | None:
        return self._log.run_at(moment)

    def document(self, digest: str) -> Json:
        return self._log.document(digest)

    def snapshots(self, leaf: int) -> tuple[Snapshot, ...]:
        return self._log.snapshots(leaf)

    def judged(self, at: int | None = None) -> dict[tuple[str, Scope], tuple[int, datetime | None]]:
        return self._log.judged(at)

    # -- the estate ------------------------------------------------------------------------------------------------------

    def knowing(self) -> Knowing:
        return Knowing(self.database)

    def resources(
        self, within: Within, type_: str, facets: Sequence[str] | None = None, at: int | None = None
    ) -> Iterator[Stored]:
        return self._estate.resources(within, type_, facets, at)

    def resource(self, uid: str, type_: str | None = None, at: int | None = None) -> Stored | None:
        return self._estate.resource(uid, type_, at)

    def named(self, uids: Collection[str], type_: str, at: int) -> list[Stored]:
        return self._estate.named(uids, type_, at)

    def find(self, within: Within, type_: str, facts: Mapping[str, Json], at: int | None = None) -> Iterator[Stored]:
        return self._estate.find(within, type_, facts, at)

    def states(self, uid: str) -> Iterator[Held]:
        return self._estate.history(uid)

    # -- findings --------------------------------------------------------------------------------------------------------

    def findings(
        self,
        at: int | None = None,
        checks: Collection[str] | None = None,
        severity: Severity | None = None,
        statuses: Collection[Status] | None = None,
    ) -> Iterator[FindingRow]:
        return self._findings.findings(at, checks, severity, statuses)

    def finding_counts(self, at: int | None = None) -> list[Count]:
        return self._findings.counts(at)

    def history(self, *, check: str | None = None, uid: str | None = None) -> Iterator[FindingRow]:
        return self._findings.history(check=check, uid=uid)


def open_store(url: str, *, create: bool = True, upgrade: bool = True) -> Store:
    """Open a store, bring its schema up to date, and make it where it is absent and `create` says so. Raises `StoreError`.

    Without `create` and `upgrade` nothing is written.
    """
    database = connection.Database(url, looks=not (create or upgrade))
    try:
        connection.prepare(database, create=create, upgrade=upgrade)
    except BaseException:
        database.close()
        raise
    return Store(database)
