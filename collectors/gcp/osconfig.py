"""OS inventory: what is installed in each machine and what waits to be, as the machine's agent last reported.

Machines without an agent report nothing; their facts are then not there, which is not the same as nothing missing.
"""

from collections.abc import Iterator
from typing import Any

from collectors.gcp import assets
from collectors.gcp.compute import INSTANCE
from collectors.gcp.reader import Reader
from collectors.gcp.shaping import Facts, told
from collectors.source import Facet, source
from evidence_store.records import Json, Observation

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
    reported = asset.os_inventory
    facts: Facts = {
        "osInfo": {name: text for name, field in _OS.items() if (text := getattr(reported.os_info, field))},
        "availablePackages": _packages(reported, "available_package"),
        "updateTime": _time(reported, "update_time"),
    }
    yield told(INSTANCE, asset, facts, LISTING, "inventory")
    yield told(INSTANCE, asset, {"installedPackages": _packages(reported, "installed_package")}, LISTING, "software")


def _packages(reported: Any, which: str) -> list[Facts]:
    """Packages as the API words them, each with the time at which it was first seen where that is told."""
    from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped,unused-ignore]  # typed by nobody

    found = []
    for item in reported.items.values():
        if item.HasField(which):
            package: Facts = MessageToDict(getattr(item, which))
            seen = _time(item, "create_time")
            found.append({**package, "createTime": seen} if seen else package)
    return sorted(found, key=_order)


def _order(package: Facts) -> list[str]:
    named: Json = next((p for p in package.values() if isinstance(p, dict)), {})
    keys = ("packageName", "patchName", "updateId", "hotFixId", "displayName", "title", "version", "architecture")
    return [*sorted(name for name in package), *(str(named.get(key, "")) for key in keys)]


def _time(message: Any, field: str) -> str | None:
    if not message.HasField(field):
        return None
    moment = getattr(message, field)
    return str(moment.ToJsonString()) if moment.seconds or moment.nanos else None
