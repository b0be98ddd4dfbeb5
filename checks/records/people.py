"""People: roles, competence, screening, agreements, training, leaving."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from checks.check import NotApplicable, Unknown, check
from checks.records.registers import (
    NIL_RETURN,
    PERSON,
    at_work,
    day,
    declared_none,
    done,
    entries,
    lacking,
    over,
    some,
    staff,
    told,
    within,
)
from evidence_store.records import Inventory, Resource


@check(
    on="records.isms",
    severity="medium",
    version=1,
    looks_up={"records.role": ("role", "holder", "deputy", "duties"), "records.person": PERSON},
    fix="Name in isms/roles.toml a holder and a deputy for each role, both at work according to isms/people.toml.",
)
def rec_roles_assigned(
    isms: Resource,
    *,
    at: datetime,
    inventory: Inventory,
    required: tuple[str, ...] = ("top-management", "isms-manager", "internal-auditor", "incident-manager"),
) -> str | None:
    """Each role of the management system has a holder who still works here, and a deputy.

    A duty that nobody holds is not done, least of all on the day when its holder is away. Who works here is what the
    roster says; identity systems have checks of their own that compare accounts with it.

    `required`: the roles that have to be there
    """
    roles = entries(inventory, "role")
    if not roles:
        return f"{isms.name} has no roles in isms/roles.toml"
    here = {person.fact("id") for person in staff(inventory, at)}
    missing = [name for name in required if name not in {role.fact("role") for role in roles}]
    faults = [f"nobody is named for the role {some(missing)}"] if missing else []
    for role in roles:
        faults += lacking(role, holder="holder", deputy="deputy", duties="duties")
        holder, deputy = role.fact("holder"), role.fact("deputy")
        faults += [
            f"{role.name} is held by {who}, who does not work here" for who in (holder, deputy) if who and who not in here
        ]
        if holder and holder == deputy:
            faults.append(f"{role.name} has {holder} as holder and as deputy")
    return told(faults)


@check(
    on="records.isms",
    severity="medium",
    version=1,
    looks_up={
        "records.role": ("role", "holder"),
        "records.competence": ("person", "role", "proof", "obtained_on", "valid_until"),
    },
    fix="Note in isms/competence.toml what shows that each holder of a role can do what it asks, or train them.",
)
def rec_competence(isms: Resource, *, at: datetime, inventory: Inventory) -> str | None:
    """Holders of roles in the management system have proof that they are up to them.

    Training, certificates or practice: something that can be shown, for this role and not run out.
    """
    roles = [role for role in entries(inventory, "role") if role.fact("holder")]
    if not roles:
        return f"{isms.name} has no holders of roles in isms/roles.toml, so no competence can be shown"
    faults: list[str] = []
    for role in roles:
        proofs = list(inventory.where("records.competence", person=role.fact("holder"), role=role.fact("role")))
        sound = [p for p in proofs if p.fact("proof") and not (p.fact("obtained_on") and not done(p, "obtained_on", at))]
        if not sound:
            faults.append(f"{role.fact('holder')} has no proof of competence for the role {role.fact('role')}")
        elif all(over(proof, "valid_until", at) for proof in sound):
            ended = max(str(day(proof, "valid_until")) for proof in sound)
            faults.append(f"the proof of {role.fact('holder')} for the role {role.fact('role')} ended on {ended}")
    return told(faults)


@check(
    on="records.isms",
    severity="high",
    version=1,
    looks_up={
        "records.person": PERSON,
        "records.screening": ("person", "done_on", "start_date", "result", "approved_by"),
        "records.nil_return": NIL_RETURN,
    },
    fix="Screen people before their first day and note it in isms/screenings.toml; where nobody joined, make a nil return.",
)
def rec_screening_done(
    isms: Resource, *, at: datetime, inventory: Inventory, window_days: int = 365, nil_return_days: int = 100
) -> str | Unknown | None:
    """People who joined in the window were screened before they began.

    Afterwards it is too late: access has been given, and the contract signed. The roster says who joined.

    `window_days`: how far back people who joined are looked at, in days
    `nil_return_days`: how long a statement that nobody joined holds, in days
    """
    people = entries(inventory, "person")
    if not people:
        return f"{isms.name} has no roster in isms/people.toml, so it is not known who joined"
    undated = [person.fact("id") for person in people if person.fact("status") == "active" and day(person, "joined") is None]
    if undated:
        return Unknown(f"isms/people.toml does not say when {some(undated)} joined")
    new = [person for person in people if within(day(person, "joined"), at, window_days)]
    if not new and not declared_none(inventory, "screening", at, nil_return_days):
        return Unknown(f"nobody joined in {window_days} days according to isms/people.toml, and no current nil return says so")
    return told(fault for person in new for fault in _unscreened(person, inventory))


def _unscreened(person: Resource, inventory: Inventory) -> Iterable[str]:
    """Why a person was not screened in time."""
    who, joined = person.fact("id"), day(person, "joined")
    found = list(inventory.where("records.screening", person=who))
    dated = [(day(s, "done_on"), s) for s in found if s.fact("done_on")]
    if not dated:
        yield f"{who}, who joined on {joined}, was not screened"
        return
    on, screening = min(dated, key=lambda pair: str(pair[0]))
    starts = min(str(d) for d in (joined, day(screening, "start_date")) if d is not None)
    if str(on) > starts:
        yield f"{who} began on {starts} and was screened on {on}"
    match screening.fact("result"):
        case None:
            yield f"the screening of {who} names no result"
        case "failed" | "waived" if not screening.fact("approved_by"):
            yield f"the screening of {who} was {screening.fact('result')}, and nobody is named who let them begin"


@check(
    on="records.isms",
    severity="high",
    version=1,
    looks_up={
        "records.person": (*PERSON, "confidential"),
        "records.supplier": ("id", "confidential"),
        "records.nda": ("party", "signed_on", "valid_until"),
    },
    fix="Have an agreement on confidentiality signed by each person and supplier named, and note it in isms/ndas.toml.",
)
def rec_nda_signed(isms: Resource, *, at: datetime, inventory: Inventory) -> str | Unknown | None:
    """People and suppliers who can reach confidential information signed an agreement that is in force.

    Without one, telling others is no breach of a duty. Everybody of the roster counts unless it says that they cannot
    reach such information; suppliers have to be classified.
    """
    people = staff(inventory, at)
    if not people:
        return f"{isms.name} names nobody in isms/people.toml who works here"
    suppliers = entries(inventory, "supplier")
    parties = [p.fact("id") for p in people if p.fact("confidential") is not False]
    parties += [s.fact("id") for s in suppliers if s.fact("confidential")]
    faults = [fault for party in parties for fault in _unsigned(party, inventory, at)]
    unclassified = [s.fact("id") for s in suppliers if s.fact("confidential") is None]
    if not faults and unclassified:
        return Unknown(f"isms/suppliers.toml does not say whether {some(unclassified)} can reach confidential information")
    return told(faults)


def _unsigned(party: str, inventory: Inventory, at: datetime) -> Iterable[str]:
    signed = [nda for nda in inventory.where("records.nda", party=party) if done(nda, "signed_on", at)]
    if not signed:
        yield f"{party} has signed no agreement on confidentiality"
    elif all(over(nda, "valid_until", at) for nda in signed):
        yield f"the agreement of {party} ended on {max(str(day(nda, 'valid_until')) for nda in signed)}"


@check(
    on="records.isms",
    severity="high",
    version=1,
    looks_up={
        "records.person": (*PERSON, "privileged"),
        "records.training": ("person", "course", "completed_on"),
    },
    fix="Have the people named complete their training, and note it in isms/training.toml.",
)
def rec_training_complete(
    isms: Resource,
    *,
    at: datetime,
    inventory: Inventory,
    interval_days: int = 365,
    new_days: int = 30,
    target_percent: int = 95,
    courses: tuple[str, ...] = ("security-awareness",),
    privileged_courses: tuple[str, ...] = ("privileged-access",),
) -> str | Unknown | None:
    """Enough people have current training, and everybody with privileged access has the training for it.

    People who were never shown what an attack looks like are the way in; those with privileged access can do most harm.

    `interval_days`: how long a completed course holds, in days
    `new_days`: how long people have after their first day, in days
    `target_percent`: the share of people who need current training in each course
    `courses`: the courses for everybody
    `privileged_courses`: the courses for people with privileged access
    """
    people = [p for p in staff(inventory, at) if not within(day(p, "joined"), at, new_days)]
    if not people:
        return Unknown(f"{isms.name} names nobody in isms/people.toml who works here, so nobody's training is known")
    held = [t for t in entries(inventory, "training") if within(day(t, "completed_on"), at, interval_days)]
    current = {(training.fact("person"), training.fact("course")) for training in held}
    faults: list[str] = []
    for course in courses:
        late = [p.fact("id") for p in people if (p.fact("id"), course) not in current]
        if (len(people) - len(late)) * 100 < target_percent * len(people):
            share = f"{len(people) - len(late)} of {len(people)} people have current training in {course}"
            faults.append(f"{share}, and the target is {target_percent} percent; it is missing for {some(late)}")
    for course in privileged_courses:
        late = [p.fact("id") for p in people if p.fact("privileged") and (p.fact("id"), course) not in current]
        faults += [f"training in {course} is missing for {some(late)}, who have privileged access"] if late else []
    unclassified = [p.fact("id") for p in people if p.fact("privileged") is None]
    if not faults and unclassified and privileged_courses:
        return Unknown(f"isms/people.toml does not say whether {some(unclassified)} have privileged access")
    return told(faults)


@check(
    on="records.isms",
    severity="high",
    version=1,
    looks_up={
        "records.person": PERSON,
        "records.leaver": ("person", "last_day", "access_removed_on", "assets_returned_on", "duties_confirmed_on"),
        "records.hr_leavers": ("person", "last_day"),
        "records.nil_return": NIL_RETURN,
    },
    fix="Finish the checklist in isms/leavers.toml for each person named; where nobody left, make a nil return.",
)
def rec_leaver_checklist(
    isms: Resource,
    *,
    at: datetime,
    inventory: Inventory,
    window_days: int = 365,
    access_days: int = 1,
    assets_days: int = 30,
    nil_return_days: int = 100,
) -> str | NotApplicable | Unknown | None:
    """Everybody who left in the window has a finished checklist: access, assets, duties that go on.

    An account that outlives its owner is an open door that nobody watches. Who left is what the roster, the leaver list
    and the checklists say together.

    `window_days`: how far back people who left are looked at, in days
    `access_days`: how soon after the last day all access has to be removed, in days
    `assets_days`: how soon after the last day assets have to be back and duties confirmed, in days
    `nil_return_days`: how long a statement that nobody left holds, in days
    """
    people = entries(inventory, "person")
    if not people:
        return f"{isms.name} has no roster in isms/people.toml, so it is not known who left"
    undated = [p.fact("id") for p in people if p.fact("status") == "left" and day(p, "left") is None]
    lists = {r.fact("person"): r for r in entries(inventory, "leaver")}
    left = _left(people, lists, inventory, at)
    gone = {who: last for who, last in left.items() if within(last, at, window_days)}
    faults = [f"isms/people.toml does not say when {some(undated)} left"] if undated else []
    if not gone and not faults and not declared_none(inventory, "leaver", at, nil_return_days):
        return Unknown(f"nobody left in {window_days} days according to isms/people.toml, and no current nil return says so")
    steps = (
        ("access_removed_on", "access was not removed", access_days),
        ("assets_returned_on", "assets did not come back", assets_days),
        ("duties_confirmed_on", "duties that go on were not confirmed", assets_days),
    )
    for who, last in sorted(gone.items()):
        late = [(what, last + timedelta(days=n)) for f, what, n in steps if _missed(lists.get(who), f, last, n, at)]
        faults += [f"{who} left on {last}, and {what} by {by}" for what, by in late]
    return told(faults)


def _left(people: list[Resource], lists: dict[str, Resource], inventory: Inventory, at: datetime) -> dict[str, date]:
    """Who left, and when: of the roster, of the personnel system's list, of the checklists."""
    left = {person.fact("id"): day(person, "left") for person in people if not at_work(person, at)}
    left |= {entry.fact("person"): day(entry, "last_day") for entry in entries(inventory, "hr_leavers")}
    left |= {who: day(entry, "last_day") for who, entry in lists.items() if left.get(who) is None}
    return {who: last for who, last in left.items() if last is not None}


def _missed(entry: Resource | None, fact: str, last: date, days: int, at: datetime) -> bool:
    """Whether a step was taken later than so many days after the last day, or was not taken and that time is over."""
    on = day(entry, fact) if entry is not None and done(entry, fact, at) else at.date()
    return on is not None and on > last + timedelta(days=days)
