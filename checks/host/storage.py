"""Checks on block devices."""

from collections.abc import Iterator, Sequence

from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Json, Resource


@check(
    on="host.machine",
    severity="high",
    version=1,
    needs=("Hostname", "Container", "Vendor", "BlockDevices"),
    fix="Install the system anew with LUKS, or encrypt the volume in place with `cryptsetup reencrypt --encrypt`.",
)
def host_disk_encryption(
    machine: Resource,
    *,
    exempt: tuple[str, ...] = ("/boot", "/boot/efi", "/boot/firmware", "/efi"),
    encrypting_platforms: tuple[str, ...] = (),
) -> Answer:
    """Data volumes of laptops and servers in scope are encrypted.

    Whoever takes the machine or buys its disk reads what is not encrypted; swap space holds what was in memory.
    `exempt`: mount points that must be readable before the key is known
    `encrypting_platforms`: vendors (as the machine names itself) whose virtual disks you have shown to be encrypted
    """
    name = machine.fact("Hostname")
    if machine.fact("Container") is not None:
        return NotApplicable(f"{name} is a container: its storage belongs to the machine that runs it")
    devices = machine.fact("BlockDevices")
    if machine.fact("Vendor") in encrypting_platforms:
        return None
    mounted = list(_mounted(devices, encrypted=False))
    plain = sorted({place for place, encrypted in mounted if not encrypted and place not in exempt})
    if plain:
        return f"{name} has volumes without encryption at {', '.join(plain)}"
    if "/" not in {place for place, _ in mounted}:
        return Unknown(f"{name} has its root on something else than a block device that is shown: its encryption is not seen")
    return None


def _mounted(devices: Sequence[Json], *, encrypted: bool) -> Iterator[tuple[str, bool]]:
    """Mount points with whether encryption lies beneath. Read-only images and compressed memory hold no data of their own."""
    for device in devices:
        if device["Type"] in ("loop", "rom") or device["Name"].startswith("zram"):
            continue
        beneath = encrypted or device["Type"] == "crypt"
        for place in device["MountedAt"]:
            yield place, beneath
        yield from _mounted(device["Children"], encrypted=beneath)
