"""`scanner run --control A.8.8` on an AWS account: only the reads that it needs, and the unpatched instance by name."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.conftest import AWS, Command, rows

if TYPE_CHECKING:
    from tests.collectors.aws.overlay import Cloud

RULE = {"PatchFilterGroup": {"PatchFilters": [{"Key": "PRODUCT", "Values": ["*"]}]}, "ApproveAfterDays": 7}


@pytest.fixture
def instances(aws: "Cloud", tmp_path: Path) -> tuple[str, str]:
    """Two managed instances, one of which misses critical patches since long ago."""
    (tmp_path / "annexa.toml").write_text(AWS)
    made = aws.client("ec2").run_instances(ImageId="ami-12c6146b", MinCount=2, MaxCount=2)["Instances"]
    patched, unpatched = (i["InstanceId"] for i in made)
    scanned = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)

    baseline = aws.client("ssm").create_patch_baseline(
        Name="week", OperatingSystem="AMAZON_LINUX_2", ApprovalRules={"PatchRules": [RULE]}
    )["BaselineId"]
    aws.serve(
        "ssm.GetPatchBaseline",
        {"BaselineId": baseline, "Name": "week", "OperatingSystem": "AMAZON_LINUX_2", "ApprovalRules": {"PatchRules": [RULE]}},
    )

    def state(instance: str, missing: int) -> dict[str, Any]:
        return {
            "InstanceId": instance,
            "PatchGroup": "all",
            "BaselineId": baseline,
            "OperationStartTime": scanned - timedelta(minutes=2),
            "OperationEndTime": scanned,
            "Operation": "Scan",
            "MissingCount": missing,
            "FailedCount": 0,
            "InstalledPendingRebootCount": 0,
            "CriticalNonCompliantCount": missing,
            "SecurityNonCompliantCount": missing,
            "OtherNonCompliantCount": 0,
        }

    def information(instance: str) -> dict[str, Any]:
        return {"InstanceId": instance, "PingStatus": "Online", "PlatformType": "Linux", "LastPingDateTime": scanned}

    aws.serve("ssm.DescribeInstanceInformation", {"InstanceInformationList": [information(i) for i in (patched, unpatched)]})
    aws.serve("ssm.DescribeInstancePatchStates", {"InstancePatchStates": [state(patched, 0), state(unpatched, 3)]})
    return patched, unpatched


def test_the_unpatched_instance_is_named(instances: tuple[str, str], command: Command) -> None:
    patched, unpatched = instances
    ran = command("run", "--control", "A.8.8", "--format", "json")
    status = {f["resource"]["id"].rsplit("/", 1)[-1]: f for f in ran.findings("aws_ssm_patch_state")}
    assert status[unpatched]["status"] == "fail"
    assert unpatched in status[unpatched]["reason"]
    assert status[patched]["status"] == "pass", status[patched]["reason"]
    control = next(c for c in ran.json["controls"] if c["id"] == "A.8.8")
    assert control["assessment"] == "gap"


def test_only_the_reads_that_the_control_needs_are_made_and_it_says_so(
    instances: tuple[str, str], aws: "Cloud", command: Command
) -> None:
    ran = command("run", "--control", "A.8.8")
    services = {call.partition(".")[0] for call, _ in aws.calls}
    assert services <= {"sts", "ec2", "ssm", "inspector2", "ecr", "lambda", "eks", "elbv2"}
    assert not services & {"iam", "s3", "kms", "logs", "cloudtrail", "guardduty"}
    assert "A.8.8 needs" in ran.out


def test_a_denied_patch_call_is_unknown_by_name_and_incomplete(
    instances: tuple[str, str], aws: "Cloud", command: Command
) -> None:
    aws.deny("ssm:DescribeInstancePatchStates")
    ran = command("run", "--control", "A.8.8", "--format", "json")
    found = ran.findings("aws_ssm_patch_state")
    assert {f["status"] for f in found} == {"unknown"}
    assert all("ssm:DescribeInstancePatchStates was denied" in f["reason"] for f in found)
    assert ran.code == 3


def test_what_other_runs_stored_is_not_disturbed(
    instances: tuple[str, str], aws: "Cloud", command: Command, tmp_path: Path
) -> None:
    aws.client("s3").create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    command("run")
    before = rows(tmp_path)
    command("run", "--control", "A.8.8")
    after = rows(tmp_path)
    buckets = [row for row in after["ev_interval"] if "aws.s3.bucket" in row]
    assert buckets
    assert buckets == [row for row in before["ev_interval"] if "aws.s3.bucket" in row]
    s3 = [row for row in after["ev_finding"] if str(row[1]).startswith("aws_s3_")]
    assert s3 == [row for row in before["ev_finding"] if str(row[1]).startswith("aws_s3_")]
