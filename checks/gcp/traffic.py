"""What a firewall rule lets in: which ports, from how much of the internet, and what a rule before it refuses."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from checks.addresses import covers, is_internet
from evidence_store.records import Json, Resource

EVERYWHERE = "0.0.0.0/0"
EVERYWHERE_IPV6 = "::/0"
_PROTOCOLS = {"6": "tcp", "17": "udp", "132": "sctp"}
_WITH_PORTS = frozenset(_PROTOCOLS.values())
DEFAULT_PRIORITY = 1000


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports, as a parameter names them: `22/tcp`, `5900-5903/tcp`; `22` is of every protocol."""

    text: str
    first: int
    last: int
    protocol: str

    @classmethod
    def of(cls, text: str) -> "Ports":
        ports, _, protocol = text.partition("/")
        first, _, last = ports.partition("-")
        return cls(text, int(first), int(last or first), protocol)

    def touched_by(self, entries: Json) -> bool:
        """Whether entries of a rule speak of any of these ports."""
        return any(first <= self.last and self.first <= last for first, last in self._spans(entries))

    def within(self, entries: Json) -> bool:
        """Whether one entry of a rule speaks of all of these ports."""
        return any(first <= self.first and self.last <= last for first, last in self._spans(entries))

    def _spans(self, entries: Json) -> Iterator[tuple[int, int]]:
        for entry in entries or ():
            protocol = str(entry.get("IPProtocol") or entry.get("ipProtocol")).lower()
            named = _PROTOCOLS.get(protocol, protocol)
            if protocol != "all" and named not in ({self.protocol} if self.protocol else _WITH_PORTS):
                continue
            ports = entry.get("ports")
            if not ports or protocol == "all":
                yield 0, 65535
            for text in ports or () if protocol != "all" else ():
                first, _, last = str(text).partition("-")
                yield int(first), int(last or first)


def is_inbound(rule: Resource) -> bool:
    """Whether a rule speaks of what comes in, and is in force."""
    return (rule.fact("direction") or "INGRESS") == "INGRESS" and not rule.fact("disabled")


def wide_sources(rule: Resource) -> list[str]:
    """The blocks that a rule takes from which are the internet; a rule that names no source takes from everywhere."""
    ranges = rule.fact("sourceRanges") or ()
    if not ranges:
        return _unnamed(rule)
    return [cidr for cidr in ranges if is_internet(cidr)]


def refused_before(rule: Resource, port: Ports, source: str, others: Iterable[Resource]) -> bool:
    """Whether a rule that is looked at earlier refuses these ports from this source for every target of the rule.

    The lower number goes first, and of one number the refusal. A refusal for named targets, or of what goes to some addresses,
    counts only for a rule that is for no others.
    """
    return any(
        other.fact("denied")
        and is_inbound(other)
        and other.fact("network") == rule.fact("network")
        and _priority(other) <= _priority(rule)
        and port.within(other.fact("denied"))
        and any(covers(cidr, source) for cidr in other.fact("sourceRanges") or _unnamed(other))
        and _targets(other, rule)
        and _destinations(other, rule, source)
        for other in others
    )


def _unnamed(rule: Resource) -> list[str]:
    """Everywhere, for a rule without addresses that names no other source either."""
    named = ("sourceAddressGroups", "sourceServiceAccounts", "sourceTags")
    return [] if any(rule.fact(name) for name in named) else [EVERYWHERE]


def _destinations(refusing: Resource, rule: Resource, source: str) -> bool:
    """Whether a refusal is of whatever a rule lets in from a source, wherever it goes."""
    refused = refusing.fact("destinationRanges") or ()
    everywhere = EVERYWHERE_IPV6 if ":" in source else EVERYWHERE
    return not refused or all(
        any(covers(cidr, wanted) for cidr in refused) for wanted in rule.fact("destinationRanges") or [everywhere]
    )


def _priority(rule: Resource) -> int:
    found = rule.fact("priority")
    return DEFAULT_PRIORITY if found is None else int(found)


def _targets(refusing: Resource, rule: Resource) -> bool:
    """Whether a refusal is for every machine that a rule is for."""
    tags, accounts = refusing.fact("targetTags"), refusing.fact("targetServiceAccounts")
    if not tags and not accounts:
        return True
    own_tags, own_accounts = rule.fact("targetTags") or (), rule.fact("targetServiceAccounts") or ()
    if tags:
        return bool(own_tags) and set(own_tags) <= set(tags)
    return bool(own_accounts) and set(own_accounts) <= set(accounts)
