"""What a run's findings amount to, in one pass and in memory that does not grow with them.

- Each reason for which something was not read is told once, with the checks and places that it touches.
- An `unknown` that comes from facts which do not allow an answer is told by its check, with examples.
- Of a check's failures a few examples are kept: those that have been open longest.
"""

import heapq
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from evidence_store.records import Json, Scope, Severity, Status, Why, worst
from reports.view import CoverageRow, Definition, Excuse, Reported, RunView, Stream

EXAMPLES = 3
REASONS = 2_000  # distinct reasons kept apart; a provider that words each refusal anew must not fill the memory
_LATEST = datetime.max.replace(tzinfo=UTC)

# The sentences in which `Unread` says why, so that a stored reason gives back its action.
_UNREAD = re.compile(
    r"(?P<action>.+?) (?:(?P<why>was denied|was never collected|gave an answer of unexpected shape|had no valid credentials"
    r"|found the resource gone|did not end in time)|was (?P<plain>throttled|unreachable|unsupported))(?: \(.*\))?",
    re.DOTALL,
)
_WHY = {
    "was denied": Why.DENIED,
    "was never collected": Why.NOT_COLLECTED,
    "gave an answer of unexpected shape": Why.UNEXPECTED,
    "had no valid credentials": Why.CREDENTIALS,
    "found the resource gone": Why.VANISHED,
    "did not end in time": Why.TIMEOUT,
}


@dataclass(frozen=True, slots=True)
class Unseen:
    """One reason for which something was not read."""

    text: str
    action: str  # what was tried, as its administrator knows it
    why: Why
    places: tuple[str, ...]  # `prod: 123456789012 eu-west-1`, sorted
    checks: tuple[str, ...]  # those that it leaves without an answer
    findings: int
    excuse: Excuse | None = None  # the exception that covers it in each of these places


@dataclass(frozen=True, slots=True)
class Undecided:
    """A check that read all it asked for and could not answer, or that has a bug of ours."""

    check: str
    findings: int
    errors: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check over the whole run."""

    definition: Definition
    counts: Mapping[Status, int]
    excepted: int
    worst_open: tuple[Reported, ...]  # open failures, new ones first, then longest open first, at most `EXAMPLES`
    excuses: tuple[Excuse, ...]
    known: int = 0  # open failures that a baseline admits

    @property
    def open(self) -> int:
        return self.counts.get(Status.FAIL, 0) - self.excepted

    @property
    def new(self) -> int:
        return self.open - self.known


@dataclass(frozen=True, slots=True)
class Summary:
    """What page one says."""

    counts: Mapping[Status, int]
    excepted: int
    open_by_severity: Mapping[Severity, int]
    checks: tuple[CheckResult, ...]  # those with new failures first, then worst severity, then most failures
    unseen: tuple[Unseen, ...]  # most findings first
    undecided: tuple[Undecided, ...]
    known_by_severity: Mapping[Severity, int] = field(default_factory=dict)  # open failures that a baseline admits
    excepted_by_severity: Mapping[Severity, int] = field(default_factory=dict)
    targets: Mapping[str, Mapping[Status, int]] = field(default_factory=dict)  # how the answers of each target fell

    @property
    def open(self) -> int:
        return sum(self.open_by_severity.values())

    @property
    def unknown(self) -> int:
        return self.counts.get(Status.UNKNOWN, 0) + self.counts.get(Status.ERROR, 0)

    @property
    def worst(self) -> Severity | None:
        return worst(severity for severity, number in self.open_by_severity.items() if number)


def why_unread(reason: str) -> tuple[str, Why] | None:
    """The action and the why that a stored reason tells of; `None` where it is not about a read."""
    found = _UNREAD.fullmatch(reason)
    if found is None:
        return None
    return found["action"], _WHY[found["why"]] if found["why"] else Why(found["plain"])


@dataclass(slots=True)
class _Reason:
    places: dict[Scope, str] = field(default_factory=dict)  # scope -> target
    checks: set[str] = field(default_factory=set)
    findings: int = 0


@dataclass(slots=True)
class _Undecided:
    findings: int = 0
    errors: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Check:
    counts: Counter[Status] = field(default_factory=Counter)
    excepted: Counter[Severity] = field(default_factory=Counter)
    open: Counter[Severity] = field(default_factory=Counter)
    known: Counter[Severity] = field(default_factory=Counter)
    oldest: list[tuple[bool, float, int, Reported]] = field(default_factory=list)  # a heap; the least telling on top
    excuses: dict[str, Excuse] = field(default_factory=dict)


class _Tally:
    """What is counted while the findings pass by."""

    def __init__(self) -> None:
        self.checks: dict[str, _Check] = {}
        self.reasons: dict[str, _Reason] = {}
        self.undecided: dict[str, _Undecided] = {}
        self.targets: dict[str, Counter[Status]] = {}
        self._seen = 0

    def add(self, found: Reported) -> None:
        self._seen += 1
        check = self.checks.setdefault(found.check, _Check())
        check.counts[found.status] += 1
        self.targets.setdefault(found.target, Counter())[found.status] += 1
        match found.status:
            case Status.FAIL if found.exception is not None:
                check.excepted[found.severity] += 1
                check.excuses.setdefault(found.exception.id, found.exception)
            case Status.FAIL:
                check.open[found.severity] += 1
                check.known[found.severity] += not found.is_new
                entry = (found.is_new, -(found.since or _LATEST).timestamp(), -self._seen, found)
                (heapq.heappush if len(check.oldest) < EXAMPLES else heapq.heappushpop)(check.oldest, entry)
            case Status.UNKNOWN | Status.ERROR:
                self._unknown(found)

    def _unknown(self, found: Reported) -> None:
        if found.status is Status.UNKNOWN and why_unread(found.reason) is not None:
            reason = self.reason(found.reason)
            if reason is not None:
                reason.places.setdefault(found.scope, found.target)
                reason.checks.add(found.check)
                reason.findings += 1
                return
        undecided = self.undecided.setdefault(found.check, _Undecided())
        undecided.findings += 1
        undecided.errors += found.status is Status.ERROR
        if len(undecided.examples) < EXAMPLES and found.reason not in undecided.examples:
            undecided.examples.append(found.reason)

    def reason(self, text: str) -> _Reason | None:
        """The entry of a reason; `None` once there are too many to keep apart."""
        if text not in self.reasons and len(self.reasons) >= REASONS:
            return None
        return self.reasons.setdefault(text, _Reason())


def place_of(target: str, scope: Scope) -> str:
    """A scope as a person knows it: `prod: 123456789012 eu-west-1`."""
    where = scope.account if scope.region == "global" else f"{scope.account} {scope.region}"
    return f"{target}: {where}" if target else where


def summarise(view: RunView) -> Summary:
    """Read the run's findings once."""
    return summary_of(view.findings, view.definitions, view.coverage, view.blind_spot)


def summary_of(
    findings: Iterable[Reported] | Stream,
    definitions: Mapping[str, Definition],
    coverage: Sequence[CoverageRow] = (),
    blind_spot: Callable[[Scope, str], Excuse | None] = lambda _scope, _action: None,
) -> Summary:
    tally = _Tally()
    for found in findings:
        tally.add(found)
    for row in coverage:
        if row.reason and (reason := tally.reason(row.reason)) is not None:
            reason.places.setdefault(row.scope, row.target)
    results = [_result(check, counted, definitions) for check, counted in tally.checks.items()]
    total: Counter[Status] = Counter()
    open_by, known_by, excepted_by = Counter[Severity](), Counter[Severity](), Counter[Severity]()
    for counted in tally.checks.values():
        total += counted.counts
        open_by += counted.open
        known_by += counted.known
        excepted_by += counted.excepted
    return Summary(
        counts=total,
        excepted=sum(result.excepted for result in results),
        open_by_severity=open_by,
        checks=tuple(sorted(results, key=_order)),
        unseen=_unseen(tally.reasons, blind_spot),
        undecided=tuple(
            Undecided(check, u.findings, u.errors, tuple(u.examples)) for check, u in sorted(tally.undecided.items())
        ),
        known_by_severity=known_by,
        excepted_by_severity=excepted_by,
        targets=tally.targets,
    )


def _order(result: CheckResult) -> tuple[bool, int, int, str]:
    return (not result.new, -result.definition.severity.rank, -result.open, result.definition.id)


def _result(check: str, counted: _Check, definitions: Mapping[str, Definition]) -> CheckResult:
    known = definitions.get(check)
    oldest = sorted(counted.oldest, key=lambda entry: entry[:3], reverse=True)
    if known is None:  # the run's catalogue was erased: what the findings themselves say is left
        known = Definition(check, check, worst(counted.open) or Severity.MEDIUM, 0, "")
    return CheckResult(
        definition=known,
        counts=counted.counts,
        excepted=counted.excepted.total(),
        worst_open=tuple(found for *_, found in oldest),
        excuses=tuple(counted.excuses.values()),
        known=counted.known.total(),
    )


def _unseen(reasons: Mapping[str, _Reason], blind_spot: Callable[[Scope, str], Excuse | None]) -> tuple[Unseen, ...]:
    made: list[Unseen] = []
    for text, reason in reasons.items():
        action, why = why_unread(text) or (text, Why.UNEXPECTED)
        excuses = [blind_spot(scope, action) for scope in reason.places]
        made.append(
            Unseen(
                text=text,
                action=action,
                why=why,
                places=tuple(sorted(place_of(target, scope) for scope, target in reason.places.items())),
                checks=tuple(sorted(reason.checks)),
                findings=reason.findings,
                excuse=excuses[0] if excuses and all(excuses) else None,
            )
        )
    return tuple(sorted(made, key=lambda u: (u.excuse is not None, -u.findings, -len(u.places), u.text)))


def unseen_document(unseen: Unseen) -> Json:
    """As JSON reports print it."""
    return {
        "reason": unseen.text,
        "action": unseen.action,
        "why": str(unseen.why),
        "places": list(unseen.places),
        "checks": list(unseen.checks),
        "findings": unseen.findings,
        "exception": unseen.excuse.document() if unseen.excuse else None,
    }


def undecided_document(undecided: Undecided) -> Json:
    """As JSON reports print it."""
    return {
        "check": undecided.check,
        "findings": undecided.findings,
        "errors": undecided.errors,
        "examples": list(undecided.examples),
    }
