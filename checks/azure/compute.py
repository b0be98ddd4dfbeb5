"""Virtual machines and their disks."""

from collections.abc import Iterator
from datetime import datetime

from checks.azure.naming import said, some
from checks.azure.patching import STANDING, never_assessed, not_ours_to_patch, overdue, undated, unsettled
from checks.check import Answer, Unknown, check
from evidence_store.records import Inventory, Resource


@check(
    on="azure.compute.virtual_machine",
    severity="high",
    version=1,
    needs=(
        *STANDING,
        "assessmentStatus",
        "availablePatchCountByClassification",
        "errorCode",
        "lastModifiedDateTime",
        "rebootPending",
        "softwarePatches",
    ),
    fix="Turn on periodic assessment and scheduled patching in Azure Update Manager, and install what the machine lacks.",
)
def azure_update_compliance(
    machine: Resource,
    *,
    at: datetime,
    deadline_days: int = 14,
    max_age_days: int = 7,
    first_assessment_hours: int = 24,
    classes: tuple[str, ...] = ("Critical", "Security"),
    undated_is_late: bool = False,
) -> Answer:
    """Every running machine is assessed for updates and lacks no critical or security one beyond the deadline.

    What a machine lacks is known only as of its last assessment, and a machine that was never assessed is not a clean one.
    Of updates for Linux the platform does not tell when they were published: a machine that lacks one is neither shown to be
    late nor in time. Instances of a scale set that are replaced as one are not asked about.

    `deadline_days`: days from an update's publication by which it must be installed
    `max_age_days`: how old the last assessment may be, in days
    `first_assessment_hours`: how long a new machine may go without its first assessment, in hours
    `classes`: classes of updates that must be installed in time, as Update Manager calls them; `Other` too where a
    distribution does not say which of its updates mend security
    `undated_is_late`: whether an update counts as late where its day of publication is not told
    """
    if aside := not_ours_to_patch(machine):
        return aside
    if (assessed := machine.time("lastModifiedDateTime")) is None:
        return never_assessed(machine, at, first_assessment_hours)
    if late := overdue(machine, at, deadline_days, classes):
        return f"{machine.name} lacks updates past their deadline as of {assessed:%Y-%m-%d}: {some(late)}"
    answer = unsettled(machine, assessed, at, max_age_days)
    if isinstance(answer, str) or not (lacking := undated(machine, classes)):
        return answer
    waiting = f"{machine.name} lacks updates as of {assessed:%Y-%m-%d}, and since when is not told: {some(lacking)}"
    return waiting if undated_is_late else Unknown(waiting)


@check(
    on="azure.compute.virtual_machine",
    severity="low",
    version=1,
    needs=("securityProfile",),
    fix="Create machines with trusted launch, or upgrade them to it, with secure boot and the virtual TPM on.",
)
def azure_vm_trusted_launch(machine: Resource) -> Answer:
    """Machines start with secure boot and a virtual TPM.

    Without them what is loaded before the operating system can be replaced, and nothing that runs later can tell.
    """
    profile = machine.fact("securityProfile") or {}
    settings = profile.get("uefiSettings") or {}
    wanted = {"secureBootEnabled": "secure boot", "vTpmEnabled": "a virtual TPM"}
    missing = [word for key, word in wanted.items() if settings.get(key) is not True]
    return f"{machine.name} starts without {' and '.join(missing)}" if missing else None


@check(
    on="azure.compute.virtual_machine",
    severity="medium",
    version=1,
    needs=("securityProfile", "storageProfile"),
    looks_up={"azure.compute.disk": ("encryption", "encryptionSettingsCollection", "securityProfile")},
    fix="Turn on encryption at host, or encrypt every disk of the machine with a key of your own.",
)
def azure_vm_host_encryption(machine: Resource, *, inventory: Inventory) -> Answer:
    """Machines encrypt at the host, or have all their disks under a key of one's own.

    The platform encrypts what rests in its storage; caches and temporary disks on the host it does not, unless it is told
    to. A key of one's own can be taken back.
    """
    if (machine.fact("securityProfile") or {}).get("encryptionAtHost") is True:
        return None
    plain: list[str] = []
    for name, uid in _disks(machine):
        if uid is None:
            plain.append(name)
            continue
        disk = inventory.get("azure.compute.disk", uid)
        if disk is None:
            return Unknown(f"{machine.name} has the disk {name}, which is not among those of its subscription")
        if not _under_own_key(disk):
            plain.append(name)
    if plain:
        return f"{machine.name} does not encrypt at the host, and its disks are under the platform's key: {some(plain)}"
    return None


def _disks(machine: Resource) -> Iterator[tuple[str, str | None]]:
    """The name of each disk, and the id of the managed disk that it is, if it is one."""
    profile = machine.fact("storageProfile") or {}
    for disk in (profile.get("osDisk") or {}, *(profile.get("dataDisks") or ())):
        uid = (disk.get("managedDisk") or {}).get("id")
        yield disk.get("name") or "of the operating system", uid.casefold() if uid else None


def _under_own_key(disk: Resource) -> bool:
    kind = ((disk.fact("encryption") or {}).get("type") or "").casefold()
    guest = (disk.fact("encryptionSettingsCollection") or {}).get("enabled") is True
    sealed = ((disk.fact("securityProfile") or {}).get("securityType") or "").casefold()
    return guest or "customerkey" in kind or sealed == "confidentialvm_diskencryptedwithcustomerkey"


@check(
    on="azure.compute.disk",
    severity="medium",
    version=1,
    needs=("networkAccessPolicy", "publicNetworkAccess"),
    fix="Set the disk's network access to private endpoints of a disk access, or deny it; turn public network access off.",
)
def azure_disk_public_network(disk: Resource) -> Answer:
    """Managed disks cannot be exported over the internet.

    Whoever may ask for an export link of a disk can copy all of it from anywhere. A disk that says nothing allows it.
    """
    if said(disk, "publicNetworkAccess") == "disabled" or said(disk, "networkAccessPolicy") in {"denyall", "allowprivate"}:
        return None
    return f"{disk.name} can be exported from every network"
