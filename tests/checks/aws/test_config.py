"""AWS Config: that changes are recorded, and that what its rules find is set right."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.collectors.aws.overlay import Cloud
from tests.harness import Looked, look

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
HERE = "aws.region:eu-west-1"
RECORDS, VIOLATED = "aws_config_recorder_all_regions", "aws_config_noncompliance_age"


def asked(aws: Cloud, check: str, **parameters: Any) -> Looked:
    return look(aws.connect(), check, at=NOW, parameters={check: parameters})


def recorders(aws: Cloud, *found: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Recorders, each as its settings and its state."""
    names = [f"recorder-{n}" for n in range(len(found))]
    settings = [{"name": name, **one} for name, (one, _) in zip(names, found, strict=True)]
    states = [{"name": name, "recording": True, **one} for name, (_, one) in zip(names, found, strict=True)]
    aws.serve("config.DescribeConfigurationRecorders", {"ConfigurationRecorders": settings})
    aws.serve("config.DescribeConfigurationRecorderStatus", {"ConfigurationRecordersStatus": states})


EVERYTHING = {"recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": True}}
SOME = {"recordingGroup": {"allSupported": False, "resourceTypes": ["AWS::EC2::Instance"]}}
BUT_INTERFACES = {
    "recordingGroup": {
        "allSupported": False,
        "exclusionByResourceTypes": {"resourceTypes": ["AWS::EC2::NetworkInterface"]},
        "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"},
    }
}
AN_INVENTORY = {"recordingGroup": {"recordingStrategy": {"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"}}}
OF_A_SERVICE = {**EVERYTHING, "servicePrincipal": "observability.amazonaws.com", "recordingScope": "INTERNAL"}


@pytest.mark.parametrize(
    ("settings", "state", "reason"),
    [
        (EVERYTHING, {"lastStatus": "Success"}, ""),
        (AN_INVENTORY, {}, ""),
        (EVERYTHING, {"recording": False}, "eu-west-1 has a configuration recorder that is stopped"),
        (EVERYTHING, {"lastStatus": "Failure", "lastErrorCode": "AccessDenied"}, "that cannot deliver (AccessDenied)"),
        (SOME, {}, "that records some resource types only"),
        (BUT_INTERFACES, {}, "that leaves out AWS::EC2::NetworkInterface"),
        (OF_A_SERVICE, {}, "eu-west-1 has no configuration recorder"),
    ],
)
def test_changes_of_every_type_are_recorded(aws: Cloud, settings: dict[str, Any], state: dict[str, Any], reason: str) -> None:
    recorders(aws, (settings, state))
    seen = asked(aws, RECORDS)
    assert seen.status(RECORDS, HERE) == ("fail" if reason else "pass")
    assert reason in seen.reason(RECORDS, HERE)


def test_a_type_may_be_left_out_where_the_configuration_says_so(aws: Cloud) -> None:
    recorders(aws, (BUT_INTERFACES, {}), (OF_A_SERVICE, {"recording": False}))
    assert asked(aws, RECORDS, may_leave_out=["AWS::EC2::NetworkInterface"]).status(RECORDS, HERE) == "pass"


def test_each_region_needs_a_recorder_of_its_own(aws: Cloud) -> None:
    config = aws.client("config")
    config.put_configuration_recorder(
        ConfigurationRecorder={"name": "r", "roleARN": "arn:aws:iam::123456789012:role/config", **EVERYTHING}
    )
    config.put_delivery_channel(DeliveryChannel={"name": "d", "s3BucketName": "b"})
    config.start_configuration_recorder(ConfigurationRecorderName="r")
    seen = look(aws.connect(regions=("eu-west-1", "eu-north-1")), RECORDS)
    assert (seen.status(RECORDS, ":eu-west-1"), seen.status(RECORDS, ":eu-north-1")) == ("pass", "fail")
    assert seen.reason(RECORDS, ":eu-north-1") == "eu-north-1 has no configuration recorder"


def rules(aws: Cloud, **compliance: str) -> None:
    found = [{"ConfigRuleName": name, "Compliance": {"ComplianceType": word}} for name, word in compliance.items()]
    aws.serve("config.DescribeComplianceByConfigRule", {"ComplianceByConfigRules": found})


def violations(aws: Cloud, **days: int) -> None:
    """Resources by name, and since when each one violates the rule."""
    found = [
        {
            "EvaluationResultIdentifier": {
                "EvaluationResultQualifier": {
                    "ConfigRuleName": "encrypted",
                    "ResourceType": "AWS::EC2::Volume",
                    "ResourceId": name,
                }
            },
            "ComplianceType": "NON_COMPLIANT",
            "ResultRecordedTime": NOW - timedelta(days=past),
        }
        for name, past in days.items()
    ]
    aws.serve("config.GetComplianceDetailsByConfigRule", {"EvaluationResults": found})


@pytest.mark.parametrize(
    ("compliance", "days", "status", "words"),
    [
        ("COMPLIANT", {}, "pass", ""),
        ("INSUFFICIENT_DATA", {}, "not_applicable", "has judged nothing"),
        ("NON_COMPLIANT", {"a": 29, "b": 3, "c": 1}, "pass", ""),
        ("NON_COMPLIANT", {"c": 1, "b": 3, "a": 31}, "fail", "encrypted is violated past 30 days by a since 2026-04-03"),
        ("NON_COMPLIANT", {f"r{n}": 90 for n in range(9)}, "fail", "r4 since 2026-02-03 and 4 more"),
    ],
)
def test_violations_are_set_right_in_time(aws: Cloud, compliance: str, days: dict[str, int], status: str, words: str) -> None:
    rules(aws, encrypted=compliance)
    violations(aws, **days)
    seen = asked(aws, VIOLATED)
    assert seen.status(VIOLATED, ":encrypted") == status
    assert words in seen.reason(VIOLATED, ":encrypted")


def test_only_rules_that_are_violated_are_looked_into(aws: Cloud) -> None:
    rules(aws, one="COMPLIANT", two="COMPLIANT", three="NON_COMPLIANT", four="COMPLIANT")
    violations(aws, a=1)
    asked(aws, VIOLATED)
    assert aws.calls.count(("config.GetComplianceDetailsByConfigRule", "eu-west-1")) == 1


def test_a_violated_rule_whose_violations_are_gone_is_unknown(aws: Cloud) -> None:
    rules(aws, encrypted="NON_COMPLIANT")
    violations(aws)
    assert asked(aws, VIOLATED).status(VIOLATED, ":encrypted") == "unknown"


@pytest.mark.parametrize(
    ("check", "action", "about"),
    [
        (RECORDS, "config:DescribeConfigurationRecorders", HERE),
        (RECORDS, "config:DescribeConfigurationRecorderStatus", HERE),
        (VIOLATED, "config:DescribeComplianceByConfigRule", "aws:123456789012:eu-west-1"),
        (VIOLATED, "config:GetComplianceDetailsByConfigRule", ":encrypted"),
    ],
)
def test_what_is_denied_is_unknown(aws: Cloud, check: str, action: str, about: str) -> None:
    recorders(aws, (EVERYTHING, {}))
    rules(aws, encrypted="NON_COMPLIANT")
    violations(aws, a=90)
    aws.deny(action)
    seen = asked(aws, check)
    assert seen.status(check, about) == "unknown"
    assert f"{action} was denied" in seen.reason(check, about)
