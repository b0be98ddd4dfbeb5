"""What the store knows that an assessment needs, and what it comes to for each check.

- Findings arrive aggregated: by check, scope, severity and status. Nothing here depends on how many there are.
- What is handed in counts against a control wherever it comes from; it counts in favour only where it was expected.
- An expected scope that was never judged, and evidence dated after the assessment, are unknown.
- A check judged on complete presence that found nothing to judge is neither a pass nor an unknown.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from evidence_store.records import Scope, Severity, Status, worst
from mappings.soa import SoaEntry
from mappings.suppliers import Assurance


@dataclass(frozen=True, slots=True)
class Tally:
    """How many latest findings of a check in a scope have a status. Raises `ValueError` where only fails can be excepted."""

    check: str
    scope: Scope
    severity: Severity
    status: Status
    count: int
    excepted: int = 0  # of these, fails under a valid exception

    def __post_init__(self) -> None:
        if not 0 <= self.excepted <= self.count or (self.excepted and self.status is not Status.FAIL):
            raise ValueError(f"{self.excepted} of {self.count} findings with status {self.status} cannot be excepted")


@dataclass(frozen=True, slots=True)
class Judged:
    """When a check was last judged in a scope."""

    at: datetime
    oldest: datetime | None = None  # the oldest effective time of its evidence; `None`: `at`

    @property
    def speaks_of(self) -> datetime:
        return self.at if self.oldest is None else self.oldest


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that an assessment is a function of, beside the catalogue."""

    at: datetime
    tallies: Sequence[Tally] = ()
    judged: Mapping[tuple[str, Scope], Judged] = field(default_factory=dict)
    expected: Mapping[str, frozenset[Scope]] = field(default_factory=dict)  # check -> scopes where it has to be judged
    unconfigured: tuple[str, ...] = ()  # places of the ISMS scope that no target reads: `aws:123456789012`
    soa: Mapping[str, SoaEntry] | None = None  # by control; `None`: no statement was read, so nothing is compared
    assurances: Sequence[Assurance] = ()
    gap_from: Severity = Severity.MEDIUM


@dataclass(frozen=True, slots=True)
class Counts:
    """Findings by status. `failed` includes `excepted`."""

    passed: int = 0
    failed: int = 0
    unknown: int = 0  # with errors, and one for each expected scope that was never judged
    not_applicable: int = 0
    excepted: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.passed + other.passed,
            self.failed + other.failed,
            self.unknown + other.unknown,
            self.not_applicable + other.not_applicable,
            self.excepted + other.excepted,
        )


@dataclass(frozen=True, slots=True)
class CheckEvidence:
    """What is known of one check over all scopes."""

    check: str
    expected: bool = False  # somewhere
    counts: Counts = Counts()
    findings: int = 0  # that pass, fail or are unknown
    gaps: int = 0  # fails of `gap_from` or worse without an exception
    accepted: int = 0  # fails of `gap_from` or worse under one
    observations: int = 0  # fails below `gap_from` without an exception
    worst: Severity | None = None  # of the fails without an exception
    answered: bool = False  # where it was expected, something passes or is an accepted fail of `gap_from` or worse
    uncertain: tuple[Scope, ...] = ()  # a finding there is unknown
    never_judged: tuple[Scope, ...] = ()
    ahead: tuple[Scope, ...] = ()  # the evidence there is dated after the assessment
    oldest: datetime | None = None  # that the expected evidence speaks of


Known: TypeAlias = Mapping[str, CheckEvidence]


@dataclass(frozen=True, slots=True)
class Aged:
    """The time that a check's expected evidence speaks of, and how old it may be."""

    check: str
    speaks_of: datetime
    max_age_days: int

    @property
    def good_until(self) -> datetime:
        try:
            return self.speaks_of + timedelta(days=self.max_age_days)
        except OverflowError:
            return datetime.max.replace(tzinfo=UTC)

    def is_stale(self, at: datetime) -> bool:
        return at > self.good_until


def by_check(evidence: Evidence, checks: Iterable[str]) -> dict[str, CheckEvidence]:
    """What is known of each of these checks."""
    tallies: defaultdict[str, list[Tally]] = defaultdict(list)
    for tally in evidence.tallies:
        if tally.count > 0:
            tallies[tally.check].append(tally)
    return {check: _of(check, tallies[check], evidence) for check in checks}


def _of(check: str, tallies: Sequence[Tally], evidence: Evidence) -> CheckEvidence:
    expected = evidence.expected.get(check, frozenset())
    judged = {scope: evidence.judged.get((check, scope)) for scope in expected}
    never = tuple(sorted(scope for scope, when in judged.items() if when is None))
    times = {scope: max(when.at, when.speaks_of) for scope, when in judged.items() if when is not None}
    ahead = frozenset(scope for scope, latest in times.items() if latest > evidence.at)
    number = {status: sum(t.count for t in tallies if t.status is status) for status in Status}
    passes = [t for t in tallies if t.status is Status.PASS]
    fails = [t for t in tallies if t.status is Status.FAIL]
    open_fails = [(t.severity, t.count - t.excepted) for t in fails if t.count > t.excepted]
    from_rank = evidence.gap_from.rank
    accepted = [t for t in fails if t.excepted and t.severity.rank >= from_rank]
    return CheckEvidence(
        check=check,
        expected=bool(expected),
        counts=Counts(
            passed=number[Status.PASS],
            failed=number[Status.FAIL],
            unknown=number[Status.UNKNOWN] + number[Status.ERROR] + len(never) + len(ahead),
            not_applicable=number[Status.NOT_APPLICABLE],
            excepted=sum(t.excepted for t in fails),
        ),
        findings=sum(t.count for t in tallies if t.status is not Status.NOT_APPLICABLE),
        gaps=sum(count for severity, count in open_fails if severity.rank >= from_rank),
        accepted=sum(t.excepted for t in accepted),
        observations=sum(count for severity, count in open_fails if severity.rank < from_rank),
        worst=worst(severity for severity, _ in open_fails),
        answered=any(t.scope in expected for t in (*accepted, *passes)),
        uncertain=tuple(sorted({t.scope for t in tallies if t.status in (Status.UNKNOWN, Status.ERROR)})),
        never_judged=never,
        ahead=tuple(sorted(ahead)),
        oldest=min((w.speaks_of for s, w in judged.items() if w is not None and s not in ahead), default=None),
    )
