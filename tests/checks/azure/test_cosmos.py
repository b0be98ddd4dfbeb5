"""Cosmos DB: accounts that can be restored to any moment."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.checks.azure.scene import asked

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

BACKUP = "azure_cosmos_backup"
ACCOUNT = "Microsoft.DocumentDB/databaseAccounts"
CONTINUOUS: dict[str, Any] = {"type": "Continuous", "continuousModeProperties": {"tier": "Continuous30Days"}}
PERIODIC: dict[str, Any] = {"type": "Periodic", "periodicModeProperties": {"backupIntervalInMinutes": 240}}


@pytest.mark.parametrize(
    ("policy", "tags", "status"),
    [
        (CONTINUOUS, {}, "pass"),
        (PERIODIC, {"criticality": "critical"}, "fail"),
        (None, {"Criticality": "high"}, "fail"),
        (PERIODIC, {"criticality": "low"}, "not_applicable"),
        (PERIODIC, {}, "unknown"),
    ],
    ids=["continuous", "periodic", "unsaid", "uncritical", "untagged"],
)
def test_a_critical_account_is_backed_up_continuously(azure: "Cloud", policy: Any, tags: dict[str, str], status: str) -> None:
    azure.add(ACCOUNT, "orders", properties={"backupPolicy": policy}, tags=tags)
    assert asked(azure, BACKUP).status(BACKUP, "/orders") == status


def test_accounts_that_may_not_be_read_are_unknown(azure: "Cloud") -> None:
    azure.deny(f"{ACCOUNT}/read")
    seen = asked(azure, BACKUP)
    assert {f.status for f in seen.of(BACKUP)} == {"unknown"}
    assert f"{ACCOUNT}/read was denied" in seen.of(BACKUP)[0].reason
