"""Assets that the service cut short: what is left of them is not taken for the whole."""

from datetime import UTC, datetime

import pytest

from tests.collectors.gcp import scene
from tests.collectors.gcp.assets import BUCKET, INSTANCE
from tests.collectors.gcp.cloud import Cloud
from tests.collectors.gcp.gathering import gather


@pytest.mark.parametrize(
    ("content", "source", "of"),
    [
        ("RESOURCE", BUCKET, "gcp.storage.bucket"),
        ("IAM_POLICY", "IAM_POLICY", "gcp.iam.policy"),
        ("ORG_POLICY", "ORG_POLICY", "gcp.org_policy"),
    ],
)
def test_an_asset_that_the_service_cut_short_is_not_taken_for_whole(gcp: Cloud, content: str, source: str, of: str) -> None:
    exempt = [{"constraint": "constraints/compute.requireOsLogin", "booleanPolicy": {"enforced": True}}]
    uid = gcp.add(BUCKET, "large", {"name": "large"}, iam={"bindings": []}, org_policy=exempt)
    gcp.estate.get(content, uid).MergeFromString(b"\xd2\x01\x07\x08\x01\x12\x03big")
    found = gather(gcp.connect(), source)
    assert uid not in found.facts(of)
    assert found.unread(uid).detail == "an asset that the inventory cut short"
    assert found.presence(source) == {"complete"}


@pytest.mark.parametrize("new", [b"\xd2\x01\x02\x08\x02", b"\xd2\x01\x06\x08\x01\x10\x01\x18\x01", b"\xd0\x01\x01"])
def test_another_new_field_changes_nothing(gcp: Cloud, new: bytes) -> None:
    uid = gcp.add(BUCKET, "plain", {"name": "plain"})
    gcp.estate.get("RESOURCE", uid).MergeFromString(new)
    assert uid in gather(gcp.connect(), BUCKET).facts("gcp.storage.bucket")


def test_an_inventory_that_the_service_cut_short_tells_nothing_of_what_is_missing(gcp: Cloud) -> None:
    uid = gcp.add(INSTANCE, "vm", None, os_inventory=scene.inventory(scene.Calendar(datetime.now(UTC)), missing=True))
    gcp.estate.get("OS_INVENTORY", uid).MergeFromString(b"\xd2\x01\x02\x08\x01")
    found = gather(gcp.connect(), "OS_INVENTORY")
    assert found.unread(uid, "inventory").action == "cloudasset.assets.listOSInventories"
    assert found.unread(uid, "software").detail == "an asset that the inventory cut short"
