"""When a supplier's certificate or report counts."""

from datetime import UTC, datetime

import pytest

from mappings.suppliers import assurances

RECORD = {
    "supplier": "Host Ltd",
    "service": "hosting",
    "type": "ISO 27001",
    "period_end": "2026-06-30",
    "scope": "data centres in Dublin",
    "read_by": "Ada",
    "controls": ["A.7", "8.14"],
}


def fault(at: str, **changed: object) -> str | None:
    (found,) = assurances([{**RECORD, **changed}])
    return found.fault(datetime.fromisoformat(at).replace(tzinfo=UTC))


def test_a_certificate_counts_to_the_last_moment_of_its_period() -> None:
    assert fault("2026-06-30T23:59:59") is None
    assert fault("2026-07-01") == "it served until 2026-06-30"


@pytest.mark.parametrize("kind", ["SOC 2 Type II", "soc2", "ISAE 3402", "C5"])
def test_a_report_that_looks_back_serves_for_a_year_after_its_period(kind: str) -> None:
    assert fault("2027-06-30T12:00:00", type=kind) is None
    assert fault("2027-07-01", type=kind) == "it served until 2027-06-30"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"read_by": ""}, "names no person who read it"),
        ({"service": None}, "names no service"),
        ({"supplier": None}, "names no supplier"),
        ({"period_end": None}, "names no end of period"),
        ({"period_end": "June"}, "period_end is not a date: 'June'; names no end of period"),
    ],
)
def test_one_that_leaves_out_what_matters_does_not_count(changed: dict[str, object], why: str) -> None:
    assert fault("2026-01-01", **changed) == why


def is_for(control: str, services: tuple[str, ...] = (), **changed: object) -> bool:
    (found,) = assurances([{**RECORD, **changed}])
    return found.is_for(control, services)


def test_it_is_for_the_controls_and_themes_that_it_names() -> None:
    assert is_for("A.7.1")
    assert is_for("A.8.14")
    assert not is_for("A.8.1")
    assert not is_for("A.8.141")


def test_one_that_names_no_control_is_for_those_of_its_service() -> None:
    assert not is_for("A.7.1", controls=None)
    assert is_for("A.7.1", ("hosting",), controls=None)
    assert is_for("A.7.1", ("Host Ltd",), controls=None)
    assert is_for("A.7.1", ("mail", "Host Ltd"), controls=None)
    assert not is_for("A.7.1", ("mail",), controls=None)


def test_one_for_all_services_of_a_supplier_needs_the_control_or_the_supplier_to_be_named() -> None:
    assert is_for("A.7.1", ("mail",), service="*")
    assert is_for("A.7.1", ("Host Ltd",), service="*", controls=None)
    assert not is_for("A.7.1", ("mail",), service="*", controls=None)
    assert not is_for("A.7.1", (), service="*", controls=None)


def test_where_statement_and_assurance_both_say_something_they_have_to_agree() -> None:
    assert is_for("A.7.1", ("hosting",))
    assert not is_for("A.7.1", ("mail",))
    assert not is_for("A.5.7", ("hosting",))


def test_the_order_of_the_records_does_not_matter() -> None:
    other = {**RECORD, "supplier": "Another Ltd"}
    assert assurances([RECORD, other]) == assurances([other, RECORD])
