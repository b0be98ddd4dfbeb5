"""SARIF reports of every shape, held against the published schema and against what GitHub takes."""

import hashlib
import io
import json
from dataclasses import replace
from importlib.metadata import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, FormatChecker

from checks.check import checks
from evidence_store.records import Severity, Status
from reports import run_json, run_sarif
from reports.gate import held, read_baseline
from reports.view import Definition, RunView, Stream
from tests.reports.estate import DEFINITIONS, EXCUSE, HOSTILE, finding, many, passed, run, unknown

# The schema of SARIF 2.1.0 with its errata 01, as OASIS published it.
DIGEST = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"


@pytest.fixture(scope="module")
def schema() -> Draft4Validator:
    """The published schema, from a package that carries it; whoever packs it can change nothing unnoticed."""
    [entry] = [file for file in files("linceo") or () if file.name == "sarif-schema-2.1.0.json"]
    content = Path(str(entry.locate())).read_bytes()
    assert hashlib.sha256(content).hexdigest() == DIGEST
    document = json.loads(content)
    assert document["id"] == run_sarif.SCHEMA
    return Draft4Validator(document, format_checker=FormatChecker())


def written(view: RunView) -> Any:
    out = io.StringIO()
    run_sarif.write(view, out)
    return json.loads(out.getvalue())


def held_against_itself(tmp_path: Path) -> RunView:
    out = io.StringIO()
    run_json.write(run(), out)
    (tmp_path / "known.json").write_text(out.getvalue())
    return held(run(), Severity.HIGH, read_baseline(str(tmp_path / "known.json")))


def of_every_check() -> RunView:
    """A run whose rules are all the checks there are."""
    known = {
        c.id: Definition(c.id, c.title, c.severity, c.version, c.on, c.rationale, c.fix, c.defaults(), ("A.8.1",))
        for c in checks().values()
    }
    return run((), definitions=known)


SHAPES: dict[str, RunView] = {
    "whole": run(),
    "empty": run((), definitions={}, coverage=(), controls=(), targets=()),
    "complete": run([passed("aws_rds_encrypted", "db")], complete=True, exit_code=0),
    "excepted": run([finding(exception=replace(EXCUSE, reason=text)) for text in HOSTILE]),
    "unknown": run([unknown("aws_rds_encrypted", "db")]),
    "our error": run([finding(status=Status.ERROR, reason="")]),
    "hostile": run([finding(uid=text, reason=text, target=text) for text in HOSTILE]),
    "hostile unread": run([unknown("aws_rds_encrypted", text, f"{text} was denied") for text in HOSTILE]),
    "without since or target": run([finding(since=None, target="")]),
    "of a check that was erased": run([finding()], definitions={}),
    "of a version that is not semantic": run(version="0.1.0.dev3"),
    "of no version": run(version=""),
    "narrowed": run(narrowed=("A.8.8",), targets=("prod", "isms & more")),
    "many": run(many(26_000)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_report_of_every_shape_is_valid(schema: Draft4Validator, shape: str) -> None:
    report = written(SHAPES[shape])
    if shape == "many":  # each result is alike, and validating all of them takes minutes
        report["runs"][0]["results"] = report["runs"][0]["results"][:50]
    assert not [f"{error.json_path}: {error.message}" for error in schema.iter_errors(report)]


def test_a_report_with_a_baseline_is_valid(schema: Draft4Validator, tmp_path: Path) -> None:
    schema.validate(written(held_against_itself(tmp_path)))


def test_every_check_makes_a_valid_rule_that_says_what_to_do(schema: Draft4Validator) -> None:
    report = written(of_every_check())
    schema.validate(report)
    rules = report["runs"][0]["tool"]["driver"]["rules"]
    assert len(rules) == len(checks())
    for rule in rules:
        assert "What to do: " in rule["help"]["markdown"], rule["id"]
        assert max(len(rule[key]["text"]) for key in ("shortDescription", "fullDescription")) <= 1024, rule["id"]
        assert len(rule["name"]) <= 255


def test_the_validator_refuses_what_is_not_sarif(schema: Draft4Validator) -> None:
    report = written(run())
    report["runs"][0]["results"][0]["kind"] = "perhaps"
    report["runs"][0]["results"][1]["surprise"] = True
    assert len(list(schema.iter_errors(report))) == 2


# -- what GitHub asks for beyond the schema ----------------------------------------------------------------------------


def test_each_result_has_what_github_needs_to_show_it() -> None:
    for result in written(run())["runs"][0]["results"]:
        [location] = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"]
        assert location["physicalLocation"]["region"]["startLine"] == 1
        assert result["partialFingerprints"]
        assert result["message"]["text"]


def test_a_rule_has_no_more_tags_than_github_takes() -> None:
    crowded = replace(DEFINITIONS["aws_rds_encrypted"], controls=tuple(f"A.5.{i}" for i in range(1, 38)))
    [rule] = written(run((), definitions={crowded.id: crowded}))["runs"][0]["tool"]["driver"]["rules"]
    assert len(rule["properties"]["tags"]) == 20
    assert len(rule["relationships"]) == 37


def test_beyond_what_github_takes_the_least_telling_results_are_left_out_and_counted() -> None:
    def findings() -> Any:
        yield from (unknown("aws_iam_root_mfa", f"acct-{i}") for i in range(20_000))
        yield from (finding(uid=f"db:{i}") for i in range(10_000))
        yield finding("host_ssh_root_login", "host:a")

    report = written(run(Stream(findings), coverage=()))["runs"][0]
    kinds = [result["kind"] for result in report["results"]]
    assert len(kinds) == 25_000
    assert kinds.count("fail") == 10_001
    notes = report["invocations"][0]["toolExecutionNotifications"]
    assert [n["message"]["text"] for n in notes if n["descriptor"]["id"] == "left-out"] == [
        "5,001 results are left out, because a viewer takes 25,000 of a run; the JSON report has them all"
    ]


def test_a_report_that_fits_leaves_nothing_out() -> None:
    ids = [n["descriptor"]["id"] for n in written(run())["runs"][0]["invocations"][0]["toolExecutionNotifications"]]
    assert "left-out" not in ids


def test_the_category_is_of_the_targets_that_were_meant_even_when_one_was_not_reached() -> None:
    reached = run(targets=("isms", "prod"))
    assert written(reached)["runs"][0]["automationDetails"]["id"] == "annexa/isms+prod/"
    assert written(replace(reached, coverage=()))["runs"][0]["automationDetails"]["id"] == "annexa/isms+prod/"


def test_a_narrowed_run_is_a_category_of_its_own() -> None:
    def category(*narrowed: str) -> str:
        return str(written(run(targets=("prod",), narrowed=narrowed))["runs"][0]["automationDetails"]["id"])

    assert category("A.8.8") == "annexa/prod/A.8.8/"
    long = category(*(f"aws_check_{i}" for i in range(60)))
    assert long != category(*(f"aws_check_{i}" for i in range(61)))
    assert len(long) < 60


# -- fingerprints ------------------------------------------------------------------------------------------------------


def prints(view: RunView) -> list[str]:
    return [r["partialFingerprints"]["annexaFinding/v1"] for r in written(view)["runs"][0]["results"]]


@pytest.mark.parametrize(
    "changed",
    [
        {"reason": "worded in another way"},
        {"severity": Severity.LOW},
        {"target": "renamed"},
        {"since": None},
        {"exception": EXCUSE},
        {"status": Status.UNKNOWN},
    ],
    ids=lambda c: next(iter(c)),
)
def test_a_fingerprint_is_of_the_check_and_the_resource_and_of_nothing_else(changed: dict[str, Any]) -> None:
    assert prints(run([finding()])) == prints(run([finding(**changed)], id="another", version="9.9.9"))


def test_a_fingerprint_is_the_one_that_earlier_versions_wrote() -> None:
    assert prints(run([finding(uid="db-1")])) == ["f8350bca902cd17d01ad436536e611480d0e30500435291ab4dae682f99aa6f3"]


def test_fingerprints_tell_checks_and_resources_apart() -> None:
    found = [finding(uid="a"), finding(uid="b"), finding("host_ssh_root_login", "a"), finding("aws_iam_root_mfa", "a")]
    assert len(set(prints(run(found)))) == 4
