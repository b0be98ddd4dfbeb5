"""Times on the command line."""

from datetime import UTC, datetime

import pytest

from commands.failures import UsageError
from commands.opening import moment


@pytest.mark.parametrize("text", ["2026-03-01", "20260301", "2026-W09-7"])
def test_a_date_means_its_last_moment_however_it_is_written(text: str) -> None:
    assert moment(text, "--at") == datetime(2026, 3, 1, 23, 59, 59, 999999, UTC)


@pytest.mark.parametrize("text", ["2026-03-01T12:00:00Z", "2026-03-01T12:00:00", "2026-03-01T14:00:00+02:00"])
def test_a_time_is_in_utc_unless_it_says_otherwise(text: str) -> None:
    assert moment(text, "--at") == datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_is_named(text: str) -> None:
    with pytest.raises(UsageError, match="not a time"):
        moment(text, "--at")


def test_no_time_is_no_time() -> None:
    assert moment(None, "--at") is None
