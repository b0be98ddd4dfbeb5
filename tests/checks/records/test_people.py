import pytest

from tests.checks.records.conftest import Isms


def nil_return(kind: str, date: str = "2026-05-20", by: str = 'declared_by = "dana"\n') -> str:
    return f'[[nil_return]]\nkind = "{kind}"\n{by}date = {date}\n'


def test_roles_with_holders_and_deputies_at_work_pass(isms: Isms) -> None:
    assert isms.look("rec_roles_assigned").status("rec_roles_assigned") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('holder = "omar"', 'holder = "toni"', "incident-manager is held by toni, who does not work here"),
        ('holder = "omar"\n', "", "incident-manager names no holder"),
        ('deputy = "rita"\n', "", "isms-manager names no deputy"),
        ('deputy = "rita"', 'deputy = "ines"', "isms-manager has ines as holder and as deputy"),
        ('role = "incident-manager"', 'role = "first-aider"', "nobody is named for the role incident-manager"),
        ('duties = "Leads the response to incidents."\n', "", "incident-manager names no duties"),
    ],
)
def test_roles_without_anybody_to_fill_them_fail(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("roles.toml", old, new).look("rec_roles_assigned")
    assert seen.status("rec_roles_assigned") == "fail"
    assert says in seen.reason("rec_roles_assigned")


def test_a_holder_whose_last_day_has_passed_does_not_work_here(isms: Isms) -> None:
    isms.edit("people.toml", "joined = 2025-11-03", "joined = 2025-11-03\nleft = 2026-05-31")
    assert "omar, who does not work here" in isms.look("rec_roles_assigned").reason("rec_roles_assigned")


def test_no_roles_fail(isms: Isms) -> None:
    assert isms.remove("roles.toml").look("rec_roles_assigned").status("rec_roles_assigned") == "fail"


@pytest.mark.parametrize("file", ["roles.toml", "people.toml"])
def test_roles_that_may_not_be_read_are_unknown(isms: Isms, file: str) -> None:
    seen = isms.look("rec_roles_assigned", kept=(file,))
    assert seen.status("rec_roles_assigned") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_roles_assigned")


def test_role_holders_with_proof_pass(isms: Isms) -> None:
    assert isms.look("rec_competence").status("rec_competence") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('role = "incident-manager"', 'role = "cook"', "omar has no proof of competence for the role incident-manager"),
        ('proof = "Lead auditor certificate"\n', "", "rita has no proof"),
        (
            "valid_until = 2027-06-30",
            "valid_until = 2026-04-30",
            "rita for the role internal-auditor ended on 2026-04-30",
        ),
        ("obtained_on = 2022-04-01", "obtained_on = 2026-09-01", "ines has no proof"),
    ],
)
def test_role_holders_without_current_proof_fail(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("competence.toml", old, new).look("rec_competence")
    assert seen.status("rec_competence") == "fail"
    assert says in seen.reason("rec_competence")


def test_competence_of_no_role_holders_fails(isms: Isms) -> None:
    assert isms.remove("roles.toml").look("rec_competence").status("rec_competence") == "fail"


@pytest.mark.parametrize("file", ["roles.toml", "competence.toml"])
def test_competence_that_may_not_be_read_is_unknown(isms: Isms, file: str) -> None:
    seen = isms.look("rec_competence", kept=(file,))
    assert seen.status("rec_competence") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_competence")


def test_people_screened_before_they_began_pass(isms: Isms) -> None:
    assert isms.look("rec_screening_done").status("rec_screening_done") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('person = "omar"', 'person = "rita"', "omar, who joined on 2025-11-03, was not screened"),
        ("done_on = 2025-10-10\n", "", "omar, who joined on 2025-11-03, was not screened"),
        ("done_on = 2025-10-10", "done_on = 2025-11-10", "omar began on 2025-11-03 and was screened on 2025-11-10"),
        ("start_date = 2025-11-03", "start_date = 2025-10-01", "omar began on 2025-10-01"),
        ('result = "passed"\n', "", "the screening of omar names no result"),
        ('result = "passed"', 'result = "failed"', "nobody is named who let them begin"),
    ],
)
def test_people_who_began_unscreened_fail(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("screenings.toml", old, new).look("rec_screening_done")
    assert seen.status("rec_screening_done") == "fail"
    assert says in seen.reason("rec_screening_done")


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (nil_return("screening"), "pass"),
        (nil_return("screening", date="2026-01-20"), "unknown"),
        (nil_return("screening", date="2026-06-20"), "unknown"),
        (nil_return("screening", by=""), "unknown"),
        (nil_return("leaver"), "unknown"),
        ("", "unknown"),
    ],
)
def test_that_nobody_joined_takes_a_dated_statement_by_a_person(isms: Isms, said: str, status: str) -> None:
    isms.edit("people.toml", "joined = 2025-11-03", "joined = 2022-11-03").write("nil_returns.toml", said)
    assert isms.look("rec_screening_done").status("rec_screening_done") == status


def test_screening_of_people_of_unknown_start_is_unknown_and_of_nobody_fails(isms: Isms) -> None:
    isms.edit("people.toml", "joined = 2020-02-01\n", "")
    assert isms.look("rec_screening_done").reason("rec_screening_done") == "isms/people.toml does not say when rita joined"
    assert isms.remove("people.toml").look("rec_screening_done").status("rec_screening_done") == "fail"


@pytest.mark.parametrize("file", ["people.toml", "screenings.toml"])
def test_screening_that_may_not_be_read_is_unknown(isms: Isms, file: str) -> None:
    seen = isms.look("rec_screening_done", kept=(file,))
    assert seen.status("rec_screening_done") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_screening_done")


def test_agreements_in_force_with_all_who_reach_secrets_pass(isms: Isms) -> None:
    assert isms.look("rec_nda_signed").status("rec_nda_signed") == "pass"


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("ndas.toml", 'party = "omar"', 'party = "toni"', "omar has signed no agreement"),
        ("ndas.toml", "valid_until = 2027-12-31", "valid_until = 2026-05-31", "the agreement of cloudco ended on 2026-05-31"),
        ("ndas.toml", "signed_on = 2025-01-10", "signed_on = 2026-07-10", "cloudco has signed no agreement"),
        ("suppliers.toml", "confidential = false", "confidential = true", "florist has signed no agreement"),
    ],
)
def test_people_and_suppliers_who_signed_nothing_fail(isms: Isms, file: str, old: str, new: str, says: str) -> None:
    seen = isms.edit(file, old, new).look("rec_nda_signed")
    assert seen.status("rec_nda_signed") == "fail"
    assert says in seen.reason("rec_nda_signed")


def test_a_person_who_reaches_nothing_confidential_signs_nothing(isms: Isms) -> None:
    isms.edit("ndas.toml", 'party = "omar"', 'party = "toni"')
    isms.edit("people.toml", "privileged = true\n", "confidential = false\n")
    assert isms.look("rec_nda_signed").status("rec_nda_signed") == "pass"


def test_a_supplier_of_whom_it_is_not_decided_is_unknown(isms: Isms) -> None:
    seen = isms.edit("suppliers.toml", "confidential = false\n", "").look("rec_nda_signed")
    assert seen.status("rec_nda_signed") == "unknown"
    assert "whether florist can reach confidential information" in seen.reason("rec_nda_signed")


def test_agreements_of_nobody_fail(isms: Isms) -> None:
    assert isms.remove("people.toml").look("rec_nda_signed").status("rec_nda_signed") == "fail"


@pytest.mark.parametrize("file", ["people.toml", "suppliers.toml", "ndas.toml"])
def test_agreements_that_may_not_be_read_are_unknown(isms: Isms, file: str) -> None:
    seen = isms.look("rec_nda_signed", kept=(file,))
    assert seen.status("rec_nda_signed") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_nda_signed")


def test_current_training_of_everybody_passes(isms: Isms) -> None:
    assert isms.look("rec_training_complete").status("rec_training_complete") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('person = "dana"\ncompleted_on = 2026-02-10', 'person = "dana"\ncompleted_on = 2025-02-10', "missing for dana"),
        ('person = "dana"\ncompleted_on = 2026-02-10', 'person = "dana"\ncompleted_on = 2027-02-10', "missing for dana"),
        ('person = "dana"', 'person = "toni"', "3 of 4 people have current training in security-awareness"),
        ('course = "privileged-access"', 'course = "cooking"', "privileged-access is missing for omar"),
    ],
)
def test_training_below_the_target_fails(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("training.toml", old, new).look("rec_training_complete")
    assert seen.status("rec_training_complete") == "fail"
    assert says in seen.reason("rec_training_complete")


def test_the_target_is_the_organizations_to_set(isms: Isms) -> None:
    isms.edit("training.toml", 'person = "dana"', 'person = "toni"')
    assert isms.look("rec_training_complete", target_percent=75).status("rec_training_complete") == "pass"


def test_people_who_began_this_month_do_not_count_for_training(isms: Isms) -> None:
    isms.add("people.toml", '[[person]]\nid = "newt"\njoined = 2026-05-15\n')
    assert isms.look("rec_training_complete").status("rec_training_complete") == "pass"


def test_training_needs_to_know_who_has_privileged_access(isms: Isms) -> None:
    seen = isms.edit("people.toml", "privileged = false\n", "").look("rec_training_complete")
    assert seen.status("rec_training_complete") == "unknown"
    assert "whether dana, ines, rita have privileged access" in seen.reason("rec_training_complete")


def test_training_of_nobody_is_unknown(isms: Isms) -> None:
    assert isms.remove("people.toml").look("rec_training_complete").status("rec_training_complete") == "unknown"


@pytest.mark.parametrize("file", ["people.toml", "training.toml"])
def test_training_that_may_not_be_read_is_unknown(isms: Isms, file: str) -> None:
    seen = isms.look("rec_training_complete", kept=(file,))
    assert seen.status("rec_training_complete") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_training_complete")


def test_leavers_with_finished_lists_pass(isms: Isms) -> None:
    assert isms.look("rec_leaver_checklist").status("rec_leaver_checklist") == "pass"


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (
            "leavers.toml",
            'person = "toni"',
            'person = "tom"',
            "toni left on 2026-02-27, and access was not removed",
        ),
        (
            "leavers.toml",
            "access_removed_on = 2026-02-27",
            "access_removed_on = 2026-03-27",
            "access was not removed by 2026-02-28",
        ),
        ("leavers.toml", "access_removed_on = 2026-02-27\n", "", "access was not removed by 2026-02-28"),
        ("leavers.toml", "assets_returned_on = 2026-03-02\n", "", "assets did not come back by 2026-03-29"),
        ("leavers.toml", "duties_confirmed_on = 2026-02-26\n", "", "duties that go on were not confirmed by 2026-03-29"),
        ("people.toml", "left = 2026-02-27\n", "", "does not say when toni left"),
    ],
)
def test_leavers_with_something_left_open_fail(isms: Isms, file: str, old: str, new: str, says: str) -> None:
    seen = isms.edit(file, old, new).look("rec_leaver_checklist")
    assert seen.status("rec_leaver_checklist") == "fail"
    assert says in seen.reason("rec_leaver_checklist")


def test_a_leaver_whom_only_the_personnel_list_knows_needs_a_list_too(isms: Isms) -> None:
    isms.write("hr_leavers.toml", '[[hr_leavers]]\nperson = "paul"\nlast_day = 2026-05-01\n')
    assert "paul left on 2026-05-01" in isms.look("rec_leaver_checklist").reason("rec_leaver_checklist")


def test_a_leaver_of_yesterday_has_time_to_bring_things_back(isms: Isms) -> None:
    isms.edit("people.toml", "left = 2026-02-27", "left = 2026-05-31")
    isms.write("leavers.toml", '[[leaver]]\nperson = "toni"\nlast_day = 2026-05-31\n')
    assert isms.look("rec_leaver_checklist").status("rec_leaver_checklist") == "pass"


@pytest.mark.parametrize(("said", "status"), [(nil_return("leaver"), "pass"), ("", "unknown")])
def test_that_nobody_left_takes_a_dated_statement(isms: Isms, said: str, status: str) -> None:
    isms.edit("people.toml", "left = 2026-02-27", "left = 2024-02-27").write("nil_returns.toml", said)
    isms.edit("leavers.toml", "last_day = 2026-02-27", "last_day = 2024-02-27")
    assert isms.look("rec_leaver_checklist").status("rec_leaver_checklist") == status


def test_leavers_of_no_roster_fail(isms: Isms) -> None:
    assert isms.remove("people.toml").look("rec_leaver_checklist").status("rec_leaver_checklist") == "fail"


@pytest.mark.parametrize("file", ["people.toml", "leavers.toml", "hr_leavers.toml"])
def test_leavers_that_may_not_be_read_are_unknown(isms: Isms, file: str) -> None:
    seen = isms.look("rec_leaver_checklist", kept=(file,))
    assert seen.status("rec_leaver_checklist") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_leaver_checklist")
