"""The projects under a target, and which of them an asset belongs to.

Assets name their project by number among their ancestors, and by id or number in their name; a project's id is its account
here. What belongs to no project, being set on the organization or a folder, belongs to the target's root.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from evidence_store.records import Unread

PROJECT = "cloudresourcemanager.googleapis.com/Project"
_IN_NAME = re.compile(r"//[^/]+/(projects|folders|organizations)/([^/]+)(?:/|$)")


@dataclass(frozen=True, slots=True)
class Listed:
    """One project, as the inventory lists it."""

    number: str
    id: str
    active: bool


@dataclass(slots=True)
class Projects:
    """What the listing of projects told. Filled before any pass begins, then only read."""

    parent: str
    moment: Any = None  # that every pass asks for
    assets: tuple[Any, ...] = ()  # the projects' own assets: they are not asked for again
    unread: Unread | None = None  # why some are not known: the listing broke off, or one of them was not understood
    ids: dict[str, str] = field(default_factory=dict)  # by number

    @property
    def root(self) -> str:
        """The account of the target itself."""
        return self.parent.removeprefix("projects/")

    @property
    def is_project(self) -> bool:
        return self.parent.startswith("projects/")

    def add(self, listed: Iterable[Listed]) -> None:
        self.ids.update((project.number, project.id) for project in listed)

    def account_of(self, asset: Any) -> str | None:
        """The account of an asset; `None` where nothing tells. One that is not listed here is named as the asset names it."""
        if self.is_project:
            return self.root
        for ancestor in asset.ancestors:
            kind, _, number = str(ancestor).partition("/")
            if kind == "projects":
                return self.ids.get(number, number)
        if asset.ancestors:
            return self.root
        found = _IN_NAME.match(asset.name)
        if found is None:
            return None
        return self.ids.get(found[2], found[2]) if found[1] == "projects" else self.root


def understood(asset: Any) -> Listed | None:
    """What an asset says of a project; `None` where it does not say which project it is.

    Its state is called `state` in the newer version of that service, `lifecycleState` in the older.
    """
    fields = asset.resource.data.fields
    number, id_ = _text(fields, "projectNumber"), _text(fields, "projectId")
    if not number:
        number = next((a.partition("/")[2] for a in asset.ancestors if a.startswith("projects/")), "")
    if not number.isdigit() or not id_:
        return None
    state = _text(fields, "lifecycleState") or _text(fields, "state")
    return Listed(number, id_, active=state in ("", "ACTIVE"))


def _text(fields: Any, name: str) -> str:
    if name not in fields:
        return ""
    value = fields[name]
    if value.WhichOneof("kind") == "number_value" and value.number_value.is_integer():
        return str(int(value.number_value))
    return str(value.string_value)
