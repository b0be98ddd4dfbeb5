"""The class that stores of data carry."""

from typing import Any

import pytest

from tests.checks.gcp.scene import asked
from tests.collectors.gcp.cloud import Cloud

CLASS = "gcp_resource_classification_label"


def stores(gcp: Cloud, labels: dict[str, str]) -> dict[str, str]:
    """A bucket, a dataset and a database with the same labels, each as its service words them."""
    settings: dict[str, Any] = {"userLabels": labels} if labels else {}
    database = {"name": "orders", "databaseVersion": "POSTGRES_16", "settings": settings}
    return {
        "storage bucket": gcp.add("storage.googleapis.com/Bucket", "assets", {"name": "assets", "labels": labels}),
        "bigquery dataset": gcp.add(
            "bigquery.googleapis.com/Dataset", "sales", {"datasetReference": {"datasetId": "sales"}, "labels": labels}
        ),
        "sql instance": gcp.add("sqladmin.googleapis.com/Instance", "orders", database),
    }


@pytest.mark.parametrize(
    ("labels", "status", "words"),
    [
        ({"data-class": "confidential"}, "pass", ""),
        ({"data_class": "internal"}, "pass", ""),
        ({"data-class": "secretish"}, "fail", "with the value secretish, which is no level"),
        ({"team": "payments"}, "fail", "has no label data-class"),
        ({}, "fail", "has no label data-class"),
    ],
)
def test_every_store_says_what_it_holds(gcp: Cloud, labels: dict[str, str], status: str, words: str) -> None:
    made = stores(gcp, labels)
    seen = asked(gcp, CLASS)
    for kind, uid in made.items():
        assert seen.status(CLASS, uid) == status
        assert words in seen.reason(CLASS, uid)
        assert seen.reason(CLASS, uid).startswith(kind if words else "")


def test_the_levels_are_those_of_ones_own_scheme(gcp: Cloud) -> None:
    made = stores(gcp, {"schutzbedarf": "hoch"})
    seen = asked(gcp, CLASS, label="schutzbedarf", levels=["normal", "hoch"])
    assert {seen.status(CLASS, uid) for uid in made.values()} == {"pass"}
