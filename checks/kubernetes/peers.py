"""How far the rules of a network policy reach: whom they let in or out, and by which ports.

A rule without peers is about everybody, one without ports about every port. Blocks of addresses add up, and what a block
excepts leaves the rest of the world in it.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import Literal

from checks.addresses import network_of
from evidence_store.records import Json

_LAST = 65535


def are_open(rules: Iterable[Json], peers: Literal["from", "to"], *, within: bool) -> bool:
    """Whether rules, taken together, are about everybody and every TCP port. `within`: whether every pod is everybody."""
    wide = [rule.get(peers) or () for rule in rules if _takes_every_port(rule.get("ports") or ())]
    if any(not named or (within and any(_is_every_pod(peer) for peer in named)) for named in wide):
        return True
    blocks = [network_of(peer["ipBlock"]["cidr"]) for named in wide for peer in named if peer.get("ipBlock")]
    fours = collapse_addresses(block for block in blocks if isinstance(block, IPv4Network))
    sixes = collapse_addresses(block for block in blocks if isinstance(block, IPv6Network))
    return any(block.prefixlen == 0 for block in fours) or any(block.prefixlen == 0 for block in sixes)


def _is_every_pod(peer: Json) -> bool:
    spaces, pods = peer.get("namespaceSelector"), peer.get("podSelector") or {}
    return spaces is not None and not any((*spaces.values(), *pods.values()))


def _takes_every_port(ports: Sequence[Json]) -> bool:
    """Whether all ports of TCP are among them, however many pieces they come in."""
    tcp = [port for port in ports if port.get("protocol") in (None, "TCP")]
    if not ports or any(port.get("port") is None for port in tcp):
        return True
    following = 1
    for first, last in sorted((p["port"], p.get("endPort") or p["port"]) for p in tcp if isinstance(p["port"], int)):
        following = max(following, last + 1) if first <= following else following
    return following > _LAST
