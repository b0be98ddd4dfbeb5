"""Address groups: a rule that takes from one is judged by the addresses in it, where they were read."""

from typing import Any

import pytest

from tests.checks.gcp.scene import ORGANIZATION, asked, orders
from tests.collectors.gcp.cloud import Cloud

PORTS = "gcp_firewall_admin_ports"
LOGGED = "gcp_firewall_rule_logging"
GROUP = "networksecurity.googleapis.com/AddressGroup"
OFFICE = "projects/shop/locations/global/addressGroups/office"
OF_ALL = f"{ORGANIZATION}/locations/global/addressGroups/partners"
RULE = "/rules/100"


def group(gcp: Cloud, items: Any, name: str = OFFICE) -> None:
    data = {"name": name, "type": "IPV4", "capacity": 100, **({"items": items} if items is not None else {})}
    gcp.add(GROUP, f"//networksecurity.googleapis.com/{name}", data, "shop" if name == OFFICE else None)


def takes_from(gcp: Cloud, *names: str, project: str | None = "shop", **more: Any) -> None:
    """A policy of a project's network, or of the organization, whose one rule lets these groups in at port 22."""
    match = {"srcAddressGroups": list(names), "layer4Configs": [{"ipProtocol": "tcp", "ports": ["22"]}]}
    rules = [{"priority": 100, "direction": "INGRESS", "action": "allow", "match": match, **more}]
    target = f"projects/{project}/global/networks/main" if project else ORGANIZATION
    data = {"name": "edge", "shortName": "edge", "associations": [{"attachmentTarget": target}], "rules": rules}
    where = f"projects/{project}/global" if project else "locations/global"
    name = f"//compute.googleapis.com/{where}/firewallPolicies/edge"
    gcp.add("compute.googleapis.com/FirewallPolicy", name, data, project)


@pytest.mark.parametrize(
    ("items", "status"),
    [
        (["198.51.100.0/24", "203.0.113.7"], "pass"),
        (["198.51.100.0/24", "0.0.0.0/0"], "fail"),
        (["::/0"], "fail"),
        ([], "pass"),
        (None, "pass"),
        (["office"], "unknown"),
        ("198.51.100.0/24", "unknown"),
    ],
)
@pytest.mark.parametrize("said", [OFFICE, f"//networksecurity.googleapis.com/{OFFICE}"])
def test_a_group_lets_in_the_addresses_in_it(gcp: Cloud, said: str, items: Any, status: str) -> None:
    group(gcp, items)
    takes_from(gcp, said)
    seen = asked(gcp, PORTS)
    assert seen.status(PORTS, RULE) == status
    if status == "fail":
        assert seen.reason(PORTS, RULE).endswith(f"to {items[-1]} of {said}")


def test_a_group_of_the_organization_is_looked_up_above_the_project(gcp: Cloud) -> None:
    orders(gcp)
    group(gcp, ["198.51.100.0/24"], OF_ALL)
    takes_from(gcp, OF_ALL, project="orders")
    assert asked(gcp, PORTS).status(PORTS, RULE) == "pass"
    assert asked(gcp, PORTS, "projects/orders").status(PORTS, RULE) == "unknown"


def test_one_group_that_was_not_read_leaves_the_answer_open(gcp: Cloud) -> None:
    group(gcp, ["198.51.100.0/24"])
    takes_from(gcp, OFFICE, OF_ALL)
    expected = f"rule 100 of edge lets in {OF_ALL}, whose addresses are not seen"
    assert asked(gcp, PORTS).reason(PORTS, RULE) == expected


def test_where_the_inventory_lists_no_groups_their_rules_stay_open(gcp: Cloud) -> None:
    group(gcp, ["198.51.100.0/24"])
    takes_from(gcp, OFFICE)
    gcp.unsupported.add(GROUP)
    assert asked(gcp, PORTS).status(PORTS, RULE) == "unknown"


@pytest.mark.parametrize(("items", "status"), [(["198.51.100.0/24"], "pass"), (["0.0.0.0/0"], "fail"), (["x"], "unknown")])
def test_what_a_group_is_handed_on_opens_below_what_the_group_holds(gcp: Cloud, items: list[str], status: str) -> None:
    group(gcp, items, OF_ALL)
    everyone = {"srcIpRanges": ["0.0.0.0/0"], "layer4Configs": [{"ipProtocol": "all"}]}
    refused = {"priority": 200, "direction": "INGRESS", "action": "deny", "match": everyone}
    takes_from(gcp, OF_ALL, project=None, action="goto_next")
    asset = gcp.estate.get("RESOURCE", "//compute.googleapis.com/locations/global/firewallPolicies/edge")
    rules = asset.resource.data.fields["rules"].list_value
    rules.values.add().struct_value.update(refused)
    network = "https://www.googleapis.com/compute/v1/projects/shop/global/networks/main"
    ssh = {"allowed": [{"IPProtocol": "tcp", "ports": ["22"]}], "sourceRanges": ["0.0.0.0/0"], "network": network}
    gcp.add("compute.googleapis.com/Firewall", "open", {"name": "open", **ssh})
    assert asked(gcp, PORTS).status(PORTS, "/open") == status


@pytest.mark.parametrize(
    ("items", "status"), [(["198.51.100.0/24"], "not_applicable"), (["0.0.0.0/0"], "fail"), (["x"], "unknown")]
)
def test_a_rule_for_a_group_that_holds_the_internet_is_logged(gcp: Cloud, items: list[str], status: str) -> None:
    group(gcp, items)
    takes_from(gcp, OFFICE)
    assert asked(gcp, LOGGED).status(LOGGED, RULE) == status
    takes_from(gcp, OFFICE, enableLogging=True)
    assert asked(gcp, LOGGED).status(LOGGED, RULE) == {"fail": "pass"}.get(status, status)
