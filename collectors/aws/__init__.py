"""Amazon Web Services: one account, several by assumed role, or every active account of an organization.

The SDK is imported when a target of this kind is connected to, and not before.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, cast

from collectors.source import Connection, Provider, Source

_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+")
_ACCOUNT = re.compile(r"\d{12}")
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")
_ROLE_NAME = re.compile(r"[\w+=,.@/-]{1,512}")


@dataclass(frozen=True, slots=True)
class AwsTarget:
    """The keys of a `[[target]]` of kind `aws`. Raises `ValueError`, naming the key and what it should be."""

    name: str = field(metadata={"comment": "how reports call this target"})
    regions: tuple[str, ...] | Literal["all"] = field(
        default="all", metadata={"comment": 'region names, or "all" for those enabled in each account'}
    )
    profile: str | None = field(default=None, metadata={"comment": "profile of the AWS configuration"})
    role_arn: str | None = field(default=None, metadata={"comment": "role to assume first; its account is read"})
    external_id: str | None = field(default=None, metadata={"comment": "external id that the assumed roles ask for"})
    accounts: tuple[str, ...] = field(default=(), metadata={"comment": "accounts to read by assuming `role_name` in each"})
    organization: bool = field(
        default=False, metadata={"comment": "read every active account of the organization, by `role_name` in each"}
    )
    role_name: str = field(default="AnnexaReader", metadata={"comment": "role in each account, with its path if it has one"})

    def __post_init__(self) -> None:
        object.__setattr__(self, "regions", _regions(self.regions))
        object.__setattr__(self, "accounts", _accounts(self.accounts))
        if self.role_arn is not None and not (isinstance(self.role_arn, str) and _ROLE_ARN.fullmatch(self.role_arn)):
            raise ValueError(f"role_arn: {self.role_arn!r} is not the ARN of a role (arn:aws:iam::123456789012:role/NAME)")
        if not isinstance(self.organization, bool):
            raise ValueError(f"organization: {self.organization!r} is neither true nor false")  # noqa: TRY004 - the loader words ValueError
        if self.organization and self.accounts:
            raise ValueError("accounts: leave it out where organization = true, which names every active account")
        if self.external_id is not None and not (self.role_arn or self.accounts or self.organization):
            raise ValueError("external_id: it goes with role_arn, accounts or organization; no role is assumed here")
        if not (isinstance(self.role_name, str) and _ROLE_NAME.fullmatch(self.role_name)):
            raise ValueError(f"role_name: {self.role_name!r} is not the name of a role")


def _regions(value: object) -> tuple[str, ...] | Literal["all"]:
    if value == "all":
        return "all"
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ValueError(f'regions: {value!r} is neither a list of region names nor "all"')  # noqa: TRY004 - as above
    names = tuple(value)
    for name in names:
        if not isinstance(name, str) or not _REGION.fullmatch(name):
            raise ValueError(f"regions: {name!r} is not the name of a region (eu-west-1)")
    if not names or len(set(names)) != len(names):
        raise ValueError("regions: name at least one region, and each one once")
    return cast("tuple[str, ...]", names)


def _accounts(value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ValueError(f"accounts: {value!r} is not a list of account ids")  # noqa: TRY004 - the loader words ValueError
    ids = tuple(value)
    for account in ids:
        if not isinstance(account, str) or not _ACCOUNT.fullmatch(account):
            raise ValueError(f"accounts: {account!r} is not an account id of twelve digits, in quotes")
    if len(set(ids)) != len(ids):
        raise ValueError("accounts: name each account once")
    return cast("tuple[str, ...]", ids)


def _connect(settings: AwsTarget) -> Connection:
    from collectors.aws.session import AwsConnection

    return AwsConnection(settings)


def _policy(sources: Iterable[Source]) -> str:
    from collectors.aws.permissions import policy

    return policy(sources)


PROVIDER = Provider(
    kind="aws", extra="aws", modules=("boto3", "botocore"), settings=AwsTarget, connect=_connect, policy=_policy
)
