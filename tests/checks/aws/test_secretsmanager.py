"""Secrets: the age of the value in force, from what Secrets Manager lists."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.collectors.aws.overlay import Cloud
from tests.harness import Looked, look

CHECK = "aws_secret_rotation"
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
FRESH, STALE, OLD = (NOW - timedelta(days=days) for days in (89, 91, 400))


def secret(name: str, **settings: Any) -> dict[str, Any]:
    arn = f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}-AbCdEf"
    return {"ARN": arn, "Name": name, "CreatedDate": OLD, "LastChangedDate": NOW, "LastAccessedDate": NOW, **settings}


def scene(aws: Cloud, *secrets: dict[str, Any], value: datetime = OLD) -> None:
    """These secrets; the value in force of each that has to be asked for is of `value`."""
    aws.serve("secretsmanager.ListSecrets", {"SecretList": list(secrets)})
    current = {"VersionId": "v" * 32, "VersionStages": ["AWSCURRENT"], "CreatedDate": value}
    pending = {"VersionId": "w" * 32, "VersionStages": ["AWSPENDING"], "CreatedDate": NOW}
    older = {"VersionId": "u" * 32, "VersionStages": ["AWSPREVIOUS"], "CreatedDate": OLD}
    aws.serve("secretsmanager.ListSecretVersionIds", {"Versions": [older, pending, current]})


def asked(aws: Cloud, **parameters: Any) -> Looked:
    return look(aws.connect(), CHECK, at=NOW, parameters={CHECK: parameters})


@pytest.mark.parametrize(
    ("settings", "value", "status", "words"),
    [
        ({"RotationEnabled": True, "LastRotatedDate": FRESH}, OLD, "pass", ""),
        ({"RotationEnabled": True, "LastRotatedDate": STALE}, OLD, "fail", "2026-02-02 (rotation is on); the limit is 90"),
        ({"RotationEnabled": True}, OLD, "fail", "rotation is on"),
        ({"RotationEnabled": True}, FRESH, "pass", ""),
        ({}, FRESH, "pass", ""),
        ({}, STALE, "fail", "2026-02-02 (rotation is off)"),
        ({"LastRotatedDate": OLD}, FRESH, "pass", ""),
        ({"LastRotatedDate": FRESH}, STALE, "fail", "rotation is off"),
        ({"PrimaryRegion": "us-east-1"}, OLD, "not_applicable", "rotates in us-east-1"),
        ({"PrimaryRegion": "eu-west-1"}, OLD, "fail", "rotation is off"),
        ({"DeletedDate": NOW}, OLD, "not_applicable", "is deleted"),
    ],
)
def test_what_counts_is_the_age_of_the_value(
    aws: Cloud, settings: dict[str, Any], value: datetime, status: str, words: str
) -> None:
    scene(aws, secret("a"), secret("b"), secret("orders", **settings), value=value)
    seen = asked(aws)
    assert seen.status(CHECK, "orders-AbCdEf") == status
    assert words in seen.reason(CHECK, "orders-AbCdEf")
    assert len(seen.of(CHECK)) == 3


def test_the_limit_is_declared(aws: Cloud) -> None:
    scene(aws, secret("orders"), value=STALE)
    assert asked(aws, max_age_days=365).status(CHECK) == "pass"


def test_a_secret_that_was_rotated_is_not_asked_again(aws: Cloud) -> None:
    scene(aws, secret("orders", RotationEnabled=True, LastRotatedDate=FRESH))
    asked(aws)
    assert [call for call, _ in aws.calls if call.startswith("secretsmanager")] == ["secretsmanager.ListSecrets"]


def test_a_secret_made_through_the_api_is_young(aws: Cloud) -> None:
    aws.client("secretsmanager").create_secret(Name="orders", SecretString="hunter2", Tags=[{"Key": "team", "Value": "shop"}])
    seen = look(aws.connect(), CHECK)
    assert seen.status(CHECK) == "pass"
    (facts,) = seen.facts("aws.secretsmanager.secret").values()
    assert facts["Tags"] == {"team": "shop"}
    assert "hunter2" not in str(seen.collections)


@pytest.mark.parametrize("action", ["secretsmanager:ListSecrets", "secretsmanager:ListSecretVersionIds"])
def test_secrets_that_may_not_be_listed_are_unknown(aws: Cloud, action: str) -> None:
    scene(aws, secret("orders"))
    aws.deny(action)
    seen = asked(aws)
    assert seen.status(CHECK) == "unknown"
    assert f"{action} was denied" in seen.reason(CHECK)
