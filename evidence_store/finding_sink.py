"""Writing findings: intervals by (check, resource), opened and closed as verdicts change; nothing for those that do not.

- What a judged check no longer says of a scope is closed. What was not judged is left alone.
- `since` is the leaf at which the unbroken run of a status began. An unknown or error in between neither fixes a gap nor
  resets its age: fail, unknown, fail is since the first fail.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from evidence_store import bulk, canonical, details, merkle, schema
from evidence_store.details import HASHED, SOFT, finding_hash, lookups_text
from evidence_store.errors import StoreError
from evidence_store.estate_writing import Ids
from evidence_store.records import Finding, Json, Scope, format_time

_BUFFER = 4000  # findings between two queries
_LOOKED_UP = 800  # uids in one query
_CHECKS = 20  # checks in one query
Judged = Mapping[str, tuple[int, str]]  # check -> version, digest of its parameters


class FindingSink:
    """Takes the findings of one target, in any order, in flat memory. Grouped by check they are fastest."""

    def __init__(self, connection: sa.Connection, leaf: int, ids: Ids, scopes: Iterable[Scope], judged: Judged) -> None:
        self._connection = connection
        self._leaf = leaf
        self._ids = ids
        self._scopes = tuple(sorted(set(scopes)))
        self._judged = dict(judged)
        self._place = {scope: place for place, scope in enumerate(self._scopes)}
        self._buffer: dict[tuple[str, Scope], dict[str, Finding]] = {}
        self._buffered = 0
        self._alive = bytearray()  # a bit for each id: said, and in force
        self._effective: dict[tuple[str, int], datetime] = {}
        self.opened = 0
        self.closed = 0
        self.counts: dict[str, int] = {}

    def add(self, finding: Finding, effective: datetime | None = None) -> None:
        """One verdict, and the oldest time that its facts speak of. Raises `StoreError` for one that was not announced."""
        if self._judged.get(finding.check) != (finding.version, finding.parameters) or finding.scope not in self._place:
            raise StoreError(f"{finding.check} in {finding.scope} was not announced as judged")
        of_scope = self._buffer.setdefault((finding.check, finding.scope), {})
        if finding.uid in of_scope:
            raise StoreError(f"{finding.check} gave two findings about {finding.uid}")
        of_scope[finding.uid] = finding
        if effective is not None:
            key = (finding.check, self._place[finding.scope])
            self._effective[key] = min(effective, self._effective.get(key, effective))
        self._buffered += 1
        if self._buffered >= _BUFFER:
            self._flush()

    def finish(self) -> list[dict[str, Json]]:
        """Close what was not said again; the records of the leaf, one for each judged check."""
        self._flush()
        checks = sorted(self._judged)
        records: dict[str, dict[str, Json]] = {}
        for start in range(0, len(checks), _CHECKS):
            part, ended = checks[start : start + _CHECKS], array("q")
            for check, standing in groupby(self._standing(part), key=itemgetter(0)):
                records[check] = self._record(check, standing, ended)
            self._close(ended)
        return [records.get(check) or self._record(check, (), array("q")) for check in checks]

    def _flush(self) -> None:
        inserts: list[bulk.Row] = []
        closes: list[int] = []
        for (check, scope), of_scope in self._buffer.items():
            uids = sorted(of_scope)  # neighbours in the index
            for start in range(0, len(uids), _LOOKED_UP):
                self._compare(check, scope, [of_scope[uid] for uid in uids[start : start + _LOOKED_UP]], inserts, closes)
        self._close(closes)
        bulk.insert(self._connection, schema.finding, inserts)
        self.opened += len(inserts)
        self._buffer.clear()
        self._buffered = 0

    def _compare(
        self, check: str, scope: Scope, findings: Sequence[Finding], inserts: list[bulk.Row], closes: list[int]
    ) -> None:
        before = self._open(check, scope, [finding.uid for finding in findings])
        changed: list[tuple[Finding, Any]] = []
        for finding in findings:
            row = before.get(finding.uid)
            if row is not None and row.opened == self._leaf:
                raise StoreError(f"{check} gave two findings about {finding.uid}")
            if row is not None and _same(row, finding):
                self._keep(row.id)
            else:
                changed.append((finding, row))
        soft = [f.uid for f, row in changed if row is not None and row.status != f.status and row.status in SOFT]
        history = self._history(check, scope, soft) if soft else {}
        for finding, row in changed:
            if row is not None:
                closes.append(row.id)
            since = self._since(finding, row, history.get(finding.uid, ()))
            self._keep(self._ids.finding)
            inserts.append(_columns(finding, self._ids.finding, since, self._leaf))
            self._ids.finding += 1

    def _open(self, check: str, scope: Scope, uids: list[str]) -> dict[str, Any]:
        f = schema.finding.c
        query = sa.select(
            f.id, f.uid, f.version, f.parameters, f.severity, f.type, f.status, f.reason, f.since, f.opened
        ).where(*_within([check], [scope]), *_among(self._connection, uids))
        return {row.uid: row for row in self._connection.execute(query)}

    def _history(self, check: str, scope: Scope, uids: list[str]) -> dict[str, list[Any]]:
        """The closed findings of some resources, newest first."""
        f = schema.finding.c
        query = (
            sa.select(f.uid, f.status, f.since, f.opened, f.closed)
            .where(
                f.uid.in_(uids), f.check == check, f.provider == scope.provider, f.account == scope.account,
                f.region == scope.region, f.closed.is_not(None),
            )
            .order_by(f.opened.desc())
        )  # fmt: skip
        found: dict[str, list[Any]] = {}
        for row in self._connection.execute(query):
            found.setdefault(row.uid, []).append(row)
        return found

    def _since(self, finding: Finding, row: Any, history: Iterable[Any]) -> int:
        if row is None:
            return self._leaf
        if row.status == finding.status:
            return int(row.since)
        if row.status not in SOFT:
            return self._leaf
        reached = row.opened
        for earlier in history:
            if earlier.closed != reached:
                break
            if earlier.status == finding.status:
                return int(earlier.since)
            if earlier.status not in SOFT:
                break
            reached = earlier.opened
        return self._leaf

    def _keep(self, identity: int) -> None:
        if identity >> 3 >= len(self._alive):
            self._alive.extend(bytes((identity >> 3) + 4096 - len(self._alive)))
        self._alive[identity >> 3] |= 1 << (identity & 7)

    def _is_alive(self, identity: int) -> bool:
        return identity >> 3 < len(self._alive) and bool(self._alive[identity >> 3] >> (identity & 7) & 1)

    def _close(self, ended: Sequence[int]) -> None:
        for start in range(0, len(ended), _BUFFER):
            bulk.close(self._connection, schema.finding, ended[start : start + _BUFFER], self._leaf)
        self.closed += len(ended)

    def _standing(self, checks: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """The open findings of some checks in the judged scopes, by check: the hashed columns, then the id."""
        f = schema.finding.c
        query = sa.select(*(f[name] for name in HASHED), f.id).where(*_within(checks, self._scopes)).order_by(f.check)
        wanted = {(scope.provider, scope.account, scope.region) for scope in self._scopes}
        for row in self._connection.execute(query, execution_options={"yield_per": 2000}):
            columns = tuple(row)
            if columns[4:7] in wanted:
                yield columns

    def _record(self, check: str, standing: Iterable[tuple[Any, ...]], ended: "array[int]") -> dict[str, Json]:
        """What the leaf says of one check. What is no longer said is put among `ended`."""
        items: list[tuple[tuple[str, ...], bytes]] = []
        counts: dict[str, int] = {}
        for columns in standing:
            if not self._is_alive(columns[-1]):
                ended.append(columns[-1])
                continue
            items.append(((columns[8], *columns[4:7]), finding_hash(columns[:-1])))
            counts[columns[9]] = counts.get(columns[9], 0) + 1
        items.sort()
        for status, count in counts.items():
            self.counts[status] = self.counts.get(status, 0) + count
        version, parameters = self._judged[check]
        return {
            "check": check,
            "version": version,
            "parameters": parameters,
            "root": merkle.root(hashed for _, hashed in items).hex(),
            "counts": counts,
            "effective": [self._oldest(check, place) for place in range(len(self._scopes))],
        }

    def _oldest(self, check: str, place: int) -> str | None:
        """Rounded down to the second: older is the careful side, and repeats pack well."""
        oldest = self._effective.get((check, place))
        return None if oldest is None else format_time(oldest.astimezone(UTC).replace(microsecond=0))

    def heading(self) -> dict[str, Json]:
        return {"scopes": [details.scope_list(scope) for scope in self._scopes]}


def _within(checks: Sequence[str], scopes: Sequence[Scope]) -> list[sa.ColumnElement[bool]]:
    """Open findings of some checks in some scopes; may let a few more through where scopes differ in more than the region."""
    f = schema.finding.c
    return [
        f.check.in_(checks),
        f.closed.is_(None),
        f.provider.in_(sorted({s.provider for s in scopes})),
        f.account.in_(sorted({s.account for s in scopes})),
        f.region.in_(sorted({s.region for s in scopes})),
    ]


def _among(connection: sa.Connection, uids: Sequence[str]) -> list[sa.ColumnElement[bool]]:
    """The findings about some resources; `uids` is sorted.

    PostgreSQL has no statistics of a table that was just filled, and would then compare every finding of the check with
    every uid. The range leads it through the index whatever it believes.
    """
    uid = schema.finding.c.uid
    if connection.dialect.name != "postgresql":
        return [uid.in_(uids)]
    return [uid >= uids[0], uid <= uids[-1], uid == sa.any_(sa.literal(list(uids), sa.ARRAY(sa.Text())))]


def _same(row: Any, finding: Finding) -> bool:
    return bool(
        row.status == finding.status
        and row.reason == finding.reason
        and row.version == finding.version
        and row.parameters == finding.parameters
        and row.severity == finding.severity
        and row.type == finding.type
    )


def _columns(finding: Finding, identity: int, since: int, leaf: int) -> bulk.Row:
    """The row, in the order of the table's columns."""
    for text in (finding.uid, finding.reason, finding.type):
        if not canonical.storable(text):
            raise StoreError(f"{finding.check}: a finding holds a zero byte or a lone surrogate: {text!r}")
    return (
        identity,
        finding.check,
        finding.version,
        finding.parameters,
        finding.severity.value,
        finding.scope.provider,
        finding.scope.account,
        finding.scope.region,
        finding.type,
        finding.uid,
        finding.status.value,
        finding.reason,
        lookups_text(finding.lookups),
        since,
        leaf,
        None,
    )
