"""Not seen is never a pass: an AWS account that refuses to be read."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checks.check import checks
from tests.acceptance.conftest import AWS, Command

if TYPE_CHECKING:
    from tests.collectors.aws.overlay import Cloud

AWS_CHECKS = {c.id for c in checks().values() if c.provider == "aws"}


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path) -> None:
    (tmp_path / "annexa.toml").write_text(AWS)


def test_with_all_but_sts_denied_every_check_is_unknown_and_the_permissions_named_are_those_refused(
    aws: "Cloud", command: Command
) -> None:
    aws.client("s3").create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    aws.deny_all()
    ran = command("run", "--format", "json")
    assert ran.code == 3
    assert {f["check"] for f in ran.json["findings"]} == AWS_CHECKS
    assert ran.statuses() <= {"unknown", "not_applicable", "fail"}
    assert "pass" not in ran.statuses()
    assert {f["check"] for f in ran.json["findings"] if f["status"] == "unknown"} == AWS_CHECKS
    named = {
        row["reason"].removesuffix(" was denied").partition(" was denied")[0] for row in ran.json["coverage"] if row["reason"]
    }
    assert named == aws.refused


def test_with_sts_denied_too_the_target_has_failed_and_every_check_is_unknown(aws: "Cloud", command: Command) -> None:
    aws.deny_all(but=())
    ran = command("run", "--format", "json")
    assert ran.code == 3
    assert {f["check"] for f in ran.json["findings"]} == AWS_CHECKS
    assert ran.statuses() == {"unknown"}
    assert all("sts:GetCallerIdentity" in f["reason"] for f in ran.json["findings"])


def test_once_the_target_can_be_reached_what_its_failure_said_is_closed(aws: "Cloud", command: Command) -> None:
    aws.deny_all(but=())
    command("run", "--check", "aws_iam_root_no_access_key")
    aws.reset()
    ran = command("run", "--check", "aws_iam_root_no_access_key", "--format", "json")
    assert [f["status"] for f in ran.json["findings"]] == ["pass"]
    assert ran.code == 0


def test_a_denial_after_a_pass_leaves_no_pass(aws: "Cloud", command: Command) -> None:
    aws.client("s3").create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    check = "aws_s3_bucket_not_public"
    assert command("run", "--check", check, "--format", "json").statuses() == {"pass"}
    aws.deny("s3:ListAllMyBuckets")
    ran = command("run", "--check", check, "--format", "json")
    assert ran.statuses() == {"unknown"}
    assert ran.code == 3


def test_a_fail_keeps_its_age_over_an_unknown(aws: "Cloud", command: Command) -> None:
    aws.client("s3").create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    first = command("run", "--check", "aws_s3_tls_only", "--format", "json").findings("aws_s3_tls_only")[0]
    aws.deny("s3:GetBucketPolicy")
    assert command("run", "--check", "aws_s3_tls_only", "--format", "json").statuses() == {"unknown"}
    aws.allow("s3:GetBucketPolicy")
    third = command("run", "--check", "aws_s3_tls_only", "--format", "json").findings("aws_s3_tls_only")[0]
    assert (first["status"], third["status"]) == ("fail", "fail")
    assert third["since"] == first["since"]


def test_no_credentials_is_one_clear_reason(command: Command, aws: "Cloud", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    ran = command("run", "--control", "A.8.8")
    assert ran.code == 3
    assert "no valid credentials" in ran.out


def test_an_endpoint_that_nobody_answers_is_one_clear_reason(
    command: Command, aws: "Cloud", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    ran = command("run", "--control", "A.8.8")
    assert ran.code == 3
    assert "unreachable" in ran.out
