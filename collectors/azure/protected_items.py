"""What is backed up in Recovery Services vaults, and how its last backup went."""

from collections.abc import Iterator

from collectors.azure.graph import RECOVERY, Row, of_type
from collectors.azure.shaping import observed
from collectors.source import Facet
from evidence_store.records import Observation

ITEM = Facet(
    "azure.recovery.protected_item",
    facts=("sourceResourceId",),
    optional=("backupManagementType", "friendlyName", "isScheduledForDeferredDelete", "policyName", "protectionState"),
    lists=True,
)
LAST = Facet(
    "azure.recovery.protected_item",
    facts=(),
    optional=("lastBackupStatus", "lastBackupTime", "lastRecoveryPoint"),
    name="last",
)


@of_type("Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems", ITEM, LAST, table=RECOVERY)
def protected_items(row: Row) -> Iterator[Observation]:
    """The source's id in lower case, so that it can be looked up; a share or database within a server has none of its own."""
    source = row["properties"].get("sourceResourceId")
    yield from observed(ITEM, row, sourceResourceId=source.lower() if source else None)
    yield from observed(LAST, row)
