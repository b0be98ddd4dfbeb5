"""Keys: whether they rotate, and whom their policies let in."""

from checks.aws.policies import statements
from checks.aws.trust import ORGANIZATION, outside, trusted
from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Inventory, Resource

_NOT_IN_USE = frozenset({"PendingDeletion", "PendingReplicaDeletion", "PendingImport"})
_IDENTITY = ("Aliases", "AwsManaged", "KeyManager", "KeyState")


def _called(key: Resource) -> str:
    """The key by its first alias, or its id."""
    aliases = key.fact("Aliases")
    return f"key {aliases[0] if aliases else key.name}"


def _managed_by_aws(key: Resource) -> bool:
    return bool(key.fact("AwsManaged")) or key.fact("KeyManager") != "CUSTOMER"


@check(
    on="aws.kms.key",
    severity="low",
    version=1,
    needs=(*_IDENTITY, "KeySpec", "Origin", "KeyRotationEnabled", "RotationPeriodInDays"),
    fix="Enable automatic rotation: `aws kms enable-key-rotation --key-id ... --rotation-period-in-days 365`.",
)
def aws_kms_rotation(key: Resource, *, max_period_days: int = 365) -> Answer:
    """Customer-managed symmetric keys rotate.

    Rotation limits how much is protected by one key and how long a leaked one stays useful. KMS cannot rotate asymmetric
    and HMAC keys, or material that was imported or lives in a key store of your own; those are replaced by hand.

    `max_period_days`: the longest rotation period
    """
    name = _called(key)
    if _managed_by_aws(key):
        return NotApplicable(f"{name} is managed, and rotated, by AWS")
    if key.fact("KeySpec") != "SYMMETRIC_DEFAULT" or key.fact("Origin") != "AWS_KMS":
        return NotApplicable(f"{name} ({key.fact('KeySpec')}, material from {key.fact('Origin')}) cannot rotate by itself")
    if key.fact("KeyState") in _NOT_IN_USE:
        return NotApplicable(f"{name} is not in use: {key.fact('KeyState')}")
    if key.fact("KeyRotationEnabled") is None:
        return Unknown(f"{name} does not say yet whether it rotates: {key.fact('KeyState')}")
    if not key.fact("KeyRotationEnabled"):
        return f"{name} does not rotate"
    period = key.fact("RotationPeriodInDays")
    if period is not None and period > max_period_days:
        return f"{name} rotates every {period} days; the limit is {max_period_days}"
    return None


@check(
    on="aws.kms.key",
    severity="high",
    version=1,
    needs=(*_IDENTITY, "Policy"),
    looks_up={**ORGANIZATION, "records.supplier": ("name", "aws_accounts")},
    fix="Name the roles that use the key, or bind `*` to kms:CallerAccount or aws:PrincipalOrgID.",
)
def aws_kms_policy_scoped(
    key: Resource, *, inventory: Inventory, known_accounts: tuple[str, ...] = (), supplier_accounts: tuple[str, ...] = ()
) -> Answer:
    """Key policies name no unknown account and not everyone.

    A key policy decides alone who may use the key: whoever it names can decrypt from outside, whatever the rest of the
    account says. Known are this account, its organization, the declared accounts and those of registered suppliers.

    `known_accounts`: accounts and organizations (o-...) of your own that this account's organization does not hold
    `supplier_accounts`: accounts of registered suppliers, where the register of suppliers is not read
    """
    name, unsettled = _called(key), None
    if _managed_by_aws(key):
        return NotApplicable(f"{name} is managed by AWS, and so is its policy")
    if key.fact("KeyState") == "PendingDeletion":
        return NotApplicable(f"{name} waits for its deletion and cannot be used")
    allowing = [s for s in statements(key.fact("Policy")) if s.allows]
    for statement in allowing:  # before anything is looked up: what is not read must not hide it
        if trusted(statement).anyone:
            return f"the policy of {name} lets any principal of any account in ({statement.sid or 'a statement without Sid'})"
    for statement in allowing:
        foreign = outside(trusted(statement), key, inventory, known_accounts)
        for stranger in sorted(foreign.strangers - set(supplier_accounts)):
            if not any(stranger in (s.fact("aws_accounts") or ()) for s in inventory.where("records.supplier")):
                return f"the policy of {name} lets {stranger} in, which is neither yours nor a registered supplier's"
        unsettled = foreign.question(f"the policy of {name}") if foreign.unsettled else unsettled
    return unsettled
