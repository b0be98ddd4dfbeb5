"""What policies grant, and whom roles trust."""

import re

from checks.aws.escalation import ways
from checks.aws.grants import LOOKS_UP, NEEDS, administers, grants, service_linked
from checks.aws.policies import Statement, statements
from checks.aws.trust import ORGANIZATION, only_services, outside, trusted
from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Inventory, Resource

# Issuers of tokens for builds, by the host and the start of the path in their provider's ARN.
_BUILD_ISSUERS = (
    "token.actions.githubusercontent.com", "gitlab.com", "api.bitbucket.org", "oidc.circleci.com", "app.terraform.io",
    "agent.buildkite.com", "vstoken.dev.azure.com",
)  # fmt: skip
_REPOSITORY_CLAIMS = frozenset({"repository", "repository_id", "project_path", "project_id", "project-id"})
_BRANCH_CLAIMS = frozenset({"ref", "environment", "job_workflow_ref"})
# How build services word the subject, up to what must not be a wildcard.
_REPOSITORY = re.compile(
    r"repo:[^*?:/]+/[^*?:]+:"  # GitHub
    r"|project_path:[^*?:]+:"  # GitLab
    r"|\{[^*?}]+\}:"  # Bitbucket: repository, environment, step
    r"|org/[^*?/]+/project/[^*?/]+/"  # CircleCI
    r"|organization:[^*?:]+:project:[^:]+:workspace:[^*?:]+:"  # Terraform
    r"|organization:[^*?:]+:pipeline:[^*?:]+:"  # Buildkite
    r"|org:[^*?:]+:project:[^*?:]+:"  # Semaphore
    r"|sc://[^*?]+$"  # Azure DevOps: a service connection
)
_BRANCH = re.compile(
    r"repo:[^:]+:(?:environment:[^*?]|job_workflow_ref:[^*?]|ref:refs/(?:heads|tags)/[^*?])"
    r"|project_path:[^:]+:ref_type:(?:branch|tag):ref:[^*?]"
    r"|\{[^}]+\}:\{[^*?}]+\}:"
    r"|org/.+/vcs-ref/refs/(?:heads|tags)/[^*?]"
    r"|organization:[^:]+:project:[^:]+:workspace:[^*?:]+:"  # a workspace is one environment
    r"|organization:.+:ref:refs/(?:heads|tags)/[^*?]"
    r"|org:.+:ref:refs/(?:heads|tags)/[^*?]"
    r"|sc://[^*?]+$"
)
_GRANTS_IAM = ("iam:AttachRolePolicy", "iam:PutRolePolicy", "iam:CreatePolicyVersion", "iam:PutUserPolicy")


@check(
    on="aws.iam.policy",
    severity="high",
    version=1,
    needs=("Kind", "PolicyName", "Holder", "Document", "AttachmentCount"),
    fix="Replace the policy by one that names the actions and resources that the task needs.",
)
def aws_iam_no_full_admin_policy(policy: Resource) -> Answer:
    """No policy of one's own grants every action on every resource.

    A policy that grants everything makes every mistake and every stolen credential of its holder total. Everything but
    some things (`NotAction`) comes to the same where IAM stays in: the rest can be granted with it. A policy that is
    attached to nobody, or is only a boundary, grants nothing.
    """
    if policy.fact("Kind") == "managed" and not policy.fact("AttachmentCount"):
        return NotApplicable(f"{policy.fact('PolicyName')} is attached to nobody")
    found = statements(policy.fact("Document"))
    if not any(_grants_everything(s) for s in found):
        return None
    denied = [s for s in found if not s.allows and not s.conditions and s.every_resource]
    if any(all(s.speaks_of(action) for action in _GRANTS_IAM) for s in denied):
        return None
    holder = f" of {policy.fact('Holder').rpartition(':')[2]}" if policy.fact("Holder") else ""
    return f"policy {policy.fact('PolicyName')}{holder} grants every action on every resource"


def _grants_everything(statement: Statement) -> bool:
    everywhere = statement.every_resource or bool(statement.not_resources)
    everything = statement.every_action or (
        bool(statement.not_actions) and all(statement.speaks_of(action) for action in _GRANTS_IAM)
    )
    return statement.allows and everywhere and everything


@check(
    on="aws.iam.principal",
    severity="high",
    version=1,
    needs=NEEDS,
    looks_up=LOOKS_UP,
    fix="Limit iam:PassRole and the IAM writes to named roles and policies, or demand a permissions boundary on them.",
)
def aws_iam_no_privilege_escalation(principal: Resource, *, inventory: Inventory) -> Answer:
    """Nobody but administrators holds permissions that lead to all of them.

    Some few permissions, alone or in pairs, let their holder grant itself the rest: who may write policies, take over
    another's credentials, or run code as a role of its choice is an administrator that nobody counted. Judged on the
    account's IAM; a service control policy may take the way away.
    """
    name = f"{principal.fact('Kind')} {principal.fact('Name')}"
    if service_linked(principal):
        return NotApplicable(f"{name} belongs to an AWS service, which alone can use it")
    held = grants(principal, inventory)
    if administers(held):
        return NotApplicable(f"{name} is an administrator already")
    found = list(ways(principal, held))
    more = f" and {len(found) - 3} more ways" if len(found) > 3 else ""
    return f"{name} can make itself an administrator by {', or '.join(found[:3])}{more}" if found else None


@check(
    on="aws.iam.principal",
    severity="high",
    version=1,
    needs=NEEDS,
    looks_up={**LOOKS_UP, "aws.iam.role": ("AssumeRolePolicyDocument",)},
    fix="Give the two duties to two roles that different people hold; where that cannot be, record an approved exception.",
)
def aws_iam_toxic_duty_pairs(
    principal: Resource,
    *,
    inventory: Inventory,
    pairs: tuple[str, ...] = (
        "iam:CreateUser, iam:CreateRole | cloudtrail:StopLogging, cloudtrail:DeleteTrail",
        "kms:PutKeyPolicy, kms:ScheduleKeyDeletion | kms:Decrypt",
        "backup:DeleteRecoveryPoint, rds:DeleteDBSnapshot | rds:DeleteDBInstance, s3:DeleteBucket",
    ),
) -> Answer:
    """No principal holds both sides of a pair of conflicting duties.

    Where one person can do a thing and remove the trace of it, or destroy data and its copies, one mistake or one stolen
    credential is enough. Roles that only AWS services assume are no duty of a person.

    `pairs`: the duty-conflict matrix; each pair as two lists of actions, `a, b | c, d`, in conflict when any of each is held
    """
    name = f"{principal.fact('Kind')} {principal.fact('Name')}"
    if service_linked(principal) or _serves_only(principal, inventory):
        return NotApplicable(f"{name} is assumed by AWS services only")
    if not pairs:
        return Unknown("no duty-conflict matrix is declared: set `pairs`")
    matrix = {pair: [_actions(side) for side in pair.split("|")] for pair in pairs}
    for pair, sides in matrix.items():
        if len(sides) != 2 or not all(sides):
            return Unknown(f"{pair!r} is no pair of duties: set `pairs` as `a, b | c, d`")
    held = grants(principal, inventory)
    for sides in matrix.values():
        one, other = ([action for action in side if held.may(action)] for side in sides)
        if one and other:
            return f"{name} holds both {one[0]} and {other[0]}, which the duty-conflict matrix sets apart"
    return None


def _actions(side: str) -> list[str]:
    return [action.strip() for action in side.split(",") if action.strip()]


def _serves_only(principal: Resource, inventory: Inventory) -> bool:
    role = inventory.get("aws.iam.role", principal.uid) if principal.fact("Kind") == "role" else None
    if role is None:
        return False
    allowed = [s for s in statements(role.fact("AssumeRolePolicyDocument")) if s.allows]
    return bool(allowed) and all(only_services(s) for s in allowed)


@check(
    on="aws.iam.role",
    severity="critical",
    version=1,
    needs=("RoleName", "AssumeRolePolicyDocument"),
    fix="Name the accounts or roles that may assume the role, or demand aws:PrincipalOrgID of everyone.",
)
def aws_iam_role_trust_no_wildcard(role: Resource) -> Answer:
    """No role trusts everyone without a narrowing condition.

    A role that trusts `*` can be assumed from any AWS account in the world. An external ID is no secret and narrows
    nobody; a condition on the organization, account, principal, source or VPC endpoint does.
    """
    for statement in statements(role.fact("AssumeRolePolicyDocument")):
        federated = (statement.principals or {}).get("Federated", ())
        if statement.allows and (trusted(statement).anyone or "*" in federated):
            return f"role {role.fact('RoleName')} can be assumed by any principal of any account"
    return None


@check(
    on="aws.iam.role",
    severity="high",
    version=1,
    needs=("RoleName", "AssumeRolePolicyDocument"),
    looks_up={**ORGANIZATION, "records.supplier": ("name", "aws_accounts")},
    fix="Demand the external ID that you gave the supplier, and enter its account (aws_accounts) in the supplier register.",
)
def aws_iam_third_party_trust_external_id(
    role: Resource, *, inventory: Inventory, known_accounts: tuple[str, ...] = (), supplier_accounts: tuple[str, ...] = ()
) -> Answer:
    """Roles that outside accounts may assume need an external ID, and the account belongs to a registered supplier.

    A supplier serves many customers from one account; without an external ID of yours, another customer can have it act
    on your role. An account that no register names is one that nobody vetted. Outside is what is neither this account,
    nor in its organization, nor declared as your own.

    `known_accounts`: accounts and organizations (o-...) of your own that this account's organization does not hold
    `supplier_accounts`: accounts of registered suppliers, where the register of suppliers is not read
    """
    name, unsettled = f"role {role.fact('RoleName')}", None
    allowing = [s for s in statements(role.fact("AssumeRolePolicyDocument")) if s.allows and s.speaks_of("sts:AssumeRole")]
    everyone = [(s, outside(trusted(s), role, inventory, known_accounts)) for s in allowing]
    for statement, found in everyone:  # before the register is looked up: where that is not read, it must not hide this
        if found.strangers and not _demands_external_id(statement):
            return f"{name} can be assumed by {', '.join(sorted(found.strangers))} without an external ID"
    for _, found in everyone:
        for stranger in sorted(found.strangers - set(supplier_accounts)):
            if not any(stranger in (s.fact("aws_accounts") or ()) for s in inventory.where("records.supplier")):
                return f"{name} can be assumed by {stranger}, which no supplier in the register has"
        unsettled = found.question(name) if found.unsettled else unsettled
    return unsettled


def _demands_external_id(statement: Statement) -> bool:
    return any(
        c.key == "sts:externalid" and c.requires and c.values and not any("*" in v or not v for v in c.values)
        for c in statement.conditions
    )


@check(
    on="aws.iam.role",
    severity="high",
    version=1,
    needs=("RoleName", "AssumeRolePolicyDocument"),
    fix="Demand the full subject in the trust: repo:OWNER/REPOSITORY:ref:refs/heads/main, or :environment:NAME.",
)
def aws_iam_oidc_ci_trust_scoped(role: Resource, *, issuers: tuple[str, ...] = _BUILD_ISSUERS) -> Answer:
    """Roles for build services pin the repository and the branch or environment.

    A build service gives every customer's every build a token. A trust that does not say which repository, and which
    branch or environment of it, lets whoever can open a branch there, or anyone at all, take the role.

    `issuers`: hosts of the build services' identity providers; those of your own GitLab or GitHub servers belong here too
    """
    asked = False
    for statement in statements(role.fact("AssumeRolePolicyDocument")):
        for provider in (statement.principals or {}).get("Federated", ()):
            issuer = provider.partition(":oidc-provider/")[2]
            if not statement.allows or issuer.partition("/")[0] not in issuers:
                continue
            asked = True
            if (fault := _unpinned(statement, issuer.lower())) is not None:
                return f"role {role.fact('RoleName')} trusts builds of {issuer} {fault}"
    return None if asked else NotApplicable(f"role {role.fact('RoleName')} trusts no build service")


def _unpinned(statement: Statement, issuer: str) -> str | None:
    """What the trust leaves open. Conditions name claims as `issuer:claim`; each must hold, so one that pins is enough."""
    claims = [(c.key.removeprefix(f"{issuer}:"), c.values) for c in statement.conditions if c.requires and c.values]
    if not any(_pins(claim, values, _REPOSITORY_CLAIMS, _REPOSITORY) for claim, values in claims):
        return "without pinning the repository"
    if not any(_pins(claim, values, _BRANCH_CLAIMS, _BRANCH) for claim, values in claims):
        return "without pinning the branch or environment"
    return None


def _pins(claim: str, values: tuple[str, ...], fixed: frozenset[str], subjects: re.Pattern[str]) -> bool:
    """Whether every value of a claim pins: it has no wildcard, or as a subject says enough before the first one."""
    if claim == "sub":
        return all(subjects.match(value) for value in values)
    return claim in fixed and not any("*" in value or "?" in value for value in values)
