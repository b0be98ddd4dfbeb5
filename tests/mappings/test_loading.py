"""What the loader refuses, and how it says so."""

from pathlib import Path

import pytest

from mappings.catalogue import MappingError
from mappings.loading import load

CONTROL = """
["A.8.24"]
title = "Use of cryptography"
types = ["preventive"]
properties = ["confidentiality"]
concepts = ["protect"]
capabilities = ["secure_configuration"]
domains = ["protection"]
aspects = ["practice"]
max_age_days = 30
coverage = "full"
"""
CLAUSE = """
[headings]
"6" = "Planning"

["6.2"]
title = "Objectives"
aspects = ["practice"]
max_age_days = 180
coverage = "partial"
not_observable = "Whether they are the right ones."
"""
ROW = """
[[aws_rds_encrypted]]
control = "A.8.24"
role = "primary"
aspect = "practice"
why = "The attribute shows it."
"""


class Folder:
    """A mapping in a directory of its own; each test breaks one thing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write("controls.toml", CONTROL)
        self.write("clauses.toml", CLAUSE)
        self.write("aws.toml", ROW)

    def write(self, name: str, text: str) -> None:
        (self.path / name).write_text(text)

    def refusal(self, *checks: str) -> str:
        with pytest.raises(MappingError) as caught:
            load(checks or ("aws_rds_encrypted",), self.path)
        return str(caught.value)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_sound_mapping_loads(folder: Folder) -> None:
    catalogue = load(["aws_rds_encrypted"], folder.path)
    assert [row.provider for row in catalogue.rows] == ["aws"]
    assert catalogue.headings == {"6": "Planning"}


def test_an_unknown_check_names_file_control_and_the_nearest(folder: Folder) -> None:
    folder.write("aws.toml", ROW.replace("aws_rds_encrypted", "aws_rds_encryptd"))
    expected = "mappings/aws.toml: A.8.24: no such check 'aws_rds_encryptd' (did you mean 'aws_rds_encrypted'?)"
    assert folder.refusal() == expected


def test_an_unknown_control_names_the_nearest(folder: Folder) -> None:
    folder.write("aws.toml", ROW.replace("A.8.24", "A.8.42"))
    assert folder.refusal().startswith("mappings/aws.toml: aws_rds_encrypted: no such control 'A.8.42' (did you mean")


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (ROW.replace("why =", "wy ="), "no such key 'wy' (did you mean 'why'?)"),
        (ROW.replace('why = "The attribute shows it."', ""), "why is missing"),
        (ROW.replace("The attribute shows it.", "  "), "why is missing"),
        (ROW.replace('"primary"', '"primery"'), "not 'primery' (did you mean 'primary'?)"),
        (ROW.replace('"practice"', '"practise"'), "not 'practise' (did you mean 'practice'?)"),
        (ROW.replace('aspect = "practice"', ""), "aspect is one of rule, practice, review, not None"),
        (ROW + "max_age_days = 0\n", "max_age_days is a whole number of days from 1, not 0"),
        (ROW + "max_age_days = true\n", "max_age_days is a whole number of days from 1, not True"),
        (ROW + ROW, "is mapped twice for the aspect practice"),
    ],
)
def test_a_faulty_row_is_refused_with_check_and_control(folder: Folder, broken: str, fault: str) -> None:
    folder.write("aws.toml", broken)
    message = folder.refusal()
    assert message.startswith("mappings/aws.toml: aws_rds_encrypted: A.8.24: ")
    assert fault in message


def test_a_row_without_brackets_around_brackets_is_refused(folder: Folder) -> None:
    folder.write("aws.toml", ROW.replace("[[", "[").replace("]]", "]"))
    assert "rows are written as [[aws_rds_encrypted]]" in folder.refusal()


def test_rows_of_one_check_in_two_files_are_refused(folder: Folder) -> None:
    folder.write("host.toml", ROW)
    assert "mappings/host.toml: aws_rds_encrypted: has rows in mappings/aws.toml too" in folder.refusal()


def test_a_known_check_without_a_row_is_refused(folder: Folder) -> None:
    assert "aws_new_check: no row says" in folder.refusal("aws_rds_encrypted", "aws_new_check")


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (CONTROL.replace("title =", "titel ="), "no such key 'titel' (did you mean 'title'?)"),
        (CONTROL.replace('title = "Use of cryptography"', ""), "title is missing"),
        (CONTROL.replace('"preventive"', '"preventative"'), "no such value 'preventative' (did you mean 'preventive'?)"),
        (CONTROL.replace('properties = ["confidentiality"]', ""), "properties is missing"),
        (CONTROL.replace('aspects = ["practice"]', "aspects = []"), "aspects names one or more"),
        (CONTROL.replace('["practice"]', '["practice", "practice"]'), "aspects names one or more"),
        (CONTROL.replace('["practice"]', '["practise"]'), "not 'practise' (did you mean 'practice'?)"),
        (CONTROL.replace('"full"', '"partial"'), "must say in one sentence what is not seen"),
        (CONTROL.replace('"full"', '"whole"'), "coverage is one of full, partial, not 'whole'"),
        (CONTROL + 'not_observable = "Something."\n', "coverage is full, so not_observable cannot name something"),
        (CONTROL.replace('["practice"]', '["practice", "rule"]'), "no primary check speaks to rule"),
        (CONTROL.replace("30", '"30"'), "max_age_days is a whole number of days from 1, not '30'"),
        (CONTROL + 'new_in_2022 = "yes"\n', "new_in_2022 is true or false"),
    ],
)
def test_a_faulty_control_is_refused_with_its_id(folder: Folder, broken: str, fault: str) -> None:
    folder.write("controls.toml", broken)
    message = folder.refusal()
    assert message.startswith("mappings/controls.toml: A.8.24: ")
    assert fault in message


@pytest.mark.parametrize("wrong", ["B.8.24", "A.9.1", "A.8.x", "A.8.24a"])
def test_an_id_that_is_no_annex_a_control_is_refused(folder: Folder, wrong: str) -> None:
    folder.write("controls.toml", CONTROL.replace("A.8.24", wrong))
    assert folder.refusal().startswith(f"mappings/controls.toml: {wrong}: is not the id")


def test_an_id_that_is_no_clause_is_refused(folder: Folder) -> None:
    folder.write("clauses.toml", CLAUSE.replace("6.2", "six"))
    assert folder.refusal().startswith("mappings/clauses.toml: six: is not the number")


def test_a_clause_has_no_attributes(folder: Folder) -> None:
    folder.write("clauses.toml", CLAUSE + 'properties = ["integrity"]\n')
    assert "mappings/clauses.toml: 6.2: no such key 'properties'" in folder.refusal()


def test_headings_are_titles_by_number(folder: Folder) -> None:
    folder.write("clauses.toml", CLAUSE.replace('"Planning"', "6"))
    assert folder.refusal().startswith("mappings/clauses.toml: headings: ")


def test_broken_toml_names_the_file_and_the_line(folder: Folder) -> None:
    folder.write("aws.toml", "\n[[aws_rds_encrypted\n")
    message = folder.refusal()
    assert message.startswith("mappings/aws.toml: is not TOML: ")
    assert "line 2" in message


def test_a_duplicate_control_is_refused_by_name(folder: Folder) -> None:
    folder.write("controls.toml", CONTROL + CONTROL)
    message = folder.refusal()
    assert message.startswith("mappings/controls.toml: ")
    assert "A.8.24" in message


def test_a_missing_file_is_named(folder: Folder) -> None:
    (folder.path / "clauses.toml").unlink()
    assert folder.refusal().startswith("mappings/clauses.toml: cannot be read")
