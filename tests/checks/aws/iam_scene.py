"""An account's identities, as IAM's bulk answers tell of them, for tests to set up."""

import csv
import io
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import orjson

from collectors.aws.iam_credentials import CREDENTIALS, USE
from tests.collectors.aws.overlay import Cloud

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
ACCOUNT = "123456789012"
OLD = NOW - timedelta(days=800)
_COLUMNS = (
    "user",
    "arn",
    *(name for name in CREDENTIALS if not name.startswith("cert_")),
    *USE,
    *(name for name in CREDENTIALS if name.startswith("cert_")),
    "additional_credentials_info",
)


def arn(resource: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:{resource}"


def document(*statements: dict[str, Any]) -> str:
    """A policy document as the API words it: percent-encoded JSON."""
    return quote(orjson.dumps({"Version": "2012-10-17", "Statement": list(statements)}).decode())


def allow(*actions: str, on: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


def deny(*actions: str, on: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": list(actions), "Resource": on, **more}


def _id(kind: str, name: str) -> str:
    return kind + re.sub(r"[^A-Z0-9]", "", name.upper()).ljust(17, "0")


def user(name: str, *statements: dict[str, Any], attached: Iterable[str] = (), **more: Any) -> dict[str, Any]:
    inline = [{"PolicyName": "own", "PolicyDocument": document(*statements)}] if statements else []
    return {
        "UserName": name,
        "UserId": _id("AIDA", name),
        "Arn": arn(f"user/{name}"),
        "Path": "/",
        "CreateDate": OLD,
        "UserPolicyList": inline,
        "GroupList": [],
        "AttachedManagedPolicies": [{"PolicyName": a.rpartition("/")[2], "PolicyArn": a} for a in attached],
        **more,
    }


def group(name: str, *statements: dict[str, Any], attached: Iterable[str] = ()) -> dict[str, Any]:
    inline = [{"PolicyName": "own", "PolicyDocument": document(*statements)}] if statements else []
    return {
        "GroupName": name,
        "GroupId": _id("AGPA", name),
        "Arn": arn(f"group/{name}"),
        "Path": "/",
        "CreateDate": OLD,
        "GroupPolicyList": inline,
        "AttachedManagedPolicies": [{"PolicyName": a.rpartition("/")[2], "PolicyArn": a} for a in attached],
    }


def trust(principal: Any, action: str = "sts:AssumeRole", /, **conditions: Any) -> dict[str, Any]:
    found = {"Effect": "Allow", "Principal": principal, "Action": action}
    return {**found, "Condition": conditions} if conditions else found


def role(
    name: str, *statements: dict[str, Any], trusts: Any = None, attached: Iterable[str] = (), path: str = "/", **more: Any
) -> dict[str, Any]:
    trusting = [trust({"AWS": arn("root")})] if trusts is None else trusts
    inline = [{"PolicyName": "own", "PolicyDocument": document(*statements)}] if statements else []
    return {
        "RoleName": name,
        "RoleId": _id("AROA", name),
        "Arn": arn(f"role{path}{name}"),
        "Path": path,
        "CreateDate": OLD,
        "AssumeRolePolicyDocument": document(*trusting),
        "InstanceProfileList": [],
        "RolePolicyList": inline,
        "AttachedManagedPolicies": [{"PolicyName": a.rpartition("/")[2], "PolicyArn": a} for a in attached],
        "RoleLastUsed": {},
        **more,
    }


def policy(name: str, *statements: dict[str, Any], account: str = ACCOUNT, attachments: int = 1, **more: Any) -> dict[str, Any]:
    old = {"VersionId": "v1", "IsDefaultVersion": False, "CreateDate": OLD, "Document": document(allow("*"))}
    now = {"VersionId": "v2", "IsDefaultVersion": True, "CreateDate": OLD, "Document": document(*statements)}
    return {
        "PolicyName": name,
        "PolicyId": _id("ANPA", name),
        "Arn": arn(f"policy/{name}", account),
        "Path": "/",
        "DefaultVersionId": "v2",
        "AttachmentCount": attachments,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": OLD,
        "UpdateDate": OLD,
        "PolicyVersionList": [old, now],
        **more,
    }


def identities(
    aws: Cloud,
    *,
    users: Iterable[dict[str, Any]] = (),
    groups: Iterable[dict[str, Any]] = (),
    roles: Iterable[dict[str, Any]] = (),
    policies: Iterable[dict[str, Any]] = (),
) -> None:
    """Serve the account's identities in pages: two users in each, all else in the first."""

    def answer(params: dict[str, Any], _: str, __: str) -> dict[str, Any]:
        first = "Marker" not in params
        return {
            "UserDetailList": list(users),
            "GroupDetailList": list(groups) if first else [],
            "RoleDetailList": list(roles) if first else [],
            "Policies": list(policies) if first else [],
        }

    aws.serve("iam.GetAccountAuthorizationDetails", answer)


def reported(name: str, **told: Any) -> dict[str, Any]:
    """A row of the credential report: a user without credentials, but for what is told."""
    who = {"user": name, "arn": arn("root" if name == "<root_account>" else f"user/{name}")}
    base = {column: "false" if column.endswith("_active") else "N/A" for column in _COLUMNS}
    row = {**base, "user_creation_time": OLD, "password_enabled": "false", **who, **told}
    return {key: _word(value) for key, value in row.items()}


def _word(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)


def report(aws: Cloud, *rows: dict[str, Any], generated: datetime = NOW - timedelta(hours=1)) -> None:
    """Serve the credential report, and the users that it names."""
    written = io.StringIO()
    table = csv.DictWriter(written, _COLUMNS)
    table.writeheader()
    table.writerows(rows)
    aws.serve("iam.GenerateCredentialReport", {"State": "COMPLETE"})
    content = {"Content": written.getvalue().encode(), "ReportFormat": "text/csv", "GeneratedTime": generated}
    aws.serve("iam.GetCredentialReport", content)
