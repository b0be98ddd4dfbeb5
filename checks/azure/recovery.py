"""Recovery Services vaults."""

from checks.check import Answer, check
from evidence_store.records import Resource


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
