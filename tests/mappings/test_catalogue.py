"""The mapping as it is shipped, and what can be asked of it."""

import json
import re
import tomllib
from pathlib import Path

import pytest

import mappings
from mappings.catalogue import Aspect, Catalogue, Coverage, MappingError, Role, UnknownControlError, restore
from tests.mappings.first_checks import FIRST

FOLDER = Path(mappings.__file__).parent
ANNEX_A = {f"A.{theme}.{number}" for theme, last in ((5, 37), (6, 8), (7, 14), (8, 34)) for number in range(1, last + 1)}
CLAUSES = (
    {"4.1", "4.2", "4.3", "4.4", "5.1", "5.2", "5.3", "6.1.1", "6.1.2", "6.1.3", "6.2", "6.3", "7.1", "7.2", "7.3", "7.4"}
    | {"7.5.1", "7.5.2", "7.5.3", "8.1", "8.2", "8.3", "9.1", "9.2.1", "9.2.2", "9.3.1", "9.3.2", "9.3.3", "10.1", "10.2"}
)  # fmt: skip
NEW_IN_2022 = {"A.5.7", "A.5.23", "A.5.30", "A.7.4", "A.8.9", "A.8.10", "A.8.11", "A.8.12", "A.8.16", "A.8.23", "A.8.28"}


def mapped() -> set[str]:
    files = [path for path in FOLDER.glob("*.toml") if path.name not in ("controls.toml", "clauses.toml")]
    return {check for path in files for check in tomllib.loads(path.read_text())}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return mappings.load(mapped())


def test_every_check_that_is_built_first_is_mapped(catalogue: Catalogue) -> None:
    assert mapped() >= FIRST
    assert all(catalogue.rows_by(check) for check in FIRST)


def test_all_93_controls_and_every_clause_requirement_are_there(catalogue: Catalogue) -> None:
    assert {control.id for control in catalogue.controls.values() if control.is_annex_a} == ANNEX_A
    assert set(catalogue.controls) - ANNEX_A == CLAUSES


def test_controls_stand_in_the_order_of_the_standard(catalogue: Catalogue) -> None:
    ids = list(catalogue.controls)
    assert ids[:2] == ["4.1", "4.2"]
    assert ids.index("9.3.3") < ids.index("10.1") < ids.index("A.5.1")
    assert ids.index("A.5.9") < ids.index("A.5.10")
    assert ids[-1] == "A.8.34"


def test_the_eleven_new_controls_are_marked(catalogue: Catalogue) -> None:
    assert {c.id for c in catalogue.controls.values() if c.new_in_2022 and c.is_annex_a} == NEW_IN_2022


def test_full_coverage_is_claimed_only_where_every_aspect_has_a_primary_check(catalogue: Catalogue) -> None:
    for control in catalogue.controls.values():
        shown = {row.aspect for row in catalogue.rows_of(control.id, Role.PRIMARY)}
        if control.coverage is Coverage.FULL:
            assert shown >= set(control.aspects), control.id
        else:
            assert control.not_observable.endswith("."), control.id


def test_each_row_says_in_a_sentence_of_its_own_why_it_is_evidence(catalogue: Catalogue) -> None:
    whys = [row.why for row in catalogue.rows]
    assert len(set(whys)) == len(whys)
    for row in catalogue.rows:
        assert row.why[0].isupper(), row
        assert row.why.endswith("."), row
        assert len(row.why.split()) >= 6, row


def test_no_limit_of_age_is_beyond_a_year(catalogue: Catalogue) -> None:
    assert all(control.max_age_days <= 365 for control in catalogue.controls.values())
    assert all(row.max_age_days is None or row.max_age_days <= 365 for row in catalogue.rows)


def test_rows_stand_in_the_file_of_their_checks_provider(catalogue: Catalogue) -> None:
    prefixes = {"records": "rec", "kubernetes": "k8s"}
    for row in catalogue.rows:
        assert row.check.startswith(f"{prefixes.get(row.provider, row.provider)}_"), row


@pytest.mark.parametrize("written", ["A.8.24", "a.8.24", "8.24", " A.8.24 "])
def test_a_control_is_found_however_its_id_is_written(catalogue: Catalogue, written: str) -> None:
    assert catalogue.resolve(written) == ("A.8.24",)


def test_a_number_that_is_a_clause_and_a_control_means_the_clause(catalogue: Catalogue) -> None:
    assert catalogue.resolve("8.1") == ("8.1",)
    assert catalogue.resolve("A.8.1") == ("A.8.1",)


def test_a_clause_with_children_means_its_children(catalogue: Catalogue) -> None:
    assert catalogue.resolve("9.3") == ("9.3.1", "9.3.2", "9.3.3")
    assert catalogue.resolve("10") == ("10.1", "10.2")


def test_a_theme_means_all_of_its_controls(catalogue: Catalogue) -> None:
    assert len(catalogue.resolve("A.8")) == 34
    assert "A.8.24" in catalogue.resolve("A.8")
    assert catalogue.resolve("A.6") == tuple(f"A.6.{number}" for number in range(1, 9))


def test_selecting_controls_gives_primary_and_supporting_checks_once(catalogue: Catalogue) -> None:
    chosen = catalogue.select(["A.8.13", "8.13"])
    assert "aws_backup_coverage" in chosen  # primary
    assert "aws_s3_record_lock" in chosen  # supporting
    assert list(chosen) == sorted(set(chosen))


def test_a_control_without_checks_selects_none(catalogue: Catalogue) -> None:
    assert catalogue.select(["A.7.1"]) == ()


@pytest.mark.parametrize(("asked", "near"), [("A.8.224", "A.8.24"), ("8.244", "A.8.24"), ("9.4.1", "9.2.1")])
def test_an_unknown_control_names_a_near_one(catalogue: Catalogue, asked: str, near: str) -> None:
    with pytest.raises(UnknownControlError, match=re.escape(repr(asked))) as caught:
        catalogue.select([asked])
    offered = re.search(r"did you mean '([^']+)'", str(caught.value))
    assert offered is not None
    assert offered[1] in catalogue.controls
    assert asked != "A.8.224" or offered[1] == near


def test_nonsense_names_the_command_that_lists_controls(catalogue: Catalogue) -> None:
    with pytest.raises(UnknownControlError, match="scanner controls"):
        catalogue.control("encryption")


def test_controls_by_theme_and_property(catalogue: Catalogue) -> None:
    assert len(catalogue.by_theme("physical")) == 14
    assert len(catalogue.by_theme("clause")) == 30
    only_confidentiality = {control.id for control in catalogue.by_property("confidentiality")}
    assert "A.8.14" not in only_confidentiality
    assert "A.8.14" in {control.id for control in catalogue.by_property("availability")}


def test_a_check_knows_its_controls_in_order(catalogue: Catalogue) -> None:
    assert catalogue.controls_by("aws_elb_tls_policy") == ("A.5.14", "A.8.21", "A.8.24")
    assert catalogue.controls_by("no_such_check") == ()


def test_one_check_may_speak_to_two_aspects_of_a_control(catalogue: Catalogue) -> None:
    rows = [row for row in catalogue.rows_by("rec_policy_approved_current") if row.control == "A.5.1"]
    assert {row.aspect for row in rows} == {Aspect.RULE, Aspect.REVIEW}


def test_the_document_is_complete_and_gives_the_catalogue_back(catalogue: Catalogue) -> None:
    written = json.dumps(catalogue.document(), sort_keys=True)
    again = restore(json.loads(written))
    assert again == catalogue
    assert list(again.controls) == list(catalogue.controls)
    assert json.dumps(again.document(), sort_keys=True) == written


def test_a_document_of_another_schema_is_refused() -> None:
    with pytest.raises(MappingError, match=r"annexa\.mapping/9"):
        restore({"schema": "annexa.mapping/9"})
