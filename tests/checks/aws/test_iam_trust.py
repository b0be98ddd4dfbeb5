"""Whom roles trust, each check from IAM's bulk answer."""

from pathlib import Path
from typing import Any

import pytest

from collectors.records import PROVIDER
from tests.checks.aws.iam_scene import ACCOUNT, NOW, arn, identities, role, trust
from tests.collectors.aws.overlay import Cloud
from tests.harness import Looked, look

WILDCARD = "aws_iam_role_trust_no_wildcard"
THIRD = "aws_iam_third_party_trust_external_id"
BUILDS = "aws_iam_oidc_ci_trust_scoped"
OTHER = "999988887777"


def asked(aws: Cloud, check: str, **parameters: Any) -> Looked:
    return look(aws.connect(), check, at=NOW, parameters={check: parameters})


@pytest.mark.parametrize(
    ("trusted", "status"),
    [
        (trust({"AWS": arn("root")}), "pass"),
        (trust({"Service": "ec2.amazonaws.com"}), "pass"),
        (trust("*"), "fail"),
        (trust({"AWS": "*"}), "fail"),
        (trust({"AWS": [arn("root"), "*"]}), "fail"),
        (trust({"AWS": "*"}, StringEquals={"sts:ExternalId": "shared"}), "fail"),
        (trust({"AWS": "*"}, StringEquals={"aws:PrincipalOrgID": "o-abc123"}), "pass"),
        (trust({"AWS": "*"}, StringLike={"aws:PrincipalOrgID": "*"}), "fail"),
        (trust({"AWS": "*"}, StringEqualsIfExists={"aws:PrincipalOrgID": "o-abc123"}), "fail"),
        (trust({"AWS": "*"}, **{"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-abc123"}}), "fail"),
        (trust({"AWS": "*"}, **{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abc123/r-1/ou-2/*"}}), "pass"),
        (trust({"AWS": "*"}, ArnLike={"aws:PrincipalArn": "arn:aws:iam::123456789012:role/ops-*"}), "pass"),
        (trust({"AWS": "*"}, ArnLike={"aws:PrincipalArn": "arn:aws:iam::*:role/ops"}), "fail"),
        (trust({"AWS": "*"}, StringNotEquals={"aws:PrincipalAccount": OTHER}), "fail"),
        (trust({"AWS": "*"}, StringEquals={"aws:SourceVpce": "vpce-0a1b2c3d"}), "pass"),
        (trust({"AWS": "*"}, StringLike={"aws:SourceVpce": "vpce-*"}), "fail"),
        (trust({"AWS": "*"}, StringLike={"aws:userid": "AROAEXAMPLEID00000000:*"}), "pass"),
        (trust({"AWS": "*"}, StringLike={"aws:userid": "*:alice"}), "fail"),
        (trust({"AWS": "*"}, StringLike={"aws:userid": "AROA*"}), "fail"),
        ({"Effect": "Allow", "NotPrincipal": {"AWS": arn("user/mallory")}, "Action": "sts:AssumeRole"}, "fail"),
        ({"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}, "pass"),
        (trust({"Federated": "*"}, "sts:AssumeRoleWithWebIdentity"), "fail"),
    ],
)
def test_no_role_trusts_everyone(aws: Cloud, trusted: dict[str, Any], status: str) -> None:
    identities(aws, roles=[role("open", trusts=[trust({"Service": "ec2.amazonaws.com"}), trusted])])
    assert asked(aws, WILDCARD).status(WILDCARD, "/open") == status


def organization(aws: Cloud, *members: str, management: str = ACCOUNT, lists: bool = True) -> None:
    """An organization that this account manages or belongs to."""
    aws.serve(
        "organizations.DescribeOrganization",
        {"Organization": {"Id": "o-abc123def4", "MasterAccountId": management, "FeatureSet": "ALL"}},
    )
    listed = [
        {"Id": m, "Arn": f"arn:aws:organizations::{management}:account/o-abc123def4/{m}", "Name": m, "State": "ACTIVE"}
        for m in (management, *members)
    ]
    aws.serve("organizations.ListAccounts", {"Accounts": listed})
    if not lists:
        aws.deny("organizations:ListAccounts")


ID = {"StringEquals": {"sts:ExternalId": "e-4711"}}
FOREIGN = f"arn:aws:iam::{OTHER}:root"


@pytest.mark.parametrize(
    ("trusted", "parameters", "status", "words"),
    [
        (trust({"AWS": arn("root")}), {}, "pass", ""),
        (trust({"AWS": "AROAEXAMPLEDELETED000"}), {}, "pass", ""),
        (trust({"Service": "ec2.amazonaws.com"}), {}, "pass", ""),
        (trust({"AWS": FOREIGN}), {}, "fail", f"{OTHER} without an external ID"),
        (trust({"AWS": OTHER}, Bool={"aws:MultiFactorAuthPresent": "true"}), {}, "fail", "without an external ID"),
        (trust({"AWS": FOREIGN}, StringLike={"sts:ExternalId": "*"}), {}, "fail", "without an external ID"),
        (trust({"AWS": FOREIGN}, StringEqualsIfExists={"sts:ExternalId": "e-1"}), {}, "fail", "without an external ID"),
        (trust({"AWS": FOREIGN}, **ID), {"supplier_accounts": [OTHER]}, "pass", ""),
        (trust({"AWS": FOREIGN}), {"supplier_accounts": [OTHER]}, "fail", "without an external ID"),
        (trust({"AWS": FOREIGN}), {"known_accounts": [OTHER]}, "pass", ""),
        (trust({"AWS": "*"}, StringEquals={"aws:PrincipalAccount": OTHER}), {}, "fail", "without an external ID"),
        (trust({"AWS": "*"}, StringEquals={"aws:PrincipalOrgID": "o-stranger"}), {}, "fail", "o-stranger"),
        (trust({"AWS": FOREIGN}, "sts:TagSession"), {}, "pass", ""),
        (trust({"AWS": FOREIGN}, **ID), {}, "unknown", "records.supplier"),
    ],
)
def test_outside_accounts_need_an_external_id_and_a_supplier(
    aws: Cloud, trusted: dict[str, Any], parameters: dict[str, Any], status: str, words: str
) -> None:
    identities(aws, roles=[role("vendor", trusts=[trusted])])
    seen = asked(aws, THIRD, **parameters)
    assert seen.status(THIRD, "/vendor") == status
    assert words in seen.reason(THIRD, "/vendor")


def test_a_register_that_is_not_read_hides_no_missing_external_id(aws: Cloud) -> None:
    vendors = [trust({"AWS": FOREIGN}, **ID), trust({"AWS": arn("root", "111122223333")})]
    identities(aws, roles=[role("vendor", trusts=vendors)])
    seen = asked(aws, THIRD)
    assert seen.status(THIRD, "/vendor") == "fail"
    assert "111122223333 without an external ID" in seen.reason(THIRD, "/vendor")


@pytest.mark.parametrize(("accounts", "status"), [([OTHER], "pass"), (["111122223333"], "fail"), ([], "fail")])
def test_the_supplier_register_says_who_was_vetted(aws: Cloud, tmp_path: Path, accounts: list[str], status: str) -> None:
    (tmp_path / "scope.toml").write_text('id = "acme"\n')
    (tmp_path / "suppliers.toml").write_text(
        f'[[supplier]]\nid = "watcher"\nname = "Watcher Ltd"\nreviewed_on = 2026-03-01\naws_accounts = {accounts}\n'
    )
    identities(aws, roles=[role("vendor", trusts=[trust({"AWS": FOREIGN}, **ID)])])
    records = PROVIDER.connect(PROVIDER.settings(name="isms", path=str(tmp_path)))
    seen = look({"aws": aws.connect(), "isms": records}, THIRD, at=NOW)
    assert seen.status(THIRD, "/vendor") == status


def test_accounts_of_the_organization_are_not_outside(aws: Cloud) -> None:
    organization(aws, "111122223333", OTHER)
    inside = trust({"AWS": [FOREIGN, "111122223333"]})
    own = trust({"AWS": "*"}, StringEquals={"aws:PrincipalOrgID": "o-abc123def4"})
    identities(aws, roles=[role("hub", trusts=[inside, own]), role("vendor", trusts=[trust({"AWS": "444455556666"})])])
    seen = asked(aws, THIRD)
    assert seen.status(THIRD, "/hub") == "pass"
    assert seen.status(THIRD, "/vendor") == "fail"


def test_a_member_account_cannot_say_who_else_is_a_member(aws: Cloud) -> None:
    organization(aws, management="111122223333", lists=False)
    identities(
        aws,
        roles=[
            role("hub", trusts=[trust({"AWS": FOREIGN})]),
            role("manager", trusts=[trust({"AWS": "111122223333"})]),
            role("own"),
            role("bound", trusts=[trust({"AWS": FOREIGN}, StringEquals={"aws:PrincipalOrgID": "o-abc123def4"})]),
            role("loose", trusts=[trust({"AWS": FOREIGN}, StringEquals={"aws:PrincipalOrgID": "o-elsewhere"})]),
        ],
    )
    seen = asked(aws, THIRD)
    assert seen.snapshots["organizations.ListAccounts"][0].presence == "complete"
    assert seen.status(THIRD, "/hub") == "unknown"
    assert "management account 111122223333: name it in known_accounts" in seen.reason(THIRD, "/hub")
    assert seen.status(THIRD, "/manager") == "pass"
    assert seen.status(THIRD, "/own") == "pass"
    assert seen.status(THIRD, "/bound") == "pass"
    assert seen.status(THIRD, "/loose") == "fail"


def test_an_organization_that_may_not_be_seen_makes_outside_unknown(aws: Cloud) -> None:
    identities(aws, roles=[role("hub", trusts=[trust({"AWS": FOREIGN}, **ID)])])
    aws.deny("organizations:DescribeOrganization")
    seen = asked(aws, THIRD)
    assert "organizations:DescribeOrganization" in seen.reason(THIRD, "/hub")
    assert seen.status(THIRD, "/hub") == "unknown"


GITHUB = "token.actions.githubusercontent.com"


def builds(issuer: str = GITHUB, /, **conditions: Any) -> dict[str, Any]:
    claims = {
        operator: {f"{issuer}:{claim}": value for claim, value in claims.items()} for operator, claims in conditions.items()
    }
    return trust({"Federated": arn(f"oidc-provider/{issuer}")}, "sts:AssumeRoleWithWebIdentity", **claims)


MAIN = "repo:acme/shop:ref:refs/heads/main"


@pytest.mark.parametrize(
    ("trusted", "status", "words"),
    [
        (trust({"AWS": arn("root")}), "not_applicable", ""),
        (trust({"Federated": arn("saml-provider/idp")}, "sts:AssumeRoleWithSAML"), "not_applicable", ""),
        (trust({"Federated": arn("oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/X")}), "not_applicable", ""),
        (builds(StringEquals={"sub": MAIN}), "pass", ""),
        (builds(StringEquals={"aud": "sts.amazonaws.com"}, StringLike={"sub": MAIN}), "pass", ""),
        (builds(StringLike={"sub": "repo:acme/shop:environment:prod"}), "pass", ""),
        (builds(StringLike={"sub": "repo:acme/shop:ref:refs/heads/release-*"}), "pass", ""),
        (builds(StringLike={"sub": "repo:acme/shop:ref:refs/tags/*"}), "fail", "branch or environment"),
        (builds(StringEquals={"aud": "sts.amazonaws.com"}), "fail", "repository"),
        (builds(StringLike={"sub": "repo:acme/*"}), "fail", "repository"),
        (builds(StringLike={"sub": "*"}), "fail", "repository"),
        (builds(StringLike={"sub": "repo:acme/shop:*"}), "fail", "branch or environment"),
        (builds(StringEquals={"sub": "repo:acme/shop:pull_request"}), "fail", "branch or environment"),
        (builds(StringEquals={"sub": [MAIN, "repo:acme/shop:pull_request"]}), "fail", "branch or environment"),
        (builds(**{"ForAllValues:StringLike": {"sub": MAIN}}), "fail", "repository"),
        (builds(StringNotEquals={"sub": MAIN}), "fail", "repository"),
        (builds(StringEquals={"repository": "acme/shop", "environment": "prod"}), "pass", ""),
        (builds(StringLike={"repository": "acme/*", "environment": "prod"}), "fail", "repository"),
        (builds("gitlab.com", StringLike={"sub": "project_path:acme/shop:ref_type:branch:ref:main"}), "pass", ""),
        (builds("gitlab.com", StringLike={"sub": "project_path:acme/shop:ref_type:branch:ref:*"}), "fail", "branch"),
        (builds("gitlab.com", StringLike={"sub": "project_path:acme/*:ref_type:branch:ref:main"}), "fail", "repository"),
        (builds("app.terraform.io", StringLike={"sub": "organization:a:project:p:workspace:prod:run_phase:*"}), "pass", ""),
        (builds("app.terraform.io", StringLike={"sub": "organization:a:project:p:workspace:*:run_phase:*"}), "fail", ""),
        ({**builds(), "Effect": "Deny"}, "not_applicable", ""),
    ],
)
def test_builds_are_pinned_to_repository_and_branch(aws: Cloud, trusted: dict[str, Any], status: str, words: str) -> None:
    identities(aws, roles=[role("deploy", trusts=[trusted])])
    seen = asked(aws, BUILDS)
    assert seen.status(BUILDS, "/deploy") == status
    assert words in seen.reason(BUILDS, "/deploy")


def test_a_build_service_of_ones_own_is_judged_when_it_is_named(aws: Cloud) -> None:
    trusted = builds("gitlab.acme.example", StringLike={"sub": "project_path:acme/shop:*"})
    identities(aws, roles=[role("deploy", trusts=[trusted])])
    assert asked(aws, BUILDS).status(BUILDS, "/deploy") == "not_applicable"
    assert asked(aws, BUILDS, issuers=["gitlab.acme.example"]).status(BUILDS, "/deploy") == "fail"


@pytest.mark.parametrize("check", [WILDCARD, THIRD, BUILDS])
def test_roles_that_may_not_be_seen_are_unknown(aws: Cloud, check: str) -> None:
    identities(aws, roles=[role("ops")])
    aws.deny("iam:GetAccountAuthorizationDetails")
    seen = asked(aws, check)
    assert seen.status(check) == "unknown"
    assert "iam:GetAccountAuthorizationDetails was denied" in seen.reason(check)
