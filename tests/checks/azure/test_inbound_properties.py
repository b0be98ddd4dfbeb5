"""Rules of a security group against a packet that is led through them one by one: nothing that gets in goes untold."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from checks.azure.inbound import openings

STRANGERS = ("8.8.8.8", "198.51.100.7", "2001:4860:4860::8888")
MACHINES = ("10.0.0.4", "10.0.0.5")
PORTS = range(20, 25)

_ranges = st.sampled_from(["*", "22", "23", "20-22", "22-24", "443"])
_sources = st.sampled_from(["*", "Internet", "Any", "0.0.0.0/0", "::/0", "8.0.0.0/7", "203.0.113.0/24", "VirtualNetwork"])
RULES = st.builds(
    lambda access, protocol, ports, sources, machine, from_ports: {
        "access": access,
        "direction": "Inbound",
        "protocol": protocol,
        "destinationPortRanges": ports,
        "sourceAddressPrefixes": sources,
        "destinationAddressPrefix": machine,
        "sourcePortRange": from_ports,
    },
    st.sampled_from(["Allow", "Deny"]),
    st.sampled_from(["Tcp", "Udp", "*"]),
    st.lists(_ranges, min_size=1, max_size=2),
    st.lists(_sources, min_size=1, max_size=2),
    st.sampled_from(["*", "10.0.0.4", "VirtualNetwork"]),
    st.sampled_from(["*", "1024-65535"]),
)


def holds(prefix: str, stranger: str) -> bool:
    """Whether a source takes in an address from outside."""
    if prefix in ("*", "Internet", "Any"):
        return True
    if prefix == "VirtualNetwork":
        return False
    network = ip_network(prefix)
    return network.version == ip_address(stranger).version and ip_address(stranger) in network


def covers(text: str, port: int) -> bool:
    first, _, last = text.partition("-")
    return text == "*" or int(first) <= port <= int(last or first)


def gets_in(rules: Sequence[dict[str, Any]], stranger: str, from_port: int, machine: str, port: int) -> bool:
    """What becomes of one TCP packet; the platform's own last rule denies it."""
    for rule in rules:
        if (
            rule["protocol"] in ("Tcp", "*")
            and any(covers(text, port) for text in rule["destinationPortRanges"])
            and any(holds(prefix, stranger) for prefix in rule["sourceAddressPrefixes"])
            and rule["destinationAddressPrefix"] in ("*", "VirtualNetwork", machine)
            and covers(rule["sourcePortRange"], from_port)
        ):
            return bool(rule["access"] == "Allow")
    return False


@given(st.lists(RULES, max_size=5))
def test_a_port_that_a_stranger_reaches_is_always_told(rules: list[dict[str, Any]]) -> None:
    named = [{"name": f"rule-{number}", "priority": 100 + number, **rule} for number, rule in enumerate(rules)]
    told = {port for opening in openings(named, [f"{port}/tcp" for port in PORTS]) for port in opening.ports.numbers}
    reached = {
        port
        for port in PORTS
        for stranger in STRANGERS
        for machine in MACHINES
        for from_port in (53, 40000)
        if gets_in(named, stranger, from_port, machine, port)
    }
    assert reached <= told
