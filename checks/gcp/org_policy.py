"""Guardrails of the organization: what its policies forbid in every project, and where they are taken back."""

from checks.check import Answer, NotApplicable, Unknown, check
from checks.gcp.guardrails import GUARDRAILS, policy_on, switch, switched_on, told_above, undecided, values
from checks.gcp.hierarchy import above, called, chain, uid_of, unread
from checks.gcp.naming import some
from evidence_store.records import Inventory, Resource

_BELOW = ("gcp.folder", "gcp.project")
_DOMAINS = "iam.allowedPolicyMemberDomains"
_MEMBERS = "iam.managed.allowedPolicyMembers"  # the newer rule on the same
_LOCATIONS = "gcp.resourceLocations"


@check(
    on="gcp.organization",
    also_on=_BELOW,
    severity="high",
    version=1,
    above="ancestors",
    needs=("ancestors",),
    looks_up=GUARDRAILS,
    fix="Enforce iam.disableServiceAccountKeyCreation and iam.disableServiceAccountKeyUpload on the organization.",
)
def gcp_org_no_sa_keys(node: Resource, *, inventory: Inventory) -> Answer:
    """Nobody can make or upload keys of service accounts.

    The surest way to have no forgotten keys is that none can be made. Workload identity needs none. Asked of the
    organization; below it only where a folder or project takes the rule back, or stands alone.
    """
    demands = {
        "the creation of service account keys blocked": (
            "iam.disableServiceAccountKeyCreation",
            "iam.managed.disableServiceAccountKeyCreation",
        ),
        "the upload of service account keys blocked": (
            "iam.disableServiceAccountKeyUpload",
            "iam.managed.disableServiceAccountKeyUpload",
        ),
    }
    return switched_on(node, demands, inventory)


@check(
    on="gcp.organization",
    also_on=_BELOW,
    severity="critical",
    version=1,
    above="ancestors",
    needs=("ancestors",),
    looks_up=GUARDRAILS,
    fix="Enforce storage.publicAccessPrevention on the organization, and make exceptions where a public bucket is meant.",
)
def gcp_org_public_access_prevention(node: Resource, *, inventory: Inventory, approved: tuple[str, ...] = ()) -> Answer:
    """No bucket of the organization can be made public.

    One rule stops every bucket, of today and tomorrow, from being opened by mistake. Asked of the organization; below it
    only where a folder or project takes the rule back, or stands alone.

    `approved`: projects and folders that hold public buckets by design, as `project my-site` or `folder 456`
    """
    if called(node) in approved:
        return NotApplicable(f"{called(node)} is approved to hold public buckets")
    return switched_on(node, {"public access to buckets prevented": ("storage.publicAccessPrevention",)}, inventory)


@check(
    on="gcp.organization",
    also_on=_BELOW,
    severity="high",
    version=1,
    above="ancestors",
    needs=("ancestors",),
    looks_up={**GUARDRAILS, "gcp.organization": ("ancestors", "directoryCustomerId")},
    fix="Set iam.allowedPolicyMemberDomains on the organization to your own directory's customer id and those of partners.",
)
def gcp_org_domain_restricted_sharing(
    node: Resource, *, inventory: Inventory, approved_customers: tuple[str, ...] = ()
) -> Answer:
    """Roles can only be granted to identities of one's own and of approved directories.

    Without the rule any administrator can let any account of the world in. Asked of the organization; below it only
    where a folder or project has a rule of its own, or stands alone. A directory beside the organization's own counts as
    approved when it is named here.

    `approved_customers`: customer ids (C0...) or organizations (organizations/123) of partners that may be let in
    """
    nodes, over = chain(node), above(node)
    if over and policy_on(node.uid, _DOMAINS, inventory) is None:
        return _inherited(node, over, _DOMAINS, inventory)
    found = values(nodes, _DOMAINS, inventory)
    if found.allowed is None and not found.hangs_on:
        if switch(nodes, [_MEMBERS], inventory).on is not False:
            return Unknown(f"{called(node)} is under {_MEMBERS}, whose list of members is not kept, as it may name people")
        return f"{called(node)} lets roles be granted to identities of any domain"
    known = {_plain(value) for value in (*approved_customers, *_own(nodes, inventory))}
    strange = sorted(value for value in map(_plain, (found.allowed or frozenset()) - found.denied) if value not in known)
    if strange:
        lets = f"{called(node)} lets roles be granted to {some(strange)}"
        if unseen := unread([uid for uid in nodes if uid.startswith(uid_of("organizations/"))], inventory):
            return Unknown(f"{lets}; whether that is its own directory would be told by {some(unseen)}, which was not read")
        return f"{lets}, which is neither its own directory nor approved"
    return undecided(f"{_DOMAINS} for {called(node)}", found.hangs_on) if found.hangs_on else None


def _inherited(node: Resource, over: list[str], constraint: str, inventory: Inventory) -> Answer:
    """The answer for a node without a rule of its own: as above it, and said there."""
    found = values(over, constraint, inventory)
    if found.hangs_on and not told_above(node, [constraint], inventory):
        return undecided(f"{constraint} for {called(node)}", found.hangs_on)
    return NotApplicable(f"{called(node)} has no rule of its own; it is asked above")


def _own(nodes: list[str], inventory: Inventory) -> list[str]:
    """What stands for the own organization in such a rule: its directory's customer id and its own identities."""
    found = []
    for uid in nodes:
        organization = inventory.get("gcp.organization", uid)
        if organization is not None:
            found.append(uid.rpartition("googleapis.com/")[2])
            found += [organization.fact("directoryCustomerId")] if organization.fact("directoryCustomerId") else []
    return found


def _plain(value: str) -> str:
    """A customer id or an organization, without the words that a rule wraps it in."""
    text = value.removeprefix("is:").removeprefix("under:")
    return text.removeprefix("principalSet://iam.googleapis.com/")


@check(
    on="gcp.organization",
    also_on=_BELOW,
    severity="medium",
    version=1,
    above="ancestors",
    needs=("ancestors",),
    looks_up=GUARDRAILS,
    fix="Set gcp.resourceLocations on the organization to the regions that were decided on.",
)
def gcp_org_allowed_locations(node: Resource, *, inventory: Inventory, approved_locations: tuple[str, ...] = ()) -> Answer:
    """Resources can only stand in regions that were decided on.

    Where data stand decides whose law holds for them. Asked of the organization; below it only where a folder or project
    has a rule of its own, or stands alone.

    `approved_locations`: what may be allowed, as `in:eu-locations` or `europe-west1`; without any, each limit counts
    """
    nodes, over = chain(node), above(node)
    if over and policy_on(node.uid, _LOCATIONS, inventory) is None:
        return _inherited(node, over, _LOCATIONS, inventory)
    found = values(nodes, _LOCATIONS, inventory)
    if found.allowed is None:
        if found.hangs_on:
            return undecided(f"{_LOCATIONS} for {called(node)}", found.hangs_on)
        return f"{called(node)} lets resources stand in any region"
    strange = sorted(found.allowed - found.denied - set(approved_locations)) if approved_locations else []
    if strange:
        return f"{called(node)} lets resources stand in {some(strange)}, which is not approved"
    return undecided(f"{_LOCATIONS} for {called(node)}", found.hangs_on) if found.hangs_on else None


@check(
    on="gcp.organization",
    also_on=_BELOW,
    severity="medium",
    version=1,
    above="ancestors",
    needs=("ancestors",),
    looks_up=GUARDRAILS,
    fix="Enforce the missing constraints on the organization; make exceptions on folders and projects, each with a reason.",
)
def gcp_org_baseline_constraints(
    node: Resource,
    *,
    inventory: Inventory,
    constraints: tuple[str, ...] = (
        "compute.disableSerialPortAccess", "compute.requireOsLogin", "compute.requireShieldedVm",
        "compute.skipDefaultNetworkCreation", "iam.automaticIamGrantsForDefaultServiceAccounts", "sql.restrictPublicIp",
        "storage.uniformBucketLevelAccess",
    ),
) -> Answer:  # fmt: skip
    """The guardrails that were decided on are in force.

    What a guardrail forbids cannot be got wrong in a new project. Asked of the organization; below it only where a folder
    or project takes a guardrail back, or stands alone.

    `constraints`: the constraints that must be enforced, without `constraints/`
    """
    return switched_on(node, {f"{name} enforced": (name,) for name in constraints}, inventory)
