"""Updates: which wait, how fresh the lists are that say so, and whether a machine takes them by itself.

- Nothing is fetched and nothing is written: the package manager is asked what it would do with the lists that it has.
- apt does not record when an update appeared; dnf gives the date of the advisory. What is not known stays `None`.
- The facts speak of the time at which the lists were made, not of the time of asking.
"""

import gzip
import re
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from collectors.host.reader import HostReader
from collectors.host.system import family, os_release
from collectors.source import Facet, UnreadError, source
from evidence_store.records import Json, Observation, Unread, Why, format_time

# A simulation keeps a log of its plan and a cache of the lists: both are turned off, so that nothing is written.
_APT = (
    "apt-get -s -q -o Debug::NoLocking=true -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= "
    "-o Dir::Log::Planner=/dev/null --ignore-hold dist-upgrade"
)
_DNF_LIST = "dnf -q -C --setopt=logfilelevel=0 updateinfo list --security --updates"
_DNF_INFO = "dnf -q -C --setopt=logfilelevel=0 updateinfo info --security --updates"
_STAMPS = ("/var/lib/apt/periodic/update-success-stamp", "/var/lib/apt/periodic/update-stamp")
_UNATTENDED = "/var/lib/apt/periodic/unattended-upgrades-stamp"
_HISTORY = ("/var/log/apt/history.log", "/var/log/apt/history.log.1.gz")
_DPKG = "/var/lib/dpkg/status"
_OS_RELEASE = ["read /etc/os-release", "read /usr/lib/os-release"]


@source(
    "updates",
    level="account",
    calls=[
        *_OS_RELEASE,
        f"run {_APT}",
        f"read {_DPKG}",
        f"run {_DNF_LIST}",
        f"run {_DNF_INFO}",
        "read /var/lib/apt/lists/*Release",
        "read /var/cache/dnf/*/repodata/repomd.xml",
        "read /var/cache/libdnf5/*/repodata/repomd.xml",
        *(f"stat {path}" for path in (*_STAMPS, _UNATTENDED)),
        *(f"read {path}" for path in _HISTORY),
    ],
    yields=[
        Facet(
            "host.machine",
            ("PendingUpdates", "ListsMade"),
            optional=("SecurityLists", "LastUpgrade"),
            name="updates",
            effective="ListsMade",
        )
    ],
)
def updates(reader: HostReader) -> Iterator[Observation]:
    """A pending update: `Package`, `Installed`, `Candidate`, `Security`, `Origins`, `Advisory`, `Issued`,
    and `Held`: whether it is kept back by hand.

    `ListsMade`: when the lists were made by the archive, or last found to be the newest. `LastUpgrade`: when all updates
    were last installed. Each is `None` where nothing tells.
    """
    match family(os_release(reader)):
        case "debian":
            facts = _apt(reader)
        case "redhat":
            facts = _dnf(reader)
        case _:
            raise UnreadError(Unread(Why.UNSUPPORTED, "run apt-get or dnf", "neither family"))
    yield reader.of_machine("updates", facts)


_INST = re.compile(r"^Inst (\S+) \[([^\]]*)\] \((\S+) ([^\[]*)\[", re.MULTILINE)


def _apt(reader: HostReader) -> dict[str, Json]:
    ran = reader.run(*_APT.split())
    if ran is None or ran.code != 0:
        said = "no such command" if ran is None else (ran.err.strip().splitlines() or [f"exit {ran.code}"])[-1]
        raise UnreadError(Unread(Why.UNSUPPORTED, "run apt-get -s dist-upgrade", said))
    held = set(re.findall(r"^Package: (\S+)\nStatus: hold ", reader.text(_DPKG) or "", re.MULTILINE))
    pending = []
    for package, installed, candidate, origins in _INST.findall(ran.out):
        named = [origin.strip() for origin in origins.split(",") if origin.strip()]
        security = any(re.search(r"[-/]security\b|^Debian-Security", origin, re.IGNORECASE) for origin in named)
        facts = {"Package": package, "Installed": installed, "Candidate": candidate, "Security": security}
        pending.append({**facts, "Origins": named, "Advisory": None, "Issued": None, "Held": package.split(":")[0] in held})
    lists = _security_lists(reader)
    made = [made for entry in lists if (made := entry["Made"])]
    refreshed = [format_time(status.modified) for path in _STAMPS if (status := reader.status(path))]
    return {
        "PendingUpdates": sorted(pending, key=lambda update: str(update["Package"])),
        "SecurityLists": lists,
        "ListsMade": max([min(made), *refreshed]) if made else None,
        "LastUpgrade": _last_upgrade(reader),
    }


def _security_lists(reader: HostReader) -> list[dict[str, Json]]:
    found: list[dict[str, Json]] = []
    for path in reader.paths("/var/lib/apt/lists/*Release"):
        head = (reader.head(path, 4096) or b"").decode(errors="replace")
        fields = dict(re.findall(r"^(Origin|Label|Suite|Codename|Date): *(.*?) *$", head, re.MULTILINE))
        if re.search(r"security", " ".join(fields.get(key, "") for key in ("Label", "Suite", "Codename")), re.IGNORECASE):
            made = format_time(parsedate_to_datetime(fields["Date"]).astimezone(UTC)) if "Date" in fields else None
            found.append({"Origin": fields.get("Origin"), "Codename": fields.get("Codename"), "Made": made})
    return found


def _last_upgrade(reader: HostReader) -> str | None:
    """The later of: an upgrade in apt's history (its local times read as UTC), a run of unattended-upgrades."""
    status = reader.status(_UNATTENDED)
    found = [] if status is None else [format_time(status.modified)]
    for path in _HISTORY:
        content = reader.content(path) or b""
        try:
            text = (gzip.decompress(content) if path.endswith(".gz") and content else content).decode(errors="replace")
        except (OSError, EOFError, zlib.error):
            continue  # a log that is being rotated: the other one stands
        for entry in text.split("\n\n"):
            done = re.search(r"^End-Date: (\d{4}-\d\d-\d\d) +(\d\d:\d\d:\d\d)$", entry, re.MULTILINE)
            if done and re.search(r"^Commandline: .*\b(?:(?:full-|dist-)?upgrade|unattended-upgrades?)\b", entry, re.MULTILINE):
                found.append(f"{done[1]}T{done[2]}Z")
    return max(found, default=None)


def _dnf(reader: HostReader) -> dict[str, Json]:
    """`updateinfo list` of dnf 4 (advisory, kind, package) and dnf 5 (the same and the date of issue, under a header)."""
    pending: list[dict[str, Json]] = []
    issued = dict(re.findall(r"Update ID *: (\S+).*?Updated *: (\d{4}-\d\d-\d\d)", _dnf_says(reader, _DNF_INFO), re.DOTALL))
    for line in _dnf_says(reader, _DNF_LIST).splitlines():
        fields = line.split()
        if len(fields) < 3 or fields[0] == "Name":
            continue
        package = next((field for field in fields[1:] if re.fullmatch(r"\S+-[^-\s]+-[^-\s]+\.\w+", field)), None)
        if package is None:
            continue
        date = next((field for field in fields if re.fullmatch(r"\d{4}-\d\d-\d\d", field)), issued.get(fields[0]))
        name, version, release = package.rsplit("-", 2)
        update: dict[str, Json] = {
            "Package": name,
            "Installed": None,
            "Candidate": f"{version}-{release}",
            "Security": True,
            "Origins": [],
        }
        pending.append({**update, "Advisory": fields[0], "Issued": date, "Held": False})
    patterns = ("/var/cache/dnf/*/repodata/repomd.xml", "/var/cache/libdnf5/*/repodata/repomd.xml")
    made = [s.modified for pattern in patterns for path in reader.paths(pattern) if (s := reader.status(path))]
    return {
        "PendingUpdates": sorted(pending, key=lambda u: (str(u["Package"]), str(u["Advisory"]), str(u["Candidate"]))),
        "ListsMade": format_time(max(made)) if made else None,
    }


def _dnf_says(reader: HostReader, command: str) -> str:
    ran = reader.run(*command.split())
    if ran is None:
        raise UnreadError(Unread(Why.UNSUPPORTED, f"run {command}", "no such command"))
    if ran.code != 0:
        said = (ran.err.strip().splitlines() or [f"exit {ran.code}"])[-1]
        why = Why.DENIED if not reader.machine.root else Why.UNSUPPORTED  # an ordinary user has no lists of his own
        raise UnreadError(Unread(why, f"run {command}", said))
    return ran.out


_AUTOMATIC = ("/etc/dnf/automatic.conf", "/etc/dnf/dnf5-plugins/automatic.conf", "/usr/share/dnf5/dnf5-plugins/automatic.conf")
_TIMERS = ("dnf-automatic", "dnf-automatic-install", "dnf5-automatic")
_PERIODIC = re.compile(r"^((?:APT::Periodic|Unattended-Upgrade)::[\w:-]+?)(::)? \"(.*)\";$", re.MULTILINE)


@source(
    "automatic updates",
    level="account",
    calls=[
        *_OS_RELEASE,
        "run apt-config dump",
        "stat /usr/bin/unattended-upgrade",
        *(f"read {path}" for path in _AUTOMATIC),
        f"stat {_UNATTENDED}",
        *(f"stat /var/lib/systemd/timers/stamp-{name}.timer" for name in _TIMERS),
    ],
    yields=[
        Facet("host.machine", ("AptPeriodic", "DnfAutomatic"), name="automatic_updates"),
        Facet("host.machine", ("AutomaticUpdateAt",), name="automatic_update_run"),
    ],
)
def automatic_updates(reader: HostReader) -> Iterator[Observation]:
    """`AptPeriodic`: apt's settings by name (a list's values in order), `None` without unattended-upgrades.
    `DnfAutomatic`: `commands` of automatic.conf, `None` without it."""
    kind = family(os_release(reader))
    apt: Json = None
    dnf: Json = None
    if kind == "debian" and reader.exists("/usr/bin/unattended-upgrade"):
        apt = _apt_settings(reader)
    elif kind == "redhat":
        text = next((text for path in _AUTOMATIC if (text := reader.text(path)) is not None), None)
        section = re.search(r"^\[commands\]\n(.*?)(?=^\[|\Z)", text or "", re.MULTILINE | re.DOTALL)
        dnf = dict(re.findall(r"^(\w+) *= *(.*?) *$", section[1], re.MULTILINE)) if section else None
    elif kind == "other":
        raise UnreadError(Unread(Why.UNSUPPORTED, "run apt-config or read /etc/dnf/automatic.conf", "neither family"))
    yield reader.of_machine("automatic_updates", {"AptPeriodic": apt, "DnfAutomatic": dnf})
    stamps = [_UNATTENDED] if kind == "debian" else [f"/var/lib/systemd/timers/stamp-{name}.timer" for name in _TIMERS]
    times: list[datetime] = [status.modified for path in stamps if (status := reader.status(path))]
    yield reader.of_machine("automatic_update_run", {"AutomaticUpdateAt": format_time(max(times)) if times else None})


def _apt_settings(reader: HostReader) -> dict[str, Json]:
    ran = reader.run("apt-config", "dump")
    if ran is None or ran.code != 0:
        raise UnreadError(Unread(Why.UNSUPPORTED, "run apt-config dump"))
    settings: dict[str, Json] = {}
    for name, listed, value in _PERIODIC.findall(ran.out):
        if listed:
            settings[name] = [*(settings[name] if isinstance(settings.get(name), list) else []), value]
        elif value:
            settings[name] = value
    return settings
