"""SQL databases: how long backups are kept, and where databases go on."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.checks.azure.scene import asked
from tests.collectors.azure.cloud import GONE

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

BACKUP, FAILOVER = "azure_sql_long_term_backup", "azure_sql_failover"
SERVER, DATABASE = "Microsoft.Sql/servers", "Microsoft.Sql/servers/databases"
SHORT, LONG = f"{DATABASE}/backupShortTermRetentionPolicies", f"{DATABASE}/backupLongTermRetentionPolicies"
GROUP = f"{SERVER}/failoverGroups"
NOTHING = {"weeklyRetention": "PT0S", "monthlyRetention": "PT0S", "yearlyRetention": "PT0S", "weekOfYear": 1}
CRITICAL = {"Criticality": "High"}


def database(azure: "Cloud", name: str = "orders", **fields: Any) -> str:
    azure.add(SERVER, "shop")
    return azure.add(DATABASE, f"shop/{name}", **fields)


def kept(azure: "Cloud", days: Any = 7, **copies: Any) -> None:
    database(azure)
    azure.add(SHORT, "shop/orders/default", properties={"retentionDays": days})
    azure.add(LONG, "shop/orders/default", properties={**NOTHING, **copies})


@pytest.mark.parametrize(
    ("days", "copies"),
    [(30, {}), (7, {"weeklyRetention": "P5W"}), (7, {"monthlyRetention": "P1M"}), (35, {"yearlyRetention": "P1Y6M"})],
)
def test_backups_that_are_kept_long_enough_pass(azure: "Cloud", days: int, copies: dict[str, str]) -> None:
    kept(azure, days, **copies)
    assert asked(azure, BACKUP).status(BACKUP, "/orders") == "pass"


@pytest.mark.parametrize(
    ("days", "copies", "words"),
    [
        (7, {}, "keeps backups for 7 days; 30 are required"),
        (7, {"weeklyRetention": "P4W"}, "keeps backups for 28 days"),
        (1, {"yearlyRetention": "P5Y"}, "can be restored to any moment of 1 days; 7 are required"),
    ],
)
def test_backups_that_are_kept_too_short_fail(azure: "Cloud", days: int, copies: dict[str, str], words: str) -> None:
    kept(azure, days, **copies)
    assert words in asked(azure, BACKUP).reason(BACKUP, "/orders")


def test_days_of_backups_are_parameters(azure: "Cloud") -> None:
    kept(azure, 7, yearlyRetention="P1Y1M1W1D")
    assert asked(azure, BACKUP, min_days=403).status(BACKUP, "/orders") == "pass"
    assert asked(azure, BACKUP, min_days=404).status(BACKUP, "/orders") == "fail"
    assert asked(azure, BACKUP, point_in_time_days=8).status(BACKUP, "/orders") == "fail"


@pytest.mark.parametrize("copies", [{"weeklyRetention": "soon"}, {"yearlyRetention": GONE}])
def test_a_retention_that_is_none_is_unknown(azure: "Cloud", copies: dict[str, Any]) -> None:
    kept(azure, 30, **copies)
    assert asked(azure, BACKUP).status(BACKUP, "/orders") == "unknown"


@pytest.mark.parametrize("check", [BACKUP, FAILOVER])
def test_the_platforms_own_database_is_not_judged(azure: "Cloud", check: str) -> None:
    database(azure, "master")
    assert asked(azure, check).status(check, "/master") == "not_applicable"


def grouped(azure: "Cloud", *databases: str) -> None:
    azure.add(
        GROUP, "shop/everywhere", properties={"databases": [uid.upper() for uid in databases], "replicationRole": "Primary"}
    )


def test_a_database_in_two_places_passes(azure: "Cloud") -> None:
    grouped(azure, database(azure, tags=CRITICAL))
    database(azure, "zones", tags=CRITICAL, properties={"zoneRedundant": True})
    seen = asked(azure, FAILOVER)
    assert (seen.status(FAILOVER, "/orders"), seen.status(FAILOVER, "/zones")) == ("pass", "pass")


@pytest.mark.parametrize(("tags", "status"), [(CRITICAL, "fail"), ({"criticality": "low"}, "not_applicable"), ({}, "unknown")])
def test_a_database_in_one_place_is_judged_by_how_critical_it_is(azure: "Cloud", tags: dict[str, str], status: str) -> None:
    grouped(azure, database(azure, "others"))
    database(azure, tags=tags, properties={"zoneRedundant": False})
    assert asked(azure, FAILOVER).status(FAILOVER, "/orders") == status


@pytest.mark.parametrize(
    ("check", "type_"), [(BACKUP, DATABASE), (BACKUP, SHORT), (BACKUP, LONG), (FAILOVER, DATABASE), (FAILOVER, GROUP)]
)
def test_what_may_not_be_read_is_unknown(azure: "Cloud", check: str, type_: str) -> None:
    kept(azure, 30)
    azure.deny(f"{type_}/read")
    seen = asked(azure, check)
    assert {f.status for f in seen.of(check)} == {"unknown"}
    assert f"{type_}/read was denied" in seen.of(check)[0].reason
