"""When a resource can last be recovered to, whoever keeps the copies: the backup service, or the database itself."""

from collections.abc import Iterator
from datetime import datetime

from evidence_store.records import Inventory, Resource

# What a check that asks this looks up.
COPIES = {
    "aws.backup.protected_resource": ("LastBackupTime", "ResourceArn"),
    "aws.ec2.volume": ("Attachments",),
    "aws.rds.cluster": ("LatestRestorableTime",),
    "aws.rds.instance": ("DBClusterIdentifier", "LatestRestorableTime"),
}


def latest_recovery_point(arn: str, inventory: Inventory) -> datetime | None:
    """The newest copy of the resource itself, of the machine that it is a volume of, or of the cluster that it belongs to."""
    times = [time for named in (arn, *_held_by(arn, inventory)) for time in _copies(named, inventory)]
    return max(times, default=None)


def _held_by(arn: str, inventory: Inventory) -> Iterator[str]:
    if ":volume/" in arn:
        volume = inventory.get("aws.ec2.volume", arn)
        for attachment in volume.fact("Attachments") if volume else ():
            if instance := attachment.get("InstanceId"):
                yield f"{arn.partition(':volume/')[0]}:instance/{instance}"
    elif ":db:" in arn:
        instance_of = inventory.get("aws.rds.instance", arn)
        cluster = instance_of.fact("DBClusterIdentifier") if instance_of else None
        if cluster:
            yield f"{arn.partition(':db:')[0]}:cluster:{cluster}"


def _copies(arn: str, inventory: Inventory) -> Iterator[datetime]:
    found: list[Resource | None] = list(inventory.where("aws.backup.protected_resource", ResourceArn=arn))
    times = [resource.time("LastBackupTime") for resource in found if resource]
    if ":rds:" in arn and (":db:" in arn or ":cluster:" in arn):
        database = inventory.get("aws.rds.instance" if ":db:" in arn else "aws.rds.cluster", arn)
        times += [database.time("LatestRestorableTime")] if database else []
    yield from (time for time in times if time is not None)
