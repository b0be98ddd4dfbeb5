"""What is generated agrees with the declarations, and loads."""

import json
from pathlib import Path

import configuration
import reference
from checks.check import checks
from collectors.source import kinds

ROOT = Path(__file__).parent.parent


def test_the_example_configuration_is_current_and_loads() -> None:
    committed = ROOT / "config.example.toml"
    assert committed.read_text() == reference.example(), "run: python reference.py"
    loaded = configuration.load(committed, checks())
    assert {t.kind for t in loaded.targets} == set(kinds())
    for check, values in loaded.parameters.items():
        assert values == checks()[check].defaults()


def test_every_key_of_the_example_has_a_comment() -> None:
    for line in (ROOT / "config.example.toml").read_text().splitlines():
        if " = " in line.partition("#")[0]:
            assert line.partition(" # ")[2].strip(), line


def test_the_page_of_checks_is_current() -> None:
    assert (ROOT / "docs" / "checks.md").read_text() == reference.page(), "run: python reference.py"


def test_a_check_whose_code_changed_has_a_new_version() -> None:
    committed = reference.LOCK.read_text()
    assert not reference.unversioned(committed, reference.lock()), "raise the version, then run: python reference.py"
    assert json.loads(committed) == json.loads(reference.lock()), "run: python reference.py"


def test_changed_code_under_an_old_version_is_noticed() -> None:
    before = json.dumps({"a": {"version": 1, "code": "x"}, "b": {"version": 1, "code": "x"}})
    after = json.dumps({"a": {"version": 1, "code": "y"}, "b": {"version": 2, "code": "y"}})
    assert reference.unversioned(before, after) == ["a"]
