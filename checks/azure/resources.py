"""What is asked of resources whatever they are: whose they are, and how sensitive."""

from checks.azure.naming import lowered
from checks.azure.tagging import plain, tag_of
from checks.check import Answer, NotApplicable, check
from evidence_store.records import Resource


@check(
    on="azure.resource",
    severity="medium",
    version=1,
    needs=("managedBy", "tags", "type"),
    fix="Tag the resource with its owner; have a policy ask for the tag, or inherit it from the resource group.",
)
def azure_resource_owner_tag(
    resource: Resource,
    *,
    tag: str = "owner",
    exempt: tuple[str, ...] = (
        "Microsoft.Compute/virtualMachines/extensions",
        "Microsoft.Insights/actionGroups",
        "Microsoft.Network/networkWatchers",
        "Microsoft.Network/networkWatchers/flowLogs",
        "Microsoft.OperationsManagement/solutions",
    ),
) -> Answer:
    """Resources carry a tag that names their owner.

    What nobody owns, nobody patches, reviews or switches off. Whether the person named still works here stands in the
    directory, which is not read. What the platform itself made beside other resources is left out.

    `tag`: the tag that names the owner
    `exempt`: types of resources that need no owner of their own
    """
    if resource.fact("type").casefold() in lowered(exempt):
        return NotApplicable(f"{resource.name} is a {resource.fact('type')}, which needs no owner of its own")
    if resource.fact("managedBy"):
        return NotApplicable(f"{resource.name} is managed by another resource")
    return None if tag_of(resource, tag) else f"{resource.name} ({resource.fact('type')}) has no tag {tag}"


@check(
    on="azure.storage.account",
    also_on=(
        "azure.dbforpostgresql.flexible_server",
        "azure.documentdb.database_account",
        "azure.sql.database",
    ),
    severity="medium",
    version=1,
    needs=("tags",),
    fix="Tag the data store with a class of the scheme; have a policy refuse stores without one.",
)
def azure_resource_classification_tag(
    store: Resource,
    *,
    tag: str = "classification",
    scheme: tuple[str, ...] = ("public", "internal", "confidential", "restricted"),
) -> Answer:
    """Data stores carry a classification tag from the scheme.

    Rules for data of a class can only be kept where the class is known. Asked of storage accounts and databases; the system
    database `master` is the platform's.

    `tag`: the tag that carries the class
    `scheme`: the classes that there are
    """
    if store.type == "azure.sql.database" and store.name == "master":
        return NotApplicable("master is the platform's own database")
    found = tag_of(store, tag)
    if found is None:
        return f"{store.name} has no tag {tag}"
    if plain(found) not in {plain(name) for name in scheme}:
        return f"{store.name} has the class {found}, which is not in the scheme"
    return None
