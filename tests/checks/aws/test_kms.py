"""Keys: rotation and key policies, from KMS's answers."""

import json
from pathlib import Path
from typing import Any

import pytest

from collectors.records import PROVIDER
from tests.collectors.aws.overlay import Cloud, Refuse
from tests.harness import Looked, look

ROTATION = "aws_kms_rotation"
POLICY = "aws_kms_policy_scoped"
OWN = "arn:aws:iam::123456789012:root"
OTHER = "999988887777"


def asked(aws: Cloud, check: str, **parameters: Any) -> Looked:
    return look(aws.connect(), check, parameters={check: parameters})


def key(aws: Cloud, *statements: dict[str, Any], rotates: int | None = None, **settings: Any) -> str:
    kms = aws.client("kms")
    if statements:
        settings["Policy"] = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    made = str(kms.create_key(**settings)["KeyMetadata"]["KeyId"])
    if rotates is not None:
        kms.enable_key_rotation(KeyId=made, RotationPeriodInDays=rotates)
    return made


@pytest.mark.parametrize(
    ("settings", "status", "words"),
    [
        ({"rotates": 365}, "pass", ""),
        ({"rotates": 90}, "pass", ""),
        ({}, "fail", "does not rotate"),
        ({"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}, "not_applicable", "RSA_2048"),
        ({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}, "not_applicable", "HMAC_256"),
        ({"Origin": "EXTERNAL"}, "not_applicable", "EXTERNAL"),
    ],
)
def test_a_key_of_ones_own_rotates(aws: Cloud, settings: dict[str, Any], status: str, words: str) -> None:
    made = [key(aws, rotates=365), key(aws, **settings), key(aws, rotates=365)]
    seen = asked(aws, ROTATION)
    assert seen.status(ROTATION, made[1]) == status
    assert words in seen.reason(ROTATION, made[1])
    assert len(seen.of(ROTATION)) == 3


def test_the_longest_period_is_declared(aws: Cloud) -> None:
    key(aws)
    aws.serve("kms.GetKeyRotationStatus", {"KeyRotationEnabled": True, "RotationPeriodInDays": 730})
    assert "rotates every 730 days; the limit is 365" in asked(aws, ROTATION).reason(ROTATION)
    assert asked(aws, ROTATION, max_period_days=730).status(ROTATION) == "pass"


def test_a_key_is_called_by_its_alias(aws: Cloud) -> None:
    aws.client("kms").create_alias(AliasName="alias/orders", TargetKeyId=key(aws))
    assert asked(aws, ROTATION).reason(ROTATION) == "key alias/orders does not rotate"


def served(aws: Cloud, alias: str, **metadata: Any) -> str:
    """One key as KMS describes it, refusing to tell of its rotation where it would."""
    identity = "1234abcd-12ab-34cd-56ef-1234567890ab"
    arn = f"arn:aws:kms:eu-west-1:123456789012:key/{identity}"
    aws.serve("kms.ListKeys", {"Keys": [{"KeyId": identity, "KeyArn": arn}]})
    unused = {"AliasName": "alias/aws/unused", "AliasArn": "arn:aws:kms:eu-west-1:123456789012:alias/aws/unused"}
    aws.serve("kms.ListAliases", {"Aliases": [unused, {"AliasName": alias, "TargetKeyId": identity}]})
    described = {
        "KeyId": identity,
        "Arn": arn,
        "KeyManager": "CUSTOMER",
        "KeyState": "Enabled",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "Origin": "AWS_KMS",
        **metadata,
    }
    aws.serve("kms.DescribeKey", {"KeyMetadata": described})
    return identity


def test_a_key_that_aws_manages_is_asked_nothing_more(aws: Cloud) -> None:
    served(aws, "alias/aws/ebs", KeyManager="AWS")
    seen = look(aws.connect(), ROTATION, POLICY)
    assert (seen.status(ROTATION), seen.status(POLICY)) == ("not_applicable", "not_applicable")
    assert {call for call, _ in aws.calls} & {"kms.DescribeKey", "kms.GetKeyRotationStatus", "kms.GetKeyPolicy"} == set()


@pytest.mark.parametrize("code", ["KMSInvalidStateException", "UnsupportedOperationException"])
def test_a_key_that_waits_for_its_deletion_is_not_in_use(aws: Cloud, code: str) -> None:
    served(aws, "alias/gone", KeyState="PendingDeletion")

    def refused(*_: Any) -> dict[str, Any]:
        raise Refuse(code)

    aws.serve("kms.GetKeyRotationStatus", refused)
    assert asked(aws, ROTATION).status(ROTATION) == "not_applicable"


def test_a_key_that_does_not_say_whether_it_rotates_is_not_called_fixed(aws: Cloud) -> None:
    served(aws, "alias/new", KeyState="Creating")

    def refused(*_: Any) -> dict[str, Any]:
        raise Refuse("KMSInvalidStateException")

    aws.serve("kms.GetKeyRotationStatus", refused)
    assert asked(aws, ROTATION).status(ROTATION) == "unknown"


def allow(principal: Any, **conditions: Any) -> dict[str, Any]:
    found = {"Sid": "use", "Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}
    return {**found, "Condition": conditions} if conditions else found


@pytest.mark.parametrize(
    ("statement", "parameters", "status", "words"),
    [
        (allow({"AWS": OWN}), {}, "pass", ""),
        (allow({"Service": "logs.eu-west-1.amazonaws.com"}), {}, "pass", ""),
        (allow({"AWS": "*"}), {}, "fail", "any principal of any account in (use)"),
        (allow("*", StringEquals={"kms:ViaService": "s3.eu-west-1.amazonaws.com"}), {}, "fail", "any principal"),
        (allow("*", StringEquals={"kms:CallerAccount": "123456789012"}), {}, "pass", ""),
        (
            allow("*", StringEquals={"kms:CallerAccount": ["123456789012", OTHER]}),
            {},
            "unknown",
            "records.supplier",
        ),
        (allow({"AWS": f"arn:aws:iam::{OTHER}:role/ops"}), {}, "unknown", "records.supplier was never collected"),
        (allow({"AWS": f"arn:aws:iam::{OTHER}:role/ops"}), {"known_accounts": [OTHER]}, "pass", ""),
        (allow({"AWS": f"arn:aws:iam::{OTHER}:role/ops"}), {"supplier_accounts": [OTHER]}, "pass", ""),
        ({**allow({"AWS": "*"}), "Effect": "Deny", "Action": "kms:ScheduleKeyDeletion"}, {}, "pass", ""),
    ],
)
def test_a_key_policy_lets_in_whom_one_knows(
    aws: Cloud, statement: dict[str, Any], parameters: dict[str, Any], status: str, words: str
) -> None:
    made = key(aws, allow({"AWS": OWN}), statement)
    seen = asked(aws, POLICY, **parameters)
    assert seen.status(POLICY, made) == status
    assert words in seen.reason(POLICY, made)


def test_a_register_that_is_not_read_hides_no_policy_that_lets_everyone_in(aws: Cloud) -> None:
    key(aws, allow({"AWS": f"arn:aws:iam::{OTHER}:root"}), allow({"AWS": "*"}))
    seen = asked(aws, POLICY)
    assert seen.status(POLICY) == "fail"
    assert "any principal of any account" in seen.reason(POLICY)


def test_a_stranger_in_a_key_policy_fails_against_the_register(aws: Cloud, tmp_path: Path) -> None:
    (tmp_path / "scope.toml").write_text('id = "acme"\n')
    supplier = '[[supplier]]\nid = "watcher"\nname = "Watcher"\nreviewed_on = 2026-03-01\naws_accounts = []\n'
    (tmp_path / "suppliers.toml").write_text(supplier)
    key(aws, allow({"AWS": f"arn:aws:iam::{OTHER}:root"}))
    records = PROVIDER.connect(PROVIDER.settings(name="isms", path=str(tmp_path)))
    seen = look({"aws": aws.connect(), "isms": records}, POLICY)
    assert seen.status(POLICY) == "fail"
    assert OTHER in seen.reason(POLICY)


@pytest.mark.parametrize(
    ("check", "action"),
    [
        (ROTATION, "kms:ListKeys"),
        (ROTATION, "kms:ListAliases"),
        (ROTATION, "kms:DescribeKey"),
        (ROTATION, "kms:GetKeyRotationStatus"),
        (POLICY, "kms:DescribeKey"),
        (POLICY, "kms:GetKeyPolicy"),
    ],
)
def test_what_may_not_be_seen_of_a_key_is_unknown(aws: Cloud, check: str, action: str) -> None:
    key(aws, allow({"AWS": OWN}), rotates=365)
    aws.deny(action)
    seen = asked(aws, check)
    assert seen.status(check) == "unknown"
    assert f"{action} was denied" in seen.reason(check)


def test_one_key_that_keeps_its_policy_to_itself_leaves_the_others_judged(aws: Cloud) -> None:
    closed, known = key(aws, allow({"AWS": OWN})), key(aws, allow({"AWS": OWN}))

    def answer(params: dict[str, Any], _: str, __: str) -> dict[str, Any]:
        if params["KeyId"] == closed:
            raise Refuse("AccessDeniedException", "no resource-based policy allows the kms:GetKeyPolicy action")
        return {"Policy": json.dumps({"Statement": [allow({"AWS": OWN})]})}

    aws.serve("kms.GetKeyPolicy", answer)
    seen = asked(aws, POLICY)
    assert (seen.status(POLICY, closed), seen.status(POLICY, known)) == ("unknown", "pass")
