"""Assets that tests put into the inventory, as small as the service makes them."""

from typing import Any

INSTANCE = "compute.googleapis.com/Instance"
BUCKET = "storage.googleapis.com/Bucket"
PROJECT = "cloudresourcemanager.googleapis.com/Project"


def machine(name: str, **more: Any) -> dict[str, Any]:
    """A running machine with one interface."""
    interface = {"name": "nic0", "network": "default", "networkIP": "10.0.0.2", "fingerprint": "f"}
    return {"name": name, "status": "RUNNING", "networkInterfaces": [interface], "fingerprint": "f", **more}


def told(**items: str) -> dict[str, Any]:
    """Metadata of a machine or a project; `_` in a name stands for `-`."""
    return {"items": [{"key": name.replace("_", "-"), "value": value} for name, value in items.items()], "fingerprint": "f"}
