"""Buckets, and who may reach them.

- A bucket is asked in its own region. Where its listing does not name that, the service redirects.
- For each bucket only what no bulk answer carries is read, and the second question only where the first raises it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from collectors.aws.documents import parsed
from collectors.aws.reader import Reader
from collectors.aws.shaping import ordered, tag_map
from collectors.source import Facet, NotEnabledError, Parent, UnreadError, source
from evidence_store.records import Json, Observation, Unread, Why

BUCKET = "aws.s3.bucket"
GONE = ("NoSuchBucket",)
EVERYONE = ("global/AllUsers", "global/AuthenticatedUsers")

_LISTING = Facet(BUCKET, facts=("Name",), optional=("BucketRegion", "CreationDate"), lists=True)
_POLICY = Facet(BUCKET, facts=("Policy", "IsPublic", "BlockOfPublicPolicy"), name="policy")
_ACL = Facet(BUCKET, facts=("Grants", "BlockOfPublicAcl"), name="acl")
_LOCK = Facet(BUCKET, facts=("ObjectLockConfiguration",), name="object_lock")
_LIFECYCLE = Facet(BUCKET, facts=("LifecycleRules", "Versioning"), name="lifecycle")
_TAGS = Facet(BUCKET, facts=("Tags",), name="tags")
_ACCOUNT_BLOCK = Facet("aws.account", facts=("PublicAccessBlockConfiguration",), name="s3_public_access_block")


@source("s3.ListBuckets", level="account", yields=[_LISTING])
def buckets(read: Reader) -> Iterator[Observation]:
    listed = read.pages("s3.ListBuckets", "Buckets", in_region=read.home, MaxBuckets=1000)  # paged, it names the regions
    for item in listed:
        facts = {name: item.get(name) for name in _LISTING.optional} | {"Name": item["Name"]}
        yield Observation(BUCKET, f"arn:{read.partition}:s3:::{item['Name']}", facts)


@source("s3control.GetPublicAccessBlock", level="account", yields=[_ACCOUNT_BLOCK])
def account_block(read: Reader) -> Iterator[Observation]:
    absent = ("NoSuchPublicAccessBlockConfiguration",)
    answer = read.call("s3control.GetPublicAccessBlock", absent=absent, in_region=read.home, AccountId=read.account)
    facts = {"PublicAccessBlockConfiguration": None if answer is None else answer["PublicAccessBlockConfiguration"]}
    yield Observation("aws.account", read.arn("iam", "root"), facts, _ACCOUNT_BLOCK.name)


@source(
    "s3.GetBucketPolicy",
    level="account",
    calls=("s3.GetBucketPolicy", "s3.GetBucketPolicyStatus", "s3.GetPublicAccessBlock"),
    parent=BUCKET,
    uses=("Name", "BucketRegion"),
    yields=[_POLICY],
)
def policy(read: Reader, bucket: Parent) -> Iterator[Observation]:
    """The policy; where there is one, whether the service holds it to be public; where it does, what blocks that."""
    answer = _ask(read, bucket, "s3.GetBucketPolicy", "NoSuchBucketPolicy")
    document, public, block = None, False, None
    if answer is not None:
        document = parsed(answer["Policy"], "s3:GetBucketPolicy")
        status = _ask(read, bucket, "s3.GetBucketPolicyStatus", "NoSuchBucketPolicy")
        public = status is not None and status["PolicyStatus"]["IsPublic"]
    if public:
        block = _block(read, bucket)
    facts = {"Policy": document, "IsPublic": public, "BlockOfPublicPolicy": block}
    yield Observation(BUCKET, bucket.uid, facts, _POLICY.name)


@source(
    "s3.GetBucketAcl",
    level="account",
    calls=("s3.GetBucketAcl", "s3.GetPublicAccessBlock"),
    parent=BUCKET,
    uses=("Name", "BucketRegion"),
    yields=[_ACL],
)
def acl(read: Reader, bucket: Parent) -> Iterator[Observation]:
    """The grants; where they name everyone, what blocks that."""
    answer = _ask(read, bucket, "s3.GetBucketAcl") or {}
    grants = [_grant(item) for item in answer["Grants"]]
    everyone = any(grant["Grantee"].endswith(EVERYONE) for grant in grants)
    facts = {
        "Grants": ordered(grants, "Grantee", "Permission"),
        "BlockOfPublicAcl": _block(read, bucket) if everyone else None,
    }
    yield Observation(BUCKET, bucket.uid, facts, _ACL.name)


def _grant(item: Mapping[str, Any]) -> dict[str, Json]:
    """To whom, by the one name that the grant gives, and what. Display names and addresses are personal and prove nothing."""
    grantee = item["Grantee"]
    return {"Grantee": grantee.get("URI") or grantee["ID"], "Type": grantee["Type"], "Permission": item["Permission"]}


@source("s3.GetObjectLockConfiguration", level="account", parent=BUCKET, uses=("Name", "BucketRegion"), yields=[_LOCK])
def object_lock(read: Reader, bucket: Parent) -> Iterator[Observation]:
    answer = _ask(read, bucket, "s3.GetObjectLockConfiguration", "ObjectLockConfigurationNotFoundError")
    facts = {"ObjectLockConfiguration": None if answer is None else answer["ObjectLockConfiguration"]}
    yield Observation(BUCKET, bucket.uid, facts, _LOCK.name)


@source(
    "s3.GetBucketLifecycleConfiguration",
    level="account",
    calls=("s3.GetBucketLifecycleConfiguration", "s3.GetBucketVersioning"),
    parent=BUCKET,
    uses=("Name", "BucketRegion"),
    yields=[_LIFECYCLE],
)
def lifecycle(read: Reader, bucket: Parent) -> Iterator[Observation]:
    """The rules; where there are some, whether the bucket keeps versions, without which they cannot be understood."""
    answer = _ask(read, bucket, "s3.GetBucketLifecycleConfiguration", "NoSuchLifecycleConfiguration")
    rules, versioning = None, None
    if answer is not None:
        rules = ordered(answer["Rules"], "ID")
        versioning = (_ask(read, bucket, "s3.GetBucketVersioning") or {}).get("Status")
    yield Observation(BUCKET, bucket.uid, {"LifecycleRules": rules, "Versioning": versioning}, _LIFECYCLE.name)


@source(
    "s3.BucketTags",
    level="account",
    calls=("resourcegroupstaggingapi.GetResources", "ec2.DescribeRegions"),
    parent=BUCKET,
    uses=("BucketRegion",),
    batch=10_000,
    yields=[_TAGS],
)
def tags(read: Reader, parents: list[Parent]) -> Iterator[Observation]:
    """The tags of all buckets of a region at once; the tagging service leaves out what was never tagged.

    A bucket whose region we do not know may be in any.
    """
    regions = {bucket.facts["BucketRegion"] for bucket in parents}
    if None in regions:
        regions |= {item["RegionName"] for item in read.pages("ec2.DescribeRegions", "Regions")}
    known: dict[str, dict[str, str]] = {}
    unread: dict[str | None, Unread] = {}
    for region in sorted(regions - {None}):
        try:
            known |= _tags(read, region)
        except NotEnabledError:
            continue
        except UnreadError as error:
            unread[region] = unread[None] = error.unread
    for bucket in parents:
        lacking = unread.get(bucket.facts["BucketRegion"])
        facts: dict[str, Json] | Unread = {"Tags": known.get(bucket.uid, {})}
        if lacking is not None and bucket.uid not in known:
            facts = lacking
        yield Observation(BUCKET, bucket.uid, facts, _TAGS.name)


def _tags(read: Reader, region: str) -> dict[str, dict[str, str]]:
    listed = read.pages(
        "resourcegroupstaggingapi.GetResources",
        "ResourceTagMappingList",
        in_region=region,
        ResourceTypeFilters=["s3:bucket"],
        ResourcesPerPage=100,
    )
    return {item["ResourceARN"]: tag_map(item.get("Tags", [])) for item in listed}


def _block(read: Reader, bucket: Parent) -> Json:
    answer = _ask(read, bucket, "s3.GetPublicAccessBlock", "NoSuchPublicAccessBlockConfiguration", shared=True)
    return None if answer is None else answer["PublicAccessBlockConfiguration"]


def _ask(read: Reader, bucket: Parent, call: str, *absent: str, shared: bool = False) -> dict[str, Any] | None:
    """One call about a bucket, in its region. A bucket that is gone by now raises `UnreadError`."""
    try:
        ask = read.shared if shared else read.call
        return ask(call, absent=absent, in_region=bucket.facts["BucketRegion"], Bucket=bucket.facts["Name"])
    except UnreadError as error:
        if error.unread.detail in GONE:
            raise UnreadError(Unread(Why.VANISHED, error.unread.action)) from None
        raise
