"""Threat detection: that it is on, looks for malware, and that somebody looks at what it found."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.collectors.aws.overlay import Cloud
from tests.harness import Looked, look

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
HERE = "aws.region:eu-west-1"
ON, MALWARE, AGE = "aws_guardduty_all_regions", "aws_guardduty_malware_protection", "aws_guardduty_finding_age"


def asked(aws: Cloud, check: str, **parameters: Any) -> Looked:
    return look(aws.connect(), check, at=NOW, parameters={check: parameters})


def detector(aws: Cloud, status: str = "ENABLED", **features: str) -> None:
    known = {"CLOUD_TRAIL": "ENABLED", "EBS_MALWARE_PROTECTION": "ENABLED", **features}
    answer = {
        "ServiceRole": "arn:aws:iam::123456789012:role/aws-service-role/guardduty",
        "Status": status,
        "UpdatedAt": NOW.isoformat(),
        "Features": [{"Name": name, "Status": state, "UpdatedAt": NOW} for name, state in known.items()],
    }
    aws.serve("guardduty.ListDetectors", {"DetectorIds": ["d1"]})
    aws.serve("guardduty.GetDetector", answer)


def finding(name: str, days: int, severity: float = 8.0) -> dict[str, Any]:
    return {
        "AccountId": "123456789012",
        "Arn": f"arn:aws:guardduty:eu-west-1:123456789012:detector/d1/finding/{name}",
        "Id": name,
        "Region": "eu-west-1",
        "Type": f"Trojan:EC2/{name}",
        "Severity": severity,
        "CreatedAt": (NOW - timedelta(days=days)).isoformat().replace("+00:00", ".000Z"),
        "UpdatedAt": NOW.isoformat(),
        "SchemaVersion": "2.0",
        "Resource": {"ResourceType": "Instance"},
        "Service": {"Archived": False, "Count": 3},
    }


def findings(aws: Cloud, *found: dict[str, Any]) -> list[dict[str, Any]]:
    """Serve findings by id; gives what was asked for."""
    asked_for: list[dict[str, Any]] = []

    def ids(params: dict[str, Any], *_: str) -> dict[str, Any]:
        asked_for.append(params["FindingCriteria"]["Criterion"])
        return {"FindingIds": [one["Id"] for one in found]}

    aws.serve("guardduty.ListFindings", ids)
    aws.serve(
        "guardduty.GetFindings", lambda params, *_: {"Findings": [one for one in found if one["Id"] in params["FindingIds"]]}
    )
    return asked_for


def filters(aws: Cloud, **described: tuple[str, str]) -> None:
    """Filters by name, each with its action and description."""
    aws.serve("guardduty.ListFilters", {"FilterNames": list(described)})

    def answer(params: dict[str, Any], *_: str) -> dict[str, Any]:
        action, text = described[params["FilterName"]]
        about = {"Name": params["FilterName"], "Action": action, "FindingCriteria": {"Criterion": {}}}
        return {**about, **({"Description": text} if text else {})}

    aws.serve("guardduty.GetFilter", answer)


def plans(aws: Cloud, *buckets: str, status: str = "ACTIVE", prefixes: tuple[str, ...] = ()) -> None:
    aws.serve(
        "guardduty.ListMalwareProtectionPlans",
        {"MalwareProtectionPlans": [{"MalwareProtectionPlanId": f"plan-{bucket}"} for bucket in buckets]},
    )

    def answer(params: dict[str, Any], *_: str) -> dict[str, Any]:
        bucket = params["MalwareProtectionPlanId"].removeprefix("plan-")
        return {
            "Status": status,
            "ProtectedResource": {"S3Bucket": {"BucketName": bucket, "ObjectPrefixes": list(prefixes)}},
        }

    aws.serve("guardduty.GetMalwareProtectionPlan", answer)


@pytest.fixture
def scene(aws: Cloud) -> Cloud:
    """A detector at work, no finding, no filter, no bucket."""
    detector(aws)
    findings(aws)
    filters(aws)
    plans(aws)
    return aws


@pytest.mark.parametrize("check", [ON, MALWARE, AGE])
def test_a_region_that_is_watched_and_calm_passes(scene: Cloud, check: str) -> None:
    assert asked(scene, check).status(check, HERE) == "pass"


def test_each_region_needs_a_detector_of_its_own(aws: Cloud) -> None:
    aws.client("guardduty", region="eu-west-1").create_detector(Enable=True)
    aws.client("guardduty", region="us-east-1").create_detector(Enable=False)
    seen = look(aws.connect(regions=("eu-west-1", "us-east-1", "eu-north-1")), ON)
    assert [seen.status(ON, f":{region}") for region in ("eu-west-1", "us-east-1", "eu-north-1")] == ["pass", "fail", "fail"]
    assert seen.reason(ON, ":us-east-1") == "us-east-1 has its GuardDuty detector suspended"
    assert seen.reason(ON, ":eu-north-1") == "eu-north-1 has no GuardDuty detector"


def test_where_there_is_no_detector_there_are_no_findings_to_judge(aws: Cloud) -> None:
    plans(aws)
    assert asked(aws, AGE).status(AGE, HERE) == "not_applicable"
    assert asked(aws, MALWARE).status(MALWARE, HERE) == "fail"
    assert ("guardduty.ListFindings", "eu-west-1") not in aws.calls


def test_volumes_that_are_not_scanned_fail(scene: Cloud) -> None:
    detector(scene, EBS_MALWARE_PROTECTION="DISABLED")
    assert asked(scene, MALWARE).reason(MALWARE, HERE) == "eu-west-1 does not scan volumes for malware"


def bucket(aws: Cloud, *names: str, region: str | None = "eu-west-1") -> None:
    placed = {} if region is None else {"BucketRegion": region}
    aws.serve("s3.ListBuckets", {"Buckets": [{"Name": name, "CreationDate": NOW, **placed} for name in names]})


def test_a_bucket_of_another_region_is_that_regions_to_scan(scene: Cloud) -> None:
    bucket(scene, "inbox", region="us-east-1")
    assert asked(scene, MALWARE).status(MALWARE, HERE) == "pass"
    assert asked(scene, MALWARE, upload_buckets=["inbox"]).status(MALWARE, HERE) == "pass"


def test_a_bucket_that_could_be_anywhere_leaves_the_question_open(scene: Cloud) -> None:
    bucket(scene, "inbox", "site", region=None)
    assert asked(scene, MALWARE).status(MALWARE, HERE) == "unknown"
    seen = asked(scene, MALWARE, upload_buckets=["inbox"])
    assert seen.status(MALWARE, HERE) == "unknown"
    assert "may hold inbox" in seen.reason(MALWARE, HERE)


@pytest.mark.parametrize(
    ("covered", "declared", "status", "words"),
    [
        ((), (), "unknown", "name those that take uploads in upload_buckets"),
        ((), ("none",), "pass", ""),
        ((), ("inbox-*",), "fail", "eu-west-1 does not scan uploads for malware in inbox-a, inbox-b"),
        (("inbox-a",), ("inbox-*",), "fail", "in inbox-b"),
        (("inbox-a", "inbox-b", "site"), ("inbox-*",), "pass", ""),
    ],
)
def test_buckets_that_take_uploads_are_scanned(
    scene: Cloud, covered: tuple[str, ...], declared: tuple[str, ...], status: str, words: str
) -> None:
    bucket(scene, "inbox-a", "inbox-b", "site")
    plans(scene, *covered)
    seen = asked(scene, MALWARE, upload_buckets=list(declared))
    assert seen.status(MALWARE, HERE) == status
    assert words in seen.reason(MALWARE, HERE)


@pytest.mark.parametrize("plan", [{"status": "ERROR"}, {"prefixes": ("uploads/",)}])
def test_a_plan_that_does_not_work_or_covers_a_part_is_not_enough(scene: Cloud, plan: dict[str, Any]) -> None:
    bucket(scene, "inbox")
    plans(scene, "inbox", **plan)
    assert asked(scene, MALWARE, upload_buckets=["inbox"]).status(MALWARE, HERE) == "fail"


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ([finding("New", 6)], ""),
        (
            [finding("Old", 8), finding("New", 1)],
            "eu-west-1 has 1 high threat findings open past 7 days: Trojan:EC2/Old of 2026-04-26",
        ),
        ([finding(f"No{n}", 30) for n in range(7)], "has 7 high threat findings open past 7 days: Trojan:EC2/No0"),
    ],
)
def test_high_findings_are_looked_into_in_time(scene: Cloud, found: list[dict[str, Any]], reason: str) -> None:
    wanted = findings(scene, *found)
    seen = asked(scene, AGE)
    assert seen.status(AGE, HERE) == ("fail" if reason else "pass")
    assert reason in seen.reason(AGE, HERE)
    assert wanted[0] == {
        "accountId": {"Equals": ["123456789012"]},
        "service.archived": {"Equals": ["false"]},
        "severity": {"GreaterThanOrEqual": 7},
    }


@pytest.mark.parametrize(
    ("described", "status"),
    [
        ({"scanner": ("ARCHIVE", "our own scanner, R-3")}, "pass"),
        ({"view": ("NOOP", "")}, "pass"),
        ({"known": ("ARCHIVE", "r"), "other": ("ARCHIVE", "r"), "quiet": ("ARCHIVE", "")}, "fail"),
    ],
)
def test_what_archives_by_itself_says_why(scene: Cloud, described: dict[str, tuple[str, str]], status: str) -> None:
    filters(scene, **described)
    seen = asked(scene, AGE)
    assert seen.status(AGE, HERE) == status
    assert ("by quiet" in seen.reason(AGE, HERE)) == (status == "fail")


@pytest.mark.parametrize(
    ("check", "action"),
    [
        (ON, "guardduty:ListDetectors"),
        (ON, "guardduty:GetDetector"),
        (MALWARE, "guardduty:GetDetector"),
        (MALWARE, "guardduty:ListMalwareProtectionPlans"),
        (MALWARE, "guardduty:GetMalwareProtectionPlan"),
        (MALWARE, "s3:ListAllMyBuckets"),
        (AGE, "guardduty:ListDetectors"),
        (AGE, "guardduty:ListFindings"),
        (AGE, "guardduty:GetFindings"),
        (AGE, "guardduty:ListFilters"),
        (AGE, "guardduty:GetFilter"),
    ],
)
def test_what_is_denied_is_unknown(scene: Cloud, check: str, action: str) -> None:
    bucket(scene, "inbox")
    plans(scene, "inbox")
    findings(scene, finding("New", 1))
    filters(scene, quiet=("ARCHIVE", "r"))
    scene.deny(action)
    seen = asked(scene, check, **({"upload_buckets": ["inbox"]} if check == MALWARE else {}))
    assert seen.status(check, HERE) == "unknown"
    assert f"{action} was denied" in seen.reason(check, HERE)
