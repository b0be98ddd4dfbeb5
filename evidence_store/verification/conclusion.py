"""Performing checks again: the same facts, the same parameters and the same time must give the same verdict.

Each finding is performed as of the leaf that opened it and, where it still holds, as of the last leaf that judged it.
What performs is passed in; this package knows no checks.
"""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from operator import itemgetter

from evidence_store.details import HASHED, Place, lookups_of
from evidence_store.records import Json, Presence, Scope, Severity, Status, Unread, Verdict
from evidence_store.rows import FindingRow
from evidence_store.verification.evidence import Evidence, FindingColumns, Look
from evidence_store.verification.logbook import Logbook, Stretch
from evidence_store.verification.ordering import by_leaf
from evidence_store.verification.report import Opinion, Outcome, Problems

Facets = dict[str, Json]  # facts by facet, as stored
_TOGETHER = 500  # verdicts whose resources are read at once
_CHECK, _TYPE, _UID, _OPENED = (HASHED.index(name) + 1 for name in ("check", "type", "uid", "opened"))
_SCOPE = slice(HASHED.index("provider") + 1, HASHED.index("region") + 2)


@dataclass(frozen=True, slots=True)
class Looked:
    """What the last look of one source in one scope said, as of a leaf."""

    scope: Scope
    source: str
    presence: Presence
    reason: Unread | None  # why presence is not complete
    unread: Mapping[Place, Unread]  # asked for and not obtained, whatever is stored from before
    unseen: Collection[Place]  # stored from before, and not named by a partial listing
    effective: datetime | None = None  # the time that the whole answer speaks of, where it is not that of the look


class Moment:
    """The estate as it stood at one leaf: what a check may look up."""

    def __init__(self, look: Look, book: Logbook, leaf: int) -> None:
        self._look = look
        self._book = book
        self.leaf = leaf

    def resources(self, type_: str, uids: Collection[str]) -> dict[str, Facets]:
        """Facts by facet, by uid, whether or not the last look obtained them."""
        return {} if type_ == "scope" else {uid: facets for _, uid, facets in self._look.named(uids, type_, self.leaf)}

    def find(self, within: Scope | str | None, type_: str, facts: Mapping[str, Json]) -> Iterator[tuple[Scope, str, Facets]]:
        """Those whose facts have these values, in the order of uids."""
        return self._look.find(within, type_, facts, self.leaf)

    def looks(self) -> Iterator[Looked]:
        """What each source in each scope said in the run that this leaf is of, at or before it.

        What only earlier runs looked at was not before the judge: it could not be read this time, or is in scope no more.
        """
        begun = self._book.starts[bisect_right(self._book.starts, self.leaf) - 1] if self._book.starts else 0
        for (provider, account, region, source), stretches in self._book.streams.items():
            stretch = _last(stretches, self.leaf)
            if stretch is None:
                continue
            looked = stretch.leaves[bisect_right(stretch.leaves, self.leaf) - 1]
            if looked >= begun:
                scope, spoke = Scope(provider, account, region), stretch.effective.get(looked)
                yield Looked(scope, source, stretch.presence, stretch.reason, stretch.unread, stretch.unseen, spoke)


Perform = Callable[[FindingRow, Facets | None, Moment, datetime], Verdict | None]


def _last(stretches: list[Stretch], leaf: int) -> Stretch | None:
    """What was said last at or before a leaf. Stretches are in the order of their leaves."""
    at = bisect_right(stretches, leaf, key=lambda stretch: stretch.leaves[0])
    return stretches[at - 1] if at else None


def conclude(evidence: Evidence, look: Look, book: Logbook, perform: Perform | None) -> Opinion:
    """The verdict about verdicts. Without `perform` it is: not performed."""
    if perform is None:
        return Opinion(Outcome.NOT_PERFORMED, "the checks were not performed again")
    problems, performed, passed_over = Problems(), 0, 0
    for columns, facets, moment in _asked(evidence, look, book):
        row = _row(columns, book)
        verdict = perform(row, facets, moment, book.times[book.observed[moment.leaf]])
        if verdict is None:
            passed_over += 1
            continue
        performed += 1
        if (verdict.status, verdict.reason) != (row.status, row.reason):
            problems.add(
                f"ev_finding {columns[0]}",
                f"{row.check} said {row.status} ({row.reason}) of {row.uid} at leaf {moment.leaf}, and says now "
                f"{verdict.status} ({verdict.reason})",
            )
    if problems.count:
        sentence = f"{problems.count} of {performed} verdicts are not what the stored facts give"
        return Opinion(Outcome.CONTRADICTED, sentence, tuple(problems.kept))
    if passed_over:
        sentence = f"{performed} verdicts were performed again and hold; {passed_over} could not be performed here"
        return Opinion(Outcome.NOT_PERFORMED if not performed else Outcome.INCOMPLETE, sentence)
    return Opinion(Outcome.HOLDS, f"{performed} verdicts were performed again and hold")


def _asked(evidence: Evidence, look: Look, book: Logbook) -> Iterator[tuple[FindingColumns, Facets | None, Moment]]:
    """Each verdict with the facets of its resource and the estate, leaf by leaf; resources are read many at a time."""
    given = ((leaf, columns) for columns in evidence.findings() for leaf in _leaves(columns, book))
    for leaf, of_leaf in groupby(by_leaf(given), key=itemgetter(0)):
        moment = Moment(look, book, leaf)
        for type_, of_type in groupby((columns for _, columns in of_leaf), key=itemgetter(_TYPE)):
            while batch := list(islice(of_type, _TOGETHER)):
                found = moment.resources(type_, {columns[_UID] for columns in batch})
                for columns in batch:
                    yield columns, found.get(columns[_UID]), moment


def _leaves(columns: FindingColumns, book: Logbook) -> Iterator[int]:
    opened, closed = columns[_OPENED], columns[-1]
    yield opened
    if closed is not None:
        return
    scope = columns[_SCOPE]
    last = max(
        (stretches[-1].leaves[-1] for scopes, stretches in book.judged.get(columns[_CHECK], {}).items() if scope in scopes),
        default=opened,
    )
    if last > opened:
        yield last


def _row(columns: FindingColumns, book: Logbook) -> FindingRow:
    named = dict(zip(HASHED, columns[1:-1], strict=True))
    closed = columns[-1]
    return FindingRow(
        check=named["check"],
        version=named["version"],
        parameters=named["parameters"],
        severity=Severity(named["severity"]),
        scope=Scope(named["provider"], named["account"], named["region"]),
        type=named["type"],
        uid=named["uid"],
        status=Status(named["status"]),
        reason=named["reason"],
        lookups=lookups_of(named["lookups"]),
        since=named["since"],
        since_time=book.times[named["since"]],
        opened=named["opened"],
        opened_time=book.times[named["opened"]],
        closed=closed,
        closed_time=None if closed is None else book.times[closed],
    )
