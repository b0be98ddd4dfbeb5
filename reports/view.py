"""One run as reports see it: frozen, complete, and small, whatever the size of the estate.

- Findings are a stream that can be read again and again; nothing here holds them all.
- Definitions, assessments and exceptions are those that stood in the run, not today's.
- Times are aware and in UTC; they are printed with `Z`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from evidence_store.records import Json, Scope, Severity, Status, format_time


@dataclass(frozen=True, slots=True)
class Definition:
    """A check as it stood in the run."""

    id: str
    title: str
    severity: Severity
    version: int
    type: str
    rationale: str = ""
    fix: str = ""
    parameters: Mapping[str, Json] = field(default_factory=dict)
    controls: tuple[str, ...] = ()

    @classmethod
    def of(cls, entry: Mapping[str, Json]) -> "Definition":
        """From an entry of the run's `checks` document."""
        return cls(
            id=entry["id"],
            title=entry["title"],
            severity=Severity(entry["severity"]),
            version=entry["version"],
            type=entry["type"],
            rationale=entry.get("rationale", ""),
            fix=entry.get("fix", ""),
            parameters=entry.get("parameters", {}),
            controls=tuple(entry.get("controls", ())),
        )


@dataclass(frozen=True, slots=True)
class Excuse:
    """The exception that stands beside a finding or a blind spot."""

    id: str
    reason: str
    owner: str
    approved_by: str
    expires: str
    risk: str = ""

    def document(self) -> dict[str, Json]:
        return {
            "id": self.id,
            "reason": self.reason,
            "owner": self.owner,
            "approved_by": self.approved_by,
            "expires": self.expires,
            "risk": self.risk or None,
        }


class Standing(StrEnum):
    """How a finding stands to a baseline, in the words of SARIF (§3.27.24)."""

    NEW = "new"
    UPDATED = "updated"  # the baseline knows it, and it has got worse since
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Reported:
    """A finding with what a reader needs beside it."""

    check: str
    severity: Severity
    status: Status
    reason: str
    target: str  # empty where no target of the run reaches the scope
    scope: Scope
    type: str
    uid: str
    controls: tuple[str, ...] = ()
    since: datetime | None = None
    exception: Excuse | None = None
    lapsed: str = ""  # the exception under which it was accepted until that ran out
    standing: Standing | None = None  # where the run was held against a baseline, and it neither passed nor does not apply

    @property
    def is_open(self) -> bool:
        """Failed, and no exception says that this is accepted."""
        return self.status is Status.FAIL and self.exception is None

    @property
    def is_new(self) -> bool:
        """Open, and no baseline admits it."""
        return self.is_open and self.standing is not Standing.UNCHANGED

    def document(self) -> dict[str, Json]:
        """As `run --format json` prints it."""
        return {
            "check": self.check,
            "severity": str(self.severity),
            "status": str(self.status),
            "reason": self.reason or None,
            "resource": {
                "target": self.target or None,
                "account": self.scope.account,
                "region": self.scope.region,
                "type": self.type,
                "id": self.uid,
            },
            "controls": list(self.controls),
            "since": stamp(self.since),
            "exception": self.exception.document() if self.exception else None,
            "lapsed_exception": self.lapsed or None,
            "baseline": str(self.standing) if self.standing else None,
        }


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """What one source read in one scope."""

    target: str
    scope: Scope
    source: str
    type: str
    presence: str
    resources: int
    unread: int
    reason: str | None
    document: Mapping[str, Json] = field(default_factory=dict)  # the row as the run recorded it

    @classmethod
    def of(cls, entry: Mapping[str, Json], provider: str) -> "CoverageRow":
        return cls(
            target=entry["target"],
            scope=Scope(provider, entry["account"], entry["region"]),
            source=entry["source"],
            type=entry["type"],
            presence=entry["presence"],
            resources=entry["resources"],
            unread=entry["unread"],
            reason=entry["reason"],
            document=entry,
        )

    @property
    def is_whole(self) -> bool:
        return self.presence == "complete" and not self.unread


@dataclass(frozen=True, slots=True)
class ControlLine:
    """The assessment of one control or clause, as the run recorded it, with the words that its mapping has for it."""

    id: str
    title: str
    theme: str
    assessment: str
    missing: tuple[str, ...] = ()  # required aspects without passing primary evidence
    passed: int = 0
    failed: int = 0
    unknown: int = 0
    excepted: int = 0
    oldest_evidence: str | None = None
    max_age_days: int | None = None
    worst: str | None = None
    reasons: tuple[str, ...] = ()
    observations: int = 0  # fails below the severity that makes a gap
    not_observable: str = ""
    has_checks: bool = True  # whether a primary check speaks to it
    document: Mapping[str, Json] = field(default_factory=dict)

    @property
    def has_evidence(self) -> bool:
        """Whether a primary check answered at all, or a supplier's assurance counts."""
        return bool(self.passed or self.failed or self.unknown) or self.assessment in {"inherited", "stale", "supported"}


@dataclass(frozen=True, slots=True)
class SignedTree:
    """The signed checkpoint that seals a run: whose log, how long, and the hash over all of it."""

    origin: str
    size: int
    root: str

    def document(self) -> dict[str, Json]:
        return {"origin": self.origin, "size": self.size, "root": self.root}


@dataclass(frozen=True, slots=True)
class Stream:
    """Findings that can be read again: each iteration asks the store anew."""

    read: Callable[[], Iterator[Reported]]

    def __iter__(self) -> Iterator[Reported]:
        return self.read()


@dataclass(frozen=True, slots=True)
class Gate:
    """What the gate came to."""

    fail_on: Severity | None  # `None`: nothing was asked to fail; the run was only held against a baseline
    failing: Mapping[Severity, int]  # findings as bad as asked for, or worse, that nothing admits
    known: int = 0  # open failures of any severity that the baseline admits
    gone: int = 0  # failures of the baseline that are no longer there
    baseline: str | None = None  # the run that the baseline reports; empty where it does not say

    @property
    def passed(self) -> bool:
        return not any(self.failing.values())

    def document(self) -> dict[str, Json]:
        return {
            "fail_on": str(self.fail_on) if self.fail_on else None,
            "passed": self.passed,
            "failing": sum(self.failing.values()),
            "known": self.known,
            "gone": self.gone,
            "baseline": self.baseline or None,
        }


@dataclass(frozen=True, slots=True)
class RunView:
    """One sealed run."""

    id: str
    started: datetime
    finished: datetime
    version: str
    complete: bool  # everything in scope was read, or an exception covers what was not
    findings: Iterable[Reported]  # the latest of the selected checks; re-iterable, ordered by check
    definitions: Mapping[str, Definition]
    coverage: tuple[CoverageRow, ...]
    controls: tuple[ControlLine, ...]
    checkpoint: SignedTree
    planned: str = ""  # `A.8.8 needs 14 checks, 11 sources; 23 calls made`
    blind_spot: Callable[[Scope, str], Excuse | None] = lambda _scope, _action: None  # what allows an action to stay unread
    unconfigured: tuple[str, ...] = ()  # places of the ISMS scope that no target reads
    unanswerable: tuple[Definition, ...] = ()  # checks that were asked for and need a kind of target that is not there
    invalid_exceptions: tuple[str, ...] = ()  # those that do not count, each with the reason
    targets: tuple[str, ...] = ()  # those that the run was about, reached or not
    narrowed: tuple[str, ...] = ()  # the controls, or else the checks, that the run was limited to
    gate: Gate | None = None  # where one was asked for
    exit_code: int | None = None  # what the command will return, where it is known


def stamp(moment: datetime | None) -> str | None:
    """A time as a report prints it."""
    return None if moment is None else format_time(moment)


def to_the_minute(moment: datetime | str | None) -> str:
    """A time for people: `2026-11-23 10:04Z`; a dash where there is none."""
    text = moment if isinstance(moment, str) else stamp(moment)
    return f"{text[:10]} {text[11:16]}Z" if text and len(text) > 16 else text or "-"
