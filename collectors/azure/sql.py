"""SQL servers and databases: who may come in from where, how they sign in, what is audited and encrypted."""

from collections.abc import Iterator

from collectors.azure.graph import Row, of_type
from collectors.azure.reader import Reader
from collectors.azure.shaping import flag_of, flat, observed, only, ordered, text_of, uid_of
from collectors.source import Facet, Parent, source
from evidence_store.records import Observation

SERVER = Facet(
    "azure.sql.server",
    facts=("name", "location", "tags"),
    optional=(
        "administrators",
        "externalGovernanceStatus",
        "fullyQualifiedDomainName",
        "identity",
        "kind",
        "minimalTlsVersion",
        "publicNetworkAccess",
        "restrictOutboundNetworkAccess",
        "state",
        "version",
    ),
    lists=True,
)
FIREWALL = Facet("azure.sql.server", facts=("firewallRules",), name="firewall")
FIREWALL_IPV6 = Facet("azure.sql.server", facts=("ipv6FirewallRules",), name="firewall_ipv6")
DIRECTORY_ONLY = Facet("azure.sql.server", facts=("azureADOnlyAuthentication",), name="directory_only")
AUDITING = Facet(
    "azure.sql.server",
    facts=("auditingState",),
    optional=(
        "auditActionsAndGroups",
        "isAzureMonitorTargetEnabled",
        "isDevopsAuditEnabled",
        "retentionDays",
        "storageEndpoint",
    ),
    name="auditing",
)
DATABASE = Facet(
    "azure.sql.database",
    facts=("name", "location", "tags", "server"),
    optional=(
        "creationDate",
        "currentBackupStorageRedundancy",
        "edition",
        "elasticPoolId",
        "isLedgerOn",
        "kind",
        "requestedBackupStorageRedundancy",
        "sku",
        "status",
        "zoneRedundant",
    ),
    lists=True,
)
ENCRYPTION = Facet("azure.sql.database", facts=("transparentDataEncryption",), name="encryption")

_VERSION = "2021-11-01"


@of_type("Microsoft.Sql/servers", SERVER)
def servers(row: Row) -> Iterator[Observation]:
    """Of the administrators that a directory gives only what kind they are: the login is a person's name."""
    properties = row["properties"]
    administrators = only(
        properties.get("administrators"), "administratorType", "azureADOnlyAuthentication", "principalType", "sid", "tenantId"
    )
    yield from observed(SERVER, row, administrators=administrators)


@source(
    "arm.Microsoft.Sql/servers/firewallRules", level="account", yields=[FIREWALL], parent="azure.sql.server", uses=("name",)
)
def firewall_rules(read: Reader, parent: Parent) -> Iterator[Observation]:
    """For IPv4."""
    rules = [flat(item, "startIpAddress", "endIpAddress") for item in read.items(f"{parent.uid}/firewallRules", _VERSION)]
    yield Observation(FIREWALL.type, parent.uid, {"firewallRules": ordered(rules, "name")}, FIREWALL.name)


@source(
    "arm.Microsoft.Sql/servers/ipv6FirewallRules",
    level="account",
    yields=[FIREWALL_IPV6],
    parent="azure.sql.server",
    uses=("name",),
)
def ipv6_firewall_rules(read: Reader, parent: Parent) -> Iterator[Observation]:
    """For IPv6: the service keeps these in a list of their own."""
    listed = read.items(f"{parent.uid}/ipv6FirewallRules", _VERSION)
    rules = [flat(item, "startIPv6Address", "endIPv6Address") for item in listed]
    yield Observation(FIREWALL_IPV6.type, parent.uid, {"ipv6FirewallRules": ordered(rules, "name")}, FIREWALL_IPV6.name)


@source(
    "arm.Microsoft.Sql/servers/azureADOnlyAuthentications",
    level="account",
    yields=[DIRECTORY_ONLY],
    parent="azure.sql.server",
    uses=("name",),
)
def directory_only(read: Reader, parent: Parent) -> Iterator[Observation]:
    """A server that was never given a directory administrator lists none: it has its own sign-in."""
    listed = read.items(f"{parent.uid}/azureADOnlyAuthentications", _VERSION)
    on = [flag_of(item["properties"], "azureADOnlyAuthentication") for item in listed]
    yield Observation(DIRECTORY_ONLY.type, parent.uid, {"azureADOnlyAuthentication": any(on)}, DIRECTORY_ONLY.name)


@source(
    "arm.Microsoft.Sql/servers/auditingSettings", level="account", yields=[AUDITING], parent="azure.sql.server", uses=("name",)
)
def auditing(read: Reader, parent: Parent) -> Iterator[Observation]:
    item = read.document(f"{parent.uid}/auditingSettings/default", _VERSION)
    groups = item["properties"].get("auditActionsAndGroups")
    yield from observed(
        AUDITING,
        item,
        parent.uid,
        auditingState=item["properties"]["state"],
        auditActionsAndGroups=sorted(groups) if groups is not None else None,
    )


@of_type("Microsoft.Sql/servers/databases", DATABASE)
def databases(row: Row) -> Iterator[Observation]:
    yield from observed(DATABASE, row, server=uid_of(row).partition("/databases/")[0])


@source(
    "arm.Microsoft.Sql/servers/databases/transparentDataEncryption",
    level="account",
    yields=[ENCRYPTION],
    parent="azure.sql.database",
    uses=("name",),
)
def encryption(read: Reader, parent: Parent) -> Iterator[Observation]:
    item = read.document(f"{parent.uid}/transparentDataEncryption/current", _VERSION)
    state = text_of(item["properties"], "state")
    yield Observation(ENCRYPTION.type, parent.uid, {"transparentDataEncryption": state}, ENCRYPTION.name)
