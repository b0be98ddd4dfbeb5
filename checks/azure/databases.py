"""PostgreSQL servers and Cosmos DB accounts."""

from checks.check import Answer, Unknown, check
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
