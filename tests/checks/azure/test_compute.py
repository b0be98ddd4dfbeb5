"""Machines: their updates, and what encrypts their disks."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.checks.azure.scene import NOW, asked
from tests.collectors.azure.cloud import GONE, PROD

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

UPDATES, HOST = "azure_update_compliance", "azure_vm_host_encryption"
MACHINE, DISK = "Microsoft.Compute/virtualMachines", "Microsoft.Compute/disks"
ASSESSMENT = f"{MACHINE}/patchAssessmentResults"
PATCH = f"{ASSESSMENT}/softwarePatches"
CLEAN = {"Critical": 0, "Security": 0, "Other": 3}


def machine(azure: "Cloud", name: str = "web", power: str | None = "running", **properties: Any) -> None:
    state = {"extended": GONE if power is None else {"instanceView": {"powerState": {"code": f"PowerState/{power}"}}}}
    created = {"timeCreated": (NOW - timedelta(days=90)).isoformat()}
    azure.add(MACHINE, name, properties={**created, **state, **properties})


def assessed(azure: "Cloud", name: str = "web", counts: Any = CLEAN, hours: int = 3, **properties: Any) -> None:
    """A machine's assessment, some hours ago."""
    says = {"status": "Succeeded", "osType": "Linux", "rebootPending": False, "availablePatchCountByClassification": counts}
    times = {"lastModifiedDateTime": (NOW - timedelta(hours=hours)).isoformat()}
    azure.add(ASSESSMENT, f"{name}/latest", properties={**says, **times, **properties})


def patch(azure: "Cloud", patch: str, classification: str, days: int | None, name: str = "web") -> None:
    """An update that a machine lacks, published some days ago; `None` where its source does not tell."""
    published = None if days is None else (NOW - timedelta(days=days)).isoformat()
    says = {"patchName": patch, "classifications": [classification], "publishedDateTime": published, "version": "1"}
    azure.add(PATCH, f"{name}/latest/{patch}", properties=says)


def test_a_machine_that_lacks_nothing_passes(azure: "Cloud") -> None:
    machine(azure)
    assessed(azure)
    patch(azure, "vim", "Other", 300)
    assert asked(azure, UPDATES).status(UPDATES, "/web") == "pass"


def test_a_machine_that_lacks_an_update_past_its_deadline_is_named(azure: "Cloud") -> None:
    machine(azure, "web")
    machine(azure, "db")
    assessed(azure, "web", {"critical": 1, "security": 1})
    assessed(azure, "db")
    patch(azure, "openssl", "Security", 15)
    patch(azure, "linux-image", "Critical", 13)
    seen = asked(azure, UPDATES)
    assert seen.status(UPDATES, "/db") == "pass"
    assert seen.status(UPDATES, "/web") == "fail"
    assert seen.reason(UPDATES, "/web") == (
        "web lacks updates past their deadline as of 2026-05-04: openssl (published on 2026-04-19)"
    )


def test_an_update_within_its_deadline_passes(azure: "Cloud") -> None:
    machine(azure)
    assessed(azure, counts={"security": 1})
    patch(azure, "openssl", "Security", 13)
    assert asked(azure, UPDATES).status(UPDATES, "/web") == "pass"
    assert asked(azure, UPDATES, deadline_days=7).status(UPDATES, "/web") == "fail"


def test_the_last_day_of_a_deadline_and_of_an_assessment_still_counts(azure: "Cloud") -> None:
    machine(azure)
    assessed(azure, counts={"security": 1}, hours=7 * 24)
    patch(azure, "openssl", "Security", 14)
    assert asked(azure, UPDATES).status(UPDATES, "/web") == "pass"


def test_an_assessment_of_a_time_that_lies_ahead_shows_nothing_to_be_in_order(azure: "Cloud") -> None:
    machine(azure)
    assessed(azure, hours=-2)
    seen = asked(azure, UPDATES)
    assert seen.status(UPDATES, "/web") == "unknown"
    assert seen.reason(UPDATES, "/web") == "web has an assessment of a time that lies ahead: 2026-05-04T14:00:00Z"
    patch(azure, "openssl", "Security", 15)
    assert asked(azure, UPDATES).status(UPDATES, "/web") == "fail"


def test_an_update_whose_publication_is_not_told_is_neither_late_nor_in_time_unless_the_owner_says_so(azure: "Cloud") -> None:
    machine(azure)
    assessed(azure, counts={"Security": 1})
    patch(azure, "openssl", "Security", None)
    seen = asked(azure, UPDATES)
    assert seen.status(UPDATES, "/web") == "unknown"
    assert seen.reason(UPDATES, "/web").endswith("web lacks updates as of 2026-05-04, and since when is not told: openssl")
    assert asked(azure, UPDATES, undated_is_late=True).status(UPDATES, "/web") == "fail"


def test_an_update_without_a_date_hides_none_that_is_late(azure: "Cloud") -> None:
    machine(azure)
    assessed(azure, counts={"Security": 2})
    patch(azure, "openssl", "Security", None)
    patch(azure, "sudo", "Security", 30)
    assert asked(azure, UPDATES).reason(UPDATES, "/web").endswith(": sudo (published on 2026-04-04)")


def test_updates_that_are_counted_and_not_listed_are_unknown(azure: "Cloud") -> None:
    machine(azure)
    assessed(azure, counts={"Critical": 1, "Security": 2})
    patch(azure, "openssl", "Security", 3)
    seen = asked(azure, UPDATES)
    assert seen.status(UPDATES, "/web") == "unknown"
    assert "2 that are counted and not listed" in seen.reason(UPDATES, "/web")


def test_an_update_whose_day_is_no_time_is_unknown(azure: "Cloud") -> None:
    machine(azure)
    assessed(azure, counts={"Security": 1})
    azure.add(PATCH, "web/latest/a", properties={"classifications": ["Security"], "publishedDateTime": "lately"})
    assert "'lately' is not a time" in asked(azure, UPDATES).reason(UPDATES, "/web")


@pytest.mark.parametrize(("error", "status"), [({"code": "PackageManagerBusy"}, "fail"), ({"code": "Success"}, "pass")])
def test_an_assessment_without_a_status_goes_by_its_error(azure: "Cloud", error: dict[str, str], status: str) -> None:
    machine(azure)
    assessed(azure, status=GONE, errorDetails={**error, "message": "of host web01", "details": []})
    assert asked(azure, UPDATES).status(UPDATES, "/web") == status


def test_a_machine_that_was_never_assessed_fails(azure: "Cloud") -> None:
    machine(azure)
    seen = asked(azure, UPDATES)
    assert seen.status(UPDATES, "/web") == "fail"
    assert "was not assessed" in seen.reason(UPDATES, "/web")


def test_an_old_assessment_fails(azure: "Cloud") -> None:
    machine(azure)
    assessed(azure, hours=8 * 24)
    assert (
        asked(azure, UPDATES).reason(UPDATES, "/web") == "web was last assessed for updates on 2026-04-26; the limit is 7 days"
    )


def test_an_old_assessment_that_names_late_updates_names_them_still(azure: "Cloud") -> None:
    machine(azure)
    assessed(azure, counts={"Security": 1}, hours=8 * 24)
    patch(azure, "openssl", "Security", 30)
    assert "as of 2026-04-26: openssl (published on 2026-04-04)" in asked(azure, UPDATES).reason(UPDATES, "/web")


def test_an_assessment_that_failed_is_none(azure: "Cloud") -> None:
    machine(azure)
    assessed(azure, status="Failed")
    assert asked(azure, UPDATES).status(UPDATES, "/web") == "fail"


@pytest.mark.parametrize(
    "says",
    [
        {"status": "InProgress"},
        {"status": "CompletedWithWarnings"},
        {"rebootPending": True},
        {"availablePatchCountByClassification": None},
    ],
    ids=["not-ended", "warnings", "restart", "no-counts"],
)
def test_an_assessment_that_says_too_little_is_unknown(azure: "Cloud", says: dict[str, Any]) -> None:
    machine(azure)
    assessed(azure, **says)
    assert asked(azure, UPDATES).status(UPDATES, "/web") == "unknown"


def test_an_assessment_of_a_time_to_come_is_unknown(azure: "Cloud") -> None:
    machine(azure)
    assessed(azure, hours=-48)
    assert asked(azure, UPDATES).status(UPDATES, "/web") == "unknown"


@pytest.mark.parametrize("power", ["deallocated", "stopped"])
def test_a_machine_that_does_not_run_is_not_judged(azure: "Cloud", power: str) -> None:
    machine(azure, power=power)
    assert asked(azure, UPDATES).status(UPDATES, "/web") == "not_applicable"


def test_a_machine_whose_state_is_not_told_is_held_to_run(azure: "Cloud") -> None:
    machine(azure, power=None)
    assert asked(azure, UPDATES).status(UPDATES, "/web") == "fail"


def test_a_new_machine_has_a_day_for_its_first_assessment(azure: "Cloud") -> None:
    machine(azure, timeCreated=(NOW - timedelta(hours=3)).isoformat())
    assert asked(azure, UPDATES).status(UPDATES, "/web") == "not_applicable"
    assert asked(azure, UPDATES, first_assessment_hours=2).status(UPDATES, "/web") == "fail"


@pytest.mark.parametrize("action", [f"{MACHINE}/read", f"{ASSESSMENT}/*"])
def test_machines_whose_updates_may_not_be_read_are_unknown(azure: "Cloud", action: str) -> None:
    machine(azure)
    assessed(azure)
    azure.deny(action)
    seen = asked(azure, UPDATES)
    assert {f.status for f in seen.of(UPDATES)} == {"unknown"}
    assert f"{action} was denied" in seen.of(UPDATES)[0].reason


def disk(azure: "Cloud", name: str, **properties: Any) -> dict[str, Any]:
    uid = azure.add(DISK, name, properties=properties)
    return {"name": name, "managedDisk": {"id": uid.upper()}}


def test_a_machine_that_encrypts_at_the_host_passes(azure: "Cloud") -> None:
    machine(azure, securityProfile={"encryptionAtHost": True})
    assert asked(azure, HOST).status(HOST, "/web") == "pass"


@pytest.mark.parametrize(
    "sealed",
    [
        {"encryption": {"type": "EncryptionAtRestWithCustomerKey"}},
        {"encryption": {"type": "EncryptionAtRestWithPlatformAndCustomerKeys"}},
        {"encryptionSettingsCollection": {"enabled": True}},
        {"securityProfile": {"securityType": "ConfidentialVM_DiskEncryptedWithCustomerKey"}},
    ],
    ids=["customer", "both", "guest", "confidential"],
)
def test_a_machine_with_all_disks_under_its_own_key_passes(azure: "Cloud", sealed: dict[str, Any]) -> None:
    own = disk(azure, "system", **sealed)
    machine(azure, storageProfile={"osDisk": own, "dataDisks": [disk(azure, "data", **sealed)]})
    assert asked(azure, HOST).status(HOST, "/web") == "pass"


def test_a_machine_with_one_disk_under_the_platforms_key_fails(azure: "Cloud") -> None:
    own = disk(azure, "system", encryption={"type": "EncryptionAtRestWithCustomerKey"})
    plain = disk(azure, "data", encryption={"type": "EncryptionAtRestWithPlatformKey"})
    machine(azure, storageProfile={"osDisk": own, "dataDisks": [plain]})
    assert asked(azure, HOST).reason(HOST, "/web").endswith("under the platform's key: data")


def test_a_disk_that_is_no_managed_one_fails(azure: "Cloud") -> None:
    machine(azure, storageProfile={"osDisk": {"name": "system", "vhd": {"uri": "https://files/system.vhd"}}})
    assert asked(azure, HOST).status(HOST, "/web") == "fail"


def test_a_disk_that_is_not_listed_is_unknown(azure: "Cloud") -> None:
    machine(azure, storageProfile={"osDisk": {"name": "system", "managedDisk": {"id": f"/subscriptions/{PROD}/disks/system"}}})
    assert asked(azure, HOST).status(HOST, "/web") == "unknown"


@pytest.mark.parametrize("type_", [MACHINE, DISK])
def test_machines_whose_disks_may_not_be_read_are_unknown(azure: "Cloud", type_: str) -> None:
    machine(azure, storageProfile={"osDisk": disk(azure, "system")})
    azure.deny(f"{type_}/read")
    seen = asked(azure, HOST)
    assert {f.status for f in seen.of(HOST)} == {"unknown"}
    assert f"{type_}/read was denied" in seen.of(HOST)[0].reason
