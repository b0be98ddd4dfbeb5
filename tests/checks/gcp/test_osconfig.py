"""Updates that machines miss, from what their agents report."""

from typing import Any

import pytest

from tests.checks.gcp.scene import asked
from tests.collectors.gcp.cloud import Cloud

PATCH = "gcp_os_patch_state"
INSTANCE = "compute.googleapis.com/Instance"
TODAY = "2026-05-04T06:00:00Z"
LONG_AGO, LATELY = "2026-01-10T00:00:00Z", "2026-04-28T00:00:00Z"
WEEKS = "2026-04-14T00:00:00Z"  # longer than an important update may wait, not longer than one without a rating


def machine(gcp: Cloud, name: str = "web", **data: Any) -> None:
    whole = {"name": name, "status": "RUNNING", "networkInterfaces": [], "creationTimestamp": "2025-11-02T04:00:00.000-08:00"}
    gcp.add(INSTANCE, name, {**whole, **data})


def report(gcp: Cloud, *available: dict[str, Any], name: str = "web", at: str | None = TODAY) -> None:
    items = {f"available-{i}": {"id": f"available-{i}", "type": "AVAILABLE_PACKAGE", **a} for i, a in enumerate(available)}
    installed = {"aptPackage": {"packageName": "openssl", "architecture": "amd64", "version": "3.0.1"}}
    items["installed"] = {"id": "installed", "type": "INSTALLED_PACKAGE", "installedPackage": installed}
    inventory = {"osInfo": {"hostname": name, "shortName": "debian", "version": "12"}, "items": items}
    gcp.add(INSTANCE, name, os_inventory=inventory | ({"updateTime": at} if at else {}))


def apt(seen: str | None, package: str = "openssl") -> dict[str, Any]:
    told = {"availablePackage": {"aptPackage": {"packageName": package, "architecture": "amd64", "version": "3.0.19"}}}
    return told | ({"createTime": seen} if seen else {})


def zypper(seen: str, category: str = "security", severity: str = "important") -> dict[str, Any]:
    patch = {"patchName": "SUSE-2026-1", "category": category, "severity": severity}
    return {"availablePackage": {"zypperPatch": patch}, "createTime": seen}


def windows(seen: str, published: str | None, *classes: dict[str, str]) -> dict[str, Any]:
    update: dict[str, Any] = {"title": "2026-04 Cumulative Update", "updateId": "u", "categories": list(classes)}
    update |= {"lastDeploymentChangeTime": published} if published else {}
    return {"availablePackage": {"wuaPackage": update}, "createTime": seen}


SECURITY = {"id": "0fa1201d-4330-4fa8-8ae9-b877473b6441", "name": "Sicherheitsupdates"}
FEATURE = {"id": "b54e7d24-7add-428f-8b75-90a396fa584f", "name": "Feature Packs"}


@pytest.mark.parametrize(
    ("available", "status", "words"),
    [
        ((), "pass", ""),
        ((apt(LATELY),), "pass", ""),
        ((apt(WEEKS),), "pass", ""),
        ((apt(LONG_AGO),), "fail", "openssl 3.0.19 (since 2026-01-10)"),
        ((apt(LONG_AGO), apt(LATELY, "curl")), "fail", "openssl"),
        ((zypper(LATELY),), "pass", ""),
        ((zypper(WEEKS),), "fail", "SUSE-2026-1 (since 2026-04-14)"),
        ((zypper(WEEKS, severity="moderate"),), "fail", "SUSE-2026-1"),
        ((zypper(LONG_AGO, category="recommended"),), "pass", ""),
        ((windows(WEEKS, None, SECURITY),), "fail", "Cumulative Update"),
        ((windows(LATELY, WEEKS, SECURITY),), "fail", "since 2026-04-14"),
        ((windows(LATELY, None, SECURITY),), "pass", ""),
        ((windows(WEEKS, None, {"name": "Critical Updates"}),), "fail", "Cumulative Update"),
        ((windows(LONG_AGO, None, FEATURE),), "pass", ""),
        ((windows(LONG_AGO, None),), "fail", "Cumulative Update"),
        ((apt(None),), "unknown", "openssl 3.0.19 (without a date)"),
        ((apt(None), apt(LONG_AGO, "curl")), "fail", "curl 3.0.19 (since 2026-01-10)"),
    ],
)
def test_no_update_waits_beyond_its_deadline(
    gcp: Cloud, available: tuple[dict[str, Any], ...], status: str, words: str
) -> None:
    machine(gcp)
    report(gcp, *available)
    seen = asked(gcp, PATCH)
    assert seen.status(PATCH) == status
    assert words in seen.reason(PATCH)


def test_the_machine_and_its_project_are_named(gcp: Cloud) -> None:
    machine(gcp)
    machine(gcp, "db")
    report(gcp, apt(LONG_AGO))
    report(gcp, name="db")
    seen = asked(gcp, PATCH)
    expected = "shop/web misses updates beyond the deadline: openssl 3.0.19 (since 2026-01-10)"
    assert seen.reason(PATCH, "/web") == expected
    assert seen.status(PATCH, "/db") == "pass"


def test_deadlines_are_declared(gcp: Cloud) -> None:
    machine(gcp)
    report(gcp, apt(LONG_AGO), zypper(WEEKS))
    assert asked(gcp, PATCH, unrated_days=365).reason(PATCH).endswith("deadline: SUSE-2026-1 (since 2026-04-14)")
    assert asked(gcp, PATCH, unrated_days=365, deadline_days=30).status(PATCH) == "pass"


def test_a_running_machine_that_reports_nothing_is_not_a_clean_one(gcp: Cloud) -> None:
    machine(gcp)
    machine(gcp, "db")
    report(gcp, name="db")
    seen = asked(gcp, PATCH)
    assert seen.reason(PATCH, "/web") == "shop/web does not report which updates it misses"
    assert seen.status(PATCH, "/db") == "pass"


def test_a_new_machine_has_time_to_report(gcp: Cloud) -> None:
    machine(gcp, creationTimestamp="2026-05-04T10:00:00Z")
    assert asked(gcp, PATCH).reason(PATCH) == "shop/web is new; its first report is due on 2026-05-05 10:00 UTC"
    assert asked(gcp, PATCH, first_report_hours=1).status(PATCH) == "fail"


def test_an_agent_that_fell_silent_is_told(gcp: Cloud) -> None:
    machine(gcp)
    report(gcp, at="2026-04-20T06:00:00Z")
    assert asked(gcp, PATCH).reason(PATCH) == "shop/web last reported its updates on 2026-04-20; the limit is 3 days"
    assert asked(gcp, PATCH, max_report_age_days=30).status(PATCH) == "pass"
    report(gcp, apt(LONG_AGO), at="2026-04-20T06:00:00Z")
    assert "on 2026-04-20, when it missed openssl 3.0.19 (since 2026-01-10);" in asked(gcp, PATCH).reason(PATCH)


@pytest.mark.parametrize("at", [None, "2026-06-01T00:00:00Z"])
def test_a_report_without_a_time_or_from_the_future_proves_nothing(gcp: Cloud, at: str | None) -> None:
    machine(gcp)
    report(gcp, at=at)
    assert asked(gcp, PATCH).status(PATCH) == "unknown"


@pytest.mark.parametrize("data", [{"status": "TERMINATED"}, {"labels": {"goog-gke-node": ""}}])
def test_what_does_not_run_or_is_replaced_by_its_cluster_is_not_asked(gcp: Cloud, data: dict[str, Any]) -> None:
    machine(gcp, **data)
    report(gcp, apt(LONG_AGO))
    assert asked(gcp, PATCH).status(PATCH) == "not_applicable"


def test_machines_alone_say_nothing_where_inventories_may_not_be_read(gcp: Cloud) -> None:
    machine(gcp)
    gcp.deny("cloudasset.assets.listOSInventories")
    seen = asked(gcp, PATCH)
    assert seen.status(PATCH, "/web") == "unknown"
    assert "cloudasset.assets.listOSInventories was denied" in seen.reason(PATCH, "/web")


@pytest.mark.parametrize(("made", "status"), [("2026-05-03T12:00:00Z", "fail"), ("2026-05-04T08:00:00Z", "not_applicable")])
def test_a_report_of_an_earlier_machine_of_that_name_is_none(gcp: Cloud, made: str, status: str) -> None:
    machine(gcp, creationTimestamp=made)
    report(gcp, at="2026-05-03T06:00:00Z")
    assert asked(gcp, PATCH).status(PATCH) == status
