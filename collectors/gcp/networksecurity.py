"""Address groups: the addresses that rules of firewall policies name as one."""

from typing import Any

from collectors.gcp.shaping import Facts, Shape, listing


def _group(facts: Facts, _: Any) -> Facts:
    """Addresses in one order."""
    return {"items": sorted(facts["items"], key=str)} if "items" in facts else {}


address_groups = listing(
    Shape(
        "gcp.address_group",
        "networksecurity.googleapis.com/AddressGroup",
        always={"name": str},
        maybe={"description": str, "createTime": str, "type": str, "capacity": int, "items": list},
    ),
    _group,
)
