"""Backups: which machines have a recent recovery point."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.checks.azure.scene import NOW, asked

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

COVERAGE = "azure_backup_vm_coverage"
MACHINE = "Microsoft.Compute/virtualMachines"
ITEM = "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems"
CRITICAL = {"Criticality": "High"}


def machine(azure: "Cloud", tags: dict[str, str], hours: int | None = None, vault: str = "main", **item: Any) -> None:
    """A machine, and a backup of it of some hours ago; `None`: it has none."""
    uid = azure.add(MACHINE, "web", tags=tags)
    if hours is not None:
        point = {"lastRecoveryPoint": (NOW - timedelta(hours=hours)).isoformat(), "protectionState": "Protected"}
        name = f"{vault}/Azure/IaasVMContainer;iaasvmcontainerv2;main;web/VM;iaasvmcontainerv2;main;web"
        azure.add(ITEM, name, properties={"sourceResourceId": uid.upper(), **point, **item})


@pytest.mark.parametrize("tags", [CRITICAL, {}, {"criticality": "low"}])
def test_a_machine_with_a_recent_recovery_point_passes(azure: "Cloud", tags: dict[str, str]) -> None:
    machine(azure, tags, hours=48)
    assert asked(azure, COVERAGE).status(COVERAGE, "/web") == "pass"


@pytest.mark.parametrize(
    ("tags", "hours", "item", "status", "words"),
    [
        (CRITICAL, None, {}, "fail", "web is critical and not backed up"),
        (CRITICAL, 49, {}, "fail", "has no recovery point since 2026-05-02T11:00:00Z"),
        (CRITICAL, 1, {"protectionState": "ProtectionStopped"}, "fail", "not backed up"),
        (CRITICAL, 1, {"isScheduledForDeferredDelete": True}, "fail", "not backed up"),
        (CRITICAL, 1, {"lastRecoveryPoint": None}, "fail", "has no recovery point yet"),
        (CRITICAL, -1, {}, "unknown", "lies ahead"),
        (CRITICAL, 1, {"lastRecoveryPoint": "yesterday"}, "unknown", "is not a time"),
        ({}, None, {}, "unknown", "no tag criticality"),
        ({"criticality": "low"}, None, {}, "not_applicable", ""),
    ],
)
def test_a_machine_without_one_is_judged_by_how_critical_it_is(
    azure: "Cloud", tags: dict[str, str], hours: int | None, item: dict[str, Any], status: str, words: str
) -> None:
    machine(azure, tags, hours, **item)
    seen = asked(azure, COVERAGE)
    assert seen.status(COVERAGE, "/web") == status
    assert words in seen.reason(COVERAGE, "/web")


def test_the_newest_of_several_backups_counts(azure: "Cloud") -> None:
    machine(azure, CRITICAL, hours=400, vault="old")
    machine(azure, CRITICAL, hours=4)
    assert asked(azure, COVERAGE).status(COVERAGE, "/web") == "pass"


def test_a_backup_that_names_no_source_disturbs_nothing(azure: "Cloud") -> None:
    machine(azure, CRITICAL, hours=4)
    azure.add(ITEM, "main/Azure/storage;files/AzureFileShare;docs", properties={"friendlyName": "docs"})
    assert asked(azure, COVERAGE).status(COVERAGE, "/web") == "pass"


@pytest.mark.parametrize("type_", [MACHINE, ITEM])
def test_backups_that_may_not_be_read_are_unknown(azure: "Cloud", type_: str) -> None:
    machine(azure, CRITICAL, hours=4)
    azure.deny(f"{type_}/read")
    seen = asked(azure, COVERAGE)
    assert {f.status for f in seen.of(COVERAGE)} == {"unknown"}
    assert f"{type_}/read was denied" in seen.of(COVERAGE)[0].reason
