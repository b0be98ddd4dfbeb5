"""Secrets that are kept where they belong: how old their values are."""

from datetime import datetime, timedelta

from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Resource


@check(
    on="aws.secretsmanager.secret",
    severity="medium",
    version=1,
    needs=(
        "Name",
        "RotationEnabled",
        "LastRotatedDate",
        "CreatedDate",
        "PrimaryRegion",
        "DeletedDate",
        "CurrentVersionCreatedDate",
    ),
    fix="Turn rotation on with a Lambda function or managed rotation, or set a new value and record who does it, and when.",
)
def aws_secret_rotation(secret: Resource, *, at: datetime, max_age_days: int = 90) -> Answer:
    """Secrets rotate within the limit.

    A value that never changes works for everyone who ever saw it. What counts is the age of the value in force, whether
    Secrets Manager rotated it or a person did; rotation that is turned on and does not happen is no rotation.

    `max_age_days`: how old the value in force may be, in days
    """
    name, region = secret.fact("Name"), secret.scope.region
    if secret.fact("PrimaryRegion") not in {None, region}:
        return NotApplicable(f"secret {name} is a replica; it rotates in {secret.fact('PrimaryRegion')}")
    if secret.fact("DeletedDate") is not None:
        return NotApplicable(f"secret {name} is deleted")
    rotates = secret.fact("RotationEnabled")
    rotated = secret.time("LastRotatedDate") if rotates else None
    since = rotated or secret.time("CurrentVersionCreatedDate") or secret.time("CreatedDate")
    if since is None:
        return Unknown(f"secret {name} has no date of its value")
    if since < at - timedelta(days=max_age_days):
        how = "rotation is on" if rotates else "rotation is off"
        return f"the value of secret {name} is of {since.date()} ({how}); the limit is {max_age_days} days"
    return None
