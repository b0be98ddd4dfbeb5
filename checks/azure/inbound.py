"""What the rules of a network security group let in from the internet.

The rules are read as the platform applies them: in the order of their priority, the first that matches decides. A rule
that denies closes a port only if it denies it to everyone, wherever in the network it leads; one that allows opens it
however narrow the part of the network is that it leads to.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from checks.addresses import is_internet, network_of
from evidence_store.records import Json, MalformedFactError, Unread, Why

FAMILIES = (4, 6)
EVERYONE = frozenset({"*", "any", "internet"})
HIGHEST = 65535


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports of one protocol, as a parameter names them: `22/tcp`, `5900-5903/tcp`; `53` for those of either."""

    text: str
    numbers: range
    protocol: str

    @classmethod
    def of(cls, text: str) -> "tuple[Ports, ...]":
        ports, _, protocol = text.casefold().partition("/")
        named = (protocol,) if protocol.strip() not in ("", "*", "any") else ("tcp", "udp")
        return tuple(cls(f"{ports}/{each.strip()}", _range(ports), each.strip()) for each in named)


@dataclass(frozen=True, slots=True)
class Opening:
    """Ports that a rule opens, and to whom."""

    ports: Ports
    rule: str
    source: str


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    priority: int
    allows: bool
    protocol: str
    ports: tuple[range, ...]
    sources: tuple[str, ...]
    anywhere: bool  # whatever its source port, wherever in the network it leads

    def touches(self, wanted: Ports) -> set[int]:
        """Which of these ports the rule is about."""
        if self.protocol not in ("*", wanted.protocol):
            return set()
        return {port for port in wanted.numbers if any(port in ports for ports in self.ports)}

    def opens_to(self, family: int) -> str | None:
        """The source that is the internet or much of it, if there is one among them."""
        return next((source for source in self.sources if _is_wide(source, family)), None)

    def shuts_out(self, family: int) -> bool:
        """Whether nobody of that family gets past the rule."""
        return self.anywhere and any(_is_everyone(source, family) for source in self.sources)


def openings(rules: Iterable[Json], wanted: Sequence[str]) -> Iterator[Opening]:
    """Which of these ports the rules of a group open to the internet; the first rule that does, for each."""
    inbound = sorted((rule for rule in map(_rule, rules) if rule is not None), key=lambda rule: rule.priority)
    for ports in (each for text in wanted for each in Ports.of(text)):
        found = (opening for family in FAMILIES if (opening := _opening(inbound, ports, family)) is not None)
        if (first := next(found, None)) is not None:
            yield first


def _opening(rules: Sequence[_Rule], ports: Ports, family: int) -> Opening | None:
    shut: set[int] = set()
    for rule in rules:
        touched = rule.touches(ports) - shut
        if not touched:
            continue
        if rule.allows:
            if (source := rule.opens_to(family)) is not None:
                return Opening(ports, rule.name, source)
        elif rule.shuts_out(family):
            shut |= touched
    return None


def _rule(rule: Json) -> _Rule | None:
    """A rule as it is applied; `None` for one about what goes out."""
    if _one_of(rule, "direction", "inbound", "outbound") == "outbound":
        return None
    narrowed = rule.get("sourceApplicationSecurityGroups") or rule.get("destinationApplicationSecurityGroups")
    leads_to = _both(rule, "destinationAddressPrefix", "destinationAddressPrefixes")
    from_ports = _both(rule, "sourcePortRange", "sourcePortRanges")
    return _Rule(
        name=rule["name"],
        priority=rule["priority"],
        allows=_one_of(rule, "access", "allow", "deny") == "allow",
        protocol=_protocol(rule),
        ports=tuple(_range(text) for text in _both(rule, "destinationPortRange", "destinationPortRanges")),
        sources=_both(rule, "sourceAddressPrefix", "sourceAddressPrefixes"),
        anywhere=not narrowed
        and any(text.casefold() in {"*", "any", "virtualnetwork"} for text in leads_to)
        and any(_range(text) == range(HIGHEST + 1) for text in from_ports),
    )


def _one_of(rule: Json, field: str, *words: str) -> str:
    """The word of a field. Raises `MalformedFactError` for one of which nothing is known."""
    if (said := str(rule[field]).casefold()) not in words:
        raise MalformedFactError(Unread(Why.UNEXPECTED, "securityRules", f"{rule['name']} has the {field} {said}"))
    return said


def _protocol(rule: Json) -> str:
    if (said := rule.get("protocol")) is None:
        raise MalformedFactError(Unread(Why.UNEXPECTED, "securityRules", f"{rule['name']} names no protocol"))
    return str(said).casefold()


def _both(rule: Json, one: str, many: str) -> tuple[str, ...]:
    """A field that the provider fills as one value or as a list, sometimes with an empty one beside the other."""
    return tuple(text for text in (rule.get(one), *(rule.get(many) or ())) if text)


def _range(text: str) -> range:
    if text.strip() == "*":
        return range(HIGHEST + 1)
    first, _, last = text.partition("-")
    try:
        return range(int(first), int(last or first) + 1)
    except ValueError:
        raise MalformedFactError(Unread(Why.UNEXPECTED, "a port", repr(text))) from None


def _is_wide(source: str, family: int) -> bool:
    """Whether a source is the internet or much of it; the cloud's own addresses are every customer's."""
    word = source.casefold()
    if word in EVERYONE or word == "azurecloud" or word.startswith("azurecloud."):
        return True
    return _is_block(source) and network_of(source).version == family and is_internet(source)


def _is_everyone(source: str, family: int) -> bool:
    if source.casefold() in EVERYONE:
        return True
    if not _is_block(source):
        return False
    network = network_of(source)
    return network.version == family and network.prefixlen == 0


def _is_block(source: str) -> bool:
    """Whether a source is written as addresses; everything else is a service tag."""
    return source[:1].isdigit() or ":" in source
