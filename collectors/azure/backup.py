"""Vaults that keep backups."""

from collections.abc import Iterator

from collectors.azure.graph import Row, of_type
from collectors.azure.shaping import observed
from collectors.source import Facet
from evidence_store.records import Observation

VAULT = Facet(
    "azure.recovery.vault",
    facts=("name", "location", "tags"),
    optional=(
        "encryption",
        "identity",
        "monitoringSettings",
        "publicNetworkAccess",
        "redundancySettings",
        "restoreSettings",
        "securitySettings",
        "sku",
    ),
    lists=True,
)


@of_type("Microsoft.RecoveryServices/vaults", VAULT)
def vaults(row: Row) -> Iterator[Observation]:
    yield from observed(VAULT, row)
