"""The organization: what its accounts are for, and what its guardrails forbid them.

These questions are put to the account that may list the organization; to any other they do not apply. A service control
policy holds for a unit when it is attached to the unit or above it, and never for the management account.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from checks.aws.policies import Condition, Statement, matches, statements
from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Inventory, Resource

_SEEN = ("Organization", "SeesOrganization")
_ACCOUNTS = {"aws.organizations.account": ("Id", "Name", "State", "Tags")}
_UNITS = {"aws.organizations.unit": ("Id", "Name", "ParentId", "PolicyTypes", "Accounts", "Tags")}
_POLICIES = {"aws.organizations.policy": ("Name", "Document", "Targets")}
_PRODUCTION = ("production", "prod", "prd", "live")
_OTHERS = (
    "nonproduction", "nonprod", "notproduction", "preproduction", "preprod", "development", "dev", "test",
    "testing", "staging", "stage", "qa", "uat", "sandbox", "integration", "demo", "training",
)  # fmt: skip
_SHARED = ("shared", "security", "infrastructure", "management", "logarchive", "audit", "network", "core", "platform")
_TAGS = ("environment", "env", "stage")
# Recorders of what happens; guardrails keep them running.
_RECORDERS = (
    "cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "config:StopConfigurationRecorder",
    "config:DeleteConfigurationRecorder", "guardduty:DeleteDetector",
)  # fmt: skip
_NEGATIVE = frozenset({"stringnotequals", "stringnotequalsignorecase", "stringnotlike", "arnnotequals", "arnnotlike"})
# What a denial may spare; not `aws:PrincipalOrgID`, which is that of every account that it could hold for.
_PRINCIPAL = ("aws:principalarn", "aws:principaltag", "aws:principalaccount", "aws:principalisawsservice")


def _elsewhere(account: Resource) -> Answer:
    """The answer where the organization cannot be asked from this account; `None` where it can."""
    organization = account.fact("Organization")
    number = account.uid.split(":")[4]
    if organization is not None and not account.fact("SeesOrganization"):
        return NotApplicable(
            f"{number} is a member of {organization['Id']}; that is asked in {organization['MasterAccountId']}"
        )
    return None


def _environment(name: str, tags: Mapping[str, str]) -> str:
    """What it is for: `production`, `other`, `shared`, or nothing that it says; by its tag, else by a word of its name."""
    text = next((value for key, value in sorted(tags.items()) if key.lower() in _TAGS), name)
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower()
    for word in re.split(r"[^a-z]+", re.sub(r"\b(non|not|pre)[^a-z]+(?=prod)", r"\1", apart)):
        for environment, known in (("production", _PRODUCTION), ("other", _OTHERS), ("shared", _SHARED)):
            if word in known:
                return environment
    return ""


def _above(unit: Resource, units: Mapping[str, Resource]) -> Iterator[Resource]:
    """The unit and every unit above it, up to the root."""
    step: Resource | None = unit
    while step is not None:
        yield step
        step = units.get(step.fact("ParentId") or "")


def _declared(units: Mapping[str, Resource], account: Resource) -> str:
    """What an account is for: by its own tags, else by the nearest unit that says something."""
    if own := _environment("", account.fact("Tags") or {}):
        return own
    home = next((u for u in units.values() if account.fact("Id") in u.fact("Accounts")), None)
    for unit in _above(home, units) if home is not None else ():
        if found := _environment(unit.fact("Name"), unit.fact("Tags") or {}):
            return found
    return ""


@check(
    on="aws.account",
    severity="medium",
    version=1,
    needs=_SEEN,
    looks_up={**_ACCOUNTS, **_UNITS},
    fix="Give production accounts of their own, and say what each account is for by a tag `environment` or by its unit.",
)
def aws_org_environment_accounts(account: Resource, *, inventory: Inventory, declared: tuple[str, ...] = ()) -> Answer:
    """Production and everything else run in different accounts.

    The account is the hardest wall that the provider has: what stands in another account cannot be reached by a mistake
    in this one. Each account is to say what it is for, by its tag `environment` or by the unit that it stands in; accounts
    that serve all (security, network, logs) say so too.

    `declared`: what accounts are for that say nothing themselves, `123456789012=production`
    """
    if (answer := _elsewhere(account)) is not None:
        return answer
    said = dict(entry.split("=", 1) for entry in declared if "=" in entry)
    found = {number: _environment(word, {}) for number, word in said.items()}
    organization, number = account.fact("Organization"), account.uid.split(":")[4]
    if organization is None:
        found.setdefault(number, "")
    else:
        units = {u.fact("Id"): u for u in inventory.where("aws.organizations.unit")}
        for member in inventory.where("aws.organizations.account", State="ACTIVE"):
            own = "shared" if member.fact("Id") == organization["MasterAccountId"] else ""
            found.setdefault(member.fact("Id"), _declared(units, member) or own)
    unsaid = sorted(a for a, environment in found.items() if not environment)
    if unsaid:
        return Unknown(
            f"nothing says what {_listed(unsaid)} {'is' if len(unsaid) == 1 else 'are'} for: set the tag `environment`"
        )
    if "production" in found.values() and "other" not in found.values():
        accounts = _listed(a for a in found if found[a] == "production")
        return f"every account that runs anything ({accounts}) is for production; nothing else has an account of its own"
    return None


def _listed(names: Iterable[str]) -> str:
    found = sorted(names)
    return ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")


def _no_guardrails(account: Resource, units: Iterable[Resource]) -> str | None:
    """Why no service control policy can hold, if none can."""
    organization, number = account.fact("Organization"), account.uid.split(":")[4]
    if organization is None:
        return f"{number} belongs to no organization, so no guardrail stands above its administrators"
    if organization["FeatureSet"] != "ALL":
        return f"organization {organization['Id']} has not all features on, so it has no service control policies"
    root = next((u for u in units if u.fact("ParentId") is None), None)
    if root is not None and "SERVICE_CONTROL_POLICY" not in root.fact("PolicyTypes"):
        return f"organization {organization['Id']} has service control policies turned off"
    return None


@check(
    on="aws.account",
    severity="medium",
    version=1,
    needs=_SEEN,
    looks_up={**_ACCOUNTS, **_UNITS, **_POLICIES},
    fix="Attach a service control policy that denies what production never needs to the unit, or to one above it.",
)
def aws_org_scp_guardrails(
    account: Resource, *, inventory: Inventory, denied_actions: tuple[str, ...] = (), production_units: tuple[str, ...] = ()
) -> Answer:
    """Guardrails that deny are attached to every production unit.

    Administrators of an account can undo every control inside it; only a policy from above holds for them too. A unit is
    a production unit by its tag or name, or because an account in it is tagged so.

    `denied_actions`: actions to be denied on everything and to all but named principals; without any, one denial is enough
    `production_units`: names of production units that neither name nor tag tells
    """
    if (answer := _elsewhere(account)) is not None:
        return answer
    units = {u.fact("Id"): u for u in inventory.where("aws.organizations.unit")} if account.fact("Organization") else {}
    if (fault := _no_guardrails(account, units.values())) is not None:
        return fault
    tagged = {
        a.fact("Id")
        for a in inventory.where("aws.organizations.account", State="ACTIVE")
        if _environment("", a.fact("Tags") or {}) == "production"
    }
    production = [
        unit
        for unit in units.values()
        if unit.fact("Name") in production_units
        or _environment(unit.fact("Name"), unit.fact("Tags") or {}) == "production"
        or tagged & set(unit.fact("Accounts"))
    ]
    if not production:
        return Unknown(
            "no organizational unit is declared to be production: tag it `environment`, or name it in `production_units`"
        )
    policies = list(inventory.where("aws.organizations.policy"))
    for unit in sorted(production, key=lambda u: str(u.fact("Name"))):
        denials = [s for s in _effective(policies, {step.fact("Id") for step in _above(unit, units)}) if not s.allows]
        if not denials:
            return f"no guardrail that denies anything holds for production unit {unit.fact('Name')}"
        open_ = [
            action
            for action in denied_actions
            if not all(any(_forbids(s, action, account) for s in denials) for account in unit.fact("Accounts") or ("",))
        ]
        if open_:
            return f"no guardrail denies {_listed(open_)} in production unit {unit.fact('Name')}"
    return None


def _effective(policies: Iterable[Resource], targets: set[str]) -> Iterator[Statement]:
    for policy in policies:
        if targets & set(policy.fact("Targets")):
            yield from statements(policy.fact("Document"))


@check(
    on="aws.account",
    severity="high",
    version=1,
    needs=_SEEN,
    looks_up={**_ACCOUNTS, **_UNITS, **_POLICIES},
    fix="Attach to the root a service control policy that denies these actions on every resource, but for one named role.",
)
def aws_org_scp_protects_logging(
    account: Resource,
    *,
    inventory: Inventory,
    denied_actions: tuple[str, ...] = _RECORDERS,
    protected_trails: tuple[str, ...] = ("aws-controltower-*",),
) -> Answer:
    """Guardrails deny stopping or deleting trails, recorders and detectors.

    The first thing an intruder with an administrator's rights turns off is the record of what comes next. Only a policy
    from above stops an administrator. It must hold for every active member account; a condition may spare named
    principals, and nothing else.

    `denied_actions`: actions that must be denied in every member account
    `protected_trails`: names of trails that a denial may be limited to
    """
    if (answer := _elsewhere(account)) is not None:
        return answer
    units = {u.fact("Id"): u for u in inventory.where("aws.organizations.unit")} if account.fact("Organization") else {}
    if (fault := _no_guardrails(account, units.values())) is not None:
        return fault
    policies = list(inventory.where("aws.organizations.policy"))
    management = account.fact("Organization")["MasterAccountId"]
    members = [m for m in inventory.where("aws.organizations.account", State="ACTIVE") if m.fact("Id") != management]
    if not members:
        return NotApplicable("the organization has no member account, and guardrails do not hold for the management account")
    for member in members:
        home = next((u for u in units.values() if member.fact("Id") in u.fact("Accounts")), None)
        above = {u.fact("Id") for u in _above(home, units)} if home is not None else set()
        denials = list(_effective(policies, above | {member.fact("Id")}))
        open_ = [a for a in denied_actions if not any(_forbids(s, a, member.fact("Id"), protected_trails) for s in denials)]
        if open_:
            return f"no guardrail keeps {member.fact('Id')} from {_listed(open_)}"
    return None


def _forbids(statement: Statement, action: str, account: str, trails: tuple[str, ...] = ()) -> bool:
    """Whether a statement denies an action in an account, on everything or the protected trails, to all but a few."""
    if statement.allows or not statement.speaks_of(action):
        return False
    service = action.partition(":")[0]
    whole = statement.every_resource or any(_whole_kind(pattern, service, account, trails) for pattern in statement.resources)
    return whole and all(_spares_few(c, account) for c in statement.conditions)


def _whole_kind(pattern: str, service: str, account: str, trails: tuple[str, ...]) -> bool:
    """Whether a pattern is every resource of a kind of this service, in all regions of the account; or the protected trails."""
    parts = pattern.split(":", 5)
    if len(parts) < 6 or not matches(parts[2], service) or parts[3] not in {"", "*"} or parts[4] not in {"", "*", account}:
        return False
    kind, _, name = parts[5].partition("/")
    return kind == "*" or name == "*" or (kind == "trail" and any(matches(trail, name) for trail in trails))


def _spares_few(condition: Condition, account: str) -> bool:
    """Whether a condition of a denial only exempts some principals, and not all of the account's."""
    if not condition.key.startswith(_PRINCIPAL):
        return False
    if condition.key == "aws:principalisawsservice":
        return condition.operator == "bool" and condition.values == ("false",)
    if condition.key == "aws:principalaccount" and any(matches(value, account) for value in condition.values):
        return False
    everyone = any(
        set(value) == {"*"} or re.fullmatch(r"arn:[^:]+:(iam|sts)::[^:]*:(role/)?\*", value) for value in condition.values
    )
    return condition.operator in _NEGATIVE and not everyone
