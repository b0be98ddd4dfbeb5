"""What the Statement of Applicability says, and how it differs from what is seen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evidence_store.records import Status, Unread, Why
from mappings.evidence import Evidence
from mappings.soa import Implementation, Responsibility, SoaEntry, entries
from mappings.suppliers import Assurance
from tests.mappings.small_catalogue import NOW, beside, declared, instead, of, passing, tally, without

GAP = beside(passing(), tally("aws_tls", Status.FAIL))
UNKNOWN = beside(passing(), tally("aws_tls", Status.UNKNOWN))
STALE = replace(passing(), at=NOW + timedelta(days=60))
ACCEPTED = beside(passing(), tally("aws_tls", Status.FAIL, excepted=1))
NOTHING = without(without(passing(), "aws_tls"), "aws_encrypted")
SLIGHT = instead(NOTHING, tally("aws_tls", Status.FAIL, severity="low"))
TOMORROW, YESTERDAY = NOW + timedelta(days=1), NOW - timedelta(days=1)
ISO = Assurance("Host Ltd", "hosting", "ISO 27001", NOW + timedelta(days=90), "Ada", ("A.7", "A.8.24"))


def entry(control: str = "A.8.24", **said: object) -> SoaEntry:
    return replace(SoaEntry(control, applicable=True, reason="risk", status=Implementation.IMPLEMENTED), **said)  # type: ignore[arg-type]  # fields by name


def difference(evidence: Evidence, said: SoaEntry) -> str | None:
    compared = of(said.control, declared(evidence, said)).difference
    return None if compared is None else str(compared.difference)


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (passing(), None),
        (ACCEPTED, None),
        (GAP, "contradicted"),
        (SLIGHT, "contradicted"),
        (UNKNOWN, "unproven"),
        (STALE, "unproven"),
        (NOTHING, "unproven"),
    ],
    ids=["supported", "accepted", "gap", "only slight fails", "unknown", "stale", "nothing found"],
)
def test_a_control_that_is_declared_implemented(evidence: Evidence, expected: str | None) -> None:
    assert difference(evidence, entry()) == expected


def test_slight_fails_of_an_aspect_that_passes_do_not_contradict_what_is_declared_of_another() -> None:
    slight = beside(without(passing(), "rec_access_review"), tally("aws_key_unused", Status.FAIL, severity="low"))
    assert difference(slight, entry("A.5.18")) == "unproven"


def test_partial_coverage_alone_does_not_contradict_what_is_declared() -> None:
    assert difference(passing(), entry("A.8.13")) is None


def test_what_no_check_looks_for_is_unproven_and_not_contradicted() -> None:
    assert difference(passing(), entry("A.7.1")) == "unproven"


@pytest.mark.parametrize("status", [Implementation.PLANNED, Implementation.PARTIAL, Implementation.NOT_IMPLEMENTED])
@pytest.mark.parametrize(
    ("evidence", "due", "expected"),
    [
        (GAP, TOMORROW, "expected"),
        (GAP, NOW, "expected"),
        (GAP, YESTERDAY, "overdue"),
        (GAP, None, "undated"),
        (NOTHING, TOMORROW, None),
        (NOTHING, YESTERDAY, "overdue"),
        (UNKNOWN, YESTERDAY, "overdue"),
        (passing(), TOMORROW, "update"),
        (passing(), None, "update"),
        (ACCEPTED, YESTERDAY, None),
    ],
)
def test_a_control_that_is_declared_less_than_implemented(
    status: Implementation, evidence: Evidence, due: datetime | None, expected: str | None
) -> None:
    assert difference(evidence, entry(status=status, due=due)) == expected


@pytest.mark.parametrize("evidence", [UNKNOWN, STALE])
def test_unknown_evidence_says_nothing_about_a_plan_and_does_not_prove_a_part(evidence: Evidence) -> None:
    assert difference(evidence, entry(status=Implementation.PLANNED, due=NOW + timedelta(days=90))) is None
    assert difference(evidence, entry(status=Implementation.PARTIAL, due=NOW + timedelta(days=90))) == "unproven"


EXCLUDED = entry("A.7.1", applicable=False, reason="no premises", approved_by="Ada", approved_on=YESTERDAY)


def test_a_valid_exclusion_without_evidence_is_shown_beside_the_machines_status() -> None:
    found = of("A.7.1", declared(passing(), EXCLUDED))
    assert found.applicable is False
    assert found.difference is None
    assert found.status == "partial"


@pytest.mark.parametrize("evidence", [passing(), GAP])
def test_primary_evidence_contradicts_an_exclusion(evidence: Evidence) -> None:
    assert difference(evidence, replace(EXCLUDED, control="A.8.24")) == "excluded_contradicted"


@pytest.mark.parametrize(
    ("lacking", "named"),
    [
        ({"reason": ""}, "justification"),
        ({"approved_by": ""}, "approver"),
        ({"approved_on": None}, "approval date in the past"),
        ({"approved_on": TOMORROW}, "approval date in the past"),
    ],
)
def test_an_exclusion_without_justification_or_approval_is_not_valid(lacking: dict[str, object], named: str) -> None:
    compared = of("A.7.1", declared(passing(), replace(EXCLUDED, **lacking))).difference  # type: ignore[arg-type]  # fields by name
    assert compared is not None
    assert compared.difference == "not_validly_excluded"
    assert named in compared.sentence


def test_a_control_that_the_statement_does_not_mention_is_missing_from_it() -> None:
    compared = of("A.8.24", declared(passing(), EXCLUDED)).difference
    assert compared is not None
    assert compared.difference == "missing"


def test_an_empty_statement_misses_everything_and_an_unread_one_nothing() -> None:
    missing = of("A.8.24", replace(passing(), soa={})).difference
    assert missing is not None
    assert missing.difference == "missing"
    assert of("A.8.24", passing()).difference is None


def test_clauses_do_not_stand_in_the_statement() -> None:
    assert of("9.3.1", declared(passing(), EXCLUDED)).difference is None


@pytest.mark.parametrize(
    "unclear", [entry(status=None), entry(applicable=None), entry(faults=("status is one of ..., not 'done'",))]
)
def test_an_entry_that_cannot_be_understood_is_unclear(unclear: SoaEntry) -> None:
    assert difference(passing(), unclear) == "unclear"


INHERITED = entry("A.7.1", responsibility=Responsibility.INHERITED)


def test_an_inherited_control_rests_on_an_assurance_that_names_it() -> None:
    found = of("A.7.1", replace(declared(passing(), INHERITED), assurances=[ISO]))
    assert found.status == "inherited"
    assert found.supplier == "ISO 27001 for hosting of Host Ltd"
    assert found.difference is None
    assert "inherited: ISO 27001 for hosting of Host Ltd, read by a named person, serves until 2026-08-30" in found.reasons


@pytest.mark.parametrize(
    ("assurance", "why"),
    [
        (replace(ISO, controls=("A.8.24",)), "inherited, and no supplier assurance names this control or its services"),
        (replace(ISO, period_end=YESTERDAY), "does not count: it served until 2026-05-31"),
        (replace(ISO, faults=("names no person who read it",)), "does not count: names no person who read it"),
    ],
)
def test_an_inherited_control_without_a_valid_assurance_is_unproven(assurance: Assurance, why: str) -> None:
    evidence = replace(declared(passing(), INHERITED), assurances=[assurance])
    found = of("A.7.1", evidence)
    assert found.status == "partial"
    assert any(text.endswith(why) for text in found.reasons)
    assert difference(evidence, INHERITED) == "unproven"


def test_an_assurance_for_the_service_that_the_statement_names_counts_and_for_another_does_not() -> None:
    certificate = replace(ISO, controls=())
    hosted = replace(INHERITED, services=("hosting",))
    mailed = replace(INHERITED, services=("mail",))
    assert of("A.7.1", replace(declared(passing(), hosted), assurances=[certificate])).status == "inherited"
    assert of("A.7.1", replace(declared(passing(), mailed), assurances=[certificate])).status == "partial"
    assert of("A.7.1", replace(declared(passing(), mailed), assurances=[ISO])).status == "partial"


def test_an_entry_with_a_fault_inherits_nothing() -> None:
    said = replace(INHERITED, faults=("due is not a date: 'soon'",))
    assert of("A.7.1", replace(declared(passing(), said), assurances=[ISO])).status == "partial"


def test_an_inherited_control_whose_own_part_is_covered_in_part_needs_the_assurance_too() -> None:
    said = entry("A.8.13", responsibility=Responsibility.INHERITED)
    assert difference(passing(), said) == "unproven"


def test_an_assurance_does_not_outweigh_evidence_against() -> None:
    said = entry(responsibility=Responsibility.INHERITED)
    for evidence, expected in ((GAP, "gap"), (UNKNOWN, "unknown"), (STALE, "stale"), (ACCEPTED, "accepted")):
        assert of("A.8.24", replace(declared(evidence, said), assurances=[ISO])).status == expected


def test_a_control_that_is_not_declared_inherited_does_not_use_the_assurance() -> None:
    for said in (
        entry("A.7.1"),
        replace(INHERITED, responsibility=Responsibility.SHARED),
        replace(INHERITED, applicable=False),
    ):
        found = of("A.7.1", replace(declared(passing(), said), assurances=[ISO]))
        assert found.status == "partial"
        assert found.supplier is None


def test_of_several_assurances_the_one_that_ends_last_is_named() -> None:
    longer = replace(ISO, supplier="Other Ltd", period_end=NOW + timedelta(days=200))
    for order in ([ISO, longer], [longer, ISO]):
        assert (
            of("A.7.1", replace(declared(passing(), INHERITED), assurances=order)).supplier
            == "ISO 27001 for hosting of Other Ltd"
        )


RECORD = {
    "control": "A.8.24",
    "applicable": True,
    "reason": "risk R-7",
    "responsibility": "shared",
    "status": "planned",
    "owner": "Grace",
    "risks": ["R-7"],
    "services": ["hosting"],
    "due": "2026-12-31",
    "approved_by": "Ada",
    "approved_on": "2026-01-15",
}


def test_a_record_becomes_an_entry() -> None:
    assert entries([RECORD]) == {
        "A.8.24": SoaEntry(
            control="A.8.24",
            applicable=True,
            reason="risk R-7",
            responsibility=Responsibility.SHARED,
            status=Implementation.PLANNED,
            owner="Grace",
            risks=("R-7",),
            services=("hosting",),
            due=datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
            approved_by="Ada",
            approved_on=datetime(2026, 1, 15, tzinfo=UTC),
        )
    }


@pytest.mark.parametrize("written", ["8.24", "a.8.24", "A.8.24"])
def test_an_entry_is_found_however_its_control_is_written(written: str) -> None:
    assert list(entries([{**RECORD, "control": written}])) == ["A.8.24"]


def test_responsibility_is_ones_own_where_nobody_says_otherwise() -> None:
    said = entries([{**RECORD, "responsibility": None}])["A.8.24"]
    assert said.responsibility is Responsibility.OWN
    assert said.faults == ()


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"status": "done"}, "status is one of not_implemented, planned, partial, implemented, not 'done'"),
        ({"responsibility": "theirs"}, "responsibility is one of own, shared, inherited, not 'theirs'"),
        ({"applicable": "yes"}, "applicable is neither true nor false"),
        ({"due": "soon"}, "due is not a date: 'soon'"),
        ({"risks": 7}, "risks is not a list of texts"),
        ({"owner": 7}, "owner is not a text"),
        ({"owner": Unread(Why.DENIED, "read isms/soa.toml")}, "owner was not read: read isms/soa.toml was denied"),
    ],
)
def test_what_cannot_be_read_is_a_fault_of_the_entry_and_no_default(wrong: dict[str, object], fault: str) -> None:
    said = entries([{**RECORD, **wrong}])["A.8.24"]
    assert said.faults == (fault,)
    assert difference(passing(), said) == "unclear"


def test_an_entry_that_leaves_out_whether_it_applies_is_not_decided() -> None:
    said = entries([{**RECORD, "applicable": None}])["A.8.24"]
    assert said.applicable is None
    assert said.faults == ()
    assert difference(passing(), said) == "unclear"


def test_two_entries_for_one_control_are_not_chosen_between() -> None:
    said = entries([RECORD, {**RECORD, "control": "8.24", "status": "implemented"}])["A.8.24"]
    assert said.applicable is None
    assert said.faults == ("the control has 2 entries",)
