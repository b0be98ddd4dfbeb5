"""What policies grant and who holds it, each check from IAM's bulk answer."""

from typing import Any

import pytest

from checks.aws.policies import matches, statements
from evidence_store.records import MalformedFactError
from tests.checks.aws.iam_scene import NOW, allow, arn, deny, group, identities, policy, role, trust, user
from tests.collectors.aws.overlay import Cloud
from tests.harness import Looked, look

FULL = "aws_iam_no_full_admin_policy"
ESCALATION = "aws_iam_no_privilege_escalation"
PAIRS = "aws_iam_toxic_duty_pairs"
WILDCARD = "aws_iam_role_trust_no_wildcard"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def asked(aws: Cloud, check: str, **parameters: Any) -> Looked:
    return look(aws.connect(), check, at=NOW, parameters={check: parameters})


@pytest.mark.parametrize(
    ("granted", "status"),
    [
        ([allow("s3:*")], "pass"),
        ([allow("*", on="arn:aws:s3:::logs/*")], "pass"),
        ([allow("*")], "fail"),
        ([allow("*:*")], "fail"),
        ([{"Effect": "Allow", "Action": "*", "Resource": "*"}], "fail"),
        ([allow("s3:GetObject"), allow("ec2:*", "*")], "fail"),
        ([allow("*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})], "fail"),
        ([{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::vault"}], "fail"),
        ([{"Effect": "Allow", "NotAction": "aws-portal:*", "Resource": "*"}], "fail"),
        ([{"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}], "pass"),
        ([allow("*"), deny("iam:*", "organizations:*")], "pass"),
        ([allow("*"), deny("iam:*", on=arn("user/alice"))], "fail"),
        ([allow("*"), deny("s3:DeleteBucket")], "fail"),
        ([deny("*")], "pass"),
    ],
)
def test_a_policy_grants_everything_or_not(aws: Cloud, granted: list[dict[str, Any]], status: str) -> None:
    identities(aws, users=[user("alice", *granted)], policies=[policy("ops", *granted)])
    seen = asked(aws, FULL)
    assert seen.status(FULL, "policy/ops") == status
    assert seen.status(FULL, "user/alice/own") == status
    if status == "fail":
        assert seen.reason(FULL, "user/alice/own") == "policy own of user/alice grants every action on every resource"


def test_a_policy_that_is_attached_to_nobody_or_a_boundary_grants_nothing(aws: Cloud) -> None:
    identities(aws, policies=[policy("ops", allow("*"), attachments=0, PermissionsBoundaryUsageCount=3)])
    assert asked(aws, FULL).status(FULL, "policy/ops") == "not_applicable"


def test_the_policies_that_aws_keeps_are_not_ones_own(aws: Cloud) -> None:
    identities(
        aws,
        users=[user("alice", attached=[ADMINISTRATOR])],
        policies=[policy("AdministratorAccess", allow("*"), account="aws")],
    )
    assert asked(aws, FULL).of(FULL) == []


ESCALATES = [
    ([allow("iam:CreatePolicyVersion")], "iam:CreatePolicyVersion"),
    ([allow("iam:Create*")], "iam:CreatePolicyVersion"),
    ([allow("iam:Attach?serPolicy")], "iam:AttachUserPolicy"),
    ([allow("iam:PutUserPolicy", on="arn:aws:iam::*:user/${aws:username}")], "iam:PutUserPolicy"),
    ([allow("iam:AddUserToGroup", on="arn:aws:iam::*:group/*")], "iam:AddUserToGroup"),
    ([allow("iam:UpdateLoginProfile")], "iam:UpdateLoginProfile"),
    ([allow("iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction")], "iam:PassRole with lambda:CreateFunction"),
    ([allow("iam:PassRole", on=arn("role/*")), allow("ec2:*")], "iam:PassRole with ec2:RunInstances"),
    (
        [allow("iam:PassRole", Condition={"StringLike": {"iam:PassedToService": "ecs-*"}}), allow("ecs:*")],
        "ecs:RegisterTaskDefinition",
    ),
    ([allow("iam:PutRolePolicy", "sts:AssumeRole")], "iam:PutRolePolicy with sts:AssumeRole"),
    ([{"Effect": "Allow", "NotAction": ["s3:*"], "Resource": "*"}], "more ways"),
    ([allow("iam:*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})], "iam:CreatePolicyVersion"),
    (
        [allow("iam:AttachUserPolicy", Condition={"ArnLike": {"iam:PolicyARN": "arn:aws:iam::aws:policy/*"}})],
        "iam:AttachUserPolicy",
    ),
    ([allow("iam:PutUserPolicy"), deny("iam:PutUserPolicy", on=arn("user/root-like"))], "iam:PutUserPolicy"),
    (
        [allow("iam:PutUserPolicy"), deny("iam:*", Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})],
        "iam:PutUserPolicy",
    ),
    ([allow("lambda:UpdateFunctionCode")], "lambda:UpdateFunctionCode"),
    ([allow("iam:UpdateAssumeRolePolicy", on=arn("role/*"))], "iam:UpdateAssumeRolePolicy"),
]


@pytest.mark.parametrize(("granted", "words"), ESCALATES)
def test_permissions_that_lead_to_all_are_found(aws: Cloud, granted: list[dict[str, Any]], words: str) -> None:
    identities(aws, users=[user("alice", *granted), user("bob"), user("carol")])
    seen = asked(aws, ESCALATION)
    assert seen.status(ESCALATION, "/alice") == "fail"
    assert words in seen.reason(ESCALATION, "/alice")
    assert seen.status(ESCALATION, "/bob") == "pass"


HARMLESS = [
    [allow("iam:CreateAccessKey", "iam:UpdateLoginProfile", on="arn:aws:iam::*:user/${aws:username}")],
    [allow("iam:PassRole", on=arn("role/app-*")), allow("lambda:*", on="arn:aws:lambda:*:*:function:app-*")],
    [
        allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "monitoring.rds.amazonaws.com"}}),
        allow("ec2:*"),
    ],
    [allow("iam:PassRole")],
    [allow("ec2:RunInstances", "lambda:CreateFunction")],
    [allow("iam:*"), deny("iam:*")],
    [allow("iam:AttachUserPolicy", Condition={"ArnEquals": {"iam:PolicyARN": [arn("policy/readers")]}})],
    [
        allow("iam:AttachUserPolicy"),
        deny("iam:AttachUserPolicy", Condition={"ArnNotLike": {"iam:PolicyARN": arn("policy/app/*")}}),
    ],
    [allow("iam:PutUserPolicy", Condition={"StringEquals": {"iam:PermissionsBoundary": arn("policy/limit")}})],
    [allow("iam:PutUserPolicy", Condition={"ArnEquals": {"aws:PrincipalArn": arn("user/bob")}})],
    [allow("iam:*"), deny("iam:*", Condition={"ArnNotLike": {"aws:PrincipalArn": arn("role/admin")}})],
    [{"Effect": "Allow", "NotAction": ["iam:*", "sts:*", "lambda:*", "glue:*"], "Resource": "*"}],
]


@pytest.mark.parametrize("granted", HARMLESS)
def test_permissions_that_are_limited_or_denied_do_not_lead_further(aws: Cloud, granted: list[dict[str, Any]]) -> None:
    identities(aws, users=[user("alice", *granted)])
    seen = asked(aws, ESCALATION)
    assert (seen.status(ESCALATION, "/alice"), seen.reason(ESCALATION, "/alice")) == ("pass", "")


def test_grants_come_from_groups_attached_policies_and_roles_own(aws: Cloud) -> None:
    identities(
        aws,
        users=[
            user("alice", GroupList=["ops"]),
            user("bob", attached=[arn("policy/writers")]),
            user("carol", GroupList=["devs"]),
        ],
        groups=[group("ops", allow("iam:CreatePolicyVersion")), group("devs", attached=[arn("policy/writers")])],
        roles=[role("deployer", allow("iam:AttachRolePolicy", on=arn("role/deployer")))],
        policies=[policy("writers", allow("iam:CreatePolicyVersion", on=arn("policy/writers")))],
    )
    seen = asked(aws, ESCALATION)
    assert [f.status for f in seen.of(ESCALATION)] == ["fail"] * 4
    assert "role deployer can make itself an administrator by iam:AttachRolePolicy" in seen.reason(ESCALATION, "/deployer")


def test_a_boundary_holds_whatever_is_granted_inside_it(aws: Cloud) -> None:
    limited = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn("policy/limit")}
    loose = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn("policy/loose")}
    identities(
        aws,
        users=[
            user("alice", allow("*"), PermissionsBoundary=limited),
            user("bob", allow("*"), PermissionsBoundary=loose),
        ],
        policies=[
            policy("limit", allow("s3:*", "iam:Get*"), attachments=0),
            policy("loose", allow("s3:*", "iam:DeleteUserPermissionsBoundary"), attachments=0),
        ],
    )
    seen = asked(aws, ESCALATION)
    assert seen.status(ESCALATION, "/alice") == "pass"
    assert "iam:DeleteUserPermissionsBoundary" in seen.reason(ESCALATION, "/bob")


def test_administrators_and_service_linked_roles_have_nothing_left_to_gain(aws: Cloud) -> None:
    identities(
        aws,
        users=[user("alice", attached=[ADMINISTRATOR])],
        roles=[role("AWSServiceRoleForX", allow("iam:*"), path="/aws-service-role/x.amazonaws.com/")],
        policies=[policy("AdministratorAccess", allow("*"), account="aws")],
    )
    seen = asked(aws, ESCALATION)
    assert [str(f.status) for f in seen.of(ESCALATION)] == ["not_applicable"] * 2


@pytest.mark.parametrize("check", [ESCALATION, PAIRS])
def test_an_attached_policy_without_a_document_is_not_taken_for_an_empty_one(aws: Cloud, check: str) -> None:
    identities(aws, users=[user("alice", attached=["arn:aws:iam::aws:policy/Unlisted"])])
    seen = asked(aws, check)
    assert seen.status(check, "/alice") == "unknown"
    assert "no document of arn:aws:iam::aws:policy/Unlisted" in seen.reason(check, "/alice")


def test_a_group_that_is_not_listed_is_not_taken_for_one_that_grants_nothing(aws: Cloud) -> None:
    identities(aws, users=[user("alice", GroupList=["ops"])])
    seen = asked(aws, ESCALATION)
    assert seen.status(ESCALATION, "/alice") == "unknown"
    assert "no group ops" in seen.reason(ESCALATION, "/alice")


@pytest.mark.parametrize(
    ("granted", "status"),
    [
        ([allow("iam:CreateUser")], "pass"),
        ([allow("iam:CreateUser"), allow("cloudtrail:StopLogging")], "fail"),
        ([allow("kms:*")], "fail"),
        ([allow("kms:*"), deny("kms:Decrypt")], "pass"),
        ([allow("*")], "fail"),
    ],
)
def test_no_principal_holds_both_sides_of_a_pair(aws: Cloud, granted: list[dict[str, Any]], status: str) -> None:
    services = [trust({"Service": "lambda.amazonaws.com"})]
    identities(aws, users=[user("alice", *granted)], roles=[role("worker", *granted, trusts=services), role("ops", *granted)])
    seen = asked(aws, PAIRS)
    assert seen.status(PAIRS, "user/alice") == status
    assert seen.status(PAIRS, "role/ops") == status
    assert seen.status(PAIRS, "role/worker") == "not_applicable"


def test_the_duty_conflict_matrix_is_the_declared_one(aws: Cloud) -> None:
    identities(aws, users=[user("alice", allow("sns:*", "sqs:*"))])
    assert asked(aws, PAIRS).status(PAIRS, "/alice") == "pass"
    seen = asked(aws, PAIRS, pairs=["sns:Publish | sqs:DeleteQueue, sqs:PurgeQueue"])
    assert "holds both sns:Publish and sqs:DeleteQueue" in seen.reason(PAIRS, "/alice")
    assert asked(aws, PAIRS, pairs=[]).status(PAIRS, "/alice") == "unknown"


@pytest.mark.parametrize("pair", ["sns:Publish, sqs:DeleteQueue", "sns:Publish |", "a:B | c:D | e:F"])
def test_a_pair_that_is_none_is_not_left_out_unnoticed(aws: Cloud, pair: str) -> None:
    identities(aws, users=[user("alice", allow("*"))])
    seen = asked(aws, PAIRS, pairs=[pair, "kms:Decrypt | kms:PutKeyPolicy"])
    assert seen.status(PAIRS, "/alice") == "unknown"
    assert f"{pair!r} is no pair" in seen.reason(PAIRS, "/alice")


def test_everyone_but_a_service_is_not_that_service_alone(aws: Cloud) -> None:
    others = {"Effect": "Allow", "NotPrincipal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    identities(aws, roles=[role("worker", allow("*"), trusts=[others])])
    assert asked(aws, PAIRS).status(PAIRS, "/worker") == "fail"


@pytest.mark.parametrize("check", [FULL, ESCALATION, PAIRS])
def test_identities_that_may_not_be_seen_are_unknown(aws: Cloud, check: str) -> None:
    identities(aws, users=[user("alice")], roles=[role("ops")], policies=[policy("ops", allow("s3:*"))])
    aws.deny("iam:GetAccountAuthorizationDetails")
    seen = asked(aws, check)
    assert seen.status(check) == "unknown"
    assert "iam:GetAccountAuthorizationDetails was denied" in seen.reason(check)


def test_a_real_account_is_read_as_it_is_served(aws: Cloud) -> None:
    """The same checks on identities that were made through the API, not written by hand."""
    iam = aws.client("iam")
    iam.create_user(UserName="alice", Tags=[{"Key": "team", "Value": "shop"}])
    everything = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
    made = iam.create_policy(PolicyName="all", PolicyDocument=everything)
    iam.attach_user_policy(UserName="alice", PolicyArn=made["Policy"]["Arn"])
    everyone = '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}}'
    iam.create_role(RoleName="open", AssumeRolePolicyDocument=everyone)
    seen = look(aws.connect(), FULL, ESCALATION, WILDCARD)
    assert seen.status(FULL, "/all") == "fail"
    assert seen.status(ESCALATION, "/alice") == "not_applicable"
    assert seen.status(WILDCARD, "/open") == "fail"
    assert seen.facts("aws.iam.user")[arn("user/alice")]["Tags"] == {"team": "shop"}


@pytest.mark.parametrize(
    ("pattern", "text", "is_like"),
    [
        ("s3:get*", "s3:getobject", True),
        ("s3:get?bject", "s3:getobject", True),
        ("s3:get?", "s3:getobject", False),
        ("*", "", True),
        ("arn:aws:s3:::a[b]*", "arn:aws:s3:::a[b]c", True),
        ("arn:aws:s3:::a.b", "arn:aws:s3:::axb", False),
        ("*:policy/*", "arn:aws:iam::1:policy/x\ny", True),
    ],
)
def test_patterns_know_two_wildcards_and_nothing_else(pattern: str, text: str, is_like: bool) -> None:
    assert matches(pattern, text) is is_like


@pytest.mark.parametrize("odd", [None, "text", {"Statement": [{"Action": "*"}]}, {"Statement": ["text"]}])
def test_a_document_that_is_none_is_unknown_not_empty(odd: Any) -> None:
    with pytest.raises(MalformedFactError):
        statements(odd)
