import pytest

from tests.checks.records.conftest import Isms


def test_an_approved_method_with_scales_and_a_level_passes(isms: Isms) -> None:
    assert isms.look("rec_risk_method").status("rec_risk_method") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("acceptance = 4\n", "", "no acceptance level"),
        ('impact_scale = ["small", "felt", "severe"]\n', "", "no scale of impact"),
        ('approved_by = "dana"\n', "", "no approver"),
        ('approved_by = "dana"', 'approved_by = "dnaa"', "dnaa as approver, who is not in isms/people.toml"),
        ("approved_on = 2025-12-01", "approved_on = 2025-05-01", "2025-05-01, and the limit is 365 days"),
    ],
)
def test_a_method_that_leaves_something_open_fails(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("risk_method.toml", old, new).look("rec_risk_method")
    assert seen.status("rec_risk_method") == "fail"
    assert says in seen.reason("rec_risk_method")


def test_an_acceptance_level_of_zero_is_a_level(isms: Isms) -> None:
    isms.edit("risk_method.toml", "acceptance = 4", "acceptance = 0")
    assert isms.look("rec_risk_method").status("rec_risk_method") == "pass"


def test_no_method_fails_and_a_denied_one_is_unknown(isms: Isms) -> None:
    denied = isms.look("rec_risk_method", kept=("risk_method.toml",))
    assert denied.status("rec_risk_method") == "unknown"
    assert "read isms/risk_method.toml was denied" in denied.reason("rec_risk_method")
    assert isms.remove("risk_method.toml").look("rec_risk_method").status("rec_risk_method") == "fail"


def test_risks_assessed_in_the_interval_and_after_changes_pass(isms: Isms) -> None:
    assert isms.look("rec_risk_assessment_current").status("rec_risk_assessment_current") == "pass"


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("risks.toml", "assessed_on = 2026-02-01", "assessed_on = 2025-02-01", "R-1 was last assessed on 2025-02-01"),
        ("risks.toml", "assessed_on = 2026-02-01", "", "R-1 names no day on which it was assessed"),
        ("risks.toml", "likelihood = 2\n", "", "R-1 names no likelihood"),
        ("risks.toml", 'owner = "dana"\n', "", "R-1 names no owner"),
        ("risks.toml", 'owner = "dana"', 'owner = "toni"', "R-1 names toni as owner, who does not work here"),
        ("isms_changes.toml", "date = 2026-01-25", "date = 2026-03-25", "R-1 was not assessed again after the change C-1"),
        ("isms_changes.toml", '2026-01-25\nrisks = ["R-1"]', '2026-03-25\nrisks = ["*"]', "R-2 was not assessed again"),
    ],
)
def test_risks_that_nobody_looked_at_again_fail(isms: Isms, file: str, old: str, new: str, says: str) -> None:
    seen = isms.edit(file, old, new).look("rec_risk_assessment_current")
    assert seen.status("rec_risk_assessment_current") == "fail"
    assert says in seen.reason("rec_risk_assessment_current")


def test_a_change_of_last_week_leaves_time_to_assess(isms: Isms) -> None:
    isms.edit("isms_changes.toml", "date = 2026-01-25", "date = 2026-05-25")
    assert isms.look("rec_risk_assessment_current").status("rec_risk_assessment_current") == "pass"


@pytest.mark.parametrize("file", ["risks.toml", "isms_changes.toml"])
def test_risks_or_changes_that_may_not_be_read_are_unknown(isms: Isms, file: str) -> None:
    seen = isms.look("rec_risk_assessment_current", kept=(file,))
    assert seen.status("rec_risk_assessment_current") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_risk_assessment_current")


def test_an_empty_risk_register_passes_nothing(isms: Isms) -> None:
    isms.remove("risks.toml")
    for check in ("rec_risk_assessment_current", "rec_risk_treatment_progress", "rec_risk_control_trace"):
        assert isms.look(check).status(check) == "fail"
    assert isms.look("rec_risk_residual_accepted").of("rec_risk_residual_accepted") == []


def test_residual_risk_accepted_by_its_owner_or_below_the_level_passes(isms: Isms) -> None:
    seen = isms.look("rec_risk_residual_accepted")
    assert [str(f.status) for f in seen.of("rec_risk_residual_accepted")] == ["pass", "pass"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("residual = 6\n", "", "says nothing of what remains"),
        ('accepted_by = "dana"\n', "", "nobody has accepted it"),
        ("accepted_on = 2026-02-03\n", "", "nobody has accepted it"),
        ("accepted_on = 2026-02-03", "accepted_on = 2027-02-03", "nobody has accepted it"),
        ("accepted_on = 2026-02-03", "accepted_on = 2026-01-03", "before it was assessed on 2026-02-01"),
        ('accepted_by = "dana"', 'accepted_by = "omar"', "accepted by omar, who is not its owner"),
    ],
)
def test_residual_risk_above_the_level_without_the_owners_word_fails(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("risks.toml", old, new).look("rec_risk_residual_accepted")
    assert seen.status("rec_risk_residual_accepted", "R-1") == "fail"
    assert says in seen.reason("rec_risk_residual_accepted", "R-1")


def test_residual_risk_without_a_level_or_a_date_of_assessment_is_unknown(isms: Isms) -> None:
    undated = isms.edit("risks.toml", "assessed_on = 2026-02-01", "").look("rec_risk_residual_accepted")
    assert undated.status("rec_risk_residual_accepted", "R-2") == "unknown"
    seen = isms.edit("risk_method.toml", "acceptance = 4\n", "").look("rec_risk_residual_accepted")
    assert seen.status("rec_risk_residual_accepted", "R-2") == "unknown"


@pytest.mark.parametrize(("file", "findings"), [("risks.toml", 1), ("risk_method.toml", 2)])
def test_residual_risk_that_may_not_be_read_is_unknown(isms: Isms, file: str, findings: int) -> None:
    found = isms.look("rec_risk_residual_accepted", kept=(file,)).of("rec_risk_residual_accepted")
    assert [str(f.status) for f in found] == ["unknown"] * findings
    assert f"read isms/{file} was denied" in found[0].reason


def test_treatment_in_time_passes(isms: Isms) -> None:
    assert isms.look("rec_risk_treatment_progress").status("rec_risk_treatment_progress") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("due = 2026-09-30", "due = 2026-05-31", "T-1 was due on 2026-05-31"),
        ("due = 2026-09-30\n", "", "T-1 names no due date"),
        ('owner = "omar"\n', "", "T-1 names no owner"),
        ("done_on = 2026-03-20\n", "", "T-2 is done and names no day"),
        ('risk = "R-1"', 'risk = "R-9"', "no treatment is planned for R-1"),
        ('risk = "R-1"', 'risk = "R-9"', "T-1 treats R-9, which is no risk"),
    ],
)
def test_treatment_that_slips_unseen_fails(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("treatments.toml", old, new).look("rec_risk_treatment_progress")
    assert seen.status("rec_risk_treatment_progress") == "fail"
    assert says in seen.reason("rec_risk_treatment_progress")


def test_late_treatment_that_was_escalated_passes(isms: Isms) -> None:
    isms.edit("treatments.toml", "due = 2026-09-30", 'due = 2026-05-30\nescalated_to = "dana"\nescalated_on = 2026-05-31')
    assert isms.look("rec_risk_treatment_progress").status("rec_risk_treatment_progress") == "pass"


def test_the_last_day_of_a_treatment_still_counts(isms: Isms) -> None:
    isms.edit("treatments.toml", "due = 2026-09-30", "due = 2026-06-01")
    assert isms.look("rec_risk_treatment_progress").status("rec_risk_treatment_progress") == "pass"


def test_a_register_of_accepted_risks_needs_no_treatment(isms: Isms) -> None:
    isms.remove("treatments.toml").edit("risks.toml", 'option = "mitigate"', 'option = "accept"')
    assert isms.look("rec_risk_treatment_progress").status("rec_risk_treatment_progress") == "not_applicable"


def test_a_risk_without_an_option_is_not_treated(isms: Isms) -> None:
    isms.edit("risks.toml", 'option = "accept"\n', "")
    assert "no treatment option was chosen for R-2" in isms.look("rec_risk_treatment_progress").reason(
        "rec_risk_treatment_progress"
    )


@pytest.mark.parametrize("file", ["risks.toml", "treatments.toml"])
def test_treatment_that_may_not_be_read_is_unknown(isms: Isms, file: str) -> None:
    seen = isms.look("rec_risk_treatment_progress", kept=(file,))
    assert seen.status("rec_risk_treatment_progress") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_risk_treatment_progress")


def test_risks_that_lead_to_controls_and_controls_with_reasons_pass(isms: Isms) -> None:
    assert isms.look("rec_risk_control_trace").status("rec_risk_control_trace") == "pass"


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("risks.toml", 'controls = ["A.8.5", "8.2"]\n', "", "R-1 names no controls"),
        ("risks.toml", 'controls = ["A.8.5", "8.2"]', "controls = []", "R-1 names no controls"),
        ("risks.toml", 'treatment = "Second factor for everybody"\n', "", "R-1 names no treatment"),
        ("risks.toml", '"8.2"', '"A.9.2"', "A.9.2, which is no control"),
        ("risks.toml", '"8.2"', '"A.7.12"', "A.7.12, which does not apply"),
        ("risks.toml", 'option = "accept"\n', "", "R-2 names no treatment option"),
        ("soa.toml", 'reason = "Needed to treat risks of the register."\n', "", "no reason is given for A.5.1"),
        ("soa.toml", "applicable = true\n", "", "R-1 is treated by A.8.5, which does not apply"),
    ],
)
def test_a_broken_trace_fails(isms: Isms, file: str, old: str, new: str, says: str) -> None:
    seen = isms.edit(file, old, new).look("rec_risk_control_trace")
    assert seen.status("rec_risk_control_trace") == "fail"
    assert says in seen.reason("rec_risk_control_trace")


@pytest.mark.parametrize("file", ["risks.toml", "soa.toml"])
def test_a_trace_that_may_not_be_read_is_unknown(isms: Isms, file: str) -> None:
    seen = isms.look("rec_risk_control_trace", kept=(file,))
    assert seen.status("rec_risk_control_trace") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_risk_control_trace")
