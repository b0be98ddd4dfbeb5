"""Databases and their snapshots. One listing names the instances and clusters of every engine: Neptune and DocumentDB too."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from collectors.aws.reader import Reader
from collectors.aws.shaping import only, ordered, picked, tag_map
from collectors.source import Facet, Parent, UnreadError, source
from evidence_store.records import Json, Observation, Unread, Why

INSTANCE = Facet(
    "aws.rds.instance",
    facts=(
        "DBInstanceIdentifier",
        "DBInstanceStatus",
        "Engine",
        "EngineVersion",
        "StorageEncrypted",
        "BackupRetentionPeriod",
        "Tags",
    ),
    optional=(
        "ActivityStreamStatus",
        "AllocatedStorage",
        "AutoMinorVersionUpgrade",
        "AvailabilityZone",
        "AwsBackupRecoveryPointArn",
        "BackupTarget",
        "CACertificateIdentifier",
        "CopyTagsToSnapshot",
        "DBClusterIdentifier",
        "DBInstanceClass",
        "DBParameterGroups",
        "DBSubnetGroup",
        "DbiResourceId",
        "DeletionProtection",
        "EnabledCloudwatchLogsExports",
        "Endpoint",
        "EngineLifecycleSupport",
        "IAMDatabaseAuthenticationEnabled",
        "InstanceCreateTime",
        "KmsKeyId",
        "LicenseModel",
        "MaxAllocatedStorage",
        "MultiAZ",
        "NetworkType",
        "OptionGroupMemberships",
        "PerformanceInsightsEnabled",
        "PreferredBackupWindow",
        "PreferredMaintenanceWindow",
        "PubliclyAccessible",
        "ReadReplicaSourceDBClusterIdentifier",
        "ReadReplicaSourceDBInstanceIdentifier",
        "ReplicaMode",
        "SecondaryAvailabilityZone",
        "StorageType",
        "VpcSecurityGroups",
    ),
    lists=True,
)
RECOVERY = Facet("aws.rds.instance", facts=(), optional=("LatestRestorableTime",), name="recovery")
PARAMETERS = Facet("aws.rds.instance", facts=("Parameters",), name="parameters")
OPTIONS = Facet("aws.rds.instance", facts=("Options",), name="options")
CLUSTER = Facet(
    "aws.rds.cluster",
    facts=("DBClusterIdentifier", "Status", "Engine", "EngineVersion", "DBClusterMembers", "DBClusterParameterGroup", "Tags"),
    optional=(
        "AutoMinorVersionUpgrade",
        "AvailabilityZones",
        "BackupRetentionPeriod",
        "ClusterCreateTime",
        "CopyTagsToSnapshot",
        "DbClusterResourceId",
        "DeletionProtection",
        "EnabledCloudwatchLogsExports",
        "Endpoint",
        "EngineLifecycleSupport",
        "EngineMode",
        "GlobalClusterIdentifier",
        "HttpEndpointEnabled",
        "IAMDatabaseAuthenticationEnabled",
        "KmsKeyId",
        "MultiAZ",
        "PubliclyAccessible",
        "ReplicationSourceIdentifier",
        "StorageEncrypted",
        "StorageType",
        "VpcSecurityGroups",
    ),
    lists=True,
)
CLUSTER_RECOVERY = Facet("aws.rds.cluster", facts=(), optional=("LatestRestorableTime",), name="recovery")
CLUSTER_PARAMETERS = Facet("aws.rds.cluster", facts=("Parameters",), name="parameters")
SNAPSHOT = Facet(
    "aws.rds.snapshot",
    facts=("Identifier", "Of", "SnapshotType", "Engine", "Tags"),
    optional=("Encrypted", "KmsKeyId", "SnapshotCreateTime", "SourceDBSnapshotArn", "SourceRegion", "VpcId"),
    lists=True,
)
SHARING = Facet("aws.rds.snapshot", facts=("RestoreAccounts",), name="sharing")

_ORDER = {
    "DBClusterMembers": "DBInstanceIdentifier",
    "DBParameterGroups": "DBParameterGroupName",
    "OptionGroupMemberships": "OptionGroupName",
    "VpcSecurityGroups": "VpcSecurityGroupId",
}

# What is asked of a parameter group that has hundreds: how it treats clear text, and what it logs.
PARAMETER_NAMES = (
    "audit_logs",
    "general_log",
    "log_connections",
    "log_disconnections",
    "log_statement",
    "pgaudit.log",
    "rds.force_ssl",
    "rds.logical_replication",
    "require_secure_transport",
    "server_audit_events",
    "server_audit_logging",
    "slow_query_log",
    "ssl_min_protocol_version",
    "tls",
    "tls_version",
)


@source("rds.DescribeDBInstances", level="region", yields=[INSTANCE, RECOVERY])
def instances(read: Reader) -> Iterator[Observation]:
    for item in read.pages("rds.DescribeDBInstances", "DBInstances"):
        uid = item["DBInstanceArn"]
        facts = _with_order(INSTANCE, item)
        if subnets := item.get("DBSubnetGroup"):
            facts["DBSubnetGroup"] = only(subnets, "DBSubnetGroupName", "VpcId")
        yield Observation(INSTANCE.type, uid, facts)
        yield Observation(RECOVERY.type, uid, picked(RECOVERY, item), RECOVERY.name)


@source("rds.DescribeDBClusters", level="region", yields=[CLUSTER, CLUSTER_RECOVERY])
def clusters(read: Reader) -> Iterator[Observation]:
    for item in read.pages("rds.DescribeDBClusters", "DBClusters"):
        uid = item["DBClusterArn"]
        yield Observation(CLUSTER.type, uid, _with_order(CLUSTER, item))
        yield Observation(CLUSTER_RECOVERY.type, uid, picked(CLUSTER_RECOVERY, item), CLUSTER_RECOVERY.name)


def _with_order(facet: Facet, item: Mapping[str, Any]) -> dict[str, Json]:
    facts = picked(facet, item, Tags=tag_map(item.get("TagList", [])))
    for name, key in _ORDER.items():
        if name in facts:
            facts[name] = ordered(facts[name], key)
    for name in ("AvailabilityZones", "EnabledCloudwatchLogsExports"):
        if name in facts:
            facts[name] = sorted(facts[name])
    return facts


@source(
    "rds.DescribeDBParameters",
    level="region",
    yields=[PARAMETERS],
    parent="aws.rds.instance",
    uses=("DBParameterGroups",),
    batch=100,
)
def parameters(read: Reader, parents: list[Parent]) -> Iterator[Observation]:
    """Each group that is in use, once; instances that share it share the answer."""
    groups = _Groups(read, "rds.DescribeDBParameters", "DBParameterGroupName")
    for parent in parents:
        names = [group["DBParameterGroupName"] for group in parent.facts["DBParameterGroups"] or ()]
        yield Observation(PARAMETERS.type, parent.uid, groups.parameters(names), PARAMETERS.name)


@source(
    "rds.DescribeDBClusterParameters",
    level="region",
    yields=[CLUSTER_PARAMETERS],
    parent="aws.rds.cluster",
    uses=("DBClusterParameterGroup",),
    batch=100,
)
def cluster_parameters(read: Reader, parents: list[Parent]) -> Iterator[Observation]:
    groups = _Groups(read, "rds.DescribeDBClusterParameters", "DBClusterParameterGroupName")
    for parent in parents:
        found = groups.parameters([parent.facts["DBClusterParameterGroup"]])
        yield Observation(CLUSTER_PARAMETERS.type, parent.uid, found, CLUSTER_PARAMETERS.name)


class _Groups:
    """Parameter groups, each read once for all that use it."""

    def __init__(self, read: Reader, call: str, group_key: str) -> None:
        self._read = read
        self._call = call
        self._group_key = group_key
        self._known: dict[str, dict[str, Json] | Unread] = {}

    def parameters(self, groups: Iterable[str]) -> dict[str, Json] | Unread:
        """The values of the parameters that we ask for; `None` for one that is left to the engine."""
        together: dict[str, Json] = {}
        for group in groups:
            found = self._known.get(group)
            if found is None:
                found = self._known[group] = self._ask(group)
            if isinstance(found, Unread):
                return found
            together |= found
        return {"Parameters": dict(sorted(together.items()))}

    def _ask(self, group: str) -> dict[str, Json] | Unread:
        asked: dict[str, Any] = {
            self._group_key: group,
            "Filters": [{"Name": "parameter-name", "Values": list(PARAMETER_NAMES)}],
        }
        try:
            listed = list(self._read.pages(self._call, "Parameters", **asked))
        except UnreadError as error:
            return error.unread
        return {
            item["ParameterName"]: item.get("ParameterValue") for item in listed if item["ParameterName"] in PARAMETER_NAMES
        }


@source(
    "rds.DescribeOptionGroups",
    level="region",
    yields=[OPTIONS],
    parent="aws.rds.instance",
    uses=("Engine", "OptionGroupMemberships"),
    batch=100,
)
def options(read: Reader, parents: list[Parent]) -> Iterator[Observation]:
    """Of Oracle databases only: theirs is the one engine that keeps network encryption in an option."""
    known: dict[str, dict[str, Json]] = {}
    for parent in parents:
        if "oracle" not in parent.facts["Engine"]:
            continue
        settings: dict[str, Json] = {}
        for membership in parent.facts["OptionGroupMemberships"] or ():
            name = membership["OptionGroupName"]
            if name not in known:
                known[name] = _options(read, name)
            settings |= known[name]
        yield Observation(OPTIONS.type, parent.uid, {"Options": dict(sorted(settings.items()))}, OPTIONS.name)


def _options(read: Reader, group: str) -> dict[str, Json]:
    return {
        option["OptionName"]: {
            setting["Name"]: setting.get("Value") for setting in ordered(option.get("OptionSettings", []), "Name")
        }
        for found in read.pages("rds.DescribeOptionGroups", "OptionGroupsList", OptionGroupName=group)
        for option in found.get("Options", [])
    }


@source(
    "rds.DescribeDBSnapshots",
    level="region",
    yields=[SNAPSHOT],
    calls=("rds.DescribeDBSnapshots", "rds.DescribeDBClusterSnapshots"),
)
def snapshots(read: Reader) -> Iterator[Observation]:
    """Manual ones, of instances and of clusters: automatic ones cannot be shared."""
    for item in read.pages("rds.DescribeDBSnapshots", "DBSnapshots", SnapshotType="manual"):
        more = {"Identifier": item["DBSnapshotIdentifier"], "Of": "instance", "Tags": tag_map(item.get("TagList", []))}
        facts = picked(SNAPSHOT, item, SourceDBSnapshotArn=item.get("SourceDBSnapshotIdentifier"), **more)
        yield Observation(SNAPSHOT.type, item["DBSnapshotArn"], facts)
    for item in read.pages("rds.DescribeDBClusterSnapshots", "DBClusterSnapshots", SnapshotType="manual"):
        more = {"Identifier": item["DBClusterSnapshotIdentifier"], "Of": "cluster", "Tags": tag_map(item.get("TagList", []))}
        facts = picked(SNAPSHOT, item, Encrypted=item.get("StorageEncrypted"), **more)
        facts["SourceDBSnapshotArn"] = item.get("SourceDBClusterSnapshotArn")
        yield Observation(SNAPSHOT.type, item["DBClusterSnapshotArn"], facts)


@source(
    "rds.DescribeDBSnapshotAttributes",
    level="region",
    yields=[SHARING],
    calls=("rds.DescribeDBSnapshotAttributes", "rds.DescribeDBClusterSnapshotAttributes"),
    parent="aws.rds.snapshot",
    uses=("Identifier", "Of"),
)
def snapshot_sharing(read: Reader, parent: Parent) -> Iterator[Observation]:
    """With whom each snapshot is shared: no listing says it."""
    kind = "DB" if parent.facts["Of"] == "instance" else "DBCluster"
    call = f"rds.Describe{kind}SnapshotAttributes"
    gone = ("DBSnapshotNotFound", "DBClusterSnapshotNotFoundFault")
    answer = read.call(call, absent=gone, **{f"{kind}SnapshotIdentifier": parent.facts["Identifier"]})
    facts: dict[str, Json] | Unread = Unread(Why.VANISHED, f"rds:Describe{kind}SnapshotAttributes")
    if answer is not None:
        attributes = answer[f"{kind}SnapshotAttributesResult"][f"{kind}SnapshotAttributes"]
        shared = {account for item in attributes if item["AttributeName"] == "restore" for account in item["AttributeValues"]}
        facts = {"RestoreAccounts": sorted(shared)}
    yield Observation(SHARING.type, parent.uid, facts, SHARING.name)
