"""Recovery Services vaults, and what is backed up in them."""

from datetime import datetime, timedelta

from checks.azure.naming import said
from checks.azure.tagging import plain, tag_of
from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Inventory, Resource, format_time


@check(
    on="azure.recovery.vault",
    severity="high",
    version=1,
    needs=("redundancySettings", "securitySettings"),
    fix="Enable immutability on the vault and lock it; make its storage geo-redundant and turn on cross-region restore.",
)
def azure_backup_immutable(vault: Resource, *, unlocked_is_enough: bool = False, other_region: bool = True) -> Answer:
    """Backups cannot be deleted before their time, and can be restored in another region.

    Whoever means to extort deletes the backups first. Immutability that is not locked can be switched off by the same
    administrator, or by somebody with the administrator's session.

    `unlocked_is_enough`: whether immutability that is on and not locked is enough
    `other_region`: whether backups must be restorable in another region
    """
    settings = (vault.fact("securitySettings") or {}).get("immutabilitySettings") or {}
    state = (settings.get("state") or "Disabled").casefold()
    if state == "disabled":
        return f"{vault.name} lets backups be deleted before their time"
    if state != "locked" and not unlocked_is_enough:
        return f"{vault.name} has immutability on, and not locked"
    redundancy = vault.fact("redundancySettings") or {}
    if other_region and (redundancy.get("crossRegionRestore") or "").casefold() != "enabled":
        return f"{vault.name} can restore backups in its own region only"
    return None


@check(
    on="azure.compute.virtual_machine",
    severity="high",
    version=1,
    needs=("tags",),
    looks_up={
        "azure.recovery.protected_item": (
            "isScheduledForDeferredDelete",
            "lastRecoveryPoint",
            "protectionState",
            "sourceResourceId",
        )
    },
    fix="Enable backup of the machine in a Recovery Services vault, or find out why it lags; tag machines by criticality.",
)
def azure_backup_vm_coverage(
    machine: Resource,
    *,
    at: datetime,
    inventory: Inventory,
    tag: str = "criticality",
    critical: tuple[str, ...] = ("critical", "high"),
    max_age_hours: int = 48,
) -> Answer:
    """Critical machines have a recent recovery point.

    What was not saved cannot be brought back, and a backup that stopped is noticed when it is needed. Which machines are
    critical is the owner's decision, written in a tag. Backups by other means than a Recovery Services vault are not seen.

    `tag`: the tag that says how critical a machine is
    `critical`: the values of it that ask for a backup
    `max_age_hours`: how old the last recovery point may be, in hours
    """
    items = [i for i in inventory.where("azure.recovery.protected_item", sourceResourceId=machine.uid) if not _deleted(i)]
    points = [point for item in items if (point := item.time("lastRecoveryPoint")) is not None]
    if points and at - timedelta(hours=max_age_hours) <= max(points) <= at:
        return None
    criticality = tag_of(machine, tag)
    if criticality is None:
        return Unknown(f"{machine.name} has no recent recovery point and no tag {tag} that says whether it is critical")
    if plain(criticality) not in {plain(word) for word in critical}:
        return NotApplicable(f"{machine.name} is not critical")
    if not items:
        return f"{machine.name} is critical and not backed up"
    if not points:
        return f"{machine.name} is critical and has no recovery point yet"
    if max(points) > at:
        return Unknown(f"{machine.name} has a recovery point of a time that lies ahead: {format_time(max(points))}")
    return f"{machine.name} is critical and has no recovery point since {format_time(max(points))}"


def _deleted(item: Resource) -> bool:
    """Whether the backups of an item wait for their deletion, or no more are made."""
    return item.fact("isScheduledForDeferredDelete") is True or said(item, "protectionState") == "protectionstopped"
