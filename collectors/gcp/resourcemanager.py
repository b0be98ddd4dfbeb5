"""Resource Manager: the organization, its folders and its projects."""

from typing import Any

from collectors.gcp.projects import PROJECT
from collectors.gcp.shaping import Facts, Shape, listing

_SINCE = {"createTime": str, "lifecycleState": str}


def _above(asset: Any) -> str | None:
    """The resource above, by its full name."""
    above = f"//cloudresourcemanager.googleapis.com/{asset.ancestors[1]}" if len(asset.ancestors) > 1 else None
    return asset.resource.parent or above


def _node(facts: Facts, asset: Any) -> Facts:
    """One name for the state, which the service's versions call differently."""
    return {"parent": _above(asset), "lifecycleState": facts.get("lifecycleState") or facts.get("state")}


def _project(facts: Facts, asset: Any) -> Facts:
    """The newer version calls the display name so, and has its resource's name where the older has the display name."""
    number = next((a.partition("/")[2] for a in asset.ancestors if a.startswith("projects/")), None)
    return _node(facts, asset) | {
        "name": facts.get("displayName") or facts.get("name"),
        "projectNumber": facts.get("projectNumber") or number,
    }


projects = listing(
    Shape(
        "gcp.project",
        PROJECT,
        always={"projectId": str},
        maybe={"projectNumber": str, "name": str, "labels": dict, "tags": dict, **_SINCE},
        added=("parent",),
        passing={"displayName": str, "state": str},
    ),
    _project,
)

folders = listing(
    Shape(
        "gcp.folder",
        "cloudresourcemanager.googleapis.com/Folder",
        always={"name": str},
        maybe={"displayName": str, **_SINCE},
        added=("parent",),
        passing={"state": str},
    ),
    _node,
)


def _organization(facts: Facts, asset: Any) -> Facts:
    owner = facts.get("owner") or {}
    customer = facts.get("directoryCustomerId") or owner.get("directoryCustomerId")
    return _node(facts, asset) | {"directoryCustomerId": customer}


organizations = listing(
    Shape(
        "gcp.organization",
        "cloudresourcemanager.googleapis.com/Organization",
        always={"name": str},
        maybe={"displayName": str, "directoryCustomerId": str, **_SINCE},
        added=("parent",),
        passing={"owner": dict, "state": str},
    ),
    _organization,
)
