"""Key Management Service: keys, what they are, whether they rotate and whom their policies name.

The keys that AWS manages for a service have an alias that begins `alias/aws/`, which it gives to no other; their
rotation and policy are AWS's, and nothing more is asked of them.
"""

from collections.abc import Iterator

from collectors.aws.documents import parsed
from collectors.aws.reader import Reader
from collectors.aws.shaping import only
from collectors.source import Facet, Parent, source
from evidence_store.records import Observation

KEY = "aws.kms.key"
_METADATA = (
    "Arn", "CreationDate", "Enabled", "Description", "KeyUsage", "KeyState", "DeletionDate", "ValidTo", "Origin",
    "CustomKeyStoreId", "ExpirationModel", "KeyManager", "KeySpec", "MultiRegion", "MultiRegionConfiguration",
    "PendingDeletionWindowInDays",
)  # fmt: skip
_ALWAYS = ("KeyManager", "KeyState")


@source(
    "kms.ListKeys",
    level="region",
    calls=("kms.ListKeys", "kms.ListAliases"),
    yields=[Facet(KEY, facts=("KeyId", "Aliases", "AwsManaged"), lists=True)],
)
def keys(read: Reader) -> Iterator[Observation]:
    """Every key with its aliases."""
    aliases: dict[str, list[str]] = {}
    for alias in read.pages("kms.ListAliases", "Aliases", Limit=100):
        if "TargetKeyId" in alias:  # AWS reserves aliases for keys that it has not made yet
            aliases.setdefault(alias["TargetKeyId"], []).append(alias["AliasName"])
    for key in read.pages("kms.ListKeys", "Keys", Limit=1000):
        named = sorted(aliases.get(key["KeyId"], ()))
        managed = any(name.startswith("alias/aws/") for name in named)
        yield Observation(KEY, key["KeyArn"], {"KeyId": key["KeyId"], "Aliases": named, "AwsManaged": managed})


@source(
    "kms.DescribeKey",
    level="region",
    parent=KEY,
    uses=("KeyId", "AwsManaged"),
    yields=[Facet(KEY, name="metadata", facts=_ALWAYS, optional=tuple(n for n in _METADATA if n not in _ALWAYS))],
)
def metadata(read: Reader, key: Parent) -> Iterator[Observation]:
    """Whose key it is, what it is for and in what state."""
    if key.facts["AwsManaged"]:
        return
    found = (read.call("kms.DescribeKey", KeyId=key.facts["KeyId"]) or {})["KeyMetadata"]
    yield Observation(KEY, key.uid, only(found, *_METADATA), facet="metadata")


@source(
    "kms.GetKeyRotationStatus",
    level="region",
    parent=KEY,
    uses=("KeyId", "AwsManaged"),
    yields=[
        Facet(
            KEY,
            name="rotation",
            facts=("KeyRotationEnabled",),
            optional=("RotationPeriodInDays", "OnDemandRotationStartDate"),
        )
    ],
)
def rotation(read: Reader, key: Parent) -> Iterator[Observation]:
    """Whether the key rotates by itself; nothing for a kind of key that cannot, or one that waits for its deletion."""
    if key.facts["AwsManaged"]:
        return
    absent = ("UnsupportedOperationException", "KMSInvalidStateException")
    found = read.call("kms.GetKeyRotationStatus", absent=absent, KeyId=key.facts["KeyId"])
    if found is not None:
        names = ("KeyRotationEnabled", "RotationPeriodInDays", "OnDemandRotationStartDate")
        yield Observation(KEY, key.uid, only(found, *names), facet="rotation")


@source(
    "kms.GetKeyPolicy",
    level="region",
    parent=KEY,
    uses=("KeyId", "AwsManaged"),
    yields=[Facet(KEY, name="policy", facts=("Policy",))],
)
def policy(read: Reader, key: Parent) -> Iterator[Observation]:
    """The key's own policy, which decides before any other who may use the key."""
    if key.facts["AwsManaged"]:
        return
    found = read.call("kms.GetKeyPolicy", KeyId=key.facts["KeyId"], PolicyName="default") or {}
    yield Observation(KEY, key.uid, {"Policy": parsed(found["Policy"], "kms:GetKeyPolicy")}, facet="policy")
