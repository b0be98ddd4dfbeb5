"""What a person sees after a run."""

import io
from dataclasses import replace

import pytest

from evidence_store.records import Severity, Status, Unread, Why
from reports import run_text
from reports.summary import summarise, why_unread
from reports.terminal import WIDTH, columns
from reports.view import Excuse, RunView
from tests.reports.estate import DEFINITIONS, DENIED, EXCUSE, HOSTILE, STARTED, finding, passed, run, unknown


def text(view: RunView) -> str:
    out = io.StringIO()
    run_text.write(view, out)
    return out.getvalue()


def test_page_one_says_the_outcome_the_unknowns_and_the_exit_code() -> None:
    shown = text(replace(run(), exit_code=1))
    assert "2 gaps observed in 8 answers: 1 critical, 1 high." in shown
    assert "1 pass · 2 fail · 1 fail under an exception · 2 unknown · 1 error of ours · 1 not applicable" in shown
    assert "3 answers unknown: not seen is not a pass." in shown
    assert "Exit 1: the gate failed" in shown
    assert "3 checks, 4 sources; 5 calls made" in shown


def test_page_one_says_how_much_of_what_was_planned_was_read() -> None:
    assert "2 listings in 2 places: 1 complete, 1 failed." in text(run())


def test_each_of_several_targets_has_a_line_that_says_how_it_was_read_and_judged() -> None:
    findings = [finding(), passed("aws_rds_encrypted", "b"), unknown("aws_rds_encrypted", "c")]
    shown = text(run(findings, targets=("isms", "prod")))
    lines = {line.split()[0]: line.split()[1:] for line in shown.split("TARGETS")[1].splitlines()[1:4] if line.strip()}
    assert lines["target"] == ["places", "pass", "fail", "unknown", "listings", "read"]
    assert lines["prod"] == ["2", "1", "1", "1", "1", "of", "2"]
    assert lines["isms"] == ["0", "0", "0", "0", "0", "of", "0"]


def test_a_single_target_needs_no_table() -> None:
    assert "TARGETS" not in text(run(targets=("prod",)))


def test_checks_without_a_target_are_not_passed_over_in_silence() -> None:
    shown = text(run(unanswerable=(DEFINITIONS["aws_iam_root_mfa"], DEFINITIONS["aws_rds_encrypted"])))
    assert "Not asked: 2 checks (aws) for which no target is configured or chosen." in shown


def test_an_exception_that_does_not_count_is_named_with_the_reason() -> None:
    shown = text(run(invalid_exceptions=("EX-9: it expired on 2026-02-01",)))
    assert "EXCEPTIONS THAT DO NOT COUNT (1)" in shown
    assert "EX-9: it expired on 2026-02-01" in shown


def test_an_incomplete_run_claims_nothing_of_what_was_not_read() -> None:
    assert "Exit 3: incomplete" in text(run())
    assert "Exit 0: everything in scope was read" in text(run(complete=True))


def test_it_never_says_compliant() -> None:
    shown = text(run([passed("aws_rds_encrypted", "db")], complete=True))
    assert "No gap observed in 1 answer." in shown
    assert "compliant" not in shown.lower()


def test_no_gap_with_unknowns_says_both() -> None:
    shown = text(run([passed("aws_rds_encrypted", "db"), unknown("aws_rds_encrypted", "x")]))
    assert "No gap observed in what could be judged; 1 of 2 answers could not be." in shown


def test_a_run_that_judged_nothing_says_so() -> None:
    assert "Nothing was judged" in text(run((), coverage=(), controls=()))


def test_a_missing_permission_is_named_once_with_what_it_touches() -> None:
    findings = [unknown("aws_rds_encrypted", f"db-{i}") for i in range(30)] + [unknown("host_ssh_root_login", "host")]
    shown = text(run(findings, coverage=()))
    assert shown.count(DENIED) == 1
    assert "leaves 31 answers of 2 checks unknown" in shown
    assert "to do: grant ec2:DescribeInstances" in shown


def test_a_covered_blind_spot_names_its_exception_instead_of_a_remedy() -> None:
    def covered(_scope: object, action: str) -> Excuse | None:
        return EXCUSE if action == "ec2:DescribeInstances" else None

    shown = text(run([unknown("aws_rds_encrypted", "db")], coverage=(), blind_spot=covered))
    assert "accepted until 2026-06-30: EX-7" in shown
    assert "grant ec2" not in shown


def test_the_worst_come_first_and_of_each_check_what_is_open_longest() -> None:
    findings = [finding("host_ssh_root_login", "host:a")]
    findings += [finding(uid=f"db-{i}", reason=f"number {i}", since=STARTED.replace(year=2026 - i)) for i in range(9)]
    findings += [finding("aws_iam_root_mfa", "acct")]
    shown = text(run(findings))
    order = [shown.index(check) for check in ("aws_iam_root_mfa", "aws_rds_encrypted", "host_ssh_root_login")]
    assert order == sorted(order)
    assert shown.index("number 8") < shown.index("number 7") < shown.index("number 6")
    assert "number 5" not in shown
    assert "and 6 more, see --format json" in shown


def test_findings_of_the_same_age_do_not_trip_over_each_other() -> None:
    assert "and 17 more" in text(run([finding(uid=f"db-{i}") for i in range(20)]))


def test_a_bug_of_ours_is_said_to_be_one() -> None:
    assert "1 error of ours: please report" in text(run())


def test_controls_stand_by_theme_with_what_is_missing() -> None:
    shown = text(run())
    assert "A.8 technological: 1 gap" in shown
    assert "No primary check of Annexa speaks to 1 control:\n    " in shown
    assert "(1): A.7.1" in shown
    row = next(line for line in shown.splitlines() if line.strip().startswith("A.8.24 "))
    assert "review" in row


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_stay_within_their_line_and_the_terminal(hostile: str) -> None:
    findings = [finding(uid=hostile, reason=hostile, target=hostile), unknown("host_ssh_root_login", hostile, hostile)]
    lines = text(run(findings)).split("\n")
    assert all(columns(line) <= WIDTH for line in lines)
    assert all(character.isprintable() for line in lines for character in line)


def test_there_is_no_colour_where_nobody_asked_for_it() -> None:
    assert "\x1b" not in text(run())


@pytest.mark.parametrize("why", Why)
@pytest.mark.parametrize("detail", ["", "AccessDenied", "a (b) was denied"])
def test_every_reason_that_the_records_word_gives_back_its_action(why: Why, detail: str) -> None:
    assert why_unread(str(Unread(why, "read isms/risks.toml", detail))) == ("read isms/risks.toml", why)


def test_a_sentence_of_a_check_is_not_taken_for_a_failed_read() -> None:
    assert why_unread("web-2 has no owner in the asset register") is None


def test_the_summary_counts_as_open_what_no_exception_covers() -> None:
    summary = summarise(run())
    assert summary.open_by_severity[Severity.CRITICAL] == 1
    assert summary.open == 2
    assert summary.excepted == 1
    assert summary.counts[Status.FAIL] == 3


def test_thousands_of_reasons_do_not_fill_the_memory() -> None:
    findings = [unknown("aws_rds_encrypted", f"db-{i}", f"x:Y was denied (request {i})") for i in range(5_000)]
    summary = summarise(run(findings, coverage=()))
    assert len(summary.unseen) == 2_000
    assert summary.unknown == 5_000
    assert sum(each.findings for each in summary.unseen) + sum(each.findings for each in summary.undecided) == 5_000
