"""Deny assignments: what they take is left out of Resource Graph without a word, whatever the roles allow."""

import pytest

from collectors.azure.permissions import Grant, Permissions, denied
from tests.collectors.azure.cloud import CALLER, PROD, TEST, Cloud
from tests.collectors.azure.collecting import GROUPS, MACHINES, STORES, collect, reason, snapshots

GROUP = f"/subscriptions/{PROD}/resourcegroups/main"
RESOURCES = "arm.Microsoft.Resources/subscriptions/resources"
ELSE = "99999999-0000-4000-8000-000000000001"


def test_what_a_deny_assignment_takes_is_unread_where_it_holds(azure: Cloud) -> None:
    azure.add("Microsoft.Compute/virtualMachines", "here")
    azure.forbid(GROUP, ["Microsoft.Compute/*"])
    azure.page = 1000
    assert collect(azure.connect(), MACHINES).facts("azure.compute.virtual_machine") == {}
    assert "Microsoft.Compute/virtualMachines/read was denied" in reason(azure.connect(), MACHINES, PROD)
    assert "deny assignment" in reason(azure.connect(), MACHINES, PROD)
    assert reason(azure.connect(), MACHINES, TEST) == ""
    assert reason(azure.connect(), GROUPS, PROD) == ""


def test_the_list_of_everything_is_not_whole_where_some_reads_are_taken(azure: Cloud) -> None:
    azure.forbid(GROUP, ["Microsoft.Compute/virtualMachines/read"])
    assert "*/read was denied" in reason(azure.connect(), RESOURCES, PROD)
    assert reason(azure.connect(), RESOURCES, TEST) == ""


def test_a_deny_assignment_that_spares_reads_hides_nothing(azure: Cloud) -> None:
    azure.forbid(GROUP, ["*"], ["*/read", "Microsoft.Compute/virtualMachines/start/action"])
    azure.forbid(GROUP, ["*/write", "*/delete"])
    for name in (MACHINES, RESOURCES):
        assert reason(azure.connect(), name, PROD) == ""


@pytest.mark.parametrize(
    ("whom", "but", "taken"),
    [
        ((CALLER.upper(), "ServicePrincipal"), (), True),
        ((ELSE, "ServicePrincipal"), (), False),
        ((ELSE, "User"), (), False),
        ((ELSE, "Group"), (), True),
        ((ELSE, "Group"), (CALLER,), False),
        (("00000000-0000-0000-0000-000000000000", "SystemDefined"), (CALLER,), False),
        (("00000000-0000-0000-0000-000000000000", "SystemDefined"), (ELSE,), True),
    ],
)
def test_whom_a_deny_assignment_is_about(azure: Cloud, whom: tuple[str, str], but: tuple[str, ...], *, taken: bool) -> None:
    azure.forbid(f"/subscriptions/{PROD}", ["*/read"], whom=whom, but=but)
    assert bool(reason(azure.connect(), STORES, PROD)) is taken


def test_one_from_above_holds_in_each_subscription(azure: Cloud) -> None:
    azure.forbid("", ["Microsoft.Storage/*/read"])
    assert {
        account: bool(s.reason) for account, s in snapshots(azure.connect(), STORES).items() if account in (PROD, TEST)
    } == {
        PROD: True,
        TEST: True,
    }


def test_a_caller_of_whom_the_token_says_nothing_may_be_anybody() -> None:
    body = {"permissions": [{"actions": ["*"]}], "principals": [{"id": ELSE, "type": "User"}]}
    assert denied([{"properties": body}], "") == (Grant(("*",), ()),)


def test_a_subscription_that_does_not_tell_its_deny_assignments_fails_alone(azure: Cloud) -> None:
    azure.deny("Microsoft.Authorization/denyAssignments/read", account=PROD)
    _, prod, test = azure.connect().places()
    assert "Microsoft.Authorization/denyAssignments/read was denied" in str(prod.failed)
    assert test.failed is None


@pytest.mark.parametrize("odd", [{}, {"properties": {}}, {"properties": {"principals": [{}], "permissions": []}}])
def test_an_odd_deny_assignment_is_not_passed_over(odd: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError)):
        denied([odd], CALLER)


@pytest.mark.parametrize(
    ("taken", "spared", "action", "allowed"),
    [
        (["*/read"], [], "*/read", False),
        (["*"], ["*/read"], "*/read", True),
        (["*"], ["A.B/*"], "*/read", False),
        (["*"], ["A.B/*"], "A.B/c/read", True),
        (["A.B/c/write"], [], "*/read", True),
        (["A.B/c/write"], [], "A.B/c/read", True),
        (["a.b/C/READ"], [], "A.B/c/read", False),
    ],
)
def test_what_is_left_of_a_role(taken: list[str], spared: list[str], action: str, *, allowed: bool) -> None:
    held = Permissions((Grant(("*",), ()),), (Grant(tuple(taken), tuple(spared)),))
    assert (held.lacking(action) is None) is allowed
