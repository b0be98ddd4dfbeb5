"""Verifying findings: each is answered for by the leaves that judged its check in its scope.

- A finding opens, and closes, at a leaf that judged its check in its scope; it never overlaps another about the same
  resource, and `since` is the start of the unbroken run of its status.
- At each leaf that judged a check, the findings in force in the judged scopes have the root that the leaf commits to.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from evidence_store import merkle
from evidence_store.details import HASHED, SOFT, finding_hash, lookups_of
from evidence_store.records import Severity, Status
from evidence_store.verification.estate import MOST_MISSING
from evidence_store.verification.evidence import Evidence, FindingColumns
from evidence_store.verification.forms import FINDING, formed
from evidence_store.verification.logbook import JudgedStretch, Logbook, ScopeKey
from evidence_store.verification.report import Problems

_Event = tuple[int, bool, int, bytes]
# Places in a row: the id first, then the hashed columns, then the end.
_AT = {name: place + 1 for place, name in enumerate(HASHED)}
_CHECK, _UID, _STATUS, _SINCE, _OPENED = (_AT[name] for name in ("check", "uid", "status", "since", "opened"))
_SCOPE = slice(_AT["provider"], _AT["region"] + 1)
_CLOSED = len(HASHED) + 1
_STATUSES = frozenset(status.value for status in Status)
_SEVERITIES = frozenset(severity.value for severity in Severity)
Judged = Mapping[tuple[ScopeKey, ...], list[JudgedStretch]]


class FindingVerifier:
    """One pass over findings, check by check. Keeps 8 bytes for each, and the findings of one check."""

    def __init__(self, evidence: Evidence, book: Logbook, integrity: Problems) -> None:
        self._evidence = evidence
        self._book = book
        self._integrity = integrity
        self._whole = evidence.selection is None
        self._opened = array("q")
        self.counted = 0

    def verify(self) -> None:
        unread = dict(self._book.judged)
        rows_in_form = formed("ev_finding", FINDING, self._evidence.findings(), self._integrity)
        for check, rows in groupby(rows_in_form, key=itemgetter(_CHECK)):
            judged = unread.pop(check, None)
            if judged is None:
                first = next(iter(rows))
                self._integrity.add(f"ev_finding {first[0]}", f"is of check {check}, which no leaf judged")
                continue
            self._check(check, rows, judged)
        for check, judged in unread.items():
            if self._whole or (self._evidence.selection is not None and check in self._evidence.selection.checks):
                self._check(check, [], judged)
        self._gaps()

    def _gaps(self) -> None:
        last = 0
        for place, opened in enumerate(self._opened):
            if opened < 0:
                self._integrity.add(f"ev_finding {place + 1}", "is missing")
            elif opened < last:
                self._integrity.add(f"ev_finding {place + 1}", f"opens at leaf {opened}, and an earlier row at {last}")
            last = max(last, opened)

    def _check(self, check: str, rows: Iterable[FindingColumns], judged: Judged) -> None:
        leaves = _leaves(judged)
        chain: list[FindingColumns] = []
        events: dict[ScopeKey, list[_Event]] = {scope: [] for scope in leaves}
        rank = -1
        for row in rows:
            self.counted += 1
            try:
                if not chain or _subject(chain[-1]) != _subject(row):
                    chain, rank = [], rank + 1
                hashed = finding_hash(row[1:_CLOSED])
                self._row(row, chain, leaves.get(row[_SCOPE], ()))
                chain.append(row)
                _come_and_go(events.get(row[_SCOPE], []), row, rank, hashed)
            except (TypeError, ValueError, OverflowError, KeyError) as error:
                self._integrity.add(f"ev_finding {row[0]}", f"is malformed: {error}")
        for scopes, stretches in judged.items():
            self._timeline(check, [event for scope in set(scopes) for event in events[scope]], stretches)

    def _row(self, row: FindingColumns, chain: Sequence[FindingColumns], leaves: Sequence[int]) -> None:
        """A row in order by itself, and beside the earlier ones about the same resource."""
        entry, opened, closed = f"ev_finding {row[0]}", row[_OPENED], row[_CLOSED]
        add = self._integrity.add
        if not _among(leaves, opened):
            add(entry, f"opens at leaf {opened}, which did not judge its check in its scope")
        if closed is not None and (not _among(leaves, closed) or closed <= opened):
            add(entry, f"closes at leaf {closed}, which did not judge its check in its scope later")
        if row[_STATUS] not in _STATUSES or row[_AT["severity"]] not in _SEVERITIES:
            add(entry, "has a status or severity that is none")
        if row[_AT["lookups"]] != "[]":
            lookups_of(row[_AT["lookups"]])
        if chain:
            before = chain[-1]
            if before[_CLOSED] is None or before[_CLOSED] > opened:
                add(entry, f"overlaps with row {before[0]} about the same resource")
            elif before[_CLOSED] == opened and _told(before) == _told(row):
                add(entry, f"says what row {before[0]} said: one interval was split")
        if row[_SINCE] != _since(row, chain):
            add(entry, f"dates its status from leaf {row[_SINCE]}; it is so since leaf {_since(row, chain)}")
        if self._whole:
            self._mark(row[0], opened)

    def _mark(self, identity: int, opened: int) -> None:
        missing = identity - len(self._opened)
        if identity < 1 or missing > MOST_MISSING:
            raise ValueError(f"row {identity} follows row {len(self._opened)}")
        if missing > 0:
            self._opened.extend([-1] * missing)
        self._opened[identity - 1] = opened

    def _timeline(self, check: str, events: list[_Event], stretches: Sequence[JudgedStretch]) -> None:
        """Let the findings of some scopes come and go, and compare with what each leaf says."""
        events.sort(key=itemgetter(0, 1))
        ledger, place = merkle.Ledger(), 0
        for stretch in stretches:
            leaf, fresh = stretch.leaves[0], True
            while fresh or (place < len(events) and events[place][0] <= stretch.leaves[-1]):
                leaf = leaf if fresh else stretch.leaves[bisect_left(stretch.leaves, events[place][0])]
                fresh = False
                upto = bisect_right(events, leaf, lo=place, key=itemgetter(0))
                merkle.apply(ledger, events[place:upto])
                place = upto
                if ledger.root() != stretch.root:
                    self._integrity.add(
                        f"ev_finding of check {check}",
                        f"the rows in force at leaf {leaf} do not have the root that it commits to: one was changed, "
                        "added or removed",
                    )
                    return


def _leaves(judged: Judged) -> dict[ScopeKey, "array[int]"]:
    """The leaves that judged each scope, in order. Scopes that were always judged together share one array."""
    together: dict[ScopeKey, list[array[int]]] = {}
    for scopes, stretches in judged.items():
        leaves = array("q", (leaf for stretch in stretches for leaf in stretch.leaves))
        for scope in set(scopes):
            together.setdefault(scope, []).append(leaves)
    return {
        scope: parts[0] if len(parts) == 1 else array("q", sorted(leaf for part in parts for leaf in part))
        for scope, parts in together.items()
    }


def _come_and_go(events: list[_Event], row: FindingColumns, rank: int, hashed: bytes) -> None:
    events.append((row[_OPENED], True, rank, hashed))
    if row[_CLOSED] is not None:
        events.append((row[_CLOSED], False, rank, hashed))


def _among(leaves: Sequence[int], leaf: Any) -> bool:
    at = bisect_left(leaves, leaf)
    return at < len(leaves) and leaves[at] == leaf


_subject = itemgetter(_UID, *range(_SCOPE.start, _SCOPE.stop))


# What makes a finding a new one where it differs.
_told = itemgetter(*(_AT[name] for name in ("version", "parameters", "severity", "type", "status", "reason")))


def _since(row: FindingColumns, chain: Sequence[FindingColumns]) -> int:
    """Where the run of the row's status began, looking through an unknown or error between two equal ones."""
    reached = row[_OPENED]
    for before in reversed(chain):
        if before[_CLOSED] != reached:
            break
        if before[_STATUS] == row[_STATUS]:
            return int(before[_SINCE])
        if before[_STATUS] not in SOFT:
            break
        reached = before[_OPENED]
    return int(row[_OPENED])
