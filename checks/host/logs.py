"""Checks on logs: that they last, that they are closed to ordinary users, that a copy leaves the machine."""

import re
from fnmatch import fnmatchcase

from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Inventory, Resource

_SECONDS = {
    "s": 1,
    "sec": 1,
    "m": 60,
    "min": 60,
    "h": 3600,
    "hr": 3600,
    "d": 86400,
    "w": 604800,
    "month": 2629800,
    "y": 31557600,
}
_NAMES = {"second": "s", "seconds": "s", "minute": "m", "minutes": "m", "hour": "h", "hours": "h", "day": "d", "days": "d"}
_NAMES |= {"week": "w", "weeks": "w", "M": "month", "months": "month", "year": "y", "years": "y"}
_PUBLIC = (
    "README",
    "alternatives.log*",
    "apt/*",
    "bootstrap.log*",
    "dist-upgrade/*",
    "dnf*.log*",
    "dpkg.log*",
    "faillog",
    "fontconfig.log",
    "hawkey.log*",
    "installer/*",
    "lastlog",
    "wtmp*",
    "wtmp.db",
)
_AGENTS = (
    "alloy.service",
    "amazon-cloudwatch-agent.service",
    "azuremonitoragent.service",
    "datadog-agent.service",
    "filebeat.service",
    "fluent-bit.service",
    "fluentd.service",
    "google-cloud-ops-agent-fluent-bit.service",
    "otelcol-contrib.service",
    "promtail.service",
    "SplunkForwarder.service",
    "td-agent.service",
    "vector.service",
    "wazuh-agent.service",
)


@check(
    on="host.machine",
    severity="low",
    version=1,
    needs=("Hostname", "Journal", "JournalDirectory"),
    fix="Set Storage=persistent in /etc/systemd/journald.conf, and MaxRetentionSec to the required time or not at all.",
)
def host_journal_persistent(machine: Resource, *, min_days: int = 30) -> Answer:
    """Journal is kept on disk for the required time.

    A journal in memory is gone after the restart that an intruder causes. A bound on its size may still shorten it: that
    depends on how much is logged.
    `min_days`: for how many days the journal must be kept, at least
    """
    name, journal = machine.fact("Hostname"), machine.fact("Journal")
    if journal is None:
        return NotApplicable(f"{name} has no systemd journal")
    storage = journal.get("Storage", "auto").lower()
    if storage != "persistent" and not (storage == "auto" and machine.fact("JournalDirectory")):
        return f"{name} keeps its journal in memory only: Storage is {storage}"
    seconds = _span(journal.get("MaxRetentionSec", "0"))
    if 0 < seconds < min_days * 86400:
        return f"{name} drops its journal after {journal['MaxRetentionSec']}; {min_days} days are required"
    return None


def _span(text: str) -> int:
    """systemd.time(7): `1month`, `2week 3d`, a number of seconds; 0 stands for no limit."""
    total = 0.0
    for number, unit in re.findall(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", text):
        total += float(number) * _SECONDS.get(_NAMES.get(unit, unit) or "s", 1)
    return int(total)


@check(
    on="host.machine",
    severity="low",
    version=1,
    needs=("Hostname", "OpenLogFiles"),
    fix="Take read and write from others (`chmod o-rw`), and set the mode that logrotate and the daemon create files with.",
)
def host_log_permissions(machine: Resource, *, public: tuple[str, ...] = _PUBLIC) -> Answer:
    """Log files are not readable or writable by ordinary users.

    Logs tell an intruder what is there and what was noticed; a log that he can write proves nothing.
    `public`: files below /var/log that everyone may read (patterns)
    """
    faults = []
    for file in machine.fact("OpenLogFiles"):
        within = file["Path"].removeprefix("/var/log/")
        if int(file["Mode"], 8) & 0o002 or not any(fnmatchcase(within, pattern) for pattern in public):
            faults.append(f"{file['Path']} ({file['Mode']})")
    more = f" and {len(faults) - 10} more" if len(faults) > 10 else ""
    return f"{machine.fact('Hostname')} opens logs to every user: {', '.join(faults[:10])}{more}" if faults else None


@check(
    on="host.machine",
    severity="high",
    version=1,
    needs=("Hostname", "LogForwarding"),
    looks_up={"host.unit": ("Name", "Active")},
    fix="Forward with rsyslog (`*.* @@central:6514` or omfwd with TLS), systemd-journal-upload or a log agent.",
)
def host_log_forwarding(machine: Resource, *, inventory: Inventory, agents: tuple[str, ...] = _AGENTS) -> Answer:
    """Logs are forwarded off the host.

    Whoever takes a machine cleans its logs; the copy elsewhere is what remains. Seen is that a running program is told to
    send them; whether they arrive is seen where they arrive.
    `agents`: units that send logs by settings of their own
    """
    name = machine.fact("Hostname")
    away = [way for way in machine.fact("LogForwarding") if way["Target"] not in ("", "localhost", "127.0.0.1", "::1")]
    ways = [way for way in away if way["Selector"] is not None and _wide(way["Selector"])]
    running = {unit.fact("Name") for unit in inventory.where("host.unit", Active="active")}
    if any(way["Unit"] in running for way in ways) or not running.isdisjoint(agents):
        return None
    if ways:
        return f"{name} is told to send its logs to {ways[0]['Target']}, but {ways[0]['Unit']} does not run"
    if any(way["Selector"] is None for way in away):
        return Unknown(f"{name} sends logs away under a condition of rsyslog that was not read: put it outside of blocks")
    return f"{name} sends its logs nowhere"


def _wide(selector: str) -> bool:
    """Whether a rule takes all facilities, or at least the one that carries sign-ins."""
    return not selector or any(part.startswith("*.") or "auth" in part.split(".")[0] for part in selector.split(";"))
