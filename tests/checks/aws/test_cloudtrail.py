"""Trails: each check from the provider's answer, when all is well, when not, and when it may not be seen."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.collectors.aws.overlay import Cloud, Refuse
from tests.harness import Looked, look

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
ARN = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/main"
TAKES_TRAILS = {
    "Effect": "Allow",
    "Principal": {"Service": "cloudtrail.amazonaws.com"},
    "Action": "s3:PutObject",
    "Resource": "arn:aws:s3:::logs/*",
}


def bucket(aws: Cloud, *statements: dict[str, Any], retention: dict[str, Any] | None = None) -> None:
    s3 = aws.client("s3")
    where = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="logs", ObjectLockEnabledForBucket=retention is not None, CreateBucketConfiguration=where)
    if statements:
        s3.put_bucket_policy(Bucket="logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    if retention:
        rule = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}
        s3.put_object_lock_configuration(Bucket="logs", ObjectLockConfiguration=rule)


def trail(aws: Cloud, name: str = "main", *, logging: bool = True, **settings: Any) -> None:
    cloudtrail = aws.client("cloudtrail")
    cloudtrail.create_trail(Name=name, S3BucketName="logs", **{"IsMultiRegionTrail": True, **settings})
    if logging:
        cloudtrail.start_logging(Name=name)


def asked(aws: Cloud, check: str, **parameters: Any) -> Looked:
    return look(aws.connect(), check, at=NOW, parameters={check: parameters})


ON_TRAILS = ["aws_cloudtrail_log_validation", "aws_cloudtrail_delivery_fresh", "aws_cloudtrail_bucket_separate_account"]


@pytest.mark.parametrize("check", [*ON_TRAILS, "aws_cloudtrail_multi_region"])
@pytest.mark.parametrize("action", ["cloudtrail:ListTrails", "cloudtrail:DescribeTrails"])
def test_trails_that_may_not_be_listed_are_unknown(aws: Cloud, check: str, action: str) -> None:
    bucket(aws)
    trail(aws)
    aws.deny(action)
    seen = asked(aws, check)
    assert seen.status(check) == "unknown"
    assert f"{action} was denied" in seen.reason(check)


@pytest.mark.parametrize(
    ("check", "action"),
    [
        ("aws_cloudtrail_multi_region", "cloudtrail:GetTrailStatus"),
        ("aws_cloudtrail_multi_region", "cloudtrail:GetEventSelectors"),
        ("aws_cloudtrail_delivery_fresh", "cloudtrail:GetTrailStatus"),
        ("aws_cloudtrail_bucket_separate_account", "s3:ListAllMyBuckets"),
        ("aws_cloudtrail_bucket_locked", "s3:GetBucketPolicy"),
        ("aws_cloudtrail_bucket_locked", "s3:GetBucketObjectLockConfiguration"),
    ],
)
def test_what_may_not_be_read_of_a_trail_or_its_bucket_is_unknown(aws: Cloud, check: str, action: str) -> None:
    bucket(aws, TAKES_TRAILS)
    trail(aws)
    aws.deny(action)
    seen = asked(aws, check)
    assert seen.status(check) == "unknown"
    assert f"{action} was denied" in seen.reason(check)


# All regions, all management events.


def selectors(aws: Cloud, *basic: dict[str, Any], advanced: list[dict[str, Any]] | None = None) -> None:
    named = [{"Name": "n", "FieldSelectors": fields} for fields in advanced or []]
    kind = {"AdvancedEventSelectors": named} if named else {"EventSelectors": list(basic)}
    aws.serve("cloudtrail.GetEventSelectors", {"TrailARN": ARN, **kind})


MANAGEMENT = {"Field": "eventCategory", "Equals": ["Management"]}
READS = {"Field": "readOnly", "Equals": ["true"]}
WRITES = {"Field": "readOnly", "Equals": ["false"]}
NOT_KMS = {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}


def test_a_trail_as_it_is_created_records_all_management_events(aws: Cloud) -> None:
    bucket(aws)
    trail(aws)
    assert asked(aws, "aws_cloudtrail_multi_region").status("aws_cloudtrail_multi_region") == "pass"


@pytest.mark.parametrize(
    ("basic", "expected"),
    [
        ({"ReadWriteType": "All", "IncludeManagementEvents": True}, "pass"),
        ({}, "pass"),
        ({"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}, "fail"),
        ({"ReadWriteType": "All", "IncludeManagementEvents": False}, "fail"),
        ({"ReadWriteType": "All", "ExcludeManagementEventSources": ["kms.amazonaws.com"]}, "fail"),
    ],
)
def test_basic_selectors_must_take_all_management_events(aws: Cloud, basic: dict[str, Any], expected: str) -> None:
    bucket(aws)
    trail(aws)
    selectors(aws, basic)
    assert asked(aws, "aws_cloudtrail_multi_region").status("aws_cloudtrail_multi_region") == expected


@pytest.mark.parametrize(
    ("advanced", "expected"),
    [
        ([[MANAGEMENT]], "pass"),
        ([[MANAGEMENT, READS], [MANAGEMENT, WRITES]], "pass"),
        ([[MANAGEMENT, READS]], "fail"),
        ([[MANAGEMENT, NOT_KMS]], "fail"),
        ([[MANAGEMENT, {"Field": "userIdentity.arn", "Equals": ["me"]}]], "fail"),
        ([[MANAGEMENT, {"Field": "eventSource", "Equals": ["kms.amazonaws.com"]}]], "fail"),
        (
            [[{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}]],
            "fail",
        ),
    ],
)
def test_advanced_selectors_must_take_all_management_events(
    aws: Cloud, advanced: list[list[dict[str, Any]]], expected: str
) -> None:
    bucket(aws)
    trail(aws)
    selectors(aws, advanced=advanced)  # type: ignore[arg-type]  # lists of fields
    assert asked(aws, "aws_cloudtrail_multi_region").status("aws_cloudtrail_multi_region") == expected


def test_exclusions_may_be_allowed(aws: Cloud) -> None:
    bucket(aws)
    trail(aws)
    selectors(aws, {"ExcludeManagementEventSources": ["kms.amazonaws.com"]})
    seen = asked(aws, "aws_cloudtrail_multi_region", may_exclude=["kms.amazonaws.com"])
    assert seen.status("aws_cloudtrail_multi_region") == "pass"


def test_an_account_without_a_trail_fails(aws: Cloud) -> None:
    seen = asked(aws, "aws_cloudtrail_multi_region")
    assert seen.reason("aws_cloudtrail_multi_region").endswith("it has no trail")


@pytest.mark.parametrize(
    ("settings", "logging", "words"),
    [
        ({"IsMultiRegionTrail": False}, True, "main records one region only"),
        ({}, False, "main is not logging"),
        ({"HasCustomEventSelectors": True}, True, "main records no management events"),
    ],
)
def test_a_trail_that_does_not_do_is_named_with_its_fault(
    aws: Cloud, settings: dict[str, Any], words: str, *, logging: bool
) -> None:
    described(aws, **settings)
    aws.serve("cloudtrail.GetTrailStatus", {"IsLogging": logging})
    aws.serve("cloudtrail.GetEventSelectors", {"TrailARN": ARN})
    assert words in asked(aws, "aws_cloudtrail_multi_region").reason("aws_cloudtrail_multi_region")


def test_one_trail_that_does_all_is_enough_beside_one_that_may_not_be_read(aws: Cloud) -> None:
    bucket(aws)
    trail(aws)
    trail(aws, "second")

    def only(*readable: str) -> Any:
        def answer(params: dict[str, Any], *_: str) -> Any:
            if not params["TrailName"].endswith(readable):
                raise Refuse("AccessDeniedException")
            return {"TrailARN": ARN, "EventSelectors": [{}]}

        return answer

    aws.serve("cloudtrail.GetEventSelectors", only("/main"))
    assert asked(aws, "aws_cloudtrail_multi_region").status("aws_cloudtrail_multi_region") == "pass"
    aws.serve("cloudtrail.GetEventSelectors", only("/none"))
    assert asked(aws, "aws_cloudtrail_multi_region").status("aws_cloudtrail_multi_region") == "unknown"


# Where trails are.


def test_trails_of_every_home_are_listed_each_once_and_asked_at_home(aws: Cloud) -> None:
    bucket(aws)
    trail(aws)
    far = aws.client("cloudtrail", "us-west-2")
    aws.client("s3", "us-west-2").create_bucket(Bucket="far", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    far.create_trail(Name="far", S3BucketName="far", IsMultiRegionTrail=False)
    homes = [{"TrailARN": ARN, "HomeRegion": "eu-west-1"}, {"TrailARN": ARN_FAR, "HomeRegion": "us-west-2"}]
    aws.serve("cloudtrail.ListTrails", {"Trails": homes})
    seen = asked(aws, "aws_cloudtrail_delivery_fresh")
    assert set(seen.facts("aws.cloudtrail.trail")) == {ARN, ARN_FAR}
    assert ("cloudtrail.GetTrailStatus", "us-west-2") in aws.calls


ARN_FAR = "arn:aws:cloudtrail:us-west-2:123456789012:trail/far"


def described(aws: Cloud, arn: str = ARN, **settings: Any) -> None:
    item = {
        "TrailARN": arn,
        "Name": "main",
        "HomeRegion": "eu-west-1",
        "IsMultiRegionTrail": True,
        "LogFileValidationEnabled": True,
        "S3BucketName": "logs",
        **settings,
    }
    aws.serve("cloudtrail.ListTrails", {"Trails": [{"TrailARN": arn, "HomeRegion": "eu-west-1"}]})
    aws.serve("cloudtrail.DescribeTrails", {"trailList": [item]})


@pytest.mark.parametrize(("enabled", "expected"), [(True, "pass"), (False, "fail")])
def test_log_files_are_validated_or_not(aws: Cloud, expected: str, *, enabled: bool) -> None:
    bucket(aws)
    trail(aws, EnableLogFileValidation=enabled)
    assert asked(aws, "aws_cloudtrail_log_validation").status("aws_cloudtrail_log_validation") == expected


def test_a_trail_kept_in_the_account_that_it_records_fails(aws: Cloud) -> None:
    bucket(aws)
    trail(aws)
    name = "aws_cloudtrail_bucket_separate_account"
    assert asked(aws, name).reason(name) == "main is kept in the bucket logs of the account that it records"
    assert asked(aws, name, log_accounts=[aws.account]).status(name) == "not_applicable"


def test_a_trail_kept_elsewhere_passes(aws: Cloud) -> None:
    described(aws)
    name = "aws_cloudtrail_bucket_separate_account"
    assert asked(aws, name).status(name) == "pass"


def test_the_logging_account_keeps_its_organizations_trail_itself(aws: Cloud) -> None:
    bucket(aws)
    described(aws, ARN.replace(aws.account, "999999999999"), IsOrganizationTrail=True)
    name = "aws_cloudtrail_bucket_separate_account"
    seen = asked(aws, name)
    assert seen.status(name) == "not_applicable"
    assert next(iter(seen.facts("aws.cloudtrail.trail"))).startswith(f"aws:{aws.account}:global:aws.cloudtrail.trail:")


# Delivery.


@pytest.mark.parametrize(
    ("status", "expected", "words"),
    [
        ({"LatestDeliveryTime": NOW - timedelta(hours=1)}, "pass", ""),
        ({"LatestDeliveryTime": NOW - timedelta(hours=25)}, "fail", "last delivered on 2026-05-03T11:00:00Z"),
        ({"LatestDeliveryTime": NOW, "LatestDeliveryError": "NoSuchBucket"}, "fail", "NoSuchBucket"),
        ({"LatestDeliveryTime": NOW, "IsLogging": False}, "fail", "is not logging"),
        ({"StartLoggingTime": NOW - timedelta(minutes=5)}, "unknown", "has not delivered yet"),
        ({"StartLoggingTime": NOW - timedelta(days=5)}, "fail", "never delivered"),
    ],
)
def test_a_trail_must_have_delivered_lately(aws: Cloud, status: dict[str, Any], expected: str, words: str) -> None:
    described(aws)
    aws.serve("cloudtrail.GetTrailStatus", {"IsLogging": True, **status})
    seen = asked(aws, "aws_cloudtrail_delivery_fresh")
    assert seen.status("aws_cloudtrail_delivery_fresh") == expected
    assert words in seen.reason("aws_cloudtrail_delivery_fresh")


def test_a_trail_that_vanished_is_unknown(aws: Cloud) -> None:
    described(aws)
    assert asked(aws, "aws_cloudtrail_delivery_fresh").status("aws_cloudtrail_delivery_fresh") == "unknown"


# Locks.


@pytest.mark.parametrize(
    ("statements", "retention", "expected"),
    [
        ([TAKES_TRAILS], {"Mode": "COMPLIANCE", "Years": 1}, "pass"),
        ([TAKES_TRAILS], {"Mode": "GOVERNANCE", "Days": 90}, "fail"),
        ([TAKES_TRAILS], None, "fail"),
        ([{**TAKES_TRAILS, "Effect": "Deny"}], None, "not_applicable"),
        ([{**TAKES_TRAILS, "Principal": {"Service": "config.amazonaws.com"}}], None, "not_applicable"),
        ([{**TAKES_TRAILS, "Principal": {"Service": ["cloudtrail.amazonaws.com"]}, "Action": "s3:*"}], None, "fail"),
        ([], None, "not_applicable"),
    ],
)
def test_buckets_that_take_trails_are_locked(
    aws: Cloud, statements: list[dict[str, Any]], retention: dict[str, Any] | None, expected: str
) -> None:
    bucket(aws, *statements, retention=retention)
    assert asked(aws, "aws_cloudtrail_bucket_locked").status("aws_cloudtrail_bucket_locked") == expected


def test_buckets_that_may_not_be_listed_are_unknown(aws: Cloud) -> None:
    aws.deny("s3:ListAllMyBuckets")
    assert asked(aws, "aws_cloudtrail_bucket_locked").status("aws_cloudtrail_bucket_locked") == "unknown"
