"""OS inventory: what is installed in each machine and what waits to be, as the machine's agent last reported.

Machines without an agent report nothing; their facts are then not there, which is not the same as nothing missing.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from collectors.gcp import assets
from collectors.gcp.compute import INSTANCE
from collectors.gcp.permissions import permission_of
from collectors.gcp.reader import Reader
from collectors.gcp.shaping import Facts, told
from collectors.gcp.values import OddValueError
from collectors.source import Facet, source
from evidence_store.records import Json, Observation, Unread, Why

LISTING = "cloudasset.ListAssets OS_INVENTORY"
_OS = {
    "hostname": "hostname",
    "longName": "long_name",
    "shortName": "short_name",
    "version": "version",
    "architecture": "architecture",
    "kernelVersion": "kernel_version",
    "kernelRelease": "kernel_release",
    "osconfigAgentVersion": "osconfig_agent_version",
}


@source(
    LISTING,
    level="account",
    bulk=assets.inventories,
    takes=("compute.googleapis.com/Instance",),
    yields=[
        Facet(
            INSTANCE,
            name="inventory",
            facts=("osInfo", "availablePackages"),
            optional=("updateTime",),
            effective="updateTime",
        ),
        Facet(INSTANCE, name="software", facts=("installedPackages",)),
    ],
)
def inventories(_: Reader, asset: Any) -> Iterator[Observation]:
    """What the agent reported, when; and what is installed apart from it, since that seldom changes with the report."""
    if not asset.HasField("os_inventory"):
        return
    for facet, made in (("inventory", _reported), ("software", _installed)):
        try:
            yield told(INSTANCE, asset, made(asset.os_inventory), LISTING, facet)
        except OddValueError as error:
            yield Observation(INSTANCE, asset.name, Unread(Why.UNEXPECTED, permission_of(LISTING), str(error)), facet)


def _reported(reported: Any) -> Facts:
    return {
        "osInfo": {name: text for name, field in _OS.items() if (text := getattr(reported.os_info, field))},
        "availablePackages": _packages(reported, "available_package"),
        "updateTime": _time(reported, "update_time"),
    }


def _installed(reported: Any) -> Facts:
    return {"installedPackages": _packages(reported, "installed_package")}


def _packages(reported: Any, which: str) -> list[Facts]:
    """Packages as the API words them, each with the time at which it was first seen where that is told."""
    found = []
    items = reported.items
    for key in items:
        item = items[key]
        if item.HasField(which):
            package = _told(getattr(item, which))
            if seen := _time(item, "create_time"):
                package["createTime"] = seen
            found.append(package)
    return sorted(found, key=_order)


def _told(package: Any) -> Facts:
    """A package in JSON. A machine has hundreds, most of which hold texts alone; those need no library to convert them.

    Raises `OddValueError`.
    """
    found: Facts = {}
    for kind, details in package.ListFields():
        named = {field.json_name: value for field, value in details.ListFields()}
        if any(type(value) is not str for value in named.values()):
            return _converted(package)
        found[kind.json_name] = named
    return found


def _converted(package: Any) -> Facts:
    from google.protobuf import json_format  # type: ignore[import-untyped,unused-ignore]  # typed by nobody

    try:
        return dict(json_format.MessageToDict(package))
    except (json_format.Error, ValueError):
        raise OddValueError("a package with a time that is none") from None


def _order(package: Facts) -> list[str]:
    named: Json = next((p for p in package.values() if isinstance(p, dict)), {})
    keys = ("packageName", "patchName", "updateId", "hotFixId", "displayName", "title", "version", "architecture")
    return [*sorted(package), *(str(named.get(key, "")) for key in keys)]


def _time(message: Any, field: str) -> str | None:
    if not message.HasField(field):
        return None
    moment = getattr(message, field)
    return _text(moment.seconds, moment.nanos)


@lru_cache(4096)  # hundreds of packages are first seen at one time
def _text(seconds: int, nanos: int) -> str | None:
    from google.protobuf.timestamp_pb2 import Timestamp  # type: ignore[import-untyped,unused-ignore]  # typed by nobody

    try:
        return str(Timestamp(seconds=seconds, nanos=nanos).ToJsonString()) if seconds or nanos else None
    except ValueError:
        raise OddValueError("a time that is none") from None
