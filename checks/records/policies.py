"""Policies: approved, current, complete, known to people; rules on access and on duties."""

from collections.abc import Iterator
from datetime import date, datetime

from checks.check import NotApplicable, Unknown, check
from checks.records.annex import control_id
from checks.records.registers import PERSON, day, done, entries, lacking, over, roster, some, staff, told, unlisted
from evidence_store.records import Inventory, Resource

# Which topics the Statement of Applicability calls for: a topic is needed as soon as one of its controls applies.
TOPICS = {
    "access-control": ("A.5.15", "A.5.18", "A.8.2", "A.8.3"),
    "acceptable-use": ("A.5.10",),
    "asset-management": ("A.5.9", "A.5.11"),
    "backup": ("A.8.13",),
    "classification": ("A.5.12", "A.5.13"),
    "cryptography": ("A.8.24",),
    "endpoint-devices": ("A.8.1",),
    "incident-management": ("A.5.24", "A.5.26"),
    "information-transfer": ("A.5.14",),
    "network-security": ("A.8.20", "A.8.21", "A.8.22"),
    "physical-security": ("A.7.1", "A.7.2", "A.7.3"),
    "secure-development": ("A.8.25", "A.8.28"),
    "supplier-security": ("A.5.19", "A.5.20"),
    "vulnerability-management": ("A.8.8",),
}


@check(
    on="records.policy",
    severity="high",
    version=1,
    needs=("status", "version", "approved_by", "approved_on", "review_due", "text_words", "location"),
    looks_up={"records.person": ("id",)},
    fix="Have the policy approved by name and date, give it a version and a review date, and review it before that date.",
)
def rec_policy_approved_current(
    policy: Resource, *, at: datetime, inventory: Inventory, longest_days: int = 731
) -> str | NotApplicable | None:
    """Each policy in force has a text, a version, an approver and a review date that has not passed.

    Rules bind people when someone entitled to it has approved them, and stay right when they are looked at again.

    `longest_days`: how far the review date may lie after the approval, in days
    """
    if policy.fact("status") != "approved":
        return NotApplicable(f"{policy.name} is {policy.fact('status')}")
    faults = lacking(
        policy, version="version", approved_by="approver", approved_on="day of approval", review_due="day of its next review"
    )
    faults += unlisted(policy, roster(inventory), approved_by="approver")
    if not policy.fact("text_words") and not policy.fact("location"):
        faults.append(f"{policy.name} has no text and names no place where it is kept")
    approved, due = day(policy, "approved_on"), day(policy, "review_due")
    if approved is not None and approved > at.date():
        faults.append(f"{policy.name} names {approved} as the day of its approval, which lies ahead")
    if over(policy, "review_due", at):
        faults.append(f"{policy.name} was due for review on {due}")
    if approved is not None and due is not None and (due - approved).days > longest_days:
        faults.append(f"{policy.name}, approved on {approved}, is not reviewed before {due}; the limit is {longest_days} days")
    return told(faults)


@check(
    on="records.isms",
    severity="medium",
    version=1,
    looks_up={
        "records.policy": ("id", "topic", "status", "approved_by", "approved_on"),
        "records.soa": ("control", "applicable"),
    },
    fix="Write and approve a policy for each topic named, or add the topic to the policy that rules it.",
)
def rec_policy_topic_set(
    isms: Resource, *, at: datetime, inventory: Inventory, always: tuple[str, ...] = ("information-security",)
) -> str | None:
    """An approved policy exists for each topic that the Statement of Applicability calls for.

    A control that applies needs a rule that people can follow; a topic without one is left to everybody's own idea. A
    control that the statement does not mention counts as applicable.

    `always`: topics that are needed whatever the statement says
    """
    rows = entries(inventory, "soa")
    if not rows:
        return f"{isms.name} has no Statement of Applicability in isms/soa.toml that would say which topics are needed"
    excluded = {control_id(row.fact("control")) for row in rows if row.fact("applicable") is False}
    needed = [*always, *(topic for topic, controls in TOPICS.items() if not excluded.issuperset(controls))]
    ruled = set(_topics(entries(inventory, "policy", status="approved"), at))
    missing = [topic for topic in needed if topic not in ruled]
    return f"no approved policy in isms/policies/ rules {some(missing)}" if missing else None


def _topics(policies: list[Resource], at: datetime) -> Iterator[str]:
    """The topics of the policies that somebody approved."""
    for policy in policies:
        if policy.fact("approved_by") and done(policy, "approved_on", at):
            yield from (topic.strip().lower().replace(" ", "-") for topic in policy.fact("topic") or [])


@check(
    on="records.policy",
    severity="medium",
    version=1,
    needs=("id", "status", "version", "approved_on", "acknowledge", "roles"),
    looks_up={
        "records.person": (*PERSON, "roles"),
        "records.acknowledgement": ("person", "policy", "version", "date"),
    },
    fix="Have the people named read the current version, and note it in isms/acknowledgements.toml.",
)
def rec_policy_acknowledged(
    policy: Resource, *, at: datetime, inventory: Inventory, limit_days: int = 30
) -> str | NotApplicable | Unknown | None:
    """People acknowledged the version of the policy that is in force.

    A rule that was filed and never read protects nothing. People who joined, or a version that was approved, within the
    limit have until its end.

    `limit_days`: how long people have to read a new version, or after their first day, in days
    """
    if policy.fact("status") != "approved" or policy.fact("acknowledge") is False:
        return NotApplicable(f"{policy.name} is not in force or need not be acknowledged")
    people = staff(inventory, at)
    if not people:
        return Unknown(f"isms/people.toml names nobody who works here, so nobody can be asked about {policy.name}")
    if policy.fact("version") is None:
        return f"{policy.name} has no version that could be acknowledged"
    said = entries(inventory, "acknowledgement", policy=policy.fact("id"), version=policy.fact("version"))
    read = {entry.fact("person") for entry in said if done(entry, "date", at)}
    roles = set(policy.fact("roles") or [])
    asked = [p for p in people if not roles or roles & set(p.fact("roles") or [])]
    late = [
        p.fact("id") for p in asked if p.fact("id") not in read and _had_time(p, day(policy, "approved_on"), at, limit_days)
    ]
    if not late:
        return None
    return f"version {policy.fact('version')} of {policy.name} was not acknowledged within {limit_days} days by {some(late)}"


def _had_time(person: Resource, approved: date | None, at: datetime, days: int) -> bool:
    """Whether a person has been here, and the version in force, for longer than the limit."""
    starts = [on for on in (approved, day(person, "joined")) if on is not None]
    return not starts or (at.date() - max(starts)).days > days


@check(
    on="records.isms",
    severity="medium",
    version=1,
    looks_up={
        "records.policy": ("id", "topic", "status", "version", "approved_by", "approved_on"),
        "records.person": PERSON,
        "records.acknowledgement": ("person", "policy", "version", "date"),
    },
    fix="Approve rules on acceptable use (topic acceptable-use) and have everybody acknowledge the current version.",
)
def rec_acceptable_use(isms: Resource, *, at: datetime, inventory: Inventory, limit_days: int = 30) -> str | Unknown | None:
    """Rules on acceptable use are approved, and everybody who works here acknowledged them.

    People can only be held to rules on devices, accounts and information that they were told.

    `limit_days`: how long people have to read a new version, or after their first day, in days
    """
    rules = [p for p in entries(inventory, "policy", status="approved") if "acceptable-use" in set(_topics([p], at))]
    if not rules:
        return f"{isms.name} has no approved policy in isms/policies/ with the topic acceptable-use"
    people = staff(inventory, at)
    if not people:
        return Unknown("isms/people.toml names nobody who works here, so nobody can be asked about acceptable use")
    faults: list[str] = []
    for policy in rules:
        said = entries(inventory, "acknowledgement", policy=policy.fact("id"), version=policy.fact("version"))
        read = {entry.fact("person") for entry in said if done(entry, "date", at)}
        approved = day(policy, "approved_on")
        late = [p.fact("id") for p in people if p.fact("id") not in read and _had_time(p, approved, at, limit_days)]
        if late:
            faults.append(f"version {policy.fact('version')} of {policy.name} was not acknowledged by {some(late)}")
    return told(faults)


@check(
    on="records.isms",
    severity="high",
    version=1,
    looks_up={
        "records.policy": ("id", "topic", "status", "approved_by", "approved_on"),
        "records.access_rule": ("system", "role", "rights", "owner", "approved_by", "approved_on"),
        "records.asset": ("id", "owner"),
    },
    fix="Approve a policy on access control and, in isms/access_rules.toml, rules for each system and role by its owner.",
)
def rec_access_control_rules(isms: Resource, *, at: datetime, inventory: Inventory) -> str | None:
    """Who may have which access is ruled for each system and role, and approved by the owner.

    Grants can only be judged against rules. The owner of a system, not the one who asks or administers, decides.
    """
    policies = entries(inventory, "policy", status="approved")
    rules = entries(inventory, "access_rule")
    if not rules:
        return f"{isms.name} has no rules on access in isms/access_rules.toml"
    faults = [] if "access-control" in set(_topics(policies, at)) else ["no approved policy has the topic access-control"]
    for rule in rules:
        faults += lacking(rule, rights="rights", owner="owner", approved_by="approver", approved_on="day of approval")
        by, owner = rule.fact("approved_by"), rule.fact("owner")
        owners = {owner, *(asset.fact("owner") for asset in inventory.where("records.asset", id=rule.fact("system")))}
        if by and owner and by not in owners:
            faults.append(f"{rule.name} was approved by {by}, and {owner} is its owner")
        if rule.fact("approved_on") and not done(rule, "approved_on", at):
            faults.append(f"{rule.name} names {day(rule, 'approved_on')} as the day of its approval, which lies ahead")
    return told(faults)


@check(
    on="records.isms",
    severity="medium",
    version=1,
    looks_up={
        "records.duty_conflict": ("id", "pair", "approved_by", "approved_on", "exceptions"),
        "records.person": (*PERSON, "roles"),
        "records.role": ("role", "holder"),
    },
    fix="Approve the pairs in isms/duty_conflicts.toml, and give people who hold both a dated exception or other work.",
)
def rec_duty_conflicts(isms: Resource, *, at: datetime, inventory: Inventory) -> str | None:
    """Duties that one person must not hold together are laid down, and exceptions are approved and dated.

    Who can both start and approve a payment, or write and release code, needs nobody to do harm unseen. People whose
    roles in the records contain both duties are named, unless an exception in date covers them.
    """
    conflicts = entries(inventory, "duty_conflict")
    if not conflicts:
        return f"{isms.name} has no list of conflicting duties in isms/duty_conflicts.toml"
    held: dict[str, set[str]] = {p.fact("id"): set(p.fact("roles") or []) for p in staff(inventory, at)}
    for role in entries(inventory, "role"):
        held.setdefault(role.fact("holder") or "", set()).add(role.fact("role"))
    faults: list[str] = []
    for conflict in conflicts:
        pair = conflict.fact("pair") or []
        faults += lacking(conflict, approved_by="approver", approved_on="day of approval")
        if len(set(pair)) != 2:
            faults.append(f"{conflict.name} does not name two duties")
        allowed = {x["person"] for x in conflict.fact("exceptions") or [] if _in_date(x["expires"], at)}
        faults += [f"{conflict.name} excepts {x['person']} {w}" for x, w in _unsound(conflict)]
        both = [who for who, roles in sorted(held.items()) if who and len(set(pair)) == 2 and roles >= set(pair)]
        faults += [f"{who} holds both {' and '.join(pair)} ({conflict.name})" for who in both if who not in allowed]
    return told(faults)


def _in_date(expires: str | None, at: datetime) -> bool:
    return expires is not None and date.fromisoformat(expires) >= at.date()


def _unsound(conflict: Resource) -> Iterator[tuple[dict[str, str | None], str]]:
    """The exceptions that do not hold, and why."""
    for exception in conflict.fact("exceptions") or []:
        if not exception["expires"]:
            yield exception, "without an end"
        if not exception["reason"] or not exception["approved_by"]:
            yield exception, "without a reason or an approver"
        elif exception["approved_by"] == exception["person"]:
            yield exception, "by that person's own approval"
