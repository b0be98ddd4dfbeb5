"""Due times are the same for everyone who asks; jitter stays within its bounds."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.settings import Schedule
from daemon.timing import Dues, duration
from evidence_store.records import format_time

from .conftest import MONDAY

START = datetime(2020, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 3600 * 24 * 366 * 10).map(lambda seconds: START + timedelta(seconds=seconds))


def test_an_interval_counts_from_midnight_utc() -> None:
    timing = Schedule("a", every="6h").timing
    assert format_time(timing.after(MONDAY)) == "2026-06-01T06:00:00Z"
    assert format_time(timing.after(timing.after(MONDAY))) == "2026-06-01T12:00:00Z"


@given(MOMENTS, st.sampled_from(["1s", "5m", "59m"]), st.text("abc", min_size=1, max_size=3))
def test_jitter_stays_within_its_bound_and_agrees_with_itself(moment: datetime, jitter: str, name: str) -> None:
    plain, delayed = Schedule(name, every="1h").timing, Schedule(name, every="1h", jitter=jitter).timing
    due = delayed.after(moment)
    nominal = plain.after(due - timedelta(hours=1) + duration(jitter) / 2) if due > moment else due
    assert due > moment
    assert min(abs(due - n) for n in (nominal, nominal - timedelta(hours=1))) <= duration(jitter)
    assert due.microsecond % 1000 == 0
    again = Schedule(name, every="1h", jitter=jitter).timing
    assert again.after(due - timedelta(milliseconds=1)) == due, "whoever asks gets the same"


def test_jitter_spreads_schedules() -> None:
    dues = {Schedule(f"s{n}", cron="0 3 * * *", jitter="30m").timing.after(MONDAY) for n in range(20)}
    assert len(dues) > 15
    assert all(MONDAY.replace(hour=3, minute=0) <= due <= MONDAY.replace(hour=3, minute=30) for due in dues)


@given(MOMENTS, st.integers(0, 2000))
def test_jitter_longer_than_the_gap_loses_no_time(moment: datetime, minutes: int) -> None:
    timing = Schedule("a", cron="*/10 * * * *", jitter="25m").timing
    end = moment + timedelta(minutes=minutes)
    dues = timing.dues(moment, end)
    listed, at = [], moment
    while (at := timing.after(at)) <= end:
        listed.append(at)
    assert (dues.count if dues else 0) == len(listed)
    assert abs(len(listed) - minutes // 10) <= 4


def test_what_was_due_in_a_span_is_counted() -> None:
    timing = Schedule("a", cron="0 3 * * *").timing
    day = timedelta(days=1)
    third = MONDAY.replace(minute=0, hour=3)
    assert timing.dues(MONDAY, MONDAY) is None
    assert timing.dues(MONDAY, third) == Dues(1, third, third, third)
    assert timing.dues(MONDAY, third + day) == Dues(2, third, third + day, third)
    assert timing.dues(MONDAY, third + 9 * day) == Dues(10, third, third + 9 * day, third + 8 * day)
    assert timing.dues(third, third + day - timedelta(seconds=1)) is None


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("6h", 21600), ("1d", 86400), ("1h30m", 5400), ("0s", 0)]
)
def test_spans(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "5m ", "-5m", "1.5h", "5M", "5m5m", "999999999d", "2w", "٥m"])
def test_what_is_no_span_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"no span of time|longer than a year"):
        duration(text)
