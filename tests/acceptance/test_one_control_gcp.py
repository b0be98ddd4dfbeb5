"""`scanner run --control A.8.8` on Google Cloud: only the reads that it needs, and the unpatched machine by name."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.conftest import Command, changed, rows

if TYPE_CHECKING:
    from tests.collectors.gcp.cloud import Cloud

INSTANCE = "compute.googleapis.com/Instance"
CHECK = "gcp_os_patch_state"


def text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@pytest.fixture
def machines(gcp: "Cloud", tmp_path: Path) -> "Cloud":
    """Two machines, one of which misses an update since long ago."""
    target = f'[[target]]\nname = "cloud"\nkind = "gcp"\nparent = "{gcp.organization}"\nendpoint = "localhost:{gcp.port}"\n'
    (tmp_path / "annexa.toml").write_text(target)
    now = datetime.now(UTC).replace(microsecond=0)
    for name, first_seen in (("patched", now - timedelta(days=1)), ("unpatched", now - timedelta(days=200))):
        package = {"aptPackage": {"packageName": "openssl", "architecture": "amd64", "version": "3.0.19"}}
        item = {"id": "a", "type": "AVAILABLE_PACKAGE", "availablePackage": package, "createTime": text(first_seen)}
        inventory: dict[str, Any] = {"items": {"a": item}, "updateTime": text(now - timedelta(hours=2))}
        data = {
            "name": name,
            "status": "RUNNING",
            "networkInterfaces": [],
            "creationTimestamp": text(now - timedelta(days=400)),
        }
        gcp.add(INSTANCE, name, data, os_inventory=inventory)
    return gcp


def test_the_unpatched_machine_is_named(machines: "Cloud", command: Command) -> None:
    ran = command("run", "--control", "A.8.8", "--format", "json")
    status = {f["resource"]["id"].rpartition("/")[2]: f for f in ran.findings(CHECK)}
    assert {name: f["status"] for name, f in status.items()} == {"patched": "pass", "unpatched": "fail"}
    assert status["unpatched"]["reason"].startswith("shop/unpatched misses updates beyond the deadline: openssl")
    assert "A.8.8" in status["unpatched"]["controls"]
    assert {c["id"]: c["assessment"] for c in ran.json["controls"]}["A.8.8"] == "gap"


def test_only_what_the_control_needs_is_read(machines: "Cloud", command: Command) -> None:
    command("run", "--control", "A.8.8", "--format", "json")
    assert set(machines.calls) == {"cloudasset.ListAssets RESOURCE", "cloudasset.ListAssets OS_INVENTORY"}
    asked = {type_ for request in machines.asked for type_ in request.asset_types}
    assert asked == {INSTANCE, "container.googleapis.com/Cluster", "cloudresourcemanager.googleapis.com/Project"}


def test_the_verdict_can_be_performed_again_and_an_unchanged_rescan_writes_little(
    machines: "Cloud", command: Command, tmp_path: Path
) -> None:
    command("run", "--format", "json")
    before = rows(tmp_path)
    command("run", "--format", "json")
    assert changed(before, rows(tmp_path)) <= 20
    verified = command("evidence", "verify", "--format", "json")
    assert verified.code == 0
    assert "performed again" in verified.out


def test_a_report_that_may_not_be_read_leaves_the_control_open(machines: "Cloud", command: Command) -> None:
    machines.deny("cloudasset.assets.listOSInventories")
    ran = command("run", "--control", "A.8.8", "--format", "json")
    assert ran.code == 3
    assert {f["status"] for f in ran.findings(CHECK)} == {"unknown"}
    assert {c["id"]: c["assessment"] for c in ran.json["controls"]}["A.8.8"] == "unknown"
