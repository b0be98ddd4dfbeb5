"""From a row or a resource to facts: the named fields, tags as a map, and an order where the provider keeps none.

A fact has the name that Resource Manager gives it, of the resource itself (`name`, `tags`, `sku`) or of its `properties`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import NoneType
from typing import Any

from collectors.source import Facet
from evidence_store.records import Json, Observation, Unread, Why

_OUTSIDE = ("name", "location", "tags", "sku", "kind", "identity", "zones", "managedBy")  # what is not among the properties

# What a field is wherever it stands; something else under its name would be taken for a setting that it is not.
_OBJECTS = (
    "apiServerAccessProfile autoUpgradeProfile backupPolicy encryption immutabilitySettings managedDisk network networkAcls"
    " networkRuleSet redundancySettings remoteVirtualNetwork securityProfile securitySettings uefiSettings"
)
_TEXTS = (
    "access assessmentStatus category categoryGroup crossRegionRestore currentKubernetesVersion defaultAction description"
    " destinationAddressPrefix destinationPortRange direction displayName endIpAddress endIPv6Address enforcementMode"
    " errorCode eventHubAuthorizationRuleId id keySource kind kubernetesVersion location marketplacePartnerId name"
    " peeringState pricingTier principalId principalType protocol publicNetworkAccess resourcesCoverageStatus roleName"
    " sourceAddressPrefix sourcePortRange startIpAddress startIPv6Address state storageAccountId subPlan type upgradeChannel"
    " workspaceId"
)
_LISTS = (
    "authorizedIPRanges destinationAddressPrefixes destinationPortRanges policyDefinitionReferenceIds sourceAddressPrefixes"
    " sourcePortRanges"  # of texts
)
_KINDS: dict[str, type] = {
    **dict.fromkeys(_OBJECTS.split(), dict),
    **dict.fromkeys(_TEXTS.split(), str),
    **dict.fromkeys((*_LISTS.split(), "ipRules"), list),
    **dict.fromkeys(("priority", "retentionDays", "retentionInDays"), int),
}


def uid_of(item: Mapping[str, Any]) -> str:
    """The resource's id in lower case: the case of its letters means nothing, and some come without their first `/`."""
    found = item["id"]
    if not isinstance(found, str) or "/" not in found:
        raise TypeError("an id that is none")
    return f"/{found.strip('/').lower()}"


def observed(facet: Facet, item: Mapping[str, Any], uid: str | None = None, **more: Json) -> Iterator[Observation]:
    """One facet of a resource, its own fields and `more`, which replaces or adds. Raises what an odd item makes it raise."""
    properties = item["properties"]
    if not isinstance(properties, Mapping):
        raise TypeError("properties that are none")
    yield Observation(facet.type, uid or uid_of(item), picked(facet, item, properties) | more, facet.name)


def believed(
    facet: Facet, action: str, item: Mapping[str, Any], shape: Callable[[Any], Iterable[Observation]]
) -> Iterator[Observation]:
    """What an item is shaped to. One of a shape that nobody knows makes its resource unread, and no other."""
    try:
        found = list(shape(item))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        wrong = f"no {error.args[0]}" if isinstance(error, KeyError) else type(error).__name__
        found = [Observation(facet.type, uid_of(item), Unread(Why.UNEXPECTED, action, wrong), facet.name)]
    yield from found


def picked(facet: Facet, item: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Json]:
    """The fields that the facet names, and nothing else."""
    facts: dict[str, Json] = {}
    for name in facet.names:
        source = item if name in _OUTSIDE else properties
        if name in source:
            facts[name] = _of_its_kind(name, source[name])
    if not isinstance(facts.get("sku"), Mapping | NoneType):
        raise TypeError("a sku that is none")
    if "tags" in facet.names:
        facts["tags"] = dict(sorted((facts.get("tags") or {}).items()))
    if facts.get("identity"):
        facts["identity"] = only(facts["identity"], "type", "principalId", "tenantId")
    return facts


def _of_its_kind(name: str, value: Any) -> Json:
    """A field's value; `None` says that it is not set. Raises `TypeError` for what it, or a field in it, cannot be."""
    kind = _KINDS.get(name)
    if value is None or kind is None:
        return value
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"{name} is not what it is called")
    if isinstance(value, list) and name != "ipRules" and not all(isinstance(each, str) for each in value):
        raise TypeError(f"{name} are no texts")
    if isinstance(value, dict):
        for inner, held in value.items():
            _of_its_kind(inner, held)
    return value


def only(item: Any, *names: str) -> dict[str, Json] | None:
    """These fields of an object, where they are present; `None` of none. Raises `TypeError` for what is no object."""
    if item is not None and not isinstance(item, Mapping):
        raise TypeError("not an object")
    return None if item is None else {name: _of_its_kind(name, item[name]) for name in names if name in item}


def text_of(item: Mapping[str, Any], name: str) -> str:
    """A text that must be there. Raises `KeyError` or `TypeError`."""
    if not isinstance(value := item[name], str):
        raise TypeError(f"{name} is no text")
    return value


def flag_of(item: Mapping[str, Any], name: str) -> bool:
    """A setting that is on or off. Raises `KeyError` or `TypeError`."""
    if not isinstance(value := item[name], bool):
        raise TypeError(f"{name} is neither on nor off")
    return value


def texts_of(items: Any) -> list[str]:
    """A list of texts, in their order; the provider leaves out an empty one. Raises `TypeError` for anything else."""
    if items is not None and (not isinstance(items, list) or not all(isinstance(each, str) for each in items)):
        raise TypeError("no list of texts")
    return sorted(items or ())


def flat(item: Mapping[str, Any], *names: str) -> dict[str, Json]:
    """A child resource as one object: its name, and these of its properties."""
    return {"name": text_of(item, "name"), **(only(item["properties"], *names) or {})}


def ordered(items: Iterable[Mapping[str, Any]], *keys: str) -> list[dict[str, Json]]:
    """Items in the order of the texts under these keys; what the provider does not order must not look like a change."""
    return sorted((dict(item) for item in items), key=lambda item: [str(item.get(key, "")) for key in keys])


def lowered(properties: Mapping[str, Any], names: Iterable[str]) -> dict[str, Json]:
    """These properties under these names, whatever the case in which the answer spells them."""
    found = {key.lower(): value for key, value in properties.items()}
    return {name: found[name.lower()] for name in names if name.lower() in found}
