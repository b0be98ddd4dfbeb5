"""When a control has which status, and what is said about it."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from evidence_store.records import Scope, Severity, Status
from mappings.assessment import assess
from mappings.catalogue import Aspect, Role, catalogue_of
from mappings.evidence import Evidence, Judged, Tally
from tests.mappings.small_catalogue import (
    ACCOUNT,
    CATALOGUE,
    ISMS,
    NOW,
    OTHER,
    beside,
    control,
    instead,
    of,
    passing,
    row,
    tally,
    without,
)


def test_every_control_and_clause_is_assessed_once_in_the_order_of_the_catalogue() -> None:
    assert [each.control for each in assess(CATALOGUE, passing())] == list(CATALOGUE.controls)


def test_passing_fresh_primary_evidence_of_every_aspect_is_supported() -> None:
    found = of("A.8.24", passing())
    assert found.status == "supported"
    assert found.counts.passed == 2
    assert found.missing == ()
    assert found.reasons == ()


def test_a_failing_primary_check_is_a_gap_with_its_worst_severity_and_population() -> None:
    found = of("A.8.24", beside(passing(), tally("aws_encrypted", Status.FAIL, 2, severity="critical")))
    assert found.status == "gap"
    assert (found.counts.failed, found.population, found.worst) == (2, 4, Severity.CRITICAL)
    assert found.reasons[0] == "aws_encrypted fails for 2 of 3"


def test_a_fail_below_the_severity_of_a_gap_is_an_observation() -> None:
    found = of("A.8.24", beside(passing(), tally("aws_tls", Status.FAIL, 3, severity="low")))
    assert found.status == "supported"
    assert found.observations == 3
    assert "aws_tls fails for 3 of 4: an observation, not a gap" in found.reasons


def test_gap_from_can_be_lowered_and_raised() -> None:
    low = beside(passing(), tally("aws_tls", Status.FAIL, severity="low"))
    assert of("A.8.24", replace(low, gap_from=Severity.LOW)).status == "gap"
    medium = beside(passing(), tally("aws_tls", Status.FAIL, severity="medium"))
    assert of("A.8.24", medium).status == "gap"
    assert of("A.8.24", replace(medium, gap_from=Severity.HIGH)).status == "supported"


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.ERROR])
def test_an_unknown_or_erroneous_finding_makes_the_control_unknown(status: Status) -> None:
    found = of("A.8.24", beside(passing(), tally("aws_tls", status, 4)))
    assert found.status == "unknown"
    assert found.counts.unknown == 4
    assert f"aws_tls is unknown in {ACCOUNT}" in found.reasons


def test_an_expected_scope_that_was_never_judged_is_unknown_and_named() -> None:
    evidence = passing()
    wider = replace(evidence, expected={**evidence.expected, "aws_tls": frozenset({ACCOUNT, OTHER})})
    found = of("A.8.24", wider)
    assert found.status == "unknown"
    assert found.counts.unknown == 1
    assert found.population == 2
    assert f"aws_tls was never judged in {OTHER}" in found.reasons


def test_many_scopes_and_checks_are_grouped_and_bounded() -> None:
    evidence = passing()
    many = frozenset(Scope("aws", f"{number:012}", "eu-west-1") for number in range(20))
    found = of("A.8.24", replace(evidence, expected={**evidence.expected, "aws_tls": many}))
    assert found.counts.unknown == 20
    assert len(found.reasons) == 1
    assert found.reasons[0].endswith("and 17 more")


def test_a_place_of_the_isms_scope_without_a_target_leaves_its_providers_controls_unknown() -> None:
    evidence = replace(passing(), unconfigured=("aws:333333333333",))
    assert of("A.8.24", evidence).status == "unknown"
    assert of("A.8.24", evidence).counts.unknown == 1
    assert "the ISMS scope names aws:333333333333, and no target reads it" in of("A.8.24", evidence).reasons
    assert of("9.3.1", evidence).status == "supported"


def test_a_place_of_a_kind_that_no_check_reads_leaves_unknown_what_is_asked_of_systems() -> None:
    evidence = replace(passing(), unconfigured=("gcp:shop",))
    assert of("A.8.24", evidence).status == "unknown"
    assert of("9.3.1", evidence).status == "supported"


def test_supporting_checks_alone_do_not_make_a_place_matter() -> None:
    assert of("A.8.24", replace(passing(), unconfigured=("host:db1",))).status == "supported"


def test_evidence_older_than_its_limit_is_stale_and_its_date_is_given() -> None:
    evidence = passing()
    old = {**evidence.judged, ("aws_tls", ACCOUNT): Judged(NOW, oldest=NOW - timedelta(days=31))}
    found = of("A.8.24", replace(evidence, judged=old))
    assert found.status == "stale"
    assert found.oldest_evidence == NOW - timedelta(days=31)
    assert "the evidence of aws_tls speaks of 2026-05-01; it served until 2026-05-31 (30 days)" in found.reasons


def test_evidence_exactly_at_its_limit_is_fresh() -> None:
    evidence = passing()
    old = {**evidence.judged, ("aws_tls", ACCOUNT): Judged(NOW - timedelta(days=30))}
    assert of("A.8.24", replace(evidence, judged=old)).status == "supported"


def test_age_is_counted_from_what_the_evidence_speaks_of_not_from_the_reading() -> None:
    evidence = passing()
    read_today = {**evidence.judged, ("aws_tls", ACCOUNT): Judged(NOW, oldest=NOW - timedelta(days=300))}
    assert of("A.8.24", replace(evidence, judged=read_today)).status == "stale"


def test_a_row_with_a_limit_of_its_own_ages_by_it() -> None:
    evidence = passing()
    yearly = {**evidence.judged, ("rec_access_review", ISMS): Judged(NOW, oldest=NOW - timedelta(days=200))}
    found = of("A.5.18", replace(evidence, judged=yearly))
    assert found.status == "supported"
    assert (found.oldest_evidence, found.max_age_days) == (NOW - timedelta(hours=1), 30)
    expired = {**evidence.judged, ("rec_access_review", ISMS): Judged(NOW, oldest=NOW - timedelta(days=366))}
    found = of("A.5.18", replace(evidence, judged=expired))
    assert found.status == "stale"
    assert (found.oldest_evidence, found.max_age_days) == (NOW - timedelta(days=366), 365)


def test_a_check_whose_rows_differ_in_their_limits_ages_by_the_strictest() -> None:
    rows = [row("rec_policy", "A.5.1", aspect=aspect, days=days) for aspect, days in ((Aspect.RULE, 90), (Aspect.REVIEW, 365))]
    catalogue = catalogue_of([control("A.5.1", Aspect.RULE, Aspect.REVIEW)], rows, {})
    evidence = Evidence(
        at=NOW,
        tallies=[tally("rec_policy", Status.PASS)],
        judged={("rec_policy", ISMS): Judged(NOW, oldest=NOW - timedelta(days=100))},
        expected={"rec_policy": frozenset({ISMS})},
    )
    (found,) = assess(catalogue, evidence)
    assert (found.status, found.max_age_days) == ("stale", 90)


def test_a_check_that_decides_one_aspect_is_not_counted_again_as_supporting_another() -> None:
    rows = [row("aws_tls", "A.8.24"), row("aws_tls", "A.8.24", role=Role.SUPPORTING, aspect=Aspect.RULE)]
    (found,) = assess(catalogue_of([control("A.8.24")], rows, {}), passing())
    assert (found.counts.passed, found.supporting.passed) == (1, 0)


@pytest.mark.parametrize("when", [Judged(NOW + timedelta(seconds=1)), Judged(NOW, oldest=NOW + timedelta(days=1))])
def test_evidence_dated_after_the_assessment_is_unknown(when: Judged) -> None:
    evidence = passing()
    found = of("A.8.24", replace(evidence, judged={**evidence.judged, ("aws_tls", ACCOUNT): when}))
    assert found.status == "unknown"
    assert f"the evidence of aws_tls is dated after the assessment in {ACCOUNT}" in found.reasons


def test_a_required_aspect_without_passing_evidence_is_partial_and_named() -> None:
    found = of("A.5.18", without(passing(), "rec_access_review"))
    assert found.status == "partial"
    assert found.missing == (Aspect.REVIEW,)
    assert "review: no passing evidence: there was nothing to ask for rec_access_review" in found.reasons


def test_nothing_to_judge_on_complete_presence_is_neither_pass_nor_unknown() -> None:
    found = of("A.8.24", without(passing(), "aws_tls"))
    assert found.status == "supported"  # the other check of the same aspect passes
    assert found.counts.unknown == 0
    found = of("A.8.24", without(without(passing(), "aws_tls"), "aws_encrypted"))
    assert found.status == "partial"
    assert found.counts.unknown == 0


def test_not_applicable_alone_is_no_passing_evidence_and_says_so() -> None:
    found = of("A.5.18", instead(passing(), tally("rec_access_review", Status.NOT_APPLICABLE)))
    assert found.status == "partial"
    assert found.population == 1
    assert "review: no passing evidence: not applicable to anything that was asked by rec_access_review" in found.reasons


def test_an_aspect_that_nobody_is_asked_about_says_so() -> None:
    evidence = passing()
    narrower = {check: scopes for check, scopes in evidence.expected.items() if check != "rec_access_review"}
    found = of("A.5.18", replace(without(evidence, "rec_access_review"), expected=narrower))
    assert found.status == "partial"
    assert "review: none of the places in scope is asked by rec_access_review" in found.reasons


def test_a_control_without_primary_checks_is_partial_and_never_supported() -> None:
    found = of("A.7.1", passing())
    assert found.status == "partial"
    assert found.missing == (Aspect.REVIEW,)
    assert found.reasons == ("review: no primary check looks for it", "not observable: What people do with it.")


def test_partial_coverage_stays_partial_when_every_check_passes() -> None:
    found = of("A.8.13", passing())
    assert found.status == "partial"
    assert found.missing == ()
    assert found.reasons == ("not observable: What people do with it.",)


def test_a_gap_but_for_valid_exceptions_is_accepted_and_the_fails_stay_visible() -> None:
    found = of("A.8.24", beside(passing(), tally("aws_tls", Status.FAIL, 2, excepted=2)))
    assert found.status == "accepted"
    assert (found.counts.failed, found.counts.excepted, found.worst) == (2, 2, None)
    assert "2 of the 2 fails of aws_tls are under an approved exception" in found.reasons


def test_one_fail_outside_the_exception_is_a_gap() -> None:
    assert of("A.8.24", beside(passing(), tally("aws_tls", Status.FAIL, 2, excepted=1))).status == "gap"


def test_an_aspect_whose_every_fail_is_excepted_is_accepted_and_not_missing() -> None:
    found = of("A.5.18", instead(passing(), tally("rec_access_review", Status.FAIL, excepted=1)))
    assert found.status == "accepted"
    assert found.missing == ()


def test_an_excepted_observation_is_not_passing_evidence() -> None:
    found = of("A.5.18", instead(passing(), tally("rec_access_review", Status.FAIL, severity="low", excepted=1)))
    assert found.status == "partial"


def test_supporting_checks_are_counted_and_never_decide() -> None:
    host = Scope("host", "db1")
    failing = of("A.8.24", beside(passing(), tally("host_ssh_crypto", Status.FAIL, 5, host, "critical")))
    assert failing.status == "supported"
    assert failing.supporting.failed == 5
    assert failing.counts.failed == 0
    alone = beside(without(without(passing(), "aws_tls"), "aws_encrypted"), tally("host_ssh_crypto", Status.PASS, scope=host))
    assert of("A.8.24", alone).status == "partial"


def test_a_pass_outside_the_expected_scopes_is_no_evidence_in_favour() -> None:
    elsewhere = instead(passing(), tally("rec_access_review", Status.PASS, scope=Scope("records", "old")))
    found = of("A.5.18", elsewhere)
    assert found.status == "partial"
    assert "review: passing evidence lies outside the scope only, from rec_access_review" in found.reasons


def test_a_fail_outside_the_expected_scopes_still_counts_against() -> None:
    assert of("A.8.24", beside(passing(), tally("aws_tls", Status.FAIL, scope=OTHER))).status == "gap"


def test_a_gap_is_not_hidden_by_unknown_or_stale_evidence() -> None:
    evidence = beside(passing(), tally("aws_tls", Status.FAIL), tally("aws_tls", Status.UNKNOWN, scope=OTHER))
    stale = {**evidence.judged, ("aws_encrypted", ACCOUNT): Judged(NOW - timedelta(days=400))}
    found = of("A.8.24", replace(evidence, judged=stale))
    assert found.status == "gap"
    assert [text for text in found.reasons if "unknown" in text]
    assert [text for text in found.reasons if "served until" in text]


def test_unknown_comes_before_stale_and_stale_before_partial() -> None:
    evidence = without(passing(), "rec_access_review")
    stale = replace(evidence, judged={**evidence.judged, ("aws_key_unused", ACCOUNT): Judged(NOW - timedelta(days=31))})
    assert of("A.5.18", stale).status == "stale"
    assert of("A.5.18", beside(stale, tally("aws_key_unused", Status.UNKNOWN, scope=OTHER))).status == "unknown"


def test_a_tally_that_excepts_more_than_its_fails_is_a_bug() -> None:
    with pytest.raises(ValueError, match="cannot be excepted"):
        Tally("aws_tls", ACCOUNT, Severity.HIGH, Status.FAIL, 1, excepted=2)
    with pytest.raises(ValueError, match="cannot be excepted"):
        Tally("aws_tls", ACCOUNT, Severity.HIGH, Status.PASS, 1, excepted=1)


def test_the_document_has_every_key_that_other_tools_rely_on() -> None:
    document = of("A.8.24", beside(passing(), tally("aws_tls", Status.FAIL, 2, excepted=1))).document()
    assert document["id"] == "A.8.24"
    assert document["assessment"] == "gap"
    assert document["missing"] == []
    assert (document["pass"], document["fail"], document["unknown"], document["excepted"]) == (2, 2, 0, 1)
    assert document["oldest_evidence"] == "2026-06-01T11:00:00Z"
    assert document["max_age_days"] == 30
    assert json.loads(json.dumps(document)) == document


def test_no_evidence_at_all_has_no_oldest_and_shows_the_limit_of_the_control() -> None:
    document = of("A.7.1", passing()).document()
    assert document["oldest_evidence"] is None
    assert document["max_age_days"] == 30
    assert document["worst"] is None
