"""Checks on the clock."""

from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Resource

_APPROVED = (
    "*.pool.ntp.org",
    "pool.ntp.org",
    "ntp.ubuntu.com",
    "*.ntp.ubuntu.com",
    "time.cloudflare.com",
    "time*.google.com",
    "metadata.google.internal",
    "169.254.169.123",
    "time.aws.com",
    "*.amazon.pool.ntp.org",
    "ptbtime*.ptb.de",
)


@check(
    on="host.machine",
    severity="low",
    version=1,
    needs=("Hostname", "Container", "TimeClient", "TimeSources"),
    fix="Name at least three approved servers, or a pool, in chrony.conf or timesyncd.conf.",
)
def host_time_sources(machine: Resource, *, approved: tuple[str, ...] = _APPROVED, at_least: int = 3) -> Answer:
    """Time sources are the approved ones and at least three.

    With fewer than three a clock that goes wrong cannot be told from those that go right.
    `approved`: names and addresses of time sources (patterns)
    `at_least`: how many sources there must be; a pool counts for as many as it may give
    """
    name = machine.fact("Hostname")
    if machine.fact("Container") is not None:
        return NotApplicable(f"{name} is a container: its clock belongs to the machine that runs it")
    sources = machine.fact("TimeSources")
    if machine.fact("TimeClient") is None:
        return f"{name} has none of chrony, ntpd and systemd-timesyncd"
    strange = sorted(s["Address"] for s in sources if not any(fnmatchcase(s["Address"], pattern) for pattern in approved))
    if strange:
        return f"{name} takes its time from {', '.join(strange)}, not on the approved list"
    count = sum(source["Count"] for source in sources)
    return None if count >= at_least else f"{name} has {count} time sources; at least {at_least} are required"


@check(
    on="host.machine",
    severity="medium",
    version=1,
    needs=("Hostname", "Container", "TimeClient", "ClockSynchronised", "ClockOffsetMicroseconds", "ClockSetAt"),
    fix="Start chrony or systemd-timesyncd and open the way to its sources (UDP 123, or NTS).",
)
def host_time_sync(machine: Resource, *, at: datetime, max_offset_milliseconds: int = 100, max_hours: int = 24) -> Answer:
    """Clock is synchronised to its sources with small offset.

    Log entries of several machines can be put in order only if their clocks agree.
    `max_offset_milliseconds`: how far the clock may be off
    `max_hours`: how long ago the last synchronisation may be, where only that is known
    """
    name = machine.fact("Hostname")
    if machine.fact("Container") is not None:
        return NotApplicable(f"{name} is a container: its clock belongs to the machine that runs it")
    synchronised = machine.fact("ClockSynchronised")
    if synchronised is None:
        return f"{name} has none of chrony, ntpd and systemd-timesyncd"
    if not synchronised:
        return f"{name} has a clock that {machine.fact('TimeClient')} does not synchronise"
    offset, set_at = machine.fact("ClockOffsetMicroseconds"), machine.time("ClockSetAt")
    if offset is not None:
        limit = max_offset_milliseconds * 1000
        return f"{name} has a clock that is off by more than {max_offset_milliseconds} ms" if abs(offset) > limit else None
    if set_at is None:
        return Unknown(f"{name} says that its clock is synchronised, but neither how well nor when")
    if at - set_at > timedelta(hours=max_hours):
        return f"{name} last synchronised its clock on {set_at.date()}, more than {max_hours} hours before"
    return None
