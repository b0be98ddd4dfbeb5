"""What a firewall rule lets in: which ports, from how much of the internet, and what another rule leaves of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from checks.addresses import covers, is_internet
from checks.gcp.groups import Groups
from evidence_store.records import Json, Resource

_EVERYWHERE = ("0.0.0.0/0", "::/0")
_PROTOCOLS = {"6": "tcp", "17": "udp", "132": "sctp"}
_WITH_PORTS = tuple(_PROTOCOLS.values())
_DEFAULT_PRIORITY = 1000
_ANY_KIND = (None, "INTERNET")  # of networks that a rule may take from; the internet is what is asked about
_INSIDE = ("INTRA_VPC", "NON_INTERNET", "VPC_NETWORKS")
# Lists that anybody can come to stand on: by renting a machine, by a detour that hides where he comes from, or by an attack.
_STRANGERS = {
    "iplist-anon-proxies", "iplist-crypto-miners", "iplist-known-malicious-ips", "iplist-public-clouds",
    "iplist-public-clouds-aws", "iplist-public-clouds-azure", "iplist-public-clouds-gcp", "iplist-tor-exit-nodes",
    "iplist-vpn-providers",
}  # fmt: skip
_GROUPS = "sourceAddressGroups"
_NAMED_SOURCES = {
    _GROUPS: "{}", "srcFqdns": "{}", "srcRegionCodes": "addresses of {}", "srcThreatIntelligences": "the list {}",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports of one protocol."""

    text: str  # as a parameter names them: `22/tcp`, `5900-5903/tcp`; `22` is of every protocol
    first: int
    last: int
    protocol: str

    @classmethod
    def of(cls, text: str) -> "list[Ports]":
        """What a text names, by protocol: each must be closed."""
        ports, _, protocol = text.partition("/")
        first, _, last = ports.partition("-")
        return [cls(text, int(first), int(last or first), one) for one in ([protocol] if protocol else _WITH_PORTS)]

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
            if protocol != "all" and named != self.protocol:
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


@dataclass(frozen=True, slots=True)
class Source:
    """Something outside that a rule takes from: a block of addresses, or what stands for addresses."""

    text: str
    seen: bool = True  # that strangers are in it; else nobody here sees whose addresses these are
    block: str | None = None
    named: tuple[str, str] | None = None  # the fact that names it, and its name there


def from_outside(rule: Resource, groups: Groups) -> list[Source]:
    """What a rule takes from that is the internet, or may be; a rule that names no source takes from everywhere.

    A country is no narrowing, nor is a list of those who hide where they come from. A rule takes from each of its sources, and,
    where it also names a kind of network, from what is of that kind only.
    """
    kind = rule.fact("srcNetworkType")
    if kind in _INSIDE or rule.fact("srcNetworks"):
        return []
    strange = [f"what its {name} says" for name in rule.fact("narrowedBy") or () if name.startswith("src")]
    if kind not in _ANY_KIND:
        strange.append(f"networks of the kind {kind}")
    if strange:
        return [Source(text, seen=False) for text in strange]
    blocks = [Source(cidr, block=cidr) for cidr in _blocks(rule) if is_internet(cidr)]
    return blocks + [
        source for fact in _NAMED_SOURCES for name in rule.fact(fact) or () for source in _of_name(fact, name, groups)
    ]


def _of_name(fact: str, name: str, groups: Groups) -> list[Source]:
    """What of the internet a name stands for; of an address group the blocks in it that are the internet."""
    blocks = groups.blocks(name) if fact == _GROUPS else None
    if blocks is not None:
        return [Source(f"{cidr} of {name}", block=cidr, named=(fact, name)) for cidr in blocks if is_internet(cidr)]
    seen = fact == "srcRegionCodes" or name in _STRANGERS
    return [Source(_NAMED_SOURCES[fact].format(name), seen, named=(fact, name))]


def refused_before(rule: Resource, port: Ports, source: Source, others: Iterable[Resource]) -> bool:
    """Whether a rule of the same network or policy that is looked at earlier decides on these ports from this source, for
    every target of the rule, and does not let them in: it refuses them, or hands them on.

    The lower number goes first, and of one number the refusal.
    """
    return any(
        other.fact("network") == rule.fact("network")
        and _priority(other) <= _priority(rule)
        and _decides(other, outcome, rule, port, source, rule.fact("targetResources") or ())
        for other in others
        for outcome in ("denied", "passedOn")
    )


def refused_by(
    level: Iterable[Resource], rule: Resource, port: Ports, source: Source, networks: Iterable[str], groups: Groups
) -> bool:
    """Whether the rules of another policy or network, all looked at before, refuse what a rule in these networks lets in.

    A refusal does not count where something from outside may be handed on before it.
    """
    rules, within = list(level), tuple(networks)
    return any(
        _decides(other, "denied", rule, port, source, within)
        and not any(_hands_on(earlier, port, groups) and _priority(earlier) < _priority(other) for earlier in rules)
        for other in rules
    )


def _decides(other: Resource, outcome: str, rule: Resource, port: Ports, source: Source, networks: Iterable[str]) -> bool:
    """Whether a rule does this to whatever another lets in through these ports from a source, in these networks.

    One for named targets, or of what goes to some addresses, counts only for a rule that is for no others.
    """
    return (
        bool(other.fact(outcome))
        and is_inbound(other)
        and not other.fact("narrowedBy")
        and port.within(other.fact(outcome))
        and _takes(other, source)
        and _targets(other, rule, networks)
        and _destinations(other, rule, source)
    )


def _hands_on(rule: Resource, port: Ports, groups: Groups) -> bool:
    return is_inbound(rule) and port.touched_by(rule.fact("passedOn")) and bool(from_outside(rule, groups))


def _takes(rule: Resource, source: Source) -> bool:
    """Whether a rule takes all of a source; what it only takes of networks inside is none of the outside."""
    if rule.fact("srcNetworkType") not in _ANY_KIND or rule.fact("srcNetworks"):
        return False
    if source.named is not None and source.named[1] in (rule.fact(source.named[0]) or ()):
        return True
    wanted = _EVERYWHERE if source.block is None else (source.block,)
    blocks = _blocks(rule)
    return all(any(covers(cidr, one) for cidr in blocks) for one in wanted)


def _blocks(rule: Resource) -> list[str]:
    """The blocks that a rule names; everywhere, for one that names no other source either."""
    named = ("sourceServiceAccounts", "sourceTags", *_NAMED_SOURCES)
    ranges = list(rule.fact("sourceRanges") or ())
    return ranges if ranges or any(rule.fact(name) for name in named) else [_EVERYWHERE[0]]


def _destinations(other: Resource, rule: Resource, source: Source) -> bool:
    """Whether a rule is about whatever another lets in from a source, wherever it goes."""
    about = other.fact("destinationRanges") or ()
    of_source = [block for block in _EVERYWHERE if source.block is None or (":" in block) == (":" in source.block)]
    return not about or all(
        any(covers(cidr, wanted) for cidr in about) for wanted in rule.fact("destinationRanges") or of_source
    )


def _priority(rule: Resource) -> int:
    found = rule.fact("priority")
    return _DEFAULT_PRIORITY if found is None else int(found)


def _targets(other: Resource, rule: Resource, networks: Iterable[str]) -> bool:
    """Whether a rule is for every machine that another is for, in these networks (none: in all)."""
    only, within = set(map(network_in, other.fact("targetResources") or ())), set(map(network_in, networks))
    if only and not (within and within <= only):
        return False
    tags, accounts = other.fact("targetTags"), other.fact("targetServiceAccounts")
    if not tags and not accounts:
        return True
    own_tags, own_accounts = rule.fact("targetTags") or (), rule.fact("targetServiceAccounts") or ()
    if tags:
        return bool(own_tags) and set(own_tags) <= set(tags)
    return bool(own_accounts) and set(own_accounts) <= set(accounts)


def network_in(url: str) -> str:
    """A network by its project and name, whatever stands before it: `projects/p/global/networks/n`."""
    return url[url.index("projects/") :] if "projects/" in url else url
