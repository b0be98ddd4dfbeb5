"""Databases other than SQL Server's: flexible servers of PostgreSQL, and Cosmos DB."""

from collections.abc import Iterator
from types import NoneType

from collectors.azure.graph import Row, of_type
from collectors.azure.reader import Reader
from collectors.azure.shaping import observed, only, ordered, text_of
from collectors.source import Facet, Parent, source
from evidence_store.records import Json, Observation

POSTGRESQL = Facet(
    "azure.dbforpostgresql.flexible_server",
    facts=("name", "location", "tags"),
    optional=(
        "authConfig",
        "availabilityZone",
        "backup",
        "dataEncryption",
        "highAvailability",
        "identity",
        "maintenanceWindow",
        "minorVersion",
        "network",
        "replicationRole",
        "sku",
        "state",
        "version",
    ),
    lists=True,
)
PARAMETERS = Facet("azure.dbforpostgresql.flexible_server", facts=("parameters",), name="parameters")
COSMOS = Facet(
    "azure.documentdb.database_account",
    facts=("name", "location", "tags"),
    optional=(
        "backupPolicy",
        "capabilities",
        "disableKeyBasedMetadataWriteAccess",
        "disableLocalAuth",
        "enableAutomaticFailover",
        "identity",
        "ipRules",
        "isVirtualNetworkFilterEnabled",
        "keyVaultKeyUri",
        "kind",
        "locations",
        "minimalTlsVersion",
        "networkAclBypass",
        "publicNetworkAccess",
        "virtualNetworkRules",
    ),
    lists=True,
)

# What is asked of a server that has hundreds: how it treats clear text, and what it logs.
PARAMETER_NAMES = (
    "log_connections",
    "log_disconnections",
    "pgaudit.log",
    "require_secure_transport",
    "ssl_min_protocol_version",
)


@of_type("Microsoft.DBforPostgreSQL/flexibleServers", POSTGRESQL)
def postgresql_servers(row: Row) -> Iterator[Observation]:
    """Without the earliest restore point, which moves with every look."""
    backup = only(row["properties"].get("backup"), "backupRetentionDays", "geoRedundantBackup")
    yield from observed(POSTGRESQL, row, backup=backup)


@source(
    "arm.Microsoft.DBforPostgreSQL/flexibleServers/configurations",
    level="account",
    yields=[PARAMETERS],
    parent="azure.dbforpostgresql.flexible_server",
    uses=("name",),
)
def parameters(read: Reader, parent: Parent) -> Iterator[Observation]:
    """The values of the parameters that we ask for; `None` for one that this version of the engine does not have."""
    listed = read.items(f"{parent.uid}/configurations", "2022-12-01")
    values = {text_of(item, "name"): item["properties"].get("value") for item in listed}
    if not all(isinstance(values.get(name), str | NoneType) for name in PARAMETER_NAMES):
        raise TypeError("a parameter that is no text")
    facts = {"parameters": {name: values.get(name) for name in PARAMETER_NAMES}}
    yield Observation(PARAMETERS.type, parent.uid, facts, PARAMETERS.name)


@of_type("Microsoft.DocumentDB/databaseAccounts", COSMOS)
def cosmos_accounts(row: Row) -> Iterator[Observation]:
    properties = row["properties"]
    more: dict[str, Json] = {}
    for name, key in (("capabilities", "name"), ("ipRules", "ipAddressOrRange"), ("virtualNetworkRules", "id")):
        if properties.get(name) is not None:
            more[name] = ordered(properties[name], key)
    if properties.get("locations") is not None:
        kept = [only(each, "locationName", "failoverPriority", "isZoneRedundant") or {} for each in properties["locations"]]
        more["locations"] = sorted(kept, key=lambda each: (each.get("failoverPriority", 0), str(each.get("locationName"))))
    more["backupPolicy"] = only(properties.get("backupPolicy"), "type", "periodicModeProperties", "continuousModeProperties")
    yield from observed(COSMOS, row, **more)
