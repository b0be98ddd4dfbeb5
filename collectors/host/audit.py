"""The kernel's audit: whether it is on, whether a daemon takes its records, and which rules are loaded."""

import re
from collections.abc import Iterator

from collectors.host.machine import Ran
from collectors.host.reader import HostReader
from collectors.source import Facet, UnreadError, source
from evidence_store.records import Json, Observation, Unread, Why


@source(
    "audit status",
    level="account",
    calls=["run auditctl -s"],
    yields=[Facet("host.machine", ("AuditEnabled", "AuditDaemon", "AuditFailureMode"), name="audit_status")],
)
def audit_status(reader: HostReader) -> Iterator[Observation]:
    """`AuditEnabled`: 0 off, 1 on, 2 locked until restart. All `None` where the audit tools are not installed."""
    ran = _auditctl(reader, "-s")
    if ran is None:
        facts: dict[str, Json] = {"AuditEnabled": None, "AuditDaemon": None, "AuditFailureMode": None}
    else:
        said = dict(re.findall(r"\b(enabled|failure|pid)[ =](\d+)", ran.out))
        facts = {
            "AuditEnabled": int(said["enabled"]),
            "AuditDaemon": int(said["pid"]) > 0,
            "AuditFailureMode": int(said["failure"]),
        }
    yield reader.of_machine("audit_status", facts)


@source(
    "audit rules",
    level="account",
    calls=["run auditctl -l"],
    yields=[Facet("host.machine", ("AuditRules",), name="audit_rules")],
)
def audit_rules(reader: HostReader) -> Iterator[Observation]:
    """The loaded rules, in their order, as `auditctl -l` writes them; `None` where the audit tools are not installed."""
    ran = _auditctl(reader, "-l")
    rules = None if ran is None else [line.strip() for line in ran.out.splitlines() if line.startswith("-")]
    yield reader.of_machine("audit_rules", {"AuditRules": rules})


def _auditctl(reader: HostReader, option: str) -> Ran | None:
    ran = reader.run("auditctl", option)
    if ran is not None and ran.code != 0:
        said = f"{ran.out}{ran.err}"
        if re.search(r"must be root|not permitted|Permission denied|CAP_AUDIT", said):
            raise UnreadError(Unread(Why.DENIED, f"run auditctl {option}"))
        raise UnreadError(Unread(Why.UNSUPPORTED, f"run auditctl {option}", (said.strip().splitlines() or [""])[-1]))
    return ran
