"""The organization's accounts and guardrails, asked from its management account and from elsewhere."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.collectors.aws.overlay import Cloud
from tests.harness import Looked, look

ENVIRONMENTS = "aws_org_environment_accounts"
GUARDRAILS = "aws_org_scp_guardrails"
RECORDS = "aws_org_scp_protects_logging"
CHECKS = (ENVIRONMENTS, GUARDRAILS, RECORDS)
RECORDERS = [
    "cloudtrail:StopLogging",
    "cloudtrail:DeleteTrail",
    "config:StopConfigurationRecorder",
    "config:DeleteConfigurationRecorder",
    "guardduty:DeleteDetector",
]


@dataclass
class Organization:
    """An organization that this account manages, as the test builds it up."""

    client: Any
    root: str

    def unit(self, name: str, parent: str | None = None, **tags: str) -> str:
        tagged = [{"Key": key, "Value": value} for key, value in tags.items()]
        made = self.client.create_organizational_unit(ParentId=parent or self.root, Name=name, Tags=tagged)
        return str(made["OrganizationalUnit"]["Id"])

    def account(self, name: str, unit: str | None = None, **tags: str) -> str:
        tagged = [{"Key": key, "Value": value} for key, value in tags.items()]
        made = self.client.create_account(AccountName=name, Email=f"{name}@acme.example", Tags=tagged)
        number = str(made["CreateAccountStatus"]["AccountId"])
        if unit is not None:
            self.client.move_account(AccountId=number, SourceParentId=self.root, DestinationParentId=unit)
        return number

    def guardrail(self, *targets: str, **statement: Any) -> None:
        rule = {"Effect": "Deny", "Action": RECORDERS, "Resource": "*", **statement}
        made = self.client.create_policy(
            Name=f"rule-{len(self.client.list_policies(Filter='SERVICE_CONTROL_POLICY')['Policies'])}",
            Description="a rule",
            Content=json.dumps({"Version": "2012-10-17", "Statement": [rule]}),
            Type="SERVICE_CONTROL_POLICY",
        )
        for target in targets:
            self.client.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=target)


@pytest.fixture
def acme(aws: Cloud) -> Organization:
    client = aws.client("organizations", region="us-east-1")
    client.create_organization(FeatureSet="ALL")
    root = client.list_roots()["Roots"][0]["Id"]
    client.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    return Organization(client, root)


def asked(aws: Cloud, check: str, **parameters: Any) -> Looked:
    return look(aws.connect(), check, parameters={check: parameters})


def test_production_and_the_rest_have_accounts_of_their_own(aws: Cloud, acme: Organization) -> None:
    workloads = acme.unit("Workloads")
    production = acme.unit("Production", workloads)
    acme.account("shop", production)
    acme.account("orders", acme.unit("Critical", production))
    acme.account("lab", workloads, Environment="Non-Prod")
    acme.account("logs", acme.unit("Security"))
    seen = asked(aws, ENVIRONMENTS)
    assert (seen.status(ENVIRONMENTS), seen.reason(ENVIRONMENTS)) == ("pass", "")


def test_an_account_that_says_nothing_leaves_the_answer_open(aws: Cloud, acme: Organization) -> None:
    number = acme.account("shop", acme.unit("Workloads"))
    acme.account("lab", acme.unit("Sandbox"))
    seen = asked(aws, ENVIRONMENTS)
    assert seen.status(ENVIRONMENTS) == "unknown"
    assert number in seen.reason(ENVIRONMENTS)
    assert asked(aws, ENVIRONMENTS, declared=[f"{number}=production"]).status(ENVIRONMENTS) == "pass"
    assert asked(aws, ENVIRONMENTS, declared=[f"{number}=prodution"]).status(ENVIRONMENTS) == "unknown"


def test_where_all_is_production_the_rest_has_no_account(aws: Cloud, acme: Organization) -> None:
    acme.account("shop", acme.unit("prod-eu"))
    seen = asked(aws, ENVIRONMENTS)
    assert seen.status(ENVIRONMENTS) == "fail"
    assert "is for production" in seen.reason(ENVIRONMENTS)


@pytest.mark.parametrize(
    ("unit", "status"),
    [
        ("NonProd", "pass"),
        ("non-production", "pass"),
        ("PreProduction", "pass"),
        ("acme-dev", "pass"),
        ("Reproductions", "unknown"),
        ("Prod", "fail"),
        ("acme_prd", "fail"),
    ],
)
def test_a_units_name_says_what_it_is_for_by_whole_words(aws: Cloud, acme: Organization, unit: str, status: str) -> None:
    acme.account("shop", acme.unit(unit))
    acme.account("live", environment="production")
    assert asked(aws, ENVIRONMENTS).status(ENVIRONMENTS) == status


def test_an_account_outside_an_organization_says_itself_what_it_is_for(aws: Cloud) -> None:
    assert asked(aws, ENVIRONMENTS).status(ENVIRONMENTS) == "unknown"
    declared = [f"{aws.account}=production", "111122223333=development"]
    assert asked(aws, ENVIRONMENTS, declared=declared).status(ENVIRONMENTS) == "pass"


@pytest.mark.parametrize("check", [GUARDRAILS, RECORDS])
def test_outside_an_organization_nothing_stands_above_administrators(aws: Cloud, check: str) -> None:
    seen = asked(aws, check)
    assert seen.status(check) == "fail"
    assert "belongs to no organization" in seen.reason(check)
    assert {s.presence for found in seen.snapshots.values() for s in found} == {"complete"}


def test_a_guardrail_holds_for_a_unit_from_above(aws: Cloud, acme: Organization) -> None:
    workloads = acme.unit("Workloads")
    production = acme.unit("Production", workloads)
    live = acme.unit("Retail")
    acme.account("shop", live, environment="production")
    acme.guardrail(workloads, Action="s3:DeleteBucket")
    seen = asked(aws, GUARDRAILS)
    assert seen.status(GUARDRAILS) == "fail"
    assert "production unit Retail" in seen.reason(GUARDRAILS)
    acme.guardrail(acme.root, Action="organizations:LeaveOrganization")
    assert asked(aws, GUARDRAILS).status(GUARDRAILS) == "pass"
    strict = asked(aws, GUARDRAILS, denied_actions=["organizations:LeaveOrganization", "s3:DeleteBucket"])
    assert "no guardrail denies s3:DeleteBucket in production unit Retail" in strict.reason(GUARDRAILS)
    assert strict.facts("aws.organizations.unit")[unit_arn(aws, acme, production)]["ParentId"] == workloads


def unit_arn(aws: Cloud, acme: Organization, unit: str) -> str:
    found = acme.client.describe_organizational_unit(OrganizationalUnitId=unit)["OrganizationalUnit"]
    return str(found["Arn"])


@pytest.mark.parametrize(
    "statement",
    [
        {"Resource": "arn:aws:s3:::one"},
        {"Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/intern"}}},
        {"Condition": {"StringNotEquals": {"aws:PrincipalAccount": "{member}"}}},
    ],
)
def test_a_denial_of_a_part_is_not_the_denial_that_was_asked_for(
    aws: Cloud, acme: Organization, statement: dict[str, Any]
) -> None:
    unit = acme.unit("Production")
    member = acme.account("shop", unit)
    acme.guardrail(unit, Action="s3:DeleteBucket", **json.loads(json.dumps(statement).replace("{member}", member)))
    assert asked(aws, GUARDRAILS).status(GUARDRAILS) == "pass"
    assert asked(aws, GUARDRAILS, denied_actions=["s3:DeleteBucket"]).status(GUARDRAILS) == "fail"
    acme.guardrail(unit, Action="s3:DeleteBucket", Resource="arn:aws:s3:::*")
    assert asked(aws, GUARDRAILS, denied_actions=["s3:DeleteBucket"]).status(GUARDRAILS) == "pass"


def test_an_allowing_policy_is_no_guardrail(aws: Cloud, acme: Organization) -> None:
    acme.guardrail(acme.unit("Production"), Effect="Allow", Action="s3:*")
    assert asked(aws, GUARDRAILS).status(GUARDRAILS) == "fail"


def test_without_a_production_unit_nobody_can_say_whether_it_is_guarded(aws: Cloud, acme: Organization) -> None:
    unit = acme.unit("Blue")
    assert asked(aws, GUARDRAILS).status(GUARDRAILS) == "unknown"
    acme.guardrail(unit)
    assert asked(aws, GUARDRAILS, production_units=["Blue"]).status(GUARDRAILS) == "pass"


@pytest.mark.parametrize(
    ("statement", "status"),
    [
        ({}, "pass"),
        ({"Action": "*"}, "pass"),
        ({"Action": ["cloudtrail:*", "config:*", "guardduty:Delete*"]}, "pass"),
        ({"Action": RECORDERS[:-1]}, "fail"),
        ({"Effect": "Allow"}, "fail"),
        ({"Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/SecurityAdmin"}}}, "pass"),
        ({"Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}}, "fail"),
        ({"Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}}, "fail"),
        ({"Condition": {"Bool": {"aws:PrincipalIsAWSService": "false"}}}, "pass"),
        ({"Resource": "arn:aws:cloudtrail:*:*:trail/one"}, "fail"),
        ({"Resource": "arn:aws:guardduty:*:*:detector/*"}, "fail"),
        ({"Resource": ["arn:aws:cloudtrail:*:*:trail/*", "arn:aws:config:*:*:*", "arn:aws:guardduty:*:*:*"]}, "pass"),
        ({"Resource": ["arn:aws:cloudtrail:eu-west-1:*:*", "arn:aws:config:*:*:*", "arn:aws:guardduty:*:*:*"]}, "fail"),
        ({"Resource": ["arn:aws:cloudtrail:*:111122223333:*", "arn:aws:config:*:*:*", "arn:aws:guardduty:*:*:*"]}, "fail"),
        ({"Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-abc123"}}}, "fail"),
        ({"Condition": {"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}}}, "pass"),
        ({"Condition": {"StringNotLike": {"aws:PrincipalAccount": "*"}}}, "fail"),
        ({"Condition": {"StringNotEquals": {"aws:PrincipalAccount": "{member}"}}}, "fail"),
        ({"Resource": ["arn:aws:cloudtrail:*:*:trail/aws-controltower-*", "*"]}, "pass"),
    ],
)
def test_guardrails_keep_the_recorders_running(aws: Cloud, acme: Organization, statement: dict[str, Any], status: str) -> None:
    member = acme.account("shop", acme.unit("Anything"))
    acme.guardrail(acme.root, **json.loads(json.dumps(statement).replace("{member}", member)))
    assert asked(aws, RECORDS).status(RECORDS) == status


def test_a_denial_may_name_the_trail_that_matters(aws: Cloud, acme: Organization) -> None:
    acme.account("shop")
    acme.guardrail(acme.root, Action=RECORDERS[:2], Resource="arn:aws:cloudtrail:*:*:trail/aws-controltower-*")
    acme.guardrail(acme.root, Action=RECORDERS[2:])
    assert asked(aws, RECORDS).status(RECORDS) == "pass"


def test_a_guardrail_that_misses_one_account_is_named_with_it(aws: Cloud, acme: Organization) -> None:
    covered = acme.unit("Covered")
    acme.account("shop", covered)
    stray = acme.account("stray")
    alone = acme.account("alone")
    acme.guardrail(covered, alone)
    seen = asked(aws, RECORDS)
    assert seen.status(RECORDS) == "fail"
    assert f"no guardrail keeps {stray} from" in seen.reason(RECORDS)
    acme.guardrail(stray)
    assert asked(aws, RECORDS).status(RECORDS) == "pass"


def test_guardrails_do_not_hold_for_an_organization_of_one(aws: Cloud, acme: Organization) -> None:
    acme.guardrail(acme.root)
    assert asked(aws, RECORDS).status(RECORDS) == "not_applicable"


def test_policies_that_are_turned_off_guard_nothing(aws: Cloud, acme: Organization) -> None:
    acme.account("shop", acme.unit("Production"))
    acme.guardrail(acme.root)
    acme.client.disable_policy_type(RootId=acme.root, PolicyType="SERVICE_CONTROL_POLICY")
    for check in (GUARDRAILS, RECORDS):
        seen = asked(aws, check)
        assert seen.status(check) == "fail"
        assert "turned off" in seen.reason(check)


def test_billing_only_organizations_have_no_guardrails(aws: Cloud) -> None:
    aws.client("organizations", region="us-east-1").create_organization(FeatureSet="CONSOLIDATED_BILLING")
    assert "not all features" in asked(aws, RECORDS).reason(RECORDS)


@pytest.mark.parametrize("check", CHECKS)
def test_a_member_account_leaves_the_answer_to_the_management_account(aws: Cloud, check: str) -> None:
    organization = {"Id": "o-abc123def4", "MasterAccountId": "111122223333", "FeatureSet": "ALL"}
    aws.serve("organizations.DescribeOrganization", {"Organization": organization})
    aws.deny("organizations:ListAccounts")
    seen = asked(aws, check)
    assert seen.status(check) == "not_applicable"
    assert "111122223333" in seen.reason(check)
    assert ("organizations.ListRoots", "us-east-1") not in aws.calls


@pytest.mark.parametrize(
    ("check", "action"),
    [
        *((check, "organizations:DescribeOrganization") for check in CHECKS),
        *((check, "organizations:ListAccounts") for check in CHECKS),
        *((check, "organizations:ListRoots") for check in CHECKS),
        (ENVIRONMENTS, "organizations:ListTagsForResource"),
        (GUARDRAILS, "organizations:ListPolicies"),
        (GUARDRAILS, "organizations:ListTargetsForPolicy"),
        (RECORDS, "organizations:DescribePolicy"),
    ],
)
def test_what_the_management_account_may_not_see_is_unknown(aws: Cloud, acme: Organization, check: str, action: str) -> None:
    acme.account("shop", acme.unit("Production"))
    acme.guardrail(acme.root)
    aws.deny(action)
    seen = asked(aws, check)
    assert seen.status(check) == "unknown"
    assert f"{action} was denied" in seen.reason(check)
