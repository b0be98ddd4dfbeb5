"""A Google Cloud organization, as a user meets it on the command line."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.conftest import Command, changed, rows

if TYPE_CHECKING:
    from tests.collectors.gcp.cloud import Cloud

INSTANCE = "compute.googleapis.com/Instance"
BUCKET = "storage.googleapis.com/Bucket"
SCANNER = "scanner@tools.iam.gserviceaccount.com"
SECRET = "correct horse battery staple"


@pytest.fixture
def shop(gcp: "Cloud", tmp_path: Path) -> "Cloud":
    """The scene of the loopback server, and a configuration that reads it."""
    from tests.collectors.gcp.scene import fill

    fill(gcp.estate, datetime.now(UTC))
    text = f'[[target]]\nname = "cloud"\nkind = "gcp"\nparent = "{gcp.organization}"\nendpoint = "localhost:{gcp.port}"\n'
    (tmp_path / "annexa.toml").write_text(text)
    return gcp


def test_an_organization_is_scanned_judged_and_verified(shop: "Cloud", command: Command) -> None:
    ran = command("run", "--format", "json")
    assert ran.code == 0
    assert {"pass", "fail"} <= ran.statuses()
    assert "error" not in ran.statuses()
    assert {entry["presence"] for entry in ran.json["coverage"]} == {"complete"}
    assert {entry["account"] for entry in ran.json["coverage"]} == {shop.organization, "shop", "lab"}
    assert command("evidence", "verify").code == 0


def test_an_unchanged_rescan_writes_at_most_twenty_rows(shop: "Cloud", command: Command, tmp_path: Path) -> None:
    from tests.collectors.gcp.scene import many

    many(shop.estate, 200, datetime.now(UTC))
    shop.page = 1000
    command("run")
    before = rows(tmp_path)
    assert len(before["ev_finding"]) > 200
    command("run")
    assert 1 <= changed(before, rows(tmp_path)) <= 20


def test_a_project_that_is_gone_takes_its_findings_along(shop: "Cloud", command: Command) -> None:
    assert command("run", "--format", "json").findings("gcp_compute_public_ip")
    kept = {k: a for k, a in shop.estate.assets["RESOURCE"].items() if "projects/333333333333" not in a.ancestors}
    shop.estate.assets["RESOURCE"] = kept
    later = command("run", "--format", "json")
    assert {f["resource"]["account"] for f in later.json["findings"]} <= {shop.organization, "shop"}
    assert later.code == 0


def test_one_check_asks_only_for_what_it_needs(shop: "Cloud", command: Command) -> None:
    shop.page = 1000
    command("run", "--check", "gcp_storage_uniform_access")
    assert [asked.asset_types for asked in shop.asked] == [("cloudresourcemanager.googleapis.com/Project",), (BUCKET,)]


@pytest.mark.parametrize(
    "permission",
    ["listResource", "listIamPolicy", "listOrgPolicy", "listOSInventories"],
)
def test_each_permission_that_is_missing_is_named_and_nothing_that_needs_it_passes(
    shop: "Cloud", command: Command, permission: str
) -> None:
    shop.deny(f"cloudasset.assets.{permission}")
    ran = command("run", "--format", "json")
    assert ran.code == 3
    unknown = [f for f in ran.json["findings"] if f["status"] == "unknown" and permission in f["reason"]]
    assert unknown
    assert all(f"cloudasset.assets.{permission} was denied" in f["reason"] for f in unknown)


def test_with_nothing_allowed_nothing_passes(shop: "Cloud", command: Command) -> None:
    shop.deny_all()
    ran = command("run", "--format", "json")
    assert ran.code == 3
    assert ran.statuses() == {"unknown"}
    assert {f["resource"]["account"] for f in ran.json["findings"]} == {shop.organization}


def test_projects_that_are_known_again_leave_no_unknown_behind(shop: "Cloud", command: Command) -> None:
    shop.deny("cloudasset.assets.listResource")
    command("run")
    shop.denied.clear()
    ran = command("run", "--format", "json")
    assert ran.code == 0
    assert not [f for f in ran.json["findings"] if "was denied" in (f["reason"] or "")]


def test_bad_credentials_fail_the_target_and_the_rest_of_the_run_goes_on(
    shop: "Cloud", command: Command, tmp_path: Path
) -> None:
    shop.issuer.refused = "invalid_grant"
    with (tmp_path / "annexa.toml").open("a") as file:
        file.write('[[target]]\nname = "isms"\nkind = "records"\npath = "started/isms"\n')
    command("init", "started")
    ran = command("run", "--format", "json")
    assert ran.code == 3
    reasons = {f["reason"] for f in ran.json["findings"] if f["check"].startswith("gcp_")}
    assert reasons == {"application-default credentials had no valid credentials (invalid_grant)"}
    assert {f["status"] for f in ran.json["findings"] if f["resource"]["target"] == "isms"} - {"unknown"}


def test_no_secret_of_a_machine_reaches_the_store_or_a_report(shop: "Cloud", command: Command, tmp_path: Path) -> None:
    from tests.collectors.gcp.assets import machine, told

    data: dict[str, Any] = machine("vm", metadata=told(startup_script=f"echo {SECRET}", windows_keys=SECRET))
    shop.add(INSTANCE, "vm", data)
    env = [{"name": "GREETING", "value": SECRET}]
    shop.add("run.googleapis.com/Service", "api", {"name": "api", "template": {"containers": [{"image": "i", "env": env}]}})
    said = [command(*line) for line in (("run",), ("run", "--format", "json"), ("gaps",), ("evidence", "list"))]
    command("evidence", "export", "-o", "pack.zip")
    assert all(SECRET not in ran.out + ran.err for ran in said)
    assert b"horse battery" not in b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())


def test_doctor_names_what_is_missing(shop: "Cloud", command: Command) -> None:
    shop.deny("cloudasset.assets.listOSInventories")
    ran = command("doctor")
    assert ran.code == 3
    assert "cloudasset.assets.listOSInventories was denied" in ran.out
    assert f"reached as {SCANNER}" in ran.out


def test_permissions_are_printed_for_a_single_check(shop: "Cloud", command: Command) -> None:
    printed = command("permissions", "gcp", "--check", "gcp_storage_uniform_access").out
    assert printed.endswith("includedPermissions:\n- cloudasset.assets.listResource\n")
    assert "cloudasset.assets.listOSInventories" in command("permissions", "gcp").out
