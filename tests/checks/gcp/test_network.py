"""Networks of Google Cloud: rules, default networks, flow logs."""

from typing import Any

import pytest

from tests.checks.gcp.scene import asked
from tests.collectors.gcp.cloud import Cloud

PORTS = "gcp_firewall_admin_ports"
DEFAULT = "gcp_network_no_default"
FLOWS = "gcp_subnet_flow_logs"
NETWORK = "https://www.googleapis.com/compute/v1/projects/shop/global/networks/main"
SSH: dict[str, Any] = {"allowed": [{"IPProtocol": "tcp", "ports": ["22"]}], "sourceRanges": ["0.0.0.0/0"]}


def rule(gcp: Cloud, name: str = "open", **data: Any) -> str:
    whole = {"name": name, "network": NETWORK, "direction": "INGRESS", "priority": 1000, "disabled": False, **data}
    return gcp.add("compute.googleapis.com/Firewall", name, whole)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, "fail"),
        ({"sourceRanges": ["10.0.0.0/8", "::/0"]}, "fail"),
        ({"sourceRanges": ["2000::/3"]}, "fail"),
        ({"sourceRanges": ["0.0.0.0/1", "128.0.0.0/1"]}, "fail"),
        ({"sourceRanges": []}, "fail"),
        ({"sourceRanges": [], "sourceTags": ["bastion"]}, "pass"),
        ({"sourceRanges": [], "sourceServiceAccounts": ["a@shop.iam.gserviceaccount.com"]}, "pass"),
        ({"sourceTags": ["bastion"]}, "fail"),
        ({"sourceRanges": ["35.235.240.0/20"]}, "pass"),
        ({"sourceRanges": ["fd00::/8"]}, "pass"),
        ({"allowed": [{"IPProtocol": "all"}]}, "fail"),
        ({"allowed": [{"IPProtocol": "tcp"}]}, "fail"),
        ({"allowed": [{"IPProtocol": "6", "ports": ["20-25"]}]}, "fail"),
        ({"allowed": [{"ipProtocol": "tcp", "ports": ["22"]}]}, "fail"),
        ({"allowed": [{"IPProtocol": "tcp", "ports": ["80", "443"]}]}, "pass"),
        ({"allowed": [{"IPProtocol": "udp", "ports": ["22"]}]}, "pass"),
        ({"allowed": [{"IPProtocol": "icmp"}]}, "pass"),
        ({"allowed": [{"IPProtocol": "tcp", "ports": ["5432"]}]}, "fail"),
        ({"disabled": True}, "not_applicable"),
        ({"direction": "EGRESS"}, "not_applicable"),
        ({"allowed": [], "denied": [{"IPProtocol": "tcp"}]}, "not_applicable"),
        ({"targetTags": ["bastion"]}, "fail"),
    ],
)
def test_a_rule_opens_no_port_of_administration_to_the_internet(gcp: Cloud, changed: dict[str, Any], status: str) -> None:
    rule(gcp, **{**SSH, **changed})
    assert asked(gcp, PORTS).status(PORTS) == status


def test_what_is_open_and_to_whom_is_told(gcp: Cloud) -> None:
    rule(gcp, allowed=[{"IPProtocol": "tcp", "ports": ["3389", "22"]}], sourceRanges=["0.0.0.0/0", "::/0", "10.0.0.0/8"])
    assert asked(gcp, PORTS).reason(PORTS) == "shop/open opens 22/tcp, 3389/tcp of network main to 0.0.0.0/0, ::/0"


def test_a_source_that_is_no_address_leaves_the_answer_open(gcp: Cloud) -> None:
    rule(gcp, **{**SSH, "sourceRanges": ["office"]})
    assert asked(gcp, PORTS).status(PORTS) == "unknown"


def test_the_ports_that_stay_closed_are_declared(gcp: Cloud) -> None:
    rule(gcp, allowed=[{"IPProtocol": "udp", "ports": ["8000-9000"]}], sourceRanges=["0.0.0.0/0"])
    assert asked(gcp, PORTS).status(PORTS) == "pass"
    assert asked(gcp, PORTS, ports=["8443-8444/udp"]).status(PORTS) == "fail"
    assert asked(gcp, PORTS, ports=["8443"]).status(PORTS) == "fail"
    assert asked(gcp, PORTS, ports=["8443/tcp"]).status(PORTS) == "pass"
    rule(gcp, allowed=[{"IPProtocol": "icmp"}, {"IPProtocol": "50"}], sourceRanges=["0.0.0.0/0"])
    assert asked(gcp, PORTS, ports=["8443"]).status(PORTS) == "pass"


def test_a_port_of_every_protocol_is_closed_where_every_protocol_is_refused(gcp: Cloud) -> None:
    both = [{"IPProtocol": "tcp", "ports": ["8443"]}, {"IPProtocol": "udp", "ports": ["8443"]}]
    rule(gcp, allowed=both, sourceRanges=["0.0.0.0/0"])
    rule(gcp, "refuse", denied=both[:1], sourceRanges=["0.0.0.0/0"], priority=900)
    assert asked(gcp, PORTS, ports=["8443"]).reason(PORTS, "/open") == "shop/open opens 8443 of network main to 0.0.0.0/0"
    rule(gcp, "refuse", denied=both, sourceRanges=["0.0.0.0/0"], priority=900)
    assert asked(gcp, PORTS, ports=["8443"]).status(PORTS, "/open") == "pass"


DENY: dict[str, Any] = {"denied": [{"IPProtocol": "tcp", "ports": ["0-1023"]}], "sourceRanges": ["0.0.0.0/0"], "priority": 900}


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (DENY, "pass"),
        ({**DENY, "priority": 1000}, "pass"),
        ({**DENY, "priority": 1001}, "fail"),
        ({**DENY, "disabled": True}, "fail"),
        ({**DENY, "direction": "EGRESS"}, "fail"),
        ({**DENY, "denied": [{"IPProtocol": "all"}]}, "pass"),
        ({**DENY, "denied": [{"IPProtocol": "udp"}]}, "fail"),
        ({**DENY, "sourceRanges": ["198.51.100.0/24"]}, "fail"),
        ({**DENY, "sourceRanges": []}, "pass"),
        ({**DENY, "sourceRanges": ["::/0"]}, "fail"),
        ({**DENY, "targetTags": ["web"]}, "fail"),
        ({**DENY, "network": NETWORK + "2"}, "fail"),
        ({**DENY, "destinationRanges": ["10.0.0.5/32"]}, "fail"),
        ({**DENY, "destinationRanges": ["0.0.0.0/0"]}, "pass"),
    ],
)
def test_a_refusal_that_goes_before_closes_what_a_rule_opens(gcp: Cloud, refusal: dict[str, Any], status: str) -> None:
    rule(gcp, **SSH)
    rule(gcp, "refuse", **refusal)
    assert asked(gcp, PORTS).status(PORTS, "/open") == status


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        ({"sourceRange": ["198.51.100.0/24"]}, "fail"),
        ({"sourceRange": ["0.0.0.0/0"], "targetTag": ["web"]}, "fail"),
        ({"sourceRange": ["0.0.0.0/0"]}, "pass"),
    ],
)
def test_the_inventorys_older_wording_is_understood(gcp: Cloud, refusal: dict[str, Any], status: str) -> None:
    rule(gcp, allowed=[{"ipProtocol": "tcp", "port": ["22"]}], sourceRange=["0.0.0.0/0"])
    rule(gcp, "web", allowed=[{"ipProtocol": "tcp", "port": ["443"]}], sourceRange=["0.0.0.0/0"])
    rule(gcp, "jump", allowed=[{"ipProtocol": "tcp", "port": ["22"]}], sourceTag=["bastion"])
    rule(gcp, "refuse", denied=[{"ipProtocol": "tcp"}], priority=900, **refusal)
    seen = asked(gcp, PORTS)
    assert (seen.status(PORTS, "/open"), seen.status(PORTS, "/web"), seen.status(PORTS, "/jump")) == (status, "pass", "pass")


def test_a_refusal_of_what_goes_to_some_addresses_closes_a_rule_for_no_others(gcp: Cloud) -> None:
    rule(gcp, destinationRanges=["10.0.0.0/28"], **SSH)
    rule(gcp, "refuse", destinationRanges=["10.0.0.0/24"], **DENY)
    assert asked(gcp, PORTS).status(PORTS, "/open") == "pass"
    rule(gcp, destinationRanges=["10.0.0.0/28", "10.0.1.0/28"], **SSH)
    assert asked(gcp, PORTS).status(PORTS, "/open") == "fail"


def test_a_refusal_for_the_same_targets_closes_a_rule_for_them(gcp: Cloud) -> None:
    rule(gcp, targetTags=["web"], **SSH)
    rule(gcp, "refuse", targetTags=["web", "db"], **DENY)
    assert asked(gcp, PORTS).status(PORTS, "/open") == "pass"
    rule(gcp, targetTags=["web", "jump"], **SSH)
    assert asked(gcp, PORTS).status(PORTS, "/open") == "fail"


# -- firewall policies -------------------------------------------------------------------------------------------------

POLICY = "//compute.googleapis.com/locations/global/firewallPolicies/987"
ATTACHED = [{"name": "everything", "attachmentTarget": "organizations/123456789012"}]


def in_policy(priority: int = 100, action: str = "allow", **changed: Any) -> dict[str, Any]:
    match = {"srcIpRanges": ["0.0.0.0/0"], "layer4Configs": [{"ipProtocol": "tcp", "ports": ["22"]}]}
    match |= changed.pop("match", {})
    return {"priority": priority, "direction": "INGRESS", "action": action, "match": match, **changed}


def firewall_policy(gcp: Cloud, *rules: dict[str, Any], **data: Any) -> None:
    whole = {"name": "987", "shortName": "baseline", "associations": ATTACHED, "rules": list(rules), **data}
    gcp.add("compute.googleapis.com/FirewallPolicy", POLICY, whole, project=None)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, "fail"),
        ({"action": "apply_security_profile_group"}, "fail"),
        ({"action": "goto_next"}, "not_applicable"),
        ({"action": "deny"}, "not_applicable"),
        ({"direction": "EGRESS"}, "not_applicable"),
        ({"disabled": True}, "not_applicable"),
        ({"match": {"srcIpRanges": ["::/0"]}}, "fail"),
        ({"match": {"srcIpRanges": ["35.235.240.0/20"]}}, "pass"),
        ({"match": {"srcIpRanges": [], "srcSecureTags": [{"name": "tagValues/1"}]}}, "pass"),
        ({"match": {"srcIpRanges": [], "srcRegionCodes": ["FR"]}}, "fail"),
        ({"match": {"srcIpRanges": ["198.51.100.0/24"], "srcRegionCodes": ["FR"]}}, "fail"),
        ({"match": {"srcIpRanges": [], "srcThreatIntelligences": ["iplist-tor-exit-nodes"]}}, "fail"),
        ({"match": {"srcIpRanges": [], "srcThreatIntelligences": ["iplist-search-engines-crawlers"]}}, "unknown"),
        ({"match": {"srcIpRanges": [], "srcFqdns": ["office.example.org"]}}, "unknown"),
        ({"match": {"srcIpRanges": ["198.51.100.0/24"], "srcFqdns": ["office.example.org"]}}, "unknown"),
        ({"match": {"srcFqdns": ["office.example.org"]}}, "fail"),
        ({"match": {"srcIpRanges": []}}, "fail"),
        ({"match": {"srcIpRanges": [], "srcAddressGroups": ["projects/shop/addressGroups/office"]}}, "unknown"),
        ({"match": {"srcNetworkType": "INTERNET"}}, "fail"),
        ({"match": {"srcNetworkContext": "INTERNET", "srcRegionCodes": ["FR"], "srcIpRanges": []}}, "fail"),
        ({"match": {"srcNetworkType": "UNSPECIFIED"}}, "fail"),
        ({"match": {"srcNetworkType": "INTRA_VPC"}}, "pass"),
        ({"match": {"srcNetworkContext": "INTRA_VPC"}}, "pass"),
        ({"match": {"srcNetworkType": "VPC_NETWORKS", "srcNetworks": ["projects/shop/global/networks/main"]}}, "pass"),
        ({"match": {"srcNetworkContext": "INTRA_VPC", "srcRegionCodes": ["FR"]}}, "pass"),
        ({"match": {"srcNetworkType": "SOMETHING_NEW"}}, "unknown"),
        ({"match": {"srcIpRanges": [], "srcSomethingNew": ["one"]}}, "unknown"),
        ({"match": {"srcSomethingNew": []}}, "fail"),
        ({"match": {"srcIpRanges": []}, "targetType": "INTERNAL_MANAGED_LB"}, "fail"),
        ({"match": {"srcNetworkScope": "NON_INTERNET"}}, "pass"),
        ({"match": {"layer4Configs": [{"ipProtocol": "all"}]}}, "fail"),
        ({"match": {"layer4Configs": [{"ipProtocol": "tcp", "ports": ["443"]}]}}, "pass"),
    ],
)
def test_a_rule_of_a_policy_is_held_to_the_same(gcp: Cloud, changed: dict[str, Any], status: str) -> None:
    firewall_policy(gcp, in_policy(**changed))
    seen = asked(gcp, PORTS)
    assert seen.status(PORTS, "/rules/100") == status
    if status == "fail":
        opened = "rule 100 of baseline opens 22/tcp"
        assert seen.reason(PORTS, "/rules/100").startswith(opened)


def test_a_policy_that_hangs_on_nothing_opens_nothing(gcp: Cloud) -> None:
    firewall_policy(gcp, in_policy(), associations=[])
    assert asked(gcp, PORTS).status(PORTS) == "not_applicable"


def test_within_a_policy_what_goes_first_decides(gcp: Cloud) -> None:
    firewall_policy(gcp, in_policy(), in_policy(50, "deny"))
    assert asked(gcp, PORTS).status(PORTS, "/rules/100") == "pass"
    firewall_policy(gcp, in_policy(), in_policy(200, "deny"))
    assert asked(gcp, PORTS).status(PORTS, "/rules/100") == "fail"


def test_what_a_policy_lets_in_is_told_with_its_policy(gcp: Cloud) -> None:
    firewall_policy(gcp, in_policy())
    expected = "rule 100 of baseline opens 22/tcp of whatever firewall policy 987 hangs on to 0.0.0.0/0"
    assert asked(gcp, PORTS).reason(PORTS) == expected


@pytest.mark.parametrize(
    "data",
    [
        {"rules": [in_policy(action="perhaps")]},
        {"associations": [{"name": "x"}], "rules": [in_policy()]},
        {"rules": "none"},
        {"rules": [{"action": "allow"}]},
        {"rules": [{"priority": 1, "match": "all"}]},
        {"rules": ["odd"]},
        {"rules": [in_policy(match={"layer4Configs": []})]},
        {"rules": [in_policy(disabled="false")]},
        {"rules": [in_policy(enableLogging="false")]},
    ],
)
def test_a_policy_that_is_not_understood_leaves_the_answer_open_and_the_rest_goes_on(gcp: Cloud, data: dict[str, Any]) -> None:
    firewall_policy(gcp, **data)
    rule(gcp, **SSH)
    seen = asked(gcp, PORTS)
    assert seen.status(PORTS, "/987") == "unknown"
    assert seen.status(PORTS, "/open") == "fail"


# -- networks and subnets ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("default", {"autoCreateSubnetworks": True}, "fail"),
        ("default", {"autoCreateSubnetworks": False}, "fail"),
        ("old", {"IPv4Range": "10.240.0.0/16"}, "fail"),
        ("main", {"autoCreateSubnetworks": False}, "pass"),
    ],
)
def test_default_and_legacy_networks_are_gone(gcp: Cloud, name: str, data: dict[str, Any], status: str) -> None:
    gcp.add("compute.googleapis.com/Network", name, {"name": name, **data})
    assert asked(gcp, DEFAULT).status(DEFAULT) == status


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"logConfig": {"enable": True, "flowSampling": 0.5}}, "pass"),
        ({"enableFlowLogs": True}, "pass"),
        ({"logConfig": {"enable": False}}, "fail"),
        ({}, "fail"),
        ({"purpose": "PRIVATE"}, "fail"),
        ({"purpose": "SOMETHING_NEW"}, "fail"),
        ({"purpose": "REGIONAL_MANAGED_PROXY"}, "not_applicable"),
        ({"purpose": "PRIVATE_SERVICE_CONNECT"}, "not_applicable"),
    ],
)
def test_subnets_of_machines_have_flow_logs(gcp: Cloud, data: dict[str, Any], status: str) -> None:
    gcp.add("compute.googleapis.com/Subnetwork", "apps", {"name": "apps", "network": NETWORK, **data})
    seen = asked(gcp, FLOWS)
    assert seen.status(FLOWS) == status
    if status == "fail":
        assert seen.reason(FLOWS) == "apps in europe-west1 of project shop has no flow logs"
        assert asked(gcp, FLOWS, out_of_scope=["ap*"]).status(FLOWS) == "not_applicable"


LOGGED = "gcp_firewall_rule_logging"


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"logConfig": {"enable": True}}, "pass"),
        ({"logConfig": {"enable": False}}, "fail"),
        ({}, "fail"),
        ({"allowed": [{"IPProtocol": "tcp", "ports": ["443"]}]}, "fail"),
        ({"sourceRanges": ["10.0.0.0/8"]}, "not_applicable"),
        ({"direction": "EGRESS"}, "not_applicable"),
        ({"disabled": True}, "not_applicable"),
    ],
)
def test_rules_that_let_the_internet_in_are_logged(gcp: Cloud, changed: dict[str, Any], status: str) -> None:
    rule(gcp, **{**SSH, **changed})
    assert asked(gcp, LOGGED).status(LOGGED) == status


@pytest.mark.parametrize(("logged", "status"), [(True, "pass"), (False, "unknown")])
def test_whom_an_address_group_lets_in_without_logs_is_not_known(gcp: Cloud, logged: bool, status: str) -> None:
    groups = ["projects/shop/addressGroups/office"]
    firewall_policy(gcp, in_policy(match={"srcIpRanges": [], "srcAddressGroups": groups}, enableLogging=logged))
    assert asked(gcp, LOGGED).status(LOGGED, "/rules/100") == status
