"""Cron expressions in local time: what each field means, and what happens when the clocks change."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon import cron
from daemon.cron import Cron

BERLIN = ZoneInfo("Europe/Berlin")


def following(text: str, moment: datetime, number: int = 4, zone: ZoneInfo = BERLIN) -> list[str]:
    """The next due times in UTC, to the minute."""
    parsed, found = cron.parse(text), []
    for _ in range(number):
        after = parsed.after(moment, zone)
        assert after is not None
        found.append(f"{after:%m-%d %H:%M}")
        moment = after
    return found


def utc(month: int, day: int, hour: int = 0, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 3 * * *", ["06-01 03:00", "06-02 03:00"]),
        ("*/20 5 * * *", ["06-01 05:00", "06-01 05:20"]),
        ("50/5 5 * * *", ["06-01 05:50", "06-01 05:55"]),
        ("15,45 0-1 * * *", ["06-01 00:15", "06-01 00:45"]),
        ("0 0 * * 0", ["06-07 00:00", "06-14 00:00"]),
        ("0 0 * * 7", ["06-07 00:00", "06-14 00:00"]),
        ("0 0 * * MON-fri", ["06-02 00:00", "06-03 00:00"]),
        ("0 0 1 jan *", ["01-01 00:00", "01-01 00:00"]),
        ("0 0 13 * 5", ["06-05 00:00", "06-12 00:00"]),
        ("0 0 */2 * 5", ["06-05 00:00", "06-19 00:00"]),
        ("0 0 29 2 *", ["02-29 00:00", "02-29 00:00"]),
        ("@weekly", ["06-07 00:00", "06-14 00:00"]),
        (" @Hourly ", ["06-01 01:00", "06-01 02:00"]),
    ],
)
def test_fields_mean_what_they_mean_to_cron(text: str, expected: list[str]) -> None:
    assert following(text, utc(6, 1), 2, ZoneInfo("UTC")) == expected


def test_a_time_that_the_clocks_leap_over_is_due_when_they_have_leapt() -> None:
    # In Berlin 02:00 is 03:00 on 29 March: at 01:00 UTC.
    assert following("30 2 * * *", utc(3, 28, 12), 2) == ["03-29 01:00", "03-30 00:30"]
    assert following("*/20 2 * * *", utc(3, 28, 12), 2) == ["03-29 01:00", "03-30 00:00"]


def test_a_time_that_the_clocks_pass_twice_is_due_the_first_time() -> None:
    # In Berlin 03:00 is 02:00 again on 25 October: at 01:00 UTC.
    assert following("30 2 * * *", utc(10, 24, 12), 2) == ["10-25 00:30", "10-26 01:30"]


def test_what_is_due_every_hour_stays_so_when_the_clocks_change() -> None:
    assert following("30 * * * *", utc(10, 24, 23, 45)) == ["10-25 00:30", "10-25 01:30", "10-25 02:30", "10-25 03:30"]
    assert following("30 * * * *", utc(3, 28, 23, 45)) == ["03-29 00:30", "03-29 01:00", "03-29 01:30", "03-29 02:30"]


def test_a_day_that_a_country_leapt_over_is_made_up_for_on_the_next() -> None:
    # Samoa went from 29 to 31 December 2011.
    assert following("0 9 30 12 *", utc(12, 1, year=2011), 1, ZoneInfo("Pacific/Apia")) == ["12-30 10:00"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0 3 * *", "expected five fields"),
        ("", "expected five fields"),
        ("@reboot", "expected five fields"),
        ("60 3 * * *", "'60' is no minute; expected 0 to 59"),
        ("0 24 * * *", "'24' is no hour"),
        ("0 0 0 * *", "'0' is no day of the month"),
        ("0 0 * 13 *", "'13' is no month"),
        ("0 0 * * 8", "'8' is no day of the week"),
        ("0 0 * * noday", "'noday' is no day of the week"),
        ("5-1 0 * * *", "'5-1' is no range of the minute"),
        ("*/0 0 * * *", "'*/0' is no range of the minute"),
        ("1; 0 * * *", "'1;' is no minute"),
        ("-1 0 * * *", "'-1' is no minute"),
        ("² 0 * * *", "'²' is no minute"),
        ("0 0 31 2 *", "there is no such day"),
    ],
)
def test_what_is_no_expression_is_named(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match="^" + sentence.replace("*", r"\*")):
        cron.parse(text)


@given(
    st.sampled_from(["0 3 * * *", "*/7 1-4 * * *", "30 2 * * 0", "59 23 31 12 *", "*/10 * * * *"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]),
    st.integers(0, 20 * 366 * 24 * 60),
)
def test_due_times_rise_and_depend_on_nothing_but_the_moment(text: str, zone: str, minutes: int) -> None:
    parsed, moment = cron.parse(text), utc(1, 1, year=2010) + timedelta(minutes=minutes)
    found: list[datetime] = [moment]
    for _ in range(5):
        following = parsed.after(found[-1], ZoneInfo(zone))
        assert following is not None
        found.append(following)
    for earlier, later in pairwise(found):
        assert earlier < later
        between = earlier + (later - earlier) / 2
        assert parsed.after(between, ZoneInfo(zone)) == later, "nothing lies between"


@given(st.integers(0, 10 * 366 * 24 * 60), st.sampled_from(["Europe/Berlin", "America/Sao_Paulo"]))
def test_a_daily_time_is_due_once_on_each_local_day(minutes: int, zone: str) -> None:
    parsed: Cron = cron.parse("30 2 * * *")
    local, moment = ZoneInfo(zone), utc(1, 1, year=2020) + timedelta(minutes=minutes)
    days = []
    for _ in range(4):
        moment = parsed.after(moment, local) or moment
        days.append(moment.astimezone(local).date())
    assert days == [days[0] + timedelta(days=n) for n in range(4)]
