"""Google Cloud: one organization, folder or project, read through Cloud Asset Inventory.

The SDK is imported when a target of this kind is connected to, and not before.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from collectors.source import Connection, Provider, Source

_PROJECT_ID = r"(?:[a-z][a-z0-9.-]*:)?[a-z](?:[a-z0-9-]{0,60}[a-z0-9])?"
_PARENT = re.compile(rf"(?:organizations|folders)/\d+|projects/{_PROJECT_ID}")
_EMAIL = re.compile(r"[a-z0-9][a-z0-9._-]*@[a-z0-9.:-]+\.gserviceaccount\.com")
_ENDPOINT = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\]):(\d{1,5})")


@dataclass(frozen=True, slots=True)
class GcpTarget:
    """The keys of a `[[target]]` of kind `gcp`. Raises `ValueError`, naming the key and what it should be."""

    name: str = field(metadata={"comment": "how reports call this target"})
    parent: str | None = field(
        default=None,
        metadata={
            "comment": '"organizations/123456789012", "folders/..." or "projects/my-project-id"; else the credentials\' project'
        },
    )
    impersonate: str | None = field(default=None, metadata={"comment": "e-mail of a service account to act as"})
    quota_project: str | None = field(
        default=None, metadata={"comment": "project that the calls count against; the Cloud Asset API must be enabled in it"}
    )
    endpoint: str | None = field(
        default=None, metadata={"comment": "host:port of a private or restricted endpoint of the Cloud Asset API (TLS)"}
    )

    def __post_init__(self) -> None:
        if self.parent is not None and not (isinstance(self.parent, str) and _PARENT.fullmatch(self.parent)):
            expected = "organizations/NUMBER, folders/NUMBER or projects/ID (the project's id, not its number)"
            raise ValueError(f"parent: {self.parent!r} is not of the form {expected}")
        if self.impersonate is not None and not (isinstance(self.impersonate, str) and _EMAIL.fullmatch(self.impersonate)):
            expected = "the e-mail of a service account (name@project.iam.gserviceaccount.com)"
            raise ValueError(f"impersonate: {self.impersonate!r} is not {expected}")
        if self.quota_project is not None and not (
            isinstance(self.quota_project, str) and re.fullmatch(_PROJECT_ID, self.quota_project)
        ):
            raise ValueError(f"quota_project: {self.quota_project!r} is not the id of a project")
        if self.endpoint is not None:
            found = _ENDPOINT.fullmatch(self.endpoint) if isinstance(self.endpoint, str) else None
            if found is None or not 0 < int(found[1]) < 65536:
                raise ValueError(f"endpoint: {self.endpoint!r} is not host:port; it is always asked over TLS")


def _connect(settings: GcpTarget) -> Connection:
    from collectors.gcp.session import GcpConnection

    return GcpConnection(settings)


def _policy(sources: Iterable[Source]) -> str:
    from collectors.gcp.permissions import policy

    return policy(sources)


PROVIDER = Provider(
    kind="gcp",
    extra="gcp",
    modules=("google.cloud.asset_v1",),
    settings=GcpTarget,
    connect=_connect,
    policy=_policy,
)
