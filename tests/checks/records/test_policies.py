import pytest

from tests.checks.records.conftest import Isms

SECURITY = "policies/information-security.md"


def test_an_approved_policy_with_a_version_and_a_review_to_come_passes(isms: Isms) -> None:
    seen = isms.look("rec_policy_approved_current")
    assert {str(f.status) for f in seen.of("rec_policy_approved_current")} == {"pass"}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('version = "2"\n', "", "no version"),
        ('approved_by = "dana"\n', "", "no approver"),
        ('approved_by = "dana"', 'approved_by = "dnaa"', "dnaa as approver, who is not in isms/people.toml"),
        ("approved_on = 2026-01-10\n", "", "no day of approval"),
        ("approved_on = 2026-01-10", "approved_on = 2026-07-10", "2026-07-10 as the day of its approval, which lies ahead"),
        ("review_due = 2027-01-10\n", "", "no day of its next review"),
        ("review_due = 2027-01-10", "review_due = 2026-05-31", "due for review on 2026-05-31"),
        ("review_due = 2027-01-10", "review_due = 2036-01-10", "not reviewed before 2036-01-10; the limit is 731 days"),
        ("# Information security policy\n\nWhat everybody keeps to, and why.\n", "", "has no text"),
    ],
)
def test_a_policy_that_nobody_approved_or_reviewed_fails(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit(SECURITY, old, new).look("rec_policy_approved_current")
    assert seen.status("rec_policy_approved_current", ":information-security") == "fail"
    assert says in seen.reason("rec_policy_approved_current", ":information-security")


@pytest.mark.parametrize("status", ["draft", "retired"])
def test_a_policy_that_is_not_in_force_needs_no_approval(isms: Isms, status: str) -> None:
    seen = isms.edit(SECURITY, 'version = "2"', f'version = "2"\nstatus = "{status}"').look("rec_policy_approved_current")
    assert seen.status("rec_policy_approved_current", ":information-security") == "not_applicable"


def test_a_policy_kept_elsewhere_needs_no_text_here(isms: Isms) -> None:
    isms.edit(SECURITY, "# Information security policy\n\nWhat everybody keeps to, and why.\n", "")
    isms.edit(SECURITY, 'version = "2"', 'version = "2"\nlocation = "https://wiki.example.org/policy"')
    assert isms.look("rec_policy_approved_current").status("rec_policy_approved_current", ":information-security") == "pass"


@pytest.mark.parametrize("check", ["rec_policy_approved_current", "rec_policy_acknowledged"])
@pytest.mark.parametrize("kept", ["policies/", SECURITY])
def test_policies_that_may_not_be_read_are_unknown(isms: Isms, check: str, kept: str) -> None:
    seen = isms.look(check, kept=(kept,))
    assert seen.status(check) == "unknown"
    assert "read isms/policies/ was denied" in seen.reason(check)


def test_a_policy_for_each_topic_called_for_passes(isms: Isms) -> None:
    assert isms.look("rec_policy_topic_set").status("rec_policy_topic_set") == "pass"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"cryptography", ', ""),
        ('version = "2"', 'version = "2"\nstatus = "draft"'),
        ('approved_by = "dana"\n', ""),
        ("approved_on = 2026-01-10", "approved_on = 2026-07-10"),
    ],
)
def test_a_topic_without_an_approved_policy_fails(isms: Isms, old: str, new: str) -> None:
    seen = isms.edit("policies/information.md", old, new).look("rec_policy_topic_set")
    assert seen.status("rec_policy_topic_set") == "fail"
    assert "cryptography" in seen.reason("rec_policy_topic_set")


def test_a_topic_whose_controls_are_excluded_needs_no_policy(isms: Isms) -> None:
    isms.edit("policies/information.md", '"cryptography", ', "")
    isms.edit("soa.toml", 'control = "A.8.24"\n', 'control = "A.8.24"\napplicable = false\n')
    assert isms.look("rec_policy_topic_set").status("rec_policy_topic_set") == "pass"


def test_a_control_that_the_statement_forgets_still_needs_its_topic(isms: Isms) -> None:
    isms.edit("policies/information.md", '"cryptography", ', "").edit("soa.toml", '[[soa]]\ncontrol = "A.8.24"\n', "")
    assert isms.look("rec_policy_topic_set").status("rec_policy_topic_set") == "fail"


def test_topics_without_a_statement_fail(isms: Isms) -> None:
    assert isms.remove("soa.toml").look("rec_policy_topic_set").status("rec_policy_topic_set") == "fail"


@pytest.mark.parametrize(("kept", "file"), [("soa.toml", "soa.toml"), (SECURITY, "policies/")])
def test_topics_that_may_not_be_read_are_unknown(isms: Isms, kept: str, file: str) -> None:
    seen = isms.look("rec_policy_topic_set", kept=(kept,))
    assert seen.status("rec_policy_topic_set") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_policy_topic_set")


def test_a_policy_that_everybody_acknowledged_passes(isms: Isms) -> None:
    seen = isms.look("rec_policy_acknowledged")
    assert seen.status("rec_policy_acknowledged", ":information-security") == "pass"
    assert seen.status("rec_policy_acknowledged", ":operations") == "not_applicable"


def test_a_new_version_has_to_be_acknowledged_again_within_the_limit(isms: Isms) -> None:
    isms.edit(SECURITY, 'version = "2"', 'version = "3"')
    seen = isms.look("rec_policy_acknowledged")
    assert seen.status("rec_policy_acknowledged", ":information-security") == "fail"
    assert "dana, ines, omar, rita" in seen.reason("rec_policy_acknowledged", ":information-security")
    isms.edit(SECURITY, "approved_on = 2026-01-10", "approved_on = 2026-05-20")
    assert isms.look("rec_policy_acknowledged").status("rec_policy_acknowledged", ":information-security") == "pass"


def test_people_who_joined_this_month_have_time_to_read(isms: Isms) -> None:
    isms.add("people.toml", '[[person]]\nid = "newt"\njoined = 2026-05-15\n')
    assert isms.look("rec_policy_acknowledged").status("rec_policy_acknowledged", ":information-security") == "pass"
    isms.edit("people.toml", "joined = 2026-05-15", "joined = 2026-04-15")
    assert "newt" in isms.look("rec_policy_acknowledged").reason("rec_policy_acknowledged", ":information-security")


def test_a_policy_for_one_role_is_acknowledged_by_that_role(isms: Isms) -> None:
    isms.edit("policies/operations.md", "acknowledge = false", 'acknowledge = true\nroles = ["operator"]')
    seen = isms.look("rec_policy_acknowledged")
    assert seen.reason("rec_policy_acknowledged", ":operations").endswith("by omar")


def test_acknowledgement_by_nobody_known_is_unknown(isms: Isms) -> None:
    isms.remove("people.toml")
    assert isms.look("rec_policy_acknowledged").status("rec_policy_acknowledged", ":information-security") == "unknown"


@pytest.mark.parametrize("file", ["people.toml", "acknowledgements.toml"])
def test_acknowledgement_that_may_not_be_read_is_unknown(isms: Isms, file: str) -> None:
    seen = isms.look("rec_policy_acknowledged", kept=(file,))
    assert seen.status("rec_policy_acknowledged", ":information-security") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_policy_acknowledged", ":information-security")


def test_acceptable_use_that_everybody_acknowledged_passes(isms: Isms) -> None:
    assert isms.look("rec_acceptable_use").status("rec_acceptable_use") == "pass"


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("policies/acceptable-use.md", '"acceptable-use", ', "", "no approved policy"),
        ("policies/acceptable-use.md", 'approved_by = "dana"\n', "", "no approved policy"),
        ("policies/acceptable-use.md", 'version = "2"', 'version = "3"', "version 3 of acceptable-use was not acknowledged"),
        ("acknowledgements.toml", 'person = "omar"', 'person = "toni"', "acknowledged by omar"),
        ("acknowledgements.toml", "date = 2026-01-20", "date = 2026-06-20", "acknowledged by dana"),
    ],
)
def test_acceptable_use_that_was_not_told_fails(isms: Isms, file: str, old: str, new: str, says: str) -> None:
    seen = isms.edit(file, old, new).look("rec_acceptable_use")
    assert seen.status("rec_acceptable_use") == "fail"
    assert says in seen.reason("rec_acceptable_use")


@pytest.mark.parametrize(
    ("kept", "file"),
    [("people.toml", "people.toml"), ("acknowledgements.toml", "acknowledgements.toml"), ("policies/", "policies/")],
)
def test_acceptable_use_that_may_not_be_read_is_unknown(isms: Isms, kept: str, file: str) -> None:
    seen = isms.look("rec_acceptable_use", kept=(kept,))
    assert seen.status("rec_acceptable_use") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_acceptable_use")


def test_access_rules_approved_by_the_owner_pass(isms: Isms) -> None:
    assert isms.look("rec_access_control_rules").status("rec_access_control_rules") == "pass"


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("access_rules.toml", 'approved_by = "ines"\n', "", "no approver"),
        ("access_rules.toml", 'approved_by = "ines"', 'approved_by = "omar"', "approved by omar, and ines is its owner"),
        ("access_rules.toml", 'rights = ["read", "restart"]\n', "", "no rights"),
        ("access_rules.toml", "approved_on = 2026-01-12", "approved_on = 2026-07-12", "lies ahead"),
        ("policies/access.md", '"access-control"', '"doors"', "no approved policy has the topic access-control"),
    ],
)
def test_access_rules_that_the_owner_did_not_approve_fail(isms: Isms, file: str, old: str, new: str, says: str) -> None:
    seen = isms.edit(file, old, new).look("rec_access_control_rules")
    assert seen.status("rec_access_control_rules") == "fail"
    assert says in seen.reason("rec_access_control_rules")


def test_no_access_rules_fail(isms: Isms) -> None:
    isms.write("access_rules.toml", "")
    assert isms.look("rec_access_control_rules").status("rec_access_control_rules") == "fail"


@pytest.mark.parametrize(("kept", "file"), [("access_rules.toml", "access_rules.toml"), ("policies/", "policies/")])
def test_access_rules_that_may_not_be_read_are_unknown(isms: Isms, kept: str, file: str) -> None:
    seen = isms.look("rec_access_control_rules", kept=(kept,))
    assert seen.status("rec_access_control_rules") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_access_control_rules")


def test_duties_kept_apart_or_excepted_in_date_pass(isms: Isms) -> None:
    isms.edit("people.toml", 'roles = ["isms-manager"]', 'roles = ["isms-manager", "top-management"]')
    assert isms.look("rec_duty_conflicts").status("rec_duty_conflicts") == "pass"


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("duty_conflicts.toml", 'approved_by = "dana"\napproved_on', "approved_on", "run-and-audit names no approver"),
        ("duty_conflicts.toml", '["operator", "internal-auditor"]', '["operator"]', "does not name two duties"),
        ("duty_conflicts.toml", ", expires = 2026-09-30", "", "ines without an end"),
        ("duty_conflicts.toml", '"Stands in over the summer."', '""', "ines without a reason"),
        ("duty_conflicts.toml", 'approved_by = "dana", expires', 'approved_by = "ines", expires', "own approval"),
        ("people.toml", 'roles = ["operator"]', 'roles = ["operator", "internal-auditor"]', "omar holds both operator and"),
        ("roles.toml", 'holder = "rita"', 'holder = "omar"', "omar holds both operator and internal-auditor"),
    ],
)
def test_duties_that_meet_in_one_person_fail(isms: Isms, file: str, old: str, new: str, says: str) -> None:
    seen = isms.edit(file, old, new).look("rec_duty_conflicts")
    assert seen.status("rec_duty_conflicts") == "fail"
    assert says in seen.reason("rec_duty_conflicts")


def test_an_exception_that_has_passed_covers_nobody_who_still_holds_both(isms: Isms) -> None:
    isms.edit("duty_conflicts.toml", "2026-09-30", "2026-05-31")
    assert isms.look("rec_duty_conflicts").status("rec_duty_conflicts") == "pass"
    isms.edit("people.toml", 'roles = ["isms-manager"]', 'roles = ["isms-manager", "top-management"]')
    assert "ines holds both isms-manager and top-management" in isms.look("rec_duty_conflicts").reason("rec_duty_conflicts")


def test_no_conflicting_duties_fail(isms: Isms) -> None:
    assert isms.remove("duty_conflicts.toml").look("rec_duty_conflicts").status("rec_duty_conflicts") == "fail"


@pytest.mark.parametrize("file", ["duty_conflicts.toml", "people.toml", "roles.toml"])
def test_conflicting_duties_that_may_not_be_read_are_unknown(isms: Isms, file: str) -> None:
    seen = isms.look("rec_duty_conflicts", kept=(file,))
    assert seen.status("rec_duty_conflicts") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_duty_conflicts")
