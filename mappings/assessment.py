"""The machine's assessment of every control at a time: a pure function of the catalogue and the evidence.

The first of these that holds is the status; whatever else holds stays visible in counts and reasons.

- `gap`: a primary finding of severity `gap_from` or worse fails without a valid exception.
- `unknown`: primary evidence is unknown, in error, dated ahead or was never collected where it is expected; or a place
  of the ISMS scope is not configured that primary checks of the control would read.
- `stale`: expected primary evidence speaks of a time that lies further back than its limit allows.
- `partial`: a required aspect has no passing primary evidence, or the checks cover the control only in part.
- `accepted`: it would be a gap but for valid exceptions.
- `inherited`: the statement says so and a supplier's assurance counts, which also stands in for what no check shows.
- `supported`: every required aspect has passing, fresh, primary evidence.

Supporting checks are counted and never decide. An aspect whose fails are all excepted is not missing: it was looked for,
and the deviation was accepted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from evidence_store.records import Json, Severity, format_time, worst
from mappings import reasons
from mappings.catalogue import Aspect, Catalogue, Control, Coverage, Role, Row
from mappings.evidence import Aged, CheckEvidence, Counts, Evidence, Known, by_check
from mappings.soa import Compared, Outcome, Responsibility, SoaEntry, compare
from mappings.status import AssessmentStatus
from mappings.suppliers import Assurance

RECORDS = "records"  # the provider whose checks read what people wrote, not what systems do


@dataclass(frozen=True, slots=True)
class Assessment:
    """The status of one control, and everything that it rests on."""

    control: str
    status: AssessmentStatus
    missing: tuple[Aspect, ...]  # required aspects without passing primary evidence
    counts: Counts  # of primary findings
    supporting: Counts
    population: int  # primary findings that pass, fail or are unknown; what is not applicable is not counted
    observations: int  # primary fails below `gap_from`
    worst: Severity | None  # of the primary fails without an exception
    oldest_evidence: datetime | None  # of the expected primary evidence that passes its limit first
    max_age_days: int  # the limit of that evidence
    coverage: Coverage
    not_observable: str
    reasons: tuple[str, ...]  # short sentences, bounded in number; the one that explains the status first
    applicable: bool | None = None  # this and the rest: from the Statement of Applicability; `None` where it says nothing
    responsibility: Responsibility | None = None
    supplier: str | None = None  # the assurance that counts
    difference: Compared | None = None

    def document(self) -> dict[str, Json]:
        """As `run --format json` prints it and the store keeps it."""
        return {
            "id": self.control,
            "assessment": str(self.status),
            "missing": [str(aspect) for aspect in self.missing],
            "pass": self.counts.passed,
            "fail": self.counts.failed,
            "unknown": self.counts.unknown,
            "excepted": self.counts.excepted,
            "not_applicable": self.counts.not_applicable,
            "population": self.population,
            "observations": self.observations,
            "worst": str(self.worst) if self.worst else None,
            "supporting": {
                "pass": self.supporting.passed,
                "fail": self.supporting.failed,
                "unknown": self.supporting.unknown,
                "excepted": self.supporting.excepted,
            },
            "oldest_evidence": format_time(self.oldest_evidence) if self.oldest_evidence else None,
            "max_age_days": self.max_age_days,
            "coverage": str(self.coverage),
            "not_observable": self.not_observable,
            "reasons": list(self.reasons),
            "applicable": self.applicable,
            "responsibility": str(self.responsibility) if self.responsibility else None,
            "supplier": self.supplier,
            "difference": str(self.difference.difference) if self.difference else None,
            "difference_reason": self.difference.sentence if self.difference else None,
        }


@dataclass(frozen=True, slots=True)
class _Picture:
    """What one control's status is read from."""

    control: Control
    primary: tuple[Row, ...]
    seen: tuple[CheckEvidence, ...]  # of the primary checks
    supporting: Counts
    unread: tuple[str, ...]  # places of the ISMS scope that no target reads
    aged: tuple[Aged, ...]  # expected primary evidence, the one that passes its limit first first
    missing: tuple[Aspect, ...]
    entry: SoaEntry | None
    assurance: Assurance | None

    @property
    def counts(self) -> Counts:
        return sum((each.counts for each in self.seen), Counts(unknown=len(self.unread)))


def assess(catalogue: Catalogue, evidence: Evidence) -> tuple[Assessment, ...]:
    """The assessment of every control and clause requirement, in the order of the catalogue."""
    known = by_check(evidence, {row.check for row in catalogue.rows})
    pictures = (_picture(control, catalogue, known, evidence) for control in catalogue.controls.values())
    return tuple(_assessment(picture, known, evidence) for picture in pictures)


def _picture(control: Control, catalogue: Catalogue, known: Known, evidence: Evidence) -> _Picture:
    primary = catalogue.rows_of(control.id, Role.PRIMARY)
    deciding = {row.check for row in primary}
    informing = {row.check for row in catalogue.rows_of(control.id, Role.SUPPORTING)} - deciding
    entry = (evidence.soa or {}).get(control.id)
    return _Picture(
        control=control,
        primary=primary,
        seen=tuple(known[check] for check in sorted(deciding)),
        supporting=sum((known[check].counts for check in sorted(informing)), Counts()),
        unread=_unread_places(primary, catalogue, evidence.unconfigured),
        aged=_aged(control, primary, known),
        missing=tuple(aspect for aspect in control.aspects if not _answered(aspect, primary, known)),
        entry=entry,
        assurance=_assurance(control, entry, evidence),
    )


def _assessment(picture: _Picture, known: Known, evidence: Evidence) -> Assessment:
    control, seen, entry, counts = picture.control, picture.seen, picture.entry, picture.counts
    first = picture.aged[0] if picture.aged else None
    status = _status(picture, evidence.at)
    return Assessment(
        control=control.id,
        status=status,
        missing=picture.missing,
        counts=counts,
        supporting=picture.supporting,
        population=sum(each.findings for each in seen),
        observations=sum(each.observations for each in seen),
        worst=worst(each.worst for each in seen if each.worst),
        oldest_evidence=first.speaks_of if first else None,
        max_age_days=first.max_age_days if first else control.max_age_days,
        coverage=control.coverage,
        not_observable=control.not_observable,
        reasons=(
            *reasons.of_gaps(seen),
            *reasons.of_unknowns(seen, picture.unread),
            *reasons.of_age(aged for aged in picture.aged if aged.is_stale(evidence.at)),
            *reasons.of_missing(picture.missing, picture.primary, known),
            *reasons.of_coverage(control),
            *reasons.of_exceptions(seen),
            *reasons.of_inheritance(control.id, entry, picture.assurance, evidence),
            *reasons.of_observations(seen),
        ),
        applicable=entry.applicable if entry else None,
        responsibility=entry.responsibility if entry else None,
        supplier=str(picture.assurance) if picture.assurance else None,
        difference=_difference(picture, status, known, evidence),
    )


def _status(picture: _Picture, at: datetime) -> AssessmentStatus:
    """The first status that holds."""
    if any(each.gaps for each in picture.seen):
        return AssessmentStatus.GAP
    if picture.counts.unknown:
        return AssessmentStatus.UNKNOWN
    if any(aged.is_stale(at) for aged in picture.aged):
        return AssessmentStatus.STALE
    short = bool(picture.missing) or picture.control.coverage is Coverage.PARTIAL
    if short and picture.assurance is None:
        return AssessmentStatus.PARTIAL
    if any(each.accepted for each in picture.seen):
        return AssessmentStatus.ACCEPTED
    return AssessmentStatus.SUPPORTED if picture.assurance is None else AssessmentStatus.INHERITED


def _answered(aspect: Aspect, primary: Sequence[Row], known: Known) -> bool:
    """Whether an aspect was looked for and passes somewhere, or fails only under exceptions."""
    return any(known[row.check].answered for row in primary if row.aspect is aspect)


def _aged(control: Control, primary: Sequence[Row], known: Known) -> tuple[Aged, ...]:
    """What the expected evidence of each check speaks of; where its rows differ in their limits, the strictest holds."""
    limits: dict[str, int] = {}
    for row in primary:
        limit = row.max_age_days or control.max_age_days
        limits[row.check] = min(limit, limits.get(row.check, limit))
    found = [Aged(check, oldest, limit) for check, limit in limits.items() if (oldest := known[check].oldest) is not None]
    return tuple(sorted(found, key=lambda aged: (aged.good_until, aged.speaks_of, aged.check)))


def _unread_places(primary: Sequence[Row], catalogue: Catalogue, places: Sequence[str]) -> tuple[str, ...]:
    """The places that leave this control unknown: its primary checks would read them, or no check yet reads their kind.

    A place of a kind that has no checks at all leaves unknown whatever is asked of systems, but not of records.
    """
    providers = {row.provider for row in primary}
    asks_systems = bool(providers - {RECORDS})
    found = {
        place
        for place in places
        if (kind := place.partition(":")[0]) in providers or (asks_systems and kind not in catalogue.providers)
    }
    return tuple(sorted(found))


def _assurance(control: Control, entry: SoaEntry | None, evidence: Evidence) -> Assurance | None:
    """The assurance that counts for a control that a readable entry says is inherited; of several the one that ends last."""
    if entry is None or entry.faults or not entry.applicable or entry.responsibility is not Responsibility.INHERITED:
        return None
    valid = [a for a in evidence.assurances if a.is_for(control.id, entry.services) and a.fault(evidence.at) is None]
    return max(valid, key=lambda a: (a.ends() or evidence.at, repr(a)), default=None)


def _difference(picture: _Picture, status: AssessmentStatus, known: Known, evidence: Evidence) -> Compared | None:
    if evidence.soa is None or not picture.control.is_annex_a:
        return None
    against = any(known[row.check].counts.failed for row in picture.primary if row.aspect in picture.missing)
    outcome = Outcome(
        status=status,
        evidence=picture.counts.passed + picture.counts.failed > 0,
        against=against,
        unshown=bool(picture.missing),
    )
    return compare(picture.control.id, picture.entry, outcome, evidence.at)
