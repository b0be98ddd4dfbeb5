"""Each format of a run, read back by a reader of that format."""

import csv
import io
import json
import re
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TextIO
from xml.etree import ElementTree

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped

import scanner
from commands.run import WRITERS
from evidence_store.records import Severity, Status
from reports import run_csv, run_json, run_junit, run_markdown, run_sarif, run_text
from reports.view import RunView, Stream
from tests.reports.estate import DENIED, FINDINGS, HOSTILE, finding, many, passed, run, unknown

Write = Callable[[RunView, TextIO], None]
FORMATS: tuple[Write, ...] = tuple(WRITERS.values())
SHORT = {run_text.write, run_markdown.write}  # they show the worst, and count the rest


def written(write: Write, view: RunView) -> str:
    out = io.StringIO(newline="")
    write(view, out)
    return out.getvalue()


def hostile() -> RunView:
    """A run in which every name and reason wants to do harm."""
    return run([finding(uid=text, reason=text, target=text) for text in HOSTILE])


# -- JSON --------------------------------------------------------------------------------------------------------------


def test_json_holds_what_other_programs_rely_on() -> None:
    report = json.loads(written(run_json.write, run()))
    assert report["schema"] == "annexa.run/1"
    assert report["run"] == {
        "id": "20260301-060000-7f3a",
        "started": "2026-03-01T06:00:00Z",
        "finished": "2026-03-01T06:00:04.200000Z",
        "version": "0.1.0",
        "complete": False,
        "planned": "3 checks, 4 sources; 5 calls made",
        "unanswerable": [],
        "unconfigured": [],
    }
    assert report["coverage"][1]["reason"] == "rds:DescribeDBInstances was denied (AccessDenied)"
    assert report["findings"][0] == {
        "check": "aws_iam_root_mfa",
        "severity": "critical",
        "status": "fail",
        "reason": "the root user of 123456789012 has no second factor",
        "resource": {
            "target": "prod",
            "account": "123456789012",
            "region": "global",
            "type": "aws.account",
            "id": "123456789012",
        },
        "controls": ["A.5.17", "A.8.5"],
        "since": "2026-01-30T06:00:00Z",
        "exception": None,
        "lapsed_exception": None,
        "baseline": None,
    }
    assert [c["id"] for c in report["controls"]] == ["A.5.17", "A.7.1", "A.8.24"]
    assert set(report["checkpoint"]) == {"origin", "size", "root"}


def test_json_includes_what_passed_and_keeps_an_excepted_failure_a_failure() -> None:
    findings = json.loads(written(run_json.write, run()))["findings"]
    assert [f["status"] for f in findings].count("pass") == 1
    legacy = next(f for f in findings if f["resource"]["id"].endswith("legacy"))
    assert legacy["status"] == "fail"
    assert legacy["exception"]["id"] == "EX-7"


def test_json_gives_hostile_text_back_exactly() -> None:
    report = json.loads(written(run_json.write, hostile()))
    assert [f["resource"]["id"] for f in report["findings"]] == list(HOSTILE)


def test_json_of_an_empty_run_is_whole() -> None:
    report = json.loads(written(run_json.write, run((), coverage=(), controls=())))
    assert report["findings"] == report["controls"] == report["coverage"] == []


# -- CSV ---------------------------------------------------------------------------------------------------------------


def test_csv_has_one_row_for_each_finding() -> None:
    rows = list(csv.DictReader(io.StringIO(written(run_csv.write, run()), newline="")))
    assert len(rows) == len(FINDINGS)
    assert rows[0]["title"] == "The root user signs in with a second factor"
    assert rows[0]["controls"] == "A.5.17 A.8.5"
    assert (rows[2]["exception"], rows[2]["exception_expires"]) == ("EX-7", "2026-06-30")
    assert rows[4]["region"] == "eu-west-2"


def test_csv_holds_no_formula_and_no_line_break_within_a_cell() -> None:
    text = written(run_csv.write, hostile())
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len(rows) == len(HOSTILE) + 1 == text.count("\r\n")
    for cells in rows[1:]:
        assert not any(value.lstrip().startswith(("=", "+", "-", "@")) for value in cells)
        assert not any(re.search(r"[\x00-\x1f]", value) for value in cells)


# -- JUnit -------------------------------------------------------------------------------------------------------------


def parsed_junit(view: RunView) -> Any:
    return JUnitXml.fromstring(written(run_junit.write, view).encode())


def test_junit_counts_are_those_of_its_cases() -> None:
    report = parsed_junit(run())
    assert (report.tests, report.failures, report.errors, report.skipped) == (8, 2, 3, 2)
    for suite in report:
        cases = list(suite)
        assert suite.tests == len(cases)
        assert suite.failures == sum(isinstance(r, Failure) for case in cases for r in case.result)
        assert suite.errors == sum(isinstance(r, Error) for case in cases for r in case.result)


def test_junit_shows_unknown_as_an_error_and_an_exception_as_skipped() -> None:
    cases = {case.name.rpartition(":")[2]: case for suite in parsed_junit(run()) for case in suite}
    [error] = cases["eu-west-2"].result
    assert isinstance(error, Error)
    assert "was denied" in error.message
    [skipped] = cases["legacy"].result
    assert isinstance(skipped, Skipped)
    assert "EX-7" in skipped.message
    [failure] = cases["orders"].result
    assert isinstance(failure, Failure)
    assert "A.8.24" in failure.text
    assert "Restore the database" in failure.text
    assert cases["billing"].result == []


def test_junit_of_hostile_names_is_still_xml_with_the_same_cases() -> None:
    root = ElementTree.fromstring(written(run_junit.write, hostile()))
    assert [len(suite) for suite in root] == [len(HOSTILE)]
    assert not root.findall(".//script")


# The elements and attributes that Jenkins and GitLab read; strict readers refuse others.
JUNIT = {
    "testsuites": ({"name", "tests", "failures", "errors", "skipped", "time"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped", "time", "timestamp"}, {"testcase"}),
    "testcase": ({"name", "classname", "time"}, {"failure", "error", "skipped"}),
    "failure": ({"message", "type"}, set()),
    "error": ({"message", "type"}, set()),
    "skipped": ({"message", "type"}, set()),
}


def test_junit_holds_nothing_that_a_strict_reader_does_not_know_and_lacks_nothing_that_it_needs() -> None:
    for view in (run(), hostile()):
        root = ElementTree.fromstring(written(run_junit.write, view))
        assert root.tag == "testsuites"
        for element in root.iter():
            attributes, children = JUNIT[element.tag]
            assert set(element.attrib) == attributes
            assert {child.tag for child in element} <= children
            assert len(element) <= 1 or element.tag != "testcase"
        for suite in root:
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
            names = [(case.attrib["classname"], case.attrib["name"]) for case in suite]
            assert len(names) == len(set(names)), "GitLab takes two cases of one name for one"


def test_junit_refuses_findings_that_are_not_grouped_by_check() -> None:
    mixed = [passed("aws_rds_encrypted", "a"), passed("aws_iam_root_mfa", "b"), passed("aws_rds_encrypted", "c")]
    with pytest.raises(ValueError, match="aws_rds_encrypted came twice"):
        written(run_junit.write, run(mixed))


# -- SARIF: held against the objects, enumerations and bounds of SARIF 2.1.0 §3.13 to §3.58 ----------------------------


def parsed_sarif(view: RunView) -> Any:
    return json.loads(written(run_sarif.write, view))["runs"][0]


def keys_are(thing: dict[str, Any], required: str, optional: str) -> None:
    assert set(required.split()) <= set(thing) <= set(required.split()) | set(optional.split())


def test_sarif_is_made_of_the_objects_that_the_specification_names() -> None:
    log = json.loads(written(run_sarif.write, run()))
    keys_are(log, "$schema version runs", "")
    assert log["version"] == "2.1.0"
    [report] = log["runs"]
    keys_are(report, "tool results", "taxonomies invocations automationDetails columnKind")
    assert report["columnKind"] in {"utf16CodeUnits", "unicodeCodePoints"}
    keys_are(report["tool"], "driver", "extensions properties")
    driver = report["tool"]["driver"]
    keys_are(driver, "name rules", "version semanticVersion notifications supportedTaxonomies informationUri")
    for rule in driver["rules"]:
        keys_are(rule, "id", "name shortDescription fullDescription help defaultConfiguration relationships properties")
        assert rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in {"none", "note", "warning", "error"}
    for result in report["results"]:
        keys_are(
            result,
            "message ruleId kind level locations partialFingerprints",
            "ruleIndex properties suppressions",
        )
        assert result["kind"] in {"notApplicable", "pass", "fail", "review", "open", "informational"}
        assert result["level"] == "none" or result["kind"] == "fail"  # §3.27.10
    for taxonomy in report["taxonomies"]:
        keys_are(taxonomy, "name taxa", "organization shortDescription version")
    [invocation] = report["invocations"]
    keys_are(invocation, "executionSuccessful", "startTimeUtc endTimeUtc exitCode toolExecutionNotifications properties")
    for notification in invocation["toolExecutionNotifications"]:
        keys_are(notification, "message", "descriptor level properties")


def test_sarif_results_point_at_their_rules_and_rules_at_controls() -> None:
    report = parsed_sarif(run())
    rules = report["tool"]["driver"]["rules"]
    taxa = {taxon["id"] for taxonomy in report["taxonomies"] for taxon in taxonomy["taxa"]}
    for result in report["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    for rule in rules:
        assert {relation["target"]["id"] for relation in rule["relationships"]} <= taxa


def test_sarif_level_follows_severity_and_unknown_is_open() -> None:
    severities = {s: finding(uid=f"db-{s}", severity=s) for s in Severity}
    results = parsed_sarif(run([*severities.values(), unknown("aws_rds_encrypted", "db-unknown")]))["results"]
    assert [r["level"] for r in results] == ["note", "warning", "error", "error", "none"]
    assert results[-1]["kind"] == "open"
    assert DENIED in results[-1]["message"]["text"]


def test_sarif_leaves_out_what_passed_and_suppresses_what_is_excepted() -> None:
    results = parsed_sarif(run())["results"]
    assert len(results) == 6
    suppressed = [r for r in results if "suppressions" in r]
    assert [r["suppressions"][0]["status"] for r in suppressed] == ["accepted"]
    assert "EX-7" in suppressed[0]["suppressions"][0]["justification"]


def test_sarif_tells_each_reason_for_not_reading_once() -> None:
    many_denied = [unknown("aws_rds_encrypted", f"db-{i}") for i in range(20)]
    [invocation] = parsed_sarif(run(many_denied, coverage=()))["invocations"]
    [notification] = invocation["toolExecutionNotifications"]
    assert notification["properties"]["action"] == "ec2:DescribeInstances"
    assert not invocation["executionSuccessful"]


def test_a_sarif_fingerprint_is_the_same_in_every_run_and_differs_between_findings() -> None:
    one = parsed_sarif(run())["results"]
    two = parsed_sarif(replace(run(), id="another", version="9"))["results"]
    prints = [r["partialFingerprints"]["annexaFinding/v1"] for r in one]
    assert prints == [r["partialFingerprints"]["annexaFinding/v1"] for r in two]
    assert len(set(prints)) == len(prints)


def test_sarif_names_locations_by_relative_uris_without_raw_characters() -> None:
    for result in parsed_sarif(hostile())["results"]:
        [location] = result["locations"]
        assert re.fullmatch(r"[\w.%~/-]+", location["physicalLocation"]["artifactLocation"]["uri"], re.ASCII)
        assert location["logicalLocations"][0]["fullyQualifiedName"] in HOSTILE


def test_a_sarif_message_holds_no_link_that_a_name_made() -> None:
    texts = [r["message"]["text"] for r in parsed_sarif(hostile())["results"]]
    assert any("https://evil.example" in text for text in texts)
    assert not any(re.search(r"(?<!\\)\]\(", text) for text in texts)


def test_the_formats_that_the_command_line_offers_are_those_that_can_be_written() -> None:
    assert tuple(WRITERS) == scanner.FORMATS


# -- all ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", FORMATS, ids=lambda w: w.__module__)
def test_every_format_survives_an_empty_run(write: Write) -> None:
    assert written(write, run((), definitions={}, coverage=(), controls=()))


@pytest.mark.parametrize("write", FORMATS, ids=lambda w: w.__module__)
def test_every_format_can_be_written_as_utf8(write: Write) -> None:
    assert written(write, hostile()).encode()


class _Discarded(io.StringIO):
    """A stream that keeps only how much was written."""

    size = 0

    def write(self, text: str) -> int:
        self.size += len(text)
        return len(text)


@pytest.mark.parametrize("write", FORMATS, ids=lambda w: w.__module__)
def test_memory_does_not_grow_with_the_findings(write: Write) -> None:
    peaks = []
    for number in (1_000, 10_000):
        tracemalloc.start()
        write(run(many(number)), _Discarded())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 200_000


@pytest.mark.parametrize("write", FORMATS, ids=lambda w: w.__module__)
def test_a_hundred_thousand_findings_are_written_one_by_one(write: Write) -> None:
    alive = [0, 0]

    def counted_findings() -> Any:
        for found in many(100_000):
            alive[0] += 1
            yield found

    out = _Discarded()
    write(run(Stream(counted_findings)), out)
    assert alive[0] in {100_000, 200_000}  # read once, or once more for counts that stand before their cases
    assert out.size > (1_000 if write in SHORT else 5_000_000)


def test_status_words_are_those_of_the_store() -> None:
    report = json.loads(written(run_json.write, run()))
    assert {f["status"] for f in report["findings"]} <= {str(status) for status in Status}
