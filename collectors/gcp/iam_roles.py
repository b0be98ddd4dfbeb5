"""Identity and access: the customer's own roles, and what each of them holds."""

from typing import Any

from collectors.gcp.shaping import Facts, Shape, listing

_TYPE = "iam.googleapis.com/Role"


def _role(facts: Facts, _: Any) -> Facts:
    """Permissions in one order; the provider gives them in any."""
    return {"includedPermissions": sorted(facts["includedPermissions"], key=str)} if "includedPermissions" in facts else {}


roles = listing(
    Shape(
        "gcp.iam.role",
        _TYPE,
        always={"name": str},
        maybe={"title": str, "description": str, "includedPermissions": list, "stage": str, "deleted": bool},
    ),
    _role,
)
