"""Who is meant by the principals of a policy: this account, the organization, suppliers, strangers, or anyone.

- An account that is not this one, not declared as one's own and not in the organization is an outside account. Where the
  organization's accounts may not be listed from here, that question stays open, and is never answered in its favour.
- A unique id (`AROA...`) stands where a principal was deleted: nobody is meant any more.
- A condition narrows `*` only if it must hold and names fixed values of whom or what it lets in.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from checks.aws.policies import Condition, Statement
from checks.check import Unknown
from evidence_store.records import Inventory, Resource

ORGANIZATION = {
    "aws.account": ("Organization", "SeesOrganization"),
    "aws.organizations.account": ("Id",),
}
_ACCOUNT = re.compile(r"\d{12}")
_ACCOUNT_KEYS = frozenset({"aws:principalaccount", "aws:sourceaccount", "kms:calleraccount"})
_ARN_KEYS = frozenset({"aws:principalarn", "aws:sourcearn"})
_ORGANIZATION_KEYS = frozenset({"aws:principalorgid", "aws:principalorgpaths", "aws:sourceorgid", "aws:sourceorgpaths"})
_NETWORK_KEYS = frozenset({"aws:sourcevpc", "aws:sourcevpce"})


@dataclass(frozen=True, slots=True)
class Trusted:
    """Whom one allowing statement lets in."""

    anyone: bool = False
    accounts: frozenset[str] = frozenset()
    organizations: frozenset[str] = frozenset()


def trusted(statement: Statement) -> Trusted:
    """The accounts and organizations of a statement's AWS principals, narrowed by its conditions."""
    named = (statement.principals or {}).get("AWS", ())
    narrow = [found for c in statement.conditions if (found := _narrowed(c)) is not None]
    if statement.not_principals or any(set(principal) == {"*"} for principal in named):
        if not narrow:
            return Trusted(anyone=True)
        # Conditions hold together; the one that tells accounts says most.
        return next((n for n in narrow if n.accounts), narrow[0])
    if within := next((n.organizations for n in narrow if n.organizations), None):
        return Trusted(organizations=within)  # whichever of the named is not in there is kept out
    return Trusted(accounts=frozenset(a for principal in named if (a := account_of(principal)) is not None))


def account_of(principal: str) -> str | None:
    """The account of an AWS principal: its id, or that of its ARN; `None` for the unique id of a deleted one."""
    if _ACCOUNT.fullmatch(principal):
        return principal
    parts = principal.split(":")
    return parts[4] if len(parts) > 5 and _ACCOUNT.fullmatch(parts[4]) else None


def _narrowed(condition: Condition) -> Trusted | None:
    """Whom a condition leaves of everyone; `None` where it leaves strangers."""
    if not condition.requires or not condition.values:
        return None
    if condition.key in _ACCOUNT_KEYS | _ARN_KEYS:
        return _of_accounts([account_of(value) for value in condition.values])
    if condition.key in _ORGANIZATION_KEYS:
        ids = frozenset(value.partition("/")[0] for value in condition.values)
        return Trusted(organizations=ids) if all(re.fullmatch(r"o-[a-z0-9]+", i) for i in ids) else None
    if condition.key == "aws:userid":  # of a role, its id and after a colon the session's name, which its user chooses
        return Trusted() if not any(_open(value.partition(":")[0]) for value in condition.values) else None
    return Trusted() if condition.key in _NETWORK_KEYS and not any(_open(value) for value in condition.values) else None


def _open(value: str) -> bool:
    return not value or "*" in value or "?" in value


def _of_accounts(accounts: Iterable[str | None]) -> Trusted | None:
    found = list(accounts)
    known = frozenset(a for a in found if a is not None)
    return Trusted(accounts=known) if known and None not in found else None


def only_services(statement: Statement) -> bool:
    """Whether a trust names AWS services and nobody else."""
    return not statement.not_principals and set(statement.principals or ()) == {"Service"}


@dataclass(frozen=True, slots=True)
class Outside:
    """The accounts and organizations that are not one's own, and those of which that cannot be said from here."""

    strangers: frozenset[str]
    unsettled: frozenset[str]
    organization: str = ""
    management: str = ""

    def question(self, subject: str) -> Unknown:
        names = ", ".join(sorted(self.unsettled))
        return Unknown(
            f"{subject} trusts {names}; whether that is in organization {self.organization} can only be read in its "
            f"management account {self.management}: name it in known_accounts if it is yours"
        )


def outside(found: Trusted, resource: Resource, inventory: Inventory, known: Iterable[str]) -> Outside:
    """Which of the trusted are not one's own. Asks for the organization only where the answer depends on it."""
    foreign = (found.accounts | found.organizations) - {resource.scope.account, *known}
    if not foreign:
        return Outside(frozenset(), frozenset())
    account = next(iter(inventory.where("aws.account")))
    organization = account.fact("Organization")
    if organization is None:
        return Outside(foreign, frozenset())
    foreign -= {organization["Id"], organization["MasterAccountId"]}
    others = frozenset(f for f in foreign if f.startswith("o-"))
    accounts = foreign - others
    if not account.fact("SeesOrganization"):
        return Outside(others, accounts, organization["Id"], organization["MasterAccountId"])
    members = frozenset(a for a in accounts if any(inventory.where("aws.organizations.account", Id=a)))
    return Outside(others | (accounts - members), frozenset())
