"""Whether another AWS account is one that we know: ours, of our organization, or named as a partner."""

from collections.abc import Iterable

from checks.check import Unknown
from evidence_store.records import Inventory, Resource

# What a check that asks this looks up.
ORGANIZATION = {
    "aws.account": ("Organization", "SeesOrganization"),
    "aws.organizations.account": ("Id",),
}


def strangers(resource: Resource, ids: Iterable[str], known: Iterable[str], inventory: Inventory) -> list[str] | Unknown:
    """Those of these accounts that are neither this one, nor named as known, nor of the organization.

    A member account may not list its organization: there nobody can tell, and the answer is `Unknown`.
    """
    others = sorted(set(ids) - set(known) - {resource.scope.account})
    others = [other for other in others if not list(inventory.where("aws.organizations.account", Id=other))]
    if not others:
        return []
    for account in inventory.where("aws.account"):
        organization = account.fact("Organization")
        if organization is not None:
            others = [other for other in others if other != organization.get("MasterAccountId")]
            if others and not account.fact("SeesOrganization"):
                return Unknown(
                    f"{resource.name} names {', '.join(others)}, and this account may not list its organization: "
                    "scan the management account, or name partners in known_accounts"
                )
    return others
