"""How identity, organization and settings are read: reports that take their time, odd answers, what is asked and what not."""

from datetime import timedelta
from typing import Any

import pytest

from collectors.aws.iam_credentials import CREDENTIALS, USE, credential_report, rows
from collectors.aws.reader import Reader
from collectors.source import UnreadError
from evidence_store.records import Presence, Why
from tests.checks.aws.iam_scene import NOW, allow, arn, group, identities, policy, report, reported, role, user
from tests.collectors.aws.overlay import Cloud, Refuse
from tests.harness import look


def reader(aws: Cloud) -> Reader:
    connection = aws.connect()
    place = next(p for p in connection.places() if p.scope.region == "global")
    found = connection.reader(place, credential_report)
    assert isinstance(found, Reader)
    return found


def test_a_report_is_waited_for_while_it_is_made(aws: Cloud) -> None:
    report(aws, reported("alice"))
    states = iter(["STARTED", "INPROGRESS", "COMPLETE"])
    aws.serve("iam.GenerateCredentialReport", lambda *_: {"State": next(states)})
    waited: list[float] = []
    found = list(rows(reader(aws), (1, 2, 3), waited.append))
    assert waited == [1, 2]
    assert {o.facet for o in found} == {"credentials", "credential_use"}


def test_a_report_that_is_never_done_is_given_up(aws: Cloud) -> None:
    report(aws, reported("alice"))
    aws.serve("iam.GenerateCredentialReport", {"State": "INPROGRESS"})
    with pytest.raises(UnreadError) as raised:
        list(rows(reader(aws), (1, 2), lambda _: None))
    assert raised.value.unread.why is Why.TIMEOUT
    assert "still INPROGRESS after 3 s" in str(raised.value)


def test_the_report_speaks_of_the_time_when_it_was_generated(aws: Cloud) -> None:
    generated = NOW - timedelta(hours=3)
    identities(aws, users=[user("alice")])
    report(aws, reported("alice"), generated=generated)
    seen = look(aws.connect(), "aws_iam_user_console_mfa", at=NOW)
    (snapshot,) = seen.snapshots["iam.GetCredentialReport"]
    assert snapshot.effective == generated


def test_a_report_without_a_column_leaves_its_facts_unread(aws: Cloud) -> None:
    identities(aws, users=[user("alice")])
    report(aws)
    content = b"user,arn,password_enabled\nalice," + arn("user/alice").encode() + b",true\n"
    answer = {"Content": content, "ReportFormat": "text/csv", "GeneratedTime": NOW}
    aws.serve("iam.GetCredentialReport", answer)
    seen = look(aws.connect(), "aws_iam_user_console_mfa", at=NOW)
    assert seen.status("aws_iam_user_console_mfa") == "unknown"
    assert "unexpected shape" in seen.reason("aws_iam_user_console_mfa")


def test_a_row_that_is_cut_short_leaves_its_facts_unread(aws: Cloud) -> None:
    identities(aws, users=[user("alice")])
    report(aws)
    header = ",".join(("user", "arn", *CREDENTIALS, *USE))
    content = f"{header}\nalice,{arn('user/alice')},2026-01-01T00:00:00+00:00,true\n\n".encode()
    aws.serve("iam.GetCredentialReport", {"Content": content, "ReportFormat": "text/csv", "GeneratedTime": NOW})
    seen = look(aws.connect(), "aws_iam_user_console_mfa", at=NOW)
    assert seen.status("aws_iam_user_console_mfa") == "unknown"
    assert "mfa_active" in seen.reason("aws_iam_user_console_mfa")


def test_a_document_that_is_no_json_is_not_taken_for_a_role_without_one(aws: Cloud) -> None:
    identities(aws, roles=[role("worker") | {"AssumeRolePolicyDocument": "%7Bhalf"}])
    (snapshot,) = look(aws.connect(), "aws_iam_no_privilege_escalation").snapshots["iam.GetAccountAuthorizationDetails"]
    assert str(snapshot.reason).endswith("unexpected shape (a policy that is not JSON)")


def test_the_words_of_the_report_become_values(aws: Cloud) -> None:
    identities(aws, users=[user("alice")])
    report(aws, reported("<root_account>", password_enabled="not_supported"), reported("alice", password_enabled=True))
    facts = look(aws.connect(), "aws_iam_user_console_mfa", at=NOW).facts("aws.iam.user", "credentials")[arn("user/alice")]
    assert (facts["password_enabled"], facts["mfa_active"], facts["password_last_changed"]) == (True, False, None)


def test_identities_are_read_over_every_page_and_never_one_by_one(aws: Cloud) -> None:
    names = [f"user-{number}" for number in range(7)]
    identities(
        aws,
        users=[user(name, allow("s3:Get*")) for name in names],
        groups=[group("ops")],
        roles=[role("worker")],
        policies=[policy("p", allow("s3:*"))],
    )
    seen = look(aws.connect(), "aws_iam_no_privilege_escalation", "aws_iam_no_full_admin_policy")
    assert len(seen.of("aws_iam_no_privilege_escalation")) == 8
    assert len(seen.of("aws_iam_no_full_admin_policy")) == 8
    assert [call for call, _ in aws.calls if call.startswith("iam")] == ["iam.GetAccountAuthorizationDetails"] * 4


def test_a_page_that_fails_leaves_what_was_read_and_no_claim_about_the_rest(aws: Cloud) -> None:
    def answer(params: dict[str, Any], *_: Any) -> dict[str, Any]:
        if "Marker" in params:
            raise Refuse("AccessDenied", "no longer", 403)
        return {
            "UserDetailList": [user(name) for name in ("a", "b", "c")],
            "GroupDetailList": [],
            "RoleDetailList": [],
            "Policies": [],
        }

    aws.serve("iam.GetAccountAuthorizationDetails", answer)
    seen = look(aws.connect(), "aws_iam_no_full_admin_policy", "aws_iam_no_privilege_escalation")
    assert seen.snapshots["iam.GetAccountAuthorizationDetails"][0].presence is Presence.PARTIAL
    assert {str(f.status) for f in seen.findings} == {"unknown"}


def test_an_answer_without_any_list_is_not_taken_for_an_account_without_identities(aws: Cloud) -> None:
    body = (
        b"<GetAccountAuthorizationDetailsResponse><GetAccountAuthorizationDetailsResult><IsTruncated>false</IsTruncated>"
        b"</GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>"
    )
    aws.garble("iam.GetAccountAuthorizationDetails", body)
    seen = look(aws.connect(), "aws_iam_no_privilege_escalation", at=NOW)
    assert seen.status("aws_iam_no_privilege_escalation") == "unknown"
    assert "no list of identities" in seen.reason("aws_iam_no_privilege_escalation")


def test_the_default_version_of_a_policy_is_the_one_that_counts(aws: Cloud) -> None:
    identities(aws, policies=[policy("p", allow("s3:*"))])
    seen = look(aws.connect(), "aws_iam_no_full_admin_policy")
    facts = seen.facts("aws.iam.policy")[arn("policy/p")]
    assert facts["Document"]["Statement"][0]["Action"] == ["s3:*"]
    assert set(facts["Versions"]) == {"v1", "v2"}


def test_policies_of_aws_are_kept_where_they_are_used(aws: Cloud) -> None:
    identities(
        aws,
        policies=[
            policy("Used", allow("s3:*"), account="aws"),
            policy("Unused", allow("s3:*"), account="aws", attachments=0),
            policy("Limit", allow("s3:*"), account="aws", attachments=0, PermissionsBoundaryUsageCount=1),
        ],
    )
    seen = look(aws.connect(), "aws_iam_no_privilege_escalation")
    found = seen.facts("aws.iam.aws_managed_policy")
    assert {facts["PolicyName"] for facts in found.values()} == {"Used", "Limit"}
    assert all(uid.startswith("aws:123456789012:global:") for uid in found)


def test_a_member_account_that_is_throttled_is_not_taken_for_one_that_may_not_list(aws: Cloud) -> None:
    organization = {"Id": "o-abc123def4", "MasterAccountId": "111122223333", "FeatureSet": "ALL"}
    aws.serve("organizations.DescribeOrganization", {"Organization": organization})
    aws.throttle("organizations.ListAccounts", 99)
    seen = look(aws.connect(), "aws_org_scp_guardrails")
    assert seen.status("aws_org_scp_guardrails") == "unknown"
    assert "organizations:ListAccounts was throttled" in seen.reason("aws_org_scp_guardrails")


def test_a_delegated_administrator_sees_the_organization(aws: Cloud) -> None:
    organization = {"Id": "o-abc123def4", "MasterAccountId": "111122223333", "FeatureSet": "ALL"}
    aws.serve("organizations.DescribeOrganization", {"Organization": organization})
    member = {"Id": "444455556666", "Arn": "arn:aws:organizations::1:account/o-a/444455556666", "Name": "a", "Status": "ACTIVE"}
    aws.serve("organizations.ListAccounts", {"Accounts": [member]})
    aws.serve("organizations.ListRoots", {"Roots": []})
    aws.serve("organizations.ListTagsForResource", {"Tags": [{"Key": "environment", "Value": "production"}]})
    seen = look(aws.connect(), "aws_org_environment_accounts")
    assert seen.status("aws_org_environment_accounts") == "fail"
    (facts,) = seen.facts("aws.organizations.account").values()
    assert facts["State"] == "ACTIVE"


def test_a_build_variable_of_a_new_kind_leaves_that_project_open_alone(aws: Cloud) -> None:
    def project(name: str, kind: str) -> dict[str, Any]:
        variable = {"name": "X", "value": "y", "type": kind}
        environment = {
            "type": "LINUX_CONTAINER",
            "image": "i",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [variable],
        }
        return {"name": name, "serviceRole": "arn:aws:iam::123456789012:role/build", "environment": environment}

    aws.serve("codebuild.ListProjects", {"projects": ["old", "new"]})
    aws.serve("codebuild.BatchGetProjects", {"projects": [project("old", "PLAINTEXT"), project("new", "VAULT")]})
    seen = look(aws.connect(), "aws_no_plaintext_secrets")
    assert seen.status("aws_no_plaintext_secrets", "project/old") == "pass"
    assert seen.status("aws_no_plaintext_secrets", "project/new") == "unknown"
    assert "variables of type VAULT" in seen.reason("aws_no_plaintext_secrets", "project/new")


def test_nothing_is_asked_twice(aws: Cloud) -> None:
    """Of the checks here together: each call once in each place, but for the pages of a list and one call an object."""
    identities(aws, users=[user("alice")], roles=[role("worker")])
    report(aws, reported("<root_account>"), reported("alice"))
    ids = [
        "aws_iam_root_mfa",
        "aws_iam_root_no_access_key",
        "aws_iam_root_recent_use",
        "aws_iam_password_min_length",
        "aws_iam_password_reuse",
        "aws_iam_user_inactive",
        "aws_iam_access_key_age",
        "aws_iam_no_privilege_escalation",
        "aws_iam_third_party_trust_external_id",
        "aws_org_scp_guardrails",
        "aws_org_environment_accounts",
        "aws_kms_policy_scoped",
        "aws_kms_rotation",
        "aws_secret_rotation",
        "aws_lambda_supported_runtime",
        "aws_no_plaintext_secrets",
    ]
    look(aws.connect(), *ids, at=NOW)
    places = [call for call in aws.calls if call[0] != "sts.GetCallerIdentity"]
    assert sorted(places) == sorted(set(places))
