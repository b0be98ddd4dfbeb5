"""Blocks of addresses that a platform words oddly are never taken for narrow ones."""

from typing import Any

import pytest

from checks.addresses import covers, is_internet
from evidence_store.records import MalformedFactError


@pytest.mark.parametrize("odd", [0, True, None, 2**32, 1.5, ["0.0.0.0/0"], {}, "", "0.0.0.0/33", "anywhere"])
def test_what_is_no_block_of_addresses_is_no_answer(odd: Any) -> None:
    with pytest.raises(MalformedFactError):
        is_internet(odd)
    with pytest.raises(MalformedFactError):
        covers("0.0.0.0/0", odd)


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("0.0.0.0/0", True),
        ("0.0.0.0/1", True),
        ("10.0.0.0/8", False),
        ("::/0", True),
        ("fd00::/8", False),
        ("192.0.2.1", False),
    ],
)
def test_a_wide_block_is_the_internet(block: str, expected: bool) -> None:
    assert is_internet(block) is expected
