"""Checks on block devices, driven from lsblk."""

import json
from typing import Any

import pytest

from collectors.host.machine import Ran
from evidence_store.records import Json
from tests.collectors.host.recorded import AT, host
from tests.harness import Looked, look

CHECK = "host_disk_encryption"
LSBLK = "lsblk --json -o NAME,TYPE,FSTYPE,MOUNTPOINTS"
OLDER = "lsblk --json -o NAME,TYPE,FSTYPE,MOUNTPOINT"


def device(name: str, kind: str, *places: str | None, children: tuple[Json, ...] = ()) -> Json:
    return {"name": name, "type": kind, "fstype": None, "mountpoints": list(places), "children": list(children)}


def disks(*devices: Json, **changes: Any) -> Looked:
    return look(host(commands={LSBLK: Ran(0, json.dumps({"blockdevices": devices}))}, **changes), CHECK, at=AT)


def test_volumes_below_luks_pass() -> None:
    assert look(host(), CHECK, at=AT).status(CHECK) == "pass"


CRYPT = device("luks", "crypt", "/")


@pytest.mark.parametrize(
    ("devices", "status"),
    [
        ([device("sda", "disk", "/")], "fail"),
        ([device("sda", "disk", children=(CRYPT,))], "pass"),
        ([device("sda", "disk", children=(CRYPT, device("sda2", "part", "[SWAP]")))], "fail"),
        ([device("sda", "disk", children=(CRYPT,)), device("sdb", "disk", "/srv")], "fail"),
        ([device("sda", "disk", children=(CRYPT, device("sda2", "part", "/boot")))], "pass"),
        ([device("loop0", "loop", "/snap/core/1"), device("zram0", "disk", "[SWAP]"), CRYPT], "pass"),
        ([device("sda", "disk", None)], "unknown"),
        ([], "unknown"),
    ],
)
def test_each_mounted_volume_must_lie_on_encryption(devices: list[Json], status: str) -> None:
    assert disks(*devices).status(CHECK) == status


def test_volume_without_encryption_is_named() -> None:
    assert disks(device("sda", "disk", "/", "/srv")).reason(CHECK) == "redhat9 has volumes without encryption at /, /srv"


def test_older_lsblk_with_one_mount_point_is_asked_again() -> None:
    tree = {"blockdevices": [{"name": "sda", "type": "disk", "fstype": "ext4", "mountpoint": "/"}]}
    commands = {LSBLK: Ran(1, "", "lsblk: unknown column: MOUNTPOINTS"), OLDER: Ran(0, json.dumps(tree))}
    assert look(host(commands=commands), CHECK, at=AT).status(CHECK) == "fail"


def test_platform_that_encrypts_is_believed_if_named() -> None:
    plain = {LSBLK: Ran(0, json.dumps({"blockdevices": [device("sda", "disk", "/")]}))}
    given = {CHECK: {"encrypting_platforms": ["Google"]}}
    machine = host(commands=plain, files={"/sys/class/dmi/id/sys_vendor": "Google\n"})
    assert look(machine, CHECK, at=AT, parameters=given).status(CHECK) == "pass"
    assert look(machine, CHECK, at=AT).status(CHECK) == "fail"


def test_volumes_are_unknown_where_lsblk_is_denied_or_missing() -> None:
    seen = look(host(denied=[LSBLK]), CHECK, at=AT)
    assert (seen.status(CHECK), seen.reason(CHECK)) == ("unknown", f"run {LSBLK} was denied")
    assert look(host(commands={LSBLK: None}), CHECK, at=AT).status(CHECK) == "unknown"


def test_container_is_not_asked_for_its_disks() -> None:
    assert disks(device("sda", "disk", "/"), files={"/.dockerenv": ""}).status(CHECK) == "not_applicable"
