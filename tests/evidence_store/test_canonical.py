"""One value has one sequence of bytes, and it is RFC 8785's."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_store import canonical
from evidence_store.records import format_time

texts = st.text(st.characters(exclude_categories=["Cs"]))
integers = st.integers(-(2**53) + 1, 2**53 - 1)
values: Any = st.recursive(
    st.none() | st.booleans() | integers | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=25,
)


@settings(max_examples=300)
@given(values)
def test_bytes_equal_those_of_rfc_8785(value: Any) -> None:
    assert canonical.encode(value) == rfc8785.dumps(value)


@settings(max_examples=100)
@given(st.dictionaries(st.text(st.sampled_from("a\ue000\uffff😀\U0010ffff")), integers))
def test_keys_beyond_the_surrogates_sort_by_utf_16(value: Any) -> None:
    assert canonical.encode(value) == rfc8785.dumps(value)


@settings(max_examples=200)
@given(values)
def test_what_was_encoded_comes_back(value: Any) -> None:
    encoded = canonical.encode(value)
    assert canonical.encode(canonical.decode(encoded)) == encoded


@settings(max_examples=200)
@given(st.datetimes(timezones=st.just(UTC)))
def test_time_in_utc_is_written_the_same_on_the_fast_way_and_on_the_slow_one(moment: datetime) -> None:
    fast, slow = canonical.encode({"a": moment}), canonical.encode({"a": moment, "\ue000": Decimal(1)})
    assert fast == rfc8785.dumps({"a": format_time(moment)})
    assert slow == rfc8785.dumps({"a": format_time(moment), "\ue000": {"$num": "1"}})


def test_published_example_of_sorting() -> None:
    """RFC 8785, section 3.2.3."""
    value = {
        "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
        "\U0001f600": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis",
    }  # fmt: skip
    order = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(canonical.decode(canonical.encode(value))) == order


def test_published_example_of_literals() -> None:
    """RFC 8785, section 3.2.2, without its floats, which evidence does not hold."""
    value = {"string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/", "literals": [None, True, False]}
    assert canonical.encode(value) == b'{"literals":[null,true,false],"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.5, "1.5"), (3.0, "3"), (-0.0, "0"), (1e21, "1000000000000000000000"), (1e-7, "0.0000001"), (1e300, "1E+300"),
        (Decimal("1.50"), "1.5"), (Decimal("-12e3"), "-12000"), (2**53, "9007199254740992"), (-(2**80), str(-(2**80))),
        (10**60, "1" + "0" * 60), (0.1, "0.1"), (-2.5e-60, "-25E-61"),
    ],
)  # fmt: skip
def test_numbers_that_json_cannot_hold_exactly_become_text(value: Any, text: str) -> None:
    assert canonical.encode([value]) == f'[{{"$num":"{text}"}}]'.encode()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_comes_back_as_the_decimal_of_its_shortest_text(value: float) -> None:
    assert float(canonical.decode(canonical.encode({"x": value}))["x"]) == value


def test_times_are_utc_and_bytes_are_base64() -> None:
    moment = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert canonical.encode({"t": moment, "b": b"\x00\xff"}) == b'{"b":{"$b64":"AP8="},"t":"2026-01-01T00:00:00Z"}'


def test_mappings_tuples_and_enumerations_are_what_they_hold() -> None:
    class Colour(StrEnum):
        RED = "red"

    assert canonical.encode(MappingProxyType({"c": (Colour.RED,)})) == b'{"c":["red"]}'


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), {"x": float("nan")}, "\ud800", {"\udfff": 1}, {1: 2}, {"x": {1, 2}}, object(),
              datetime.fromisoformat("2026-01-01"), Decimal("NaN")],
)  # fmt: skip
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(canonical.CanonicalError):
        canonical.encode(value)


def test_a_provider_s_own_object_that_looks_like_a_number_and_is_none_stays() -> None:
    assert canonical.decode(b'{"$num":"one"}') == {"$num": "one"}


def test_what_is_not_json_is_refused() -> None:
    with pytest.raises(canonical.CanonicalError):
        canonical.decode(b"{")


def test_digest_is_of_the_canonical_bytes() -> None:
    assert canonical.digest({"b": 1, "a": 2}) == canonical.digest({"a": 2, "b": 1})
    assert canonical.digest({}) != canonical.digest([])
