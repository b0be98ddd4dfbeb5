"""What the checks on buckets share: locks, retention tags, and policies that refuse clear text."""

import re

from checks.aws.classes import class_of
from checks.aws.policies import Statement, statements
from checks.check import NotApplicable, Unknown
from evidence_store.records import Json, Resource

YEAR = 365  # days, as the service counts a year of retention
_PERIOD = re.compile(r"(\d+)(d|days?|y|years?)?")
_NO_PERIOD = {"none", "no", "unlimited", "0"}
_SAYS_FALSE = {"bool", "stringequals", "stringequalsignorecase", "stringlike"}


def lock_fault(lock: Json, days: int, modes: tuple[str, ...]) -> str | None:
    """Why an object lock configuration does not hold every new object for so many days; `None` where it does."""
    if lock is None or lock.get("ObjectLockEnabled") != "Enabled":
        return "has no object lock"
    retention = (lock.get("Rule") or {}).get("DefaultRetention")
    if not retention:
        return "has an object lock without a default retention"
    if retention.get("Mode") not in modes:
        return f"locks objects in {str(retention.get('Mode')).lower()} mode, which does not count"
    held = retention.get("Days") or retention.get("Years", 0) * YEAR
    return f"locks objects for {held} days; {days} are required" if held < days else None


def tagged_days(bucket: Resource, tag: str) -> int | NotApplicable | Unknown:
    """The period that a bucket's tag names: `365`, `365d`, `7y`, or `none`."""
    value = class_of(bucket, tag)
    if value is None:
        return Unknown(f"{bucket.name} has no tag {tag} that names a period in days, or none")
    if value in _NO_PERIOD:
        return NotApplicable(f"{bucket.name} is tagged as having no such period")
    found = _PERIOD.fullmatch(value)
    if found is None:
        return Unknown(f"{bucket.name} has the tag {tag} with the value {value}, which is no period in days or years")
    return int(found[1]) * (YEAR if (found[2] or "d").startswith("y") else 1)


def refuses_clear_text(policy: Json, bucket_arn: str) -> bool:
    """Whether the policy denies everyone everything, on the bucket and on all that is in it, without TLS."""
    refusing = [s for s in statements(policy) if _denies_everyone_without_tls(s)]
    anything = f"{bucket_arn}/\x7f\x7f\x7f"  # stands for any object: only a pattern that leaves the key open covers it
    return all(any(s.covers(arn) for s in refusing) for arn in (bucket_arn, anything))


def _denies_everyone_without_tls(statement: Statement) -> bool:
    if statement.allows or statement.not_principals or statement.not_actions or statement.principals is None:
        return False
    everyone = any("*" in statement.principals.get(kind, ()) for kind in ("AWS", "*"))
    everything = statement.every_action or "s3:*" in statement.actions
    if not (everyone and everything) or len(statement.conditions) != 1:
        return False
    condition = statement.conditions[0]
    says_false = condition.operator in _SAYS_FALSE and {v.lower() for v in condition.values} == {"false"}
    return condition.key == "aws:securetransport" and says_false


def takes_trails(policy: Json) -> bool:
    """Whether the policy lets CloudTrail write into the bucket."""
    return policy is not None and any(
        s.allows and s.speaks_of("s3:PutObject") and "cloudtrail.amazonaws.com" in (s.principals or {}).get("Service", ())
        for s in statements(policy)
    )
