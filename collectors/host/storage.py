"""Block devices: what is mounted from where, and what lies in between."""

import json
from collections.abc import Iterator

from collectors.host.reader import HostReader
from collectors.source import Facet, UnreadError, source
from evidence_store.records import Json, Observation, Unread, Why

_LSBLK = "lsblk --json -o NAME,TYPE,FSTYPE,MOUNTPOINTS"
_OLDER = "lsblk --json -o NAME,TYPE,FSTYPE,MOUNTPOINT"  # util-linux before 2.37


@source(
    "block devices",
    level="account",
    calls=[f"run {_LSBLK}", f"run {_OLDER}"],
    yields=[Facet("host.machine", ("BlockDevices",), name="block_devices")],
)
def block_devices(reader: HostReader) -> Iterator[Observation]:
    """The tree of devices: `Name`, `Type`, `FileSystem`, `MountedAt` (a list) and `Children`."""
    ran = reader.run(*_LSBLK.split())
    if ran is not None and "unknown column" in ran.err:
        ran = reader.run(*_OLDER.split())
    if ran is None:
        raise UnreadError(Unread(Why.UNSUPPORTED, f"run {_LSBLK}", "no such command"))
    if ran.code != 0:
        raise UnreadError(Unread(Why.UNSUPPORTED, f"run {_LSBLK}", (ran.err.strip().splitlines() or [""])[-1]))
    yield reader.of_machine("block_devices", {"BlockDevices": _tree(json.loads(ran.out)["blockdevices"])})


def _tree(devices: Json) -> list[Json]:
    return [
        {
            "Name": device["name"],
            "Type": device["type"],
            "FileSystem": device["fstype"],
            "MountedAt": sorted(place for place in device.get("mountpoints") or [device.get("mountpoint")] if place),
            "Children": _tree(device.get("children", [])),
        }
        for device in sorted(devices, key=lambda device: str(device["name"]))
    ]
