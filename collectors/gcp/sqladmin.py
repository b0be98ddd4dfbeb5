"""Cloud SQL: database instances."""

from typing import Any

from collectors.gcp.shaping import Facts, Shape, listing, of_kind, only, without
from collectors.gcp.values import OddValueError

_MOVES = ("settingsVersion", "kind")


def _instance(facts: Facts, _: Any) -> Facts:
    more: Facts = {"settings": without(facts["settings"], *_MOVES)} if "settings" in facts else {}
    if "settings" in facts:
        if not all(isinstance(flag.get("name"), str) for flag in facts["settings"].get("databaseFlags") or ()):
            raise OddValueError("a flag without its name")
        more["labels"] = of_kind("userLabels", dict, facts["settings"].get("userLabels"))
    if "diskEncryptionConfiguration" in facts:
        more["diskEncryptionConfiguration"] = only(facts["diskEncryptionConfiguration"], "kmsKeyName")
    if "replicaNames" in facts:
        more["replicaNames"] = sorted(facts["replicaNames"], key=str)
    return more


instances = listing(
    Shape(
        "gcp.sql.instance",
        "sqladmin.googleapis.com/Instance",
        always={"name": str, "databaseVersion": str},
        maybe={
            "settings": dict,
            "region": str,
            "gceZone": str,
            "secondaryGceZone": str,
            "state": str,
            "backendType": str,
            "instanceType": str,
            "connectionName": str,
            "ipAddresses": list,
            "createTime": str,
            "diskEncryptionConfiguration": dict,
            "masterInstanceName": str,
            "replicaNames": list,
            "maintenanceVersion": str,
            "availableMaintenanceVersions": list,
            "databaseInstalledVersion": str,
            "serviceAccountEmailAddress": str,
            "suspensionReason": list,
            "pscServiceAttachmentLink": str,
        },
        added=("labels",),
    ),
    _instance,
)
