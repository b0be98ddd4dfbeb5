"""Checks on listeners and on the packet filter, driven from ss, nft and iptables-save."""

import json
from typing import Any

import pytest

from collectors.host.machine import Ran
from evidence_store.records import Json
from tests.collectors.host.recorded import AT, host, said
from tests.harness import Looked, look

LISTENING, CLEARTEXT, FIREWALL = "host_listening_services", "host_no_cleartext_services", "host_firewall_default_deny"
SS = "ss -H -lntup"
NFT = "nft --json list ruleset"


def sockets(check: str, *lines: str, parameters: dict[str, Json] | None = None, root: bool = True) -> Looked:
    said_ = "".join(f"{line}\n" for line in lines)
    return look(host(commands={SS: Ran(0, said_)}, root=root), check, at=AT, parameters={check: parameters or {}})


def tcp(address: str, users: str = "") -> str:
    return f"tcp   LISTEN 0      4096  {address}  0.0.0.0:* {users}"


@pytest.mark.parametrize("machine", ["redhat9", "debian12"])
def test_ssh_is_approved_and_loopback_is_not_asked(machine: str) -> None:
    seen = look(host(machine), LISTENING, at=AT)
    assert seen.status(LISTENING, "tcp/22@0.0.0.0") == "pass"
    assert seen.status(LISTENING, "tcp/22@[::]") == "pass"
    assert seen.status(LISTENING, "udp/323@127.0.0.1") == "not_applicable"
    assert seen.status(LISTENING, "udp/323@[::1]") == "not_applicable"


@pytest.mark.parametrize("address", ["0.0.0.0:8080", "*:8080", "[::]:8080", "192.0.2.7%eth0:8080", "[fe80::1]%eth0:8080"])
def test_port_that_nobody_approved_fails_on_every_form_of_address(address: str) -> None:
    seen = sockets(LISTENING, tcp(address, 'users:(("nginx",pid=1,fd=3))'))
    assert seen.status(LISTENING) == "fail"
    assert "tcp/8080" in seen.reason(LISTENING)


def test_port_may_be_approved_for_one_program_only() -> None:
    given: dict[str, Json] = {"approved": ["tcp/443/nginx"]}
    assert sockets(LISTENING, tcp("*:443", 'users:(("nginx",pid=1,fd=3))'), parameters=given).status(LISTENING) == "pass"
    assert sockets(LISTENING, tcp("*:443", 'users:(("nc",pid=1,fd=3))'), parameters=given).status(LISTENING) == "fail"


def test_program_is_unknown_to_an_ordinary_user_and_the_port_is_not() -> None:
    given: dict[str, Json] = {"approved": ["tcp/443/nginx"]}
    seen = sockets(LISTENING, tcp("*:443"), tcp("*:22"), parameters=given, root=False)
    assert seen.status(LISTENING, "tcp/443@*") == "unknown"
    assert f"run {SS} was denied" in seen.reason(LISTENING, "tcp/443@*")
    assert seen.status(LISTENING, "tcp/22@*") == "fail"


def test_several_sockets_on_one_port_are_one_listener() -> None:
    lines = [tcp("*:22", f'users:(("{name}",pid={pid},fd=3))') for pid, name in enumerate(("sshd", "sshd", "systemd"))]
    programs = sockets(LISTENING, *lines).facts("host.listener", "programs")
    assert list(programs.values()) == [{"Programs": ["sshd", "systemd"]}]


@pytest.mark.parametrize("check", [LISTENING, CLEARTEXT])
def test_listeners_are_unknown_where_ss_is_denied_or_missing(check: str) -> None:
    seen = look(host(denied=[SS]), check, at=AT)
    assert (seen.status(check), seen.reason(check)) == ("unknown", f"run {SS} was denied")
    assert look(host(commands={SS: None}), check, at=AT).status(check) == "unknown"


@pytest.mark.parametrize("machine", ["redhat9", "debian12"])
def test_no_cleartext_service_passes(machine: str) -> None:
    assert look(host(machine), CLEARTEXT, at=AT).status(CLEARTEXT) == "pass"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (tcp("0.0.0.0:23"), "tcp/23"),
        (tcp("[::]:21"), "tcp/21"),
        ("udp UNCONN 0 0 0.0.0.0:69 0.0.0.0:*", "udp/69"),
        (tcp("*:2323", 'users:(("in.telnetd",pid=9,fd=3))'), "in.telnetd"),
    ],
)
def test_cleartext_service_fails_by_its_port_or_its_program(line: str, found: str) -> None:
    seen = sockets(CLEARTEXT, line)
    assert seen.status(CLEARTEXT) == "fail"
    assert seen.reason(CLEARTEXT).endswith(found)


def test_cleartext_service_on_loopback_is_no_fault() -> None:
    assert sockets(CLEARTEXT, tcp("127.0.0.1:21")).status(CLEARTEXT) == "pass"


def test_cleartext_program_on_another_port_is_unknown_to_an_ordinary_user() -> None:
    assert sockets(CLEARTEXT, tcp("*:22"), root=False).status(CLEARTEXT) == "unknown"
    assert sockets(CLEARTEXT, tcp("*:23"), root=False).status(CLEARTEXT) == "fail"


def filtered(ran: Ran | None, **changes: Any) -> Looked:
    saved = {line: said("debian12", f"{line}-ufw") for line in ("iptables-save", "ip6tables-save")}
    return look(host(commands={NFT: ran, **saved}, **changes), FIREWALL, at=AT)


@pytest.mark.parametrize(
    ("machine", "name"),
    [("redhat9", "nft"), ("debian12", "nft-plain"), ("debian12", "nft-ufw")],
)
def test_deny_default_of_firewalld_nftables_and_ufw_passes(machine: str, name: str) -> None:
    assert filtered(said(machine, name)).status(FIREWALL) == "pass"


def test_iptables_alone_is_read_where_there_is_no_nft() -> None:
    assert filtered(None).status(FIREWALL) == "pass"


def test_conditions_that_nft_does_not_show_are_read_from_iptables() -> None:
    """ufw that allows inbound by default looks like ufw that denies it, but for the policy and one target."""
    opened = {
        NFT: said("debian12", "nft-ufw-allow"),
        "iptables-save": Ran(0, "*filter\n:INPUT ACCEPT [0:0]\n:u - [0:0]\n-A INPUT -j u\n-A u -j ACCEPT\nCOMMIT\n"),
        "ip6tables-save": said("debian12", "ip6tables-save-ufw"),
    }
    seen = look(host(commands=opened), FIREWALL, at=AT)
    assert seen.reason(FIREWALL) == "redhat9 lets inbound IPv4 through unless a rule denies it"


def chain(*rules: Json, policy: str = "drop", family: str = "inet", name: str = "input", base: bool = True) -> list[Json]:
    hook = {"type": "filter", "hook": "input", "prio": 0, "policy": policy} if base else {}
    made: list[Json] = [{"chain": {"family": family, "table": "t", "name": name, "handle": 1, **hook}}]
    return made + [{"rule": {"family": family, "table": "t", "chain": name, "handle": 2, "expr": rule}} for rule in rules]


def judged(*chains: list[Json], **changes: Any) -> Looked:
    return filtered(Ran(0, json.dumps({"nftables": [entry for made in chains for entry in made]})), **changes)


def match(left: Json, right: Json, op: str = "==") -> Json:
    return {"match": {"op": op, "left": left, "right": right}}


IN = {"meta": {"key": "iifname"}}
STATE = {"ct": {"key": "state"}}
SADDR = {"payload": {"protocol": "ip", "field": "saddr"}}
DPORT = match({"payload": {"protocol": "tcp", "field": "dport"}}, 22)
ACCEPT, DROP = {"accept": None}, {"drop": None}


@pytest.mark.parametrize(
    ("chains", "status"),
    [
        ([chain()], "pass"),
        ([chain(policy="accept")], "fail"),
        ([chain([DPORT, ACCEPT], [DROP], policy="accept")], "pass"),
        ([chain([{"counter": {"packets": 7, "bytes": 9}}, {"reject": None}], policy="accept")], "pass"),
        ([chain([ACCEPT])], "fail"),
        ([chain([match(STATE, ["established", "related", "new"], "in"), ACCEPT])], "fail"),
        ([chain([match(STATE, {"set": ["established", "new"]}), ACCEPT])], "fail"),
        ([chain([match(STATE, "new", "in"), DPORT, ACCEPT])], "pass"),
        ([chain([match({"meta": {"key": "l4proto"}}, "tcp"), ACCEPT])], "fail"),
        ([chain([match(SADDR, {"prefix": {"addr": "0.0.0.0", "len": 0}}), ACCEPT])], "fail"),
        ([chain([match(SADDR, {"prefix": {"addr": "10.0.0.0", "len": 8}}), ACCEPT])], "pass"),
        ([chain([match(IN, "lo"), ACCEPT])], "pass"),
        ([chain([match(IN, "eth0"), ACCEPT])], "fail"),
        ([chain([match(IN, "eth0"), ACCEPT]), chain(policy="accept", name="other")], "fail"),
        ([chain([match(IN, {"set": ["lo", "eth0"]}), ACCEPT])], "fail"),
        ([chain([{"vmap": {"key": IN, "data": {"set": [["lo", ACCEPT], ["eth0", {"jump": {"target": "x"}}]]}}}]),
          chain([DPORT, ACCEPT], name="x", base=False)], "pass"),
        ([chain([match(IN, "eth0"), {"goto": {"target": "x"}}]), chain([ACCEPT], name="x", base=False)], "fail"),
        ([chain([{"jump": {"target": "x"}}], policy="accept"), chain([DROP], name="x", base=False)], "pass"),
        ([chain([{"jump": {"target": "x"}}], policy="accept"),
          chain([DPORT, {"return": None}], [DROP], name="x", base=False)], "fail"),
        ([chain(family="ip")], "fail"),
        ([chain(family="ip"), chain(family="ip6")], "pass"),
        ([chain(base=False)], "fail"),
        ([], "fail"),
    ],
)  # fmt: skip
def test_packet_that_no_rule_speaks_of_decides(chains: list[list[Json]], status: str) -> None:
    assert judged(*chains).status(FIREWALL) == status


def test_ipv6_needs_no_filter_where_it_is_not_used() -> None:
    loopback = "00000000000000000000000000000001 01 80 10 80       lo\n"
    assert judged(chain(family="ip"), files={"/proc/net/if_inet6": loopback}).status(FIREWALL) == "pass"


def test_trusted_interface_may_be_open() -> None:
    given = {FIREWALL: {"trusted_interfaces": ["lo", "wg*"]}}
    ran = Ran(0, json.dumps({"nftables": chain([match(IN, "wg0"), ACCEPT])}))
    assert look(host(commands={NFT: ran}), FIREWALL, at=AT, parameters=given).status(FIREWALL) == "pass"


def test_machine_without_packet_filter_fails_and_a_container_is_not_asked() -> None:
    gone: dict[str, Ran | None] = dict.fromkeys((NFT, "iptables-save", "ip6tables-save"))
    assert look(host(commands=gone), FIREWALL, at=AT).reason(FIREWALL) == "redhat9 has no packet filter"
    assert look(host(commands=gone, files={"/.dockerenv": ""}), FIREWALL, at=AT).status(FIREWALL) == "not_applicable"


def test_packet_filter_that_only_root_may_see_is_unknown() -> None:
    refused = Ran(1, "", "Operation not permitted (you must be root)\nnetlink: Error: cache initialization failed\n")
    seen = filtered(refused, root=False)
    assert (seen.status(FIREWALL), seen.reason(FIREWALL)) == ("unknown", f"run {NFT} was denied")


def test_counters_do_not_make_a_new_state() -> None:
    facts = [
        next(iter(judged(chain([{"counter": {"packets": n, "bytes": n}}, DROP])).facts("host.machine", "firewall").values()))
        for n in (1, 2)
    ]
    assert facts[0] == facts[1]
