"""Which blocks of addresses are the internet, and which ports are never for it: the same on every platform."""

from ipaddress import IPv4Network, IPv6Network, ip_network

from evidence_store.records import MalformedFactError, Unread, Why

# Nobody holds a wider block than these: a wider one is the internet, whole or cut in pieces.
WIDEST_IPV4 = 8
WIDEST_IPV6 = 16
PRIVATE_IPV6 = IPv6Network("fc00::/7")
# Remote shells and desktops, file shares, management agents.
MANAGEMENT_PORTS = (
    "22/tcp", "23/tcp", "135/tcp", "161/udp", "445/tcp", "623/udp", "2375-2376/tcp", "3389/tcp", "3389/udp",
    "5900-5903/tcp", "5985-5986/tcp", "6443/tcp", "10250/tcp",
)  # fmt: skip


def network_of(block: str) -> IPv4Network | IPv6Network:
    """A block of addresses. Raises `MalformedFactError` for what is none."""
    try:
        return ip_network(str(block), strict=False)  # of a number it would make an address
    except ValueError:
        raise MalformedFactError(Unread(Why.UNEXPECTED, "a block of addresses", repr(block))) from None


def is_internet(block: str) -> bool:
    """Whether a block of addresses is the internet or a large part of it. Raises `MalformedFactError`."""
    network = network_of(block)
    if isinstance(network, IPv4Network):
        return network.prefixlen < WIDEST_IPV4
    return network.prefixlen < WIDEST_IPV6 and not network.subnet_of(PRIVATE_IPV6)


def covers(wide: str, narrow: str) -> bool:
    """Whether one block of addresses holds all of another. Raises `MalformedFactError`."""
    outer, inner = network_of(wide), network_of(narrow)
    if isinstance(outer, IPv4Network) and isinstance(inner, IPv4Network):
        return inner.subnet_of(outer)
    return isinstance(outer, IPv6Network) and isinstance(inner, IPv6Network) and inner.subnet_of(outer)
