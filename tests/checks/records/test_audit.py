import pytest

from tests.checks.records.conftest import Isms

NIL = '[[nil_return]]\nkind = "{kind}"\ndeclared_by = "dana"\ndate = 2026-05-20\n'


def test_an_independent_review_with_actions_passes(isms: Isms) -> None:
    assert isms.look("rec_independent_review").status("rec_independent_review") == "pass"


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (
            "audits.toml",
            "independent = true",
            "independent = false",
            "no audit in isms/audits.toml by an auditor who",
        ),
        ("audits.toml", "independent = true\n", "", "no audit in isms/audits.toml by an auditor who"),
        ("audits.toml", "date = 2025-11-20", "date = 2025-05-20", "last made on 2025-05-20"),
        ("audits.toml", 'auditor = "rita"\n', "", "names no auditor"),
        ("audits.toml", 'action = "Larger labels are ordered."\n', "", "'Labels are small', and no action follows"),
        ("nonconformities.toml", 'id = "N-1"', 'id = "N-2"', "refers to N-1"),
    ],
)
def test_a_review_that_is_old_or_leads_nowhere_fails(isms: Isms, file: str, old: str, new: str, says: str) -> None:
    seen = isms.edit(file, old, new).look("rec_independent_review")
    assert seen.status("rec_independent_review") == "fail"
    assert says in seen.reason("rec_independent_review")


def test_a_review_has_to_say_what_it_found_even_if_nothing(isms: Isms) -> None:
    base = '[[audit]]\nid = "a"\ntype = "external"\nindependent = true\nauditor = "Firm"\ndate = 2026-02-02\n'
    assert isms.write("audits.toml", base).look("rec_independent_review").status("rec_independent_review") == "fail"
    empty = isms.write("audits.toml", base + "findings = []\n").look("rec_independent_review")
    assert empty.status("rec_independent_review") == "pass"


@pytest.mark.parametrize("file", ["audits.toml", "nonconformities.toml"])
def test_a_review_that_may_not_be_read_is_unknown(isms: Isms, file: str) -> None:
    seen = isms.look("rec_independent_review", kept=(file,))
    assert seen.status("rec_independent_review") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_independent_review")


def test_a_programme_that_covers_the_cycle_passes(isms: Isms) -> None:
    assert isms.look("rec_internal_audit_programme").status("rec_internal_audit_programme") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"9", "10"]', '"9"]', "no audit within 3 years covers 10.1, 10.2"),
        ("A.7.13-14", "A.7.13", "covers A.7.14"),
        ("year = 2027", "year = 2029", "covers A.8.1, A.8.2, A.8.3, A.8.4, A.8.5 and 29 more"),
        ('audited = ["ines", "omar"]', 'audited = ["rita"]', "has rita audit their own work"),
        ("done_on = 2025-11-20\n", "", "2025-clauses was planned for 2025-11-20 and not done"),
        ("done_on = 2025-11-20", "done_on = 2027-11-20", "lies ahead"),
        ('auditor = "rita"\n', "", "2025-clauses names no auditor"),
        ('audited = ["omar"]\n', "", "2027-controls names no person whose work is audited"),
    ],
)
def test_a_programme_with_gaps_fails(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("audit_programme.toml", old, new).look("rec_internal_audit_programme")
    assert seen.status("rec_internal_audit_programme") == "fail"
    assert says in seen.reason("rec_internal_audit_programme")


def test_the_programme_leaves_out_what_does_not_apply(isms: Isms) -> None:
    isms.edit("soa.toml", "applicable = false\n", "")
    assert "covers A.7.12" in isms.look("rec_internal_audit_programme").reason("rec_internal_audit_programme")


def test_no_programme_fails(isms: Isms) -> None:
    isms.remove("audit_programme.toml")
    assert isms.look("rec_internal_audit_programme").status("rec_internal_audit_programme") == "fail"


@pytest.mark.parametrize("file", ["audit_programme.toml", "soa.toml"])
def test_a_programme_that_may_not_be_read_is_unknown(isms: Isms, file: str) -> None:
    seen = isms.look("rec_internal_audit_programme", kept=(file,))
    assert seen.status("rec_internal_audit_programme") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_internal_audit_programme")


def test_a_management_review_with_every_input_passes(isms: Isms) -> None:
    assert isms.look("rec_management_review").status("rec_management_review") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("date = 2026-01-22", "date = 2025-01-22", "last held on 2025-01-22"),
        ('    "risks",\n', "", "did not look at risks"),
        ('decisions = ["Money for security keys"]\n', "", "names no decisions"),
        ('attendees = ["dana", "ines", "rita"]', "attendees = []", "names no attendees"),
    ],
)
def test_a_management_review_that_skips_something_fails(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("management_reviews.toml", old, new).look("rec_management_review")
    assert seen.status("rec_management_review") == "fail"
    assert says in seen.reason("rec_management_review")


def test_the_last_management_review_counts(isms: Isms) -> None:
    isms.add("management_reviews.toml", "[[management_review]]\ndate = 2020-01-22\n")
    assert isms.look("rec_management_review").status("rec_management_review") == "pass"
    isms.add("management_reviews.toml", "[[management_review]]\ndate = 2026-04-22\n")
    assert isms.look("rec_management_review").status("rec_management_review") == "fail"


def test_no_management_review_fails_and_a_denied_one_is_unknown(isms: Isms) -> None:
    denied = isms.look("rec_management_review", kept=("management_reviews.toml",))
    assert denied.status("rec_management_review") == "unknown"
    assert "read isms/management_reviews.toml was denied" in denied.reason("rec_management_review")
    assert isms.remove("management_reviews.toml").look("rec_management_review").status("rec_management_review") == "fail"


def test_a_nonconformity_worked_off_passes(isms: Isms) -> None:
    assert isms.look("rec_nonconformity_closed").status("rec_nonconformity_closed") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("raised_on = 2025-11-20\n", "", "names no day on which it was raised"),
        ('cause = "No step for it in purchasing"\n', "", "N-1 names no cause"),
        ("due = 2026-02-28\n", "", "N-1 names no due date"),
        ("done_on = 2026-02-10\n", "", "N-1 was due on 2026-02-28"),
        ("done_on = 2026-02-10\neffect_checked_on = 2026-05-11\n", "done_on = 2025-11-30\n", "not checked by 2026-05-29"),
        ("effective = true\n", "", "does not say whether the action helped"),
        ("effective = true", "effective = false", "did not help"),
    ],
)
def test_a_nonconformity_left_open_fails(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("nonconformities.toml", old, new).look("rec_nonconformity_closed")
    assert seen.status("rec_nonconformity_closed") == "fail"
    assert says in seen.reason("rec_nonconformity_closed")


def test_a_nonconformity_of_last_week_has_time(isms: Isms) -> None:
    isms.write("nonconformities.toml", '[[nonconformity]]\nid = "N-3"\ntitle = "New"\nraised_on = 2026-05-25\n')
    assert isms.look("rec_nonconformity_closed").status("rec_nonconformity_closed") == "pass"


@pytest.mark.parametrize(
    ("check", "file", "kind"),
    [
        ("rec_nonconformity_closed", "nonconformities.toml", "nonconformity"),
        ("rec_exceptions_expire", "exceptions.toml", "exception"),
    ],
)
def test_an_empty_list_passes_only_by_a_nil_return(isms: Isms, check: str, file: str, kind: str) -> None:
    assert isms.write(file, "").look(check).status(check) == "fail"
    assert isms.write("nil_returns.toml", NIL.format(kind=kind)).look(check).status(check) == "pass"
    denied = isms.look(check, kept=("nil_returns.toml",))
    assert denied.status(check) == "unknown"
    assert "read isms/nil_returns.toml was denied" in denied.reason(check)


def test_nonconformities_that_may_not_be_read_are_unknown(isms: Isms) -> None:
    seen = isms.look("rec_nonconformity_closed", kept=("nonconformities.toml",))
    assert seen.status("rec_nonconformity_closed") == "unknown"
    assert "read isms/nonconformities.toml was denied" in seen.reason("rec_nonconformity_closed")


def test_exceptions_in_date_and_closed_ones_pass(isms: Isms) -> None:
    assert isms.look("rec_exceptions_expire").status("rec_exceptions_expire") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("expires = 2026-12-31\n", "", "E-1 names no end"),
        ("expires = 2026-12-31", "expires = 2026-05-31", "E-1 expired on 2026-05-31 and was not closed"),
        ("expires = 2026-12-31", "expires = 2029-12-31", "E-1 runs from 2026-01-01 until 2029-12-31; the limit is 366 days"),
        ("starts = 2026-01-01\n", "", "E-1 names no start"),
        ('reason = "The old printer logs in with a password."\n', "", "E-1 names no reason"),
        ('approved_by = "ines"\nstarts = 2026', "starts = 2026", "E-1 names no approver"),
        ('approved_by = "ines"\nstarts = 2026', 'approved_by = "omar"\nstarts = 2026', "approved by its own owner"),
        ('check = "host_ssh_password_authentication"\n', "", "does not say what it excepts"),
        ('approved_by = "ines"\nstarts = 2026', 'approved_by = "dnaa"\nstarts = 2026', "E-1 names dnaa as approver"),
        ('owner = "omar"', 'owner = "toni"', "E-1 names toni as owner, who does not work here"),
        ("closed_on = 2025-06-15\n", "", "E-0 expired on 2025-06-30 and was not closed"),
    ],
)
def test_exceptions_without_a_sound_end_fail(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("exceptions.toml", old, new).look("rec_exceptions_expire")
    assert seen.status("rec_exceptions_expire") == "fail"
    assert says in seen.reason("rec_exceptions_expire")


def test_the_last_day_of_an_exception_still_counts(isms: Isms) -> None:
    isms.edit("exceptions.toml", "expires = 2026-12-31", "expires = 2026-06-01")
    assert isms.look("rec_exceptions_expire").status("rec_exceptions_expire") == "pass"


def test_exceptions_that_may_not_be_read_are_unknown(isms: Isms) -> None:
    seen = isms.look("rec_exceptions_expire", kept=("exceptions.toml",))
    assert seen.status("rec_exceptions_expire") == "unknown"
    assert "read isms/exceptions.toml was denied" in seen.reason("rec_exceptions_expire")
