"""Keys of service accounts."""

from datetime import datetime, timedelta

from checks.check import Answer, NotApplicable, check
from checks.gcp.naming import last, some
from evidence_store.records import Inventory, Resource


@check(
    on="gcp.iam.service_account",
    severity="medium",
    version=1,
    needs=("disabled", "email"),
    looks_up={"gcp.iam.service_account_key": ("disabled", "keyType", "name", "validAfterTime", "validBeforeTime")},
    fix="Delete the key and use workload identity; where a key must be, make a new one and delete the old within the limit.",
)
def gcp_iam_sa_key_age(account: Resource, *, at: datetime, inventory: Inventory, max_age_days: int = 90) -> Answer:
    """Service accounts have no keys of their own, or young ones.

    A key is a password that never asks for a second factor, and lies where nobody sees it copied. Google replaces the keys
    that it manages itself. A key that is disabled or has expired opens nothing.

    `max_age_days`: how old a usable key may be, in days
    """
    email, limit = account.fact("email"), at - timedelta(days=max_age_days)
    old = []
    for key in inventory.where("gcp.iam.service_account_key"):
        if not _belongs(key, account) or key.fact("keyType") == "SYSTEM_MANAGED" or key.fact("disabled"):
            continue
        made, ends = key.time("validAfterTime"), key.time("validBeforeTime")
        if ends is not None and ends <= at:
            continue
        if made is None or made < limit:
            old.append(
                f"{last(key.fact('name'))[:12]} of {made:%Y-%m-%d}" if made else f"{last(key.fact('name'))[:12]} without a date"
            )
    if not old:
        return None
    if account.fact("disabled"):
        return NotApplicable(f"{email} is disabled, and its keys with it")
    return f"{email} has keys older than {max_age_days} days: {some(sorted(old))}"


def _belongs(key: Resource, account: Resource) -> bool:
    """Whether a key is an account's; its name says the address, the inventory's own name the number or the address."""
    return f"/serviceAccounts/{account.fact('email')}/keys/" in key.fact("name") or key.uid.startswith(f"{account.uid}/keys/")
