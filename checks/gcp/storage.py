"""Buckets: whether they are public, how access to them is ruled, and whether records in them can be deleted."""

from checks.check import Answer, NotApplicable, Unknown, check
from checks.gcp.guardrails import GUARDRAILS, switch
from checks.gcp.hierarchy import chain, open_if_unread
from checks.gcp.labels import label_of, labelled_days, named
from checks.gcp.members import PUBLIC
from checks.gcp.naming import some
from checks.gcp.policies import POLICIES, of_service, open_to_everyone
from evidence_store.records import Inventory, Json, Resource

_DAY = 86_400  # seconds


@check(
    on="gcp.storage.bucket",
    severity="critical",
    version=1,
    above="ancestors",
    needs=("acl", "ancestors", "defaultObjectAcl", "iamConfiguration"),
    looks_up={**GUARDRAILS, **POLICIES},
    fix="Enforce public access prevention on the bucket, and take allUsers and allAuthenticatedUsers out of its policy.",
)
def gcp_storage_no_public(bucket: Resource, *, inventory: Inventory) -> Answer:
    """No bucket is open to everyone.

    Open buckets are found by machines within hours. Public access prevention, on the bucket or from above, makes every
    public grant void. Without it the bucket's policy, its ACL and the policies above are looked at; where each object may
    have an ACL of its own, nobody can say that all of them are closed.
    """
    config = bucket.fact("iamConfiguration") or {}
    if config.get("publicAccessPrevention") == "enforced":
        return None
    prevented = switch(chain(bucket), ["storage.publicAccessPrevention"], inventory)
    if prevented.on:
        return None
    uniform = _uniform(config)
    open_ = open_to_everyone(bucket, inventory, of_service("storage"))
    open_ += [] if uniform else [*_by_acl("ACL", bucket.fact("acl")), *_by_acl("default ACL", bucket.fact("defaultObjectAcl"))]
    if open_ and prevented.on is None:
        return Unknown(f"{bucket.name} grants {some(open_)}, unless {' or '.join(prevented.hangs_on)}, prevents it")
    if open_:
        return f"{bucket.name} grants {some(open_)}"
    if not uniform:
        return Unknown(f"objects of {bucket.name} may each be public by an ACL of their own, which no listing shows")
    return open_if_unread(bucket, bucket.name, inventory)


def _uniform(config: Json) -> bool:
    """Whether access is ruled by policies alone; the setting had another name first."""
    return any((config.get(name) or {}).get("enabled") for name in ("uniformBucketLevelAccess", "bucketPolicyOnly"))


def _by_acl(what: str, entries: Json) -> list[str]:
    return [f"{e.get('role')} to {e['entity']} by its {what}" for e in entries or () if e.get("entity") in PUBLIC]


@check(
    on="gcp.storage.bucket",
    severity="medium",
    version=1,
    needs=("iamConfiguration",),
    fix="Turn on uniform bucket-level access; it can be taken back for 90 days.",
)
def gcp_storage_uniform_access(bucket: Resource) -> Answer:
    """Access to buckets is ruled in one place.

    With ACLs on single objects nobody can say who may read what; with uniform access the policies say it all, and can
    be reviewed.
    """
    if _uniform(bucket.fact("iamConfiguration") or {}):
        return None
    return f"{bucket.name} allows access by ACLs of single objects"


@check(
    on="gcp.storage.bucket",
    severity="medium",
    version=1,
    needs=("labels", "retentionPolicy"),
    fix="Set a retention policy of the scheduled period and lock it; label each bucket with the period in days, or none.",
)
def gcp_storage_record_lock(bucket: Resource, *, label: str = "retention-min-days") -> Answer:
    """Buckets of records keep them for the scheduled period, locked.

    A record that can be changed or deleted before its time proves nothing. How long it must be kept is the owner's
    decision, written in a label. A policy that is not locked can be taken off by whoever may change the bucket.

    `label`: the label that names the period: days, years (7y), or none
    """
    days = labelled_days(bucket, label)
    if not isinstance(days, int):
        return days
    policy = bucket.fact("retentionPolicy") or {}
    held = int(policy.get("retentionPeriod") or 0)
    if not held:
        return f"{bucket.name} holds records and has no retention policy"
    if held < days * _DAY:
        return f"{bucket.name} holds records for {held / _DAY:g} days; {days} are required"
    return None if policy.get("isLocked") else f"{bucket.name} holds records under a retention policy that is not locked"


@check(
    on="gcp.storage.bucket",
    severity="low",
    version=1,
    needs=("labels", "location", "locationType"),
    fix="Move the data to a dual-region or multi-region bucket; label each bucket by its criticality.",
)
def gcp_storage_region_redundant(
    bucket: Resource, *, label: str = "criticality", critical: tuple[str, ...] = ("critical", "high")
) -> Answer:
    """Critical buckets outlive the loss of a region.

    How critical a bucket is, its label says.

    `label`: the label that says how critical a bucket is
    `critical`: the values of it that ask for more than one region
    """
    criticality = label_of(bucket, label)
    if criticality is None:
        return Unknown(f"{bucket.name} has no label {label} that says whether it is critical")
    if not named(criticality, critical):
        return NotApplicable(f"{bucket.name} is not critical")
    if bucket.fact("locationType") in ("dual-region", "multi-region"):
        return None
    return f"{bucket.name} is critical and stands in one region only, {bucket.fact('location')}"


@check(
    on="gcp.storage.bucket",
    severity="medium",
    version=1,
    needs=("labels", "lifecycle"),
    fix="Add a lifecycle rule that deletes objects by their age within the limit; label each bucket with it in days, or none.",
)
def gcp_storage_expiry(bucket: Resource, *, label: str = "retention-max-days") -> Answer:
    """Buckets whose contents may be kept only so long delete them in time.

    What should be gone and is not is lost with the rest at the next breach. The limit is the owner's decision, written in
    a label. A rule with further conditions deletes only part. The days for which the service can bring back what was
    deleted come on top and are not counted.

    `label`: the label that names the limit: days, years (7y), or none
    """
    days = labelled_days(bucket, label)
    if not isinstance(days, int):
        return days
    rules = (bucket.fact("lifecycle") or {}).get("rule") or ()
    ages = [r["condition"]["age"] for r in rules if (r.get("action") or {}).get("type") == "Delete" and _by_age(r)]
    if not ages:
        return f"{bucket.name} has no rule that deletes all its objects by their age; {days} days are allowed"
    return f"{bucket.name} deletes objects after {min(ages)} days; {days} are allowed" if min(ages) > days else None


def _by_age(rule: Json) -> bool:
    """Whether a rule is for every object of an age, old versions too, and asks for nothing else."""
    condition = {name: value for name, value in (rule.get("condition") or {}).items() if value not in (None, [], "")}
    return set(condition) == {"age"}
