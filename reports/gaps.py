"""What fails and is not excepted, in a sealed run: worst first, then what has been open longest.

- What is unknown is counted and told with its reasons; what is excepted is shown with its exception.
- The failures are held in memory while they are sorted; nothing else grows with the estate.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from evidence_store.database import Store
from evidence_store.records import Severity, Status
from reports.owners import Owners
from reports.reading import Sealed
from reports.summary import Summary, summary_of
from reports.view import ControlLine, Definition, Excuse, Reported, SignedTree

_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class GapsView:
    """The open failures of a run, of some controls or of all."""

    run: str
    as_of: datetime
    checkpoint: SignedTree
    controls: tuple[ControlLine, ...]  # those asked for, as they were assessed; empty means all
    severity: Severity | None  # this bad or worse; `None` means all
    open: tuple[Reported, ...]
    excepted: tuple[Reported, ...]
    definitions: Mapping[str, Definition]
    owners: Owners
    unknown: Summary  # of what is unknown
    invalid_exceptions: tuple[str, ...]

    def counts(self) -> dict[Severity, int]:
        """Open failures by severity, the worst first; every severity named."""
        found = Counter(gap.severity for gap in self.open)
        return {severity: found[severity] for severity in reversed(Severity)}

    def by_check(self) -> Iterator[tuple[Definition, tuple[Reported, ...]]]:
        """The open failures of each check together, in the order of the first of each."""
        grouped: dict[tuple[Severity, str], list[Reported]] = {}
        for gap in self.open:
            grouped.setdefault((gap.severity, gap.check), []).append(gap)
        for (severity, check), gaps in grouped.items():
            yield self.definitions.get(check) or Definition(check, check, severity, 0, gaps[0].type), tuple(gaps)


def gaps_view(
    store: Store, at: datetime | None = None, *, controls: Collection[str] = (), severity: Severity | None = None
) -> GapsView:
    """The gaps as the last run sealed by `at` left them. Raises `NoRunError`, `UnknownControlError`, `StoreError`."""
    sealed = Sealed.at(store, at)
    checks = sealed.catalogue.select(controls) if controls else None
    failed = list(sealed.findings(checks, severity, (Status.FAIL,)))
    unknown = sealed.findings(checks, severity, (Status.UNKNOWN, Status.ERROR))
    return GapsView(
        run=sealed.run.id,
        as_of=sealed.run.finished,
        checkpoint=sealed.tree,
        controls=sealed.controls({id_ for text in controls for id_ in sealed.catalogue.resolve(text)}) if controls else (),
        severity=severity,
        open=tuple(sorted((found for found in failed if found.is_open), key=_order)),
        excepted=tuple(sorted((found for found in failed if not found.is_open), key=_order)),
        definitions=sealed.definitions,
        owners=Owners.of(sealed),
        unknown=summary_of(unknown, sealed.definitions, sealed.coverage() if checks is None else (), sealed.blind_spot),
        invalid_exceptions=sealed.invalid_exceptions(),
    )


def _order(found: Reported) -> tuple[int, datetime, str, str]:
    return -found.severity.rank, found.since or _LATEST, found.check, found.uid


def excuses_of(found: Collection[Reported]) -> dict[str, tuple[Excuse, int]]:
    """By exception id: the exception, and how many failures it covers."""
    counted = Counter(each.exception.id for each in found if each.exception)
    known = {each.exception.id: each.exception for each in found if each.exception}
    return {id_: (known[id_], number) for id_, number in sorted(counted.items())}
