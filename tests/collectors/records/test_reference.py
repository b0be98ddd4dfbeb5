"""The page about record files says what the declarations say."""

from pathlib import Path

import pytest

from collectors.records.kinds import KINDS
from collectors.records.reference import reference
from collectors.records.schema import APPROVERS, Kind, Type

PAGE = Path(__file__).parents[3] / "docs" / "records.md"


def test_the_page_in_the_docs_is_the_generated_one() -> None:
    """To renew it: `python -c "from collectors.records.reference import *; print(reference(), end='')" > docs/records.md`"""
    assert PAGE.read_text() == reference()


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_declaration_holds_together(kind: Kind) -> None:
    fields = {field.name: field for field in kind.fields}
    assert len(fields) == len(kind.fields)
    assert {*kind.key, *kind.effective, *(kind.latest_by or ())} <= fields.keys()
    assert all(fields[name].type is Type.DAY for name in kind.effective)
    assert kind.effective or kind.latest_by is None
    assert not fields.keys() & {"id", "strength", "commit", "line", *kind.derived}
    assert all(field.fields for field in kind.fields if field.type is Type.TABLES)
    assert all(not field.choices or field.type in (Type.TEXT, Type.TEXTS) for field in kind.fields)


def test_every_kind_of_approver_is_a_field_of_some_kind() -> None:
    assert set(APPROVERS) <= {field.name for kind in KINDS.values() for field in kind.fields}
