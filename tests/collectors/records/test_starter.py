"""The starter set loads, claims nothing, overwrites nothing, and its examples are right."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from checks.check import checks
from collectors.records import Directory, Files, problems
from collectors.records.annex_titles import TITLES
from collectors.records.kinds import KINDS
from collectors.records.parsing import PLACEHOLDER, load
from collectors.records.schema import Kind
from collectors.records.starter import starter, write_starter
from tests.harness import look

TODAY = date(2026, 6, 1)


def test_the_starter_set_loads_without_a_problem(tmp_path: Path) -> None:
    written = write_starter(tmp_path / "isms", TODAY)
    assert len(written) == len(KINDS) + 1
    assert problems(tmp_path / "isms") == []


def test_the_starter_set_passes_nothing(tmp_path: Path) -> None:
    write_starter(tmp_path, TODAY)
    ids = [id_ for id_, check in checks().items() if check.provider == "records"]
    seen = look(Directory(Files(tmp_path)), *ids, at=datetime(2026, 6, 1, 12, tzinfo=UTC))
    assert {str(finding.status) for finding in seen.findings} == {"fail", "unknown", "not_applicable"}
    assert "error" not in {str(finding.status) for finding in seen.findings}


def test_the_statement_lists_every_control_and_decides_on_none(tmp_path: Path) -> None:
    rows = load(KINDS["soa"], [("soa.toml", starter(tmp_path, TODAY)["soa.toml"].encode())])
    assert {row.facts["control"] for row in rows} == set(TITLES)
    assert len(rows) == 93
    assert {(row.facts["applicable"], row.facts["approved_by"], row.facts["status"]) for row in rows} == {
        (None, None, "planned")
    }


def test_nothing_is_written_where_something_stands(tmp_path: Path) -> None:
    (tmp_path / "scope.toml").write_text("# mine\n")
    with pytest.raises(FileExistsError, match=r"scope.toml exist already; nothing was written"):
        write_starter(tmp_path, TODAY)
    assert [path.name for path in tmp_path.iterdir()] == ["scope.toml"]


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind.name != "soa"], ids=lambda kind: kind.name)
def test_each_example_is_right_once_it_is_filled_in(tmp_path: Path, kind: Kind) -> None:
    file = "policies/information-security.md" if kind.name == "policy" else kind.file
    lines = starter(tmp_path, TODAY)[file].splitlines()
    filled = "\n".join(re.sub(r"^# (?=\[|[a-z_]+ = )", "", line) for line in lines).replace(PLACEHOLDER, "a-1")
    assert len(load(kind, [(file, filled.encode())])) == 1
    written = load(kind, [(file, filled.encode())])[0].facts
    assert [field.name for field in kind.fields if written[field.name] is None] == []


def test_each_directory_gets_an_identity_of_its_own(tmp_path: Path) -> None:
    one, two = starter(tmp_path / "one", TODAY)["isms.toml"], starter(tmp_path / "two", TODAY)["isms.toml"]
    assert one != two
    assert re.search(r'^id = "isms-[0-9a-f]{16}"$', one, re.MULTILINE)
    assert PLACEHOLDER in one
