"""Container registries."""

from checks.azure.addresses import closed_to_networks
from checks.check import Answer, check
from evidence_store.records import Resource


@check(
    on="azure.containerregistry.registry",
    severity="medium",
    version=1,
    needs=("adminUserEnabled", "anonymousPullEnabled", "networkRuleSet", "publicNetworkAccess"),
    fix="Disable the admin user, give pipelines roles of their own, and turn public network access of the registry off.",
)
def azure_acr_no_admin(registry: Resource) -> Answer:
    """Registries have no admin user, and refuse networks that nobody listed.

    The admin user is one password for all, with the right to replace every image; what runs from the registry runs what was
    put there. Anonymous pull shows the images to everyone.
    """
    if registry.fact("adminUserEnabled") is True:
        return f"{registry.name} has its admin user on"
    if registry.fact("anonymousPullEnabled") is True:
        return f"{registry.name} gives its images to everyone"
    return closed_to_networks(registry, "networkRuleSet")
