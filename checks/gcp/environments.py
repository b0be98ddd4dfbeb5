"""Whether a policy holds for production: by the label of its project, or of the projects below its folder."""

from enum import Enum

from checks.gcp.hierarchy import PREFIX
from checks.gcp.labels import label_of, named
from checks.gcp.policies import node_of
from evidence_store.records import Inventory, Resource

# What a check that uses this looks up.
PROJECTS = {"gcp.project": ("ancestors", "labels", "projectId")}


class Standing(Enum):
    """What a place is for."""

    PRODUCTION = "production"
    OTHER = "other"
    UNSAID = "unsaid"


def standing_of(policy: Resource, inventory: Inventory, label: str, production: tuple[str, ...]) -> Standing:
    """What a policy's place is for. The organization is production: whatever comes into it later is below it."""
    node = node_of(policy)
    if node == "organization":
        return Standing.PRODUCTION
    if node == "folder":
        number = policy.uid.removeprefix(PREFIX)
        projects = [p for p in inventory.where("gcp.project") if number in (p.fact("ancestors") or ())]
    else:
        projects = list(inventory.where("gcp.project", projectId=policy.scope.account))
    found = {_of(project, label, production) for project in projects}
    for worst in (Standing.PRODUCTION, Standing.UNSAID):
        if worst in found:
            return worst
    if not found and node is None:
        return Standing.PRODUCTION  # a resource of the organization itself
    return Standing.OTHER if found or node == "folder" else Standing.UNSAID


def _of(project: Resource, label: str, production: tuple[str, ...]) -> Standing:
    value = label_of(project, label)
    if value is None:
        return Standing.UNSAID
    return Standing.PRODUCTION if named(value, production) else Standing.OTHER
