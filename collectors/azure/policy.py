"""Azure Policy: what is assigned where, and what is exempted."""

from collections.abc import Iterator
from typing import Any

from collectors.azure.graph import POLICY, Row, of_type
from collectors.azure.shaping import observed, text_of, texts_of
from collectors.source import Facet
from evidence_store.records import Json, Observation

ASSIGNMENT = Facet(
    "azure.policy.assignment",
    facts=("name", "policyDefinitionId", "scope"),
    optional=(
        "description",
        "displayName",
        "enforcementMode",
        "location",
        "notScopes",
        "overrides",
        "parameters",
        "resourceSelectors",
    ),
    lists=True,
)
EXEMPTION = Facet(
    "azure.policy.exemption",
    facts=("name", "policyAssignmentId", "exemptionCategory"),
    optional=("description", "displayName", "expiresOn", "policyDefinitionReferenceIds", "resourceSelectors"),
    lists=True,
)


_LISTED = ("in", "notIn")  # what a selector takes or leaves, in no order of the provider's


@of_type("Microsoft.Authorization/policyAssignments", ASSIGNMENT, table=POLICY)
def assignments(row: Row) -> Iterator[Observation]:
    """Ids and scopes in lower case, so that they can be compared."""
    properties = row["properties"]
    overrides = [
        {"kind": text_of(each, "kind"), "value": text_of(each, "value"), "selectors": _selectors(each.get("selectors"))}
        for each in _listed(properties.get("overrides"))
    ]
    yield from observed(
        ASSIGNMENT,
        row,
        policyDefinitionId=properties["policyDefinitionId"].lower(),
        scope=properties["scope"].lower(),
        notScopes=sorted(each.lower() for each in texts_of(properties.get("notScopes"))),
        overrides=overrides,
        parameters=_parameters(properties.get("parameters")),
        resourceSelectors=_resource_selectors(properties),
    )


@of_type("Microsoft.Authorization/policyExemptions", EXEMPTION, table=POLICY)
def exemptions(row: Row) -> Iterator[Observation]:
    properties = row["properties"]
    yield from observed(
        EXEMPTION,
        row,
        policyAssignmentId=properties["policyAssignmentId"].lower(),
        resourceSelectors=_resource_selectors(properties),
    )


def _listed(items: Any) -> list[Any]:
    """A list, where the provider leaves out an empty one. Raises `TypeError` for anything else."""
    if items is not None and not isinstance(items, list):
        raise TypeError("not a list")
    return items or []


def _resource_selectors(properties: dict[str, Any]) -> list[Json]:
    """Of which any one is enough for a resource to be meant."""
    found = _listed(properties.get("resourceSelectors"))
    return [{"name": each.get("name"), "selectors": _selectors(each.get("selectors"))} for each in found]


def _selectors(parts: Any) -> list[Json]:
    """Of which all must hold; each of a kind, and what it takes or leaves."""
    return [
        {"kind": text_of(part, "kind"), **{key: texts_of(part[key]) for key in _LISTED if part.get(key) is not None}}
        for part in _listed(parts)
    ]


def _parameters(given: Any) -> dict[str, Any]:
    """Parameters by name, each an object with its value. Raises `TypeError` for anything else."""
    found = given or {}
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        raise TypeError("parameters that are none")
    return found
