"""Volumes and snapshots."""

from checks.aws.accounts import ORGANIZATION, strangers
from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Inventory, Resource


@check(
    on="aws.region",
    severity="medium",
    version=1,
    needs=("EbsEncryptionByDefault",),
    fix="Turn on EBS encryption by default in the region (EC2 settings, data protection and security).",
)
def aws_ebs_default_encryption(region: Resource) -> Answer:
    """New volumes are encrypted without anyone having to think of it.

    The setting is one for each region. Where it is on, neither a template nor a person can create a volume in the clear.
    """
    if not region.fact("EbsEncryptionByDefault"):
        return f"{region.name} does not encrypt new volumes by default"
    return None


@check(
    on="aws.ec2.volume",
    severity="high",
    version=1,
    needs=("Encrypted", "Attachments"),
    fix="Copy a snapshot of the volume with encryption, create a volume from the copy, and attach it in place of this one.",
)
def aws_ebs_volume_encrypted(volume: Resource) -> Answer:
    """Attached volumes are encrypted.

    What is on a volume also ends up in its snapshots and copies, which travel further than the machine does.
    """
    attachments = volume.fact("Attachments")
    if all(attachment.get("State") == "detached" for attachment in attachments):
        return NotApplicable(f"{volume.name} is attached to nothing")
    if not volume.fact("Encrypted"):
        holders = ", ".join(a.get("InstanceId") or a.get("AssociatedResource") or "a service" for a in attachments)
        return f"{volume.name}, attached to {holders}, is not encrypted"
    return None


@check(
    on="aws.ec2.snapshot",
    severity="critical",
    version=1,
    within="region",
    needs=("CreateVolumePermissions",),
    looks_up=ORGANIZATION,
    fix="Remove the permission from the snapshot; name partner accounts in known_accounts once they are agreed.",
)
def aws_ec2_snapshot_not_public(snapshot: Resource, *, inventory: Inventory, known_accounts: tuple[str, ...] = ()) -> Answer:
    """Snapshots of volumes are shared with nobody outside.

    Whoever may create a volume from a snapshot has all that was on the disk, and leaves no trace on the machine it came
    from. Accounts of the same organization are known.

    `known_accounts`: ids of further accounts that snapshots may be shared with
    """
    permissions = snapshot.fact("CreateVolumePermissions")
    if any(permission.get("Group") == "all" for permission in permissions):
        return f"{snapshot.name} is shared with everyone"
    shared = strangers(snapshot, (p["UserId"] for p in permissions if "UserId" in p), known_accounts, inventory)
    if isinstance(shared, Unknown):
        return shared
    if shared:
        return f"{snapshot.name} is shared with {', '.join(shared)}, neither in the organization nor known"
    return None


@check(
    on="aws.region",
    severity="high",
    version=1,
    needs=("SnapshotBlockPublicAccessState", "ImageBlockPublicAccessState"),
    fix="Block public access for EBS snapshots (block all sharing) and for AMIs (block new sharing) in the region.",
)
def aws_snapshot_public_block(region: Resource) -> Answer:
    """Snapshots and images cannot be made public.

    A block in each region stops the mistake before it happens, whoever makes it. For snapshots the block must cover all
    public sharing: the weaker setting leaves public what already was.
    """
    faults = []
    state = region.fact("SnapshotBlockPublicAccessState")
    if state == "block-new-sharing":
        faults.append("lets snapshots that are public already stay so")
    elif state != "block-all-sharing":
        faults.append("lets snapshots be made public")
    if region.fact("ImageBlockPublicAccessState") != "block-new-sharing":
        faults.append("lets images be made public")
    return f"{region.name} {' and '.join(faults)}" if faults else None
