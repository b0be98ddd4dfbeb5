"""A test's hands on the loopback cloud: what is there, what is refused, and what was asked."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from collectors.gcp import GcpTarget
from collectors.gcp.client import Patience
from collectors.gcp.session import GcpConnection
from tests.collectors.gcp.estate import ORGANIZATION, Estate
from tests.collectors.gcp.tokens import Issuer, TokenServer

SCANNER = "scanner@tools.iam.gserviceaccount.com"
IMPATIENT = Patience(seconds=10, attempts=4, altogether=10, first_wait=0.01)
_SHORT = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # each connection of each test reads and checks it
_PLAIN = serialization.NoEncryption()
_KEY = _SHORT.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, _PLAIN).decode()


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that arrived."""

    call: str  # `cloudasset.ListAssets RESOURCE`
    parent: str
    asset_types: tuple[str, ...]
    token: str
    read_time: str
    principal: str
    quota_project: str
    agent: str
    answered: str  # `OK`, or the status of the refusal
    page_size: int


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which a call goes wrong, for a number of times."""

    how: str
    times: int = 1_000_000
    after: int = 0  # pages that come first
    more: str = ""


class Cloud:
    """The state of the server, and what a test does with it."""

    organization = ORGANIZATION

    def __init__(self) -> None:
        self.issuer = Issuer()
        self.reset()

    def reset(self) -> None:
        """An organization with two projects, and everything allowed."""
        self.estate = Estate.new()
        self.asked: list[Asked] = []
        self.denied: set[str] = set()
        self.faults: dict[str, list[Fault]] = {}
        self.unsupported: set[str] = set()
        self.page = 2  # the most assets that one page carries
        self.latency = 0.0
        self.issuer.__init__()  # type: ignore[misc]  # as new, while the servers hold on to it

    def lead(self, port: int, tokens: TokenServer) -> None:
        """Where the servers stand."""
        self.port, self.tokens = port, tokens

    @property
    def calls(self) -> list[str]:
        """The calls that arrived, in order: `cloudasset.ListAssets RESOURCE`."""
        return [asked.call for asked in self.asked]

    def add(self, asset_type: str, name: str, data: Any = None, project: str | None = "shop", **more: Any) -> str:
        """An asset of a project (`None`: of the organization); see `Estate.add`. Returns its full name, which is its uid."""
        return self.estate.add(asset_type, name, data, project, **more)

    def connect(self, parent: str | None = ORGANIZATION, patience: Patience = IMPATIENT, **settings: Any) -> GcpConnection:
        """A connection as a configured target makes it, but for its patience."""
        given = {"endpoint": f"localhost:{self.port}", **settings}
        return GcpConnection(GcpTarget(name="test", parent=parent, **given), patience)

    def deny(self, *permissions: str) -> None:
        self.denied |= set(permissions)
        self.issuer.denied |= set(permissions)

    def deny_all(self) -> None:
        kinds = ("listResource", "listIamPolicy", "listOrgPolicy", "listOSInventories")
        self.deny(*(f"cloudasset.assets.{kind}" for kind in kinds))

    def throttle(self, call: str, times: int = 1_000_000, wait: float | None = 0.01) -> None:
        """Answer a call with RESOURCE_EXHAUSTED, saying how long to wait (`None`: not saying)."""
        self.garble(call, "throttled", times=times, more="" if wait is None else str(wait))

    def garble(self, call: str, how: str, *, times: int = 1_000_000, after: int = 0, more: str = "") -> None:
        """Spoil the answers to a call, after a number of whole pages. The ways are those of `AssetService`."""
        self.faults.setdefault(call, []).append(Fault(how, times, after, more))

    def credentials(self, directory: Path, **more: Any) -> Path:
        """A credentials file of a service account whose token endpoint is on the loopback."""
        info = {
            "type": "service_account",
            "project_id": "tools",
            "private_key_id": "1",
            "private_key": _KEY,
            "client_email": SCANNER,
            "client_id": "1",
            "token_uri": self.tokens.uri,
            "universe_domain": "googleapis.com",
            **more,
        }
        return _written(directory / "credentials.json", info)

    def user(self, directory: Path, account: str, quota_project: str | None = None) -> Path:
        """The file that signing in with gcloud leaves."""
        info = {"type": "authorized_user", "client_id": "1", "client_secret": "2", "refresh_token": account, "account": account}
        return _written(directory / "user.json", info | ({"quota_project_id": quota_project} if quota_project else {}))

    def federated(self, directory: Path, workload: str, account: str | None = None) -> Path:
        """A file that trades another provider's token, which stands in a file too, for one of ours."""
        (directory / "token").write_text(workload)
        info = {
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/ci",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": self.tokens.uri,
            "credential_source": {"file": str(directory / "token")},
        }
        url = f"https://localhost:{self.tokens.port}/v1/projects/-/serviceAccounts/{account}:generateAccessToken"
        return _written(directory / "federated.json", info | ({"service_account_impersonation_url": url} if account else {}))

    def impersonating(self, directory: Path, account: str, delegates: Iterable[str] = ()) -> Path:
        """A credentials file that says to act as another account."""
        source = json.loads(self.credentials(directory).read_text())
        url = f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{account}:generateAccessToken"
        info = {
            "type": "impersonated_service_account",
            "service_account_impersonation_url": url,
            "source_credentials": source,
            "delegates": list(delegates),
        }
        return _written(directory / "impersonating.json", info)


def _written(file: Path, info: Any) -> Path:
    file.write_text(json.dumps(info))
    file.chmod(0o600)
    return file
