"""A small estate as reports see it, and names that want to do harm."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from evidence_store.records import Scope, Severity, Status
from reports.view import ControlLine, CoverageRow, Definition, Excuse, Reported, RunView, SignedTree, Stream

STARTED = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
WEST_2 = Scope("aws", "123456789012", "eu-west-2")
DENIED = "ec2:DescribeInstances was denied (UnauthorizedOperation)"
EXCUSE = Excuse("EX-7", "legacy host, replaced in June", "ada@example.org", "grace@example.org", "2026-06-30", "R-12")

HOSTILE = (
    "two\nlines\r\nand\ttab",
    "\x1b[31mred\x1b[0m \x07bell \x00nul",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(A1)",
    "-2+3",
    " =1+1",
    "\t=1+1",
    "]]></failure><failure>",
    "<script>alert(1)</script>",
    "quote \" and ' and & and ; and , done",
    "right\u202eto\u2066left\u200b",
    "[click](https://evil.example)",
    "{0} and {1}",
    "\uffff\ufffe non-characters",
    "日本語のバケット" * 20,
    "x" * 40_000,
)

DEFINITIONS = {
    d.id: d
    for d in (
        Definition(
            id="aws_iam_root_mfa",
            title="The root user signs in with a second factor",
            severity=Severity.CRITICAL,
            version=2,
            type="aws.account",
            rationale="Whoever holds the root password alone owns the account.",
            fix="Enrol a hardware key for the root user.",
            controls=("A.5.17", "A.8.5"),
        ),
        Definition(
            id="aws_rds_encrypted",
            title="Databases are encrypted at rest",
            severity=Severity.HIGH,
            version=1,
            type="aws.rds.instance",
            rationale="A copy of an unencrypted volume can be read by whoever obtains it.",
            fix="Restore the database from an encrypted snapshot.",
            parameters={"max_age_days": 90},
            controls=("A.8.24",),
        ),
        Definition(
            id="host_ssh_root_login",
            title="Nobody signs in as root over SSH",
            severity=Severity.MEDIUM,
            version=1,
            type="host.sshd",
            controls=("A.8.2",),
        ),
    )
}


def finding(
    check: str = "aws_rds_encrypted", uid: str = "arn:aws:rds:eu-west-1:123456789012:db:orders", **changed: Any
) -> Reported:
    """One finding of the estate; by default an open failure."""
    definition = DEFINITIONS[check]
    given: dict[str, Any] = {
        "check": check,
        "severity": definition.severity,
        "status": Status.FAIL,
        "reason": f"{uid.rpartition(':')[2]} stores its data unencrypted",
        "target": "prod",
        "scope": Scope("aws", "123456789012", "eu-west-1"),
        "type": definition.type,
        "uid": uid,
        "controls": definition.controls,
        "since": STARTED - timedelta(days=30),
    }
    return Reported(**{**given, **changed})


def passed(check: str, uid: str) -> Reported:
    return finding(check, uid, status=Status.PASS, reason="")


def unknown(check: str, uid: str, reason: str = DENIED, **changed: Any) -> Reported:
    return finding(check, uid, status=Status.UNKNOWN, reason=reason, **changed)


FINDINGS = (
    finding(
        "aws_iam_root_mfa",
        "123456789012",
        scope=Scope("aws", "123456789012"),
        reason="the root user of 123456789012 has no second factor",
    ),
    passed("aws_rds_encrypted", "arn:aws:rds:eu-west-1:123456789012:db:billing"),
    finding("aws_rds_encrypted", "arn:aws:rds:eu-west-1:123456789012:db:legacy", exception=EXCUSE),
    finding("aws_rds_encrypted", "arn:aws:rds:eu-west-1:123456789012:db:orders"),
    unknown(
        "aws_rds_encrypted",
        "aws:123456789012:eu-west-2",
        "rds:DescribeDBInstances was denied (AccessDenied)",
        scope=WEST_2,
    ),
    finding(
        "host_ssh_root_login",
        "host:web-1",
        status=Status.NOT_APPLICABLE,
        reason="no SSH server runs on web-1",
        scope=Scope("host", "web"),
    ),
    unknown("host_ssh_root_login", "host:web-2", "web-2 has no owner in the asset register", scope=Scope("host", "web")),
    finding("host_ssh_root_login", "host:web-3", status=Status.ERROR, reason="the check failed on web-3: KeyError: 'x'"),
)

COVERAGE = tuple(
    CoverageRow.of(
        {
            "target": "prod",
            "account": "123456789012",
            "region": region,
            "source": "rds.DescribeDBInstances",
            "type": "aws.rds.instance",
            "presence": presence,
            "resources": resources,
            "unread": 0,
            "reason": reason,
        },
        "aws",
    )
    for region, presence, resources, reason in (
        ("eu-west-1", "complete", 3, None),
        ("eu-west-2", "failed", 0, "rds:DescribeDBInstances was denied (AccessDenied)"),
    )
)


def control(id_: str, assessment: str, **changed: Any) -> ControlLine:
    theme = {"5": "organizational", "6": "people", "7": "physical", "8": "technological"}[id_.split(".")[1]]
    document = {
        "id": id_,
        "assessment": assessment,
        "missing": list(changed.get("missing", ())),
        "pass": changed.get("passed", 0),
        "fail": changed.get("failed", 0),
        "unknown": changed.get("unknown", 0),
        "excepted": changed.get("excepted", 0),
        "oldest_evidence": changed.get("oldest_evidence"),
        "max_age_days": 30,
    }
    given = {"title": f"Title of {id_}", "theme": theme, "max_age_days": 30, "document": document, **changed}
    return ControlLine(id=id_, assessment=assessment, **given)


CONTROLS = (
    control("A.5.17", "gap", failed=1, worst="critical"),
    control("A.7.1", "unknown", has_checks=False, missing=("practice",)),
    control(
        "A.8.24", "gap", passed=1, failed=1, unknown=1, excepted=1, missing=("review",), oldest_evidence="2026-03-01T06:00:00Z"
    ),
)


def run(findings: Any = FINDINGS, **changed: Any) -> RunView:
    """The run of the estate."""
    given: dict[str, Any] = {
        "id": "20260301-060000-7f3a",
        "started": STARTED,
        "finished": STARTED + timedelta(seconds=4.2),
        "version": "0.1.0",
        "complete": False,
        "findings": findings,
        "definitions": DEFINITIONS,
        "coverage": COVERAGE,
        "controls": CONTROLS,
        "checkpoint": SignedTree("annexa.example.org/prod", 123, "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA="),
        "planned": "3 checks, 4 sources; 5 calls made",
    }
    return RunView(**{**given, **changed})


def many(number: int) -> Stream:
    """A stream of this many failures that is made as it is read."""

    def made() -> Iterator[Reported]:
        for i in range(number):
            yield finding("aws_rds_encrypted", f"arn:aws:rds:eu-west-1:123456789012:db:db-{i:07}")

    return Stream(made)
