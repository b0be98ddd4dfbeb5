import pytest

from tests.checks.records.conftest import Isms

NIL = '[[nil_return]]\nkind = "incident"\ndeclared_by = "omar"\ndate = 2026-05-20\n'


def test_a_current_plan_that_was_exercised_passes(isms: Isms) -> None:
    assert isms.look("rec_incident_plan_exercised").status("rec_incident_plan_exercised") == "pass"


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("incident_plan.toml", 'version = "4"\n', "", "names no version"),
        ("incident_plan.toml", "approved_on = 2025-12-10", "approved_on = 2025-05-10", "approved or reviewed on 2025-05-10"),
        ("incident_plan.toml", 'location = "wiki/incident-plan"\n', "", "has no text"),
        ("exercises.toml", "date = 2026-03-12", "date = 2025-03-12", "last held on 2025-03-12"),
        ("exercises.toml", 'plan = "incident"', 'plan = "continuity"', "no exercise of the incident plan"),
        ("exercises.toml", 'scenario = "Stolen laptop of an operator"\n', "", "names no scenario"),
        ("exercises.toml", "actions = ", "# ", "does not say what follows from it"),
        ("exercises.toml", ", done_on = 2026-03-20", "", "'Print the contact list' was due on 2026-04-01"),
        ("exercises.toml", "due = 2026-04-01, done_on = 2026-03-20", "", "has no owner or no due date"),
    ],
)
def test_a_plan_that_nobody_tried_fails(isms: Isms, file: str, old: str, new: str, says: str) -> None:
    if new == "" and old.startswith("due"):
        old = ", " + old
    seen = isms.edit(file, old, new).look("rec_incident_plan_exercised")
    assert seen.status("rec_incident_plan_exercised") == "fail"
    assert says in seen.reason("rec_incident_plan_exercised")


def test_no_plan_fails(isms: Isms) -> None:
    isms.remove("incident_plan.toml")
    assert isms.look("rec_incident_plan_exercised").status("rec_incident_plan_exercised") == "fail"


@pytest.mark.parametrize("file", ["incident_plan.toml", "exercises.toml"])
def test_a_plan_that_may_not_be_read_is_unknown(isms: Isms, file: str) -> None:
    seen = isms.look("rec_incident_plan_exercised", kept=(file,))
    assert seen.status("rec_incident_plan_exercised") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_incident_plan_exercised")


def test_incidents_handled_in_time_pass(isms: Isms) -> None:
    assert isms.look("rec_incident_timeline").status("rec_incident_timeline") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('class = "high"\n', "", "I-1 names no class"),
        ('owner = "omar"\n', "", "I-1 names no owner"),
        ("detected = 2026-02-11T08:00:00Z\n", "", "I-1 names no time of detection"),
        ("2026-02-11T11:30:00+01:00", "2026-02-14T11:30:00Z", "I-1 was not contained by 2026-02-14 08:00 UTC"),
        ("2026-02-11T11:30:00+01:00", "2026-02-11T08:30:00+01:00", "I-1 was contained before it was detected"),
        ("contained = 2026-02-11T11:30:00+01:00\n", "", "I-1 was not contained by 2026-02-14 08:00 UTC"),
        ("closed = 2026-02-20T10:00:00Z\n", "", "I-1 was not closed by 2026-05-12 08:00 UTC"),
        ("closed = 2026-02-20T10:00:00Z", "closed = 2026-02-11T09:00:00Z", "closed before it was contained"),
        ("closed = 2026-02-20T10:00:00Z", "closed = 2026-07-20T10:00:00Z", "lies ahead"),
    ],
)
def test_incidents_left_alone_fail(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("incidents.toml", old, new).look("rec_incident_timeline")
    assert seen.status("rec_incident_timeline") == "fail"
    assert says in seen.reason("rec_incident_timeline")


def test_an_incident_of_today_has_time_left(isms: Isms) -> None:
    isms.write("incidents.toml", '[[incident]]\nid = "I-2"\nclass = "low"\nowner = "omar"\ndetected = 2026-06-01T09:00:00Z\n')
    assert isms.look("rec_incident_timeline").status("rec_incident_timeline") == "pass"


@pytest.mark.parametrize("check", ["rec_incident_timeline", "rec_incident_lessons"])
def test_no_incidents_pass_only_by_a_nil_return(isms: Isms, check: str) -> None:
    isms.remove("incidents.toml")
    assert isms.look(check).status(check) == "fail"
    assert isms.write("nil_returns.toml", NIL).look(check).status(check) == "pass"
    old = isms.write("nil_returns.toml", NIL.replace("2026-05-20", "2025-05-20")).look(check)
    assert old.status(check) == "fail"
    assert "covers the time until 2025-05-20" in old.reason(check)


@pytest.mark.parametrize("check", ["rec_incident_timeline", "rec_incident_lessons"])
def test_incidents_that_may_not_be_read_are_unknown(isms: Isms, check: str) -> None:
    seen = isms.look(check, kept=("incidents.toml",))
    assert seen.status(check) == "unknown"
    assert "read isms/incidents.toml was denied" in seen.reason(check)


def test_serious_incidents_that_were_reviewed_pass(isms: Isms) -> None:
    assert isms.look("rec_incident_lessons").status("rec_incident_lessons") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('incident = "I-1"', 'incident = "I-9"', "I-1, closed on 2026-02-20, was not reviewed by 2026-03-22"),
        ("done_on = 2026-03-01\n", "", "was not reviewed by 2026-03-22"),
        ('cause = "No second factor on one mailbox"\n', "", "I-1 names no cause"),
        ("due = 2026-07-31", "due = 2026-05-31", "'Second factor on all mailboxes' was due on 2026-05-31"),
        ("actions = ", "# ", "does not say what follows from it"),
    ],
)
def test_serious_incidents_that_taught_nothing_fail(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("incident_reviews.toml", old, new).look("rec_incident_lessons")
    assert seen.status("rec_incident_lessons") == "fail"
    assert says in seen.reason("rec_incident_lessons")


def test_lesser_incidents_need_no_review_and_unclassified_ones_are_unknown(isms: Isms) -> None:
    isms.remove("incident_reviews.toml").edit("incidents.toml", 'class = "high"', 'class = "low"')
    assert isms.look("rec_incident_lessons").status("rec_incident_lessons") == "pass"
    isms.edit("incidents.toml", 'class = "low"\n', "")
    assert isms.look("rec_incident_lessons").status("rec_incident_lessons") == "unknown"


def test_reviews_that_may_not_be_read_are_unknown(isms: Isms) -> None:
    seen = isms.look("rec_incident_lessons", kept=("incident_reviews.toml",))
    assert seen.status("rec_incident_lessons") == "unknown"
    assert "read isms/incident_reviews.toml was denied" in seen.reason("rec_incident_lessons")


def test_exercised_continuity_plans_pass(isms: Isms) -> None:
    assert isms.look("rec_continuity_plan_exercised").status("rec_continuity_plan_exercised") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('rto = "4h"\n', "", "orders has no recovery time target"),
        ('rpo = "1h"\n', "", "orders has no recovery point target"),
        ("exercised_on = 2026-03-25\n", "", "orders names no day on which it was exercised"),
        ("exercised_on = 2026-03-25", "exercised_on = 2025-03-25", "orders was last exercised on 2025-03-25"),
        ('result = "passed"', 'result = "failed"', "on 2026-03-25 ended failed"),
        ('result = "passed"\n', "", "on 2026-03-25 ended without a result"),
        ('owner = "omar"\n', "", "orders names no owner"),
    ],
)
def test_continuity_plans_that_nobody_tried_fail(isms: Isms, old: str, new: str, says: str) -> None:
    seen = isms.edit("continuity_plans.toml", old, new).look("rec_continuity_plan_exercised")
    assert seen.status("rec_continuity_plan_exercised") == "fail"
    assert says in seen.reason("rec_continuity_plan_exercised")


def test_a_recovery_point_of_nothing_lost_is_a_target(isms: Isms) -> None:
    isms.edit("continuity_plans.toml", 'rpo = "1h"', 'rpo = "0m"')
    assert isms.look("rec_continuity_plan_exercised").status("rec_continuity_plan_exercised") == "pass"


def test_no_continuity_plans_fail_and_denied_ones_are_unknown(isms: Isms) -> None:
    denied = isms.look("rec_continuity_plan_exercised", kept=("continuity_plans.toml",))
    assert denied.status("rec_continuity_plan_exercised") == "unknown"
    assert "read isms/continuity_plans.toml was denied" in denied.reason("rec_continuity_plan_exercised")
    isms.remove("continuity_plans.toml")
    assert isms.look("rec_continuity_plan_exercised").status("rec_continuity_plan_exercised") == "fail"


def test_a_last_restore_within_its_targets_passes_whatever_was_before(isms: Isms) -> None:
    assert isms.look("rec_restore_test").status("rec_restore_test") == "pass"


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("restore_tests.toml", "date = 2026-03-26", "date = 2025-05-26", "orders was last restored on 2025-05-26"),
        ("restore_tests.toml", 'system = "orders"', 'system = "website"', "orders was never restored"),
        ("restore_tests.toml", 'result = "passed"', 'result = "failed"', "orders on 2026-03-26 ended failed"),
        ("restore_tests.toml", 'duration = "95m"', 'duration = "5h"', "took 300 minutes, and the rto is 240 minutes"),
        ("restore_tests.toml", 'data_loss = "15m"', 'data_loss = "2h"', "lost 120 minutes, and the rpo is 60 minutes"),
        ("restore_tests.toml", 'data_loss = "15m"\n', "", "does not say what it lost"),
        ("assets.toml", 'type = "system"', 'type = "hardware"', ""),
    ],
)
def test_a_restore_that_shows_nothing_does_not_pass(isms: Isms, file: str, old: str, new: str, says: str) -> None:
    seen = isms.edit(file, old, new).look("rec_restore_test")
    assert seen.status("rec_restore_test") == ("fail" if says else "unknown")
    assert says in seen.reason("rec_restore_test")


def test_targets_come_from_the_continuity_plan_where_the_asset_has_none(isms: Isms) -> None:
    isms.edit("assets.toml", 'rto = "4h"\nrpo = "1h"\n', "")
    assert isms.look("rec_restore_test").status("rec_restore_test") == "pass"
    isms.remove("continuity_plans.toml")
    assert isms.look("rec_restore_test").reason("rec_restore_test") == "orders has no rto; orders has no rpo"


def test_restores_need_to_know_what_is_critical(isms: Isms) -> None:
    isms.edit("assets.toml", 'criticality = "low"\n', "")
    assert isms.look("rec_restore_test").reason("rec_restore_test") == "isms/assets.toml does not say how critical website are"
    assert isms.remove("assets.toml").look("rec_restore_test").status("rec_restore_test") == "fail"


@pytest.mark.parametrize("file", ["assets.toml", "restore_tests.toml", "continuity_plans.toml"])
def test_restores_that_may_not_be_read_are_unknown(isms: Isms, file: str) -> None:
    isms.edit("assets.toml", 'rto = "4h"\n', "")
    seen = isms.look("rec_restore_test", kept=(file,))
    assert seen.status("rec_restore_test") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_restore_test")
