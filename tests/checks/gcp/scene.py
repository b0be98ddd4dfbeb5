"""A test's short words for what stands in the loopback organization: policies, guardrails, and where they are set."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.collectors.gcp.cloud import Cloud
from tests.collectors.gcp.estate import Project
from tests.harness import Looked, look

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
ORGANIZATION = "organizations/123456789012"
FOLDER = "folders/222222222222"
ORDERS = "projects/orders"  # a target of one project only: what stands above it is not read
_MANAGER = "//cloudresourcemanager.googleapis.com/"
_KINDS = {"organizations": "Organization", "folders": "Folder"}


def asked(gcp: Cloud, check: str, parent: str = ORGANIZATION, **parameters: Any) -> Looked:
    return look(gcp.connect(parent), check, parameters={check: parameters}, at=NOW)


def node(gcp: Cloud, name: str) -> dict[str, Any]:
    """How an asset of the organization, a folder or a project (by its id) is named, and what it stands under."""
    kind = _KINDS.get(name.partition("/")[0])
    if kind is None:
        known = gcp.estate.projects[name]
        return {"asset_type": f"{_MANAGER[2:-1]}/Project", "name": f"{_MANAGER}projects/{known.number}", "project": name}
    above = (ORGANIZATION,) if kind == "Organization" else (name, ORGANIZATION)
    return {"asset_type": f"{_MANAGER[2:-1]}/{kind}", "name": f"{_MANAGER}{name}", "project": None, "ancestors": above}


def orders(gcp: Cloud, *, alone: bool = False) -> str:
    """A project that can be a target of its own; `alone`: it stands in no organization."""
    made = gcp.estate.project("orders", "444444444444", folder="222222222222")
    if alone:
        gcp.estate.projects["orders"] = Project("orders", "444444444444", ("projects/444444444444",))
        gcp.estate.node("projects/444444444444", "Project", {"projectId": "orders"}, ("projects/444444444444",))
    return made


def policy(
    gcp: Cloud,
    on: str | tuple[str, str],
    *grants: tuple[str, str],
    condition: str = "",
    project: str | None = "shop",
    **more: Any,
) -> str:
    """Set the IAM policy of a node, or of a resource given by asset type and name. A grant is a role and a member."""
    bindings: dict[str, dict[str, Any]] = {}
    for role, member in grants:
        bindings.setdefault(role, {"role": role, "members": []})["members"].append(member)
    for binding in bindings.values() if condition else ():
        binding["condition"] = {"title": "limit", "expression": condition}
    where = node(gcp, on) if isinstance(on, str) else {"asset_type": on[0], "name": on[1], "project": project}
    return gcp.add(**where, iam={"version": 3, "bindings": list(bindings.values()), **more})


def audited(service: str, *log_types: str, exempt: Iterable[str] = ()) -> dict[str, Any]:
    """One audit configuration."""
    kinds = [{"logType": kind, "exemptedMembers": list(exempt)} for kind in log_types]
    return {"service": service, "auditLogConfigs": kinds}


def guardrails(gcp: Cloud, on: str, **policies: Mapping[str, Any]) -> str:
    """Set organization policies on a node: the constraint's name with `__` for `.`, and the policy as the API words it."""
    given = [{"constraint": f"constraints/{name.replace('__', '.')}", **told} for name, told in policies.items()]
    return gcp.add(**node(gcp, on), org_policy=given)


def newer(gcp: Cloud, on: str, constraint: str, spec: Mapping[str, Any] | None, **more: Any) -> str:
    """Set an organization policy on a node as the second version of the API words it."""
    known = gcp.estate.projects.get(on)
    where = f"projects/{known.number}" if known else on
    above = known.ancestors if known else (on,) if on == ORGANIZATION else (on, ORGANIZATION)
    data = {"name": f"{where}/policies/{constraint}", "etag": "AAAA", **({"spec": spec} if spec is not None else {}), **more}
    name = f"//orgpolicy.googleapis.com/{where}/policies/{constraint}"
    return gcp.add("orgpolicy.googleapis.com/Policy", name, data, None, ancestors=above)


ON = {"booleanPolicy": {"enforced": True}}
OFF = {"booleanPolicy": {"enforced": False}}
DEFAULT: dict[str, Any] = {"restoreDefault": {}}
