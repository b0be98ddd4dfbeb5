"""Identity and access: service accounts, their keys, and the policy of everything that has one."""

from collections.abc import Iterator
from typing import Any

from collectors.gcp import assets
from collectors.gcp.reader import Reader
from collectors.gcp.shaping import Facts, Shape, listing, told
from collectors.source import Facet, source
from evidence_store.records import Json, Observation

service_accounts = listing(
    Shape(
        "gcp.iam.service_account",
        "iam.googleapis.com/ServiceAccount",
        always={"email": str},
        maybe={
            "name": str,
            "uniqueId": str,
            "projectId": str,
            "displayName": str,
            "description": str,
            "disabled": bool,
            "oauth2ClientId": str,
        },
    )
)

keys = listing(
    Shape(
        "gcp.iam.service_account_key",
        "iam.googleapis.com/ServiceAccountKey",
        always={"name": str},
        maybe={
            "keyType": str,
            "keyOrigin": str,
            "keyAlgorithm": str,
            "validAfterTime": str,
            "validBeforeTime": str,
            "disabled": bool,
            "disableReason": str,
        },
    )
)

POLICY = "gcp.iam.policy"
IAM_POLICY = "cloudasset.ListAssets IAM_POLICY"


@source(
    IAM_POLICY,
    level="account",
    bulk=assets.iam_policies,
    takes=(assets.POLICY,),
    yields=[Facet(POLICY, facts=("assetType", "bindings", "auditConfigs"), optional=("ancestors",), lists=True, personal=True)],
)
def policies(_: Reader, asset: Any) -> Iterator[Observation]:
    """The policy of a resource; none for what has none set on itself."""
    if asset.HasField("iam_policy"):
        bindings = sorted(_bindings(asset.iam_policy), key=lambda b: (b["role"], str(b.get("condition")), b["members"]))
        facts: dict[str, Json] = {"assetType": asset.asset_type, "ancestors": list(asset.ancestors), "bindings": bindings}
        facts["auditConfigs"] = _audited(asset.iam_policy)
        yield told(POLICY, asset, facts, IAM_POLICY)


def _bindings(policy: Any) -> Iterator[Facts]:
    for binding in policy.bindings:
        facts: Facts = {"role": binding.role, "members": sorted(binding.members)}
        if binding.HasField("condition"):
            texts = {name: getattr(binding.condition, name) for name in ("title", "description", "expression", "location")}
            facts["condition"] = {name: text for name, text in texts.items() if text}
        yield facts


def _audited(policy: Any) -> list[Facts]:
    """What is logged of whom, by service, as the API words it."""
    found: list[Facts] = []
    for config in policy.audit_configs:
        logged: list[Facts] = []
        for kind in config.audit_log_configs:
            name = kind.DESCRIPTOR.fields_by_name["log_type"].enum_type.values_by_number.get(kind.log_type)
            one: Facts = {"logType": name.name if name else str(kind.log_type)}
            if kind.exempted_members:
                one["exemptedMembers"] = sorted(kind.exempted_members)
            logged.append(one)
        found.append({"service": config.service, "auditLogConfigs": sorted(logged, key=lambda c: str(c["logType"]))})
    return sorted(found, key=lambda c: str(c["service"]))
