"""The keys of `[[schedule]]` and `[daemon]`. What does not fit is a `ValueError` with a sentence that names the key."""

import ipaddress
import re
from dataclasses import dataclass, fields
from datetime import UTC, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from daemon import cron
from daemon.timing import Timing, duration

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_LEAST = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is run, and when."""

    name: str = ""
    cron: str | None = None
    every: str | None = None
    timezone: str = "UTC"
    jitter: str = "0s"
    targets: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    wait: str = "1h"
    max_run: str = "6h"

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"name = {self.name!r}: expected 1 to 64 letters, digits, - or _")
        if (self.cron is None) == (self.every is None):
            raise ValueError("either cron or every says when it is due, as cron = '0 3 * * *' or every = '6h'")
        if self.every is not None and self.timezone != "UTC":
            raise ValueError("timezone: every counts in UTC; use cron for local time")
        _ = self.timing
        _span("wait", self.wait)
        if _span("max_run", self.max_run) < _LEAST:
            raise ValueError(f"max_run = {self.max_run!r}: must be at least 1m")

    @property
    def timing(self) -> Timing:
        """When it is due."""
        return _timing(self.name, self.cron, self.every, self.timezone, self.jitter)

    @property
    def waits(self) -> timedelta:
        """For how long it waits for the store."""
        return duration(self.wait)

    @property
    def longest(self) -> timedelta:
        """How long a run may take."""
        return duration(self.max_run)

    def definition(self) -> dict[str, str | list[str] | None]:
        """What decides what is run and when, as it is kept with the evidence."""
        when = {"cron": self.cron, "every": self.every, "timezone": self.timezone, "jitter": self.jitter}
        what = {"targets": list(self.targets), "controls": list(self.controls), "checks": list(self.checks)}
        return {"name": self.name, **when, **what}


@dataclass(frozen=True, slots=True)
class DaemonSettings:
    """How the daemon behaves."""

    listen: str = "127.0.0.1:9464"
    token_file: str | None = None
    grace: str = "30s"

    def __post_init__(self) -> None:
        _span("grace", self.grace)
        if not self.listen:
            return
        host, port = self.address
        if not port.isdecimal() or not 0 <= int(port) <= 65535:
            raise ValueError(f"listen = {self.listen!r}: expected an address and a port, as 127.0.0.1:9464; '' for none")
        if not _loopback(host) and self.token_file is None:
            raise ValueError(
                f"listen = {self.listen!r}: others can reach this address; name a token_file, or listen on 127.0.0.1"
            )

    @property
    def address(self) -> tuple[str, str]:
        """Host and port."""
        host, _, port = self.listen.rpartition(":")
        return host.removeprefix("[").removesuffix("]"), port

    @property
    def patience(self) -> timedelta:
        """For how long a run may tidy up when it is stopped."""
        return duration(self.grace)


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise ValueError(f"listen: {host!r} is no address; write 127.0.0.1:9464") from None


def _span(key: str, text: str) -> timedelta:
    try:
        return duration(text)
    except ValueError as error:
        raise ValueError(f"{key} = {error}") from None


def differing(before: "DataclassInstance", after: "DataclassInstance") -> tuple[str, ...]:
    """The keys that two settings of one kind do not have alike."""
    return tuple(key.name for key in fields(before) if getattr(before, key.name) != getattr(after, key.name))


@lru_cache(maxsize=256)
def _timing(name: str, expression: str | None, every: str | None, timezone: str, jitter: str) -> Timing:
    try:
        zone = UTC if timezone == "UTC" else ZoneInfo(timezone)  # UTC is known where no time zones are installed
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"timezone = {timezone!r}: no such time zone here; write UTC or Europe/Berlin") from None
    delay = _span("jitter", jitter)
    if every is not None:
        interval = _span("every", every)
        if interval < _LEAST:
            raise ValueError(f"every = {every!r}: must be at least 1m")
        if delay >= interval:
            raise ValueError(f"jitter = {jitter!r}: must be shorter than every = {every!r}")
        return Timing(name, interval, zone, delay)
    try:
        when = cron.parse(expression or "")
    except ValueError as error:
        raise ValueError(f"cron = {expression!r}: {error}") from None
    if delay > timedelta(days=1):
        raise ValueError(f"jitter = {jitter!r}: must be at most 1d")
    return Timing(name, when, zone, delay)


DAILY = Schedule("daily", cron="0 3 * * *")  # what is in force where no schedule is configured
UNCHANGED = DaemonSettings()
