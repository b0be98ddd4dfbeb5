"""Databases and their snapshots."""

from datetime import datetime, timedelta

from checks.aws.accounts import ORGANIZATION, strangers
from checks.aws.classes import class_of, named
from checks.aws.databases import cluster_of, tls_parameter
from checks.aws.naming import some
from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Inventory, Resource, format_time


@check(
    on="aws.rds.instance",
    severity="high",
    version=1,
    within="region",
    needs=(
        "DBClusterIdentifier",
        "DBInstanceStatus",
        "BackupRetentionPeriod",
        "LatestRestorableTime",
        "ReadReplicaSourceDBInstanceIdentifier",
    ),
    looks_up={"aws.rds.cluster": ("BackupRetentionPeriod", "LatestRestorableTime", "Status")},
    fix="Set the backup retention period of the database or its cluster to the required days, and find out why backups lag.",
)
def aws_rds_backup_retention(
    instance: Resource, *, at: datetime, inventory: Inventory, min_days: int = 7, max_lag_hours: int = 24
) -> Answer:
    """Automatic backups of databases are kept for the required days, and are recent.

    Without them the database can only be brought back to the last copy that somebody happened to make. A read replica is
    restored from its source. Of a stopped database nothing new has to be saved.

    `min_days`: how many days automatic backups must be kept
    `max_lag_hours`: how far the latest restorable moment of a running database may lie back, in hours
    """
    if instance.fact("ReadReplicaSourceDBInstanceIdentifier"):
        return NotApplicable(f"{instance.name} is a read replica; its source is backed up")
    holder, status = instance, instance.fact("DBInstanceStatus")
    if identifier := instance.fact("DBClusterIdentifier"):
        cluster = cluster_of(instance, inventory)
        if cluster is None:
            return Unknown(f"{instance.name} belongs to the cluster {identifier}, which was not listed")
        holder, status = cluster, cluster.fact("Status")
    days = holder.fact("BackupRetentionPeriod")
    if days is None:
        return Unknown(f"{instance.name} does not say how long its backups are kept")
    if days < min_days:
        return f"{instance.name} keeps automatic backups for {days} days; {min_days} are required"
    latest = holder.time("LatestRestorableTime")
    if latest is None:
        return Unknown(f"{instance.name} has no restorable time yet")
    if status not in {"stopped", "stopping"} and at - latest > timedelta(hours=max_lag_hours):
        return f"{instance.name} can be restored up to {format_time(latest)} only; {max_lag_hours} hours of lag are allowed"
    return None


@check(
    on="aws.rds.instance",
    severity="high",
    version=1,
    needs=("StorageEncrypted",),
    fix="Restore the database from an encrypted copy of a snapshot; its storage cannot be encrypted in place.",
)
def aws_rds_encrypted(instance: Resource) -> Answer:
    """Databases are encrypted at rest.

    An unencrypted volume or snapshot can be read by whoever obtains a copy of it.
    """
    if not instance.fact("StorageEncrypted"):
        return f"{instance.name} stores its data unencrypted"
    return None


@check(
    on="aws.rds.instance",
    severity="medium",
    version=1,
    within="region",
    needs=("DBClusterIdentifier", "MultiAZ", "ReadReplicaSourceDBInstanceIdentifier", "Tags"),
    looks_up={"aws.rds.cluster": ("MultiAZ",)},
    fix="Turn on Multi-AZ for the database, or add an instance in another zone to its cluster; tag databases by criticality.",
)
def aws_rds_multi_az(
    instance: Resource, *, inventory: Inventory, tag: str = "criticality", critical: tuple[str, ...] = ("critical", "high")
) -> Answer:
    """Critical databases run in more than one zone.

    A database in one zone is gone for as long as the zone is. Which databases are critical is the owner's decision, written
    in a tag; without it the question cannot be answered.

    `tag`: the tag that says how critical a database is
    `critical`: the values of it that ask for more than one zone
    """
    if instance.fact("ReadReplicaSourceDBInstanceIdentifier"):
        return NotApplicable(f"{instance.name} is a read replica")
    identifier = instance.fact("DBClusterIdentifier")
    cluster = cluster_of(instance, inventory)
    if identifier and cluster is None:
        return Unknown(f"{instance.name} belongs to the cluster {identifier}, which was not listed")
    zones = (cluster or instance).fact("MultiAZ")
    if zones is None:
        return Unknown(f"{instance.name} does not say whether it runs in more than one zone")
    if zones:
        return None
    criticality = class_of(instance, tag)
    if criticality is None:
        return Unknown(f"{instance.name} runs in one zone and has no tag {tag} that says whether it is critical")
    if not named(criticality, critical):
        return NotApplicable(f"{instance.name} is not critical")
    return f"{instance.name} is critical and runs in one zone only"


@check(
    on="aws.rds.instance",
    severity="high",
    version=1,
    needs=("PubliclyAccessible",),
    fix="Modify the database so that it is not publicly accessible; reach it through the network it lives in.",
)
def aws_rds_not_public(instance: Resource) -> Answer:
    """Databases have no public endpoint.

    A database with a public address is one firewall rule away from everyone.
    """
    public = instance.fact("PubliclyAccessible")
    if public is None:
        return Unknown(f"{instance.name} does not say whether it is publicly accessible")
    return f"{instance.name} has a public endpoint" if public else None


@check(
    on="aws.rds.snapshot",
    severity="critical",
    version=1,
    needs=("RestoreAccounts",),
    looks_up=ORGANIZATION,
    fix="Remove the accounts from the snapshot's restore attribute; name partner accounts in known_accounts once agreed.",
)
def aws_rds_snapshot_not_public(snapshot: Resource, *, inventory: Inventory, known_accounts: tuple[str, ...] = ()) -> Answer:
    """Database snapshots are shared with nobody outside.

    Whoever may restore a snapshot has the whole database, and leaves no trace in it. Accounts of the same organization are
    known.

    `known_accounts`: ids of further accounts that snapshots may be shared with
    """
    shared = snapshot.fact("RestoreAccounts")
    if "all" in shared:
        return f"{snapshot.name} can be restored by everyone"
    others = strangers(snapshot, shared, known_accounts, inventory)
    if isinstance(others, Unknown):
        return others
    return f"{snapshot.name} is shared with {some(others)}, neither of the organization nor known" if others else None


@check(
    on="aws.rds.instance",
    severity="high",
    version=1,
    within="region",
    needs=("DBClusterIdentifier", "DBInstanceIdentifier", "DBParameterGroups", "Engine", "Options", "Parameters"),
    looks_up={"aws.rds.cluster": ("DBClusterMembers", "Parameters")},
    fix="Set rds.force_ssl, require_secure_transport or tls, as the engine calls it, in the parameter group.",
)
def aws_rds_tls_forced(instance: Resource, *, inventory: Inventory) -> Answer:
    """Databases refuse clear-text connections.

    A client that is not made to encrypt will sooner or later not do so, and its password and data cross the network in the
    clear. Neptune knows no clear text; Oracle keeps the rule in an option.
    """
    engine = instance.fact("Engine")
    if engine == "neptune":
        return NotApplicable(f"{instance.name} runs Neptune, which accepts encrypted connections only")
    if "oracle" in engine:
        encryption = (instance.fact("Options") or {}).get("NATIVE_NETWORK_ENCRYPTION", {})
        required = (encryption.get("SQLNET.ENCRYPTION_SERVER") or "").upper() == "REQUIRED"
        return None if required else f"{instance.name} does not require network encryption of its clients"
    wanted = tls_parameter(engine)
    if wanted is None:
        return Unknown(f"{instance.name} runs {engine}; how it refuses clear text is not known")
    holder, status = instance, {group["ParameterApplyStatus"] for group in instance.fact("DBParameterGroups") or ()}
    if identifier := instance.fact("DBClusterIdentifier"):
        cluster = cluster_of(instance, inventory)
        if cluster is None:
            return Unknown(f"{instance.name} belongs to the cluster {identifier}, which was not listed")
        me = instance.fact("DBInstanceIdentifier")
        holder, members = cluster, cluster.fact("DBClusterMembers")
        status = {m["DBClusterParameterGroupStatus"] for m in members if m["DBInstanceIdentifier"] == me}
    value = holder.fact("Parameters").get(wanted.name)
    if (value or "").lower() not in wanted.values:
        return f"{instance.name} lets clients connect in clear text ({wanted.name} is {value or 'not set'})"
    if status != {"in-sync"}:
        return Unknown(f"{instance.name} has parameters that are not in force yet ({', '.join(sorted(status)) or 'no status'})")
    return None
