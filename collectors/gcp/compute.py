"""Compute Engine: machines, disks, networks and their rules, and what a project lays down for all of its machines."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from collectors.gcp import assets, metadata
from collectors.gcp.reader import Reader
from collectors.gcp.shaping import Facts, Shape, apart, listing, only
from collectors.gcp.values import OddValueError
from collectors.source import source
from evidence_store.records import Json, Observation

INSTANCE = "gcp.compute.instance"
_INTERFACE = (
    "name", "network", "subnetwork", "networkIP", "nicType", "stackType", "accessConfigs", "ipv6AccessConfigs",
    "ipv6AccessType", "ipv6Address", "aliasIpRanges", "networkAttachment",
)  # fmt: skip
_ATTACHED = (
    "source", "deviceName", "boot", "autoDelete", "type", "mode", "interface", "licenses", "guestOsFeatures", "diskSizeGb",
)  # fmt: skip
_KEY = ("kmsKeyName", "kmsKeyServiceAccount", "sha256")  # never the key itself, should it ever be there

_instance = Shape(
    INSTANCE,
    "compute.googleapis.com/Instance",
    always={"name": str, "status": str, "networkInterfaces": list},
    maybe={
        "id": str,
        "description": str,
        "zone": str,
        "machineType": str,
        "creationTimestamp": str,
        "canIpForward": bool,
        "deletionProtection": bool,
        "disks": list,
        "serviceAccounts": list,
        "shieldedInstanceConfig": dict,
        "confidentialInstanceConfig": dict,
        "scheduling": dict,
        "labels": dict,
        "tags": dict,
        "sourceMachineImage": str,
        "keyRevocationActionType": str,
        "resourcePolicies": list,
    },
    added=metadata.FLAGS,
)


@source(
    "cloudasset.ListAssets compute.googleapis.com/Instance",
    level="account",
    bulk=assets.resources,
    takes=(_instance.asset_type,),
    yields=[_instance.facet(), metadata.facet(INSTANCE)],
)
def instances(_: Reader, asset: Any) -> Iterator[Observation]:
    """Every machine, and what its metadata says."""
    told = cache(lambda: metadata.values(asset, "metadata"))
    yield _instance.observed(asset, lambda facts, _: _machine(facts) | metadata.flags(told()))
    yield apart(INSTANCE, asset, "metadata", lambda _: {"metadata": told()})


def _machine(facts: Facts) -> Facts:
    more: Facts = {"networkInterfaces": [only(i, *_INTERFACE) for i in facts.get("networkInterfaces", ())]}
    if "disks" in facts:
        more["disks"] = [_disk(disk) for disk in facts["disks"]]
    if "tags" in facts:
        more["tags"] = {"items": sorted(facts["tags"].get("items", ()))}
    if "serviceAccounts" in facts:
        more["serviceAccounts"] = [_account(account) for account in facts["serviceAccounts"]]
    return more


def _account(account: Json) -> Facts:
    if not isinstance(email := only(account, "email").get("email"), str):
        raise OddValueError("a service account without its address")
    return {"email": email, "scopes": sorted(account.get("scopes") or ())}


def _disk(attached: Json) -> Facts:
    kept = only(attached, *_ATTACHED)
    return _with_key(kept, attached, "diskEncryptionKey")


def _with_key(kept: Facts, holder: Facts, *names: str) -> Facts:
    return kept | {name: only(holder[name], *_KEY) for name in names if holder.get(name) is not None}


_project = Shape(
    "gcp.compute.project",
    "compute.googleapis.com/Project",
    always={"name": str},
    maybe={
        "id": str,
        "creationTimestamp": str,
        "defaultServiceAccount": str,
        "enabledFeatures": list,
        "defaultNetworkTier": str,
        "xpnProjectStatus": str,
        "usageExportLocation": dict,
        "cloudArmorTier": str,
        "vmDnsSetting": str,
    },
    added=metadata.FLAGS,
)


@source(
    "cloudasset.ListAssets compute.googleapis.com/Project",
    level="account",
    bulk=assets.resources,
    takes=(_project.asset_type,),
    yields=[_project.facet(), metadata.facet(_project.type)],
)
def projects(_: Reader, asset: Any) -> Iterator[Observation]:
    """What a project lays down for its machines; there is one in each project in which Compute Engine is used."""
    told = cache(lambda: metadata.values(asset, "commonInstanceMetadata"))
    yield _project.observed(asset, lambda *_: metadata.flags(told()))
    yield apart(_project.type, asset, "metadata", lambda _: {"metadata": told()})


_PEERING = (
    "name", "network", "state", "autoCreateRoutes", "exportCustomRoutes", "importCustomRoutes", "exchangeSubnetRoutes",
    "exportSubnetRoutesWithPublicIp", "importSubnetRoutesWithPublicIp", "stackType",
)  # fmt: skip
networks = listing(
    Shape(
        "gcp.compute.network",
        "compute.googleapis.com/Network",
        always={"name": str},
        maybe={
            "id": str,
            "description": str,
            "creationTimestamp": str,
            "autoCreateSubnetworks": bool,
            "IPv4Range": str,
            "peerings": list,
            "routingConfig": dict,
            "mtu": int,
            "enableUlaInternalIpv6": bool,
            "internalIpv6Range": str,
            "firewallPolicy": str,
            "networkFirewallPolicyEnforcementOrder": str,
        },
    ),
    lambda facts, _: {"peerings": [only(p, *_PEERING) for p in facts["peerings"]]} if "peerings" in facts else {},
)

subnetworks = listing(
    Shape(
        "gcp.compute.subnetwork",
        "compute.googleapis.com/Subnetwork",
        always={"name": str, "network": str},
        maybe={
            "id": str,
            "description": str,
            "creationTimestamp": str,
            "region": str,
            "ipCidrRange": str,
            "secondaryIpRanges": list,
            "privateIpGoogleAccess": bool,
            "privateIpv6GoogleAccess": str,
            "enableFlowLogs": bool,
            "logConfig": dict,
            "purpose": str,
            "role": str,
            "stackType": str,
            "ipv6AccessType": str,
            "externalIpv6Prefix": str,
            "internalIpv6Prefix": str,
        },
    )
)

disks = listing(
    Shape(
        "gcp.compute.disk",
        "compute.googleapis.com/Disk",
        always={"name": str},
        maybe={
            "id": str,
            "description": str,
            "creationTimestamp": str,
            "zone": str,
            "region": str,
            "replicaZones": list,
            "status": str,
            "type": str,
            "sizeGb": str,
            "diskEncryptionKey": dict,
            "sourceImage": str,
            "sourceSnapshot": str,
            "users": list,
            "labels": dict,
            "licenses": list,
            "resourcePolicies": list,
            "enableConfidentialCompute": bool,
        },
    ),
    lambda facts, _: _with_key({}, facts, "diskEncryptionKey"),
)
