"""Resource Manager: the organization, its folders and its projects."""

from typing import Any

from collectors.gcp.projects import PROJECT
from collectors.gcp.shaping import Facts, Shape, listing

_STATES = {"displayName": str, "lifecycleState": str, "state": str, "createTime": str}


def _since_renamed(facts: Facts, asset: Any) -> Facts:
    """One name for what the service's versions call differently, and the resource above by its full name."""
    state = facts.pop("state", None)
    facts.setdefault("lifecycleState", state)
    above = f"//cloudresourcemanager.googleapis.com/{asset.ancestors[1]}" if len(asset.ancestors) > 1 else None
    return {"parent": asset.resource.parent or above}


def _project(facts: Facts, asset: Any) -> Facts:
    more = _since_renamed(facts, asset)
    display = facts.pop("displayName", None)
    number = next((a.partition("/")[2] for a in asset.ancestors if a.startswith("projects/")), None)
    name = facts.get("name", "")
    return {
        **more,
        "name": display if name.startswith("projects/") or not name else name,
        "projectNumber": facts.get("projectNumber", number),
    }


projects = listing(
    Shape(
        "gcp.project",
        PROJECT,
        always={"projectId": str},
        maybe={"projectNumber": str, "name": str, "labels": dict, "tags": dict, **_STATES},
        added=("parent",),
    ),
    _project,
)

folders = listing(
    Shape(
        "gcp.folder",
        "cloudresourcemanager.googleapis.com/Folder",
        always={"name": str},
        maybe=_STATES,
        added=("parent",),
    ),
    _since_renamed,
)


def _organization(facts: Facts, asset: Any) -> Facts:
    owner = facts.pop("owner", None) or {}
    customer = facts.get("directoryCustomerId") or owner.get("directoryCustomerId")
    return _since_renamed(facts, asset) | {"directoryCustomerId": customer}


organizations = listing(
    Shape(
        "gcp.organization",
        "cloudresourcemanager.googleapis.com/Organization",
        always={"name": str},
        maybe={**_STATES, "directoryCustomerId": str, "owner": dict},
        added=("parent",),
    ),
    _organization,
)
