"""Alerts: of which changes and faults somebody is told."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.checks.azure.scene import asked
from tests.collectors.azure.cloud import PROD

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

CHANGES, HEALTH = "azure_activity_alerts", "azure_service_health_alerts"
ALERT = "Microsoft.Insights/activityLogAlerts"
ROLES, RULES = "Microsoft.Authorization/roleAssignments/write", "Microsoft.Network/networkSecurityGroups/write"
REACHED = {"actionGroups": [{"actionGroupId": "/subscriptions/x/actionGroups/operations"}]}


def clause(field: str, value: str) -> dict[str, str]:
    return {"field": field, "equals": value}


def alert(azure: "Cloud", *clauses: dict[str, Any], name: str = "changes", **says: Any) -> None:
    whole = {"enabled": True, "scopes": [f"/subscriptions/{PROD.upper()}/"], "actions": REACHED, **says}
    azure.add(ALERT, name, properties={"condition": {"allOf": list(clauses)}, **whole})


def told(azure: "Cloud", *operations: str) -> str:
    return asked(azure, CHANGES, operations=list(operations)).status(CHANGES, PROD)


def test_alerts_on_each_operation_pass(azure: "Cloud") -> None:
    alert(azure, clause("category", "Administrative"), clause("operationName", ROLES))
    alert(azure, clause("operationName", RULES.lower()), clause("status", "Succeeded"), name="rules")
    assert told(azure, ROLES, RULES) == "pass"
    assert told(azure, ROLES, "Microsoft.Sql/servers/firewallRules/write") == "fail"


@pytest.mark.parametrize(
    "many",
    [
        {"anyOf": [clause("operationName", ROLES), clause("operationName", RULES)]},
        {"field": "operationName", "containsAny": [ROLES, RULES]},
    ],
    ids=["any-of", "contains-any"],
)
def test_one_alert_may_tell_of_several_operations(azure: "Cloud", many: dict[str, Any]) -> None:
    alert(azure, clause("category", "Administrative"), many)
    assert told(azure, ROLES, RULES) == "pass"


@pytest.mark.parametrize(
    ("clauses", "says"),
    [
        ([], {"enabled": False}),
        ([], {"actions": {"actionGroups": []}}),
        ([], {"scopes": [f"/subscriptions/{PROD}/resourceGroups/shop"]}),
        ([clause("resourceGroup", "shop")], {}),
        ([clause("caller", "ann@example.com")], {}),
        ([clause("status", "Failed")], {}),
    ],
    ids=["off", "nobody", "a-part", "a-group", "one-person", "what-failed"],
)
def test_an_alert_that_hears_little_or_reaches_nobody_does_not_count(
    azure: "Cloud", clauses: list[dict[str, str]], says: dict[str, Any]
) -> None:
    alert(azure, clause("operationName", ROLES), *clauses, **says)
    assert told(azure, ROLES) == "fail"


def test_operations_that_nobody_hears_of_are_named(azure: "Cloud") -> None:
    assert ROLES in asked(azure, CHANGES).reason(CHANGES, PROD)


def test_service_health_that_somebody_is_told_of_passes(azure: "Cloud") -> None:
    alert(azure, clause("category", "ServiceHealth"), clause("properties.incidentType", "Maintenance"))
    assert asked(azure, HEALTH).status(HEALTH, PROD) == "pass"


def test_service_health_that_nobody_is_told_of_fails(azure: "Cloud") -> None:
    alert(azure, clause("category", "Administrative"))
    assert asked(azure, HEALTH).status(HEALTH, PROD) == "fail"


@pytest.mark.parametrize("check", [CHANGES, HEALTH])
def test_alerts_that_may_not_be_read_are_unknown(azure: "Cloud", check: str) -> None:
    azure.deny(f"{ALERT}/read")
    seen = asked(azure, check)
    assert {f.status for f in seen.of(check)} == {"unknown"}
    assert f"{ALERT}/read was denied" in seen.of(check)[0].reason
