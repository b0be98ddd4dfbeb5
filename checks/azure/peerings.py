"""Which virtual networks are joined to which."""

from collections.abc import Sequence

from checks.azure.naming import are, last, some
from checks.azure.tagging import plain, tag_of
from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Inventory, Json, Resource

_NETWORK = "azure.network.virtual_network"


@check(
    on=_NETWORK,
    severity="medium",
    version=1,
    within="provider",
    needs=("tags", "virtualNetworkPeerings"),
    looks_up={_NETWORK: ("tags",), "azure.subscription": ("tags",)},
    fix="Remove the peering, or lead the traffic through a shared network with a firewall; tag networks by environment.",
)
def azure_peering_scoped(
    network: Resource,
    *,
    inventory: Inventory,
    tag: str = "environment",
    production: tuple[str, ...] = ("prod", "production", "live"),
    shared: tuple[str, ...] = ("shared", "hub", "platform"),
) -> Answer:
    """Peerings do not join production with other environments.

    A peering lets through whatever the rules of both sides do not stop: a machine in a test network is then one step from
    production. What a network is for is written in its tag, or in that of its subscription; shared networks may join all.

    `tag`: the tag that says what a network or a subscription is for
    `production`: the values of it that mean production
    `shared`: the values of it that mean a network for all
    """
    joined = [p.get("remoteVirtualNetwork") or {} for p in network.fact("virtualNetworkPeerings") if _joins(p)]
    if not all(each.get("id") for each in joined):
        return Unknown(f"{network.name} is joined to a network that is not told")
    remote = [each["id"].casefold() for each in joined]
    if not remote:
        return NotApplicable(f"{network.name} is joined to no other network")
    own = _side(_environment(network.uid, tag, inventory), production, shared)
    if own == "shared":
        return None
    sides = {uid: _side(_environment(uid, tag, inventory), production, shared) for uid in remote}
    crossed = sorted(last(uid) for uid, side in sides.items() if own and side and {own, side} == {"production", "other"})
    if crossed:
        return f"{network.name} is joined to {some(crossed)}, which is not of its environment"
    unsaid = sorted(last(uid) for uid, side in {network.uid: own, **sides}.items() if not side)
    return Unknown(f"nothing says what {are(unsaid)} for: set the tag {tag}, or read the subscription") if unsaid else None


def _joins(peering: Json) -> bool:
    """Whether traffic may pass: a peering that the other side took back is none."""
    return (peering.get("peeringState") or "Connected").casefold() == "connected"


def _environment(uid: str, tag: str, inventory: Inventory) -> str | None:
    """What a network is for: by its own tag, else by that of its subscription; `None` where neither is seen."""
    places = ((_NETWORK, uid), ("azure.subscription", "/".join(uid.split("/")[:3])))
    for type_, id_ in places:
        found = inventory.get(type_, id_)
        if found is not None and (value := tag_of(found, tag)) is not None:
            return value
    return None


def _side(environment: str | None, production: Sequence[str], shared: Sequence[str]) -> str | None:
    if environment is None:
        return None
    for side, words in (("production", production), ("shared", shared)):
        if plain(environment) in {plain(word) for word in words}:
            return side
    return "other"
