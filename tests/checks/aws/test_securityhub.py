"""Security Hub: that somebody takes up what it shows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.collectors.aws.overlay import Cloud, Refuse
from tests.harness import Looked, look

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
HERE = "aws.region:eu-west-1"
TRIAGE = "aws_securityhub_triage_age"


def asked(aws: Cloud, **parameters: Any) -> Looked:
    return look(aws.connect(), TRIAGE, at=NOW, parameters={TRIAGE: parameters})


def finding(name: str, days: int, label: str = "HIGH", workflow: str = "NEW", **settings: Any) -> dict[str, Any]:
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"arn:aws:securityhub:eu-west-1:123456789012:subscription/{name}",
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
        "GeneratorId": "security-control/EC2.2",
        "AwsAccountId": "123456789012",
        "Title": name,
        "Description": "d",
        "CreatedAt": (NOW - timedelta(days=days)).isoformat().replace("+00:00", ".000Z"),
        "UpdatedAt": NOW.isoformat(),
        "Severity": {"Label": label, "Normalized": 70},
        "Workflow": {"Status": workflow},
        "RecordState": "ACTIVE",
        "Resources": [{"Type": "AwsEc2Instance", "Id": "i-1"}],
        **settings,
    }


def note(text: str) -> dict[str, Any]:
    return {"Note": {"Text": text, "UpdatedBy": "ana", "UpdatedAt": NOW.isoformat()}}


def hub(aws: Cloud, *findings: dict[str, Any]) -> None:
    aws.serve("securityhub.DescribeHub", {"HubArn": "arn:aws:securityhub:eu-west-1:123456789012:hub/default"})
    aws.serve("securityhub.GetFindings", {"Findings": list(findings)})


@pytest.mark.parametrize(
    ("findings", "reason"),
    [
        ([], ""),
        ([finding("open port", 6), finding("root key", 2, "CRITICAL")], ""),
        (
            [finding("open port", 8)],
            "eu-west-1 has 1 findings still new past their limit: open port of 2026-04-26 (limit 7 days)",
        ),
        ([finding("root key", 4, "CRITICAL")], "root key of 2026-04-30 (limit 3 days)"),
        ([finding(f"no {n}", 30) for n in range(7)], "has 7 findings still new past their limit: no 0 of"),
        ([finding("accepted", 90, workflow="SUPPRESSED", **note("risk R-12"))], ""),
        ([finding("swept away", 1, workflow="SUPPRESSED")], "has 1 findings suppressed without a note: swept away"),
        ([finding("swept away", 1, workflow="SUPPRESSED", **note(" "))], "suppressed without a note"),
    ],
)
def test_grave_findings_are_taken_up_in_time(aws: Cloud, findings: list[dict[str, Any]], reason: str) -> None:
    hub(aws, *findings)
    seen = asked(aws)
    assert seen.status(TRIAGE, HERE) == ("fail" if reason else "pass")
    assert reason in seen.reason(TRIAGE, HERE)


def test_the_limits_are_those_of_the_configuration(aws: Cloud) -> None:
    hub(aws, finding("open port", 8), finding("root key", 4, "CRITICAL"))
    assert asked(aws, critical_days=10, high_days=10).status(TRIAGE, HERE) == "pass"


def test_only_own_findings_of_this_region_are_asked_for(aws: Cloud) -> None:
    wanted: list[dict[str, Any]] = []

    def answer(params: dict[str, Any], *_: str) -> dict[str, Any]:
        wanted.append(params["Filters"])
        return {"Findings": [finding(f"n {n}", 1) for n in range(5)]}

    hub(aws)
    aws.serve("securityhub.GetFindings", answer)
    assert len(asked(aws).facts("aws.securityhub.finding")) == 5
    values = {name: sorted(one["Value"] for one in found) for name, found in wanted[0].items()}
    assert values == {
        "AwsAccountId": ["123456789012"],
        "Region": ["eu-west-1"],
        "RecordState": ["ACTIVE"],
        "SeverityLabel": ["CRITICAL", "HIGH"],
        "WorkflowStatus": ["NEW", "SUPPRESSED"],
    }


def test_findings_of_two_products_may_have_the_same_id(aws: Cloud) -> None:
    other = {**finding("same", 1), "ProductArn": "arn:aws:securityhub:eu-west-1::product/acme/scanner"}
    hub(aws, finding("same", 1), other)
    assert len(asked(aws).facts("aws.securityhub.finding")) == 2


def test_security_hub_as_it_is_turned_on(aws: Cloud) -> None:
    assert asked(aws).status(TRIAGE, HERE) == "not_applicable"
    aws.client("securityhub").enable_security_hub()
    assert asked(aws).status(TRIAGE, HERE) == "pass"


def test_a_region_without_security_hub_is_not_judged(aws: Cloud) -> None:
    def refuse(*_: Any) -> dict[str, Any]:
        raise Refuse("InvalidAccessException", "Account 123456789012 is not subscribed to AWS Security Hub", 401)

    aws.serve("securityhub.DescribeHub", refuse)
    seen = asked(aws)
    assert seen.status(TRIAGE, HERE) == "not_applicable"
    assert ("securityhub.GetFindings", "eu-west-1") not in aws.calls


@pytest.mark.parametrize("action", ["securityhub:DescribeHub", "securityhub:GetFindings"])
def test_what_is_denied_is_unknown(aws: Cloud, action: str) -> None:
    hub(aws)
    aws.deny(action)
    seen = asked(aws)
    assert seen.status(TRIAGE, HERE) == "unknown"
    assert f"{action} was denied" in seen.reason(TRIAGE, HERE)
