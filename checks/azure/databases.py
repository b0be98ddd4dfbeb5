"""PostgreSQL servers and Cosmos DB accounts."""

from checks.azure.tagging import plain, tag_of
from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Resource


@check(
    on="azure.dbforpostgresql.flexible_server",
    severity="high",
    version=1,
    needs=("network", "parameters"),
    fix="Set require_secure_transport on; move the server into a network of yours or turn its public access off.",
)
def azure_postgres_tls(server: Resource) -> Answer:
    """PostgreSQL servers refuse clear text and public networks.

    A client that is not made to encrypt will sooner or later not do so, and its password crosses the network in the clear. A
    server with a public address is one firewall rule away from everyone.
    """
    forced = server.fact("parameters")["require_secure_transport"]
    if forced is None:
        return Unknown(f"{server.name} does not say whether it refuses clear text")
    if forced.casefold() not in {"on", "true", "1"}:
        return f"{server.name} lets clients connect in clear text"
    network = server.fact("network") or {}
    if network.get("delegatedSubnetResourceId") or (network.get("publicNetworkAccess") or "").casefold() == "disabled":
        return None
    return f"{server.name} has a public address"


@check(
    on="azure.documentdb.database_account",
    severity="medium",
    version=1,
    needs=("disableLocalAuth",),
    fix="Move clients to sign-in through the directory, then set disableLocalAuth to true on the account.",
)
def azure_cosmos_keys_off(account: Resource) -> Answer:
    """Cosmos DB accounts refuse sign-in with their keys.

    An account key opens all the data, belongs to nobody and does not expire. An account that says nothing accepts its keys.
    """
    return None if account.fact("disableLocalAuth") is True else f"{account.name} accepts its keys"


@check(
    on="azure.documentdb.database_account",
    severity="medium",
    version=1,
    needs=("backupPolicy", "tags"),
    fix="Move the account to continuous backup; tag accounts by how critical they are.",
)
def azure_cosmos_backup(
    account: Resource, *, tag: str = "criticality", critical: tuple[str, ...] = ("critical", "high")
) -> Answer:
    """Critical Cosmos DB accounts can be restored to any moment.

    Periodic backups go back to the last copy, by hours, and only the provider can restore them. Which accounts are critical
    is the owner's decision, written in a tag.

    `tag`: the tag that says how critical an account is
    `critical`: the values of it that ask for continuous backup
    """
    if ((account.fact("backupPolicy") or {}).get("type") or "").casefold() == "continuous":
        return None
    criticality = tag_of(account, tag)
    if criticality is None:
        return Unknown(f"{account.name} is not backed up continuously and has no tag {tag} that says whether it is critical")
    if plain(criticality) not in {plain(word) for word in critical}:
        return NotApplicable(f"{account.name} is not critical")
    return f"{account.name} is critical and backed up now and then only"
