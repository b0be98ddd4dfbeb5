"""Azure Policy: locations that are refused for all, and exemptions that end."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.checks.azure.scene import asked
from tests.collectors.azure.cloud import GROUP, PROD, TEST

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

LOCATIONS, EXPIRY = "azure_policy_allowed_locations", "azure_policy_exemption_expiry"
ASSIGNMENT, EXEMPTION = "Microsoft.Authorization/policyAssignments", "Microsoft.Authorization/policyExemptions"
ALLOWED = "/providers/Microsoft.Authorization/policyDefinitions/e56962a6-4747-49cd-b67b-bf8b01975c4c"
EUROPE = {"listOfAllowedLocations": {"value": ["westeurope", "northeurope"]}}
ABOVE = f"/providers/Microsoft.Management/managementGroups/{GROUP}"


def assign(azure: "Cloud", scope: str = ABOVE, **says: Any) -> None:
    azure.add(ASSIGNMENT, "places", scope=scope, properties={"policyDefinitionId": ALLOWED, "parameters": EUROPE, **says})


def test_a_list_of_locations_that_is_in_force_passes(azure: "Cloud") -> None:
    assign(azure)
    assert asked(azure, LOCATIONS).status(LOCATIONS, PROD) == "pass"
    assert asked(azure, LOCATIONS, approved=["WestEurope", "northeurope"]).status(LOCATIONS, PROD) == "pass"


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ({"parameters": {}}, "places has no list"),
        ({"parameters": {"listOfTypes": {"value": ["vaults"]}, "locationEffect": {"value": "deny"}}}, "places has no list"),
        ({"enforcementMode": "DoNotEnforce"}, "places is not enforced"),
        ({"notScopes": [f"/subscriptions/{PROD}"]}, "places leaves it out"),
        ({"policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/other"}, "allows every location"),
    ],
)
def test_locations_that_nothing_refuses_fail(azure: "Cloud", says: dict[str, Any], words: str) -> None:
    assign(azure, **says)
    assert words in asked(azure, LOCATIONS).reason(LOCATIONS, PROD)


def test_a_location_that_is_not_approved_fails(azure: "Cloud") -> None:
    assign(azure)
    seen = asked(azure, LOCATIONS, approved=["westeurope"])
    assert seen.reason(LOCATIONS, PROD).endswith("allows more locations than it should: places allows northeurope")


def test_an_initiative_of_ones_own_can_be_declared(azure: "Cloud") -> None:
    own = "/providers/Microsoft.Management/managementGroups/x/providers/Microsoft.Authorization/policySetDefinitions/house"
    assign(azure, f"/subscriptions/{PROD}", policyDefinitionId=own, parameters={"allowedLocations": {"value": ["westeurope"]}})
    seen = asked(azure, LOCATIONS, definitions=["house"])
    assert seen.status(LOCATIONS, PROD) == "pass"
    assert seen.status(LOCATIONS, TEST) == "fail"


def exempt(azure: "Cloud", **says: Any) -> None:
    whole = {"policyAssignmentId": f"{ABOVE}/providers/{ASSIGNMENT}/places", "exemptionCategory": "Waiver", **says}
    azure.add(EXEMPTION, "legacy", properties=whole)


@pytest.mark.parametrize(
    ("scope", "says", "status"),
    [
        (None, {}, "fail"),
        (ABOVE, {}, "fail"),
        (None, {"expiresOn": "2026-05-05T00:00:00Z"}, "fail"),
        (None, {"expiresOn": "2026-05-04T00:00:00Z"}, "pass"),
        (None, {"policyDefinitionReferenceIds": ["one"]}, "pass"),
        (None, {"policyAssignmentId": f"{ABOVE}/providers/{ASSIGNMENT}/other"}, "pass"),
        (f"/subscriptions/{PROD}/resourceGroups/main", {}, "pass"),
        (f"/subscriptions/{TEST}", {}, "pass"),
    ],
)
def test_an_exemption_from_all_of_it_takes_a_subscription_out(
    azure: "Cloud", scope: str | None, says: dict[str, Any], status: str
) -> None:
    assign(azure)
    whole = {"policyAssignmentId": f"{ABOVE}/providers/{ASSIGNMENT}/places".upper(), "exemptionCategory": "Waiver", **says}
    azure.add(EXEMPTION, "legacy", scope=scope, properties=whole)
    seen = asked(azure, LOCATIONS)
    assert seen.status(LOCATIONS, PROD) == status
    assert ("waived by the exemption legacy" in seen.reason(LOCATIONS, PROD)) is (status == "fail")


def test_an_exemption_of_some_resources_waives_nothing_of_the_whole(azure: "Cloud") -> None:
    assign(azure)
    exempt(azure, resourceSelectors=[{"name": "disks", "selectors": [{"kind": "resourceType", "in": ["x/disks"]}]}])
    assert asked(azure, LOCATIONS).status(LOCATIONS, PROD) == "pass"
    exempt(azure, resourceSelectors=[])
    assert asked(azure, LOCATIONS).status(LOCATIONS, PROD) == "fail"


def test_an_exemption_with_an_end_and_a_reason_passes(azure: "Cloud") -> None:
    exempt(azure, expiresOn="2026-12-31T00:00:00Z", description="Moves out with the old shop.")
    assert asked(azure, EXPIRY).status(EXPIRY, "/legacy") == "pass"


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ({"description": "Moves out with the old shop."}, "has no end date"),
        ({"expiresOn": "2026-12-31T00:00:00Z"}, "gives no reason"),
        ({"expiresOn": "2026-12-31T00:00:00Z", "description": " "}, "gives no reason"),
    ],
)
def test_an_exemption_without_either_fails(azure: "Cloud", says: dict[str, Any], words: str) -> None:
    exempt(azure, **says)
    assert words in asked(azure, EXPIRY).reason(EXPIRY, "/legacy")


def test_an_end_that_is_no_time_is_unknown(azure: "Cloud") -> None:
    exempt(azure, expiresOn="soon", description="Moves out with the old shop.")
    assert asked(azure, EXPIRY).status(EXPIRY, "/legacy") == "unknown"


@pytest.mark.parametrize(("check", "type_"), [(LOCATIONS, ASSIGNMENT), (LOCATIONS, EXEMPTION), (EXPIRY, EXEMPTION)])
def test_policies_that_may_not_be_read_are_unknown(azure: "Cloud", check: str, type_: str) -> None:
    assign(azure)
    azure.deny(f"{type_}/read")
    seen = asked(azure, check)
    assert {f.status for f in seen.of(check)} == {"unknown"}
    assert f"{type_}/read was denied" in seen.of(check)[0].reason
