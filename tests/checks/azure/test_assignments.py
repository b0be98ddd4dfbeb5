"""Assignments of policies that hold for a part only, or do less than their definition says."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.checks.azure.scene import asked
from tests.collectors.azure.cloud import GROUP, PROD, TEST

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

LOCATIONS, BASELINE = "azure_policy_allowed_locations", "azure_policy_baseline_assigned"
ASSIGNMENT = "Microsoft.Authorization/policyAssignments"
DEFINITION = {
    LOCATIONS: "/providers/Microsoft.Authorization/policyDefinitions/e56962a6-4747-49cd-b67b-bf8b01975c4c",
    BASELINE: "/providers/Microsoft.Authorization/policySetDefinitions/1f3afdf9-d0c9-4c3d-847f-89da613e70a8",
}
ABOVE = f"/providers/Microsoft.Management/managementGroups/{GROUP}"
ONE = f"/subscriptions/{PROD}"
LIST = {"listOfAllowedLocations": {"value": ["westeurope"]}}
BOTH = pytest.mark.parametrize("check", [LOCATIONS, BASELINE])
SOME_TYPES = {"kind": "resourceType", "in": ["Microsoft.Compute/disks"]}


def assign(azure: "Cloud", check: str, name: str = "rule", scope: str = ABOVE, **says: Any) -> None:
    whole = {"policyDefinitionId": DEFINITION[check], "parameters": LIST, **says}
    azure.add(ASSIGNMENT, name, scope=scope, properties=whole)


def selector(*parts: dict[str, Any], name: str = "first") -> dict[str, Any]:
    return {"name": name, "selectors": list(parts)}


def override(value: str, *rules: str, kind: str = "policyEffect") -> dict[str, Any]:
    selectors = [{"kind": "policyDefinitionReferenceId", "in": list(rules)}] if rules else []
    return {"kind": kind, "value": value, "selectors": selectors}


@BOTH
@pytest.mark.parametrize(
    ("says", "words"),
    [
        ({"resourceSelectors": [selector(SOME_TYPES)]}, "rule is narrowed to some resources by resourceType"),
        (
            {"resourceSelectors": [selector({"kind": "resourceLocation", "notIn": ["eastus"]}, SOME_TYPES)]},
            "rule is narrowed to some resources by resourceLocation, resourceType",
        ),
        ({"notScopes": [f"{ONE}/resourceGroups/Old/"]}, "rule leaves out resourcegroups/old"),
        ({"notScopes": [ABOVE.upper()]}, "rule leaves it out"),
        ({"enforcementMode": "DoNotEnforce"}, "rule is not enforced"),
        ({"enforcementMode": "Enroll"}, "rule is enforced only where it was enrolled in"),
        ({"overrides": [override("Disabled")]}, "rule overrides the effect with Disabled"),
        (
            {"overrides": [{"kind": "policyEffect", "value": "manual", "selectors": None}]},
            "rule overrides the effect with manual",
        ),
        ({"parameters": {**LIST, "effect": {"value": "Disabled"}}}, "rule has effect set to disabled"),
    ],
)
def test_an_assignment_that_does_not_hold_for_all_fails(azure: "Cloud", check: str, says: dict[str, Any], words: str) -> None:
    assign(azure, check, **says)
    found = asked(azure, check).one(check, PROD)
    assert (found.status, words in found.reason) == ("fail", True), found.reason


@BOTH
@pytest.mark.parametrize(
    "says",
    [
        {"resourceSelectors": [], "overrides": [], "notScopes": []},
        {"resourceSelectors": None, "overrides": None, "notScopes": None, "enforcementMode": None},
        {"resourceSelectors": [selector()]},
        {"notScopes": [f"/subscriptions/{TEST}/resourceGroups/old", f"{ONE}0"]},
        {"overrides": [override("1.*.*", kind="definitionVersion")]},
        {"overrides": [override("DENY")]},
        {"parameters": {**LIST, "effectiveFrom": {"value": "2026"}, "kinds": {"value": "Disabled"}}},
    ],
)
def test_an_assignment_that_holds_for_all_passes(azure: "Cloud", check: str, says: dict[str, Any]) -> None:
    assign(azure, check, **says)
    assert asked(azure, check).status(check, PROD) == "pass"


@BOTH
@pytest.mark.parametrize(
    ("says", "words"),
    [
        (
            {"resourceSelectors": [selector(SOME_TYPES), selector({"kind": "resourceLocation", "in": ["x"]})]},
            "2 resource selectors",
        ),
        ({"enforcementMode": "Sometimes"}, "the enforcement mode sometimes, of which nothing is known"),
        ({"overrides": [override("whisper")]}, "overrides the policyEffect with whisper, of which nothing is known"),
        ({"overrides": [override("deny", kind="scope")]}, "overrides the scope with deny, of which nothing is known"),
    ],
)
def test_what_an_odd_assignment_comes_to_is_unknown(azure: "Cloud", check: str, says: dict[str, Any], words: str) -> None:
    assign(azure, check, **says)
    found = asked(azure, check).one(check, PROD)
    assert (found.status, words in found.reason) == ("unknown", True), found.reason


@BOTH
def test_a_sure_fault_goes_before_an_odd_word(azure: "Cloud", check: str) -> None:
    assign(azure, check, enforcementMode="Sometimes", notScopes=[ONE])
    assert asked(azure, check).status(check, PROD) == "fail"
    assert asked(azure, check).status(check, TEST) == "unknown"


@BOTH
def test_narrowed_assignments_that_may_add_up_to_all_are_unknown(azure: "Cloud", check: str) -> None:
    assign(azure, check, "early", resourceSelectors=[selector({"kind": "resourceLocation", "in": ["westus"]})])
    assign(azure, check, "late", ONE, resourceSelectors=[selector({"kind": "resourceLocation", "notIn": ["westus"]})])
    seen = asked(azure, check)
    assert seen.status(check, PROD) == "unknown"
    assert "early, late are narrowed, and may hold for all together" in seen.reason(check, PROD)
    assert seen.status(check, TEST) == "fail"


@BOTH
def test_one_assignment_that_holds_for_all_is_enough(azure: "Cloud", check: str) -> None:
    assign(azure, check, "narrow", resourceSelectors=[selector(SOME_TYPES)])
    assign(azure, check, "odd", enforcementMode="Sometimes")
    assign(azure, check, "whole", ONE)
    seen = asked(azure, check)
    assert (seen.status(check, PROD), seen.status(check, TEST)) == ("pass", "unknown")


@BOTH
def test_what_may_be_left_out_can_be_declared(azure: "Cloud", check: str) -> None:
    group = f"{ONE}/resourceGroups/Old"
    assign(azure, check, notScopes=[group, f"{group}er"])
    assert asked(azure, check, left_out=[f"{group}/", f"{group}ER"]).status(check, PROD) == "pass"
    assert asked(azure, check, left_out=[group]).reason(check, PROD).endswith("rule leaves out resourcegroups/older")


@pytest.mark.parametrize(
    "says",
    [
        {"overrides": [override("Disabled", "passwords", "keys")]},
        {"parameters": {"passwordsEffect": {"value": "Disabled"}, "keysEffect": {"value": "Manual"}}},
    ],
)
def test_rules_of_a_baseline_that_are_off_are_named_and_can_be_declared(azure: "Cloud", says: dict[str, Any]) -> None:
    assign(azure, BASELINE, **says)
    off = ["Passwords", "passwordsEffect", "keys", "KEYSeffect"]
    assert asked(azure, BASELINE, turned_off=off).status(BASELINE, PROD) == "pass"
    found = asked(azure, BASELINE, turned_off=off[:2]).one(BASELINE, PROD)
    assert (found.status, "keys" in found.reason) == ("fail", True), found.reason


def test_locations_that_are_only_reported_fail(azure: "Cloud") -> None:
    assign(azure, LOCATIONS, parameters={**LIST, "effect": {"value": "Audit"}})
    assert asked(azure, LOCATIONS).reason(LOCATIONS, PROD).endswith("rule has effect set to audit")
    assign(azure, LOCATIONS, parameters={**LIST, "allowedLocationsEffect": {"value": "Audit"}})
    assert asked(azure, LOCATIONS).reason(LOCATIONS, PROD).endswith("rule has allowedLocationsEffect set to audit")
    assign(azure, LOCATIONS, overrides=[override("audit")])
    assert asked(azure, LOCATIONS).reason(LOCATIONS, PROD).endswith("rule overrides the effect with audit")


def test_which_rule_of_an_initiative_refuses_locations_is_not_known(azure: "Cloud") -> None:
    assign(azure, LOCATIONS, overrides=[override("audit", "tags")], parameters={**LIST, "tagsEffect": {"value": "Audit"}})
    found = asked(azure, LOCATIONS).one(LOCATIONS, PROD)
    assert (found.status, "which rule counts is not known" in found.reason) == ("unknown", True), found.reason


@BOTH
@pytest.mark.parametrize(
    "says",
    [
        {"resourceSelectors": "all"},
        {"resourceSelectors": [selector({"in": ["x"]})]},
        {"overrides": [{"kind": "policyEffect"}]},
        {"overrides": {"kind": "policyEffect", "value": "audit"}},
        {"notScopes": ONE},
        {"parameters": {"effect": "Disabled"}},
    ],
)
def test_an_assignment_of_unknown_shape_is_unknown_and_no_bug(azure: "Cloud", check: str, says: dict[str, Any]) -> None:
    assign(azure, check, **says)
    found = asked(azure, check).one(check, PROD)
    assert (found.status, "unexpected shape" in found.reason) == ("unknown", True), found.reason


@BOTH
@pytest.mark.parametrize(
    ("selectors", "waives"),
    [
        (None, True),
        ([], True),
        ([selector()], True),
        ([selector(SOME_TYPES)], False),
        ([selector(SOME_TYPES), selector()], True),
    ],
)
def test_an_exemption_whose_selectors_leave_nothing_out_waives_all(
    azure: "Cloud", check: str, selectors: Any, waives: bool
) -> None:
    assign(azure, check)
    of = next(id_ for id_ in azure.resources if id_.endswith("/policyassignments/rule"))
    says = {"policyAssignmentId": of, "exemptionCategory": "Waiver", "resourceSelectors": selectors}
    azure.add("Microsoft.Authorization/policyExemptions", "waiver", properties=says)
    found = asked(azure, check).one(check, PROD)
    assert ("is waived by the exemption waiver" in found.reason) is waives
    assert (found.status == "fail") is waives
