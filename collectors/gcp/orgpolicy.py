"""Organization policies: what is forbidden to whatever stands under an organization, a folder or a project."""

from collections.abc import Iterator
from typing import Any

from collectors.gcp import assets
from collectors.gcp.reader import Reader
from collectors.gcp.shaping import Facts
from collectors.source import Facet, source
from evidence_store.records import Observation

ORG_POLICY = "gcp.org_policy"


@source(
    "cloudasset.ListAssets ORG_POLICY",
    level="account",
    bulk=assets.organization_policies,
    takes=(assets.POLICY,),
    yields=[Facet(ORG_POLICY, facts=("assetType", "policies"), optional=("ancestors",), lists=True)],
)
def policies(_: Reader, asset: Any) -> Iterator[Observation]:
    """What is set on one resource itself, by constraint; what it inherits stands above it."""
    if asset.org_policy:
        set_here = dict(sorted((policy.constraint, _policy(policy)) for policy in asset.org_policy))
        facts = {"assetType": asset.asset_type, "ancestors": list(asset.ancestors), "policies": set_here}
        yield Observation(ORG_POLICY, asset.name, facts)


def _policy(policy: Any) -> Facts:
    match policy.WhichOneof("policy_type"):
        case "boolean_policy":
            return {"booleanPolicy": {"enforced": policy.boolean_policy.enforced}}
        case "list_policy":
            return {"listPolicy": _listed(policy.list_policy)}
        case "restore_default":
            return {"restoreDefault": {}}
    return {}


def _listed(policy: Any) -> Facts:
    value = policy.DESCRIPTOR.fields_by_name["all_values"].enum_type.values_by_number.get(policy.all_values)
    facts: Facts = {
        "allowedValues": sorted(policy.allowed_values),
        "deniedValues": sorted(policy.denied_values),
        "allValues": value.name if value and policy.all_values else None,
        "suggestedValue": policy.suggested_value or None,
        "inheritFromParent": policy.inherit_from_parent,
    }
    return {name: kept for name, kept in facts.items() if kept not in (None, [])}
