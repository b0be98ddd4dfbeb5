"""The same of what is looked up for a subscription, and of what is read of each server: every odd one in a place of its own."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from checks.check import checks
from tests.collectors.azure.cloud import GROUP, TENANT
from tests.harness import look
from tests.odd import ODD, paths, replaced

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

_BENCHMARK = "/providers/Microsoft.Authorization/policySetDefinitions/1f3afdf9-d0c9-4c3d-847f-89da613e70a8"
_LOCATIONS = "/providers/Microsoft.Authorization/policyDefinitions/e56962a6-4747-49cd-b67b-bf8b01975c4c"
_SELECTORS = [{"name": "s", "selectors": [{"kind": "resourceLocation", "in": ["westeurope"]}]}]
_BASELINE = {
    "policyDefinitionId": _BENCHMARK,
    "enforcementMode": "Default",
    "notScopes": ["/subscriptions/x/resourceGroups/y"],
    "overrides": [
        {"kind": "policyEffect", "value": "Disabled", "selectors": [{"kind": "policyDefinitionReferenceId", "in": ["a"]}]}
    ],
    "parameters": {"effect": {"value": "Audit"}},
    "resourceSelectors": _SELECTORS,
}
_CONDITION = {
    "allOf": [
        {"field": "category", "equals": "Administrative"},
        {"anyOf": [{"field": "operationName", "containsAny": ["Microsoft.Sql/servers/firewallRules/write"]}]},
    ]
}
# Of a subscription: what a check of it looks up.
LOOKED_UP: dict[str, tuple[str, str, dict[str, Any]]] = {
    "baseline": ("Microsoft.Authorization/policyAssignments", "baseline", _BASELINE),
    "locations": (
        "Microsoft.Authorization/policyAssignments",
        "locations",
        {**_BASELINE, "policyDefinitionId": _LOCATIONS, "parameters": {"listOfAllowedLocations": {"value": ["westeurope"]}}},
    ),
    "role": (
        "Microsoft.Authorization/roleAssignments",
        "eeeeeeee-0000-4000-8000-000000000001",
        {
            "roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
            "principalId": "00000000-0000-4000-8000-000000000007",
            "principalType": "User",
            "condition": "x",
        },
    ),
    "exemption": (
        "Microsoft.Authorization/policyExemptions",
        "exemption",
        {
            "policyAssignmentId": "/subscriptions/x/providers/Microsoft.Authorization/policyAssignments/baseline",
            "exemptionCategory": "Waiver",
            "displayName": "e",
            "description": "because",
            "expiresOn": "2027-01-01T00:00:00Z",
            "policyDefinitionReferenceIds": ["a"],
            "resourceSelectors": _SELECTORS,
        },
    ),
    "alert": (
        "Microsoft.Insights/activityLogAlerts",
        "alert",
        {
            "enabled": True,
            "scopes": ["/subscriptions/x"],
            "condition": _CONDITION,
            "actions": {"actionGroups": [{"actionGroupId": "/subscriptions/x/a"}]},
        },
    ),
    "servers": (
        "Microsoft.Security/pricings",
        "VirtualMachines",
        {"pricingTier": "Standard", "subPlan": "P2", "resourcesCoverageStatus": "FullyCovered"},
    ),
    "storage": (
        "Microsoft.Security/pricings",
        "StorageAccounts",
        {"pricingTier": "Standard", "extensions": [{"name": "OnUploadMalwareScanning", "isEnabled": "True"}]},
    ),
    "log": (
        "Microsoft.Insights/diagnosticSettings",
        "log",
        {"workspaceId": "/w", "logs": [{"category": "Policy", "categoryGroup": None, "enabled": True}]},
    ),
}


TYPES = {
    "alert": "azure.insights.activity_log_alert",
    "baseline": "azure.policy.assignment",
    "exemption": "azure.policy.exemption",
    "locations": "azure.policy.assignment",
    "log": "azure.insights.diagnostic_setting",
    "role": "azure.authorization.role_assignment",
    "servers": "azure.security.pricing",
    "storage": "azure.security.pricing",
}


@pytest.mark.parametrize("what", LOOKED_UP)
def test_what_a_subscription_looks_up_is_never_taken_for_a_bug(azure: "Cloud", what: str) -> None:
    azure.page = 1000
    type_, name, sound = LOOKED_UP[what]
    for number, (path, odd) in enumerate([(path, odd) for path in paths(sound) for odd in ODD]):
        subscription = f"bbbbbbbb-0000-4000-8000-{number:012d}"
        azure.states[subscription] = "Enabled"
        azure.grants[subscription] = [{"actions": ["*/read"], "notActions": []}]
        chain = [{"name": GROUP, "displayName": "Annexa"}, {"name": TENANT, "displayName": "Tenant Root Group"}]
        azure.add(f"/subscriptions/{subscription}", properties={"managementGroupAncestorsChain": chain})
        own = json.loads(json.dumps(sound).replace("/subscriptions/x", f"/subscriptions/{subscription}"))
        if what == "exemption":
            baseline = {**_BASELINE, "overrides": [], "notScopes": [], "resourceSelectors": []}
            azure.add("Microsoft.Authorization/policyAssignments", "baseline", subscription=subscription, properties=baseline)
        azure.add(type_, name, subscription=subscription, properties=replaced(own, path, odd))
    asked = [check.id for check in checks().values() if TYPES[what] in check.types]
    found = look(azure.connect(), *asked, at=datetime(2026, 5, 4, tzinfo=UTC)).findings
    assert sorted({f"{f.check} {f.reason}" for f in found if f.status == "error"}) == []
    assert any(f.status == "unknown" and "unexpected shape" in f.reason for f in found)


# Of a resource: its type, and what Resource Manager is asked for beside it.
SERVER, DATABASE = "Microsoft.Sql/servers", "Microsoft.Sql/servers/databases"
READ_BESIDE: dict[str, tuple[str, str, dict[str, Any]]] = {
    "firewall": (SERVER, "firewallRules/r", {"startIpAddress": "10.0.0.1", "endIpAddress": "10.0.0.9"}),
    "firewall 6": (SERVER, "ipv6FirewallRules/r", {"startIPv6Address": "2001:db8::", "endIPv6Address": "2001:db8::1"}),
    "sign-in": (SERVER, "azureADOnlyAuthentications/Default", {"azureADOnlyAuthentication": True}),
    "auditing": (
        SERVER,
        "auditingSettings/default",
        {"state": "Enabled", "storageEndpoint": "https://x", "retentionDays": 90, "auditActionsAndGroups": ["A"]},
    ),
    "failover": (SERVER, "failoverGroups/g", {"databases": ["/d"], "replicationRole": "Primary"}),
    "encryption": (DATABASE, "transparentDataEncryption/current", {"state": "Enabled"}),
    "short": (DATABASE, "backupShortTermRetentionPolicies/default", {"retentionDays": 7}),
    "long": (
        DATABASE,
        "backupLongTermRetentionPolicies/default",
        {"weeklyRetention": "P5W", "monthlyRetention": "PT0S", "yearlyRetention": "P1Y"},
    ),
    "parameters": (
        "Microsoft.DBforPostgreSQL/flexibleServers",
        "configurations/require_secure_transport",
        {"value": "ON"},
    ),
    "blobs": (
        "Microsoft.Storage/storageAccounts",
        "blobServices/default",
        {
            "isVersioningEnabled": True,
            "deleteRetentionPolicy": {"enabled": True, "days": 7},
            "containerDeleteRetentionPolicy": {"enabled": True, "days": 7},
        },
    ),
    "configuration": (
        "Microsoft.Web/sites",
        "config/web",
        {"MinTlsVersion": "1.2", "ScmMinTlsVersion": "1.2", "FtpsState": "Disabled", "LinuxFxVersion": "PYTHON|3.12"},
    ),
    "assessment": (
        "Microsoft.Compute/virtualMachines",
        "patchAssessmentResults/latest",
        {
            "status": "Succeeded",
            "lastModifiedDateTime": "2026-05-01T04:05:00Z",
            "availablePatchCountByClassification": {"security": 0, "critical": 1},
            "errorDetails": {"code": "x"},
        },
    ),
    "update": (
        "Microsoft.Compute/virtualMachines",
        "patchAssessmentResults/latest/softwarePatches/p",
        {"patchName": "openssl", "classifications": ["Security"], "publishedDateTime": "2026-04-01T00:00:00Z"},
    ),
}


@pytest.mark.parametrize("what", READ_BESIDE)
def test_what_is_read_beside_a_resource_is_never_taken_for_a_bug(azure: "Cloud", what: str) -> None:
    azure.page = 1000
    type_, below, sound = READ_BESIDE[what]
    spoilt = [(path, odd) for path in paths(sound) for odd in ODD]
    for number, (path, odd) in enumerate(spoilt):
        name = f"s/odd{number}" if type_ == DATABASE else f"odd{number}"
        held = azure.add(type_, name, properties={"httpsOnly": True} if what == "configuration" else {})
        if what == "update":
            azure.assess(held, availablePatchCountByClassification={"security": 1}, status="Succeeded")
        if what == "failover":
            azure.add(DATABASE, f"odd{number}/database")
        azure.add(f"{held}/{below}", properties=replaced(sound, path, odd))
    asked = [check.id for check in checks().values() if f"azure.{_NAMES[type_]}" in check.types]
    found = look(azure.connect(), *asked, at=datetime(2026, 5, 4, tzinfo=UTC)).findings
    assert sorted({f"{f.check} {f.reason}" for f in found if f.status == "error"}) == []
    assert any(f.status == "unknown" and "unexpected shape" in f.reason for f in found)


_NAMES = {
    SERVER: "sql.server",
    DATABASE: "sql.database",
    "Microsoft.Compute/virtualMachines": "compute.virtual_machine",
    "Microsoft.DBforPostgreSQL/flexibleServers": "dbforpostgresql.flexible_server",
    "Microsoft.Storage/storageAccounts": "storage.account",
    "Microsoft.Web/sites": "web.site",
}
