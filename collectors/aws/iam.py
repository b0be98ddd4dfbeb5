"""Identity and Access Management: who there is, what they are granted, and the account's own rules.

- One bulk answer carries every user, group, role and policy with its documents; nothing is asked of a user alone.
- A principal (user or role) holds what it is granted; its own inline policies are policies that name it as `Holder`.
- Of the policies that AWS itself keeps, those in use are recorded: attached to someone, or the boundary of someone.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from collectors.aws.documents import parsed
from collectors.aws.reader import Reader
from collectors.aws.shaping import only, tag_map
from collectors.source import Facet, UnreadError, source
from evidence_store.records import Observation, Unread, Why

_DETAILS = "iam.GetAccountAuthorizationDetails"
_ACTION = "iam:GetAccountAuthorizationDetails"
_LISTS = frozenset({"UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"})


@source(
    _DETAILS,
    level="account",
    yields=[
        Facet(
            "aws.iam.principal",
            facts=("Arn", "Kind", "Name", "Path", "AttachedManagedPolicies", "GroupList"),
            optional=("PermissionsBoundary",),
            lists=True,
        ),
        Facet("aws.iam.user", facts=("Arn", "UserName", "UserId", "Path", "CreateDate", "Tags"), lists=True),
        Facet(
            "aws.iam.group",
            facts=("Arn", "GroupName", "GroupId", "Path", "CreateDate", "AttachedManagedPolicies"),
            lists=True,
        ),
        Facet(
            "aws.iam.role",
            facts=("Arn", "RoleName", "RoleId", "Path", "CreateDate", "AssumeRolePolicyDocument", "InstanceProfiles", "Tags"),
            lists=True,
        ),
        Facet("aws.iam.role", name="use", facts=("RoleLastUsed",)),
        Facet(
            "aws.iam.policy",
            facts=("Arn", "Kind", "PolicyName", "Document"),
            optional=(
                "Holder", "Path", "PolicyId", "DefaultVersionId", "AttachmentCount", "PermissionsBoundaryUsageCount",
                "IsAttachable", "Description", "CreateDate", "UpdateDate", "Versions",
            ),
            lists=True,
        ),
        Facet(
            "aws.iam.aws_managed_policy",
            facts=("Arn", "PolicyName", "DefaultVersionId", "Document", "AttachmentCount"),
            optional=("PermissionsBoundaryUsageCount", "UpdateDate"),
            lists=True,
        ),
    ],
)  # fmt: skip
def authorization_details(read: Reader) -> Iterator[Observation]:
    """Every user, group, role and policy, as one answer of many pages."""
    for page in read.answers(_DETAILS, MaxItems=1000):
        if not page.keys() & _LISTS:
            raise UnreadError(Unread(Why.UNEXPECTED, _ACTION, "no list of identities"))
        for user in page.get("UserDetailList", ()):
            yield from _user(read, user)
        for group in page.get("GroupDetailList", ()):
            yield from _group(read, group)
        for role in page.get("RoleDetailList", ()):
            yield from _role(read, role)
        for policy in page.get("Policies", ()):
            yield from _managed(read, policy)


def _user(read: Reader, user: Mapping[str, Any]) -> Iterator[Observation]:
    yield _principal("user", user["UserName"], user, sorted(user.get("GroupList", ())))
    named = ("Arn", "UserName", "UserId", "Path", "CreateDate")
    yield Observation("aws.iam.user", user["Arn"], {**only(user, *named), "Tags": tag_map(user.get("Tags") or ())})
    yield from _inline(read, "user", user["UserName"], user["Arn"], user.get("UserPolicyList", ()))


def _group(read: Reader, group: Mapping[str, Any]) -> Iterator[Observation]:
    named = ("Arn", "GroupName", "GroupId", "Path", "CreateDate")
    yield Observation("aws.iam.group", group["Arn"], {**only(group, *named), "AttachedManagedPolicies": _attached(group)})
    yield from _inline(read, "group", group["GroupName"], group["Arn"], group.get("GroupPolicyList", ()))


def _role(read: Reader, role: Mapping[str, Any]) -> Iterator[Observation]:
    yield _principal("role", role["RoleName"], role, [])
    facts = {
        **only(role, "Arn", "RoleName", "RoleId", "Path", "CreateDate"),
        "AssumeRolePolicyDocument": parsed(role["AssumeRolePolicyDocument"], _ACTION),
        "InstanceProfiles": sorted(profile["Arn"] for profile in role.get("InstanceProfileList", ())),
        "Tags": tag_map(role.get("Tags") or ()),
    }
    yield Observation("aws.iam.role", role["Arn"], facts)
    used = only(role.get("RoleLastUsed") or {}, "LastUsedDate", "Region")
    yield Observation("aws.iam.role", role["Arn"], {"RoleLastUsed": used or None}, facet="use")
    yield from _inline(read, "role", role["RoleName"], role["Arn"], role.get("RolePolicyList", ()))


def _principal(kind: str, name: str, holder: Mapping[str, Any], groups: list[str]) -> Observation:
    facts = {
        "Arn": holder["Arn"],
        "Kind": kind,
        "Name": name,
        "Path": holder["Path"],
        "AttachedManagedPolicies": _attached(holder),
        "GroupList": groups,
        "PermissionsBoundary": (holder.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn"),
    }
    return Observation("aws.iam.principal", holder["Arn"], facts)


def _inline(read: Reader, kind: str, holder: str, arn: str, policies: Iterable[Mapping[str, Any]]) -> Iterator[Observation]:
    for policy in policies:
        uid = read.uid("aws.iam.policy", f"{kind}/{holder}/{policy['PolicyName']}")
        facts = {
            "Arn": uid,  # an inline policy has no ARN
            "Kind": "inline",
            "PolicyName": policy["PolicyName"],
            "Holder": arn,
            "Document": parsed(policy["PolicyDocument"], _ACTION),
        }
        yield Observation("aws.iam.policy", uid, facts)


_AWS_MANAGED = ("Arn", "DefaultVersionId", "AttachmentCount", "PermissionsBoundaryUsageCount", "UpdateDate")
_MANAGED = (*_AWS_MANAGED, "Path", "PolicyId", "IsAttachable", "Description", "CreateDate")


def _managed(read: Reader, policy: Mapping[str, Any]) -> Iterator[Observation]:
    versions = policy["PolicyVersionList"]
    default = next(v for v in versions if v["VersionId"] == policy["DefaultVersionId"])
    described = {"PolicyName": policy["Arn"].rpartition("/")[2], "Document": parsed(default["Document"], _ACTION)}
    if ":iam::aws:" not in policy["Arn"]:
        made = {v["VersionId"]: v["CreateDate"] for v in versions}
        facts = {**only(policy, *_MANAGED), **described, "Kind": "managed", "Versions": made}
        yield Observation("aws.iam.policy", policy["Arn"], facts)
    elif policy["AttachmentCount"] or policy.get("PermissionsBoundaryUsageCount"):
        # The ARN is the same in every account; what this account has attached is this account's.
        uid = read.uid("aws.iam.aws_managed_policy", policy["Arn"])
        yield Observation("aws.iam.aws_managed_policy", uid, {**only(policy, *_AWS_MANAGED), **described})


def _attached(holder: Mapping[str, Any]) -> list[str]:
    return sorted(policy["PolicyArn"] for policy in holder["AttachedManagedPolicies"])


@source(
    "iam.GetAccountSummary",
    level="account",
    yields=[
        Facet(
            "aws.account",
            name="summary",
            facts=("AccountMFAEnabled", "AccountAccessKeysPresent"),
            optional=("AccountPasswordPresent", "AccountSigningCertificatesPresent", "Users", "MFADevices", "Providers"),
        )
    ],
)
def account_summary(read: Reader) -> Iterator[Observation]:
    """What the root user can sign in with, in the provider's own counts (0 or 1)."""
    summary = (read.call("iam.GetAccountSummary") or {})["SummaryMap"]
    kept = (
        "AccountMFAEnabled", "AccountAccessKeysPresent", "AccountPasswordPresent", "AccountSigningCertificatesPresent",
        "Users", "MFADevices", "Providers",
    )  # fmt: skip
    yield Observation("aws.account", read.arn("iam", "root"), only(summary, *kept), facet="summary")


@source(
    "iam.GetAccountPasswordPolicy",
    level="account",
    yields=[
        Facet(
            "aws.account",
            name="password_policy",
            facts=(),
            optional=(
                "MinimumPasswordLength", "PasswordReusePrevention", "MaxPasswordAge", "ExpirePasswords", "HardExpiry",
                "RequireSymbols", "RequireNumbers", "RequireUppercaseCharacters", "RequireLowercaseCharacters",
                "AllowUsersToChangePassword",
            ),
        )
    ],
)  # fmt: skip
def password_policy(read: Reader) -> Iterator[Observation]:
    """The account's password policy; nothing at all where the account has none of its own."""
    answer = read.call("iam.GetAccountPasswordPolicy", absent=("NoSuchEntity",))
    if answer is not None:
        facet = next(f for f in password_policy.yields if f.name == "password_policy")
        facts = only(answer["PasswordPolicy"], *facet.names)
        yield Observation("aws.account", read.arn("iam", "root"), facts, facet="password_policy")
