"""Key vaults: who may reach them, how they authorise, and whether what is deleted can be had back."""

from collections.abc import Iterator, Mapping
from typing import Any

from collectors.azure.graph import Row, of_type
from collectors.azure.shaping import observed
from collectors.source import Facet
from evidence_store.records import Json, Observation

VAULT = Facet(
    "azure.keyvault.vault",
    facts=("name", "location", "tags"),
    optional=(
        "accessPolicies",
        "enablePurgeProtection",
        "enableRbacAuthorization",
        "enableSoftDelete",
        "enabledForDeployment",
        "enabledForDiskEncryption",
        "enabledForTemplateDeployment",
        "networkAcls",
        "privateEndpointConnections",
        "publicNetworkAccess",
        "sku",
        "softDeleteRetentionInDays",
        "tenantId",
        "vaultUri",
    ),
    lists=True,
)


@of_type("Microsoft.KeyVault/vaults", VAULT)
def vaults(row: Row) -> Iterator[Observation]:
    properties = row["properties"]
    more: dict[str, Json] = {"sku": (properties.get("sku") or {}).get("name")}
    policies = properties.get("accessPolicies")
    if policies is not None:
        more["accessPolicies"] = sorted((_policy(each) for each in policies), key=lambda each: (each["objectId"], str(each)))
    connections = properties.get("privateEndpointConnections")
    if connections is not None:
        more["privateEndpointConnections"] = sorted(_state(each) for each in connections)
    yield from observed(VAULT, row, **more)


def _policy(policy: Mapping[str, Any]) -> dict[str, Json]:
    held = {kind: sorted(names or ()) for kind, names in sorted(policy["permissions"].items())}
    return {"objectId": policy["objectId"], "permissions": held}


def _state(connection: Mapping[str, Any]) -> str:
    state = (connection.get("properties") or {}).get("privateLinkServiceConnectionState") or {}
    return str(state.get("status") or "Unknown")
