"""Who may do what: roles that are too wide, too public, too lasting, or that end up in one pair of hands."""

from datetime import datetime, timedelta

from checks.check import Answer, NotApplicable, Unknown, check
from checks.gcp.conditions import ends_by
from checks.gcp.environments import PROJECTS, Standing, standing_of
from checks.gcp.hierarchy import NODES, above, open_above, uid_of, unread
from checks.gcp.members import is_own_machine, is_person, mail_domain
from checks.gcp.naming import listed, some
from checks.gcp.policies import POLICIES, called, grants, holders, node_of, public_grants
from checks.gcp.roles import BROAD, CUSTOM, custom_role, is_administrative, is_custom, raises_itself
from evidence_store.records import Inventory, Resource, format_time

# Mail domains where anybody opens an account for himself.
_CONSUMER = (
    "gmail.com", "googlemail.com", "googlegroups.com", "outlook.com", "outlook.de", "outlook.fr", "hotmail.com", "live.com",
    "msn.com", "yahoo.com", "yahoo.co.uk", "yahoo.de", "ymail.com", "icloud.com", "me.com", "mac.com", "aol.com", "gmx.com",
    "gmx.de", "gmx.net", "web.de", "mail.com", "mail.ru", "yandex.com", "yandex.ru", "qq.com", "163.com", "126.com",
    "proton.me", "protonmail.com", "pm.me", "tutanota.com", "zoho.com", "fastmail.com", "hey.com",
)  # fmt: skip
_PRIVILEGED = (
    "roles/owner", "roles/editor", "roles/resourcemanager.organizationAdmin", "roles/resourcemanager.folderAdmin",
    "roles/resourcemanager.projectIamAdmin", "roles/resourcemanager.folderIamAdmin", "roles/iam.securityAdmin",
    "roles/iam.serviceAccountAdmin", "roles/iam.serviceAccountKeyAdmin", "roles/iam.serviceAccountTokenCreator",
    "roles/iam.roleAdmin", "roles/iam.organizationRoleAdmin", "roles/iam.workloadIdentityPoolAdmin",
    "roles/iam.workforcePoolAdmin", "roles/orgpolicy.policyAdmin", "roles/billing.admin", "roles/logging.admin",
    "roles/accesscontextmanager.policyAdmin", "roles/cloudkms.admin", "roles/compute.xpnAdmin",
)  # fmt: skip


@check(
    on="gcp.iam.policy",
    severity="high",
    version=1,
    within="provider",
    needs=("ancestors", "assetType", "bindings"),
    looks_up=PROJECTS,
    fix="Grant predefined or custom roles for what each person does, and take the basic roles away.",
)
def gcp_iam_no_primitive_roles(
    policy: Resource,
    *,
    inventory: Inventory,
    label: str = "environment",
    production: tuple[str, ...] = ("production", "prod", "prd", "live"),
    approved: tuple[str, ...] = (),
) -> Answer:
    """No person is owner or editor in production.

    The basic roles hold thousands of permissions over every service of a project, today's and tomorrow's. What is granted
    on a folder or the organization holds in each project below it, so it is asked there if any of these is production.

    `label`: the label that says what a project is for
    `production`: the values of it that mean production
    `approved`: members that may hold a basic role all the same, such as `user:breakglass@example.com`; `*` stands for any text
    """
    held = [g for g in grants(policy) if g.role in BROAD and is_person(g.member) and not listed(g.member, approved)]
    if not held:
        return None
    text = f"{called(policy)} grants {some(sorted(f'{g.role} to {g.member}' for g in held))}"
    match standing_of(policy, inventory, label, production):
        case Standing.OTHER:
            return NotApplicable(f"{text}; it is not production")
        case Standing.PRODUCTION:
            return text
    return Unknown(f"{text}; whether it is production is not said: label the project with {label}")


@check(
    on="gcp.iam.policy",
    severity="critical",
    version=1,
    needs=("assetType", "bindings"),
    fix="Take allUsers and allAuthenticatedUsers out of the binding, or approve the resource by name.",
)
def gcp_iam_no_public_members(policy: Resource, *, approved: tuple[str, ...] = ()) -> Answer:
    """Nothing is granted to everyone, but what is meant to be public.

    allUsers is anybody; allAuthenticatedUsers is anybody with a Google account, which is no less. What is public by
    design, a web site's bucket, is named once, so that everything else shows.

    `approved`: full names of resources that are public by design, `//storage.googleapis.com/my-site`; `*` stands for any text
    """
    public = sorted({f"{g.role} to {g.member}" for g in public_grants(policy)})
    if not public:
        return None
    if listed(policy.uid, approved):
        return NotApplicable(f"{called(policy)} is approved to be public: {some(public)}")
    return f"{called(policy)} grants {some(public)}"


@check(
    on="gcp.iam.policy",
    severity="high",
    version=1,
    needs=("assetType", "bindings"),
    fix="Give the person an account of your own directory and take the private one out of the binding.",
)
def gcp_iam_no_consumer_accounts(
    policy: Resource, *, consumer_domains: tuple[str, ...] = _CONSUMER, approved: tuple[str, ...] = ()
) -> Answer:
    """No role is held by a private mail account.

    Nobody in the organisation can close such an account, force a second factor on it or see it used, and it stays when
    its owner leaves.

    `consumer_domains`: mail domains where anybody can open an account
    `approved`: members that may hold a role all the same; `*` stands for any text
    """
    domains = {domain.lower() for domain in consumer_domains}
    private = {g.member for g in grants(policy) if mail_domain(g.member) in domains and not listed(g.member, approved)}
    return f"{called(policy)} grants roles to private accounts: {some(sorted(private))}" if private else None


@check(
    on="gcp.iam.policy",
    severity="high",
    version=1,
    above="ancestors",
    needs=("ancestors", "assetType", "bindings"),
    looks_up={**NODES, **CUSTOM},
    fix="Grant the account only roles for the calls that it makes; administration is for people, or for a named pipeline.",
)
def gcp_iam_sa_not_admin(
    policy: Resource, *, inventory: Inventory, approved: tuple[str, ...] = (), harmless_roles: tuple[str, ...] = ()
) -> Answer:
    """Service accounts hold no administrative role on a project, a folder or the organization.

    Whoever gets hold of the key or the machine of such an account is administrator, with no second factor in the way.
    The same holds for workloads from outside that federate. Google's own service agents are Google's. A custom role
    administers if its permissions let a holder give itself more.

    `approved`: members that administer by design, `serviceAccount:build@ops.iam.gserviceaccount.com`; `*` stands for any text
    `harmless_roles`: roles named admin that administer nothing beyond their own data
    """
    if node_of(policy) is None:
        return NotApplicable(f"{called(policy)} is a single resource")
    held = [
        g
        for g in grants(policy)
        if is_own_machine(g.member) and not listed(g.member, approved) and g.role not in harmless_roles
    ]
    admin = {f"{g.role} to {g.member}" for g in held if is_administrative(g.role)}
    unseen = set()
    for grant in (g for g in held if is_custom(g.role)):
        raises = _raises(grant.role, inventory)
        if raises:
            admin.add(f"{grant.role} to {grant.member}")
        elif raises is None:
            unseen.add(grant.role)
    if admin:
        return f"{called(policy)} grants {some(sorted(admin))}"
    if unseen:
        return Unknown(f"{called(policy)} grants service accounts {some(sorted(unseen))}, and what that holds was not read")
    return None


def _raises(role: str, inventory: Inventory) -> bool | None:
    """Whether a custom role lets its holder give itself more; `None` where what it holds was not read.

    A role that is not found in a place that was read, or is deleted, gives nobody anything.
    """
    found = custom_role(role, inventory)
    if found is not None:
        permissions = found.fact("includedPermissions")
        return False if found.fact("deleted") else None if permissions is None else raises_itself(permissions)
    kind, _, rest = role.partition("/")
    name = rest.partition("/")[0]
    if kind == "projects":
        return False if list(inventory.where("gcp.project", projectId=name)) else None
    if kind != "organizations":
        return None
    return None if unread([uid_of(f"{kind}/{name}")], inventory) else False


_DUTIES = {
    "keys": (
        ("roles/cloudkms.admin",),
        (
            "roles/cloudkms.cryptoKeyDecrypter", "roles/cloudkms.cryptoKeyEncrypter",
            "roles/cloudkms.cryptoKeyEncrypterDecrypter", "roles/cloudkms.cryptoOperator",
            "roles/cloudkms.cryptoKeyDecrypterViaDelegation", "roles/cloudkms.cryptoKeyEncrypterViaDelegation",
            "roles/cloudkms.cryptoKeyEncrypterDecrypterViaDelegation", "roles/cloudkms.signer",
            "roles/cloudkms.signerVerifier",
        ),
    ),
    "service accounts": (
        ("roles/iam.serviceAccountAdmin",),
        ("roles/iam.serviceAccountUser", "roles/iam.serviceAccountTokenCreator"),
    ),
}  # fmt: skip


@check(
    on="gcp.iam.policy",
    severity="medium",
    version=1,
    above="ancestors",
    needs=("ancestors", "assetType", "bindings"),
    looks_up={**NODES, **POLICIES},
    fix="Give administration and use to different people: take one of the two roles from each member named.",
)
def gcp_iam_duty_split(policy: Resource, *, inventory: Inventory, approved: tuple[str, ...] = ()) -> Answer:
    """Nobody both administers and uses keys, or service accounts.

    Who may change who uses a key, and uses it, needs nobody else to take the data. A role held above counts here too; the
    finding stands where the second of the two roles is granted. Who is in a group is not seen, so a group is one member.

    `approved`: members that may hold both all the same; `*` stands for any text
    """
    here = {what: holders([policy], (*administering, *using)) for what, (administering, using) in _DUTIES.items()}
    if not any(here.values()):
        return None
    over, both = above(policy), []
    higher = [p for uid in (*_containers(policy.uid), *over) if (p := inventory.get("gcp.iam.policy", uid)) is not None]
    for what, (administering, using) in _DUTIES.items():
        admins, users = holders([policy, *higher], administering), holders([policy, *higher], using)
        both += [
            f"{member} administers and uses {what} ({admins[member]}, {users[member]})"
            for member in sorted(here[what].keys() & admins.keys() & users.keys())
            if not listed(member, approved)
        ]
    if both:
        return f"{called(policy)}: {some(both)}"
    missing = unread(over, inventory)
    return open_above(f"the other of two roles on {called(policy)}", missing) if missing else None


def _containers(uid: str) -> list[str]:
    """What a key stands in below its project: its ring."""
    ring, found, _ = uid.partition("/cryptoKeys/")
    return [ring] if found else []


@check(
    on="gcp.iam.policy",
    severity="medium",
    version=1,
    needs=("assetType", "bindings"),
    fix="Grant the role for a while through an entitlement of Privileged Access Manager, or with a condition on request.time.",
)
def gcp_iam_conditional_privileged(
    policy: Resource,
    *,
    at: datetime,
    max_days: int = 90,
    privileged: tuple[str, ...] = _PRIVILEGED,
    approved: tuple[str, ...] = (),
) -> Answer:
    """People hold privileged roles for a time, not for good.

    A standing right is there for whoever takes over the account. Privileged Access Manager grants by such a condition
    too, so an activated entitlement passes here. The basic roles cannot carry a condition and must be replaced.

    `max_days`: how far ahead a grant may end, in days
    `privileged`: the roles that must be limited
    `approved`: members that hold one for good by design, such as an account for emergencies; `*` stands for any text
    """
    limit, lasting = at + timedelta(days=max_days), set()
    for grant in grants(policy):
        if grant.role not in privileged or not is_person(grant.member) or listed(grant.member, approved):
            continue
        end = ends_by(grant.condition)
        if end is None:
            lasting.add(f"{grant.role} to {grant.member} without end")
        elif end > limit:
            lasting.add(f"{grant.role} to {grant.member} until {format_time(end)}")
    return f"{called(policy)} grants {some(sorted(lasting))}; {max_days} days are allowed" if lasting else None
