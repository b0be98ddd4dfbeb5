"""Buckets: each check from the provider's answer, when all is well, when not, and when it may not be seen."""

import json
from typing import Any

import pytest

from tests.collectors.aws.overlay import PASS_ON, Cloud, Refuse
from tests.harness import Looked, look

ARN = "arn:aws:s3:::orders"
ALL_ON = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
ALL_OFF = dict.fromkeys(ALL_ON, False)
EVERYONE = "http://acs.amazonaws.com/groups/global/AllUsers"
ANY_ACCOUNT = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"


def bucket(aws: Cloud, name: str = "orders", region: str = "eu-west-1", *, lock: bool = False, **tags: str) -> None:
    s3 = aws.client("s3", region)
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=lock, **where)
    listed = aws.served("s3.ListBuckets") or {"Buckets": []}  # moto's own listing leaves out the regions
    aws.serve("s3.ListBuckets", {"Buckets": [*listed["Buckets"], {"Name": name, "BucketRegion": region}]})
    if tags:
        tag_set = [{"Key": key.replace("_", "-"), "Value": value} for key, value in tags.items()]
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_set})


def policy(aws: Cloud, *statements: dict[str, Any]) -> None:
    aws.client("s3").put_bucket_policy(Bucket="orders", Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))


def asked(aws: Cloud, check: str, **parameters: Any) -> Looked:
    return look(aws.connect(), check, parameters={check: parameters})


def status(aws: Cloud, check: str, **parameters: Any) -> str:
    return asked(aws, check, **parameters).status(check)


BUCKET_CHECKS = ["aws_s3_bucket_not_public", "aws_s3_tls_only", "aws_s3_expiry_rules", "aws_s3_record_lock"]


@pytest.mark.parametrize("check", BUCKET_CHECKS)
def test_buckets_that_may_not_be_listed_are_unknown(aws: Cloud, check: str) -> None:
    bucket(aws)
    aws.deny("s3:ListAllMyBuckets")
    seen = asked(aws, check)
    assert seen.status(check) == "unknown"
    assert "s3:ListAllMyBuckets was denied" in seen.reason(check)


@pytest.mark.parametrize(
    ("check", "action"),
    [
        ("aws_s3_bucket_not_public", "s3:GetBucketPolicy"),
        ("aws_s3_bucket_not_public", "s3:GetBucketAcl"),
        ("aws_s3_tls_only", "s3:GetBucketPolicy"),
        ("aws_s3_expiry_rules", "s3:GetLifecycleConfiguration"),
        ("aws_s3_expiry_rules", "tag:GetResources"),
        ("aws_s3_record_lock", "s3:GetBucketObjectLockConfiguration"),
        ("aws_s3_record_lock", "tag:GetResources"),
    ],
)
def test_what_may_not_be_read_of_a_bucket_is_unknown(aws: Cloud, check: str, action: str) -> None:
    bucket(aws, retention_max_days="30", retention_min_days="30")
    aws.deny(action)
    seen = asked(aws, check)
    assert seen.status(check) == "unknown"
    assert f"{action} was denied" in seen.reason(check)


def test_one_bucket_that_refuses_us_leaves_the_others_known(aws: Cloud) -> None:
    bucket(aws)
    bucket(aws, "closed")

    def answer(params: dict[str, Any], region: str, account: str) -> Any:
        if params["Bucket"] == "closed":
            raise Refuse("AccessDenied", "Access Denied", 403)
        raise Refuse("NoSuchBucketPolicy", "The bucket policy does not exist", 404)

    aws.serve("s3.GetBucketPolicy", answer)
    seen = asked(aws, "aws_s3_tls_only")
    assert seen.status("aws_s3_tls_only", "orders") == "fail"
    assert seen.status("aws_s3_tls_only", "closed") == "unknown"


# The account's block.


@pytest.mark.parametrize(
    ("block", "expected"), [(ALL_ON, "pass"), ({**ALL_ON, "RestrictPublicBuckets": False}, "fail"), (None, "fail")]
)
def test_the_accounts_block_counts_only_when_fully_on(aws: Cloud, block: dict[str, bool] | None, expected: str) -> None:
    if block:
        aws.client("s3control").put_public_access_block(AccountId=aws.account, PublicAccessBlockConfiguration=block)
    assert status(aws, "aws_s3_account_public_block") == expected


def test_an_accounts_block_that_may_not_be_read_is_unknown(aws: Cloud) -> None:
    aws.deny("s3:GetAccountPublicAccessBlock")
    seen = asked(aws, "aws_s3_account_public_block")
    assert seen.status("aws_s3_account_public_block") == "unknown"
    assert "s3:GetAccountPublicAccessBlock was denied" in seen.reason("aws_s3_account_public_block")


# Open to everyone.


def open_policy(aws: Cloud) -> None:
    policy(aws, {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{ARN}/*"})
    aws.serve("s3.GetBucketPolicyStatus", {"PolicyStatus": {"IsPublic": True}})


def open_acl(aws: Cloud, uri: str = EVERYONE) -> None:
    owner = {"ID": "a" * 64}
    grants = [
        {"Grantee": {"Type": "CanonicalUser", "ID": "a" * 64}, "Permission": "FULL_CONTROL"},
        {"Grantee": {"Type": "Group", "URI": uri}, "Permission": "READ"},
    ]
    aws.client("s3").put_bucket_acl(Bucket="orders", AccessControlPolicy={"Owner": owner, "Grants": grants})


def test_a_bucket_without_a_policy_and_with_its_owners_acl_is_not_public(aws: Cloud) -> None:
    bucket(aws)
    assert status(aws, "aws_s3_bucket_not_public") == "pass"
    asked_of_it = sorted(call for call, _ in aws.calls if call.startswith("s3.Get"))
    assert asked_of_it == ["s3.GetBucketAcl", "s3.GetBucketPolicy"]


def test_a_policy_that_the_service_calls_public_is_public(aws: Cloud) -> None:
    bucket(aws)
    open_policy(aws)
    seen = asked(aws, "aws_s3_bucket_not_public")
    assert seen.reason("aws_s3_bucket_not_public") == "orders is open to everyone by its policy"


@pytest.mark.parametrize("uri", [EVERYONE, ANY_ACCOUNT])
def test_an_acl_for_everyone_or_for_any_account_is_public(aws: Cloud, uri: str) -> None:
    bucket(aws)
    aws.client("s3").put_public_access_block(Bucket="orders", PublicAccessBlockConfiguration=ALL_OFF)
    open_acl(aws, uri)
    seen = asked(aws, "aws_s3_bucket_not_public")
    assert seen.reason("aws_s3_bucket_not_public") == "orders is open to everyone by its ACL (READ)"


@pytest.mark.parametrize("where", ["bucket", "account"])
def test_a_block_makes_public_policies_and_acls_void(aws: Cloud, where: str) -> None:
    bucket(aws)
    open_policy(aws)
    open_acl(aws)
    if where == "bucket":
        aws.client("s3").put_public_access_block(Bucket="orders", PublicAccessBlockConfiguration=ALL_ON)
    else:
        aws.client("s3control").put_public_access_block(AccountId=aws.account, PublicAccessBlockConfiguration=ALL_ON)
    assert status(aws, "aws_s3_bucket_not_public") == "pass"


def test_the_block_of_a_bucket_that_is_open_both_ways_is_asked_once(aws: Cloud) -> None:
    bucket(aws)
    open_policy(aws)
    open_acl(aws)
    assert status(aws, "aws_s3_bucket_not_public") == "fail"
    assert [call for call, _ in aws.calls].count("s3.GetPublicAccessBlock") == 1


def test_the_wrong_half_of_a_block_helps_nothing(aws: Cloud) -> None:
    bucket(aws)
    open_policy(aws)
    half = {**ALL_OFF, "BlockPublicPolicy": True, "IgnorePublicAcls": True}
    aws.client("s3").put_public_access_block(Bucket="orders", PublicAccessBlockConfiguration=half)
    assert status(aws, "aws_s3_bucket_not_public") == "fail"


@pytest.mark.parametrize(
    "action", ["s3:GetBucketPolicyStatus", "s3:GetBucketPublicAccessBlock", "s3:GetAccountPublicAccessBlock"]
)
def test_a_public_policy_whose_block_or_status_may_not_be_read_is_unknown(aws: Cloud, action: str) -> None:
    bucket(aws)
    open_policy(aws)
    aws.deny(action)
    seen = asked(aws, "aws_s3_bucket_not_public")
    assert seen.status("aws_s3_bucket_not_public") == "unknown"
    assert action in seen.reason("aws_s3_bucket_not_public")


# Clear text.


def deny(**changes: Any) -> dict[str, Any]:
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [ARN, f"{ARN}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        **changes,
    }


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([deny()], "pass"),
        ([deny(Principal={"AWS": ["*"]}, Action=["*"])], "pass"),
        ([deny(Resource="*")], "pass"),
        ([deny(Resource=f"{ARN}*")], "pass"),
        ([deny(Resource=ARN), deny(Resource=f"{ARN}/*")], "pass"),
        ([deny(Condition={"BoolIfExists": {"AWS:securetransport": [False]}})], "pass"),
        ([deny(Resource=f"{ARN}/*")], "fail"),
        ([deny(Resource=[ARN, f"{ARN}/public/*"])], "fail"),
        ([deny(Resource="arn:aws:s3:::other/*")], "fail"),
        ([deny(Action="s3:GetObject")], "fail"),
        ([deny(Principal={"AWS": "arn:aws:iam::123456789012:root"})], "fail"),
        ([deny(Condition={"Bool": {"aws:SecureTransport": "true"}})], "fail"),
        ([deny(Condition={"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"aws:PrincipalTag/a": "b"}})], "fail"),
        ([{"Effect": "Deny", "NotPrincipal": {"AWS": "*"}, "Action": "s3:*", "Resource": [ARN, f"{ARN}/*"]}], "fail"),
        ([deny(Condition={})], "fail"),
        ([deny(Effect="Allow")], "fail"),
    ],
)
def test_only_a_denial_of_everything_to_everyone_refuses_clear_text(
    aws: Cloud, statements: list[dict[str, Any]], expected: str
) -> None:
    bucket(aws)
    policy(aws, *statements)
    assert status(aws, "aws_s3_tls_only") == expected


def test_a_bucket_without_a_policy_answers_in_clear_text(aws: Cloud) -> None:
    bucket(aws)
    assert asked(aws, "aws_s3_tls_only").reason("aws_s3_tls_only").startswith("orders has no policy")


def test_a_policy_that_is_not_json_is_unknown(aws: Cloud) -> None:
    bucket(aws)
    aws.serve("s3.GetBucketPolicy", {"Policy": "{half"})
    assert status(aws, "aws_s3_tls_only") == "unknown"


# Expiry.


def rules(aws: Cloud, *rules: dict[str, Any], versions: bool = False) -> None:
    s3 = aws.client("s3")
    whole = [{"ID": f"r{n}", "Status": "Enabled", "Filter": {"Prefix": ""}, **rule} for n, rule in enumerate(rules)]
    aws.serve("s3.GetBucketLifecycleConfiguration", {"Rules": whole})
    if versions:
        s3.put_bucket_versioning(Bucket="orders", VersioningConfiguration={"Status": "Enabled"})


@pytest.mark.parametrize(
    ("rule", "versions", "expected"),
    [
        ({"Expiration": {"Days": 30}}, False, "pass"),
        ({"Expiration": {"Days": 31}}, False, "fail"),
        ({"Expiration": {"Days": 30}, "Filter": {}}, False, "pass"),
        ({"Expiration": {"Days": 30}, "Filter": {"Prefix": "tmp/"}}, False, "fail"),
        ({"Expiration": {"Days": 30}, "Filter": {"And": {"Prefix": "", "ObjectSizeGreaterThan": 1}}}, False, "fail"),
        ({"Expiration": {"Days": 30}, "Status": "Disabled"}, False, "fail"),
        ({"Expiration": {"ExpiredObjectDeleteMarker": True}}, False, "fail"),
        ({"Transitions": [{"Days": 10, "StorageClass": "GLACIER"}]}, False, "fail"),
        ({"Expiration": {"Days": 20}}, True, "fail"),
        ({"Expiration": {"Days": 20}, "NoncurrentVersionExpiration": {"NoncurrentDays": 10}}, True, "pass"),
        ({"Expiration": {"Days": 20}, "NoncurrentVersionExpiration": {"NoncurrentDays": 11}}, True, "fail"),
        (
            {"Expiration": {"Days": 20}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 2}},
            True,
            "fail",
        ),
    ],
)
def test_a_limit_needs_a_rule_for_all_objects_and_their_versions(
    aws: Cloud, rule: dict[str, Any], expected: str, *, versions: bool
) -> None:
    bucket(aws, retention_max_days="30")
    rules(aws, rule, versions=versions)
    assert status(aws, "aws_s3_expiry_rules") == expected


def test_a_limit_without_any_rule_fails(aws: Cloud) -> None:
    bucket(aws, retention_max_days="1y")
    seen = asked(aws, "aws_s3_expiry_rules")
    assert seen.reason("aws_s3_expiry_rules") == "orders has no rule that expires all its objects within 365 days"


@pytest.mark.parametrize("check", ["aws_s3_expiry_rules", "aws_s3_record_lock"])
@pytest.mark.parametrize(("value", "expected"), [(None, "unknown"), ("soon", "unknown"), ("None", "not_applicable")])
def test_the_tag_says_whether_there_is_a_period(aws: Cloud, check: str, value: str | None, expected: str) -> None:
    tags: dict[str, Any] = {"retention_max_days": value, "retention_min_days": value} if value else {}
    bucket(aws, **tags)
    assert status(aws, check) == expected


def test_the_name_of_the_tag_is_a_parameter(aws: Cloud) -> None:
    bucket(aws, delete_after="30d")
    assert status(aws, "aws_s3_expiry_rules", tag="delete-after") == "fail"


def test_tags_are_read_in_each_buckets_region_and_all_at_once(aws: Cloud) -> None:
    for number in range(3):
        bucket(aws, f"here{number}", retention_max_days="30")
    bucket(aws, "there", "us-east-1", retention_max_days="30")
    seen = asked(aws, "aws_s3_expiry_rules")
    assert {f.status for f in seen.of("aws_s3_expiry_rules")} == {"fail"}
    tagging = sorted(region for call, region in aws.calls if call == "resourcegroupstaggingapi.GetResources")
    assert tagging == ["eu-west-1", "us-east-1"]
    assert ("s3.GetBucketLifecycleConfiguration", "us-east-1") in aws.calls


def test_tags_of_a_bucket_whose_region_is_not_named_are_looked_for_in_all(aws: Cloud) -> None:
    bucket(aws, retention_max_days="30")
    aws.client("s3").create_bucket(Bucket="bare", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    aws.serve("s3.ListBuckets", {"Buckets": [{"Name": "orders"}, {"Name": "bare"}]})
    seen = asked(aws, "aws_s3_expiry_rules")
    assert seen.status("aws_s3_expiry_rules", "orders") == "fail"
    assert seen.status("aws_s3_expiry_rules", "bare") == "unknown"


def test_tags_of_one_region_that_may_not_be_read_leave_the_other_regions_known(aws: Cloud) -> None:
    bucket(aws, retention_max_days="30")
    listed = [{"Name": "orders", "BucketRegion": "eu-west-1"}, {"Name": "far", "BucketRegion": "us-east-1"}]
    aws.serve("s3.ListBuckets", {"Buckets": listed})

    def only_here(params: dict[str, Any], region: str, account: str) -> Any:
        if region != "eu-west-1":
            raise Refuse("AccessDeniedException")
        return PASS_ON

    aws.serve("resourcegroupstaggingapi.GetResources", only_here)
    seen = asked(aws, "aws_s3_expiry_rules")
    assert seen.status("aws_s3_expiry_rules", "orders") == "fail"
    assert "tag:GetResources was denied" in seen.reason("aws_s3_expiry_rules", "far")


# Locks.


def lock(aws: Cloud, **retention: Any) -> None:
    rule = {"Rule": {"DefaultRetention": retention}} if retention else {}
    aws.client("s3").put_object_lock_configuration(
        Bucket="orders", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", **rule}
    )


@pytest.mark.parametrize(
    ("retention", "expected"),
    [
        ({"Mode": "COMPLIANCE", "Days": 3650}, "pass"),
        ({"Mode": "COMPLIANCE", "Years": 7}, "pass"),
        ({"Mode": "GOVERNANCE", "Years": 7}, "fail"),
        ({"Mode": "COMPLIANCE", "Days": 364}, "fail"),
        ({}, "fail"),
    ],
)
def test_records_are_locked_for_their_period(aws: Cloud, retention: dict[str, Any], expected: str) -> None:
    bucket(aws, lock=True, retention_min_days="7y")
    lock(aws, **retention)
    assert status(aws, "aws_s3_record_lock") == expected


def test_records_without_a_lock_fail_and_governance_counts_only_if_told(aws: Cloud) -> None:
    bucket(aws, "plain", retention_min_days="30")
    bucket(aws, lock=True, retention_min_days="30")
    lock(aws, Mode="GOVERNANCE", Days=30)
    seen = asked(aws, "aws_s3_record_lock")
    assert seen.reason("aws_s3_record_lock", "plain") == "plain holds records and has no object lock"
    words = "orders holds records and locks objects in governance mode, which does not count"
    assert seen.reason("aws_s3_record_lock", "orders") == words
    told = asked(aws, "aws_s3_record_lock", modes=["COMPLIANCE", "GOVERNANCE"])
    assert told.status("aws_s3_record_lock", "orders") == "pass"


# Where buckets are.


def test_all_pages_of_buckets_are_read_and_a_bucket_that_vanished_is_unknown(aws: Cloud) -> None:
    listed = [{"Name": f"b{n}", "BucketRegion": "eu-west-1"} for n in range(5)]
    aws.serve("s3.ListBuckets", {"Buckets": listed})
    seen = asked(aws, "aws_s3_tls_only")
    assert [f.status for f in seen.of("aws_s3_tls_only")] == ["unknown"] * 5
    assert "found the resource gone" in seen.reason("aws_s3_tls_only", "b4")
