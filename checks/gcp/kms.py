"""Keys of Cloud KMS: whether they rotate, and whether everyone may use them."""

from datetime import datetime, timedelta

from checks.check import Answer, NotApplicable, check
from checks.gcp.durations import days_of
from checks.gcp.hierarchy import NODES, open_if_unread
from checks.gcp.naming import placed, some
from checks.gcp.policies import POLICIES, of_service, open_to_everyone
from evidence_store.records import Inventory, Resource

_OUTSIDE = ("EXTERNAL", "EXTERNAL_VPC")


@check(
    on="gcp.kms.crypto_key",
    severity="medium",
    version=1,
    needs=("importOnly", "nextRotationTime", "primary", "purpose", "rotationPeriod", "versionTemplate"),
    fix="Set a rotation period: `gcloud kms keys update ... --rotation-period=90d --next-rotation-time=...`.",
)
def gcp_kms_rotation(key: Resource, *, at: datetime, max_period_days: int = 90) -> Answer:
    """Symmetric keys rotate within the limit.

    Rotation limits how much is protected by one key and how long a leaked one stays useful. The service rotates only
    keys for encryption and decryption whose material it makes itself.

    `max_period_days`: the longest rotation period, in days
    """
    if key.fact("purpose") != "ENCRYPT_DECRYPT":
        return NotApplicable(f"{placed(key)} is for {key.fact('purpose')} and cannot rotate by itself")
    level = (key.fact("versionTemplate") or key.fact("primary") or {}).get("protectionLevel")
    if level in _OUTSIDE or key.fact("importOnly"):
        return NotApplicable(f"{placed(key)} has its material from outside and cannot rotate by itself")
    state = (key.fact("primary") or {}).get("state")
    if state != "ENABLED":
        return NotApplicable(f"{placed(key)} is not in use: its primary version is {state or 'missing'}")
    period, following = days_of("the rotation period", key.fact("rotationPeriod")), key.time("nextRotationTime")
    if period is None:
        return f"{placed(key)} does not rotate"
    if period > max_period_days:
        return f"{placed(key)} rotates every {period:g} days; the limit is {max_period_days}"
    if following is None:
        return f"{placed(key)} has a rotation period, and no date of its next rotation"
    if following > at + timedelta(days=max_period_days):
        return f"{placed(key)} rotates next on {following:%Y-%m-%d}, later than {max_period_days} days allow"
    return f"{placed(key)} was due to rotate on {following:%Y-%m-%d}" if following < at - timedelta(days=1) else None


@check(
    on="gcp.kms.crypto_key",
    severity="critical",
    version=1,
    above="ancestors",
    needs=("ancestors",),
    looks_up={**NODES, **POLICIES},
    fix="Take allUsers and allAuthenticatedUsers out of the policies of the key, its key ring and what stands above.",
)
def gcp_kms_not_public(key: Resource, *, inventory: Inventory) -> Answer:
    """No key can be used by everyone.

    A key that anyone may decrypt with protects nothing. A grant on the key ring or the project opens each key in it.
    """
    ring = key.uid.partition("/cryptoKeys/")[0]
    if found := open_to_everyone(key, inventory, of_service("cloudkms"), ring):
        return f"{placed(key)} grants {some(found)}"
    return open_if_unread(key, placed(key), inventory)
