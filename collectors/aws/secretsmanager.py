"""Secrets Manager: which secrets are kept, when they rotate, and how old the value in force is. Never a value."""

from collections.abc import Iterator

from collectors.aws.reader import Reader
from collectors.aws.shaping import only, tag_map
from collectors.source import Facet, Parent, source
from evidence_store.records import Observation

SECRET = "aws.secretsmanager.secret"  # noqa: S105 - a type of resource
_KEPT = (
    "Name", "Description", "KmsKeyId", "Type", "RotationLambdaARN", "RotationRules", "LastRotatedDate", "LastChangedDate",
    "OwningService", "CreatedDate", "PrimaryRegion", "NextRotationDate", "DeletedDate",
)  # fmt: skip


@source(
    "secretsmanager.ListSecrets",
    level="region",
    yields=[
        Facet(SECRET, facts=("Name", "RotationEnabled", "Tags"), optional=_KEPT[1:], lists=True),
        Facet(SECRET, name="use", facts=("LastAccessedDate",)),
    ],
)
def secrets(read: Reader) -> Iterator[Observation]:
    """Every secret with its rotation. One that never rotated has no `RotationEnabled`: the provider's way to say no."""
    for secret in read.pages("secretsmanager.ListSecrets", "SecretList", MaxResults=100):
        facts = only(secret, *_KEPT)
        facts |= {"RotationEnabled": secret.get("RotationEnabled", False), "Tags": tag_map(secret.get("Tags") or ())}
        yield Observation(SECRET, secret["ARN"], facts)
        yield Observation(SECRET, secret["ARN"], {"LastAccessedDate": secret.get("LastAccessedDate")}, facet="use")


@source(
    "secretsmanager.ListSecretVersionIds",
    level="region",
    parent=SECRET,
    uses=("LastRotatedDate", "RotationEnabled"),
    yields=[Facet(SECRET, name="value", facts=("CurrentVersionCreatedDate",))],
)
def current_version(read: Reader, secret: Parent) -> Iterator[Observation]:
    """When the value in force was set, for secrets that are rotated by hand or not at all; the list tells of the others."""
    if secret.facts["RotationEnabled"] and secret.facts["LastRotatedDate"]:
        return
    versions = read.pages("secretsmanager.ListSecretVersionIds", "Versions", missing_is_empty=True, SecretId=secret.uid)
    made = [v["CreatedDate"] for v in versions if "AWSCURRENT" in v.get("VersionStages", ())]
    yield Observation(SECRET, secret.uid, {"CurrentVersionCreatedDate": max(made, default=None)}, facet="value")
