"""Where logs are kept, who may read them, and where they are sent."""

import re
from collections.abc import Iterator

from collectors.host.owners import Owners
from collectors.host.reader import HostReader
from collectors.source import Facet, source
from evidence_store.records import Json, Observation

_JOURNALD = tuple(f"/{base}/systemd/journald.conf" for base in ("usr/lib", "usr/local/lib", "run", "etc"))


@source(
    "journald",
    level="account",
    calls=[
        *(f"read {path}" for path in _JOURNALD),
        *(f"read {path}.d/*.conf" for path in _JOURNALD),
        "stat /usr/lib/systemd/systemd-journald",
        "stat /lib/systemd/systemd-journald",
        "stat /var/log/journal",
    ],
    yields=[Facet("host.machine", ("Journal", "JournalDirectory"), name="journald")],
)
def journald(reader: HostReader) -> Iterator[Observation]:
    """journald.conf(5) as merged (drop-ins by name over the main file); `None` where journald is not installed."""
    installed = reader.exists("/usr/lib/systemd/systemd-journald") or reader.exists("/lib/systemd/systemd-journald")
    main = [text for path in reversed(_JOURNALD) if (text := reader.text(path)) is not None][:1]
    named: dict[str, str] = {}
    for directory in _JOURNALD:  # a drop-in hides those of the same name in directories before its own
        named |= {path.rsplit("/", 1)[-1]: path for path in reader.paths(f"{directory}.d/*.conf")}
    texts = main + [reader.text(named[name]) or "" for name in sorted(named)]
    settings = dict(re.findall(r"^\s*([A-Za-z]+)[ \t]*=[ \t]*(.*?)[ \t]*$", "\n".join(texts), re.MULTILINE))
    facts = {"Journal": settings if installed else None, "JournalDirectory": reader.exists("/var/log/journal")}
    yield reader.of_machine("journald", facts)


@source(
    "log files",
    level="account",
    calls=["stat /var/log/**", "read /etc/passwd", "read /etc/group"],
    yields=[Facet("host.machine", ("OpenLogFiles",), name="log_files")],
)
def log_files(reader: HostReader) -> Iterator[Observation]:
    """Files and directories below /var/log that every user can reach and read or write, with their modes."""
    owners = Owners(reader)
    found: list[dict[str, Json]] = []
    for path, entry in reader.walk("/var/log", enter=lambda status: bool(status.mode & 0o001)):
        writable = entry.status.mode & 0o002 and not (entry.status.is_directory and entry.status.mode & 0o1000)
        readable = entry.status.mode & 0o004 and entry.status.is_file
        if (writable or readable) and not entry.status.is_link:
            found.append({"Path": path, **owners.facts(entry.status)})
    yield reader.of_machine("log_files", {"OpenLogFiles": sorted(found, key=lambda file: str(file["Path"]))})


_LEGACY = re.compile(r"^\s*([a-z*][\w,.;*!=]*\.[\w,.;*!=]+)[ \t]+(@@?)(?:\([^)]*\))?(\[[^\]]+\]|[^\s:;]+)", re.MULTILINE)
_ACTION = re.compile(r"action\s*\(([^)]*)\)", re.IGNORECASE | re.DOTALL)
_PARAMETER = re.compile(r"([\w.]+)\s*=\s*\"([^\"]*)\"")
_REMOTE = {
    "omfwd": "target",
    "omrelp": "target",
    "omelasticsearch": "server",
    "omkafka": "broker",
    "omhttp": "server",
    "omgssapi": "target",
}


@source(
    "log forwarding",
    level="account",
    calls=[
        "read /etc/rsyslog.conf",
        "read /etc/rsyslog.d/*.conf",
        "read /etc/systemd/journal-upload.conf",
        "read /etc/systemd/journal-upload.conf.d/*.conf",
        "read /etc/syslog-ng/syslog-ng.conf",
        "read /etc/syslog-ng/conf.d/*.conf",
    ],
    yields=[Facet("host.machine", ("LogForwarding",), name="log_forwarding")],
)
def log_forwarding(reader: HostReader) -> Iterator[Observation]:
    """Each way out that a log daemon is told of: `Unit` that sends, `Target`, and `Selector`.

    An empty selector is everything; `None` is a condition that was not read.
    """
    ways: list[dict[str, Json]] = list(_rsyslog(_all(reader, "/etc/rsyslog.conf", "/etc/rsyslog.d/*.conf")))
    upload = _all(reader, "/etc/systemd/journal-upload.conf", "/etc/systemd/journal-upload.conf.d/*.conf")
    urls = re.findall(r"^[ \t]*URL[ \t]*=[ \t]*(\S+)", upload, re.MULTILINE)
    ways += [{"Unit": "systemd-journal-upload.service", "Target": target, "Selector": ""} for target in urls]
    syslog_ng = _all(reader, "/etc/syslog-ng/syslog-ng.conf", "/etc/syslog-ng/conf.d/*.conf")
    hosts = re.findall(r"\b(?:network|syslog|tcp6?|udp6?)\s*\(\s*\"([^\"]+)\"", syslog_ng)
    ways += [{"Unit": "syslog-ng.service", "Target": target, "Selector": ""} for target in hosts]
    yield reader.of_machine("log_forwarding", {"LogForwarding": ways})


def _all(reader: HostReader, main: str, drop_ins: str) -> str:
    texts = [reader.text(path) or "" for path in [main, *reader.paths(drop_ins)]]
    return "\n".join(re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE) for text in texts)


def _rsyslog(text: str) -> Iterator[dict[str, Json]]:
    """rsyslog.conf(5): `selector @host` (UDP), `selector @@host` (TCP), and `action(type="omfwd" ...)`.

    An action within a block or behind an `if` takes what its condition lets through: its selector is `None`.
    """
    for selector, _, target in _LEGACY.findall(text):
        yield {"Unit": "rsyslog.service", "Target": target.strip("[]"), "Selector": selector}
    for action in _ACTION.finditer(text):
        parameters = {key.lower(): value for key, value in _PARAMETER.findall(action[1])}
        named = _REMOTE.get(parameters.get("type", "").lower())
        if named is not None:
            before = text[: action.start()]
            within = before.count("{") > before.count("}")
            selector = before.rpartition("\n")[2].strip()
            whole = not within and (not selector or re.fullmatch(r"[\w,.;*!=]+\.[\w,.;*!=]+", selector))
            target = parameters.get(named, "")
            yield {"Unit": "rsyslog.service", "Target": target, "Selector": selector if whole else None}
