"""Microsoft Azure: the subscriptions of a tenant, all of them, some, or those below a management group.

The SDK is imported when a target of this kind is connected to, and not before.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, cast
from urllib.parse import urlsplit

from collectors.source import Connection, Provider, Source

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_GROUP = re.compile(r"[\w().-]{1,90}")


@dataclass(frozen=True, slots=True)
class AzureTarget:
    """The keys of a `[[target]]` of kind `azure`. Raises `ValueError`, naming the key and what it should be."""

    name: str = field(metadata={"comment": "how reports call this target"})
    subscriptions: tuple[str, ...] | Literal["all"] = field(
        default="all", metadata={"comment": 'subscription ids, or "all" that the credential can see'}
    )
    management_group: str | None = field(
        default=None, metadata={"comment": "read the subscriptions below this management group (its id)"}
    )
    tenant: str | None = field(default=None, metadata={"comment": "id of the tenant to sign in to; else the credential's own"})
    endpoint: str = field(
        default="https://management.azure.com", metadata={"comment": "Resource Manager; sovereign clouds have others"}
    )
    authority: str | None = field(
        default=None, metadata={"comment": "where to sign in; else AZURE_AUTHORITY_HOST, else the public cloud's"}
    )
    ca_file: str | None = field(
        default=None, metadata={"comment": "CA certificates to trust instead of the system's; else REQUESTS_CA_BUNDLE"}
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "subscriptions", _subscriptions(self.subscriptions))
        if self.management_group is not None:
            if not (isinstance(self.management_group, str) and _GROUP.fullmatch(self.management_group)):
                raise ValueError(f"management_group: {self.management_group!r} is not the id of a management group")
            if self.subscriptions != "all":
                raise ValueError("subscriptions: leave it out where management_group is set, which names them")
        if self.tenant is not None and not (isinstance(self.tenant, str) and _GUID.fullmatch(self.tenant)):
            raise ValueError(f"tenant: {self.tenant!r} is not the id of a tenant (a GUID)")
        object.__setattr__(self, "endpoint", _https("endpoint", self.endpoint))
        if self.authority is not None:
            object.__setattr__(self, "authority", _https("authority", self.authority))
        if self.ca_file is not None and not (isinstance(self.ca_file, str) and self.ca_file):
            raise ValueError(f"ca_file: {self.ca_file!r} is not the path of a file")


def _subscriptions(value: object) -> tuple[str, ...] | Literal["all"]:
    if value == "all":
        return "all"
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ValueError(f'subscriptions: {value!r} is neither a list of subscription ids nor "all"')  # noqa: TRY004 - the loader words ValueError
    ids = tuple(value)
    for subscription in ids:
        if not isinstance(subscription, str) or not _GUID.fullmatch(subscription):
            raise ValueError(f"subscriptions: {subscription!r} is not the id of a subscription (a GUID)")
    lowered = tuple(i.lower() for i in cast("tuple[str, ...]", ids))
    if not lowered or len(set(lowered)) != len(lowered):
        raise ValueError("subscriptions: name at least one subscription, and each one once")
    return lowered


def _https(key: str, value: object) -> str:
    """A URL that tokens may travel to."""
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is None or parts.scheme != "https" or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError(f"{key}: {value!r} is not a URL of the form https://host")
    return f"https://{parts.netloc}"


def _connect(settings: AzureTarget) -> Connection:
    from collectors.azure.session import AzureConnection

    return AzureConnection(settings)


def _policy(sources: Iterable[Source]) -> str:
    from collectors.azure.permissions import policy

    return policy(sources)


PROVIDER = Provider(
    kind="azure",
    extra="azure",
    modules=("azure.identity", "azure.mgmt.resource.resources"),
    settings=AzureTarget,
    connect=_connect,
    policy=_policy,
)
