"""Times of answers are read as the SDK reads them, only faster."""

import pytest
from botocore.utils import parse_timestamp

from collectors.aws.clients import parsed_time


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-01T10:00:00Z",
        "2026-01-01T10:00:00.123Z",
        "2026-01-01T10:00:00.1234567Z",
        "2026-01-01T10:00:00+02:00",
        "2026-01-01T10:00:00.000+0000",
        "0001-01-01T00:00:00+02:00",
        "20260101T100000Z",
        "Thu, 01 Jan 2026 10:00:00 GMT",
        "1767261600",
        1767261600,
        1767261600.125,
        "2026-01-01",
        "2026-01-01T10:00:00",
    ],
)
def test_time_is_the_one_that_the_sdk_reads(value: object) -> None:
    assert parsed_time(value) == parse_timestamp(value)


def test_text_that_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="yesterday"):
        parsed_time("yesterday")
