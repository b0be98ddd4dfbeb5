"""What is looked at before a firewall rule, and what that leaves of it.

First come the hierarchical policies, of the organization and then of each folder down to the network's project; then the rules
of the network and the policies that hang on it, in the order that the network says. A policy's rule lets in, refuses, or hands
on to what comes next. So a rule opens nothing where, in each place that it holds in, something before it refuses the same.

What was not understood, and what stands above a target that does not reach it, refuses nothing; where the rules were not all
listed, the answer is open.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from checks.gcp.groups import Groups
from checks.gcp.hierarchy import uid_of
from checks.gcp.traffic import Ports, Source, is_inbound, network_in, refused_before, refused_by
from evidence_store.records import Inventory, Json, Resource, UnreadFactError

RULE, NETWORK, FOLDER = "gcp.compute.firewall", "gcp.compute.network", "gcp.folder"
_COMPUTE = "//compute.googleapis.com/"
_API = "https://www.googleapis.com/compute/v1/"
_BEFORE = "BEFORE_CLASSIC_FIREWALL"  # the policies of a network go before its rules; else after them


@dataclass(frozen=True, slots=True)
class Way:
    """What is looked at before a rule in one place that it holds in."""

    networks: tuple[str, ...]  # which are meant; none: all that the rule is for
    levels: tuple[Sequence[Resource], ...]  # the rules of each policy or network that comes first


@dataclass(frozen=True, slots=True)
class _Network:
    policies_first: bool
    policy: str  # the URL of the one that hangs on the whole network; empty: none


class Order:
    """What comes before one rule."""

    def __init__(self, rule: Resource, inventory: Inventory, groups: Groups) -> None:
        self._rule = rule
        self._inventory = inventory
        self._groups = groups
        self.entire = True  # whether all of it was read
        self._own = self._where(network=rule.fact("network"))
        self._ways = self._found()

    def closes(self, port: Ports, source: Source) -> bool:
        """Whether nothing from a source is left to come in through these ports by the rule."""
        if refused_before(self._rule, port, source, self._own):
            return True
        return bool(self._ways) and all(self._refused(way, port, source) for way in self._ways)

    def _refused(self, way: Way, port: Ports, source: Source) -> bool:
        return any(refused_by(level, self._rule, port, source, way.networks, self._groups) for level in way.levels)

    def _found(self) -> list[Way]:
        rule, network = self._rule, self._rule.fact("network")
        places = rule.fact("attachedTo") or ()
        above = self._hierarchical((rule.fact("ancestors") or ())[1:])
        if "/networks/" in network:
            name = network_in(network)
            return [Way((name,), (*above, *self._policy(name, if_before=True)))]
        if not rule.fact("hierarchical"):
            return [Way((place,), (*above, *self._of_network(place))) for place in places]
        networks = tuple(rule.fact("targetResources") or ())
        return [Way(networks, tuple(self._hierarchical(self._above(place)))) for place in places]

    def _of_network(self, name: str) -> list[Sequence[Resource]]:
        """What comes between the hierarchical policies and a rule of a policy that hangs on a network."""
        found = self._network(name)
        if found is None:
            return []
        own = [] if found.policies_first else [self._where(network=_API + name)]
        return own + (self._policy(name) if "/regions/" in self._rule.fact("network") else [])

    def _policy(self, name: str, *, if_before: bool = False) -> list[Sequence[Resource]]:
        """The rules of the policy that hangs on a whole network; where asked so, only if they go before the network's own."""
        found = self._network(name)
        if found is None or not found.policy or (if_before and not found.policies_first):
            return []
        rules = self._where(network=_COMPUTE + network_in(found.policy))
        return [[rule for rule in rules if name in (rule.fact("attachedTo") or ())]]

    def _hierarchical(self, nodes: Iterable[str]) -> list[Sequence[Resource]]:
        """The rules of each policy that hangs on one of these nodes."""
        above, policies = set(nodes), dict[str, list[Resource]]()
        for rule in self._where(hierarchical=True) if above else ():
            if above & set(rule.fact("attachedTo") or ()):
                policies.setdefault(rule.fact("network"), []).append(rule)
        return list(policies.values())

    def _above(self, node: str) -> list[str]:
        """The nodes above a folder; none where they are not known, or above the organization."""
        if not node.startswith("folders/"):
            return []
        try:
            found = self._inventory.get(FOLDER, uid_of(node))
            return list((found.fact("ancestors") or ())[1:]) if found is not None else []
        except UnreadFactError:
            self.entire = False
            return []

    def _network(self, name: str) -> "_Network | None":
        """What a network says of the order; `None` where it is not known."""
        try:
            found = self._inventory.get(NETWORK, _COMPUTE + name)
            if found is None:
                return None
            first = found.fact("networkFirewallPolicyEnforcementOrder") == _BEFORE
            return _Network(first, found.fact("firewallPolicy") or "")
        except UnreadFactError:
            self.entire = False
            return None

    def _where(self, **facts: Json) -> list[Resource]:
        """Rules in force for what comes in that do not let it in. Raises `UnreadFactError` where not all were listed."""
        try:
            found = list(self._inventory.where(RULE, **facts))
        except UnreadFactError:
            found = list(self._understood(facts))
        return [rule for rule in found if is_inbound(rule) and (rule.fact("denied") or rule.fact("passedOn"))]

    def _understood(self, facts: Mapping[str, Json]) -> Iterator[Resource]:
        """The same, one by one: a rule or policy that was listed and not understood hides none of the others."""
        for rule in self._inventory.where(RULE):
            try:
                if all(rule.fact(name) == value for name, value in facts.items()):
                    yield rule
            except UnreadFactError:
                self.entire = False
