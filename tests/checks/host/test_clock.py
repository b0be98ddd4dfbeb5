"""Checks on the clock, driven from the time clients' settings and answers."""

import pytest

from collectors.host.machine import Ran
from tests.collectors.host.recorded import AT, host, long_ago
from tests.harness import Looked, look

SOURCES, SYNC = "host_time_sources", "host_time_sync"
TRACKING, NTPQ = "chronyc -c tracking", "ntpq -n -c rv 0 leap,stratum,offset"
GONE: dict[str, str | None] = {"/usr/sbin/chronyd": None}
TIMESYNCD = {**GONE, "/usr/lib/systemd/systemd-timesyncd": ""}
CONF = "/etc/systemd/timesyncd.conf"


def chrony(text: str) -> Looked:
    return look(host(files={"/etc/chrony.conf": text}), SOURCES, at=AT)


@pytest.mark.parametrize("machine", ["redhat9", "debian12"])
def test_pool_as_both_families_set_it_passes(machine: str) -> None:
    assert look(host(machine), SOURCES, at=AT).status(SOURCES) == "pass"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("server time1.google.com\nserver time2.google.com\nserver time3.google.com\n", "pass"),
        ("server time1.google.com\nserver time2.google.com\n", "fail"),
        ("pool 2.rhel.pool.ntp.org iburst maxsources 2\n", "fail"),
        ("pool 2.rhel.pool.ntp.org iburst\nserver 203.0.113.9 # why\n", "fail"),
        ("! server evil.example.org\n# server evil.example.org\npool pool.ntp.org\n", "pass"),
        ("", "fail"),
    ],
)
def test_sources_of_chrony_are_counted_and_compared(text: str, status: str) -> None:
    assert chrony(text).status(SOURCES) == status


def test_source_that_is_not_approved_is_named() -> None:
    assert "203.0.113.9" in chrony("pool pool.ntp.org\nserver 203.0.113.9\n").reason(SOURCES)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("[Time]\nNTP=time1.google.com time2.google.com time3.google.com\n", "pass"),
        ("[Time]\nNTP=time1.google.com\n", "fail"),
        ("[Time]\n#NTP=\n#FallbackNTP=0.debian.pool.ntp.org 1.debian.pool.ntp.org 2.debian.pool.ntp.org\n", "pass"),
        ("[Time]\nFallbackNTP=a.example.org b.example.org c.example.org\n", "fail"),
    ],
)
def test_sources_of_timesyncd_are_named_or_compiled_in(text: str, status: str) -> None:
    assert look(host(files={**TIMESYNCD, CONF: text}), SOURCES, at=AT).status(SOURCES) == status


def test_sources_are_unknown_where_the_settings_may_not_be_read() -> None:
    seen = look(host(denied=["/etc/chrony.conf"]), SOURCES, at=AT)
    assert (seen.status(SOURCES), seen.reason(SOURCES)) == ("unknown", "read /etc/chrony.conf was denied")


def test_clock_of_chrony_passes_and_one_without_sources_fails() -> None:
    assert look(host(), SYNC, at=AT).status(SYNC) == "pass"
    assert look(host("debian12"), SYNC, at=AT).reason(SYNC) == "debian12 has a clock that chrony does not synchronise"


@pytest.mark.parametrize(
    ("ran", "status"),
    [
        (Ran(0, "A29FC87B,a,4,1.0,0.050000000,0,0,0,0,0,0,0,0,Normal\n"), "pass"),
        (Ran(0, "A29FC87B,a,4,1.0,-0.150000000,0,0,0,0,0,0,0,0,Normal\n"), "fail"),
        (Ran(0, "A29FC87B,a,4,1.0,0.000000001,0,0,0,0,0,0,0,0,Insert second\n"), "pass"),
        (Ran(1, "506 Cannot talk to daemon\n"), "fail"),
        (Ran(0, "garbage\n"), "unknown"),
        (Ran(0, "A29FC87B,a,4,1.0,far,0,0,0,0,0,0,0,0,Normal\n"), "unknown"),
    ],
)
def test_answer_of_chrony_is_judged(ran: Ran, status: str) -> None:
    assert look(host(commands={TRACKING: ran}), SYNC, at=AT).status(SYNC) == status


@pytest.mark.parametrize(
    ("ran", "status"),
    [
        (Ran(0, "leap=00, stratum=2, offset=-0.123\n"), "pass"),
        (Ran(0, "leap=0, stratum=2, offset=250.5\n"), "fail"),
        (Ran(0, "leap=11, stratum=16, offset=0.0\n"), "fail"),
        (Ran(1, "", "ntpq: read: Connection refused\n"), "fail"),
    ],
)
def test_answer_of_ntpd_is_judged(ran: Ran, status: str) -> None:
    changed = host(files={**GONE, "/usr/sbin/ntpd": ""}, commands={NTPQ: ran})
    assert look(changed, SYNC, at=AT).status(SYNC) == status


@pytest.mark.parametrize(
    ("said", "hours", "status"),
    [
        ("NTP=yes\nNTPSynchronized=yes\n", 1, "pass"),
        ("NTP=yes\nNTPSynchronized=yes\n", 30, "fail"),
        ("NTP=yes\nNTPSynchronized=yes\n", None, "unknown"),
        ("NTP=yes\nNTPSynchronized=no\n", 1, "fail"),
    ],
)
def test_clock_of_timesyncd_is_judged_by_its_last_synchronisation(said: str, hours: float | None, status: str) -> None:
    path = "/run/systemd/timesync/synchronized"
    files = dict(TIMESYNCD) if hours is None else {**TIMESYNCD, path: ""}
    times = {} if hours is None else {path: long_ago(hours / 24)}
    changed = host(files=files, times=times, commands={"timedatectl show": Ran(0, said)})
    assert look(changed, SYNC, at=AT).status(SYNC) == status


@pytest.mark.parametrize(("check", "words"), [(SOURCES, "none of chrony"), (SYNC, "none of chrony")])
def test_machine_without_time_client_fails_and_a_container_is_not_asked(check: str, words: str) -> None:
    assert words in look(host(files=GONE), check, at=AT).reason(check)
    assert look(host(files={**GONE, "/.dockerenv": ""}), check, at=AT).status(check) == "not_applicable"


def test_clock_is_unknown_where_the_client_may_not_be_asked() -> None:
    seen = look(host(denied=[TRACKING]), SYNC, at=AT)
    assert (seen.status(SYNC), seen.reason(SYNC)) == ("unknown", f"run {TRACKING} was denied")
    missing = look(host(commands={TRACKING: None}), SYNC, at=AT)
    assert missing.status(SYNC) == "unknown"
