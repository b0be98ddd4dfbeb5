"""What the catalogue covers, without flattery."""

import io
import json

import pytest

from mappings.catalogue import UnknownControlError
from reports import coverage_json, coverage_text
from reports.coverage import by_property, by_theme, controls_view, tally
from reports.view import Definition
from tests.reports.sealing import catalogue, definitions

DEFINITIONS = [Definition.of(entry) for entry in definitions()]
VIEW = controls_view(catalogue(), DEFINITIONS)


def test_every_control_and_clause_is_listed_once() -> None:
    assert [each.control.id for each in VIEW] == list(catalogue().controls)


def test_coverage_is_none_without_a_primary_check_and_partial_with_an_aspect_nobody_looks_for() -> None:
    for each in VIEW:
        if not each.primary:
            assert each.coverage == "none"
        elif each.uncovered:
            assert each.coverage == "partial"
    assert sum(tally(VIEW).values()) == len(VIEW)
    assert tally(VIEW)["none"] > 0


def test_supporting_checks_cover_nothing() -> None:
    only_supported = [each for each in VIEW if each.checks and not each.primary]
    assert only_supported
    assert {each.coverage for each in only_supported} == {"none"}


def test_what_is_partial_or_none_says_what_is_not_observable() -> None:
    assert all(each.control.not_observable for each in VIEW if each.coverage != "full" and not each.uncovered)


def test_grouping_by_theme_leaves_nobody_out() -> None:
    assert sum(len(group) for _, group in by_theme(VIEW)) == len(VIEW)


def test_grouping_by_property_lists_a_control_under_each_that_it_serves() -> None:
    groups = {name: {each.control.id for each in group} for name, group in by_property(VIEW)}
    assert "A.8.24" in groups["confidentiality"] & groups["integrity"] & groups["availability"]
    assert "A.8.11" in groups["confidentiality"] - groups["availability"]
    assert "6.1.3" in groups["clauses 4 to 10"]


def test_controls_as_json_say_what_is_covered_by_what() -> None:
    out = io.StringIO()
    coverage_json.write_controls(VIEW, out)
    report = json.loads(out.getvalue())
    assert report["schema"] == "annexa.controls/1"
    control = next(c for c in report["controls"] if c["id"] == "A.8.24")
    assert control["properties"] == ["confidentiality", "integrity", "availability"]
    assert control["uncovered_aspects"] == ["rule"]
    assert {"id": "aws_rds_encrypted", "role": "primary", "aspect": "practice"}.items() <= next(
        c for c in control["checks"] if c["id"] == "aws_rds_encrypted"
    ).items()


def test_checks_as_json_keep_their_contract() -> None:
    out = io.StringIO()
    coverage_json.write_checks(DEFINITIONS, out)
    report = json.loads(out.getvalue())
    assert report["schema"] == "annexa.checks/1"
    assert len(report["checks"]) == len(DEFINITIONS)
    assert all({"id", "type", "severity", "version", "controls"} <= set(check) for check in report["checks"])


@pytest.mark.parametrize("by", ["theme", "property"])
def test_controls_as_text_fit_the_terminal(by: str) -> None:
    out = io.StringIO()
    coverage_text.write_controls(VIEW, out, by=by)
    shown = out.getvalue()
    assert all(len(line) <= 100 for line in shown.splitlines())
    assert "A.8.24" in shown
    assert f"{tally(VIEW)['none']} not at all" in shown


def test_one_control_in_detail_shows_its_checks_why_and_what_is_not_observable() -> None:
    out = io.StringIO()
    coverage_text.write_details(controls_view(catalogue(), DEFINITIONS, ["8.24"]), out)
    shown = " ".join(out.getvalue().split())
    assert "aws_rds_encrypted: What aws_rds_encrypted asks" in shown
    assert catalogue().control("A.8.24").not_observable in shown
    assert next(row.why for row in catalogue().rows_of("A.8.24") if row.check == "aws_rds_encrypted") in shown


def test_a_check_that_is_not_installed_is_said_to_be_missing() -> None:
    out = io.StringIO()
    coverage_text.write_details(controls_view(catalogue(), [], ["A.8.24"]), out)
    assert "aws_rds_encrypted (not in this installation)" in out.getvalue()


def test_checks_as_text_name_their_controls() -> None:
    out = io.StringIO()
    coverage_text.write_checks(DEFINITIONS, out)
    assert f"{len(DEFINITIONS)} checks" in out.getvalue()
    assert "A.8.24" in out.getvalue()


def test_a_control_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnknownControlError, match="no such control"):
        controls_view(catalogue(), DEFINITIONS, ["A.9.1"])
