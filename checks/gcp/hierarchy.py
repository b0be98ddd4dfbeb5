"""Where a resource stands: the project, the folders and the organization above it, and which of them were read.

The fact `ancestors` goes upwards from the resource's own project, folder or organization: `projects/123`, `folders/4`,
`organizations/5`. What is laid down above holds below, so an answer that depends on it is open where it was not read.
"""

from collections.abc import Iterable

from checks.check import Unknown
from evidence_store.records import Inventory, MalformedFactError, Resource, Unread, Why

PREFIX = "//cloudresourcemanager.googleapis.com/"
TYPES = {"projects": "gcp.project", "folders": "gcp.folder", "organizations": "gcp.organization"}
# What a check that asks whether something above was read looks up.
NODES = {"gcp.project": ("ancestors", "projectId"), "gcp.folder": ("ancestors",), "gcp.organization": ("ancestors",)}


def uid_of(node: str) -> str:
    """The uid of `projects/123`, `folders/4` or `organizations/5`, and of its own policies."""
    return PREFIX + node


def chain(resource: Resource) -> list[str]:
    """The uids of the nodes that a resource stands in, itself first if it is one, up to the organization.

    Everything stands in something: raises `MalformedFactError` where the inventory does not say in what.
    """
    found = resource.fact("ancestors")
    if not found:
        raise MalformedFactError(Unread(Why.UNEXPECTED, resource.type, f"{resource.name} is said to stand nowhere"))
    return [uid_of(node) for node in found]


def above(resource: Resource) -> list[str]:
    """The uids of the nodes above a resource, the nearest first, without itself."""
    return [uid for uid in chain(resource) if uid != resource.uid]


def unread(uids: Iterable[str], inventory: Inventory) -> list[str]:
    """Those of these nodes that no target of this run reaches, as people name them."""
    names = [uid.removeprefix(PREFIX) for uid in uids]
    return [name for name in names if inventory.get(TYPES[name.partition("/")[0]], uid_of(name)) is None]


def open_above(name: str, places: list[str]) -> Unknown:
    """The answer where something, named, may be laid down above in places that were not read."""
    return Unknown(f"{name} may come from {', '.join(places)}, which was not read: let a target reach the organization")


def open_if_unread(resource: Resource, name: str, inventory: Inventory) -> Unknown | None:
    """`None` where everything above a resource was read; else what would be granted there is open."""
    places = unread([uid for uid in above(resource) if not uid.startswith(uid_of("projects/"))], inventory)
    return open_above(f"public access to {name}", places) if places else None


def called(node: Resource) -> str:
    """A project, folder or organization as people name it."""
    kind, _, number = node.uid.removeprefix(PREFIX).partition("/")
    return f"{kind.rstrip('s')} {node.scope.account if kind == 'projects' else number}"
