"""SQL servers and their databases."""

from collections.abc import Iterator

from checks.azure.addresses import holds
from checks.azure.naming import said, some
from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Resource


@check(
    on="azure.sql.server",
    severity="critical",
    version=1,
    needs=("publicNetworkAccess", "firewallRules", "ipv6FirewallRules"),
    fix="Turn public network access of the server off and use private endpoints; remove rules that admit everyone.",
)
def azure_sql_no_public(server: Resource, *, max_addresses: int = 256) -> Answer:
    """SQL servers admit nobody from public networks beyond the few addresses that are listed.

    A database server that anyone can reach is one weak password or one flaw away from a leak. The rule that admits
    `Azure services` lets in every customer of the cloud, whoever they are. While public access is off no rule holds.

    `max_addresses`: how many addresses one firewall rule may admit, of IPv6 networks of /64; 0 asks for no public access
    """
    if said(server, "publicNetworkAccess", "Enabled") == "disabled":
        return None
    if said(server, "publicNetworkAccess") == "securedbyperimeter":
        return Unknown(f"{server.name} is guarded by a network security perimeter, whose rules are not read")
    if max_addresses == 0:
        return f"{server.name} has public network access on"
    open_to = [wide for name, first, last in _ranges(server) if (wide := _wide(name, first, last, max_addresses))]
    return f"{server.name} is open to {some(sorted(open_to))}" if open_to else None


def _ranges(server: Resource) -> Iterator[tuple[str, str, str]]:
    """Name, first and last address of each rule of the server's firewall."""
    for rule in server.fact("firewallRules"):
        yield rule["name"], rule["startIpAddress"], rule["endIpAddress"]
    for rule in server.fact("ipv6FirewallRules"):
        yield rule["name"], rule["startIPv6Address"], rule["endIPv6Address"]


def _wide(name: str, first: str, last: str, most: int) -> str | None:
    """Whom a rule admits, if that is more than somebody holds."""
    if first == last == "0.0.0.0":  # noqa: S104 - the platform's own sign for all of its customers
        return f"every Azure customer by rule {name}"
    return f"{first} to {last} by rule {name}" if holds(first, last) > most else None


@check(
    on="azure.sql.server",
    severity="medium",
    version=1,
    needs=("azureADOnlyAuthentication",),
    fix="Set a directory administrator on the server, move applications to directory sign-in, then allow only that.",
)
def azure_sql_entra_only(server: Resource) -> Answer:
    """SQL servers accept directory sign-in only.

    A password kept in the database knows no second factor, no leaver process and no sign-in log. A server without a directory
    administrator can have no other accounts.
    """
    if server.fact("azureADOnlyAuthentication"):
        return None
    return f"{server.name} accepts sign-in with passwords of its own"


@check(
    on="azure.sql.server",
    severity="medium",
    version=1,
    needs=("auditingState", "isAzureMonitorTargetEnabled", "retentionDays", "storageEndpoint"),
    fix="Turn auditing on for the server, to a Log Analytics workspace or to storage with the required retention.",
)
def azure_sql_auditing(server: Resource, *, min_days: int = 90) -> Answer:
    """SQL servers record who did what, for the required days.

    Without an audit trail nobody can tell which rows an intruder read. Records in storage are kept for the days that the
    setting names, 0 for ever; those in a workspace for as long as the workspace keeps its logs.

    `min_days`: how many days records in storage must be kept
    """
    if said(server, "auditingState") != "enabled":
        return f"{server.name} keeps no audit trail"
    if server.fact("isAzureMonitorTargetEnabled") is True:
        return None
    if not server.fact("storageEndpoint"):
        return f"{server.name} has auditing on and nowhere to write to"
    days = server.fact("retentionDays")
    if days is None:
        return Unknown(f"{server.name} does not say for how many days storage keeps its audit trail")
    return f"{server.name} keeps its audit trail for {days} days; {min_days} are required" if 0 < days < min_days else None


@check(
    on="azure.sql.database",
    severity="high",
    version=1,
    needs=("transparentDataEncryption",),
    fix="Turn transparent data encryption on for the database.",
)
def azure_sql_tde(database: Resource) -> Answer:
    """SQL databases are encrypted at rest.

    The files, logs and backups of a database without it can be read by whoever obtains a copy. The system database
    `master`, which the platform keeps, cannot be encrypted so.
    """
    if database.name == "master":
        return NotApplicable("master is the platform's own database")
    return None if said(database, "transparentDataEncryption") == "enabled" else f"{database.name} is not encrypted at rest"
