"""Peerings: which networks production is joined to."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.checks.azure.scene import asked
from tests.collectors.azure.cloud import GROUP, PROD, TEST

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

PEERING = "azure_peering_scoped"
NETWORK = "Microsoft.Network/virtualNetworks"


def network(azure: "Cloud", name: str, *joined: str, state: str = "Connected", at: str = PROD, **tags: str) -> str:
    peerings = [
        {"name": f"to-{number}", "properties": {"remoteVirtualNetwork": {"id": uid.upper()}, "peeringState": state}}
        for number, uid in enumerate(joined)
    ]
    return azure.add(NETWORK, name, subscription=at, properties={"virtualNetworkPeerings": peerings}, tags=tags)


def tagged(azure: "Cloud", subscription: str, **tags: str) -> None:
    azure.add(f"/subscriptions/{subscription}", properties={"managementGroupAncestorsChain": [{"name": GROUP}]}, tags=tags)


@pytest.mark.parametrize(
    ("one", "other", "status"),
    [
        ("production", "prod", "pass"),
        ("test", "dev", "pass"),
        ("production", "hub", "pass"),
        ("shared", "test", "pass"),
        ("Production", "test", "fail"),
        ("test", "live", "fail"),
    ],
)
def test_environments_are_not_joined(azure: "Cloud", one: str, other: str, status: str) -> None:
    remote = network(azure, "there", at=TEST, environment=other)
    network(azure, "here", remote, environment=one)
    assert asked(azure, PEERING).status(PEERING, "/here") == status


def test_the_network_that_is_wrongly_joined_is_named(azure: "Cloud") -> None:
    network(azure, "here", network(azure, "there", at=TEST, environment="test"), environment="prod")
    assert asked(azure, PEERING).reason(PEERING, "/here") == "here is joined to there, which is not of its environment"


def test_a_network_without_a_tag_is_of_its_subscriptions_environment(azure: "Cloud") -> None:
    tagged(azure, PROD, Environment="production")
    tagged(azure, TEST, Environment="test")
    network(azure, "here", network(azure, "there", at=TEST))
    assert asked(azure, PEERING).status(PEERING, "/here") == "fail"


@pytest.mark.parametrize(("own", "theirs"), [({"environment": "prod"}, {}), ({}, {"environment": "prod"})])
def test_a_network_that_nothing_is_said_of_is_unknown(azure: "Cloud", own: dict[str, str], theirs: dict[str, str]) -> None:
    network(azure, "here", network(azure, "there", **theirs), **own)
    assert asked(azure, PEERING).status(PEERING, "/here") == "unknown"


def test_a_network_of_a_subscription_that_is_not_read_is_unknown_by_name(azure: "Cloud") -> None:
    network(azure, "here", "/subscriptions/x/virtualNetworks/strangers", environment="prod")
    assert "strangers" in asked(azure, PEERING).reason(PEERING, "/here")
    assert asked(azure, PEERING).status(PEERING, "/here") == "unknown"


def test_a_network_without_peerings_in_force_is_not_judged(azure: "Cloud") -> None:
    network(azure, "alone")
    network(azure, "left", network(azure, "there", environment="test"), state="Disconnected", environment="prod")
    seen = asked(azure, PEERING)
    assert seen.status(PEERING, "/alone") == "not_applicable"
    assert seen.status(PEERING, "/left") == "not_applicable"


def test_words_for_environments_are_parameters(azure: "Cloud") -> None:
    words: dict[str, Any] = {"tag": "stage", "production": ["p"], "shared": ["s"]}
    network(azure, "here", network(azure, "there", stage="t"), stage="p")
    assert asked(azure, PEERING, **words).status(PEERING, "/here") == "fail"


def test_networks_that_may_not_be_read_are_unknown(azure: "Cloud") -> None:
    azure.deny(f"{NETWORK}/read")
    seen = asked(azure, PEERING)
    assert {f.status for f in seen.of(PEERING)} == {"unknown"}
    assert f"{NETWORK}/read was denied" in seen.of(PEERING)[0].reason
