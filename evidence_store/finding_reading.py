"""Reading what was concluded: findings now or at a leaf, their history, and how many there are of each status."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from evidence_store import schema
from evidence_store.connection import Database
from evidence_store.details import lookups_of
from evidence_store.errors import StoreError
from evidence_store.records import Scope, Severity, Status
from evidence_store.rows import Count, FindingRow


class Findings:
    """Safe to use from several threads."""

    def __init__(self, database: Database, time_of: Callable[[int], datetime]) -> None:
        self._database = database
        self._time_of = time_of

    def findings(
        self,
        at: int | None = None,
        checks: Collection[str] | None = None,
        severity: Severity | None = None,
        statuses: Collection[Status] | None = None,
    ) -> Iterator[FindingRow]:
        """The findings in force, sorted by check and by the UTF-8 bytes of the uid. `severity`: this one or worse."""
        f = schema.finding.c
        query = sa.select(schema.finding).where(*_in_force(at)).order_by(f.check, f.uid, f.provider, f.account, f.region)
        if checks is not None:
            query = query.where(f.check.in_(sorted(checks)))
        if severity is not None:
            query = query.where(f.severity.in_([s.value for s in Severity if s.rank >= severity.rank]))
        if statuses is not None:
            query = query.where(f.status.in_([s.value for s in statuses]))
        yield from self._rows(query)

    def history(self, *, check: str | None = None, uid: str | None = None) -> Iterator[FindingRow]:
        """Every finding of a check or about a resource, oldest first."""
        f = schema.finding.c
        query = sa.select(schema.finding).order_by(f.opened, f.check, f.uid)
        if check is not None:
            query = query.where(f.check == check)
        if uid is not None:
            query = query.where(f.uid == uid)
        yield from self._rows(query)

    def counts(self, at: int | None = None) -> list[Count]:
        """How many findings are in force, by check, scope, status and severity."""
        f = schema.finding.c
        columns = (f.check, f.provider, f.account, f.region, f.status, f.severity)
        query = sa.select(*columns, sa.func.count()).where(*_in_force(at)).group_by(*columns)
        with self._database.reading() as connection, _told("ev_finding"):
            return [
                Count(check, Scope(provider, account, region), Status(status), Severity(severity), count)
                for check, provider, account, region, status, severity, count in connection.execute(query)
            ]

    def _rows(self, query: sa.Select[Any]) -> Iterator[FindingRow]:
        with self._database.reading() as connection:
            for row in connection.execute(query, execution_options={"yield_per": 1000}):
                with _told(f"ev_finding {row.id}"):
                    found = self._row(row)
                yield found

    def _row(self, row: Any) -> FindingRow:
        return FindingRow(
            check=row.check,
            version=row.version,
            parameters=row.parameters,
            severity=Severity(row.severity),
            scope=Scope(row.provider, row.account, row.region),
            type=row.type,
            uid=row.uid,
            status=Status(row.status),
            reason=row.reason,
            lookups=lookups_of(row.lookups) if row.lookups != "[]" else (),
            since=row.since,
            since_time=self._time_of(row.since),
            opened=row.opened,
            opened_time=self._time_of(row.opened),
            closed=row.closed,
            closed_time=None if row.closed is None else self._time_of(row.closed),
        )


@contextmanager
def _told(entry: str) -> Iterator[None]:
    """What cannot be read of a row was not written by us. Raises `StoreError`."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise StoreError(f"{entry}: {error}; run `scanner evidence verify`") from None


def _in_force(at: int | None) -> list[sa.ColumnElement[bool]]:
    f = schema.finding.c
    if at is None:
        return [f.closed.is_(None)]
    return [f.opened <= at, sa.or_(f.closed.is_(None), f.closed > at)]
