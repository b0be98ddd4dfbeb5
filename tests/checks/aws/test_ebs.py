"""Volumes and snapshots: each check from the provider's answer, when all is well, when not, and when not seen."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.collectors.aws.overlay import Cloud, Refuse
from tests.harness import Looked, look

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
HERE = "aws.region:eu-west-1"
SHARED = "aws_ec2_snapshot_not_public"
BLOCK = "aws_snapshot_public_block"


def asked(aws: Cloud, check: str, **parameters: Any) -> Looked:
    return look(aws.connect(), check, at=NOW, parameters={check: parameters})


def test_new_volumes_are_encrypted_by_default_in_each_region(aws: Cloud) -> None:
    aws.client("ec2", region="eu-west-1").enable_ebs_encryption_by_default()
    check = "aws_ebs_default_encryption"
    seen = look(aws.connect(regions=("eu-west-1", "eu-central-1")), check)
    assert seen.status(check, ":eu-west-1") == "pass"
    assert seen.status(check, ":eu-central-1") == "fail"
    assert seen.reason(check, ":eu-central-1") == "eu-central-1 does not encrypt new volumes by default"


def volume(name: str, *, encrypted: bool, attached: str | None) -> dict[str, Any]:
    at = [{"InstanceId": "i-1", "Device": "/dev/sda1", "State": attached, "VolumeId": name}] if attached else []
    return {"VolumeId": name, "State": "in-use", "Encrypted": encrypted, "Attachments": at, "Size": 8, "CreateTime": NOW}


def test_attached_volumes_are_encrypted(aws: Cloud) -> None:
    check = "aws_ebs_volume_encrypted"
    volumes = [
        volume("vol-sound", encrypted=True, attached="attached"),
        volume("vol-clear", encrypted=False, attached="attached"),
        volume("vol-idle", encrypted=False, attached=None),
        volume("vol-gone", encrypted=False, attached="detached"),
    ]
    aws.serve("ec2.DescribeVolumes", {"Volumes": volumes})
    seen = asked(aws, check)
    assert seen.status(check, "/vol-sound") == "pass"
    assert seen.status(check, "/vol-clear") == "fail"
    assert seen.reason(check, "/vol-clear") == "vol-clear, attached to i-1, is not encrypted"
    assert (seen.status(check, "/vol-idle"), seen.status(check, "/vol-gone")) == ("not_applicable",) * 2


def snapshots(aws: Cloud, *permissions: dict[str, str]) -> None:
    found = {"SnapshotId": "snap-1", "Encrypted": False, "StartTime": NOW, "VolumeId": "vol-1", "OwnerId": aws.account}
    aws.serve("ec2.DescribeSnapshots", {"Snapshots": [found]})
    aws.serve("ec2.DescribeSnapshotAttribute", {"SnapshotId": "snap-1", "CreateVolumePermissions": list(permissions)})


@pytest.mark.parametrize(
    ("permissions", "status", "words"),
    [
        ((), "pass", ""),
        (({"Group": "all"},), "fail", "snap-1 is shared with everyone"),
        (({"UserId": "999999999999"}, {"Group": "all"}), "fail", "snap-1 is shared with everyone"),
        (({"UserId": "999999999999"},), "fail", "shared with 999999999999, neither in the organization nor known"),
        (({"UserId": "111111111111"},), "pass", ""),
    ],
)
def test_snapshots_are_shared_with_nobody_outside(
    aws: Cloud, permissions: tuple[dict[str, str], ...], status: str, words: str
) -> None:
    snapshots(aws, *permissions)
    seen = asked(aws, SHARED, known_accounts=["111111111111"])
    assert seen.status(SHARED, "/snap-1") == status
    assert words in seen.reason(SHARED, "/snap-1")


def test_an_account_of_the_organization_is_known(aws: Cloud) -> None:
    organizations = aws.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    created = organizations.create_account(AccountName="team", Email="team@example.org")
    member = created["CreateAccountStatus"]["AccountId"]
    snapshots(aws, {"UserId": member})
    assert asked(aws, SHARED).status(SHARED, "/snap-1") == "pass"


def test_a_member_account_cannot_tell_who_else_is_in_the_organization(aws: Cloud) -> None:
    snapshots(aws, {"UserId": "999999999999"})
    about = {"Id": "o-abcdefghij", "Arn": "arn:aws:organizations::111111111111:organization/o-abcdefghij"}
    about |= {"FeatureSet": "ALL", "MasterAccountId": "111111111111"}
    aws.serve("organizations.DescribeOrganization", {"Organization": about})
    aws.deny("organizations:ListAccounts")
    seen = asked(aws, SHARED)
    assert seen.status(SHARED, "/snap-1") == "unknown"
    assert "known_accounts" in seen.reason(SHARED, "/snap-1")
    snapshots(aws, {"UserId": "111111111111"})
    assert asked(aws, SHARED).status(SHARED, "/snap-1") == "pass"


def test_a_snapshot_that_went_away_while_it_was_read_is_unknown(aws: Cloud) -> None:
    snapshots(aws)

    def gone(*_: Any) -> dict[str, Any]:
        raise Refuse("InvalidSnapshot.NotFound", "The snapshot 'snap-1' does not exist.")

    aws.serve("ec2.DescribeSnapshotAttribute", gone)
    seen = asked(aws, SHARED)
    assert seen.status(SHARED, "/snap-1") == "unknown"
    assert "gone" in seen.reason(SHARED, "/snap-1")


@pytest.mark.parametrize(
    ("of_snapshots", "of_images", "reason"),
    [
        ("block-all-sharing", "block-new-sharing", ""),
        ("block-new-sharing", "block-new-sharing", "eu-west-1 lets snapshots that are public already stay so"),
        ("unblocked", "block-new-sharing", "eu-west-1 lets snapshots be made public"),
        ("block-all-sharing", "unblocked", "eu-west-1 lets images be made public"),
        ("unblocked", "unblocked", "eu-west-1 lets snapshots be made public and lets images be made public"),
    ],
)
def test_public_sharing_is_blocked(aws: Cloud, of_snapshots: str, of_images: str, reason: str) -> None:
    blocks(aws, of_snapshots, of_images)
    seen = asked(aws, BLOCK)
    assert seen.status(BLOCK, HERE) == ("fail" if reason else "pass")
    assert seen.reason(BLOCK, HERE) == reason


def blocks(aws: Cloud, of_snapshots: str, of_images: str) -> None:
    aws.serve("ec2.GetSnapshotBlockPublicAccessState", {"State": of_snapshots, "ManagedBy": "account"})
    aws.serve("ec2.GetImageBlockPublicAccessState", {"ImageBlockPublicAccessState": of_images, "ManagedBy": "account"})


@pytest.mark.parametrize(
    ("check", "action", "about"),
    [
        ("aws_ebs_default_encryption", "ec2:GetEbsEncryptionByDefault", HERE),
        ("aws_ebs_volume_encrypted", "ec2:DescribeVolumes", "aws:123456789012:eu-west-1"),
        (SHARED, "ec2:DescribeSnapshots", "aws:123456789012:eu-west-1"),
        (SHARED, "ec2:DescribeSnapshotAttribute", "/snap-1"),
        (SHARED, "organizations:DescribeOrganization", "/snap-1"),
        (BLOCK, "ec2:GetSnapshotBlockPublicAccessState", HERE),
        (BLOCK, "ec2:GetImageBlockPublicAccessState", HERE),
    ],
)
def test_what_is_denied_is_unknown(aws: Cloud, check: str, action: str, about: str) -> None:
    snapshots(aws, {"UserId": "999999999999"})
    blocks(aws, "block-all-sharing", "block-new-sharing")
    aws.deny(action)
    seen = asked(aws, check)
    assert seen.status(check, about) == "unknown"
    assert f"{action} was denied" in seen.reason(check, about)


def test_public_sharing_is_seen_where_the_organization_is_not(aws: Cloud) -> None:
    snapshots(aws, {"Group": "all"})
    aws.deny("organizations:DescribeOrganization")
    assert asked(aws, SHARED).status(SHARED, "/snap-1") == "fail"
