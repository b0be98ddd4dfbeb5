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
    assert asked(gcp, PORTS).reason(PORTS) == "open opens 22/tcp, 3389/tcp of network main to 0.0.0.0/0, ::/0"


def test_a_source_that_is_no_address_leaves_the_answer_open(gcp: Cloud) -> None:
    rule(gcp, **{**SSH, "sourceRanges": ["office"]})
    assert asked(gcp, PORTS).status(PORTS) == "unknown"


def test_the_ports_that_stay_closed_are_declared(gcp: Cloud) -> None:
    rule(gcp, allowed=[{"IPProtocol": "udp", "ports": ["8000-9000"]}], sourceRanges=["0.0.0.0/0"])
    assert asked(gcp, PORTS).status(PORTS) == "pass"
    assert asked(gcp, PORTS, ports=["8443-8444/udp"]).status(PORTS) == "fail"


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
    ],
)
def test_a_refusal_that_goes_before_closes_what_a_rule_opens(gcp: Cloud, refusal: dict[str, Any], status: str) -> None:
    rule(gcp, **SSH)
    rule(gcp, "refuse", **refusal)
    assert asked(gcp, PORTS).status(PORTS, "/open") == status


def test_a_refusal_for_the_same_targets_closes_a_rule_for_them(gcp: Cloud) -> None:
    rule(gcp, targetTags=["web"], **SSH)
    rule(gcp, "refuse", targetTags=["web", "db"], **DENY)
    assert asked(gcp, PORTS).status(PORTS, "/open") == "pass"
    rule(gcp, targetTags=["web", "jump"], **SSH)
    assert asked(gcp, PORTS).status(PORTS, "/open") == "fail"


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
