"""Status over time: of a control as each sealed run assessed it, of a check, of a resource. Only changes are told.

- What was recorded after the last sealed run is not shown.
- Runs that were due and missed are told: a status lasted meanwhile, and nobody looked.
- A control's status comes from the assessments as they were made, not from today's mapping.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from evidence_store.database import FindingRow, Store
from evidence_store.records import Json, Severity, Status
from reports.missed import Missed, missed_runs, of_checks
from reports.reading import Sealed


@dataclass(frozen=True, slots=True)
class Assessed:
    """A control's status from one sealed run to the last that gave the same."""

    first: datetime
    last: datetime
    runs: int
    assessment: str
    missing: tuple[str, ...]
    passed: int  # as in the last of these runs
    failed: int
    unknown: int
    excepted: int
    reason: str  # the first that was given, in the last of these runs
    difference: str | None


@dataclass(frozen=True, slots=True)
class ControlHistory:
    control: str
    title: str
    changes: tuple[Assessed, ...]  # oldest first
    missed: tuple[Missed, ...] = ()  # that would have asked its checks


@dataclass(frozen=True, slots=True)
class Tallied:
    """How many resources of a check had each status from a time on."""

    since: datetime
    counts: Mapping[Status, int]


@dataclass(frozen=True, slots=True)
class CheckHistory:
    check: str
    title: str
    changes: tuple[Tallied, ...]
    missed: tuple[Missed, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What one check said of a resource, for as long as it said it."""

    check: str
    version: int
    severity: Severity
    status: Status
    reason: str
    first: datetime
    until: datetime | None  # `None`: it still says so
    since: datetime  # when the unbroken run of this status began


@dataclass(frozen=True, slots=True)
class ResourceHistory:
    uid: str
    type: str
    answers: tuple[Answer, ...]  # by check, oldest first
    missed: tuple[Missed, ...] = ()


def control_history(store: Store, asked: str) -> tuple[ControlHistory, ...]:
    """Of a control, or of each one that a clause or theme has. Raises `NoRunError`, `UnknownControlError`, `StoreError`."""
    latest = Sealed.at(store)
    wanted = dict.fromkeys(latest.catalogue.resolve(asked))
    changes: dict[str, list[Assessed]] = {control: [] for control in wanted}
    for finished, assessments in _assessments(store):
        for entry in assessments:
            if entry["id"] in changes:
                _append(changes[entry["id"]], _assessed(entry, finished))
    catalogue, missed = latest.catalogue, missed_runs(store, latest.catalogue)
    return tuple(
        ControlHistory(c, catalogue.control(c).title, tuple(found), of_checks(missed, catalogue.select([c])))
        for c, found in changes.items()
    )


def _assessments(store: Store) -> Iterator[tuple[datetime, Json]]:
    """The assessments of every sealed run, oldest first, one run in memory at a time."""
    for leaf, finished in reversed([(run.leaf, run.finished) for run in store.runs()]):
        yield finished, (store.detail(leaf) or {}).get("assessments", ())


def _assessed(entry: Mapping[str, Json], finished: datetime) -> Assessed:
    reasons = entry.get("reasons") or ("",)
    return Assessed(
        first=finished,
        last=finished,
        runs=1,
        assessment=entry["assessment"],
        missing=tuple(entry["missing"]),
        passed=entry["pass"],
        failed=entry["fail"],
        unknown=entry["unknown"],
        excepted=entry["excepted"],
        reason=reasons[0],
        difference=entry.get("difference"),
    )


def _append(changes: list[Assessed], now: Assessed) -> None:
    """Add what a run said; the same status again only lasts longer."""
    if changes and _status(changes[-1]) == _status(now):
        changes[-1] = replace(now, first=changes[-1].first, runs=changes[-1].runs + 1)
    else:
        changes.append(now)


def _status(assessed: Assessed) -> tuple[str, tuple[str, ...], str | None]:
    return assessed.assessment, assessed.missing, assessed.difference


def check_history(store: Store, check: str) -> CheckHistory:
    """How many resources passed, failed or were unknown, at each change. Raises `NoRunError`, `StoreError`."""
    latest = Sealed.at(store)
    changed: dict[datetime, Counter[Status]] = {}
    for row in _sealed(store.history(check=check), latest):
        changed.setdefault(row.opened_time, Counter())[row.status] += 1
        if row.closed_time is not None:
            changed.setdefault(row.closed_time, Counter())[row.status] -= 1
    counts: Counter[Status] = Counter()
    changes: list[Tallied] = []
    for when, difference in sorted(changed.items()):
        counts.update(difference)
        now = {status: counts[status] for status in Status if counts[status]}
        if not changes or changes[-1].counts != now:
            changes.append(Tallied(when, now))
    definition = latest.definitions.get(check)
    missed = of_checks(missed_runs(store, latest.catalogue), {check})
    return CheckHistory(check, definition.title if definition else "", tuple(changes), missed)


def resource_history(store: Store, uid: str) -> ResourceHistory:
    """What each check said of a resource, and when. Raises `NoRunError`, `StoreError`."""
    latest = Sealed.at(store)
    rows = sorted(_sealed(store.history(uid=uid), latest), key=lambda row: (row.check, row.opened))
    answers = tuple(
        Answer(row.check, row.version, row.severity, row.status, row.reason, row.opened_time, row.closed_time, row.since_time)
        for row in rows
    )
    missed = of_checks(missed_runs(store, latest.catalogue), {answer.check for answer in answers})
    return ResourceHistory(uid, rows[-1].type if rows else "", answers, missed)


def _sealed(rows: Iterable[FindingRow], latest: Sealed) -> Iterator[FindingRow]:
    """What was recorded up to the last sealed run; what was closed after it is still open."""
    for row in rows:
        if row.opened <= latest.run.leaf:
            open_still = row.closed is not None and row.closed > latest.run.leaf
            yield replace(row, closed=None, closed_time=None) if open_still else row
