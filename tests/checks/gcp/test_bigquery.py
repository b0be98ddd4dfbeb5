"""Datasets of BigQuery: who may read them."""

from typing import Any

import pytest

from tests.checks.gcp.scene import FOLDER, ORDERS, asked, orders, policy
from tests.collectors.gcp.cloud import Cloud

PUBLIC = "gcp_bigquery_no_public"
DATASET = "bigquery.googleapis.com/Dataset"
TABLE = "bigquery.googleapis.com/Table"
OWNER = {"role": "OWNER", "userByEmail": "ada@example.org"}
VIEWER = "roles/bigquery.dataViewer"


def dataset(gcp: Cloud, access: Any = (OWNER,), project: str = "shop") -> str:
    data: dict[str, Any] = {"datasetReference": {"datasetId": "sales", "projectId": project}}
    data |= {} if access is None else {"access": list(access)}
    return gcp.add(DATASET, "sales", data, project=project)


@pytest.mark.parametrize(
    ("entry", "status"),
    [
        (OWNER, "pass"),
        ({"role": "READER", "specialGroup": "allAuthenticatedUsers"}, "fail"),
        ({"role": "READER", "iamMember": "allUsers"}, "fail"),
        ({"role": "READER", "specialGroup": "projectReaders"}, "pass"),
        ({"role": "READER", "domain": "example.org"}, "pass"),
        ({"view": {"projectId": "shop", "datasetId": "d", "tableId": "t"}}, "pass"),
    ],
)
def test_a_dataset_is_public_by_its_list(gcp: Cloud, entry: dict[str, Any], status: str) -> None:
    dataset(gcp, [OWNER, entry])
    assert asked(gcp, PUBLIC).status(PUBLIC) == status


@pytest.mark.parametrize("on", [(DATASET, "sales"), "shop", FOLDER])
def test_a_dataset_is_public_by_its_policy_or_one_above(gcp: Cloud, on: Any) -> None:
    dataset(gcp)
    policy(gcp, on, (VIEWER, "allAuthenticatedUsers"))
    seen = asked(gcp, PUBLIC)
    assert seen.status(PUBLIC) == "fail"
    assert f"dataset sales grants {VIEWER} to allAuthenticatedUsers" in seen.reason(PUBLIC)


def test_a_public_table_makes_its_own_dataset_public_and_no_other(gcp: Cloud) -> None:
    uid = dataset(gcp)
    policy(gcp, (TABLE, f"{uid}_archive/tables/orders"), (VIEWER, "allUsers"))
    assert asked(gcp, PUBLIC).status(PUBLIC) == "pass"
    policy(gcp, (TABLE, f"{uid}/tables/orders"), (VIEWER, "allUsers"))
    assert asked(gcp, PUBLIC).reason(PUBLIC) == f"dataset sales grants {VIEWER} to allUsers on table orders"


def test_a_dataset_that_says_nothing_of_access_is_not_a_closed_one(gcp: Cloud) -> None:
    dataset(gcp, None)
    assert asked(gcp, PUBLIC).status(PUBLIC) == "unknown"
    policy(gcp, (DATASET, "sales"), (VIEWER, "domain:example.org"))
    assert asked(gcp, PUBLIC).status(PUBLIC) == "pass"


def test_what_may_be_granted_above_is_open_where_it_was_not_read(gcp: Cloud) -> None:
    orders(gcp)
    dataset(gcp, project="orders")
    assert asked(gcp, PUBLIC, parent=ORDERS).status(PUBLIC) == "unknown"
    orders(gcp, alone=True)
    dataset(gcp, project="orders")
    assert asked(gcp, PUBLIC, parent=ORDERS).status(PUBLIC) == "pass"


EXPIRY = "gcp_bigquery_expiry"
DAY = 86_400_000


@pytest.mark.parametrize(
    ("label", "kept", "status", "words"),
    [
        ("30", str(30 * DAY), "pass", ""),
        ("30", str(31 * DAY), "fail", "for 31 days; 30 are allowed"),
        ("30", None, "fail", "for good"),
        ("none", None, "not_applicable", "no such period"),
        (None, None, "unknown", "has no label retention-max-days"),
    ],
)
def test_tables_go_when_their_time_is_over(gcp: Cloud, label: str | None, kept: str | None, status: str, words: str) -> None:
    data: dict[str, Any] = {
        "datasetReference": {"datasetId": "sales"},
        "labels": {"retention-max-days": label} if label else {},
    }
    gcp.add(DATASET, "sales", data | ({"defaultTableExpirationMs": kept} if kept else {}))
    seen = asked(gcp, EXPIRY)
    assert seen.status(EXPIRY) == status
    assert words in seen.reason(EXPIRY)
