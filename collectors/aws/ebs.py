"""Volumes, snapshots, and what a region says of new ones."""

from collections.abc import Iterator

from collectors.aws.reader import Reader
from collectors.aws.shaping import only, ordered, picked
from collectors.source import Facet, Parent, source
from evidence_store.records import Observation, Unread, Why

VOLUME = Facet(
    "aws.ec2.volume",
    facts=("VolumeId", "State", "Encrypted", "Attachments", "Size"),
    optional=("AvailabilityZone", "CreateTime", "KmsKeyId", "MultiAttachEnabled", "SnapshotId", "Tags", "VolumeType"),
    lists=True,
)
SNAPSHOT = Facet(
    "aws.ec2.snapshot",
    facts=("SnapshotId", "Encrypted", "StartTime", "VolumeId"),
    optional=("Description", "KmsKeyId", "OutpostArn", "StorageTier", "Tags", "VolumeSize"),
    lists=True,
)
SHARING = Facet("aws.ec2.snapshot", facts=("CreateVolumePermissions",), name="sharing")
ENCRYPTION = Facet("aws.region", facts=("EbsEncryptionByDefault",), optional=("SseType",), name="ebs_encryption")
SNAPSHOT_BLOCK = Facet(
    "aws.region",
    facts=("SnapshotBlockPublicAccessState",),
    optional=("SnapshotBlockPublicAccessManagedBy",),
    name="snapshot_block",
)
IMAGE_BLOCK = Facet(
    "aws.region",
    facts=("ImageBlockPublicAccessState",),
    optional=("ImageBlockPublicAccessManagedBy",),
    name="image_block",
)


@source("ec2.DescribeVolumes", level="region", yields=[VOLUME])
def volumes(read: Reader) -> Iterator[Observation]:
    for volume in read.pages("ec2.DescribeVolumes", "Volumes", MaxResults=500):
        attachments = [
            only(item, "InstanceId", "AssociatedResource", "InstanceOwningService", "Device", "State", "AttachTime")
            for item in ordered(volume.get("Attachments", []), "InstanceId", "Device")
        ]
        uid = read.arn("ec2", f"volume/{volume['VolumeId']}")
        yield Observation(VOLUME.type, uid, picked(VOLUME, volume, Attachments=attachments))


@source("ec2.DescribeSnapshots", level="region", yields=[SNAPSHOT])
def snapshots(read: Reader) -> Iterator[Observation]:
    for snapshot in read.pages("ec2.DescribeSnapshots", "Snapshots", OwnerIds=["self"], MaxResults=1000):
        uid = read.arn("ec2", f"snapshot/{snapshot['SnapshotId']}")
        yield Observation(SNAPSHOT.type, uid, picked(SNAPSHOT, snapshot))


@source(
    "ec2.DescribeSnapshotAttribute",
    level="region",
    yields=[SHARING],
    parent="aws.ec2.snapshot",
    uses=("SnapshotId",),
)
def snapshot_sharing(read: Reader, parent: Parent) -> Iterator[Observation]:
    """Asked of each snapshot: the bulk listing can tell the public ones, and not with whom the others are shared."""
    answer = read.call(
        "ec2.DescribeSnapshotAttribute",
        absent=("InvalidSnapshot.NotFound",),
        SnapshotId=parent.facts["SnapshotId"],
        Attribute="createVolumePermission",
    )
    if answer is None:
        gone = Unread(Why.VANISHED, "ec2:DescribeSnapshotAttribute")
        yield Observation(SHARING.type, parent.uid, gone, SHARING.name)
        return
    permissions = ordered(answer["CreateVolumePermissions"], "Group", "UserId")
    yield Observation(SHARING.type, parent.uid, {"CreateVolumePermissions": permissions}, SHARING.name)


@source("ec2.GetEbsEncryptionByDefault", level="region", yields=[ENCRYPTION])
def default_encryption(read: Reader) -> Iterator[Observation]:
    answer = read.call("ec2.GetEbsEncryptionByDefault") or {}
    yield Observation("aws.region", read.uid("aws.region", read.region), picked(ENCRYPTION, answer), ENCRYPTION.name)


@source("ec2.GetSnapshotBlockPublicAccessState", level="region", yields=[SNAPSHOT_BLOCK])
def snapshot_block(read: Reader) -> Iterator[Observation]:
    answer = read.call("ec2.GetSnapshotBlockPublicAccessState") or {}
    names = {"State": "SnapshotBlockPublicAccessState", "ManagedBy": "SnapshotBlockPublicAccessManagedBy"}
    facts = {fact: answer[name] for name, fact in names.items() if name in answer}
    yield Observation("aws.region", read.uid("aws.region", read.region), facts, SNAPSHOT_BLOCK.name)


@source("ec2.GetImageBlockPublicAccessState", level="region", yields=[IMAGE_BLOCK])
def image_block(read: Reader) -> Iterator[Observation]:
    answer = read.call("ec2.GetImageBlockPublicAccessState") or {}
    names = {
        "ImageBlockPublicAccessState": "ImageBlockPublicAccessState",
        "ManagedBy": "ImageBlockPublicAccessManagedBy",
    }
    facts = {fact: answer[name] for name, fact in names.items() if name in answer}
    yield Observation("aws.region", read.uid("aws.region", read.region), facts, IMAGE_BLOCK.name)
