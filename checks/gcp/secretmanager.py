"""Secrets: whether they are renewed or end."""

from datetime import datetime, timedelta

from checks.check import Answer, check
from checks.gcp.durations import days_of, moment_of
from checks.gcp.naming import placed
from evidence_store.records import Resource


@check(
    on="gcp.secret",
    severity="medium",
    version=1,
    needs=("expireTime", "rotation"),
    fix="Give the secret a rotation period and something that answers the notice with a new version, or an expiry.",
)
def gcp_secret_rotation(secret: Resource, *, at: datetime, max_period_days: int = 365) -> Answer:
    """Secrets are due to be renewed, or end by themselves.

    A password that nobody ever changes is known to everyone who ever saw it. The service reminds by a message on the day;
    that someone acts on it is not seen here.

    `max_period_days`: the longest time until a secret must be renewed or ends, in days
    """
    limit = at + timedelta(days=max_period_days)
    ends = secret.time("expireTime")
    if ends is not None and ends <= limit:
        return None
    rotation = secret.fact("rotation") or {}
    period = days_of("the rotation period", rotation.get("rotationPeriod"))
    if not rotation:
        until = f"; it ends on {ends:%Y-%m-%d}" if ends is not None else " and no expiry"
        return f"{placed(secret)} has no rotation{until}"
    if period is not None and period > max_period_days:
        return f"{placed(secret)} is due every {period:g} days; the limit is {max_period_days}"
    following = moment_of("the next rotation", rotation.get("nextRotationTime"))
    if following is None:
        return f"{placed(secret)} has a rotation that is never due"
    if following > limit:
        return f"{placed(secret)} is next due on {following:%Y-%m-%d}; within {max_period_days} days is required"
    return f"{placed(secret)} was due to be renewed on {following:%Y-%m-%d}" if following < at - timedelta(days=1) else None
