"""Virtual machines and disks."""

from collections.abc import Iterator, Mapping
from typing import Any

from collectors.azure.graph import Row, of_type
from collectors.azure.shaping import observed, only, ordered
from collectors.source import Facet
from evidence_store.records import Json, Observation

MACHINE = Facet(
    "azure.compute.virtual_machine",
    facts=("name", "location", "tags", "storageProfile"),
    optional=(
        "diskControllerType",
        "hardwareProfile",
        "identity",
        "licenseType",
        "networkInterfaces",
        "osName",
        "osVersion",
        "patchSettings",
        "powerState",
        "provisionVMAgent",
        "provisioningState",
        "securityProfile",
        "timeCreated",
        "virtualMachineScaleSet",
        "vmId",
        "zones",
        "disablePasswordAuthentication",
    ),
    lists=True,
)
DISK = Facet(
    "azure.compute.disk",
    facts=("name", "location", "tags", "diskState"),
    optional=(
        "dataAccessAuthMode",
        "diskAccessId",
        "diskSizeGB",
        "encryption",
        "encryptionSettingsCollection",
        "managedBy",
        "networkAccessPolicy",
        "osType",
        "publicNetworkAccess",
        "securityProfile",
        "sku",
        "timeCreated",
        "zones",
    ),
    lists=True,
)


@of_type("Microsoft.Compute/virtualMachines", MACHINE)
def machines(row: Row) -> Iterator[Observation]:
    """Of the operating system's profile only what says how it is run: the rest holds passwords, keys and custom data."""
    yield from observed(MACHINE, row, **_machine(row["properties"]))


def _machine(properties: Mapping[str, Any]) -> dict[str, Json]:
    profile = properties.get("osProfile") or {}
    system = profile.get("linuxConfiguration") or profile.get("windowsConfiguration") or {}
    view = (properties.get("extended") or {}).get("instanceView") or {}
    storage = properties["storageProfile"]
    more: dict[str, Json] = {
        "storageProfile": {
            "imageReference": only(storage.get("imageReference"), "id", "publisher", "offer", "sku", "version"),
            "osDisk": _disk(storage.get("osDisk")),
            "dataDisks": ordered([_disk(disk) or {} for disk in storage.get("dataDisks") or ()], "lun"),
        },
        "networkInterfaces": sorted(
            each["id"].lower() for each in (properties.get("networkProfile") or {}).get("networkInterfaces") or ()
        ),
        "patchSettings": system.get("patchSettings"),
        "provisionVMAgent": system.get("provisionVMAgent"),
        "disablePasswordAuthentication": system.get("disablePasswordAuthentication"),
        "powerState": (view.get("powerState") or {}).get("code"),
        "osName": view.get("osName"),
        "osVersion": view.get("osVersion"),
        "diskControllerType": storage.get("diskControllerType"),
    }
    return more


def _disk(disk: Mapping[str, Any] | None) -> dict[str, Json] | None:
    kept = only(disk, "name", "osType", "lun", "caching", "createOption", "encryptionSettings", "managedDisk", "vhd")
    if kept is not None and isinstance(kept.get("encryptionSettings"), Mapping):
        kept["encryptionSettings"] = only(kept["encryptionSettings"], "enabled")  # beside it stand the places of keys
    return kept


@of_type("Microsoft.Compute/disks", DISK)
def disks(row: Row) -> Iterator[Observation]:
    """Of encryption from within only whether it is on: beside it stand the places of keys."""
    within = row["properties"].get("encryptionSettingsCollection")
    yield from observed(DISK, row, encryptionSettingsCollection=only(within, "enabled"))
