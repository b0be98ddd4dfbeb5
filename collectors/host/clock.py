"""The clock: which program keeps it, from which sources, and how well."""

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from collectors.host.reader import HostReader
from collectors.source import Facet, UnreadError, source
from evidence_store.records import Json, Observation, Unread, Why, format_time

_CHRONY = (
    "/etc/chrony/chrony.conf",
    "/etc/chrony.conf",
    "/etc/chrony/conf.d/*.conf",
    "/etc/chrony.d/*.conf",
    "/etc/chrony/sources.d/*.sources",
    "/run/chrony-dhcp/*.sources",
)
_TIMESYNCD = "/etc/systemd/timesyncd.conf"
_TIMESYNCD_DROPS = tuple(f"/{base}/systemd/timesyncd.conf.d/*.conf" for base in ("usr/lib", "run", "etc"))
_NTP = ("/etc/ntpsec/ntp.conf", "/etc/ntp.conf")
_CLIENTS = (
    ("chrony", "/usr/sbin/chronyd"),
    ("ntpd", "/usr/sbin/ntpd"),
    ("systemd-timesyncd", "/usr/lib/systemd/systemd-timesyncd"),
    ("systemd-timesyncd", "/lib/systemd/systemd-timesyncd"),
)
_CLIENT_CALLS = [f"stat {path}" for _, path in _CLIENTS]
_NTPQ = ("ntpq", "-n", "-c", "rv 0 leap,stratum,offset")


def _client(reader: HostReader) -> str | None:
    return next((name for name, path in _CLIENTS if reader.exists(path)), None)


@source(
    "time sources",
    level="account",
    calls=[
        *_CLIENT_CALLS,
        *(f"read {path}" for path in (*_CHRONY, _TIMESYNCD, "/usr/lib/systemd/timesyncd.conf", *_TIMESYNCD_DROPS, *_NTP)),
    ],
    yields=[Facet("host.machine", ("TimeClient", "TimeSources"), name="time_sources")],
)
def time_sources(reader: HostReader) -> Iterator[Observation]:
    """`TimeClient` is `None` where no known one is installed. A source: `Kind`, `Address`, `Count` (how many it may give)."""
    client = _client(reader)
    match client:
        case "chrony":
            found = _servers("\n".join(_texts(reader, _CHRONY)))
        case "ntpd":
            found = _servers("\n".join(_texts(reader, _NTP)))
        case "systemd-timesyncd":
            found = _timesyncd(reader)
        case _:
            found = []
    yield reader.of_machine("time_sources", {"TimeClient": client, "TimeSources": found})


def _texts(reader: HostReader, patterns: tuple[str, ...]) -> list[str]:
    paths = [path for pattern in patterns for path in (reader.paths(pattern) if "*" in pattern else [pattern])]
    return [text for path in paths if (text := reader.text(path)) is not None]


def _servers(text: str) -> list[Json]:
    """chrony.conf(5), ntp.conf(5): a pool gives up to `maxsources` servers, four if it does not say."""
    found = []
    for kind, address, options in re.findall(r"^\s*(server|pool|peer|refclock)[ \t]+(\S+)([^#!\n]*)", text, re.MULTILINE):
        most = re.search(r"\bmaxsources\s+(\d+)", options)
        count = (int(most[1]) if most else 4) if kind == "pool" else 1
        found.append({"Kind": kind, "Address": address, "Count": count})
    return sorted(found, key=lambda entry: (str(entry["Kind"]), str(entry["Address"])))


def _timesyncd(reader: HostReader) -> list[Json]:
    """timesyncd.conf(5). The commented lines of the shipped file are the compiled-in defaults, as that file says itself."""
    main = reader.text(_TIMESYNCD)
    main = main if main is not None else reader.text("/usr/lib/systemd/timesyncd.conf") or ""
    text = "\n".join([main, *_texts(reader, _TIMESYNCD_DROPS)])
    named = _listed(text, r"NTP")
    kind = "server" if named else "fallback"
    named = named or _listed(text, r"FallbackNTP") or _listed(main, r"#\s*FallbackNTP")
    return [{"Kind": kind, "Address": address, "Count": 1} for address in named]


def _listed(text: str, key: str) -> list[str]:
    """Values add up; an empty one starts again."""
    found: list[str] = []
    for value in re.findall(rf"^\s*{key}[ \t]*=[ \t]*(.*)$", text, re.MULTILINE):
        found = [*found, *value.split()] if value.strip() else []
    return list(dict.fromkeys(found))


@source(
    "clock",
    level="account",
    calls=[
        *_CLIENT_CALLS,
        "run chronyc -c tracking",
        f"run {' '.join(_NTPQ)}",
        "run timedatectl show",
        "stat /run/systemd/timesync/synchronized",
    ],
    yields=[
        Facet(
            "host.machine",
            ("ClockSynchronised",),
            optional=("ClockStratum", "ClockOffsetMicroseconds", "ClockSetAt"),
            name="clock",
        )
    ],
)
def clock(reader: HostReader) -> Iterator[Observation]:
    """`ClockSynchronised` is `None` where no time client is installed; the offset where the client does not tell it."""
    match _client(reader):
        case "chrony":
            facts = _chrony(reader)
        case "ntpd":
            facts = _ntpd(reader)
        case "systemd-timesyncd":
            facts = _timedated(reader)
        case _:
            facts = {"ClockSynchronised": None}
    yield reader.of_machine("clock", facts)


def _said(reader: HostReader, *argv: str) -> tuple[int, str]:
    ran = reader.run(*argv)
    if ran is None:
        raise UnreadError(Unread(Why.UNSUPPORTED, f"run {' '.join(argv)}", "no such command"))
    if "ermission denied" in ran.err or "not permitted" in ran.err:
        raise UnreadError(Unread(Why.DENIED, f"run {' '.join(argv)}"))
    return ran.code, ran.out + ran.err


def _chrony(reader: HostReader) -> dict[str, Json]:
    """chronyc(1), `-c`: reference, name, stratum, time, offset in seconds, ..., leap status last."""
    code, said = _said(reader, "chronyc", "-c", "tracking")
    if code != 0 or "Cannot talk to daemon" in said:
        return {"ClockSynchronised": False}
    fields = said.strip().split(",")
    if len(fields) < 14:
        raise UnreadError(Unread(Why.UNEXPECTED, "run chronyc -c tracking"))
    return {
        "ClockSynchronised": fields[13] != "Not synchronised",
        "ClockStratum": int(fields[2]),
        "ClockOffsetMicroseconds": _scaled(fields[4], 1_000_000),
    }


def _ntpd(reader: HostReader) -> dict[str, Json]:
    """ntpq(1): the offset in milliseconds; a leap of 3 (`11`) means: not synchronised."""
    code, said = _said(reader, *_NTPQ)
    if code != 0 or "Connection refused" in said:
        return {"ClockSynchronised": False}
    values = dict(re.findall(r"\b(leap|stratum|offset)=([\w.+-]+)", said))
    if not {"leap", "stratum", "offset"} <= set(values):
        raise UnreadError(Unread(Why.UNEXPECTED, f"run {' '.join(_NTPQ)}"))
    return {
        "ClockSynchronised": values["leap"] not in ("3", "11", "leap_alarm"),
        "ClockStratum": int(values["stratum"]),
        "ClockOffsetMicroseconds": _scaled(values["offset"], 1_000),
    }


def _timedated(reader: HostReader) -> dict[str, Json]:
    """systemd-timesyncd touches a file at each synchronisation; the kernel's own flag comes with `timedatectl`."""
    code, said = _said(reader, "timedatectl", "show")
    if code != 0:
        raise UnreadError(Unread(Why.UNSUPPORTED, "run timedatectl show", (said.strip().splitlines() or [""])[-1]))
    found = reader.status("/run/systemd/timesync/synchronized")
    return {
        "ClockSynchronised": "NTPSynchronized=yes" in said,
        "ClockSetAt": None if found is None else format_time(found.modified),
    }


def _scaled(text: str, factor: int) -> int:
    try:
        return int(Decimal(text) * factor)
    except (InvalidOperation, OverflowError):
        raise UnreadError(Unread(Why.UNEXPECTED, "the clock's offset", text)) from None
