"""What readers get of findings. Light, so that verification needs no database for it."""

from dataclasses import dataclass
from datetime import datetime

from evidence_store.records import Lookup, Scope, Severity, Status


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One finding over the time for which it held."""

    check: str
    version: int
    parameters: str
    severity: Severity
    scope: Scope
    type: str
    uid: str
    status: Status
    reason: str
    lookups: tuple[Lookup, ...]
    since: int  # the leaf at which the unbroken run of this status began
    since_time: datetime
    opened: int  # the leaf that first said this, in these words
    opened_time: datetime
    closed: int | None
    closed_time: datetime | None


@dataclass(frozen=True, slots=True)
class Count:
    check: str
    scope: Scope
    status: Status
    severity: Severity
    count: int
