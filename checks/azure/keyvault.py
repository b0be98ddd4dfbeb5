"""Key vaults."""

from checks.azure.addresses import closed_to_networks
from checks.check import Answer, check
from evidence_store.records import Resource


@check(
    on="azure.keyvault.vault",
    severity="high",
    version=1,
    needs=("enablePurgeProtection", "enableSoftDelete"),
    fix="Enable purge protection on the vault; it cannot be turned off again.",
)
def azure_keyvault_purge_protection(vault: Resource) -> Answer:
    """Deleted vaults, keys and secrets can be brought back for their whole retention period.

    Whoever deletes a key and purges it destroys all that was encrypted with it. Without purge protection an administrator,
    or someone with an administrator's session, can do both at once.
    """
    if vault.fact("enableSoftDelete") is False:
        return f"{vault.name} deletes keys and secrets at once: soft delete is off"
    if vault.fact("enablePurgeProtection") is not True:
        return f"{vault.name} lets deleted keys and secrets be purged before their time"
    return None


@check(
    on="azure.keyvault.vault",
    severity="medium",
    version=1,
    needs=("enableRbacAuthorization",),
    fix="Give each reader a role on the vault, then set its permission model to role-based access control.",
)
def azure_keyvault_rbac(vault: Resource) -> Answer:
    """Access to vaults is granted by roles, not by access policies of the vault.

    Access policies stand outside the roles of the subscription: reviews do not show them, they cannot be limited to one
    key or secret, and a contributor of the vault can write one for itself.
    """
    if vault.fact("enableRbacAuthorization") is True:
        return None
    return f"{vault.name} grants access by its own access policies"


@check(
    on="azure.keyvault.vault",
    severity="medium",
    version=1,
    needs=("publicNetworkAccess", "networkAcls"),
    fix="Turn public network access of the vault off, or set the default action of its firewall to deny and list who may come.",
)
def azure_keyvault_network(vault: Resource) -> Answer:
    """Key vaults refuse networks that nobody listed.

    A stolen token opens a vault from anywhere, unless the vault only talks to known networks. A vault without rules talks to
    every network; a listed block wider than anyone holds counts as every network.
    """
    return closed_to_networks(vault, "networkAcls")
