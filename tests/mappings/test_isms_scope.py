"""Which places are in scope, and which of them no target reads."""

import pytest

from evidence_store.records import Scope, Unread, Why
from mappings.isms_scope import isms_scope

PRODUCTION = Scope("aws", "111111111111", "eu-west-1")
HOST = Scope("host", "4c4c4544")


def test_without_a_record_everything_reached_is_in_scope() -> None:
    scope = isms_scope([])
    assert scope.includes(PRODUCTION)
    assert scope.unconfigured([]) == ()


@pytest.mark.parametrize("place", ["aws:111111111111", "aws:111111111111:eu-west-1", "aws:*", "aws:111111111111:*"])
def test_a_place_is_an_account_a_region_of_it_or_a_pattern(place: str) -> None:
    scope = isms_scope([{"targets": [place]}])
    assert scope.includes(PRODUCTION)
    assert not scope.includes(HOST)
    assert scope.unconfigured([PRODUCTION]) == ()
    assert scope.unconfigured([HOST]) == (place,)


def test_an_account_is_not_another_whose_number_begins_alike() -> None:
    assert not isms_scope([{"targets": ["aws:1111"]}]).includes(PRODUCTION)


def test_the_records_themselves_are_always_in_scope() -> None:
    assert isms_scope([{"targets": ["aws:1"]}]).includes(Scope("records", "isms"))


def test_places_of_several_records_are_taken_together() -> None:
    scope = isms_scope([{"targets": ["host:*"]}, {"targets": ["aws:111111111111"]}])
    assert scope.includes(HOST)
    assert scope.includes(PRODUCTION)
    assert scope.unconfigured([PRODUCTION]) == ("host:*",)


def test_a_record_that_was_not_read_is_a_fault_and_not_an_empty_scope() -> None:
    scope = isms_scope([{"targets": Unread(Why.DENIED, "read isms/scope.toml")}])
    assert scope.faults == ("targets was not read: read isms/scope.toml was denied",)
