"""The credential report: every user's password, MFA and keys, and the root user's, in one answer.

- The report speaks of the time when it was generated, which may lie up to four hours back.
- The report's words `N/A`, `no_information` and `not_supported` all say that there is nothing to tell: `None`.
- It knows two access keys a user, which is as many as a user may have.
- A user who was made after the report has no row, and so no facts; it is not a user without credentials.
"""

import csv
import time
from collections.abc import Callable, Iterator, Sequence

from collectors.aws.reader import Reader
from collectors.source import Facet, UnreadError, source
from evidence_store.records import Observation, Unread, Why

CREDENTIALS = (
    "user_creation_time", "password_enabled", "password_last_changed", "password_next_rotation", "mfa_active",
    "access_key_1_active", "access_key_1_last_rotated", "access_key_2_active", "access_key_2_last_rotated",
    "cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated",
)  # fmt: skip
USE = (
    "password_last_used", "access_key_1_last_used_date", "access_key_1_last_used_region", "access_key_1_last_used_service",
    "access_key_2_last_used_date", "access_key_2_last_used_region", "access_key_2_last_used_service",
)  # fmt: skip
_NOTHING = frozenset({"", "N/A", "no_information", "not_supported"})
_WORDS = {"true": True, "false": False}
# Seconds between two looks at a report that is being made; it takes seconds, and a minute in a very large account.
PAUSES = (1.0, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0)


@source(
    "iam.GetCredentialReport",
    level="account",
    calls=("iam.GenerateCredentialReport", "iam.GetCredentialReport"),
    yields=[
        Facet("aws.iam.user", name="credentials", facts=CREDENTIALS),
        Facet("aws.iam.user", name="credential_use", facts=USE, personal=True),
        Facet("aws.account", name="root_credentials", facts=CREDENTIALS),
        Facet("aws.account", name="root_credential_use", facts=USE),
    ],
)
def credential_report(read: Reader) -> Iterator[Observation]:
    """Every row of the report, the root user's as facts of the account."""
    return rows(read)


def rows(read: Reader, pauses: Sequence[float] = PAUSES, wait: Callable[[float], None] = time.sleep) -> Iterator[Observation]:
    """Have the report made, then read it. Raises `UnreadError` where it is not ready after all pauses."""
    _generate(read, pauses, wait)
    answer = read.call("iam.GetCredentialReport") or {}
    read.effective = answer["GeneratedTime"]
    lines = csv.reader(answer["Content"].decode().splitlines())
    header = next(lines, [])
    for line in lines:
        if not line:
            continue
        row = dict(zip(header, line, strict=False))  # what a row that is cut short leaves out is not told, and so unread
        root = row["user"] == "<root_account>"
        type_, prefix = ("aws.account", "root_") if root else ("aws.iam.user", "")
        uid = read.arn("iam", "root") if root else row["arn"]
        for facet, names in (("credentials", CREDENTIALS), ("credential_use", USE)):
            kept = {name: _told(row[name]) for name in names if name in row}
            yield Observation(type_, uid, kept, facet=prefix + facet)


def _generate(read: Reader, pauses: Sequence[float], wait: Callable[[float], None]) -> None:
    for pause in (*pauses, None):
        state = (read.call("iam.GenerateCredentialReport") or {}).get("State")
        if state == "COMPLETE":
            return
        if pause is not None:
            wait(pause)
    detail = f"the report was still {state} after {sum(pauses):.0f} s"
    raise UnreadError(Unread(Why.TIMEOUT, "iam:GenerateCredentialReport", detail))


def _told(value: str) -> str | bool | None:
    return None if value in _NOTHING else _WORDS.get(value.lower(), value)
