"""What comes before a firewall rule, and leaves nothing of it: policies from above, and a network's rules and policies."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.checks.gcp.scene import FOLDER, ORDERS, ORGANIZATION, asked, orders
from tests.collectors.gcp.cloud import Cloud

PORTS = "gcp_firewall_admin_ports"
COMPUTE = "//compute.googleapis.com/"
API = "https://www.googleapis.com/compute/v1/"
MAIN = "projects/shop/global/networks/main"
BEFORE = "BEFORE_CLASSIC_FIREWALL"
INTERNET = ["0.0.0.0/0"]


def open_ssh(gcp: Cloud, project: str = "shop", **data: Any) -> None:
    """A rule of a network that lets the internet in at port 22."""
    network = f"{API}projects/{project}/global/networks/main"
    ssh = {"allowed": [{"IPProtocol": "tcp", "ports": ["22"]}], "sourceRanges": INTERNET}
    gcp.add("compute.googleapis.com/Firewall", "open", {"name": "open", "network": network, **ssh, **data}, project)


def network(gcp: Cloud, order: str | None = None, policy: str | None = None) -> None:
    data = {"networkFirewallPolicyEnforcementOrder": order, "firewallPolicy": policy and f"{API}{policy}"}
    gcp.add("compute.googleapis.com/Network", "main", {"name": "main", **{k: v for k, v in data.items() if v}})


def told(action: str, priority: int, *ranges: str, match: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """One rule of a policy, on port 22."""
    of = {"srcIpRanges": list(ranges), "layer4Configs": [{"ipProtocol": "tcp", "ports": ["22"]}], **(match or {})}
    return {"action": action, "priority": priority, "direction": "INGRESS", "match": of, **more}


def policy(gcp: Cloud, name: str, on: str | None, *rules: Mapping[str, Any]) -> None:
    """A policy that hangs on an organization, a folder or a network: hierarchical, unless it is of a project."""
    hangs = [{"name": "here", "attachmentTarget": on}] if on else []
    data = {"name": name, "shortName": name, "associations": hangs, "rules": list(rules)}
    project = "shop" if name.startswith("projects/") else None
    full = f"{COMPUTE}{name}" if project else f"{COMPUTE}locations/global/firewallPolicies/{name}"
    gcp.add("compute.googleapis.com/FirewallPolicy", full, data, project)


def of_network(gcp: Cloud, *rules: Mapping[str, Any], where: str = "global", on: str = API + MAIN) -> None:
    policy(gcp, f"projects/shop/{where}/firewallPolicies/edge", on, *rules)


EDGE = "projects/shop/global/firewallPolicies/edge"
REFUSED = told("deny", 100, *INTERNET)


@pytest.mark.parametrize("on", [ORGANIZATION, FOLDER, f"//cloudresourcemanager.googleapis.com/{FOLDER}"])
def test_what_is_refused_above_is_not_open_below(gcp: Cloud, on: str) -> None:
    open_ssh(gcp)
    assert asked(gcp, PORTS).status(PORTS, "/open") == "fail"
    policy(gcp, "above", on, REFUSED)
    assert asked(gcp, PORTS).status(PORTS, "/open") == "pass"


@pytest.mark.parametrize(
    "rules",
    [
        [told("deny", 100, "198.51.100.0/24")],
        [told("deny", 100, "::/0")],
        [told("deny", 100, match={"srcRegionCodes": ["FR"], "srcIpRanges": []})],
        [told("deny", 100, *INTERNET, match={"srcNetworkType": "NON_INTERNET"})],
        [told("deny", 100, *INTERNET, match={"destIpRanges": ["10.0.0.0/24"]})],
        [told("deny", 100, *INTERNET, match={"destSomethingNew": ["one"]})],
        [told("deny", 100, *INTERNET, match={"layer4Configs": [{"ipProtocol": "tcp", "ports": ["3389"]}]})],
        [told("deny", 100, *INTERNET, disabled=True)],
        [told("deny", 100, *INTERNET, direction="EGRESS")],
        [told("deny", 100, *INTERNET, targetResources=[f"{API}projects/shop/global/networks/other"])],
        [told("deny", 100, *INTERNET, targetServiceAccounts=["a@shop.iam.gserviceaccount.com"])],
        [told("deny", 100, *INTERNET, targetSecureTags=[{"name": "tagValues/1"}])],
        [told("deny", 100, *INTERNET, targetType="INTERNAL_MANAGED_LB")],
        [told("goto_next", 50, *INTERNET), REFUSED],
        [told("goto_next", 50, match={"srcRegionCodes": ["FR"], "srcIpRanges": []}), REFUSED],
        [told("goto_next", 50, match={"srcFqdns": ["office.example.org"], "srcIpRanges": []}), REFUSED],
        [told("allow", 100, *INTERNET)],
        [told("apply_security_profile_group", 100, *INTERNET)],
    ],
)
def test_what_is_refused_above_in_part_is_open_below(gcp: Cloud, rules: list[dict[str, Any]]) -> None:
    open_ssh(gcp)
    policy(gcp, "above", ORGANIZATION, *rules)
    assert asked(gcp, PORTS).status(PORTS, "/open") == "fail"


@pytest.mark.parametrize(
    "rules",
    [
        [told("goto_next", 50, "10.0.0.0/8", "198.51.100.0/24"), REFUSED],
        [told("goto_next", 50, *INTERNET, match={"layer4Configs": [{"ipProtocol": "tcp", "ports": ["443"]}]}), REFUSED],
        [told("goto_next", 50, *INTERNET, match={"srcNetworkContext": "INTRA_VPC"}), REFUSED],
        [told("goto_next", 50, *INTERNET, disabled=True), REFUSED],
        [told("goto_next", 500, *INTERNET), REFUSED],
        [told("deny", 100, *INTERNET, targetResources=[API + MAIN])],
        [told("deny", 100, *INTERNET, match={"srcNetworkType": "INTERNET"})],
        [told("deny", 100, *INTERNET, targetType="INSTANCES")],
    ],
)
def test_what_is_handed_on_before_counts_only_if_it_comes_from_outside(gcp: Cloud, rules: list[dict[str, Any]]) -> None:
    open_ssh(gcp)
    policy(gcp, "above", ORGANIZATION, *rules)
    assert asked(gcp, PORTS).status(PORTS, "/open") == "pass"


def test_a_policy_counts_below_what_it_hangs_on_alone(gcp: Cloud) -> None:
    open_ssh(gcp)
    open_ssh(gcp, "lab")
    policy(gcp, "above", FOLDER, REFUSED)
    seen = asked(gcp, PORTS)
    assert seen.status(PORTS, "projects/shop/global/firewalls/open") == "pass"
    assert seen.status(PORTS, "projects/lab/global/firewalls/open") == "fail"
    policy(gcp, "above", None, REFUSED)
    assert asked(gcp, PORTS).status(PORTS, "projects/shop/global/firewalls/open") == "fail"


def test_a_policy_that_was_not_read_refuses_nothing(gcp: Cloud) -> None:
    orders(gcp)
    open_ssh(gcp, "orders")
    policy(gcp, "above", ORGANIZATION, REFUSED)
    assert asked(gcp, PORTS).status(PORTS, "/open") == "pass"
    assert asked(gcp, PORTS, ORDERS).status(PORTS, "/open") == "fail"


def test_a_policy_that_was_not_understood_refuses_nothing_and_is_told_of(gcp: Cloud) -> None:
    open_ssh(gcp)
    policy(gcp, "above", ORGANIZATION, REFUSED, {"action": "deny"})
    seen = asked(gcp, PORTS)
    assert seen.reason(PORTS, "/open").endswith("to 0.0.0.0/0, and not all that goes before it could be read")
    assert seen.status(PORTS, "/above") == "unknown"


def test_a_policy_that_was_not_understood_hides_no_refusal_of_the_network_itself(gcp: Cloud) -> None:
    open_ssh(gcp)
    refusal = {"name": "refuse", "network": API + MAIN, "denied": [{"IPProtocol": "tcp"}], "priority": 900}
    gcp.add("compute.googleapis.com/Firewall", "refuse", {**refusal, "sourceRanges": INTERNET})
    policy(gcp, "above", ORGANIZATION, {"action": "deny"})
    assert asked(gcp, PORTS).status(PORTS, "/open") == "pass"


def test_where_policies_were_not_listed_what_is_open_is_not_known(gcp: Cloud) -> None:
    open_ssh(gcp)
    gcp.unsupported.add("compute.googleapis.com/FirewallPolicy")
    assert asked(gcp, PORTS).status(PORTS, "/open") == "unknown"


@pytest.mark.parametrize(("order", "status"), [(BEFORE, "pass"), ("AFTER_CLASSIC_FIREWALL", "fail"), (None, "fail")])
def test_a_networks_policy_refuses_for_its_rules_where_it_goes_first(gcp: Cloud, order: str | None, status: str) -> None:
    network(gcp, order, EDGE)
    open_ssh(gcp)
    of_network(gcp, REFUSED)
    assert asked(gcp, PORTS).status(PORTS, "/open") == status


def test_a_policy_of_another_network_or_of_one_region_refuses_nothing(gcp: Cloud) -> None:
    network(gcp, BEFORE, EDGE)
    open_ssh(gcp)
    of_network(gcp, REFUSED, on=f"{API}projects/shop/global/networks/other")
    of_network(gcp, REFUSED, where="regions/europe-west1")
    assert asked(gcp, PORTS).status(PORTS, "/open") == "fail"


@pytest.mark.parametrize(("order", "status"), [(BEFORE, "fail"), ("AFTER_CLASSIC_FIREWALL", "pass"), (None, "pass")])
def test_a_networks_rules_refuse_for_its_policy_where_they_go_first(gcp: Cloud, order: str | None, status: str) -> None:
    network(gcp, order, EDGE)
    open_ssh(gcp, allowed=[], denied=[{"IPProtocol": "tcp"}])
    of_network(gcp, told("allow", 100, *INTERNET))
    assert asked(gcp, PORTS).status(PORTS, "edge/rules/100") == status


def test_of_a_network_that_is_not_understood_nothing_is_said_to_go_before_and_that_is_told(gcp: Cloud) -> None:
    gcp.add("compute.googleapis.com/Network", "main", {"name": "main", "firewallPolicy": ["odd"]})
    open_ssh(gcp)
    of_network(gcp, REFUSED)
    seen = asked(gcp, PORTS)
    assert seen.reason(PORTS, "/open").endswith("to 0.0.0.0/0, and not all that goes before it could be read")


def test_of_a_network_that_is_not_known_nothing_goes_before_its_policy(gcp: Cloud) -> None:
    open_ssh(gcp, allowed=[], denied=[{"IPProtocol": "tcp"}])
    of_network(gcp, told("allow", 100, *INTERNET))
    assert asked(gcp, PORTS).status(PORTS, "edge/rules/100") == "fail"


def test_a_policy_of_one_region_comes_after_that_of_the_whole_network(gcp: Cloud) -> None:
    network(gcp, None, EDGE)
    of_network(gcp, told("allow", 100, *INTERNET), where="regions/europe-west1")
    assert asked(gcp, PORTS).status(PORTS, "edge/rules/100") == "fail"
    of_network(gcp, told("deny", 900, *INTERNET))
    assert asked(gcp, PORTS).status(PORTS, "regions/europe-west1/firewallPolicies/edge/rules/100") == "pass"


def test_a_policy_of_a_folder_comes_after_that_of_the_organization(gcp: Cloud) -> None:
    policy(gcp, "team", FOLDER, told("allow", 100, *INTERNET))
    policy(gcp, "above", ORGANIZATION, told("deny", 900, *INTERNET))
    assert asked(gcp, PORTS).status(PORTS, "/team/rules/100") == "pass"
    policy(gcp, "above", ORGANIZATION, told("allow", 900, *INTERNET))
    policy(gcp, "team", FOLDER, told("deny", 100, *INTERNET))
    assert asked(gcp, PORTS).status(PORTS, "/above/rules/900") == "fail"


def test_a_policy_is_open_where_any_place_that_it_hangs_on_leaves_it_open(gcp: Cloud) -> None:
    network(gcp, None, None)
    open_ssh(gcp, allowed=[], denied=[{"IPProtocol": "tcp"}])
    of_network(gcp, told("allow", 100, *INTERNET))
    assert asked(gcp, PORTS).status(PORTS, "edge/rules/100") == "pass"
    places = [{"attachmentTarget": f"{API}projects/shop/global/networks/{name}"} for name in ("main", "other")]
    asset = f"{COMPUTE}{EDGE}"
    data = {"name": "edge", "associations": places, "rules": [told("allow", 100, *INTERNET)]}
    gcp.add("compute.googleapis.com/FirewallPolicy", asset, data)
    assert asked(gcp, PORTS).status(PORTS, "edge/rules/100") == "fail"


@pytest.mark.parametrize(
    ("allow", "deny", "status"),
    [
        ({}, {"targetResources": [API + MAIN]}, "fail"),
        ({"targetResources": [API + MAIN]}, {"targetResources": [API + MAIN]}, "pass"),
        ({"targetResources": [API + MAIN]}, {}, "pass"),
        (
            {"targetResources": [API + MAIN]},
            {"targetResources": [API + MAIN], "targetSecureTags": [{"name": "tagValues/1"}]},
            "fail",
        ),
        (
            {"targetSecureTags": [{"name": "tagValues/1"}]},
            {"targetResources": [API + MAIN], "targetSecureTags": [{"name": "tagValues/1"}]},
            "fail",
        ),
    ],
)
def test_networks_and_tags_that_a_rule_is_for_must_both_be_met(
    gcp: Cloud, allow: dict[str, Any], deny: dict[str, Any], status: str
) -> None:
    policy(gcp, "above", ORGANIZATION, told("allow", 200, *INTERNET, **allow), told("deny", 100, *INTERNET, **deny))
    assert asked(gcp, PORTS).status(PORTS, "/rules/200") == status


def test_what_a_policy_hands_on_first_it_does_not_let_in_itself(gcp: Cloud) -> None:
    policy(gcp, "above", ORGANIZATION, told("allow", 200, *INTERNET), told("goto_next", 100, *INTERNET))
    assert asked(gcp, PORTS).status(PORTS, "/rules/200") == "pass"


@pytest.mark.parametrize(
    ("refused", "status"),
    [(["0.0.0.0/0"], "fail"), (["0.0.0.0/0", "::/0"], "pass"), (["::/0"], "fail")],
)
def test_a_country_is_closed_where_both_families_of_addresses_are(gcp: Cloud, refused: list[str], status: str) -> None:
    country = told("allow", 200, match={"srcRegionCodes": ["FR"]})
    policy(gcp, "above", ORGANIZATION, country, told("deny", 100, *refused))
    seen = asked(gcp, PORTS)
    assert seen.status(PORTS, "/rules/200") == status
    if status == "fail":
        opened = "rule 200 of above opens 22/tcp of whatever firewall policy above hangs on to addresses of FR"
        assert seen.reason(PORTS, "/rules/200") == opened


def test_the_same_list_or_country_closes_what_it_opens(gcp: Cloud) -> None:
    for name in ("srcRegionCodes", "srcThreatIntelligences", "srcFqdns", "srcAddressGroups"):
        allow, deny = (told(action, at, match={name: ["x"]}) for action, at in (("allow", 200), ("deny", 100)))
        policy(gcp, "above", ORGANIZATION, allow, deny)
        assert asked(gcp, PORTS).status(PORTS, "/rules/200") == "pass", name
