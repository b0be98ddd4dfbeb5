"""What the questions to machines share: whose they are, and which metadata hold for them."""

import re

from checks.check import Unknown
from checks.gcp.naming import placed
from evidence_store.records import Inventory, Resource

DEFAULT_ACCOUNT = re.compile(r"\d+-compute@developer\.gserviceaccount\.com")


def is_cluster_node(instance: Resource) -> bool:
    """Whether a machine is a node of a cluster: the cluster makes, upgrades and replaces it."""
    return "goog-gke-node" in (instance.fact("labels") or {})


def is_windows(instance: Resource) -> bool:
    """Whether a machine boots Windows, by what its disks say."""
    disks = instance.fact("disks") or ()
    return any(
        any(feature.get("type") == "WINDOWS" for feature in disk.get("guestOsFeatures") or ())
        or any("/windows" in name for name in disk.get("licenses") or ())
        for disk in disks
    )


def setting(instance: Resource, name: str, inventory: Inventory) -> bool | Unknown:
    """Whether a metadata switch is on for a machine: its own value, else that of its project; unset is off.

    `Unknown` where it hangs on the project's metadata, and the inventory does not have them.
    """
    own = instance.fact(name)
    if own is not None:
        return bool(own)
    projects = list(inventory.where("gcp.compute.project"))
    if not projects:
        return Unknown(f"{placed(instance)} may have {name} from its project, whose metadata the inventory does not have")
    return any(project.fact(name) for project in projects)
