"""Resources in which some field is not what its name promises: not one of them is taken for a bug of a check."""

from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import json_format  # type: ignore[import-untyped]  # typed by nobody

from checks.check import checks
from tests.checks.gcp.scene import NOW
from tests.collectors.gcp.estate import Estate
from tests.collectors.gcp.scene import fill
from tests.harness import look
from tests.odd import ODD, paths, replaced

if TYPE_CHECKING:
    from tests.collectors.gcp.cloud import Cloud


def _sound() -> dict[str, tuple[str, dict[str, Any]]]:
    """Of each type the fullest of the scene: where such things stand, and its fields."""
    scene, found = Estate.new(), dict[str, tuple[str, dict[str, Any]]]()
    fill(scene, NOW)
    for asset in scene.assets["RESOURCE"].values():
        fields = json_format.MessageToDict(asset.resource.data)
        if "cloudresourcemanager" not in asset.name and len(str(fields)) > len(str(found.get(asset.asset_type, ("", ""))[1])):
            found[asset.asset_type] = (asset.name.rpartition("/")[0], fields)
    return found


SOUND = _sound()
# Of these nothing is judged that another kind of value would hide.
NONE_ODD = ("compute.googleapis.com/Project", "iam.googleapis.com/ServiceAccountKey")


@pytest.mark.parametrize("type_", sorted(SOUND))
def test_a_field_of_another_kind_is_never_taken_for_a_bug(gcp: "Cloud", type_: str) -> None:
    gcp.page = 5000
    where, fields = SOUND[type_]
    for number, (path, odd) in enumerate((path, odd) for path in paths(fields) for odd in ODD):
        gcp.add(type_, f"{where}/odd{number}", replaced(fields, path, odd))
    asked = [check.id for check in checks().values() if check.provider == "gcp"]
    found = look(gcp.connect(), *asked, at=NOW).findings
    assert [f"{f.check} {f.uid} {f.reason}" for f in found if f.status == "error"] == []
    assert type_ in NONE_ODD or any(f.status == "unknown" and "unexpected shape" in f.reason for f in found)


@pytest.mark.parametrize(
    ("check", "type_", "path"),
    [
        ("gcp_firewall_admin_ports", "compute.googleapis.com/Firewall", ("allowed", 0)),
        ("gcp_subnet_flow_logs", "compute.googleapis.com/Subnetwork", ("logConfig", "enable")),
        ("gcp_sql_backup", "sqladmin.googleapis.com/Instance", ("settings", "backupConfiguration", "enabled")),
        ("gcp_gke_release_channel", "container.googleapis.com/Cluster", ("nodePools", 0, "management", "autoUpgrade")),
        (
            "gcp_storage_uniform_access",
            "storage.googleapis.com/Bucket",
            ("iamConfiguration", "uniformBucketLevelAccess", "enabled"),
        ),
    ],
)
def test_a_setting_that_is_none_is_no_pass(gcp: "Cloud", check: str, type_: str, path: tuple[Any, ...]) -> None:
    where, fields = SOUND[type_]
    odd = replaced(fields, path, {"x": "y"})
    gcp.add(type_, f"{where}/odd", odd)
    found = look(gcp.connect(), check, at=NOW).one(check, "odd")
    assert (found.status, "unexpected shape" in found.reason) == ("unknown", True)
