"""What a principal may do, from all its policies together: inline, attached, through groups, less denials and boundary.

- Nothing outside the account's own IAM is weighed: not service control policies, nor what resources say for themselves.
- A condition on time, place or MFA does not take a permission away: whoever holds it can meet it. One that limits what may
  be reached (which policy, which boundary, which tag) does.
- A denial counts where it holds without a condition, or where its condition only spares what such a limit names.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from checks.aws.policies import Condition, Statement, matches, statements
from evidence_store.records import Inventory, Resource, Unread, UnreadFactError, Why

# Conditions that limit what a permission reaches, whoever uses it.
_LIMITS = frozenset(
    {"iam:policyarn", "iam:permissionsboundary", "iam:associatedresourcearn", "iam:resourcetag", "aws:resourcetag"}
)
_NEGATIVE = frozenset({"stringnotequals", "stringnotequalsignorecase", "stringnotlike", "arnnotequals", "arnnotlike"})
LOOKS_UP = {
    "aws.iam.policy": ("Arn", "Holder", "Document"),
    "aws.iam.aws_managed_policy": ("Arn", "Document"),
    "aws.iam.group": ("GroupName", "AttachedManagedPolicies"),
}
NEEDS = ("Arn", "Kind", "Name", "Path", "AttachedManagedPolicies", "GroupList", "PermissionsBoundary")


@dataclass(frozen=True, slots=True)
class Grants:
    """The statements that bear on one principal."""

    principal: str  # its ARN
    identity: tuple[Statement, ...]
    boundary: tuple[Statement, ...] | None
    attached: tuple[str, ...]  # ARNs of the managed policies, groups' included
    groups: tuple[str, ...]  # ARNs

    def may(self, action: str, resource: str | None = None, service: str = "") -> bool:
        """Whether the action is allowed: on this resource or, without one, on some. `service`: the one a role is passed to."""
        layers = [self.identity] if self.boundary is None else [self.identity, self.boundary]
        return all(self._allowed(layer, action, resource, service) for layer in layers)

    def _allowed(self, layer: tuple[Statement, ...], action: str, resource: str | None, service: str) -> bool:
        speaking = [s for s in layer if s.speaks_of(action)]
        if any(not s.allows and self._denies(s, resource) for s in speaking):
            return False
        return any(s.allows and self._grants(s, resource, service) for s in speaking)

    def _grants(self, statement: Statement, resource: str | None, service: str) -> bool:
        reached = resource is None or statement.covers(resource)
        return reached and not any(self._withholds(c, service) for c in statement.conditions)

    def _withholds(self, condition: Condition, service: str) -> bool:
        """Whether a condition of an allowance keeps this principal, or what it is asked for, out."""
        if condition.key == "aws:principalarn":
            like = any(matches(value, self.principal) for value in condition.values)
            return not like if condition.requires else like and condition.operator in _NEGATIVE
        if condition.key == "iam:passedtoservice" and service:
            like = any(matches(value, service) for value in condition.values)
            return like if condition.operator in _NEGATIVE else not like
        return condition.requires and _limits(condition) and not any(self._lets_all(condition, v) for v in condition.values)

    def _lets_all(self, condition: Condition, value: str) -> bool:
        """Whether a value of a limit names everything, or the one policy that grants everything."""
        partition = self.principal.split(":")[1]
        everything = f"arn:{partition}:iam::aws:policy/AdministratorAccess"
        return set(value) == {"*"} or (condition.key == "iam:policyarn" and matches(value, everything))

    def _denies(self, statement: Statement, resource: str | None) -> bool:
        whole = statement.every_resource if resource is None else statement.covers(resource)
        return whole and all(self._holds(c) for c in statement.conditions)

    def _holds(self, condition: Condition) -> bool:
        """Whether a condition of a denial holds for whatever this principal would ask."""
        if condition.key == "aws:principalarn":
            like = any(matches(value, self.principal) for value in condition.values)
            return like if condition.requires else not like and condition.operator in _NEGATIVE
        return condition.operator in _NEGATIVE and _limits(condition)


def _limits(condition: Condition) -> bool:
    return condition.key.partition("/")[0] in _LIMITS


def document(inventory: Inventory, arn: str) -> tuple[Statement, ...]:
    """The statements of a managed policy. Raises `UnreadFactError` where no list carries it: it cannot be left out."""
    type_ = "aws.iam.aws_managed_policy" if ":iam::aws:" in arn else "aws.iam.policy"
    for policy in inventory.where(type_, Arn=arn):
        return statements(policy.fact("Document"))
    raise _unlisted(f"document of {arn}")


def _unlisted(what: str) -> UnreadFactError:
    """What grants something and is not in the answer that should carry it; leaving it out would grant less than there is."""
    return UnreadFactError(Unread(Why.UNEXPECTED, "iam:GetAccountAuthorizationDetails", f"no {what}"))


def grants(principal: Resource, inventory: Inventory) -> Grants:
    """All that bears on a principal."""
    arn = principal.fact("Arn")
    attached = set(principal.fact("AttachedManagedPolicies"))
    groups: list[str] = []
    for name in principal.fact("GroupList"):
        group = next(iter(inventory.where("aws.iam.group", GroupName=name)), None)
        if group is None:
            raise _unlisted(f"group {name}")
        groups.append(group.uid)
        attached |= set(group.fact("AttachedManagedPolicies"))
    boundary = principal.fact("PermissionsBoundary")
    return Grants(
        principal=arn,
        identity=(*_inline(inventory, [arn, *groups]), *(s for a in sorted(attached) for s in document(inventory, a))),
        boundary=None if boundary is None else document(inventory, boundary),
        attached=tuple(sorted(attached)),
        groups=tuple(groups),
    )


def _inline(inventory: Inventory, holders: Iterable[str]) -> Iterable[Statement]:
    for holder in holders:
        for policy in inventory.where("aws.iam.policy", Holder=holder):
            yield from statements(policy.fact("Document"))


# Of every kind something: who may do all of these on anything may do everything.
_ADMINISTRATION = (
    "iam:AttachRolePolicy", "iam:CreatePolicyVersion", "iam:PutUserPolicy", "sts:AssumeRole", "s3:GetObject",
    "ec2:RunInstances",
)  # fmt: skip


def administers(held: Grants) -> bool:
    """Whether a principal may do everything: some statement says so, and nothing takes the main things away again."""
    broad = any(s.allows and s.every_action and (s.every_resource or s.not_resources) for s in held.identity)
    return broad and all(held.may(action, "arn:aws:any:any:any:any") for action in _ADMINISTRATION)


def service_linked(principal: Resource) -> bool:
    """Whether AWS itself made the role for one of its services, and alone can change it."""
    path: str = principal.fact("Path")
    return path.startswith("/aws-service-role/")
