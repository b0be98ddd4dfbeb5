"""Machines: who they act as, who gets in and how, and whether they boot what was signed."""

from checks.check import Answer, NotApplicable, Unknown, check
from checks.gcp.labels import label_of, named
from checks.gcp.machines import DEFAULT_ACCOUNT, is_cluster_node, is_windows, setting
from checks.gcp.naming import listed, placed, some
from evidence_store.records import Inventory, Resource

_FULL = "https://www.googleapis.com/auth/cloud-platform"


@check(
    on="gcp.compute.instance",
    severity="high",
    version=1,
    needs=("serviceAccounts",),
    fix="Stop the machine and set a service account of its own, with the roles that its programs need.",
)
def gcp_compute_default_sa(instance: Resource) -> Answer:
    """No machine runs as the default service account with full scope.

    The default account often is editor of the whole project, and with full scope every program on the machine is too:
    whoever gets into the machine has the project.
    """
    for account in instance.fact("serviceAccounts") or ():
        if DEFAULT_ACCOUNT.fullmatch(account["email"]) and _FULL in (account.get("scopes") or ()):
            return f"{placed(instance)} runs as {account['email']} with access to all of Google Cloud"
    return None


@check(
    on="gcp.compute.instance",
    severity="medium",
    version=1,
    needs=("disks", "enable-oslogin", "labels"),
    looks_up={"gcp.compute.project": ("enable-oslogin",)},
    fix="Set enable-oslogin=TRUE in the project's metadata, take it off single machines, and enforce compute.requireOsLogin.",
)
def gcp_compute_os_login(instance: Resource, *, inventory: Inventory) -> Answer:
    """People sign in to machines with their own identity, not with keys in metadata.

    Whoever may write metadata may otherwise put a key there, on the project for every machine at once, and nobody takes
    it out when they leave. With OS Login on, keys in metadata are ignored, those of the project too.
    """
    if is_windows(instance):
        return NotApplicable(f"{placed(instance)} runs Windows, which has no OS Login")
    if on := setting(instance, "enable-oslogin", inventory):
        return on if isinstance(on, Unknown) else None
    own = instance.fact("enable-oslogin") is not None
    return f"{placed(instance)} does not use OS Login ({'its own metadata turn it off' if own else 'no metadata turn it on'})"


@check(
    on="gcp.compute.instance",
    severity="medium",
    version=1,
    needs=("labels", "networkInterfaces"),
    fix="Take the external address away; let the machine out through Cloud NAT and in through a load balancer or IAP.",
)
def gcp_compute_public_ip(instance: Resource, *, approved: tuple[str, ...] = ()) -> Answer:
    """Only named machines have a public address.

    A machine without a public address is out of reach of the internet whatever a firewall rule says by mistake. Nodes of
    clusters are asked about through their cluster.

    `approved`: machines that are public by design, as `project/name`; `*` stands for any text
    """
    if is_cluster_node(instance):
        return NotApplicable(f"{placed(instance)} is a node of a cluster")
    found = [
        access.get("natIP") or access.get("externalIpv6") or f"one given at start on {interface.get('name')}"
        for interface in instance.fact("networkInterfaces") or ()
        for access in (*(interface.get("accessConfigs") or ()), *(interface.get("ipv6AccessConfigs") or ()))
    ]
    if not found or listed(placed(instance), approved):
        return None
    return f"{placed(instance)} has a public address: {some(sorted(found))}"


@check(
    on="gcp.compute.instance",
    severity="low",
    version=1,
    needs=("serial-port-enable",),
    looks_up={"gcp.compute.project": ("serial-port-enable",)},
    fix="Take serial-port-enable out of the metadata of machine and project, and enforce compute.disableSerialPortAccess.",
)
def gcp_compute_serial_off(instance: Resource, *, inventory: Inventory) -> Answer:
    """Interactive serial ports are off.

    The serial console knows no source address and passes every firewall: a key is all that it asks for.
    """
    on = setting(instance, "serial-port-enable", inventory)
    if isinstance(on, Unknown) or not on:
        return on or None
    where = "its own metadata" if instance.fact("serial-port-enable") is not None else "the metadata of its project"
    return f"{placed(instance)} lets people in through its serial port by {where}"


_SHIELD = {
    "enableSecureBoot": "secure boot",
    "enableVtpm": "a virtual TPM",
    "enableIntegrityMonitoring": "integrity monitoring",
}


@check(
    on="gcp.compute.instance",
    severity="low",
    version=1,
    needs=("shieldedInstanceConfig",),
    fix="Stop the machine and turn on secure boot, vTPM and integrity monitoring; replace an image that does not support them.",
)
def gcp_compute_shielded(instance: Resource) -> Answer:
    """Machines boot only what was signed, and show it.

    Secure boot stops a boot loader or driver that was tampered with; the virtual TPM and integrity monitoring tell if the
    machine came up otherwise than before.
    """
    config = instance.fact("shieldedInstanceConfig")
    if not config:
        return f"{placed(instance)} is not a Shielded VM"
    off = [text for name, text in _SHIELD.items() if config.get(name) is not True]
    return f"{placed(instance)} runs without {' and '.join(off)}" if off else None


@check(
    on="gcp.compute.disk",
    severity="low",
    version=1,
    needs=("diskEncryptionKey", "labels"),
    fix="Make the disk anew from a snapshot with a key of Cloud KMS; label each disk with the class of its data.",
)
def gcp_compute_disk_key(
    disk: Resource,
    *,
    label: str = "data-class",
    sensitive: tuple[str, ...] = ("confidential", "restricted", "secret", "sensitive"),
) -> Answer:
    """Disks of sensitive data are encrypted with a key of one's own.

    Google encrypts every disk; with a key of one's own its use is recorded, and can be ended.

    `label`: the label that says what class of data a disk holds
    `sensitive`: the values of it that ask for a key
    """
    kind = label_of(disk, label)
    if kind is None:
        return Unknown(f"{placed(disk)} has no label {label} that says what data it holds")
    if not named(kind, sensitive):
        return NotApplicable(f"{placed(disk)} holds no sensitive data")
    key = disk.fact("diskEncryptionKey") or {}
    return (
        None
        if key.get("kmsKeyName") or key.get("sha256")
        else f"{placed(disk)} holds sensitive data without a key of one's own"
    )
