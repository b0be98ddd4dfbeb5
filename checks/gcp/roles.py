"""What a role lets its holder do: the basic ones, the administrative ones, and what a custom role holds."""

import re

from evidence_store.records import Inventory, Json, Resource

BROAD = ("roles/owner", "roles/editor")
# What a check that asks for custom roles looks up.
CUSTOM = {"gcp.iam.role": ("deleted", "includedPermissions")}
_ADMIN = re.compile(r"admin(\.v\d+)?$", re.IGNORECASE)
# With these a holder gives itself more: new grants, new roles, the identity of another account, the rules above.
_RAISING = frozenset(
    {
        "iam.roles.create", "iam.roles.update", "iam.serviceAccountKeys.create", "iam.serviceAccounts.getAccessToken",
        "iam.serviceAccounts.implicitDelegation", "iam.serviceAccounts.signBlob", "iam.serviceAccounts.signJwt",
        "orgpolicy.policies.create", "orgpolicy.policies.update", "orgpolicy.policy.set",
    }
)  # fmt: skip
# The predefined roles that hold such permissions and are not named after it: with each a holder is any account it likes.
_ACTING = ("roles/iam.serviceAccountTokenCreator", "roles/iam.workloadIdentityUser")


def is_administrative(role: str) -> bool:
    """Whether a predefined role administers: owner, editor, what Google itself names an admin, and what acts as any account."""
    return role in BROAD or role in _ACTING or (not is_custom(role) and _ADMIN.search(role) is not None)


def is_custom(role: str) -> bool:
    """Whether a role is the customer's own: `projects/p/roles/r` or `organizations/1/roles/r`."""
    return not role.startswith("roles/")


def custom_role(role: str, inventory: Inventory) -> Resource | None:
    """A custom role as it was read; `None` where it was not, or is no more."""
    return inventory.get("gcp.iam.role", f"//iam.googleapis.com/{role}")


def raises_itself(permissions: Json) -> bool:
    """Whether a holder of these permissions can give itself more."""
    return any(p in _RAISING or p.endswith(".setIamPolicy") for p in permissions or ())
