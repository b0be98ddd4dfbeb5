"""Organizations: the organization that the account belongs to, its accounts, units and policies.

- An account outside any organization has none: an answer. A member account may ask which organization it belongs to, and
  no more; only the management account and its delegated administrators may list accounts, units and policies. What another
  account is refused there is not a missing permission but not its to see: `SeesOrganization` says which it is.
- The lists are those of the account that may see them, and empty elsewhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from collectors.aws.documents import parsed
from collectors.aws.reader import Reader
from collectors.aws.shaping import only, tag_map
from collectors.source import Facet, Parent, UnreadError, source
from evidence_store.records import Observation, Why

ACCOUNT = "aws.organizations.account"
UNIT = "aws.organizations.unit"
POLICY = "aws.organizations.policy"
_ALL = 1_000_000  # one call for all accounts: the source reads the tree above them once, where they may be listed
_OUTSIDE = ("AWSOrganizationsNotInUseException",)


@source(
    "organizations.ListAccounts",
    level="account",
    calls=("organizations.DescribeOrganization", "organizations.ListAccounts"),
    yields=[
        Facet("aws.account", name="organization", facts=("Organization", "SeesOrganization")),
        Facet(ACCOUNT, facts=("Id", "Name", "State"), optional=("JoinedMethod", "JoinedTimestamp"), lists=True),
        Facet(ACCOUNT, name="contact", facts=("Email",), personal=True),
    ],
)
def accounts(read: Reader) -> Iterator[Observation]:
    """The organization, and its accounts where this account may list them."""
    answer = read.call("organizations.DescribeOrganization", absent=_OUTSIDE)
    organization = None if answer is None else answer["Organization"]
    kept = only(organization, "Id", "Arn", "FeatureSet", "MasterAccountId") if organization else None
    listed: list[Mapping[str, Any]] = []
    sees, refused = kept is not None, None
    if kept is not None:
        try:
            listed = list(read.pages("organizations.ListAccounts", "Accounts"))
        except UnreadError as error:
            sees, refused = kept["MasterAccountId"] == read.account, error
            if not sees and error.unread.why is not Why.DENIED:
                raise
    facts = {"Organization": kept, "SeesOrganization": sees}
    yield Observation("aws.account", read.arn("iam", "root"), facts, facet="organization")
    if sees and refused is not None:
        raise refused
    for account in listed:
        facts = only(account, "Id", "Name", "JoinedMethod", "JoinedTimestamp")
        facts["State"] = account.get("State") or account["Status"]  # the older name, which the provider is giving up
        yield Observation(ACCOUNT, account["Arn"], facts)
        yield Observation(ACCOUNT, account["Arn"], {"Email": account.get("Email")}, facet="contact")


@source(
    "organizations.ListTagsForResource",
    level="account",
    parent=ACCOUNT,
    uses=("Id",),
    yields=[Facet(ACCOUNT, name="tags", facts=("Tags",))],
)
def account_tags(read: Reader, account: Parent) -> Iterator[Observation]:
    """What the account is declared to be for."""
    listed = read.pages("organizations.ListTagsForResource", "Tags", ResourceId=account.facts["Id"])
    yield Observation(ACCOUNT, account.uid, {"Tags": tag_map(listed)}, facet="tags")


@source(
    "organizations.ListRoots",
    level="account",
    parent=ACCOUNT,
    uses=("Id",),
    batch=_ALL,
    calls=(
        "organizations.ListRoots",
        "organizations.ListOrganizationalUnitsForParent",
        "organizations.ListAccountsForParent",
        "organizations.ListTagsForResource",
    ),
    yields=[Facet(UNIT, facts=("Id", "Name", "ParentId", "PolicyTypes", "Accounts", "Tags"), lists=True)],
)
def units(read: Reader, _: Sequence[Parent]) -> Iterator[Observation]:
    """The root and every unit below it, each with the accounts that stand in it directly."""
    for root in read.pages("organizations.ListRoots", "Roots"):
        enabled = sorted(t["Type"] for t in root.get("PolicyTypes", ()) if t["Status"] == "ENABLED")
        yield from _units(read, root, None, enabled)


def _units(read: Reader, unit: Mapping[str, Any], parent: str | None, enabled: list[str]) -> Iterator[Observation]:
    inside = read.pages("organizations.ListAccountsForParent", "Accounts", ParentId=unit["Id"])
    facts = {
        **only(unit, "Id", "Name"),
        "ParentId": parent,
        "PolicyTypes": enabled,
        "Accounts": sorted(account["Id"] for account in inside),
        "Tags": tag_map(read.pages("organizations.ListTagsForResource", "Tags", ResourceId=unit["Id"])),
    }
    yield Observation(UNIT, unit["Arn"], facts)
    for child in read.pages("organizations.ListOrganizationalUnitsForParent", "OrganizationalUnits", ParentId=unit["Id"]):
        yield from _units(read, child, unit["Id"], enabled)


@source(
    "organizations.ListPolicies",
    level="account",
    parent=ACCOUNT,
    uses=("Id",),
    batch=_ALL,
    calls=("organizations.ListPolicies", "organizations.DescribePolicy", "organizations.ListTargetsForPolicy"),
    yields=[
        Facet(POLICY, facts=("Id", "Name", "Type", "AwsManaged", "Document", "Targets"), optional=("Description",), lists=True)
    ],
)
def policies(read: Reader, _: Sequence[Parent]) -> Iterator[Observation]:
    """Every service control policy of the organization's own, with its text and what it is attached to."""
    for summary in read.pages("organizations.ListPolicies", "Policies", Filter="SERVICE_CONTROL_POLICY"):
        if summary["AwsManaged"]:
            continue  # it allows everything, and is attached nearly everywhere
        answer = read.call("organizations.DescribePolicy", PolicyId=summary["Id"]) or {}
        attached = read.pages("organizations.ListTargetsForPolicy", "Targets", PolicyId=summary["Id"])
        facts = {
            **only(summary, "Id", "Name", "Type", "AwsManaged", "Description"),
            "Document": parsed(answer["Policy"]["Content"], "organizations:DescribePolicy"),
            "Targets": sorted(target["TargetId"] for target in attached),
        }
        yield Observation(POLICY, summary["Arn"], facts)
