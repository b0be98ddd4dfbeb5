"""Address groups, which rules of firewall policies take from: whose addresses they hold."""

from collections.abc import Sequence

from evidence_store.records import Inventory, UnreadFactError

# What a check that uses this looks up.
GROUPS = {"gcp.address_group": ("items",)}
_SERVICE = "//networksecurity.googleapis.com/"


class Groups:
    """The address groups that can be looked up."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._known: dict[str, Sequence[str] | None] = {}

    def blocks(self, name: str) -> Sequence[str] | None:
        """The addresses of a group, none of them for an empty one; `None` where they were not read."""
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def _read(self, name: str) -> Sequence[str] | None:
        starts = [name.find(kind) for kind in ("organizations/", "projects/") if kind in name]
        try:
            found = self._inventory.get("gcp.address_group", _SERVICE + name[min(starts, default=0) :])
            return None if found is None else [str(item) for item in found.fact("items") or ()]
        except UnreadFactError:
            return None
