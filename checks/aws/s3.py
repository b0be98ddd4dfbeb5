"""Buckets, and the account's block on making them public."""

from checks.aws.buckets import lock_fault, refuses_clear_text, tagged_days
from checks.check import Answer, check
from evidence_store.records import Inventory, Json, Resource

_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


@check(
    on="aws.account",
    severity="high",
    version=1,
    needs=("PublicAccessBlockConfiguration",),
    fix="Turn on all four settings of Block Public Access for the account (S3 console, or s3control put-public-access-block).",
)
def aws_s3_account_public_block(account: Resource) -> Answer:
    """The account blocks public access to all its buckets.

    One switch for the whole account stops every bucket, of today and tomorrow, from being opened by mistake.
    """
    block = account.fact("PublicAccessBlockConfiguration")
    if block is None:
        return f"account {account.scope.account} does not block public access to its buckets"
    off = [name for name in _BLOCKS if block.get(name) is not True]
    return f"account {account.scope.account} leaves {', '.join(off)} off" if off else None


@check(
    on="aws.s3.bucket",
    severity="critical",
    version=1,
    needs=("BlockOfPublicAcl", "BlockOfPublicPolicy", "Grants", "IsPublic"),
    looks_up={"aws.account": ("PublicAccessBlockConfiguration",)},
    fix="Block public access to the bucket, and take the public statements and grants out of its policy and ACL.",
)
def aws_s3_bucket_not_public(bucket: Resource, *, inventory: Inventory) -> Answer:
    """No bucket is open to everyone, by its policy or by its ACL.

    Open buckets are found by machines within hours. Everyone includes anyone with an AWS account. A block on the bucket or
    on the account makes a public policy or ACL void.
    """
    by_acl = [g for g in bucket.fact("Grants") if g["Grantee"].endswith(("global/AllUsers", "global/AuthenticatedUsers"))]
    faults = []
    if bucket.fact("IsPublic") and not _blocked("RestrictPublicBuckets", bucket.fact("BlockOfPublicPolicy"), inventory):
        faults.append("its policy")
    if by_acl and not _blocked("IgnorePublicAcls", bucket.fact("BlockOfPublicAcl"), inventory):
        faults.append(f"its ACL ({', '.join(sorted({g['Permission'] for g in by_acl}))})")
    return f"{bucket.name} is open to everyone by {' and '.join(faults)}" if faults else None


def _blocked(setting: str, of_bucket: Json, inventory: Inventory) -> bool:
    if of_bucket is not None and of_bucket.get(setting) is True:
        return True
    of_accounts = [account.fact("PublicAccessBlockConfiguration") for account in inventory.where("aws.account")]
    return any(block is not None and block.get(setting) is True for block in of_accounts)


@check(
    on="aws.s3.bucket",
    severity="medium",
    version=1,
    needs=("LifecycleRules", "Tags", "Versioning"),
    fix="Add a lifecycle rule that expires all objects, and old versions of them, within the limit; tag each bucket with it.",
)
def aws_s3_expiry_rules(bucket: Resource, *, tag: str = "retention-max-days") -> Answer:
    """Buckets whose contents may be kept only so long delete them in time.

    What should be gone and is not is a finding in itself, and lost with the rest at the next breach. The limit is the
    owner's decision, written in a tag. A rule with a filter deletes only part; a bucket that keeps versions needs a rule for
    the old ones too, and both periods together must stay within the limit.

    `tag`: the tag that names the limit: days, years (7y), or none
    """
    days = tagged_days(bucket, tag)
    if not isinstance(days, int):
        return days
    rules = [r for r in bucket.fact("LifecycleRules") or () if r.get("Status") == "Enabled" and _takes_all(r)]
    current = min((r["Expiration"]["Days"] for r in rules if r.get("Expiration", {}).get("Days")), default=None)
    if current is None:
        return f"{bucket.name} has no rule that expires all its objects within {days} days"
    if bucket.fact("Versioning") is None:
        return f"{bucket.name} expires objects after {current} days; {days} are allowed" if current > days else None
    old = [r["NoncurrentVersionExpiration"] for r in rules if r.get("NoncurrentVersionExpiration")]
    later = min((o["NoncurrentDays"] for o in old if "NewerNoncurrentVersions" not in o), default=None)
    if later is None:
        return f"{bucket.name} keeps old versions of expired objects without a limit; {days} days are allowed"
    if current + later > days:
        return f"{bucket.name} deletes objects {current + later} days after they were written; {days} are allowed"
    return None


def _takes_all(rule: Json) -> bool:
    """Whether a lifecycle rule is for every object: no prefix, no tag, no size."""
    return not rule.get("Prefix") and not any(value or value == 0 for value in (rule.get("Filter") or {}).values())


@check(
    on="aws.s3.bucket",
    severity="medium",
    version=1,
    needs=("ObjectLockConfiguration", "Tags"),
    fix="Turn on Object Lock with a default retention of the scheduled period; tag each bucket with the period or none.",
)
def aws_s3_record_lock(
    bucket: Resource, *, tag: str = "retention-min-days", modes: tuple[str, ...] = ("COMPLIANCE",)
) -> Answer:
    """Buckets of records are locked for the scheduled period.

    A record that can be changed or deleted before its time proves nothing. How long it must be kept is the owner's decision,
    written in a tag. Governance mode does not count unless told: those who hold the permission for it can lift it.

    `tag`: the tag that names the period: days, years (7y), or none
    `modes`: the lock modes that count
    """
    days = tagged_days(bucket, tag)
    if not isinstance(days, int):
        return days
    fault = lock_fault(bucket.fact("ObjectLockConfiguration"), days, modes)
    return f"{bucket.name} holds records and {fault}" if fault else None


@check(
    on="aws.s3.bucket",
    severity="medium",
    version=1,
    needs=("Policy",),
    fix="Add a statement that denies s3:* to everyone on the bucket and its objects where aws:SecureTransport is false.",
)
def aws_s3_tls_only(bucket: Resource) -> Answer:
    """Bucket policies refuse requests without TLS.

    The service answers in clear text too; only the bucket's policy can refuse that. Access keys are safe even so, the data
    are not.
    """
    policy = bucket.fact("Policy")
    if policy is None:
        return f"{bucket.name} has no policy, so it answers requests without TLS"
    if not refuses_clear_text(policy, bucket.uid):
        return f"{bucket.name} has a policy that does not refuse all requests without TLS"
    return None
