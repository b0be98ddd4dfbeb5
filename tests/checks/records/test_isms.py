import pytest

from tests.checks.records.conftest import Isms


def test_an_approved_scope_with_targets_sites_and_reasoned_exclusions_passes(isms: Isms) -> None:
    assert isms.look("rec_scope_statement").status("rec_scope_statement") == "pass"


def test_a_review_without_change_keeps_a_scope_current(isms: Isms) -> None:
    isms.edit("scope.toml", "approved_on = 2026-01-15", "approved_on = 2024-01-15\nreviewed_on = 2026-05-01")
    assert isms.look("rec_scope_statement").status("rec_scope_statement") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('approved_by = "dana"\n', "", "no approver"),
        ('approved_by = "dana"', 'approved_by = "dnaa"', "names dnaa as approver, who is not in isms/people.toml"),
        ("approved_on = 2026-01-15\n", "", "no day of approval"),
        ("approved_on = 2026-01-15", "approved_on = 2025-01-15", "2025-01-15"),
        ("approved_on = 2026-01-15", "approved_on = 2027-01-15", "lies ahead"),
        ('targets = ["host:*"]\n', "", "no targets"),
        ('targets = ["host:*"]', 'targets = ["our cloud"]', "our cloud"),
        ('sites = ["Vienna"]\n', "", "which sites"),
        ('reason = "It handles no information of the platform."\n', "", "Canteen without a reason"),
    ],
)
def test_a_scope_that_leaves_something_open_fails(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("scope.toml", old, new).look("rec_scope_statement")
    assert seen.status("rec_scope_statement") == "fail"
    assert says in seen.reason("rec_scope_statement")


def test_no_scope_and_two_scopes_fail(isms: Isms) -> None:
    two = isms.write("scope.toml", '[[scope]]\nid = "a"\nstatement = "A"\n[[scope]]\nid = "b"\nstatement = "B"\n')
    assert two.look("rec_scope_statement").status("rec_scope_statement") == "fail"
    assert "0 scope statements" in isms.remove("scope.toml").look("rec_scope_statement").reason("rec_scope_statement")


def test_a_scope_that_may_not_be_read_is_unknown(isms: Isms) -> None:
    seen = isms.look("rec_scope_statement", kept=("scope.toml",))
    assert seen.status("rec_scope_statement") == "unknown"
    assert seen.reason("rec_scope_statement") == "read isms/scope.toml was denied (Permission denied)"


def test_a_statement_with_a_decision_on_all_93_controls_passes(isms: Isms) -> None:
    assert isms.look("rec_soa_complete").status("rec_soa_complete") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('[[soa]]\ncontrol = "A.8.34"\n', "", "no entry for A.8.34"),
        ('control = "A.8.34"', 'control = "A.8.35"', "no such control as A.8.35"),
        ('control = "A.8.34"', 'id = "again"\ncontrol = "8.33"', "more than one entry for A.8.33"),
        ("applicable = true\n", "", "no decision on A.5.1, A.5.10, A.5.11, A.5.12, A.5.13 and 87 more"),
        ('reason = "Needed to treat risks of the register."\n', "", "no reason for A.5.1"),
        ('reason = "The platform runs on no cabling of its own."', 'reason = ""', "no reason for A.7.12"),
        ('status = "implemented"\n', "", "no state of A.5.1"),
        ("due = 2026-12-31\n", "", "no due date of A.8.11"),
        ('approved_by = "dana"', 'approved_by = "dnaa"', "no dated approval by somebody of the roster of A.5.1"),
        ('approved_by = "dana"\n', "", "no dated approval by somebody of the roster of A.5.1"),
        ("approved_on = 2026-01-20\n", "", "no dated approval by somebody of the roster of A.5.1"),
        ('control = "A.8.5"\n', 'control = "A.8.5"\napplicable = false\n', "risk is treated by A.8.5"),
    ],
)
def test_a_statement_that_leaves_something_open_fails(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("soa.toml", old, new).look("rec_soa_complete")
    assert seen.status("rec_soa_complete") == "fail"
    assert says in seen.reason("rec_soa_complete")


def test_no_statement_fails(isms: Isms) -> None:
    assert isms.remove("soa.toml").look("rec_soa_complete").status("rec_soa_complete") == "fail"


@pytest.mark.parametrize("file", ["soa.toml", "risks.toml"])
def test_a_statement_or_risks_that_may_not_be_read_are_unknown(isms: Isms, file: str) -> None:
    seen = isms.look("rec_soa_complete", kept=(file,))
    assert seen.status("rec_soa_complete") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_soa_complete")


def test_reviewed_interested_parties_pass(isms: Isms) -> None:
    assert isms.look("rec_interested_parties").status("rec_interested_parties") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("reviewed_on = 2026-01-30", "reviewed_on = 2025-01-30", "was last reviewed on 2025-01-30"),
        ("reviewed_on = 2026-01-30", "", "names no day"),
        ('need = "Their orders stay private and correct."\n', "", "no need"),
        ('addressed = "Scope, encryption, backups."\n', "", "no answer"),
    ],
)
def test_interested_parties_that_nobody_thought_through_fail(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("interested_parties.toml", old, new).look("rec_interested_parties")
    assert seen.status("rec_interested_parties") == "fail"
    assert says in seen.reason("rec_interested_parties")


def test_no_interested_parties_fail_and_denied_ones_are_unknown(isms: Isms) -> None:
    denied = isms.look("rec_interested_parties", kept=("interested_parties.toml",))
    assert denied.status("rec_interested_parties") == "unknown"
    assert "read isms/interested_parties.toml was denied" in denied.reason("rec_interested_parties")
    isms.write("interested_parties.toml", "")
    assert isms.look("rec_interested_parties").status("rec_interested_parties") == "fail"


def test_a_document_list_that_covers_the_clauses_passes(isms: Isms) -> None:
    assert isms.look("rec_document_list").status("rec_document_list") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (', "10.2"]', "]", "clause 10.2"),
        ('version = "3"\n', "", "manual names no version"),
        ('owner = "ines"\n', "", "manual names no owner; records names no owner"),
    ],
)
def test_a_document_list_with_gaps_fails(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("documents.toml", old, new).look("rec_document_list")
    assert seen.status("rec_document_list") == "fail"
    assert says in seen.reason("rec_document_list")


def test_the_organization_says_which_clauses_it_documents(isms: Isms) -> None:
    isms.edit("documents.toml", ', "10.2"]', "]")
    assert isms.look("rec_document_list", clauses=["4.3"]).status("rec_document_list") == "pass"


def test_no_document_list_fails_and_a_denied_one_is_unknown(isms: Isms) -> None:
    denied = isms.look("rec_document_list", kept=("documents.toml",))
    assert denied.status("rec_document_list") == "unknown"
    assert "read isms/documents.toml was denied" in denied.reason("rec_document_list")
    assert isms.remove("documents.toml").look("rec_document_list").status("rec_document_list") == "fail"


def test_measured_objectives_pass(isms: Isms) -> None:
    assert isms.look("rec_objectives_measured").status("rec_objectives_measured") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("measured_on = 2026-05-04", "measured_on = 2025-11-04", "last measured on 2025-11-04, and the limit is 180 days"),
        ('measure = "Share of machines patched within 14 days"\n', "", "no measure"),
        ('value = "99 %"\n', "", "no measured value"),
        ('owner = "omar"\n', "", "no owner"),
        ('target = "98 %"\n', "", "no target"),
    ],
)
def test_objectives_that_nobody_measures_fail(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("objectives.toml", old, new).look("rec_objectives_measured")
    assert seen.status("rec_objectives_measured") == "fail"
    assert says in seen.reason("rec_objectives_measured")


def test_no_objectives_fail_and_denied_ones_are_unknown(isms: Isms) -> None:
    denied = isms.look("rec_objectives_measured", kept=("objectives.toml",))
    assert denied.status("rec_objectives_measured") == "unknown"
    assert "read isms/objectives.toml was denied" in denied.reason("rec_objectives_measured")
    assert isms.remove("objectives.toml").look("rec_objectives_measured").status("rec_objectives_measured") == "fail"
