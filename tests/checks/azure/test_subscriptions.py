"""Subscriptions: where their activity log goes, what protects their servers, which baseline holds."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.checks.azure.scene import NOW, asked
from tests.collectors.azure.cloud import GROUP, PROD, TENANT, TEST
from tests.harness import look

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

LOG, SERVERS, BASELINE = "azure_activity_log_export", "azure_defender_servers", "azure_policy_baseline_assigned"
MALWARE, SPLIT = "azure_defender_storage_malware", "azure_mgmt_group_env_split"
SETTING, PRICING = "Microsoft.Insights/diagnosticSettings", "Microsoft.Security/pricings"
ASSIGNMENT = "Microsoft.Authorization/policyAssignments"
BENCHMARK = "/providers/Microsoft.Authorization/policySetDefinitions/1F3AFDF9-d0c9-4c3d-847f-89da613e70a8"
WORKSPACE = "/subscriptions/x/resourceGroups/logs/providers/Microsoft.OperationalInsights/workspaces/logs"
ONE = f"/subscriptions/{PROD}"
ABOVE = f"/providers/Microsoft.Management/managementGroups/{GROUP}"
SUBSCRIPTION = "Microsoft.Resources/subscriptions"
WANTED = ("Administrative", "Policy", "Security")


def setting(azure: "Cloud", name: str, *categories: str, **says: Any) -> None:
    logs = [{"category": category, "enabled": True} for category in categories]
    azure.add(f"{ONE}/providers/{SETTING}/{name}", properties={"logs": logs, **says})


def status(azure: "Cloud", check: str, **parameters: Any) -> str:
    return asked(azure, check, **parameters).status(check, PROD)


def reason(azure: "Cloud", check: str) -> str:
    return asked(azure, check).reason(check, PROD)


def test_an_activity_log_that_is_sent_whole_passes(azure: "Cloud") -> None:
    setting(azure, "logs", *WANTED, workspaceId=WORKSPACE)
    assert status(azure, LOG) == "pass"


def test_settings_are_read_together(azure: "Cloud") -> None:
    setting(azure, "one", "Administrative", "Policy", storageAccountId="/subscriptions/x/files")
    setting(azure, "two", "security", eventHubAuthorizationRuleId="/subscriptions/x/hub")
    assert status(azure, LOG) == "pass"


def test_a_setting_for_all_logs_passes(azure: "Cloud") -> None:
    logs = [{"categoryGroup": "allLogs", "enabled": True}]
    azure.add(f"{ONE}/providers/{SETTING}/all", properties={"logs": logs, "workspaceId": WORKSPACE})
    assert status(azure, LOG) == "pass"


@pytest.mark.parametrize(
    ("logs", "says", "missing"),
    [
        ([], {"workspaceId": WORKSPACE}, "Administrative, Policy, Security"),
        ([{"category": c, "enabled": True} for c in WANTED], {}, "Administrative, Policy, Security"),
        ([{"category": c, "enabled": c != "Policy"} for c in WANTED], {"workspaceId": WORKSPACE}, "Policy"),
    ],
    ids=["nothing", "nowhere", "one-off"],
)
def test_categories_that_are_not_sent_fail(azure: "Cloud", logs: list[Any], says: dict[str, Any], missing: str) -> None:
    azure.add(f"{ONE}/providers/{SETTING}/logs", properties={"logs": logs, **says})
    assert reason(azure, LOG).endswith(f"does not send its activity log on: {missing}")


def test_a_subscription_without_settings_fails(azure: "Cloud") -> None:
    assert status(azure, LOG) == "fail"


def plan(azure: "Cloud", **says: Any) -> None:
    azure.add(f"{ONE}/providers/{PRICING}/VirtualMachines", properties=says)


@pytest.mark.parametrize(
    "says",
    [
        {"pricingTier": "Standard"},
        {"pricingTier": "Standard", "subPlan": "P1", "resourcesCoverageStatus": "FullyCovered"},
        {"pricingTier": "standard", "subPlan": "P2"},
    ],
)
def test_a_subscription_whose_servers_are_watched_passes(azure: "Cloud", says: dict[str, Any]) -> None:
    plan(azure, **says)
    assert status(azure, SERVERS) == "pass"


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ({"pricingTier": "Free"}, "has no threat protection of servers"),
        (
            {"pricingTier": "Standard", "subPlan": "P1", "resourcesCoverageStatus": "PartiallyCovered"},
            "leaves some servers out",
        ),
    ],
)
def test_servers_that_are_not_watched_fail(azure: "Cloud", says: dict[str, Any], words: str) -> None:
    plan(azure, **says)
    assert words in reason(azure, SERVERS)


def test_which_plans_are_enough_is_a_parameter(azure: "Cloud") -> None:
    plan(azure, pricingTier="Standard", subPlan="P1")
    assert status(azure, SERVERS, plans=["P2"]) == "fail"


def test_a_subscription_that_names_no_plan_is_unknown(azure: "Cloud") -> None:
    assert status(azure, SERVERS) == "unknown"


@pytest.mark.parametrize(
    ("tier", "extensions", "status"),
    [
        ("Standard", [{"name": "OnUploadMalwareScanning", "isEnabled": "True"}], "pass"),
        ("Standard", [{"name": "OnUploadMalwareScanning", "isEnabled": "False"}], "fail"),
        ("Standard", [{"name": "SensitiveDataDiscovery", "isEnabled": "True"}], "fail"),
        ("Standard", None, "fail"),
        ("Free", [], "fail"),
    ],
)
def test_what_is_uploaded_is_scanned(azure: "Cloud", tier: str, extensions: Any, status: str) -> None:
    azure.add(PRICING, "StorageAccounts", properties={"pricingTier": tier, "extensions": extensions})
    assert asked(azure, MALWARE).status(MALWARE, PROD) == status
    assert asked(azure, MALWARE).status(MALWARE, TEST) == "unknown"


def placed(azure: "Cloud", subscription: str, group: str, **tags: str) -> None:
    chain = [{"name": group}, {"name": GROUP}]
    azure.add(f"/subscriptions/{subscription}", properties={"managementGroupAncestorsChain": chain}, tags=tags)


def test_production_stands_apart(azure: "Cloud") -> None:
    placed(azure, PROD, "live", environment="Production")
    placed(azure, TEST, "sandbox", environment="test")
    seen = asked(azure, SPLIT)
    assert [seen.status(SPLIT, each) for each in (PROD, TEST)] == ["pass", "pass"]


def test_production_that_shares_its_group_with_others_fails(azure: "Cloud") -> None:
    placed(azure, PROD, "all", environment="prod")
    placed(azure, TEST, "all", environment="test")
    seen = asked(azure, SPLIT)
    assert [seen.status(SPLIT, each) for each in (PROD, TEST)] == ["fail", "fail"]
    assert "shares the management group all with subscription test" in seen.reason(SPLIT, PROD)


def test_a_subscription_that_nothing_is_said_of_leaves_its_group_unknown(azure: "Cloud") -> None:
    placed(azure, PROD, "all", environment="prod")
    placed(azure, TEST, "all")
    assert TEST in asked(azure, SPLIT).reason(SPLIT, PROD)
    assert asked(azure, SPLIT).status(SPLIT, PROD) == "unknown"


@pytest.mark.parametrize(
    ("target", "account", "expected"),
    [
        ({}, None, "pass"),
        ({}, TENANT, "unknown"),  # no role at the tenant's group: others may be hidden
        ({"subscriptions": [PROD, TEST]}, None, "pass"),
        ({"subscriptions": [PROD]}, None, "unknown"),
        ({"subscriptions": [PROD, TEST]}, TENANT, "unknown"),
        ({"management_group": GROUP}, None, "pass"),
    ],
)
def test_who_is_not_shown_every_subscription_beside_it_does_not_know(
    azure: "Cloud", target: dict[str, Any], account: str | None, expected: str
) -> None:
    placed(azure, PROD, "live", environment="prod")
    placed(azure, TEST, "sandbox", environment="test")
    if account:
        azure.deny("Microsoft.Resources/subscriptions/read", account=account)
    assert look(azure.connect(**target), SPLIT, at=NOW).status(SPLIT, PROD) == expected


def assign(azure: "Cloud", scope: str, **says: Any) -> None:
    whole = {"policyDefinitionId": BENCHMARK, "scope": scope, "enforcementMode": "Default", "notScopes": [], **says}
    azure.add(f"{scope}/providers/{ASSIGNMENT}/baseline", properties=whole)


def test_a_baseline_at_the_subscription_or_above_passes(azure: "Cloud") -> None:
    assign(azure, ONE)
    assert status(azure, BASELINE) == "pass"
    assert asked(azure, BASELINE).status(BASELINE, TEST) == "fail"
    assign(azure, ABOVE)
    assert asked(azure, BASELINE).status(BASELINE, TEST) == "pass"


@pytest.mark.parametrize("place", ["own", "above"])
@pytest.mark.parametrize(
    ("says", "words"),
    [
        ({"enforcementMode": "DoNotEnforce"}, "baseline is not enforced"),
        ({"policyDefinitionId": "/providers/Microsoft.Authorization/policySetDefinitions/other"}, "under no baseline in force"),
    ],
)
def test_a_baseline_that_does_not_hold_fails(azure: "Cloud", place: str, says: dict[str, Any], words: str) -> None:
    assign(azure, ONE if place == "own" else ABOVE, **says)
    assert words in reason(azure, BASELINE)


def test_a_subscription_that_a_baseline_leaves_out_fails(azure: "Cloud") -> None:
    assign(azure, ABOVE, notScopes=[ONE.upper()])
    assert "leaves it out" in reason(azure, BASELINE)
    assert asked(azure, BASELINE).status(BASELINE, TEST) == "pass"


def test_a_baseline_of_another_management_group_does_not_count(azure: "Cloud") -> None:
    assign(azure, "/providers/Microsoft.Management/managementGroups/elsewhere")
    assert status(azure, BASELINE) == "fail"


def test_which_initiative_is_the_baseline_is_a_parameter(azure: "Cloud") -> None:
    assign(azure, ONE, policyDefinitionId="/subscriptions/x/providers/Microsoft.Authorization/policySetDefinitions/house")
    assert status(azure, BASELINE, baseline=["House"]) == "pass"


@pytest.mark.parametrize(
    ("check", "type_"), [(LOG, SETTING), (SERVERS, PRICING), (MALWARE, PRICING), (BASELINE, ASSIGNMENT), (SPLIT, SUBSCRIPTION)]
)
def test_what_may_not_be_read_is_unknown(azure: "Cloud", check: str, type_: str) -> None:
    azure.deny(f"{type_}/read")
    seen = asked(azure, check)
    assert {f.status for f in seen.of(check)} == {"unknown"}
    assert f"{type_}/read was denied" in seen.of(check)[0].reason


def test_a_word_for_how_many_servers_are_watched_that_nobody_knows_is_unknown(azure: "Cloud") -> None:
    plan(azure, pricingTier="Standard", resourcesCoverageStatus="MostlyCovered")
    found = asked(azure, SERVERS).one(SERVERS, PROD)
    assert (found.status, "mostlycovered, of which nothing is known" in found.reason) == ("unknown", True)
