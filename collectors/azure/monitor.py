"""Where logs go: the activity log of each subscription, and the workspaces that keep logs."""

import functools
from collections.abc import Iterator
from types import NoneType
from typing import Any

from collectors.azure.graph import Row, of_type
from collectors.azure.reader import Reader
from collectors.azure.shaping import believed, flag_of, observed, only, ordered, texts_of
from collectors.source import Facet, NotEnabledError, source
from evidence_store.records import Observation

DIAGNOSTIC_SETTING = Facet(
    "azure.insights.diagnostic_setting",
    facts=("name", "logs", "resource"),
    optional=("eventHubAuthorizationRuleId", "eventHubName", "marketplacePartnerId", "storageAccountId", "workspaceId"),
    lists=True,
)
WORKSPACE = Facet(
    "azure.operationalinsights.workspace",
    facts=("name", "location", "tags"),
    optional=(
        "createdDate",
        "defaultDataCollectionRuleResourceId",
        "features",
        "forceCmkForQuery",
        "publicNetworkAccessForIngestion",
        "publicNetworkAccessForQuery",
        "retentionInDays",
        "sku",
        "workspaceCapping",
    ),
    lists=True,
)
ALERT = Facet(
    "azure.insights.activity_log_alert",
    facts=("name", "tags", "enabled", "scopes", "condition", "actions"),
    optional=("description", "location"),
    lists=True,
)
_LOG = ("category", "categoryGroup", "enabled", "retentionPolicy")


@source("arm.Microsoft.Insights/diagnosticSettings", level="account", yields=[DIAGNOSTIC_SETTING])
def diagnostic_settings(read: Reader) -> Iterator[Observation]:
    """Of the subscription itself: what of its activity log is exported, and to where."""
    if read.is_root:
        raise NotEnabledError("the activity log is a subscription's")
    scope = f"/subscriptions/{read.account}"
    shape = functools.partial(_setting, scope)
    for item in read.items(f"{scope}/providers/Microsoft.Insights/diagnosticSettings", "2021-05-01-preview"):
        yield from believed(DIAGNOSTIC_SETTING, "Microsoft.Insights/diagnosticSettings/read", item, shape)


def _setting(scope: str, item: dict[str, Any]) -> Iterator[Observation]:
    logs = [only(each, *_LOG) or {} for each in item["properties"]["logs"]]
    for log in logs:
        flag_of(log, "enabled")
    yield from observed(DIAGNOSTIC_SETTING, item, resource=scope, logs=ordered(logs, "category", "categoryGroup"))


@of_type("Microsoft.OperationalInsights/workspaces", WORKSPACE)
def workspaces(row: Row) -> Iterator[Observation]:
    """Without what was taken in today, which moves with every look."""
    properties = row["properties"]
    yield from observed(
        WORKSPACE,
        row,
        sku=(properties.get("sku") or {}).get("name"),
        workspaceCapping=only(properties.get("workspaceCapping"), "dailyQuotaGb"),
    )


@of_type("Microsoft.Insights/activityLogAlerts", ALERT)
def activity_log_alerts(row: Row) -> Iterator[Observation]:
    """Actions by the group that they call; what is sent along with them is not kept."""
    properties = row["properties"]
    _believe(properties["condition"])
    flag_of(properties, "enabled")
    groups = [each["actionGroupId"].lower() for each in (properties.get("actions") or {}).get("actionGroups") or ()]
    yield from observed(
        ALERT, row, actions=sorted(groups), scopes=sorted(each.lower() for each in properties.get("scopes") or ())
    )


def _believe(condition: Any) -> None:
    """Raise `TypeError` for a condition that is not made of clauses, each of a field and its values or of others."""
    for clause in _clauses((only(condition, "allOf") or {}).get("allOf")):
        for each in (clause, *_clauses(clause.get("anyOf"))):
            texts_of(each.get("containsAny"))
            if not all(isinstance(each.get(name), str | NoneType) for name in ("field", "equals")):
                raise TypeError("a clause that is none")


def _clauses(found: Any) -> list[Any]:
    if found is not None and (not isinstance(found, list) or not all(isinstance(each, dict) for each in found)):
        raise TypeError("clauses that are none")
    return found or []
