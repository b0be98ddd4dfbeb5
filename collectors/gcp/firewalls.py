"""Firewall rules of Compute Engine: those of a network, and those of firewall policies, told in the same words.

The inventory lists a firewall policy as one asset, whether it hangs on the organization, a folder or a network. Each of its
rules is a rule here: its `network` is the policy, among whose rules alone its priority counts, and one of a policy that hangs
on nothing is disabled.
"""

from collections.abc import Iterator
from typing import Any

from collectors.gcp import assets
from collectors.gcp.reader import Reader
from collectors.gcp.shaping import Facts, Shape, fields_of, odd, of_kind, only
from collectors.gcp.values import OddValueError, plain
from collectors.source import source
from evidence_store.records import Json, Observation

RULE = "gcp.compute.firewall"
POLICY = "compute.googleapis.com/FirewallPolicy"
# What a rule of a policy may take from beside addresses; each narrows it to something that has a name.
_NAMED = ("srcSecureTags", "srcFqdns", "srcRegionCodes", "srcThreatIntelligences", "srcNetworks")
_FROM_OUTSIDE = (None, "UNSPECIFIED", "INTERNET")
_LISTS = ("sourceRanges", "destinationRanges", "sourceTags", "targetTags", "sourceServiceAccounts", "targetServiceAccounts")


def _rules(facts: Facts, _: Any) -> Facts:
    """Ports by protocol, and lists in order. The inventory has also called them `ipProtocol`, `port`, `sourceRange`."""
    more: Facts = {}
    for name in ("allowed", "denied"):
        if name in facts:
            more[name] = [_ports(entry) for entry in facts[name]]
    for name in _LISTS:
        if (found := facts.get(name, facts.get(name[:-1]))) is not None:
            more[name] = sorted(found, key=str)
    return more


def _ports(entry: Json) -> Facts:
    told = only(entry, "IPProtocol", "ipProtocol", "ports", "port")
    named = {"IPProtocol": told.get("IPProtocol", told.get("ipProtocol")), "ports": told.get("ports", told.get("port"))}
    return {name: value for name, value in named.items() if value is not None}


_rule = Shape(
    RULE,
    "compute.googleapis.com/Firewall",
    always={"name": str, "network": str},
    maybe={
        "id": str,
        "description": str,
        "creationTimestamp": str,
        "direction": str,
        "priority": int,
        "sourceRanges": list,
        "destinationRanges": list,
        "sourceTags": list,
        "targetTags": list,
        "sourceServiceAccounts": list,
        "targetServiceAccounts": list,
        "allowed": list,
        "denied": list,
        "disabled": bool,
        "logConfig": dict,
    },
    added=("sourceAddressGroups",),
    passing={name[:-1]: list for name in _LISTS},
)


@source(
    "cloudasset.ListAssets compute.googleapis.com/Firewall",
    level="account",
    bulk=assets.resources,
    takes=(_rule.asset_type, POLICY),
    yields=[_rule.facet()],
)
def firewalls(_: Reader, asset: Any) -> Iterator[Observation]:
    """Every rule, of networks and of policies."""
    if asset.asset_type != POLICY:
        yield _rule.observed(asset, _rules)
        return
    try:
        found = [_of_policy(asset, rule) for rule in _in_policy(asset)]
    except OddValueError as error:
        found = [Observation(RULE, asset.name, odd(str(error)))]
    yield from found


def _in_policy(asset: Any) -> list[Json]:
    """The rules of a policy. Raises `OddValueError` where it does not tell them."""
    fields = fields_of(asset)
    if "rules" not in fields:
        raise OddValueError("a firewall policy without its rules")
    return of_kind("rules", list, plain(fields["rules"])) or []


def _of_policy(asset: Any, rule: Json) -> Observation:
    """One rule of a policy. Its uid is the policy's with the rule's priority, which no other of the policy has."""
    fields = fields_of(asset)
    told = {name: plain(fields[name]) for name in ("name", "shortName", "displayName", "associations") if name in fields}
    priority = of_kind("priority", int, only(rule, "priority").get("priority"))
    if priority is None:
        raise OddValueError("a rule of a firewall policy without its priority")
    facts = {
        "name": f"rule {priority} of {told.get('shortName') or told.get('displayName') or told.get('name')}",
        "network": asset.name,
        "priority": priority,
        "disabled": bool(rule.get("disabled")) or not told.get("associations"),
        "logConfig": {"enable": bool(rule.get("enableLogging"))},
        "ancestors": list(asset.ancestors),
        **_worded(rule),
    }
    return Observation(
        RULE, f"{asset.name}/rules/{priority}", {n: value for n, value in facts.items() if value not in (None, [])}
    )


def _worded(rule: Facts) -> Facts:
    """What a policy's rule says, in the words of a network's. Raises `OddValueError`.

    Addresses within another kind of network than the internet are no addresses of the internet.
    """
    match = of_kind("match", dict, rule.get("match")) or {}
    action = str(rule.get("action"))
    ports = [_ports(entry) for entry in of_kind("layer4Configs", list, match.get("layer4Configs")) or ()]
    outside = match.get("srcNetworkType", match.get("srcNetworkScope")) in _FROM_OUTSIDE
    ranges = sorted(match.get("srcIpRanges") or ())
    named = [_text(entry) for name in _NAMED for entry in match.get(name) or ()]
    return {
        "description": rule.get("description"),
        "direction": rule.get("direction"),
        "sourceRanges": ranges if outside else [],
        "sourceTags": sorted([*named, *([] if outside else ranges or ["its own networks"])]),
        "sourceAddressGroups": sorted(match.get("srcAddressGroups") or ()),
        "destinationRanges": sorted(match.get("destIpRanges") or ()),
        "targetTags": sorted([*map(_text, rule.get("targetSecureTags") or ()), *(rule.get("targetResources") or ())]),
        "targetServiceAccounts": sorted(rule.get("targetServiceAccounts") or ()),
        "denied" if action == "deny" else "allowed": ports if action in ("allow", "deny") or "apply" in action else [],
    }


def _text(entry: Json) -> str:
    """The name of a tag, or what stands for one."""
    return str(entry.get("name")) if isinstance(entry, dict) else str(entry)
