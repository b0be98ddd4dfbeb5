"""What a security group lets in: which ports, from how much of the internet."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from checks.addresses import is_internet
from checks.check import Answer, NotApplicable, Unknown
from evidence_store.records import Inventory, Json, Resource, UnreadFactError

PROTOCOLS = {"6": "tcp", "17": "udp"}


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports of one protocol, as a parameter names them: `22/tcp`, `5900-5903/tcp`."""

    text: str
    first: int
    last: int
    protocol: str

    @classmethod
    def of(cls, text: str) -> "Ports":
        ports, _, protocol = text.partition("/")
        first, _, last = ports.partition("-")
        return cls(text, int(first), int(last or first), protocol)

    def let_in_by(self, rule: Json) -> bool:
        """Whether a rule lets in any of these ports."""
        protocol = str(rule["IpProtocol"])
        if protocol == "-1":
            return True
        if PROTOCOLS.get(protocol, protocol) != self.protocol:
            return False
        first, last = rule.get("FromPort"), rule.get("ToPort")
        if first is None or last is None or first == -1:
            return True
        return bool(first <= self.last and self.first <= last)


def closed_to_the_internet(group: Resource, ports: Sequence[str], inventory: Inventory) -> Answer:
    """Whether an attached group keeps these ports closed; a prefix list whose content was not seen leaves it unknown.

    What is seen to be open is told, whatever was not seen beside it.
    """
    if group.fact("NetworkInterfaceIds") is None:
        return NotApplicable(f"{group.name} is attached to no network interface")
    wanted = [Ports.of(text) for text in ports]
    opened: dict[str, None] = {}
    sources: dict[str, None] = {}
    lists = _PrefixLists(group, inventory)
    for rule in group.fact("IpPermissions"):
        touched = [port.text for port in wanted if port.let_in_by(rule)]
        if touched and (wide := [*_wide(rule), *lists.wide(rule)]):
            opened.update(dict.fromkeys(touched))
            sources.update(dict.fromkeys(wide))
    called = f"{group.name} ({group.fact('GroupName')})"
    if opened:
        return f"{called} opens {', '.join(p for p in ports if p in opened)} to {', '.join(sources)}"
    if lists.unread is not None:
        raise lists.unread
    if lists.unseen:
        return Unknown(f"{called} lets in {', '.join(lists.unseen)}, a prefix list whose content cannot be seen from here")
    return None


class _PrefixLists:
    """The prefix lists that the rules of a group name, and which of them could not be looked into."""

    def __init__(self, group: Resource, inventory: Inventory) -> None:
        self._group = group
        self._inventory = inventory
        self.unseen: dict[str, None] = {}  # in the order in which rules name them
        self.unread: UnreadFactError | None = None

    def wide(self, rule: dict[str, Any]) -> Iterator[str]:
        """The blocks of a rule's prefix lists that are the internet."""
        for list_id in (item["PrefixListId"] for item in rule.get("PrefixListIds", [])):
            try:
                found = _in_prefix_list(self._group, list_id, self._inventory)
            except UnreadFactError as error:
                self.unread = self.unread or error
                continue
            if found is None:
                self.unseen[list_id] = None
            else:
                yield from (f"{cidr} by prefix list {list_id}" for cidr in found)


def _wide(rule: dict[str, Any]) -> Iterator[str]:
    blocks: Iterable[str] = [item["CidrIp"] for item in rule.get("IpRanges", [])]
    blocks = [*blocks, *(item["CidrIpv6"] for item in rule.get("Ipv6Ranges", []))]
    return (block for block in blocks if is_internet(block))


def _in_prefix_list(group: Resource, list_id: str, inventory: Inventory) -> list[str] | None:
    """The blocks of a prefix list that are the internet; `None` where the list cannot be seen."""
    found = inventory.get("aws.ec2.prefix_list", group.uid_of("aws.ec2.prefix_list", list_id))
    if found is None:
        return None
    if found.fact("OwnerId") == "AWS":
        return []  # addresses of Amazon's own services
    return [entry["Cidr"] for entry in found.fact("Entries") if is_internet(entry["Cidr"])]
