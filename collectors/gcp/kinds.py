"""What a field is wherever it stands in a resource, however deep: the fields that somebody judges.

Something else under its name would be taken for a setting that it is not. A field of any other name may be what it likes.
"""

from collections.abc import Callable, Mapping

from collectors.gcp.values import OddValueError
from evidence_store.records import Json

_OBJECTS = (
    "authorizedNetworksConfig", "backupConfiguration", "backupRetentionSettings", "browserKeyRestrictions", "bucketPolicyOnly",
    "dnsEndpointConfig", "ipConfiguration", "ipEndpointsConfig", "management", "serverKeyRestrictions",
    "uniformBucketLevelAccess", "workloadMetadataConfig",
)  # fmt: skip
_OBJECTS_IN_LISTS = ("accessConfigs", "apiTargets", "authorizedNetworks", "cidrBlocks", "databaseFlags")
_TEXTS = (
    "availabilityType", "channel", "cidrBlock", "email", "entity", "iamMember", "natIP", "nodeMetadata", "protectionLevel",
    "specialGroup", "sslMode", "workloadPool",
)  # fmt: skip
_TEXTS_IN_LISTS = ("allowedIps", "allowedReferrers", "allowedValues", "deniedValues", "licenses", "scopes")
_SWITCHES = (
    "allowAll", "allowExternalTraffic", "autoUpgrade", "binaryLogEnabled", "denyAll", "enable", "enablePrivateEndpoint",
    "enablePublicEndpoint", "enabled", "enforce", "gcpPublicCidrsAccessEnabled", "inheritFromParent", "ipv4Enabled",
    "pointInTimeRecoveryEnabled", "requireSsl", "reset",
)  # fmt: skip
_LABELS = ("labels", "resourceLabels", "userLabels")


def _is_object(value: Json) -> bool:
    return isinstance(value, dict)


def _is_text(value: Json) -> bool:
    return isinstance(value, str)


def _is_switch(value: Json) -> bool:
    return isinstance(value, bool)


def _is_number(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_objects(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _are_texts(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _are_labels(value: Json) -> bool:
    return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())


_KINDS: Mapping[str, Callable[[Json], bool]] = {
    **dict.fromkeys(_OBJECTS, _is_object),
    **dict.fromkeys(_OBJECTS_IN_LISTS, _are_objects),
    **dict.fromkeys(_TEXTS, _is_text),
    **dict.fromkeys(_TEXTS_IN_LISTS, _are_texts),
    **dict.fromkeys(_SWITCHES, _is_switch),
    **dict.fromkeys(_LABELS, _are_labels),
    "retainedBackups": _is_number,
}


def believe(name: str, value: Json) -> None:
    """Raise `OddValueError` for a field, or one in it, that cannot be what its name says; `None` is none that is set."""
    is_sound = _KINDS.get(name)
    if is_sound is not None and value is not None and not is_sound(value):
        raise OddValueError(f"{name} is not what it is called")
    if isinstance(value, dict):
        for inner, held in value.items():
            believe(inner, held)
    elif isinstance(value, list):
        for each in value:
            if isinstance(each, dict):
                believe("", each)
