"""Buckets of Google Cloud: who may read them, and whether records in them are locked."""

from typing import Any

import pytest

from tests.checks.gcp.scene import FOLDER, OFF, ON, ORDERS, ORGANIZATION, asked, guardrails, orders, policy
from tests.collectors.gcp.cloud import Cloud

PUBLIC = "gcp_storage_no_public"
UNIFORM = "gcp_storage_uniform_access"
LOCK = "gcp_storage_record_lock"
BUCKET = "storage.googleapis.com/Bucket"
TIDY = {"uniformBucketLevelAccess": {"enabled": True}, "publicAccessPrevention": "inherited"}
READER = "roles/storage.objectViewer"


def bucket(gcp: Cloud, name: str = "assets", config: dict[str, Any] | None = None, project: str = "shop", **data: Any) -> str:
    return gcp.add(
        BUCKET, name, {"name": name, "iamConfiguration": TIDY if config is None else config, **data}, project=project
    )


def test_a_bucket_without_public_grants_is_not_public(gcp: Cloud) -> None:
    bucket(gcp)
    policy(gcp, (BUCKET, "assets"), (READER, "domain:example.org"))
    assert asked(gcp, PUBLIC).status(PUBLIC) == "pass"


@pytest.mark.parametrize("member", ["allUsers", "allAuthenticatedUsers"])
def test_a_bucket_is_public_by_its_own_policy(gcp: Cloud, member: str) -> None:
    bucket(gcp)
    policy(gcp, (BUCKET, "assets"), (READER, member))
    assert asked(gcp, PUBLIC).reason(PUBLIC) == f"assets grants {READER} to {member}"


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (READER, "fail"),
        ("roles/viewer", "fail"),
        ("projects/shop/roles/helper", "fail"),
        ("roles/bigquery.dataViewer", "pass"),
    ],
)
@pytest.mark.parametrize("on", ["shop", FOLDER, ORGANIZATION])
def test_a_bucket_is_public_by_a_policy_above_that_speaks_of_it(gcp: Cloud, on: str, role: str, status: str) -> None:
    bucket(gcp)
    policy(gcp, on, (role, "allAuthenticatedUsers"))
    assert asked(gcp, PUBLIC).status(PUBLIC) == status


def test_a_bucket_that_is_said_to_stand_nowhere_leaves_the_answer_open(gcp: Cloud) -> None:
    uid = bucket(gcp)
    del gcp.estate.get("RESOURCE", uid).ancestors[:]
    seen = asked(gcp, PUBLIC)
    assert "unknown" in {str(f.status) for f in seen.of(PUBLIC)}
    assert "pass" not in {str(f.status) for f in seen.of(PUBLIC)}


def test_another_projects_policy_does_not_matter(gcp: Cloud) -> None:
    bucket(gcp)
    policy(gcp, "lab", (READER, "allUsers"))
    assert asked(gcp, PUBLIC).status(PUBLIC) == "pass"


@pytest.mark.parametrize("on", ["bucket", "shop", FOLDER, ORGANIZATION])
def test_prevention_makes_public_grants_void(gcp: Cloud, on: str) -> None:
    bucket(gcp, config={"publicAccessPrevention": "enforced"} if on == "bucket" else TIDY)
    policy(gcp, (BUCKET, "assets"), (READER, "allUsers"))
    if on != "bucket":
        guardrails(gcp, on, storage__publicAccessPrevention=ON)
    assert asked(gcp, PUBLIC).status(PUBLIC) == "pass"


def test_prevention_that_a_project_takes_back_prevents_nothing(gcp: Cloud) -> None:
    bucket(gcp)
    policy(gcp, (BUCKET, "assets"), (READER, "allUsers"))
    guardrails(gcp, ORGANIZATION, storage__publicAccessPrevention=ON)
    guardrails(gcp, "shop", storage__publicAccessPrevention=OFF)
    assert asked(gcp, PUBLIC).status(PUBLIC) == "fail"


@pytest.mark.parametrize(
    ("lists", "status", "words"),
    [
        ({"acl": [{"entity": "allUsers", "role": "READER"}]}, "fail", "READER to allUsers by its ACL"),
        ({"defaultObjectAcl": [{"entity": "allAuthenticatedUsers", "role": "READER"}]}, "fail", "by its default ACL"),
        ({"acl": [{"entity": "user-ada@example.org", "role": "OWNER"}]}, "unknown", "may each be public"),
        ({}, "unknown", "may each be public"),
    ],
)
def test_with_acls_a_bucket_is_public_or_nobody_can_tell(gcp: Cloud, lists: dict[str, Any], status: str, words: str) -> None:
    bucket(gcp, config={"publicAccessPrevention": "inherited"}, **lists)
    seen = asked(gcp, PUBLIC)
    assert seen.status(PUBLIC) == status
    assert words in seen.reason(PUBLIC)


def test_with_uniform_access_old_acls_count_for_nothing(gcp: Cloud) -> None:
    bucket(gcp, acl=[{"entity": "allUsers", "role": "READER"}])
    assert asked(gcp, PUBLIC).status(PUBLIC) == "pass"


def test_a_public_bucket_of_a_project_alone_is_open_until_what_is_above_was_read(gcp: Cloud) -> None:
    orders(gcp)
    bucket(gcp, project="orders")
    assert asked(gcp, PUBLIC, parent=ORDERS).status(PUBLIC) == "unknown"
    policy(gcp, (BUCKET, "assets"), (READER, "allUsers"), project="orders")
    seen = asked(gcp, PUBLIC, parent=ORDERS)
    assert seen.status(PUBLIC) == "unknown"
    assert seen.reason(PUBLIC).startswith(f"assets grants {READER} to allUsers, unless {FOLDER}")
    guardrails(gcp, "orders", storage__publicAccessPrevention=OFF)
    assert asked(gcp, PUBLIC, parent=ORDERS).status(PUBLIC) == "fail"


@pytest.mark.parametrize(
    ("config", "status"),
    [
        (TIDY, "pass"),
        ({"bucketPolicyOnly": {"enabled": True}}, "pass"),
        ({"uniformBucketLevelAccess": {"enabled": False}}, "fail"),
        ({}, "fail"),
    ],
)
def test_access_is_ruled_in_one_place(gcp: Cloud, config: dict[str, Any], status: str) -> None:
    bucket(gcp, config=config)
    assert asked(gcp, UNIFORM).status(UNIFORM) == status


YEAR = str(365 * 86_400)


@pytest.mark.parametrize(
    ("label", "retention", "status", "words"),
    [
        ("365", {"retentionPeriod": YEAR, "isLocked": True}, "pass", ""),
        ("1y", {"retentionPeriod": YEAR, "isLocked": True}, "pass", ""),
        ("365", {"retentionPeriod": YEAR, "isLocked": False}, "fail", "not locked"),
        ("365", {"retentionPeriod": YEAR}, "fail", "not locked"),
        ("7y", {"retentionPeriod": YEAR, "isLocked": True}, "fail", "for 365 days; 2555 are required"),
        ("365", {}, "fail", "no retention policy"),
        ("365", None, "fail", "no retention policy"),
        ("none", None, "not_applicable", "no such period"),
        ("soon", None, "unknown", "is no period"),
        (None, None, "unknown", "has no label retention-min-days"),
    ],
)
def test_buckets_of_records_are_locked(gcp: Cloud, label: str | None, retention: Any, status: str, words: str) -> None:
    data = {} if retention is None else {"retentionPolicy": retention}
    bucket(gcp, labels={} if label is None else {"retention_min_days": label}, **data)
    seen = asked(gcp, LOCK)
    assert seen.status(LOCK) == status
    assert words in seen.reason(LOCK)


REGIONS = "gcp_storage_region_redundant"
EXPIRY = "gcp_storage_expiry"


@pytest.mark.parametrize(
    ("labels", "kind", "status"),
    [
        ({"criticality": "critical"}, "dual-region", "pass"),
        ({"criticality": "critical"}, "multi-region", "pass"),
        ({"criticality": "critical"}, "region", "fail"),
        ({"criticality": "low"}, "region", "not_applicable"),
        ({}, "region", "unknown"),
    ],
)
def test_critical_buckets_stand_in_more_than_one_region(gcp: Cloud, labels: dict[str, str], kind: str, status: str) -> None:
    bucket(gcp, labels=labels, location="EUROPE-WEST1", locationType=kind)
    assert asked(gcp, REGIONS).status(REGIONS) == status


def deleting(**condition: Any) -> dict[str, Any]:
    return {"action": {"type": "Delete"}, "condition": condition}


@pytest.mark.parametrize(
    ("rules", "status", "words"),
    [
        ([deleting(age=30)], "pass", ""),
        ([deleting(age=365), deleting(age=20)], "pass", ""),
        ([deleting(age=31)], "fail", "after 31 days; 30 are allowed"),
        ([deleting(age=30, matchesPrefix=["tmp/"])], "fail", "no rule that deletes all"),
        ([deleting(age=30, isLive=True)], "fail", "no rule that deletes all"),
        ([deleting(age=30, matchesPrefix=[])], "pass", ""),
        ([{"action": {"type": "SetStorageClass", "storageClass": "COLDLINE"}, "condition": {"age": 30}}], "fail", "no rule"),
        ([], "fail", "no rule that deletes all"),
    ],
)
def test_what_may_be_kept_only_so_long_is_deleted(gcp: Cloud, rules: list[Any], status: str, words: str) -> None:
    bucket(gcp, labels={"retention-max-days": "30"}, lifecycle={"rule": rules})
    seen = asked(gcp, EXPIRY)
    assert seen.status(EXPIRY) == status
    assert words in seen.reason(EXPIRY)


def test_a_bucket_says_how_long_it_may_keep_what_it_holds(gcp: Cloud) -> None:
    bucket(gcp)
    assert asked(gcp, EXPIRY).status(EXPIRY) == "unknown"
    bucket(gcp, labels={"retention-max-days": "none"})
    assert asked(gcp, EXPIRY).status(EXPIRY) == "not_applicable"
