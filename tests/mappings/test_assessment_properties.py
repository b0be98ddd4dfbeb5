"""What holds of every assessment, whatever the evidence."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_store.records import Scope, Severity, Status
from mappings.assessment import Assessment, assess
from mappings.catalogue import Role
from mappings.evidence import Evidence, Judged, Tally
from mappings.soa import Implementation, Responsibility, SoaEntry
from mappings.suppliers import Assurance
from tests.mappings.small_catalogue import ACCOUNT, CATALOGUE, CHECKS, ISMS, NOW, OTHER

_Item = TypeVar("_Item")
SCOPES = (ACCOUNT, OTHER, ISMS, Scope("host", "db1"))
ALL_CHECKS = (*CHECKS, "host_ssh_crypto")


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    status = draw(st.sampled_from(Status))
    count = draw(st.integers(0, 5))
    return Tally(
        check=draw(st.sampled_from(ALL_CHECKS)),
        scope=draw(st.sampled_from(SCOPES)),
        severity=draw(st.sampled_from(Severity)),
        status=status,
        count=count,
        excepted=draw(st.integers(0, count)) if status is Status.FAIL else 0,
    )


moments = st.integers(-400, 2).map(lambda days: NOW + timedelta(days=days))
judgements = st.builds(Judged, at=moments, oldest=st.none() | moments)
entries = st.builds(
    SoaEntry,
    control=st.sampled_from([c for c in CATALOGUE.controls if c.startswith("A.")]),
    applicable=st.sampled_from([True, False, None]),
    reason=st.sampled_from(["", "law"]),
    responsibility=st.sampled_from(Responsibility),
    status=st.none() | st.sampled_from(Implementation),
    due=st.none() | moments,
    approved_by=st.sampled_from(["", "Ada"]),
    approved_on=st.none() | moments,
)
assured = st.builds(
    Assurance,
    supplier=st.just("Host Ltd"),
    service=st.just("hosting"),
    type=st.sampled_from(["ISO 27001", "SOC 2"]),
    period_end=moments,
    read_by=st.just("Ada"),
    controls=st.sampled_from([("A.7",), ("A.8.24",), ("A.5.18", "A.8")]),
)
evidences = st.builds(
    Evidence,
    at=st.just(NOW),
    tallies=st.lists(tallies(), max_size=12),
    judged=st.dictionaries(st.tuples(st.sampled_from(ALL_CHECKS), st.sampled_from(SCOPES)), judgements, max_size=12),
    expected=st.dictionaries(st.sampled_from(ALL_CHECKS), st.frozensets(st.sampled_from(SCOPES), max_size=3)),
    unconfigured=st.lists(st.sampled_from(["aws:3", "gcp:shop", "host:x", "records:y"]), max_size=2).map(tuple),
    soa=st.none() | st.lists(entries, max_size=4).map(lambda found: {entry.control: entry for entry in found}),
    assurances=st.lists(assured, max_size=3),
    gap_from=st.sampled_from(Severity),
)


def by_id(evidence: Evidence) -> dict[str, Assessment]:
    return {each.control: each for each in assess(CATALOGUE, evidence)}


def deciding(check: str) -> set[str]:
    return {row.control for row in CATALOGUE.rows_by(check) if row.role is Role.PRIMARY}


@given(evidences, st.sampled_from(CHECKS), st.sampled_from(SCOPES), st.sampled_from([Status.UNKNOWN, Status.ERROR]))
def test_adding_an_unknown_leaves_only_gap_or_unknown(evidence: Evidence, check: str, scope: Scope, status: Status) -> None:
    more = replace(evidence, tallies=[*evidence.tallies, Tally(check, scope, Severity.LOW, status, 1)])
    before, after = by_id(evidence), by_id(more)
    for control in deciding(check):
        assert after[control].status == ("gap" if before[control].status == "gap" else "unknown")


@given(evidences, st.sampled_from(CHECKS), st.sampled_from(SCOPES))
def test_an_open_fail_is_a_gap_whatever_else_is_unknown_or_stale(evidence: Evidence, check: str, scope: Scope) -> None:
    more = replace(evidence, tallies=[*evidence.tallies, Tally(check, scope, Severity.CRITICAL, Status.FAIL, 1)])
    assert all(by_id(more)[control].status == "gap" for control in deciding(check))


@given(evidences, st.randoms(use_true_random=False))
def test_the_order_of_the_evidence_does_not_matter(evidence: Evidence, random: Random) -> None:
    def shuffled(items: Iterable[_Item]) -> list[_Item]:
        copy = list(items)
        random.shuffle(copy)
        return copy

    other = replace(
        evidence,
        tallies=shuffled(evidence.tallies),
        judged=dict(shuffled(evidence.judged.items())),
        expected=dict(shuffled(evidence.expected.items())),
        unconfigured=tuple(shuffled(evidence.unconfigured)),
        assurances=shuffled(evidence.assurances),
        soa=None if evidence.soa is None else dict(shuffled(evidence.soa.items())),
    )
    assert assess(CATALOGUE, other) == assess(CATALOGUE, evidence)


@given(evidences)
def test_splitting_a_tally_changes_nothing(evidence: Evidence) -> None:
    single = [
        replace(each, count=1, excepted=1 if number < each.excepted else 0)
        for each in evidence.tallies
        for number in range(each.count)
    ]
    assert assess(CATALOGUE, replace(evidence, tallies=single)) == assess(CATALOGUE, evidence)


@given(evidences)
def test_what_is_declared_changes_no_status_but_inherited(evidence: Evidence) -> None:
    declared, silent = by_id(evidence), by_id(replace(evidence, soa=None))
    for control, found in declared.items():
        if found.status != silent[control].status:
            assert found.supplier is not None
            assert silent[control].status in ("partial", "supported")
            assert found.status in ("inherited", "accepted")


@given(evidences)
def test_supporting_evidence_never_changes_a_status(evidence: Evidence) -> None:
    silent = replace(evidence, tallies=[t for t in evidence.tallies if t.check != "host_ssh_crypto"])
    assert {c: a.status for c, a in by_id(evidence).items()} == {c: a.status for c, a in by_id(silent).items()}


@given(evidences)
def test_supported_means_that_everything_required_was_seen_and_passes(evidence: Evidence) -> None:
    for found in assess(CATALOGUE, evidence):
        if found.status == "supported":
            assert found.counts.passed > 0
            assert found.counts.unknown == 0
            assert found.missing == ()
            assert found.coverage == "full"
            assert found.counts.failed - found.counts.excepted == found.observations


@given(evidences)
@settings(max_examples=50)
def test_a_longer_wait_never_improves_a_status(evidence: Evidence) -> None:
    order = ["gap", "unknown", "stale"]
    later = by_id(replace(evidence, at=NOW + timedelta(days=1000), soa=None))
    for control, found in by_id(replace(evidence, soa=None)).items():
        if found.status in ("gap", "stale"):
            assert order.index(later[control].status) <= order.index(found.status)


@given(evidences)
def test_reasons_are_bounded_single_sentences(evidence: Evidence) -> None:
    for found in assess(CATALOGUE, evidence):
        assert len(found.reasons) <= 40
        assert all(text.strip() and "\n" not in text for text in found.reasons)
