"""Which addresses a rule admits: the internet or much of it, or no more than somebody holds."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network
from typing import TypeVar

from checks.check import Answer, Unknown
from evidence_store.records import Json, MalformedFactError, Resource, Unread, Why

_Read = TypeVar("_Read")

# Nobody holds a wider block than these: a wider one is the internet, whole or cut in pieces.
WIDEST_IPV4 = 8
WIDEST_IPV6 = 16
PRIVATE_IPV6 = IPv6Network("fc00::/7")


def network_of(block: str) -> IPv4Network | IPv6Network:
    """A block of addresses. Raises `MalformedFactError` for what is none."""
    return _parsed(lambda text: ip_network(text, strict=False), block)


def is_internet(block: str) -> bool:
    """Whether a block of addresses is the internet or a large part of it. Raises `MalformedFactError` for what is none."""
    network = network_of(block)
    if isinstance(network, IPv4Network):
        return network.prefixlen < WIDEST_IPV4
    return network.prefixlen < WIDEST_IPV6 and not network.subnet_of(PRIVATE_IPV6)


def holds(first: str, last: str) -> int:
    """How many addresses lie between two, both counted; of IPv6 how many networks of /64, the least that one site has.

    Raises `MalformedFactError` for what is no address.
    """
    low, high = _parsed(ip_address, first), _parsed(ip_address, last)
    span = int(high) - int(low)
    return max(span + 1 if isinstance(low, IPv4Address) else (span >> 64) + 1, 0)


def _parsed(read: Callable[[str], _Read], text: str) -> _Read:
    try:
        return read(text)
    except ValueError:
        raise MalformedFactError(Unread(Why.UNEXPECTED, "a list of addresses", f"{text!r} is none")) from None


def closed_to_networks(store: Resource, acls: str) -> Answer:
    """Whether a service with a firewall of its own refuses the networks that nobody listed.

    `acls` is the fact with its rules. What the service leaves out is as the platform takes it: public access is on, and
    the default is to allow.
    """
    access = (store.fact("publicNetworkAccess") or "Enabled").casefold()
    if access == "disabled":
        return None
    if access == "securedbyperimeter":
        return Unknown(f"{store.name} is guarded by a network security perimeter, whose rules are not read")
    rules: Json = store.fact(acls) or {}
    if (rules.get("defaultAction") or "Allow").casefold() != "deny":
        return f"{store.name} accepts connections from every network"
    wide = sorted({rule["value"] for rule in rules.get("ipRules") or () if is_internet(rule["value"])})
    return f"{store.name} accepts connections from {', '.join(wide)}" if wide else None
