"""What holds for every check on Azure: an answer that is none, or not whole, is never a pass and never a fail."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from checks.azure.roles import OWNER
from checks.check import checks
from tests.checks.azure.scene import NOW
from tests.collectors.azure.cloud import GONE, PROD, TEST
from tests.collectors.azure.scene import scene
from tests.harness import look

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

ALL = tuple(id_ for id_, check in checks().items() if check.provider == "azure")
LISTS = ("resourcegraph.*", "arm.Microsoft.Insights/diagnosticSettings", "arm.Microsoft.Resources/subscriptions/resources")


def nothing_is_granted(azure: "Cloud") -> None:
    own = ("denyAssignments", "permissions")
    azure.grant(["Microsoft.Resources/subscriptions/read", *(f"Microsoft.Authorization/{each}/read" for each in own)])


def pages_are_of_a_proxy(azure: "Cloud") -> None:
    for call in LISTS:
        azure.garble(call, "html")


def pages_have_no_list(azure: "Cloud") -> None:
    for call in LISTS:
        azure.garble(call, "no_list")


@pytest.mark.parametrize("spoil", [nothing_is_granted, pages_are_of_a_proxy, pages_have_no_list])
def test_what_was_not_seen_is_unknown_to_every_check(azure: "Cloud", spoil: "Callable[[Cloud], None]") -> None:
    scene(azure)
    spoil(azure)
    seen = look(azure.connect(), *ALL, at=NOW)
    assert {finding.check for finding in seen.findings} == set(ALL)
    told = {(finding.check, str(finding.status), finding.reason) for finding in seen.findings if finding.status != "unknown"}
    assert told == set()


def test_a_lifelike_tenant_raises_no_error_in_any_check(azure: "Cloud") -> None:
    scene(azure)
    seen = look(azure.connect(), *ALL, at=NOW)
    assert [(finding.check, finding.reason) for finding in seen.findings if finding.status == "error"] == []


ABOVE = (
    "azure_mgmt_group_env_split",
    "azure_policy_allowed_locations",
    "azure_policy_baseline_assigned",
    "azure_rbac_no_custom_owner",
    "azure_rbac_owner_count",
)


def test_a_subscription_that_does_not_tell_its_place_is_unknown_to_what_looks_above_it(azure: "Cloud") -> None:
    scene(azure)
    azure.add(f"/subscriptions/{PROD}", properties={"managementGroupAncestorsChain": GONE})
    azure.assign(OWNER, "ann")
    seen = look(azure.connect(), *ABOVE, at=NOW)
    assert {check: seen.status(check, PROD) for check in ABOVE} == dict.fromkeys(ABOVE, "unknown")


def test_a_subscription_of_another_tenant_is_unknown_to_what_looks_above_it(azure: "Cloud") -> None:
    scene(azure)
    azure.resources[f"/subscriptions/{PROD}"]["tenantId"] = "99999999-1111-4111-8111-111111111111"
    azure.assign(OWNER, "ann")
    seen = look(azure.connect(), *ABOVE, at=NOW)
    assert {check: seen.status(check, PROD) for check in ABOVE} == dict.fromkeys(ABOVE, "unknown")
    assert "what lies above it is not seen" in seen.reason("azure_rbac_owner_count", PROD)
    assert seen.status("azure_rbac_owner_count", TEST) == "fail"
