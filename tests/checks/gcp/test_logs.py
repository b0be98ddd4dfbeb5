"""Logs of Google Cloud: what is recorded, where it goes, how long it stays."""

from typing import Any

import pytest

from tests.checks.gcp.scene import FOLDER, ORDERS, ORGANIZATION, asked, audited, orders, policy
from tests.collectors.gcp.cloud import Cloud

ACCESS = "gcp_audit_logs_data_access"
SINK = "gcp_log_sink_org"
LOCKED = "gcp_log_bucket_locked"
SHOP = "projects/111111111111"
BOTH = ("DATA_READ", "DATA_WRITE")


@pytest.mark.parametrize("on", ["shop", FOLDER, ORGANIZATION])
def test_access_to_data_is_recorded_by_a_project_or_from_above(gcp: Cloud, on: str) -> None:
    policy(gcp, on, auditConfigs=[audited("allServices", *BOTH)])
    seen = asked(gcp, ACCESS)
    assert seen.status(ACCESS, SHOP) == "pass"
    assert seen.status(ACCESS, "projects/333333333333") == ("pass" if on == ORGANIZATION else "fail")


def test_what_is_turned_on_at_several_places_counts_together(gcp: Cloud) -> None:
    policy(gcp, ORGANIZATION, auditConfigs=[audited("allServices", "DATA_WRITE")])
    policy(gcp, "shop", auditConfigs=[audited("storage.googleapis.com", "DATA_READ")])
    seen = asked(gcp, ACCESS)
    assert seen.reason(ACCESS, SHOP) == "project shop does not record DATA_READ of allServices"
    assert asked(gcp, ACCESS, services=["storage.googleapis.com"]).status(ACCESS, SHOP) == "pass"
    assert asked(gcp, ACCESS, log_types=["DATA_WRITE"]).status(ACCESS, SHOP) == "pass"


@pytest.mark.parametrize(
    ("member", "status"),
    [
        ("user:ada@example.org", "fail"),
        ("group:dba@example.org", "fail"),
        ("serviceAccount:b@shop.iam.gserviceaccount.com", "pass"),
    ],
)
@pytest.mark.parametrize("on", ["shop", ORGANIZATION])
def test_no_person_is_left_out(gcp: Cloud, on: str, member: str, status: str) -> None:
    policy(gcp, on, auditConfigs=[audited("allServices", *BOTH, exempt=[member])])
    seen = asked(gcp, ACCESS)
    assert seen.status(ACCESS, SHOP) == status
    assert (member in seen.reason(ACCESS, SHOP)) == (status == "fail")


def test_an_exemption_of_a_kind_that_need_not_be_recorded_does_not_matter(gcp: Cloud) -> None:
    ada = audited("allServices", "ADMIN_READ", exempt=["user:ada@example.org"])
    policy(gcp, "shop", auditConfigs=[audited("allServices", *BOTH), ada])
    assert asked(gcp, ACCESS).status(ACCESS, SHOP) == "pass"


def test_what_may_be_recorded_from_above_is_open_where_it_was_not_read(gcp: Cloud) -> None:
    orders(gcp)
    seen = asked(gcp, ACCESS, parent=ORDERS)
    assert seen.status(ACCESS) == "unknown"
    assert f"{FOLDER}, {ORGANIZATION}, which was not read" in seen.reason(ACCESS)


def test_who_may_be_left_out_from_above_is_open_where_it_was_not_read(gcp: Cloud) -> None:
    orders(gcp)
    policy(gcp, "orders", auditConfigs=[audited("allServices", *BOTH)])
    seen = asked(gcp, ACCESS, parent=ORDERS)
    assert seen.status(ACCESS) == "unknown"
    assert seen.reason(ACCESS).startswith(
        f"an exemption from the audit logs of project orders may come from {FOLDER}, {ORGANIZATION}"
    )
    orders(gcp, alone=True)
    policy(gcp, "orders", auditConfigs=[audited("allServices", *BOTH)])
    assert asked(gcp, ACCESS, parent=ORDERS).status(ACCESS) == "pass"


# -- sinks -------------------------------------------------------------------------------------------------------------

VAULT = "logging.googleapis.com/projects/lab/locations/global/buckets/vault"


def sink(gcp: Cloud, project: str | None = None, *, ancestors: tuple[str, ...] | None = None, **data: Any) -> None:
    whole = {"name": "all", "destination": VAULT, "includeChildren": True, **data}
    gcp.add(
        "logging.googleapis.com/LogSink", "sinks/all" if project is None else "all", whole, project=project, ancestors=ancestors
    )


def test_an_aggregated_sink_of_the_organization_serves_all(gcp: Cloud) -> None:
    sink(gcp)
    seen = asked(gcp, SINK)
    assert {str(f.status) for f in seen.of(SINK)} == {"pass"}
    assert len(seen.of(SINK)) == 4


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"disabled": True}, "is disabled"),
        ({"includeChildren": False}, "leaves out the projects below"),
        ({"filter": "severity>=ERROR"}, "takes only what its filter lets through"),
        ({"exclusions": [{"name": "noise", "filter": "resource.type=gce"}]}, "leaves out what its exclusions name"),
        (
            {"destination": f"logging.googleapis.com/{ORGANIZATION}/locations/global/buckets/_Default"},
            "which is in no project that is known",
        ),
        ({"destination": "storage.googleapis.com/unheard-of"}, "which is in no project that is known"),
    ],
)
def test_a_sink_that_leaves_something_out_is_no_such_sink(gcp: Cloud, changed: dict[str, Any], words: str) -> None:
    sink(gcp, **changed)
    seen = asked(gcp, SINK)
    assert seen.status(SINK, ORGANIZATION) == "fail"
    assert seen.reason(SINK, ORGANIZATION).endswith(words)
    assert seen.status(SINK, SHOP) == "not_applicable"


def test_without_a_sink_the_organization_fails_once(gcp: Cloud) -> None:
    seen = asked(gcp, SINK)
    assert seen.reason(SINK, ORGANIZATION) == "organization 123456789012 does not send all logs to a project of their own"
    assert [str(f.status) for f in seen.of(SINK)].count("fail") == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"exclusions": [{"name": "noise", "filter": "a", "disabled": True}]},
        {"destination": "bigquery.googleapis.com/projects/lab/datasets/logs"},
        {"destination": "pubsub.googleapis.com/projects/lab/topics/logs"},
        {"destination": "logging.googleapis.com/projects/lab"},
        {"destination": "logging.googleapis.com/projects/333333333333/locations/eu/buckets/vault"},
        {"destination": "storage.googleapis.com/log-vault"},
    ],
)
def test_every_kind_of_destination_in_a_project_counts(gcp: Cloud, changed: dict[str, Any]) -> None:
    gcp.add("storage.googleapis.com/Bucket", "log-vault", {"name": "log-vault"}, project="lab")
    sink(gcp, **changed)
    assert asked(gcp, SINK, log_projects=["lab"]).status(SINK, ORGANIZATION) == "pass"


def test_filters_and_the_projects_of_logs_can_be_declared(gcp: Cloud) -> None:
    sink(gcp, filter="NOT  resource.type=noise\n")
    assert asked(gcp, SINK).status(SINK, ORGANIZATION) == "fail"
    assert asked(gcp, SINK, accepted_filters=["NOT resource.type=noise"]).status(SINK, ORGANIZATION) == "pass"
    sink(gcp, exclusions=[{"name": "noise", "filter": "resource.type=noise  AND\n severity=DEBUG"}])
    assert asked(gcp, SINK, accepted_filters=["resource.type=noise"]).status(SINK, ORGANIZATION) == "fail"
    accepted = ["resource.type=noise\nAND severity=DEBUG"]
    assert asked(gcp, SINK, accepted_filters=accepted).status(SINK, ORGANIZATION) == "pass"
    sink(gcp)
    assert asked(gcp, SINK, log_projects=["lab"]).status(SINK, ORGANIZATION) == "pass"
    assert asked(gcp, SINK, log_projects=["vault"]).status(SINK, ORGANIZATION) == "fail"


def test_a_project_alone_needs_a_sink_into_another_project(gcp: Cloud) -> None:
    orders(gcp)
    assert asked(gcp, SINK, parent=ORDERS).status(SINK) == "unknown"
    orders(gcp, alone=True)
    assert asked(gcp, SINK, parent=ORDERS).status(SINK) == "fail"
    sink(gcp, "orders", includeChildren=False, destination="logging.googleapis.com/projects/orders/locations/eu/buckets/b")
    assert "sends to its own project" in asked(gcp, SINK, parent=ORDERS).reason(SINK)
    sink(gcp, "orders", includeChildren=False)
    assert asked(gcp, SINK, parent=ORDERS).status(SINK) == "pass"


# -- log buckets -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "status", "words"),
    [
        ("vault", {"retentionDays": 400, "locked": True}, "pass", ""),
        ("vault", {"retentionDays": 400}, "fail", "is not locked"),
        ("vault", {"retentionDays": 30, "locked": True}, "fail", "for 30 days; 365 are required"),
        ("vault", {}, "fail", "for 0 days"),
        ("vault", {"lifecycleState": "DELETE_REQUESTED"}, "not_applicable", "waits for its deletion"),
        ("_Required", {"retentionDays": 400, "locked": True}, "not_applicable", "locked by Google"),
        ("_Default", {"retentionDays": 30}, "not_applicable", "declared to need no lock"),
    ],
)
def test_log_buckets_are_locked_for_the_required_time(
    gcp: Cloud, name: str, data: dict[str, Any], status: str, words: str
) -> None:
    full = f"{SHOP}/locations/global/buckets/{name}"
    gcp.add("logging.googleapis.com/LogBucket", name, {"name": full, "lifecycleState": "ACTIVE", **data})
    seen = asked(gcp, LOCKED)
    assert seen.status(LOCKED) == status
    assert words in seen.reason(LOCKED)


def test_a_default_log_bucket_can_be_held_to_it_too(gcp: Cloud) -> None:
    gcp.add("logging.googleapis.com/LogBucket", "_Default", {"name": "x/_Default", "retentionDays": 30})
    assert (
        asked(gcp, LOCKED, exempt=[]).reason(LOCKED) == "log bucket _Default of shop keeps logs for 30 days; 365 are required"
    )
