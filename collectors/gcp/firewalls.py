"""Firewall rules of Compute Engine: those of a network, and those of firewall policies, told in the same words.

The inventory lists a firewall policy as one asset, whether it hangs on the organization, a folder or a network. Each of its
rules is a rule here: its `network` is the policy, among whose rules alone its priority counts, and one of a policy that hangs
on nothing is disabled. What a network's rule cannot say keeps the policy's own name, and a field of a rule's match that is not
known here is named, so that nobody takes the rule for one that it does not narrow.
"""

import re
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
# What a rule of a policy may take from beside addresses and tags.
_TAKEN_FROM = ("srcFqdns", "srcNetworks", "srcRegionCodes", "srcThreatIntelligences")
_KINDS_OF_NETWORK = ("srcNetworkType", "srcNetworkContext", "srcNetworkScope")  # one thing, in the API's newer and older words
_MATCH = {
    *_TAKEN_FROM, *_KINDS_OF_NETWORK, "srcIpRanges", "srcSecureTags", "srcAddressGroups", "destIpRanges", "layer4Configs",
}  # fmt: skip
_PLAIN: tuple[Json, ...] = (None, "", "UNSPECIFIED", "INSTANCES", [], {})  # values of a narrowing field that narrow nothing
_OUTCOMES = {
    "allow": "allowed", "apply_security_profile_group": "allowed", "deny": "denied", "goto_next": "passedOn",
}  # fmt: skip
_PLACE = re.compile(r"(?:organizations|folders)/\d+$|projects/[^/]+/global/networks/[^/]+$")
_PORTS = re.compile(r"\d+(?:-\d+)?")
_POLICY_FACTS = (
    "sourceAddressGroups", *_TAKEN_FROM, "srcNetworkType", "narrowedBy", "targetResources", "passedOn", "attachedTo",
    "hierarchical",
)  # fmt: skip
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
    """A protocol, and its ports if not all. Raises `OddValueError`."""
    told = only(entry, "IPProtocol", "ipProtocol", "ports", "port")
    protocol, ports = told.get("IPProtocol", told.get("ipProtocol")), told.get("ports", told.get("port"))
    if not isinstance(protocol, str | int) or isinstance(protocol, bool):
        raise OddValueError("a rule that names no protocol")
    if not all(_PORTS.fullmatch(str(text)) for text in of_kind("ports", list, ports) or ()):
        raise OddValueError("a rule with ports that are none")
    return {"IPProtocol": protocol, **({} if ports is None else {"ports": ports})}


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
    added=_POLICY_FACTS,
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
    places = sorted(_place(entry) for entry in of_kind("associations", list, told.get("associations")) or ())
    facts = {
        "name": f"rule {priority} of {told.get('shortName') or told.get('displayName') or told.get('name')}",
        "network": asset.name,
        "priority": priority,
        "disabled": bool(of_kind("disabled", bool, rule.get("disabled"))) or not places,
        "attachedTo": places,
        "hierarchical": "/projects/" not in asset.name,
        "logConfig": {"enable": bool(of_kind("enableLogging", bool, rule.get("enableLogging")))},
        "ancestors": list(asset.ancestors),
        **_worded(rule),
    }
    return Observation(
        RULE, f"{asset.name}/rules/{priority}", {n: value for n, value in facts.items() if value not in (None, [])}
    )


def _place(association: Json) -> str:
    """What a policy hangs on: `organizations/1`, `folders/2` or `projects/p/global/networks/n`. Raises `OddValueError`."""
    target = only(association, "attachmentTarget").get("attachmentTarget")
    if not isinstance(target, str):
        raise OddValueError("a firewall policy that does not tell what it hangs on")
    found = _PLACE.search(target)
    return found[0] if found else target


def _worded(rule: Facts) -> Facts:
    """What a policy's rule says, in the words of a network's where it has some. Raises `OddValueError`."""
    match = of_kind("match", dict, rule.get("match")) or {}
    ports = [_ports(entry) for entry in of_kind("layer4Configs", list, match.get("layer4Configs")) or ()]
    kinds = {str(match[name]) for name in _KINDS_OF_NETWORK if match.get(name) not in _PLAIN}
    return {
        "description": rule.get("description"),
        "direction": rule.get("direction"),
        "sourceRanges": _texts(match, "srcIpRanges"),
        "sourceTags": _texts(match, "srcSecureTags"),
        "sourceAddressGroups": _texts(match, "srcAddressGroups"),
        **{name: _texts(match, name) for name in _TAKEN_FROM},
        "srcNetworkType": " and ".join(sorted(kinds)) or None,
        "narrowedBy": sorted(_not_known(rule, match)),
        "destinationRanges": _texts(match, "destIpRanges"),
        "targetTags": _texts(rule, "targetSecureTags"),
        "targetResources": _texts(rule, "targetResources"),
        "targetServiceAccounts": _texts(rule, "targetServiceAccounts"),
        **_outcome(str(rule.get("action")), ports),
    }


def _outcome(action: str, ports: list[Facts]) -> Facts:
    """The ports, under what is done with them: an inspection lets in what it does not object to. Raises `OddValueError`."""
    if not ports:
        raise OddValueError("a rule of a firewall policy that names no protocol")
    if action in _OUTCOMES:
        return {_OUTCOMES[action]: ports}
    raise OddValueError("a rule of a firewall policy with an action that is not known")


def _not_known(rule: Facts, match: Facts) -> Iterator[str]:
    """Fields that limit a rule to something, in a way that is not known here."""
    yield from (name for name, value in match.items() if name not in _MATCH and value not in _PLAIN)
    for name, value in rule.items():
        known = name in ("targetSecureTags", "targetResources", "targetServiceAccounts")
        if name.startswith("target") and not known and value not in _PLAIN:
            yield name


def _texts(holder: Facts, name: str) -> list[str]:
    """The names in a list, in order: of a tag its own. Raises `OddValueError`."""
    return sorted(_text(entry) for entry in of_kind(name, list, holder.get(name)) or ())


def _text(entry: Json) -> str:
    """The name of a tag, or what stands for one."""
    return str(entry.get("name")) if isinstance(entry, dict) else str(entry)
