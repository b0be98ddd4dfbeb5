"""Root, the password policy and users' credentials, each check from IAM's answers."""

from datetime import timedelta
from typing import Any

import pytest

from checks.aws.iam_credentials import aws_iam_root_mfa
from evidence_store.records import Resource, Scope
from tests.checks.aws.iam_scene import NOW, identities, report, reported, user
from tests.collectors.aws.overlay import Cloud, Refuse
from tests.harness import Looked, look

ROOT = "<root_account>"
DAYS = {n: NOW - timedelta(days=n) for n in (1, 30, 44, 46, 60, 89, 91, 400)}


def asked(aws: Cloud, check: str, **parameters: Any) -> Looked:
    return look(aws.connect(), check, at=NOW, parameters={check: parameters})


def summary(aws: Cloud, **counts: int) -> None:
    usual = {"AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0, "AccountPasswordPresent": 1, "Users": 3}
    aws.serve("iam.GetAccountSummary", {"SummaryMap": {**usual, **counts}})


def users(aws: Cloud, *rows: dict[str, Any], unreported: tuple[str, ...] = ()) -> None:
    """The users of these rows, and some whom the report does not know."""
    identities(aws, users=[user(row["user"]) for row in rows if row["user"] != ROOT] + [user(name) for name in unreported])
    report(aws, reported(ROOT), *rows)


@pytest.mark.parametrize(
    ("counts", "status", "words"),
    [
        ({}, "pass", ""),
        ({"AccountMFAEnabled": 0}, "fail", "a password and no MFA"),
        ({"AccountMFAEnabled": 0, "AccountPasswordPresent": 0}, "pass", ""),
        (
            {"AccountMFAEnabled": 0, "AccountPasswordPresent": 0, "AccountAccessKeysPresent": 1},
            "fail",
            "access keys and no MFA",
        ),
        ({"AccountMFAEnabled": 0, "AccountPasswordPresent": 0, "AccountSigningCertificatesPresent": 1}, "fail", "certificates"),
    ],
)
def test_root_has_mfa_or_nothing_to_sign_in_with(aws: Cloud, counts: dict[str, int], status: str, words: str) -> None:
    summary(aws, **counts)
    seen = asked(aws, "aws_iam_root_mfa")
    assert seen.status("aws_iam_root_mfa") == status
    assert words in seen.reason("aws_iam_root_mfa")


@pytest.mark.parametrize(("keys", "status"), [(0, "pass"), (1, "fail")])
def test_root_of_a_government_account_has_no_password(keys: int, status: str) -> None:
    counts = {"AccountMFAEnabled": 0, "AccountPasswordPresent": 1, "AccountAccessKeysPresent": keys}
    facts = {**counts, "AccountSigningCertificatesPresent": 0}
    root = Resource("aws.account", "arn:aws-us-gov:iam::123456789012:root", Scope("aws", "123456789012"), facts)
    answer = aws_iam_root_mfa(root)
    assert ("fail" if answer else "pass") == status


def test_a_summary_that_does_not_speak_of_the_password_is_not_taken_for_none(aws: Cloud) -> None:
    aws.serve("iam.GetAccountSummary", {"SummaryMap": {"AccountMFAEnabled": 0, "AccountAccessKeysPresent": 0}})
    assert asked(aws, "aws_iam_root_mfa").status("aws_iam_root_mfa") == "fail"


@pytest.mark.parametrize(("present", "status"), [(0, "pass"), (1, "fail")])
def test_root_has_no_access_key(aws: Cloud, present: int, status: str) -> None:
    summary(aws, AccountAccessKeysPresent=present)
    assert asked(aws, "aws_iam_root_no_access_key").status("aws_iam_root_no_access_key") == status


def test_a_summary_without_its_counts_is_unknown(aws: Cloud) -> None:
    aws.serve("iam.GetAccountSummary", {"SummaryMap": {"Users": 3}})
    seen = asked(aws, "aws_iam_root_no_access_key")
    assert seen.status("aws_iam_root_no_access_key") == "unknown"
    assert "unexpected shape" in seen.reason("aws_iam_root_no_access_key")


@pytest.mark.parametrize(
    ("told", "parameters", "status", "words"),
    [
        ({"password_last_used": "no_information"}, {}, "pass", ""),
        ({"password_last_used": DAYS[91]}, {}, "pass", ""),
        ({"password_last_used": DAYS[30]}, {}, "fail", "was used on 2026-04-04, which is no recorded case"),
        ({"access_key_2_last_used_date": DAYS[30]}, {}, "fail", "2026-04-04"),
        ({"password_last_used": DAYS[30]}, {"recorded_days": ["2026-04-04"]}, "pass", ""),
        (
            {"password_last_used": DAYS[30], "access_key_1_last_used_date": DAYS[1]},
            {"recorded_days": ["2026-04-04"]},
            "fail",
            "2026-05-03",
        ),
        ({"password_last_used": DAYS[30]}, {"window_days": 7}, "pass", ""),
    ],
)
def test_root_is_used_in_recorded_cases_only(
    aws: Cloud, told: dict[str, Any], parameters: dict[str, Any], status: str, words: str
) -> None:
    report(aws, reported(ROOT, **told), reported("alice"))
    seen = asked(aws, "aws_iam_root_recent_use", **parameters)
    assert seen.status("aws_iam_root_recent_use") == status
    assert words in seen.reason("aws_iam_root_recent_use")


def test_a_report_without_root_says_nothing_of_root(aws: Cloud) -> None:
    report(aws, reported("alice"))
    assert asked(aws, "aws_iam_root_recent_use").status("aws_iam_root_recent_use") == "unknown"


def test_the_password_policy_is_held_against_the_password_rule(aws: Cloud) -> None:
    iam = aws.client("iam")
    iam.update_account_password_policy(MinimumPasswordLength=14, PasswordReusePrevention=24)
    for check in ("aws_iam_password_min_length", "aws_iam_password_reuse"):
        assert asked(aws, check).status(check) == "pass"
    assert asked(aws, "aws_iam_password_min_length", min_length=16).status("aws_iam_password_min_length") == "fail"
    iam.update_account_password_policy(MinimumPasswordLength=8, PasswordReusePrevention=5)
    for check, words in (
        ("aws_iam_password_min_length", "8 characters, not 14"),
        ("aws_iam_password_reuse", "5 former passwords, not 24"),
    ):
        seen = asked(aws, check)
        assert seen.status(check) == "fail"
        assert words in seen.reason(check)


@pytest.mark.parametrize("check", ["aws_iam_password_min_length", "aws_iam_password_reuse"])
def test_no_password_policy_is_an_answer_and_a_gap(aws: Cloud, check: str) -> None:
    seen = asked(aws, check)
    assert seen.status(check) == "fail"
    assert seen.snapshots["iam.GetAccountPasswordPolicy"][0].presence == "complete"


@pytest.mark.parametrize(
    ("check", "told", "parameters", "status", "words"),
    [
        ("aws_iam_user_console_mfa", {}, {}, "not_applicable", "no console password"),
        ("aws_iam_user_console_mfa", {"password_enabled": True, "mfa_active": True}, {}, "pass", ""),
        ("aws_iam_user_console_mfa", {"password_enabled": True}, {}, "fail", "alice signs in to the console"),
        ("aws_iam_human_users_federated", {}, {}, "pass", ""),
        ("aws_iam_human_users_federated", {"password_enabled": True, "mfa_active": True}, {}, "fail", "alice"),
        ("aws_iam_human_users_federated", {"password_enabled": True}, {"break_glass": ["alice"]}, "pass", ""),
        ("aws_iam_access_key_age", {}, {}, "pass", ""),
        ("aws_iam_access_key_age", {"access_key_1_active": True, "access_key_1_last_rotated": DAYS[89]}, {}, "pass", ""),
        (
            "aws_iam_access_key_age",
            {"access_key_2_active": True, "access_key_2_last_rotated": DAYS[91]},
            {},
            "fail",
            "key 2 is of 2026-02-02; the limit is 90",
        ),
        (
            "aws_iam_access_key_age",
            {"access_key_2_active": True, "access_key_2_last_rotated": DAYS[91]},
            {"max_age_days": 100},
            "pass",
            "",
        ),
        ("aws_iam_access_key_age", {"access_key_1_active": False, "access_key_1_last_rotated": DAYS[400]}, {}, "pass", ""),
        ("aws_iam_access_key_age", {"access_key_1_active": True}, {}, "unknown", "has no date"),
        (
            "aws_iam_access_key_unused",
            {"access_key_1_active": True, "access_key_1_last_rotated": DAYS[400], "access_key_1_last_used_date": DAYS[44]},
            {},
            "pass",
            "",
        ),
        (
            "aws_iam_access_key_unused",
            {"access_key_1_active": True, "access_key_1_last_rotated": DAYS[400], "access_key_1_last_used_date": DAYS[46]},
            {},
            "fail",
            "last used on 2026-03-19",
        ),
        (
            "aws_iam_access_key_unused",
            {"access_key_2_active": True, "access_key_2_last_rotated": DAYS[46]},
            {},
            "fail",
            "never used",
        ),
        ("aws_iam_access_key_unused", {"access_key_2_active": True, "access_key_2_last_rotated": DAYS[44]}, {}, "pass", ""),
        ("aws_iam_access_key_unused", {"access_key_1_active": True}, {}, "unknown", "has no date"),
        ("aws_iam_user_inactive", {}, {}, "pass", ""),
        ("aws_iam_user_inactive", {"password_enabled": True, "password_last_used": DAYS[44]}, {}, "pass", ""),
        (
            "aws_iam_user_inactive",
            {"password_enabled": True, "password_last_used": DAYS[46], "password_last_changed": DAYS[400]},
            {},
            "fail",
            "no use since 2026-03-19",
        ),
        (
            "aws_iam_user_inactive",
            {"password_enabled": True, "password_last_used": "no_information", "password_last_changed": DAYS[30]},
            {},
            "pass",
            "",
        ),
        ("aws_iam_user_inactive", {"cert_1_active": True}, {}, "fail", "alice has working credentials"),
        (
            "aws_iam_user_inactive",
            {"access_key_2_active": True, "access_key_2_last_rotated": DAYS[400], "access_key_2_last_used_date": DAYS[1]},
            {},
            "pass",
            "",
        ),
    ],
)
def test_a_users_credentials_decide(
    aws: Cloud, check: str, told: dict[str, Any], parameters: dict[str, Any], status: str, words: str
) -> None:
    users(aws, reported("bob"), reported("alice", **told), reported("carol"))
    seen = asked(aws, check, **parameters)
    assert seen.status(check, "/alice") == status
    assert words in seen.reason(check, "/alice")
    assert len(seen.of(check)) == 3


USER_CHECKS = (
    "aws_iam_user_console_mfa",
    "aws_iam_human_users_federated",
    "aws_iam_access_key_age",
    "aws_iam_access_key_unused",
    "aws_iam_user_inactive",
)


@pytest.mark.parametrize("check", USER_CHECKS)
def test_a_user_made_after_the_report_is_unknown(aws: Cloud, check: str) -> None:
    users(aws, reported("alice"), unreported=("newcomer",))
    seen = asked(aws, check)
    assert seen.status(check, "/newcomer") == "unknown"
    assert "not in the credential report" in seen.reason(check, "/newcomer")


@pytest.mark.parametrize(
    ("check", "action"),
    [
        ("aws_iam_root_mfa", "iam:GetAccountSummary"),
        ("aws_iam_root_no_access_key", "iam:GetAccountSummary"),
        ("aws_iam_root_recent_use", "iam:GenerateCredentialReport"),
        ("aws_iam_root_recent_use", "iam:GetCredentialReport"),
        ("aws_iam_password_min_length", "iam:GetAccountPasswordPolicy"),
        ("aws_iam_password_reuse", "iam:GetAccountPasswordPolicy"),
        *((check, "iam:GetCredentialReport") for check in USER_CHECKS),
        *((check, "iam:GetAccountAuthorizationDetails") for check in USER_CHECKS),
    ],
)
def test_what_may_not_be_seen_is_unknown(aws: Cloud, check: str, action: str) -> None:
    users(aws, reported("alice", password_enabled=True, mfa_active=True))
    aws.deny(action)
    seen = asked(aws, check)
    assert seen.status(check) == "unknown"
    assert action in seen.reason(check)


def test_a_report_that_expired_between_two_calls_is_unknown(aws: Cloud) -> None:
    users(aws, reported("alice"))

    def expired(*_: Any) -> dict[str, Any]:
        raise Refuse("ReportExpired", "The report has expired.", 410)

    aws.serve("iam.GetCredentialReport", expired)
    seen = asked(aws, "aws_iam_user_inactive")
    assert seen.status("aws_iam_user_inactive", "/alice") == "unknown"
