"""What fails the gate, what a baseline admits, and what each report says of it."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml, Skipped

from evidence_store.records import Severity
from reports import run_brief, run_csv, run_json, run_junit, run_markdown, run_sarif, run_text
from reports.gate import BaselineError, held, read_baseline
from reports.view import Reported, RunView, Standing
from tests.reports.estate import EXCUSE, HOSTILE, STARTED, finding, passed, run, unknown

WORSE = {"severity": Severity.CRITICAL}


def written(write: Any, view: RunView) -> str:
    out = io.StringIO(newline="")
    write(view, out)
    return out.getvalue()


def baseline(tmp_path: Path, *findings: Reported, **changed: Any) -> str:
    """A JSON report with these findings."""
    path = tmp_path / "known.json"
    path.write_text(written(run_json.write, run(findings, **changed)))
    return str(path)


def gated(findings: list[Reported], path: str | None, fail_on: Severity | None = Severity.HIGH, **changed: Any) -> RunView:
    return held(
        run(findings, **{"complete": True, "targets": ("prod",), **changed}), fail_on, read_baseline(path) if path else None
    )


def standings(view: RunView) -> list[Standing | None]:
    return [found.standing for found in view.findings]


def test_without_a_gate_or_a_baseline_nothing_is_read_and_nothing_changes() -> None:
    view = run()
    assert held(view, None, None) is view


@pytest.mark.parametrize(
    ("severity", "passes"), [(Severity.LOW, False), (Severity.HIGH, False), (Severity.CRITICAL, True)], ids=str
)
def test_the_gate_fails_at_its_severity_or_worse(severity: Severity, passes: bool) -> None:
    view = gated([finding(), passed("aws_rds_encrypted", "b"), unknown("aws_rds_encrypted", "c")], None, severity)
    assert view.gate
    assert view.gate.passed is passes


def test_an_unknown_does_not_fail_the_gate() -> None:
    view = gated([unknown("aws_rds_encrypted", "db")], None, Severity.LOW)
    assert view.gate
    assert view.gate.passed


def test_what_failed_before_is_known_and_what_did_not_is_new(tmp_path: Path) -> None:
    path = baseline(tmp_path, finding(), passed("aws_rds_encrypted", "fixed"), unknown("aws_rds_encrypted", "unseen"))
    found = [finding(), finding(uid="other"), finding(uid="fixed"), finding(uid="unseen")]
    view = gated(found, path)
    assert standings(view) == [Standing.UNCHANGED, Standing.NEW, Standing.NEW, Standing.UPDATED]
    assert view.gate
    assert (view.gate.known, sum(view.gate.failing.values())) == (1, 3)


def test_what_is_known_may_be_worded_anew(tmp_path: Path) -> None:
    view = gated([finding(reason="another sentence")], baseline(tmp_path, finding()))
    assert view.gate
    assert view.gate.passed


def test_what_got_worse_since_the_baseline_fails_again(tmp_path: Path) -> None:
    path = baseline(tmp_path, finding(severity=Severity.LOW))
    assert standings(gated([finding(**WORSE)], path)) == [Standing.UPDATED]
    path = baseline(tmp_path, finding(**WORSE))
    assert standings(gated([finding(severity=Severity.LOW)], path)) == [Standing.UNCHANGED]


def test_what_was_excepted_in_the_baseline_is_not_known(tmp_path: Path) -> None:
    view = gated([finding()], baseline(tmp_path, finding(exception=EXCUSE)))
    assert view.gate
    assert not view.gate.passed


def test_what_an_exception_covers_now_neither_fails_nor_counts_as_known(tmp_path: Path) -> None:
    view = gated([finding(exception=EXCUSE)], baseline(tmp_path, finding()))
    assert view.gate
    assert (view.gate.passed, view.gate.known, view.gate.gone) == (True, 0, 0)


def test_an_exception_that_ran_out_fails_again_though_the_baseline_knows_the_finding(tmp_path: Path) -> None:
    view = gated([finding(lapsed="EX-7")], baseline(tmp_path, finding()))
    assert view.gate
    assert not view.gate.passed
    assert "EX-7 has run out" in written(run_text.write, view)
    assert "`EX-7` has run out" in written(run_markdown.write, view)
    assert "exception: EX-7 has run out" in written(run_junit.write, view)
    [result] = json.loads(written(run_sarif.write, view))["runs"][0]["results"]
    assert result["properties"]["lapsedException"] == "EX-7"


def test_failures_that_are_gone_are_counted_unless_something_was_not_read(tmp_path: Path) -> None:
    path = baseline(tmp_path, finding(), finding(uid="deleted"), finding("host_ssh_root_login", "mended"))
    found = [finding(), passed("host_ssh_root_login", "mended")]
    view = gated(found, path)
    assert view.gate
    assert view.gate.gone == 2
    assert "2 of its failures are gone: write it anew" in " ".join(written(run_text.write, view).split())
    incomplete = gated(found, path, complete=False).gate
    assert incomplete
    assert incomplete.gone == 0


def test_a_check_that_this_run_did_not_ask_is_not_gone(tmp_path: Path) -> None:
    path = baseline(tmp_path, finding("host_ssh_root_login", "host:a"))
    gate = gated([], path, definitions={}).gate
    assert gate
    assert gate.gone == 0


def test_a_target_that_this_run_did_not_ask_is_not_gone(tmp_path: Path) -> None:
    path = baseline(tmp_path, finding(uid="of-staging", target="staging"), finding(uid="of-prod"))
    gate = gated([], path).gate
    assert gate
    assert gate.gone == 1


def test_a_baseline_cut_down_to_its_failures_is_one(tmp_path: Path) -> None:
    path = Path(baseline(tmp_path, finding()))
    report = json.loads(path.read_text())
    path.write_text(json.dumps({"schema": report["schema"], "findings": report["findings"]}))
    gate = gated([finding()], str(path)).gate
    assert gate
    assert gate.passed
    assert gate.document()["baseline"] is None
    assert "1 failure known by the baseline" in written(run_text.write, gated([finding()], str(path)))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "not a JSON report"),
        ("[" * 100_000, "not a JSON report"),
        ("\x00\xff", "not a JSON report"),
        ("[]", "schema None"),
        ('{"schema": "annexa.soa/1"}', "schema 'annexa.soa/1'; expected annexa.run/1"),
        ('{"version": "2.1.0", "runs": []}', "a SARIF report; a baseline is a JSON report"),
        ('{"schema": "annexa.run/1"}', "not a whole JSON report"),
        ('{"schema": "annexa.run/1", "findings": [{"status": "fail"}]}', "not a whole JSON report"),
        ('{"schema": "annexa.run/1", "findings": [{"status": "perhaps"}]}', "not a whole JSON report"),
        ('{"schema": "annexa.run/1", "run": 7, "findings": []}', "not a whole JSON report"),
    ],
)
def test_what_is_no_baseline_is_refused_with_what_to_do(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "b.json"
    path.write_text(content)
    with pytest.raises(BaselineError) as refused:
        read_baseline(str(path))
    assert complaint in str(refused.value)
    assert "--format json" in str(refused.value)


def test_a_baseline_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="No such file"):
        read_baseline(str(tmp_path / "none.json"))


# -- what the reports say of it ----------------------------------------------------------------------------------------


@pytest.fixture
def mixed(tmp_path: Path) -> RunView:
    """One known failure, one new one, one excepted, one unknown."""
    known = finding(uid="db:known", since=STARTED.replace(year=2020))
    found = [finding("aws_iam_root_mfa", "acct"), known, finding(uid="db:waived", exception=EXCUSE)]
    return gated([*found, unknown("aws_rds_encrypted", "db:unseen")], baseline(tmp_path, known))


def test_json_carries_the_gate_and_the_standing_of_each_finding(mixed: RunView) -> None:
    report = json.loads(written(run_json.write, mixed))
    assert report["gate"] == {
        "fail_on": "high",
        "passed": False,
        "failing": 1,
        "known": 1,
        "gone": 0,
        "baseline": "20260301-060000-7f3a",
    }
    assert [f["baseline"] for f in report["findings"]] == ["new", "unchanged", "new", "new"]


def test_sarif_carries_the_state_of_every_result(mixed: RunView) -> None:
    results = json.loads(written(run_sarif.write, mixed))["runs"][0]["results"]
    assert [r["baselineState"] for r in results] == ["new", "unchanged", "new", "new"]
    assert all("baselineState" not in r for r in json.loads(written(run_sarif.write, run()))["runs"][0]["results"])


def test_junit_skips_what_the_baseline_knows(mixed: RunView) -> None:
    report = JUnitXml.fromstring(written(run_junit.write, mixed).encode())
    assert (report.failures, report.skipped, report.errors) == (1, 2, 1)
    cases: dict[str, Any] = {case.name: case for suite in report for case in suite}
    [skipped] = cases["db:known"].result
    assert isinstance(skipped, Skipped)
    assert skipped.type == "baseline"


def test_csv_names_the_standing_in_its_last_column(mixed: RunView) -> None:
    header, first, *_ = written(run_csv.write, mixed).splitlines()
    assert (header.rpartition(",")[2], first.rpartition(",")[2]) == ("baseline", "new")


def test_text_puts_checks_with_new_failures_first_and_counts_the_known(mixed: RunView) -> None:
    shown = written(run_text.write, replace(mixed, exit_code=1))
    assert "Gate (high or worse) failed by 1 finding: 1 critical; 1 failure known by the baseline." in shown
    worst = shown[shown.index("WORST FINDINGS") :]
    assert worst.index("aws_iam_root_mfa") < worst.index("aws_rds_encrypted")
    assert "(1 known by the baseline)" in shown


def test_of_a_check_new_failures_are_shown_before_older_known_ones(tmp_path: Path) -> None:
    old = [finding(uid=f"db:{i}", reason=f"old {i}", since=STARTED.replace(year=2010)) for i in range(5)]
    view = gated([*old, finding(uid="db:new", reason="the new one")], baseline(tmp_path, *old))
    assert "the new one" in written(run_text.write, view)
    assert "the new one" in written(run_markdown.write, view)


def test_a_run_without_fault_has_nothing_to_say_in_brief() -> None:
    assert written(run_brief.write, run([passed("aws_rds_encrypted", "db")], complete=True)) == ""
    assert written(run_brief.write, gated([finding()], None, Severity.CRITICAL)) == ""


def test_in_brief_a_failed_gate_names_the_worst_and_counts_the_rest() -> None:
    found = [finding("aws_iam_root_mfa", "acct"), *(finding(uid=f"db:{i}") for i in range(9))]
    lines = written(run_brief.write, gated(found, None)).splitlines()
    assert len(lines) <= 8
    assert "failed by 10 findings: 1 critical, 9 high" in lines[0]
    assert "critical aws_iam_root_mfa" in lines[1]
    assert "and 6 more" in lines[-2]


def test_in_brief_an_incomplete_run_says_what_is_missing_and_what_to_do() -> None:
    shown = written(run_brief.write, run(complete=False))
    assert "Incomplete: 1 reason; 3 answers unknown" in shown
    assert "rds:DescribeDBInstances was denied (AccessDenied) in prod: 123456789012 eu-west-2; to do: grant" in shown


def test_in_brief_hostile_names_stay_on_their_line() -> None:
    found = [finding(uid=text, reason=text) for text in HOSTILE]
    lines = written(run_brief.write, gated(found, None)).split("\n")
    assert all(line.startswith("scanner: ") for line in lines[:-1])
    assert all(len(line) <= 1_400 and line.isprintable() for line in lines)
