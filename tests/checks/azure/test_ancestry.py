"""What one subscription hides, and what the tenant hides: how far the checks that look above a subscription reach."""

from typing import TYPE_CHECKING

import pytest

from checks.azure.roles import OWNER
from checks.check import checks
from tests.checks.azure.scene import NOW
from tests.collectors.azure.cloud import PROD, TENANT, TEST
from tests.collectors.azure.scene import scene
from tests.harness import Looked, look

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

ABOVE = tuple(id_ for id_, check in checks().items() if check.provider == "azure" and check.above)
HIDDEN = ("roleAssignments", "roleDefinitions", "policyAssignments", "policyExemptions")


def of(seen: Looked, subscription: str) -> dict[str, tuple[str, str]]:
    return {check: (seen.status(check, subscription), seen.reason(check, subscription)) for check in ABOVE}


def hide(azure: "Cloud", account: str) -> None:
    for kind in HIDDEN:
        azure.deny(f"Microsoft.Authorization/{kind}/read", account=account)


def test_what_one_subscription_hides_leaves_it_unknown_and_changes_no_answer_about_another(azure: "Cloud") -> None:
    scene(azure)
    azure.assign(OWNER, "dan", scope="/")
    whole = of(look(azure.connect(), *ABOVE, at=NOW), PROD)
    hide(azure, TEST)
    seen = look(azure.connect(), *ABOVE, at=NOW)
    assert of(seen, PROD) == whole
    assert {"pass", "fail"} <= {status for status, _ in whole.values()}
    assert {status for status, _ in of(seen, TEST).values()} == {"unknown"}
    assert all("/read was denied" in reason for _, reason in of(seen, TEST).values())


def test_what_the_tenant_hides_leaves_every_subscription_unknown_and_says_where(azure: "Cloud") -> None:
    scene(azure)
    hide(azure, TENANT)
    hide(azure, TEST)  # what all subscriptions allow would do for what lies above them
    seen = look(azure.connect(), *ABOVE, at=NOW)
    for status, reason in of(seen, PROD).values():
        assert (status, f"/read was denied (in {TENANT}: " in reason) == ("unknown", True)


@pytest.mark.parametrize("lost", ["Disabled", "Deleted"])
def test_a_subscription_that_is_out_of_reach_may_have_something_above_it_that_was_not_seen(azure: "Cloud", lost: str) -> None:
    """What lies above subscriptions is seen from below only, so the tenant's part is not whole."""
    scene(azure)
    azure.states[TEST] = lost
    seen = look(azure.connect(subscriptions=(PROD, TEST)), *ABOVE, at=NOW)
    assert {status for status, _ in of(seen, PROD).values()} == {"unknown"}
