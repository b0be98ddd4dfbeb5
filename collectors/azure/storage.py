"""Storage accounts, and how their blobs are kept."""

from collections.abc import Iterator
from types import NoneType

from collectors.azure.graph import Row, of_type
from collectors.azure.reader import Reader
from collectors.azure.shaping import flag_of, observed, only, text_of
from collectors.source import Facet, Parent, source
from evidence_store.records import Observation

ACCOUNT = Facet(
    "azure.storage.account",
    facts=("name", "location", "tags", "kind", "sku"),
    optional=(
        "accessTier",
        "allowBlobPublicAccess",
        "allowCrossTenantReplication",
        "allowSharedKeyAccess",
        "allowedCopyScope",
        "creationTime",
        "defaultToOAuthAuthentication",
        "dnsEndpointType",
        "encryption",
        "identity",
        "immutableStorageWithVersioning",
        "isHnsEnabled",
        "isLocalUserEnabled",
        "isNfsV3Enabled",
        "isSftpEnabled",
        "keyCreationTime",
        "keyPolicy",
        "largeFileSharesState",
        "minimumTlsVersion",
        "networkAcls",
        "publicNetworkAccess",
        "sasPolicy",
        "supportsHttpsTrafficOnly",
    ),
    lists=True,
)
BLOBS = Facet(
    "azure.storage.account",
    facts=(),
    optional=(
        "automaticSnapshotPolicyEnabled",
        "changeFeed",
        "containerDeleteRetentionPolicy",
        "cors",
        "defaultServiceVersion",
        "deleteRetentionPolicy",
        "isVersioningEnabled",
        "lastAccessTimeTrackingPolicy",
        "restorePolicy",
    ),
    name="blob_service",
)


@of_type("Microsoft.Storage/storageAccounts", ACCOUNT)
def accounts(row: Row) -> Iterator[Observation]:
    """Every account is of a size and copied in a way that its `sku` names."""
    text_of(row["sku"], "name")
    yield from observed(ACCOUNT, row)


@source(
    "arm.Microsoft.Storage/storageAccounts/blobServices",
    level="account",
    yields=[BLOBS],
    parent="azure.storage.account",
    uses=("kind",),
)
def blob_services(read: Reader, parent: Parent) -> Iterator[Observation]:
    if parent.facts["kind"] == "FileStorage":  # it keeps no blobs
        return
    item = read.document(f"{parent.uid}/blobServices/default", "2023-05-01")
    kept = item["properties"]
    restore = only(kept.get("restorePolicy"), "enabled", "days")  # beside it, times that move
    for policy in (kept.get("deleteRetentionPolicy"), kept.get("containerDeleteRetentionPolicy")):
        if policy is not None and (flag_of(policy, "enabled") and not isinstance(policy.get("days"), int | NoneType)):
            raise TypeError("days that are no number")
    yield from observed(BLOBS, item, parent.uid, restorePolicy=restore)
