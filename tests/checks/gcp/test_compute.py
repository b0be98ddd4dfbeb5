"""Machines of Google Cloud, from what the inventory tells of them and of their project."""

from typing import Any

import pytest

from tests.checks.gcp.scene import asked
from tests.collectors.gcp.cloud import Cloud

ACCOUNT = "gcp_compute_default_sa"
LOGIN = "gcp_compute_os_login"
ADDRESS = "gcp_compute_public_ip"
SERIAL = "gcp_compute_serial_off"
SHIELD = "gcp_compute_shielded"
FULL = "https://www.googleapis.com/auth/cloud-platform"
DEFAULT = "111111111111-compute@developer.gserviceaccount.com"
WINDOWS = "https://www.googleapis.com/compute/v1/projects/windows-cloud/global/licenses/windows-server-2022-dc"


def machine(gcp: Cloud, name: str = "web", metadata: dict[str, str] | None = None, **data: Any) -> str:
    items = [{"key": key, "value": value} for key, value in (metadata or {}).items()]
    whole = {"name": name, "status": "RUNNING", "networkInterfaces": [], "metadata": {"items": items}, **data}
    return gcp.add("compute.googleapis.com/Instance", name, whole)


def project_metadata(gcp: Cloud, **metadata: str) -> None:
    items = [{"key": key.replace("_", "-"), "value": value} for key, value in metadata.items()]
    gcp.add("compute.googleapis.com/Project", "shop", {"name": "shop", "commonInstanceMetadata": {"items": items}})


@pytest.mark.parametrize(
    ("accounts", "status"),
    [
        ([{"email": DEFAULT, "scopes": [FULL]}], "fail"),
        ([{"email": DEFAULT, "scopes": ["https://www.googleapis.com/auth/logging.write"]}], "pass"),
        ([{"email": "web@shop.iam.gserviceaccount.com", "scopes": [FULL]}], "pass"),
        ([], "pass"),
        (None, "pass"),
    ],
)
def test_no_machine_runs_as_the_default_account_with_full_scope(gcp: Cloud, accounts: Any, status: str) -> None:
    machine(gcp, **({} if accounts is None else {"serviceAccounts": accounts}))
    seen = asked(gcp, ACCOUNT)
    assert seen.status(ACCOUNT) == status
    assert (DEFAULT in seen.reason(ACCOUNT)) == (status == "fail")


@pytest.mark.parametrize(
    ("own", "project", "status"),
    [
        ("TRUE", None, "pass"),
        ("true", "FALSE", "pass"),
        ("1", None, "pass"),
        (None, "TRUE", "pass"),
        ("FALSE", "TRUE", "fail"),
        ("maybe", "TRUE", "fail"),
        (None, "FALSE", "fail"),
        (None, None, "fail"),
    ],
)
def test_os_login_is_on_by_the_machine_or_else_by_its_project(
    gcp: Cloud, own: str | None, project: str | None, status: str
) -> None:
    machine(gcp, metadata={} if own is None else {"enable-oslogin": own})
    project_metadata(gcp, **({} if project is None else {"enable_oslogin": project}))
    assert asked(gcp, LOGIN).status(LOGIN) == status


def test_where_the_projects_metadata_are_not_to_be_had_the_answer_is_open(gcp: Cloud) -> None:
    machine(gcp)
    assert asked(gcp, LOGIN).status(LOGIN) == "unknown"
    assert "whose metadata the inventory does not have" in asked(gcp, SERIAL).reason(SERIAL)
    machine(gcp, metadata={"enable-oslogin": "TRUE", "serial-port-enable": "FALSE"})
    assert (asked(gcp, LOGIN).status(LOGIN), asked(gcp, SERIAL).status(SERIAL)) == ("pass", "pass")


def test_another_projects_metadata_does_not_count(gcp: Cloud) -> None:
    machine(gcp)
    project_metadata(gcp)
    items = {"items": [{"key": "enable-oslogin", "value": "TRUE"}]}
    gcp.add("compute.googleapis.com/Project", "lab", {"name": "lab", "commonInstanceMetadata": items}, project="lab")
    assert asked(gcp, LOGIN).reason(LOGIN) == "shop/web does not use OS Login (no metadata turn it on)"


@pytest.mark.parametrize("disk", [{"licenses": [WINDOWS]}, {"guestOsFeatures": [{"type": "WINDOWS"}]}])
def test_windows_has_no_os_login(gcp: Cloud, disk: dict[str, Any]) -> None:
    machine(gcp, disks=[{"boot": True, **disk}])
    assert asked(gcp, LOGIN).status(LOGIN) == "not_applicable"


@pytest.mark.parametrize(
    ("interface", "status"),
    [
        ({"accessConfigs": [{"type": "ONE_TO_ONE_NAT", "natIP": "198.51.100.7"}]}, "fail"),
        ({"accessConfigs": [{"type": "ONE_TO_ONE_NAT"}]}, "fail"),
        ({"ipv6AccessConfigs": [{"type": "DIRECT_IPV6", "externalIpv6": "2001:db8::1"}]}, "fail"),
        ({"networkIP": "10.0.0.2", "ipv6Address": "fd20::1"}, "pass"),
        ({"accessConfigs": []}, "pass"),
    ],
)
def test_a_machine_has_no_public_address_unless_it_is_named(gcp: Cloud, interface: dict[str, Any], status: str) -> None:
    machine(gcp, networkInterfaces=[{"name": "nic0"}, {"name": "nic1", **interface}])
    assert asked(gcp, ADDRESS).status(ADDRESS) == status
    assert asked(gcp, ADDRESS, approved=["shop/we*"]).status(ADDRESS) == "pass"
    assert asked(gcp, ADDRESS, approved=["lab/web"]).status(ADDRESS) == status


def test_a_public_address_is_told(gcp: Cloud) -> None:
    access = [{"accessConfigs": [{"natIP": "198.51.100.7"}]}]
    machine(gcp, networkInterfaces=access)
    machine(gcp, "gke-node", networkInterfaces=access, labels={"goog-gke-node": ""})
    seen = asked(gcp, ADDRESS)
    assert seen.reason(ADDRESS, "/web") == "shop/web has a public address: 198.51.100.7"
    assert seen.status(ADDRESS, "gke-node") == "not_applicable"


@pytest.mark.parametrize(
    ("own", "project", "status", "words"),
    [
        (None, None, "pass", ""),
        ("1", None, "fail", "its own metadata"),
        ("true", "false", "fail", "its own metadata"),
        (None, "TRUE", "fail", "the metadata of its project"),
        ("false", "TRUE", "pass", ""),
    ],
)
def test_the_serial_port_is_shut(gcp: Cloud, own: str | None, project: str | None, status: str, words: str) -> None:
    machine(gcp, metadata={} if own is None else {"serial-port-enable": own})
    project_metadata(gcp, **({} if project is None else {"serial_port_enable": project}))
    seen = asked(gcp, SERIAL)
    assert seen.status(SERIAL) == status
    assert words in seen.reason(SERIAL)


@pytest.mark.parametrize(
    ("config", "status", "words"),
    [
        ({"enableSecureBoot": True, "enableVtpm": True, "enableIntegrityMonitoring": True}, "pass", ""),
        ({"enableSecureBoot": False, "enableVtpm": True, "enableIntegrityMonitoring": True}, "fail", "without secure boot"),
        ({"enableSecureBoot": True}, "fail", "a virtual TPM and integrity monitoring"),
        (None, "fail", "is not a Shielded VM"),
    ],
)
def test_a_machine_boots_what_was_signed(gcp: Cloud, config: Any, status: str, words: str) -> None:
    machine(gcp, **({} if config is None else {"shieldedInstanceConfig": config}))
    seen = asked(gcp, SHIELD)
    assert seen.status(SHIELD) == status
    assert words in seen.reason(SHIELD)


KEY = "gcp_compute_disk_key"


@pytest.mark.parametrize(
    ("label", "key", "status"),
    [
        ("confidential", {"kmsKeyName": "projects/shop/locations/eu/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"}, "pass"),
        ("confidential", {"sha256": "abc"}, "pass"),
        ("confidential", None, "fail"),
        ("public", None, "not_applicable"),
        (None, None, "unknown"),
    ],
)
def test_disks_of_sensitive_data_have_a_key(gcp: Cloud, label: str | None, key: Any, status: str) -> None:
    data: dict[str, Any] = {"name": "data", "labels": {"data_class": label} if label else {}}
    gcp.add("compute.googleapis.com/Disk", "data", data | ({"diskEncryptionKey": key} if key else {}))
    assert asked(gcp, KEY).status(KEY) == status
