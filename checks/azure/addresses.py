"""Which addresses a rule admits: the internet or much of it, or no more than somebody holds."""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address

from checks.addresses import is_internet
from checks.check import Answer, Unknown
from evidence_store.records import Json, MalformedFactError, Resource, Unread, Why


def holds(first: str, last: str) -> int:
    """How many addresses lie between two, both counted; of IPv6 how many networks of /64, the least that one site has.

    Raises `MalformedFactError` for what is no address.
    """
    low, high = _address(first), _address(last)
    span = int(high) - int(low)
    return max(span + 1 if isinstance(low, IPv4Address) else (span >> 64) + 1, 0)


def _address(text: str) -> IPv4Address | IPv6Address:
    try:
        return ip_address(text)
    except ValueError:
        raise MalformedFactError(Unread(Why.UNEXPECTED, "an address", repr(text))) from None


def _block(rule: Json) -> str:
    """The addresses that a rule of a firewall lets in. Raises `MalformedFactError`."""
    block = rule.get("value") if isinstance(rule, Mapping) else None
    if not isinstance(block, str):
        raise MalformedFactError(Unread(Why.UNEXPECTED, "ipRules", "a rule without addresses"))
    return block


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
    wide = sorted({block for rule in rules.get("ipRules") or () if is_internet(block := _block(rule))})
    return f"{store.name} accepts connections from {', '.join(wide)}" if wide else None
