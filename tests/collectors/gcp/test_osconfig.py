"""OS inventories: packages as the API words them, and what is odd about one machine's."""

from typing import Any

from tests.collectors.gcp.assets import INSTANCE, machine
from tests.collectors.gcp.cloud import Cloud
from tests.collectors.gcp.gathering import gather


def test_an_inventory_tells_packages_as_the_api_words_them_and_when_it_was_taken(gcp: Cloud) -> None:
    def item(which: str, package: dict[str, Any], **more: Any) -> dict[str, Any]:
        kinds = {"availablePackage": "AVAILABLE_PACKAGE", "installedPackage": "INSTALLED_PACKAGE"}
        return {"type": kinds[which], which: package, **more}

    apt = {"aptPackage": {"packageName": "openssl", "architecture": "amd64", "version": "3.0.19"}}
    zypper = {"zypperPatch": {"patchName": "p", "category": "security", "severity": "critical"}}
    windows = {"wuaPackage": {"title": "t", "updateId": "u", "categories": [{"id": "1", "name": "Security Updates"}]}}
    seen = "2026-04-01T00:00:00Z"
    items = {
        "1": item("availablePackage", windows),
        "2": item("availablePackage", apt, createTime=seen, updateTime="2026-05-01T00:00:00Z"),
        "3": item("availablePackage", zypper),
        "4": item("installedPackage", {"aptPackage": {**apt["aptPackage"], "version": "3.0.1"}}),
    }
    system = {"hostname": "web", "shortName": "debian", "kernelRelease": "6.1"}
    reported = {"osInfo": system, "updateTime": "2026-05-02T10:00:00Z", "items": items}
    uid = gcp.add(INSTANCE, "vm", machine("vm"), os_inventory=reported)
    found = gather(gcp.connect(), INSTANCE, "OS_INVENTORY")
    assert found.facts("gcp.compute.instance", "inventory")[uid] == {
        "osInfo": system,
        "availablePackages": [{**apt, "createTime": seen}, windows, zypper],
        "updateTime": "2026-05-02T10:00:00Z",
    }
    assert found.facts("gcp.compute.instance", "software")[uid] == {
        "installedPackages": [{"aptPackage": {**apt["aptPackage"], "version": "3.0.1"}}]
    }


def test_a_machine_without_an_agent_has_no_inventory_and_no_empty_one(gcp: Cloud) -> None:
    uid = gcp.add(INSTANCE, "vm", machine("vm"))
    found = gather(gcp.connect(), INSTANCE, "OS_INVENTORY")
    assert uid in found.facts("gcp.compute.instance")
    assert found.facts("gcp.compute.instance", "inventory") == {}
    assert found.presence("OS_INVENTORY") == {"complete"}


def test_an_inventory_that_does_not_say_when_it_was_taken_has_no_time(gcp: Cloud) -> None:
    uid = gcp.add(INSTANCE, "vm", machine("vm"), os_inventory={"osInfo": {"shortName": "debian"}})
    facts = gather(gcp.connect(), INSTANCE, "OS_INVENTORY").facts("gcp.compute.instance", "inventory")[uid]
    assert facts["updateTime"] is None


def test_a_time_that_is_none_costs_its_own_machine_and_no_other(gcp: Cloud) -> None:
    windows = {"wuaPackage": {"title": "t", "lastDeploymentChangeTime": "2026-04-01T00:00:00Z"}}
    apt = {"aptPackage": {"packageName": "openssl"}}
    kinds = {"seen": apt, "published": windows, "sound": apt}
    uids = {}
    for name, package in kinds.items():
        items = {"1": {"type": "AVAILABLE_PACKAGE", "createTime": "2026-04-01T00:00:00Z", "availablePackage": package}}
        uids[name] = gcp.add(INSTANCE, name, machine(name), os_inventory={"osInfo": {"shortName": "debian"}, "items": items})
    endless = 10**12  # seconds: beyond all years
    seen, published = (gcp.estate.get("OS_INVENTORY", uids[name]).os_inventory.items["1"] for name in ("seen", "published"))
    seen.create_time.seconds = endless
    published.available_package.wua_package.last_deployment_change_time.seconds = endless
    found = gather(gcp.connect(), INSTANCE, "OS_INVENTORY")
    assert list(found.facts("gcp.compute.instance", "inventory")) == [uids["sound"]]
    assert set(found.facts("gcp.compute.instance", "software")) == set(uids.values())
    assert found.unread(uids["seen"], "inventory").detail == "a time that is none"
    assert found.unread(uids["published"], "inventory").detail == "a package with a time that is none"
    assert found.presence("OS_INVENTORY") == {"complete"}
