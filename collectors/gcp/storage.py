"""Cloud Storage: buckets, and whom their own lists let in where access is not uniform."""

from collections.abc import Iterator
from typing import Any

from collectors.gcp import assets
from collectors.gcp.reader import Reader
from collectors.gcp.shaping import Facts, Shape, apart, fields_of, of_kind, only
from collectors.gcp.values import plain
from collectors.source import Facet, source
from evidence_store.records import Json, Observation

BUCKET = "gcp.storage.bucket"
_LISTS = ("acl", "defaultObjectAcl")
_bucket = Shape(
    BUCKET,
    "storage.googleapis.com/Bucket",
    always={"name": str},
    maybe={
        "location": str,
        "locationType": str,
        "storageClass": str,
        "timeCreated": str,
        "projectNumber": str,
        "iamConfiguration": dict,
        "retentionPolicy": dict,
        "softDeletePolicy": dict,
        "objectRetention": dict,
        "defaultEventBasedHold": bool,
        "lifecycle": dict,
        "versioning": dict,
        "logging": dict,
        "encryption": dict,
        "website": dict,
        "cors": list,
        "labels": dict,
        "rpo": str,
        "autoclass": dict,
        "customPlacementConfig": dict,
        "hierarchicalNamespace": dict,
        "ipFilter": dict,
        "billing": dict,
        "satisfiesPZS": bool,
    },
)


@source(
    "cloudasset.ListAssets storage.googleapis.com/Bucket",
    level="account",
    bulk=assets.resources,
    takes=(_bucket.asset_type,),
    yields=[_bucket.facet(), Facet(BUCKET, name="acl", facts=(), optional=_LISTS, personal=True)],
)
def buckets(_: Reader, asset: Any) -> Iterator[Observation]:
    """Every bucket, and its lists of access with the people on them."""
    yield _bucket.observed(asset)
    yield apart(BUCKET, asset, "acl", _access)


def _access(asset: Any) -> Facts:
    fields = fields_of(asset)
    facts: Facts = {}
    for name in _LISTS:
        if name in fields:
            entries: list[Json] = of_kind(name, list, plain(fields[name])) or []
            kept = [only(e, "entity", "role", "email", "domain", "projectTeam") for e in entries]
            facts[name] = sorted(kept, key=lambda e: (str(e.get("entity")), str(e.get("role"))))
    return facts
