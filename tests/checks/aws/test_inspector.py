"""Vulnerability scanning: that it is on, reaches everything, and what it finds is fixed in time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.collectors.aws.overlay import Cloud
from tests.harness import Looked, look

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
HERE = "aws.region:eu-west-1"
ENABLED, COVERED, FIXED = "aws_inspector_enabled", "aws_inspector_coverage", "aws_inspector_fix_deadline"


def asked(aws: Cloud, check: str, **parameters: Any) -> Looked:
    return look(aws.connect(), check, at=NOW, parameters={check: parameters})


def status(aws: Cloud, state: str = "ENABLED", **resources: str) -> None:
    def of(word: str) -> dict[str, str]:
        return {"status": word, "errorCode": "ALREADY_ENABLED", "errorMessage": "none"}

    kinds = {"ec2": state, "ecr": state, "lambda": state, **resources}
    account = {
        "accountId": aws.account,
        "state": of(state),
        "resourceState": {kind: of(word) for kind, word in kinds.items()},
    }
    aws.serve("inspector2.BatchGetAccountStatus", {"accounts": [account], "failedAccounts": []})


def covered(kind: str, name: str, code: str = "ACTIVE", reason: str = "SUCCESSFUL", scan: str = "PACKAGE") -> dict[str, Any]:
    return {
        "resourceType": f"AWS_{kind}",
        "resourceId": name,
        "accountId": "123456789012",
        "scanType": scan,
        "scanStatus": {"statusCode": code, "reason": reason},
        "lastScannedAt": NOW,
    }


def running(aws: Cloud, *names: str, **states: str) -> None:
    found = [
        {
            "InstanceId": name,
            "State": {"Name": states.get(name.replace("-", "_"), "running")},
            "ImageId": "ami-1",
            "InstanceType": "t3.micro",
            "LaunchTime": NOW,
        }
        for name in names
    ]
    aws.serve("ec2.DescribeInstances", {"Reservations": [{"ReservationId": "r-1", "Instances": found}]})


def finding(name: str, days: int, severity: str = "HIGH", **settings: Any) -> dict[str, Any]:
    return {
        "findingArn": f"arn:aws:inspector2:eu-west-1:123456789012:finding/{name}",
        "awsAccountId": "123456789012",
        "type": "PACKAGE_VULNERABILITY",
        "description": "d",
        "title": f"{name} - openssl",
        "remediation": {},
        "severity": severity,
        "firstObservedAt": NOW - timedelta(days=days),
        "lastObservedAt": NOW,
        "status": "ACTIVE",
        "resources": [{"type": "AWS_EC2_INSTANCE", "id": "i-000000001"}],
        "packageVulnerabilityDetails": {"vulnerabilityId": name, "source": "NVD"},
        "inspectorScore": 8.1,
        "fixAvailable": "YES",
        "exploitAvailable": "NO",
        **settings,
    }


def rule(name: str, **settings: str) -> dict[str, Any]:
    return {
        "arn": f"arn:aws:inspector2:eu-west-1:123456789012:owner/123456789012/filter/{name}",
        "ownerId": "123456789012",
        "name": name,
        "criteria": {},
        "action": "SUPPRESS",
        "createdAt": NOW,
        "updatedAt": NOW,
        **settings,
    }


@pytest.fixture
def scene(aws: Cloud) -> Cloud:
    """Inspector is on, one instance runs and is covered, nothing was found."""
    status(aws)
    running(aws, "i-000000001")
    aws.serve("inspector2.ListCoverage", {"coveredResources": [covered("EC2_INSTANCE", "i-000000001")]})
    aws.serve("inspector2.ListFindings", {"findings": []})
    aws.serve("inspector2.ListFilters", {"filters": []})
    return aws


@pytest.mark.parametrize("check", [ENABLED, COVERED, FIXED])
def test_a_region_that_is_scanned_and_clean_passes(scene: Cloud, check: str) -> None:
    assert asked(scene, check).status(check, HERE) == "pass"


@pytest.mark.parametrize(
    ("state", "resources", "reason"),
    [
        ("DISABLED", {}, "eu-west-1 has no vulnerability scanning by Inspector"),
        ("ENABLED", {"ecr": "DISABLED"}, "eu-west-1 does not scan ecr (DISABLED) for vulnerabilities"),
        ("ENABLED", {"ec2": "ENABLING", "lambda": "SUSPENDED"}, "ec2 (ENABLING), lambda (SUSPENDED)"),
    ],
)
def test_scanning_is_on_for_instances_images_and_functions(
    scene: Cloud, state: str, resources: dict[str, str], reason: str
) -> None:
    status(scene, state, **resources)
    seen = asked(scene, ENABLED)
    assert seen.status(ENABLED, HERE) == "fail"
    assert reason in seen.reason(ENABLED, HERE)


def test_inspector_as_it_is_enabled(aws: Cloud) -> None:
    aws.client("inspector2").enable(accountIds=[aws.account], resourceTypes=["EC2", "ECR", "LAMBDA"])
    assert asked(aws, ENABLED).status(ENABLED, HERE) == "pass"


def test_nothing_more_is_asked_where_inspector_is_off(scene: Cloud) -> None:
    status(scene, "DISABLED")
    assert asked(scene, FIXED).status(FIXED, HERE) == "not_applicable"
    assert asked(scene, COVERED).status(COVERED, HERE) == "fail"
    called = {call for call, _ in scene.calls}
    assert called & {"inspector2.ListFindings", "inspector2.ListFilters", "inspector2.ListCoverage"} == set()


def test_an_answer_that_does_not_name_the_account_is_unknown(scene: Cloud) -> None:
    scene.serve("inspector2.BatchGetAccountStatus", {"accounts": [], "failedAccounts": []})
    seen = asked(scene, ENABLED)
    assert seen.status(ENABLED, HERE) == "unknown"
    assert "does not name the account" in seen.reason(ENABLED, HERE)


def test_an_account_whose_status_cannot_be_told_is_unknown(scene: Cloud) -> None:
    failed = {"accountId": scene.account, "errorCode": "ACCESS_DENIED", "errorMessage": "no"}
    scene.serve("inspector2.BatchGetAccountStatus", {"accounts": [], "failedAccounts": [failed]})
    seen = asked(scene, ENABLED)
    assert seen.status(ENABLED, HERE) == "unknown"
    assert "ACCESS_DENIED" in seen.reason(ENABLED, HERE)


def test_a_running_instance_that_inspector_does_not_know_is_not_covered(scene: Cloud) -> None:
    running(scene, "i-000000001", "i-000000002")
    seen = asked(scene, COVERED)
    assert seen.reason(COVERED, HERE) == "eu-west-1 scans 1 of 2; the target is 95 %; not scanned: i-000000002"
    assert asked(scene, COVERED, target_percent=50).status(COVERED, HERE) == "pass"


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ([covered("EC2_INSTANCE", "i-000000001", "INACTIVE", "UNMANAGED_EC2_INSTANCE")], "scans 0 of 1"),
        ([covered("EC2_INSTANCE", "i-000000001", scan="NETWORK")], "scans 0 of 1"),
        (
            [covered("EC2_INSTANCE", "i-000000001"), covered("LAMBDA_FUNCTION", "function:a", "INACTIVE", "UNSUPPORTED_OS")],
            "scans 1 of 2",
        ),
        (
            [
                covered("EC2_INSTANCE", "i-000000001"),
                covered("ECR_CONTAINER_IMAGE", "repository/a", "INACTIVE", "SCAN_ELIGIBILITY_EXPIRED"),
            ],
            "",
        ),
        (
            [covered("EC2_INSTANCE", "i-000000001"), covered("EC2_INSTANCE", "i-000000009", "INACTIVE", "RESOURCE_TERMINATED")],
            "",
        ),
        (
            [
                covered("EC2_INSTANCE", "i-000000001"),
                covered("ECR_CONTAINER_IMAGE", "repository/a"),
                covered("LAMBDA_FUNCTION", "function:a"),
            ],
            "",
        ),
    ],
)
def test_the_share_that_is_scanned_meets_the_target(scene: Cloud, known: list[dict[str, Any]], words: str) -> None:
    scene.serve("inspector2.ListCoverage", {"coveredResources": known})
    seen = asked(scene, COVERED)
    assert seen.status(COVERED, HERE) == ("fail" if words else "pass")
    assert words in seen.reason(COVERED, HERE)


def test_stopped_instances_need_not_be_covered(scene: Cloud) -> None:
    running(scene, "i-000000001", "i-000000002", i_000000002="stopped")
    assert asked(scene, COVERED).status(COVERED, HERE) == "pass"


def test_a_region_where_nothing_runs_is_not_judged_by_its_share(scene: Cloud) -> None:
    running(scene)
    scene.serve("inspector2.ListCoverage", {"coveredResources": []})
    assert asked(scene, COVERED).status(COVERED, HERE) == "not_applicable"


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ([finding("CVE-1", 29), finding("CVE-2", 14, "CRITICAL"), finding("CVE-3", 6, exploitAvailable="YES")], ""),
        (
            [finding("CVE-1", 31)],
            "1 vulnerabilities past their deadline: CVE-1 on i-000000001 since 2026-04-03 (limit 30 days)",
        ),
        ([finding("CVE-1", 16, "CRITICAL")], "CVE-1 on i-000000001 since 2026-04-18 (limit 15 days)"),
        ([finding("CVE-1", 8, exploitAvailable="YES")], "CVE-1 on i-000000001 since 2026-04-26 (limit 7 days)"),
        ([finding(f"CVE-{n}", 60) for n in range(8)], "has 8 vulnerabilities past their deadline: CVE-0"),
        ([finding("CVE-1", 60, fixAvailable="NO")], "CVE-1 on i-000000001"),
    ],
)
def test_vulnerabilities_are_fixed_within_their_deadline(scene: Cloud, found: list[dict[str, Any]], reason: str) -> None:
    scene.serve("inspector2.ListFindings", {"findings": found})
    seen = asked(scene, FIXED)
    assert seen.status(FIXED, HERE) == ("fail" if reason else "pass")
    assert reason in seen.reason(FIXED, HERE)


def test_what_has_no_fix_yet_may_be_left_out(scene: Cloud) -> None:
    scene.serve("inspector2.ListFindings", {"findings": [finding("CVE-1", 60, fixAvailable="NO")]})
    assert asked(scene, FIXED, without_fix=False).status(FIXED, HERE) == "pass"


def test_only_own_open_and_grave_findings_are_asked_for(scene: Cloud) -> None:
    wanted: list[dict[str, Any]] = []

    def answer(params: dict[str, Any], *_: str) -> dict[str, Any]:
        wanted.append(params["filterCriteria"])
        return {"findings": [finding(f"CVE-{n}", 1) for n in range(3)]}

    scene.serve("inspector2.ListFindings", answer)
    seen = asked(scene, FIXED)
    assert len(seen.facts("aws.inspector.finding")) == 3
    assert [c["value"] for c in wanted[0]["severity"]] == ["CRITICAL", "HIGH"]
    assert wanted[0]["awsAccountId"] == [{"comparison": "EQUALS", "value": scene.account}]
    assert wanted[0]["findingStatus"] == [{"comparison": "EQUALS", "value": "ACTIVE"}]


@pytest.mark.parametrize(
    ("settings", "result"),
    [({"reason": "no way in"}, "pass"), ({"description": "accepted by R-7"}, "pass"), ({}, "fail"), ({"reason": " "}, "fail")],
)
def test_what_is_suppressed_has_a_reason(scene: Cloud, settings: dict[str, str], result: str) -> None:
    scene.serve(
        "inspector2.ListFilters", {"filters": [rule("quiet", **settings), rule("known", reason="r"), rule("t", reason="r")]}
    )
    seen = asked(scene, FIXED)
    assert seen.status(FIXED, HERE) == result
    assert ("by quiet" in seen.reason(FIXED, HERE)) == (result == "fail")


@pytest.mark.parametrize(
    ("check", "action"),
    [
        (ENABLED, "inspector2:BatchGetAccountStatus"),
        (COVERED, "inspector2:BatchGetAccountStatus"),
        (COVERED, "inspector2:ListCoverage"),
        (COVERED, "ec2:DescribeInstances"),
        (FIXED, "inspector2:BatchGetAccountStatus"),
        (FIXED, "inspector2:ListFindings"),
        (FIXED, "inspector2:ListFilters"),
    ],
)
def test_what_is_denied_is_unknown(scene: Cloud, check: str, action: str) -> None:
    scene.deny(action)
    seen = asked(scene, check)
    assert seen.status(check, HERE) == "unknown"
    assert f"{action} was denied" in seen.reason(check, HERE)
