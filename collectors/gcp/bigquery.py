"""BigQuery: datasets, and who may read them."""

from collections.abc import Iterator
from typing import Any

from collectors.gcp import assets
from collectors.gcp.kinds import believe
from collectors.gcp.reader import Reader
from collectors.gcp.shaping import Facts, Shape, apart, fields_of, of_kind
from collectors.gcp.values import OddValueError, plain
from collectors.source import Facet, source
from evidence_store.records import Json, Observation

DATASET = "gcp.bigquery.dataset"
_dataset = Shape(
    DATASET,
    "bigquery.googleapis.com/Dataset",
    always={"datasetReference": dict},
    maybe={
        "id": str,
        "friendlyName": str,
        "description": str,
        "location": str,
        "creationTime": str,
        "type": str,
        "defaultTableExpirationMs": str,
        "defaultPartitionExpirationMs": str,
        "defaultEncryptionConfiguration": dict,
        "maxTimeTravelHours": str,
        "storageBillingModel": str,
        "labels": dict,
        "linkedDatasetSource": dict,
        "externalDatasetReference": dict,
    },
)


@source(
    "cloudasset.ListAssets bigquery.googleapis.com/Dataset",
    level="account",
    bulk=assets.resources,
    takes=(_dataset.asset_type,),
    yields=[_dataset.facet(), Facet(DATASET, name="access", facts=(), optional=("access",), personal=True)],
)
def datasets(_: Reader, asset: Any) -> Iterator[Observation]:
    """Every dataset, and its list of access."""
    yield _dataset.observed(asset)
    yield apart(DATASET, asset, "access", _access)


def _access(asset: Any) -> Facts:
    fields = fields_of(asset)
    if "access" not in fields:
        return {}
    entries: list[Json] = of_kind("access", list, plain(fields["access"])) or []
    if not all(isinstance(entry, dict) for entry in entries):
        raise OddValueError("an entry of access that is no object")
    believe("access", entries)
    return {"access": sorted(entries, key=lambda e: sorted((name, str(value)) for name, value in e.items()))}
