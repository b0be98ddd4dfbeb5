"""The Statement of Applicability beside the machine's assessment, and how they differ.

- The machine's status is never changed by what is declared; both are shown, and the differences first.
- An exclusion counts with a justification and a dated approval; evidence that exists all the same contradicts it.
- Only evidence contradicts: a control that is declared implemented and partly beyond observation is unproven, not wrong.
- A plan holds until the end of its due date.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from evidence_store.records import Json, format_time
from mappings.record_facts import RecordFacts, annex_id
from mappings.status import AssessmentStatus


class Responsibility(StrEnum):
    """Who does what the control asks."""

    OWN = "own"
    SHARED = "shared"
    INHERITED = "inherited"  # a supplier does


class Implementation(StrEnum):
    """What the organisation declares about a control that applies."""

    NOT_IMPLEMENTED = "not_implemented"
    PLANNED = "planned"
    PARTIAL = "partial"
    IMPLEMENTED = "implemented"


_Word = TypeVar("_Word", Responsibility, Implementation)


class Difference(StrEnum):
    """How declaration and assessment differ, the one to look at first first."""

    CONTRADICTED = "contradicted"  # declared implemented; evidence speaks against it
    EXCLUDED_CONTRADICTED = "excluded_contradicted"  # excluded, and evidence of it exists
    NOT_VALIDLY_EXCLUDED = "not_validly_excluded"  # excluded without justification or approval
    MISSING = "missing"  # the statement does not mention it
    UNCLEAR = "unclear"  # its entry cannot be understood
    OVERDUE = "overdue"  # planned, the date is over, and it is not shown
    UNDATED = "undated"  # a gap that is planned to be closed, nobody says when
    UNPROVEN = "unproven"  # declared implemented; the evidence does not reach that far
    EXPECTED = "expected"  # a gap that is planned to be closed in time
    UPDATE = "update"  # declared less than what is shown


@dataclass(frozen=True, slots=True)
class SoaEntry:
    """What the Statement of Applicability says about one control."""

    control: str
    applicable: bool | None  # `None`: not decided, or not readable
    reason: str = ""
    responsibility: Responsibility = Responsibility.OWN
    status: Implementation | None = None
    owner: str = ""
    risks: tuple[str, ...] = ()
    services: tuple[str, ...] = ()  # of suppliers, that provide it where it is inherited or shared
    due: datetime | None = None  # the last moment of the due date
    approved_by: str = ""
    approved_on: datetime | None = None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the comparison needs to know of the machine's assessment."""

    status: AssessmentStatus
    evidence: bool  # primary evidence passes or fails: the subject of the control exists here
    unshown: bool  # a required aspect has no passing primary evidence
    against: bool  # and what was found of it fails


@dataclass(frozen=True, slots=True)
class Compared:
    """A difference, and one sentence about it."""

    difference: Difference
    sentence: str


def entries(resources: Iterable[Mapping[str, Json]]) -> dict[str, SoaEntry]:
    """The statement by control id, from the facts of `records.soa`. An id that is no control keeps its own entry."""
    found: dict[str, list[SoaEntry]] = {}
    for facts in resources:
        entry = _entry(RecordFacts(facts))
        found.setdefault(entry.control, []).append(entry)
    return {control: _only(found[control]) for control in sorted(found)}


def _only(said: list[SoaEntry]) -> SoaEntry:
    """One entry of a control; where there are several, nobody can tell which one holds."""
    if len(said) == 1:
        return said[0]
    return SoaEntry(said[0].control, applicable=None, faults=(f"the control has {len(said)} entries",))


def _entry(facts: RecordFacts) -> SoaEntry:
    applicable = facts.value("applicable")
    if applicable is not None and not isinstance(applicable, bool):
        facts.faults.append("applicable is neither true nor false")
        applicable = None
    return SoaEntry(
        control=annex_id(facts.text("control")),
        applicable=applicable,
        reason=facts.text("reason") or facts.text("justification"),
        responsibility=_word(facts, "responsibility", Responsibility) or Responsibility.OWN,
        status=_word(facts, "status", Implementation),
        owner=facts.text("owner"),
        risks=facts.texts("risks"),
        services=facts.texts("services"),
        due=facts.last_moment("due"),
        approved_by=facts.text("approved_by"),
        approved_on=facts.first_moment("approved_on"),
        faults=tuple(facts.faults),
    )


def _word(facts: RecordFacts, name: str, kind: type[_Word]) -> _Word | None:
    text = facts.text(name)
    if not text:
        return None
    try:
        return kind(text.lower())
    except ValueError:
        facts.faults.append(f"{name} is one of {', '.join(kind)}, not {text!r}")
        return None


def compare(control: str, entry: SoaEntry | None, outcome: Outcome, at: datetime) -> Compared | None:
    """How the statement differs from the assessment of a control; `None` where they agree."""
    if entry is None:
        return Compared(Difference.MISSING, f"the Statement of Applicability does not mention {control}")
    if entry.applicable is False:
        return _excluded(control, entry, outcome, at)
    if entry.faults:
        return Compared(Difference.UNCLEAR, f"the entry of {control} cannot be used: {'; '.join(entry.faults)}")
    if entry.applicable is None:
        return Compared(Difference.UNCLEAR, f"the entry of {control} does not say whether it applies")
    match entry.status:
        case None:
            return Compared(Difference.UNCLEAR, f"the entry of {control} does not say whether it is implemented")
        case Implementation.IMPLEMENTED:
            return _implemented(control, entry, outcome)
        case _:
            return _not_yet(control, entry, outcome, at)


def _excluded(control: str, entry: SoaEntry, outcome: Outcome, at: datetime) -> Compared | None:
    lacking = [name for name, value in (("justification", entry.reason), ("approver", entry.approved_by)) if not value]
    if entry.approved_on is None or entry.approved_on > at:
        lacking.append("approval date in the past")
    if lacking:
        return Compared(Difference.NOT_VALIDLY_EXCLUDED, f"{control} is excluded without {' or '.join(lacking)}")
    if outcome.evidence:
        return Compared(Difference.EXCLUDED_CONTRADICTED, f"{control} is excluded, and primary evidence of it exists")
    return None


def _implemented(control: str, entry: SoaEntry, outcome: Outcome) -> Compared | None:
    contradicted = Compared(
        Difference.CONTRADICTED, f"{control} is declared implemented and its assessment is {outcome.status}"
    )
    match outcome.status:
        case AssessmentStatus.GAP:
            return contradicted
        case AssessmentStatus.UNKNOWN | AssessmentStatus.STALE:
            return Compared(Difference.UNPROVEN, f"{control} is declared implemented and its evidence is {outcome.status}")
        case AssessmentStatus.PARTIAL if outcome.against:
            return contradicted
        case AssessmentStatus.PARTIAL if (
            entry.responsibility is Responsibility.INHERITED
        ):  # with an assurance it is not partial
            return Compared(Difference.UNPROVEN, f"{control} is declared inherited and no supplier assurance counts for it")
        case AssessmentStatus.PARTIAL if outcome.unshown:
            return Compared(Difference.UNPROVEN, f"{control} is declared implemented and not all of it is shown")
    return None


def _not_yet(control: str, entry: SoaEntry, outcome: Outcome, at: datetime) -> Compared | None:
    declared = str(entry.status).replace("_", " ")
    if outcome.status in (AssessmentStatus.SUPPORTED, AssessmentStatus.INHERITED):
        return Compared(Difference.UPDATE, f"{control} is declared {declared} and its assessment is {outcome.status}")
    if outcome.status is AssessmentStatus.ACCEPTED:
        return None
    if entry.due is not None and at > entry.due:
        return Compared(Difference.OVERDUE, f"{control} was due on {format_time(entry.due)[:10]} and is still {declared}")
    if outcome.status is AssessmentStatus.GAP:
        if entry.due is None:
            return Compared(Difference.UNDATED, f"{control} is declared {declared} without a due date, and has a gap")
        return Compared(Difference.EXPECTED, f"the gap of {control} is to be closed by {format_time(entry.due)[:10]}")
    if entry.status is Implementation.PARTIAL and outcome.status in (AssessmentStatus.UNKNOWN, AssessmentStatus.STALE):
        return Compared(Difference.UNPROVEN, f"{control} is declared {declared} and its evidence is {outcome.status}")
    return None
