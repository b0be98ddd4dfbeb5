"""A catalogue small enough to reason about, and evidence for it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from evidence_store.records import Scope, Severity, Status
from mappings.assessment import Assessment, assess
from mappings.catalogue import Aspect, Control, Coverage, Role, Row, catalogue_of
from mappings.evidence import Evidence, Judged, Tally
from mappings.soa import SoaEntry

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ACCOUNT = Scope("aws", "111111111111", "eu-west-1")
OTHER = Scope("aws", "222222222222", "eu-west-1")
ISMS = Scope("records", "isms")


def control(control_id: str, *aspects: Aspect, coverage: Coverage = Coverage.FULL, max_age_days: int = 30) -> Control:
    return Control(
        id=control_id,
        title=control_id,
        theme="technological",
        aspects=aspects or (Aspect.PRACTICE,),
        max_age_days=max_age_days,
        coverage=coverage,
        not_observable="" if coverage is Coverage.FULL else "What people do with it.",
    )


def row(
    check: str, control_id: str, role: Role = Role.PRIMARY, aspect: Aspect = Aspect.PRACTICE, days: int | None = None
) -> Row:
    provider = "records" if check.startswith("rec_") else check.split("_", maxsplit=1)[0]
    return Row(check, provider, control_id, role, aspect, f"{check} shows {control_id}", days)


CATALOGUE = catalogue_of(
    [
        control("9.3.1", Aspect.REVIEW, max_age_days=365),
        control("A.5.18", Aspect.PRACTICE, Aspect.REVIEW),
        control("A.7.1", Aspect.REVIEW, coverage=Coverage.PARTIAL),
        control("A.8.13", coverage=Coverage.PARTIAL),
        control("A.8.24"),
    ],
    [
        row("rec_management_review", "9.3.1", aspect=Aspect.REVIEW),
        row("aws_key_unused", "A.5.18"),
        row("rec_access_review", "A.5.18", aspect=Aspect.REVIEW, days=365),
        row("aws_backup", "A.8.13"),
        row("aws_encrypted", "A.8.24"),
        row("aws_tls", "A.8.24"),
        row("host_ssh_crypto", "A.8.24", role=Role.SUPPORTING),
    ],
    {"9": "Performance evaluation"},
)
CHECKS = ("aws_encrypted", "aws_tls", "aws_key_unused", "aws_backup", "rec_access_review", "rec_management_review")


def tally(
    check: str, status: Status, count: int = 1, scope: Scope = ACCOUNT, severity: str = "high", excepted: int = 0
) -> Tally:
    where = ISMS if check.startswith("rec_") and scope == ACCOUNT else scope
    return Tally(check, where, Severity(severity), status, count, excepted)


def passing() -> Evidence:
    """Every primary check was judged an hour ago in the one place where it is expected, and passes."""
    places = {check: ISMS if check.startswith("rec_") else ACCOUNT for check in CHECKS}
    return Evidence(
        at=NOW,
        tallies=[tally(check, Status.PASS) for check in CHECKS],
        judged={(check, scope): Judged(NOW - timedelta(hours=1)) for check, scope in places.items()},
        expected={check: frozenset({scope}) for check, scope in places.items()},
    )


def without(evidence: Evidence, check: str) -> Evidence:
    """The same, but nothing was found to judge by this check."""
    return replace(evidence, tallies=[t for t in evidence.tallies if t.check != check])


def instead(evidence: Evidence, *tallies: Tally) -> Evidence:
    """The same, with these findings in place of those of the same checks."""
    replaced = {each.check for each in tallies}
    return replace(evidence, tallies=[*(t for t in evidence.tallies if t.check not in replaced), *tallies])


def beside(evidence: Evidence, *tallies: Tally) -> Evidence:
    """The same, and these findings too."""
    return replace(evidence, tallies=[*evidence.tallies, *tallies])


def declared(evidence: Evidence, *entries: SoaEntry) -> Evidence:
    return replace(evidence, soa={entry.control: entry for entry in entries})


def of(control_id: str, evidence: Evidence) -> Assessment:
    found: Sequence[Assessment] = [each for each in assess(CATALOGUE, evidence) if each.control == control_id]
    assert len(found) == 1
    return found[0]
