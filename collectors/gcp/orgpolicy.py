"""Organization policies: what is forbidden to whatever stands under an organization, a folder or a project.

The inventory tells them twice. As a content of nodes, in the words of the service's first version, it leaves out what those
words cannot say: managed constraints, and rules that hold under conditions. As resources of their own they are told whole.
"""

from collections.abc import Iterator
from typing import Any

from collectors.gcp import assets
from collectors.gcp.reader import Reader
from collectors.gcp.shaping import Facts, Shape, listing, of_kind, only, told
from collectors.source import Facet, source
from evidence_store.records import Json, Observation

ORG_POLICY = "gcp.org_policy"
LISTING = "cloudasset.ListAssets ORG_POLICY"


@source(
    LISTING,
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
        yield told(ORG_POLICY, asset, facts, LISTING)


_RULE = ("enforce", "allowAll", "denyAll", "values", "condition")  # not its parameters, which may name people


def _whole(facts: Facts, asset: Any) -> Facts:
    """What it is on, and where, beside what it says."""
    where, _, constraint = asset.name.partition("/policies/")
    node = next(iter(asset.ancestors), where.partition("//orgpolicy.googleapis.com/")[2])
    specs: Facts = {which: _spec(facts[which]) for which in ("spec", "dryRunSpec") if which in facts}
    return {"constraint": constraint, "node": node, **specs}


def _spec(spec: Json) -> Facts:
    rules: list[Json] = of_kind("rules", list, spec.get("rules")) or []
    kept = [only(rule, *_RULE) for rule in rules]
    for rule in kept:
        of_kind("values", dict, rule.get("values"))
        of_kind("condition", dict, rule.get("condition"))
    return {**only(spec, "inheritFromParent", "reset"), "rules": kept}


whole = listing(
    Shape(
        "gcp.org_policy.rules",
        "orgpolicy.googleapis.com/Policy",
        always={"name": str},
        maybe={"spec": dict, "dryRunSpec": dict},
        added=("constraint", "node"),
    ),
    _whole,
)


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
