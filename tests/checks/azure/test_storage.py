"""Storage: what is asked of accounts by their tags, and what can be had back after a deletion."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.checks.azure.scene import asked
from tests.collectors.azure.cloud import PROD

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

REDUNDANCY, KEY, SOFT = "azure_storage_redundancy", "azure_storage_customer_key", "azure_storage_soft_delete"
ACCOUNT, BLOBS = "Microsoft.Storage/storageAccounts", "Microsoft.Storage/storageAccounts/blobServices"
OWN_KEY = {"encryption": {"keySource": "Microsoft.Keyvault", "keyvaultproperties": {"keyname": "files"}}}
KEPT = {"enabled": True, "days": 7}
SOUND = {"deleteRetentionPolicy": KEPT, "containerDeleteRetentionPolicy": KEPT, "isVersioningEnabled": True}


@pytest.mark.parametrize(
    ("sku", "tags", "status"),
    [
        ("Standard_ZRS", {}, "pass"),
        ("Standard_GRS", {"criticality": "high"}, "pass"),
        ("Standard_LRS", {"Criticality": "High"}, "fail"),
        ("Premium_LRS", {"criticality": "critical"}, "fail"),
        ("Standard_LRS", {"criticality": "low"}, "not_applicable"),
        ("Standard_LRS", {}, "unknown"),
    ],
)
def test_a_critical_account_is_kept_in_several_places(azure: "Cloud", sku: str, tags: dict[str, str], status: str) -> None:
    azure.add(ACCOUNT, "files", sku={"name": sku}, tags=tags)
    assert asked(azure, REDUNDANCY).status(REDUNDANCY, "/files") == status


@pytest.mark.parametrize("sku", [{"tier": "Standard"}, {"name": None}, "Standard_LRS"])
def test_an_account_whose_copies_are_not_told_is_unknown_and_no_bug(azure: "Cloud", sku: Any) -> None:
    azure.add(ACCOUNT, "files", sku=sku, tags={"criticality": "high"})
    assert asked(azure, REDUNDANCY).status(REDUNDANCY, "/files") == "unknown"


@pytest.mark.parametrize(
    ("properties", "tags", "status"),
    [
        (OWN_KEY, {}, "pass"),
        ({"encryption": {"keySource": "Microsoft.Storage"}}, {"classification": "Confidential"}, "fail"),
        ({}, {"classification": "restricted"}, "fail"),
        ({}, {"classification": "public"}, "not_applicable"),
        ({}, {}, "unknown"),
    ],
    ids=["own", "platform", "unsaid", "harmless", "untagged"],
)
def test_sensitive_data_is_under_a_key_of_ones_own(
    azure: "Cloud", properties: dict[str, Any], tags: dict[str, str], status: str
) -> None:
    azure.add(ACCOUNT, "files", properties=properties, tags=tags)
    assert asked(azure, KEY).status(KEY, "/files") == status


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, ""),
        ({"deleteRetentionPolicy": {"enabled": False}}, "does not keep deleted blobs for 7 days"),
        ({"containerDeleteRetentionPolicy": {"enabled": True, "days": 3}}, "does not keep deleted containers for 7 days"),
        ({"deleteRetentionPolicy": None, "containerDeleteRetentionPolicy": None}, "blobs and containers"),
        ({"isVersioningEnabled": None}, "keeps no earlier versions"),
    ],
    ids=["sound", "off", "short", "unsaid", "no-versions"],
)
def test_what_is_deleted_can_be_had_back(azure: "Cloud", changed: dict[str, Any], words: str) -> None:
    azure.add(ACCOUNT, "files")
    azure.add(BLOBS, "files/default", properties={**SOUND, **changed})
    seen = asked(azure, SOFT)
    assert seen.status(SOFT, "/files") == ("fail" if words else "pass")
    assert words in seen.reason(SOFT, "/files")


def test_an_account_with_folders_knows_no_versions(azure: "Cloud") -> None:
    azure.add(ACCOUNT, "lake", properties={"isHnsEnabled": True})
    azure.add(BLOBS, "lake/default", properties={**SOUND, "isVersioningEnabled": None})
    assert asked(azure, SOFT).status(SOFT, "/lake") == "pass"


def test_an_account_for_file_shares_keeps_no_blobs(azure: "Cloud") -> None:
    azure.add(ACCOUNT, "shares", kind="FileStorage")
    assert asked(azure, SOFT).status(SOFT, "/shares") == "not_applicable"


@pytest.mark.parametrize(("check", "type_"), [(REDUNDANCY, ACCOUNT), (KEY, ACCOUNT), (SOFT, ACCOUNT), (SOFT, BLOBS)])
def test_accounts_that_may_not_be_read_are_unknown(azure: "Cloud", check: str, type_: str) -> None:
    azure.add(ACCOUNT, "files", subscription=PROD)
    azure.deny(f"{type_}/read")
    seen = asked(azure, check)
    assert {f.status for f in seen.of(check)} == {"unknown"}
    assert f"{type_}/read was denied" in seen.of(check)[0].reason
