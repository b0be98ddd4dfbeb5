"""Incidents, their lessons, the plan, exercises, continuity and restoring."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from checks.check import Unknown, check
from checks.records.registers import NIL_RETURN, day, done, entries, lacking, nil_return, some, stale, told, within
from evidence_store.records import Inventory, Resource


@check(
    on="records.isms",
    severity="high",
    version=1,
    looks_up={
        "records.incident_plan": ("id", "version", "effective_on", "approved_by", "text_words", "location"),
        "records.exercise": ("plan", "latest", "date", "scenario", "actions"),
    },
    fix="Review the incident plan, play a scenario with those who would respond, and note both with the actions that follow.",
)
def rec_incident_plan_exercised(
    isms: Resource, *, at: datetime, inventory: Inventory, review_days: int = 365, exercise_days: int = 365
) -> str | None:
    """The plan for incidents is current and was exercised in the interval.

    In an incident there is no time to find out that the plan names people who left or systems that are gone.

    `review_days`: how long an approval or a review of the plan holds, in days
    `exercise_days`: how long an exercise holds, in days
    """
    plans = entries(inventory, "incident_plan")
    if not plans:
        return f"{isms.name} has no plan for incidents in isms/incident_plan.toml"
    faults: list[str] = []
    for plan in plans:
        faults += lacking(plan, version="version", approved_by="approver")
        faults += stale(plan, "effective_on", at, review_days, "approved or reviewed")
        if not plan.fact("text_words") and not plan.fact("location"):
            faults.append(f"{plan.name} has no text and names no place where it is kept")
    return told(faults + _unexercised(inventory, "incident", at, exercise_days))


def _unexercised(inventory: Inventory, plan: str, at: datetime, days: int) -> list[str]:
    """Why the last exercise of a plan is not enough."""
    last = list(inventory.where("records.exercise", plan=plan, latest=True))
    if not last:
        return [f"isms/exercises.toml has no exercise of the {plan} plan"]
    exercise = last[0]
    faults = stale(exercise, "date", at, days, "held") + lacking(exercise, scenario="scenario")
    if exercise.fact("actions") is None:
        faults.append(f"{exercise.name} does not say what follows from it; an empty list says: nothing")
    return faults + list(_open_actions(exercise, at))


def _open_actions(entry: Resource, at: datetime) -> Iterable[str]:
    """The actions of an entry that nobody has to do, or that are late."""
    for action in entry.fact("actions") or []:
        if action["done_on"] and date.fromisoformat(action["done_on"]) <= at.date():
            continue
        if not action["owner"] or not action["due"]:
            yield f"{entry.name}: {action['action']!r} has no owner or no due date"
        elif date.fromisoformat(action["due"]) < at.date():
            yield f"{entry.name}: {action['action']!r} was due on {action['due']}"


@check(
    on="records.isms",
    severity="high",
    version=1,
    looks_up={
        "records.incident": ("id", "class", "owner", "detected", "contained", "closed"),
        "records.nil_return": NIL_RETURN,
    },
    fix="Complete times, class and owner of the incidents named in isms/incidents.toml, and contain and close what is late.",
)
def rec_incident_timeline(
    isms: Resource,
    *,
    at: datetime,
    inventory: Inventory,
    contain_hours: int = 72,
    close_days: int = 90,
    nil_return_days: int = 100,
) -> str | None:
    """Each incident has a class, an owner, and was contained and closed in time.

    The times show whether the response works; an incident without an owner or an end is one that nobody works on.

    `contain_hours`: how soon after its detection an incident has to be contained, in hours
    `close_days`: how soon after its detection an incident has to be closed, in days
    `nil_return_days`: how long a statement that there was no incident holds, in days
    """
    incidents = entries(inventory, "incident")
    if not incidents:
        unsaid = nil_return(inventory, "incident", "incidents.toml", at, nil_return_days)
        return f"{isms.name}: {unsaid}" if unsaid else None
    faults: list[str] = []
    for incident in incidents:
        faults += lacking(incident, **{"class": "class"}, owner="owner", detected="time of detection")
        faults += _too_late(incident, "contained", timedelta(hours=contain_hours), at)
        faults += _too_late(incident, "closed", timedelta(days=close_days), at)
        contained, closed = incident.time("contained"), incident.time("closed")
        if contained is not None and closed is not None and closed < contained:
            faults.append(f"{incident.name} was closed before it was contained")
        if contained is None and closed is not None:
            faults.append(f"{incident.name} was closed without a time of containment")
    return told(faults)


def _too_late(incident: Resource, fact: str, limit: timedelta, at: datetime) -> list[str]:
    """A fault where a step came before the detection, lies ahead, came late, or is due and has not come."""
    detected, reached = incident.time("detected"), incident.time(fact)
    if detected is None:
        return []
    by = detected + limit
    if reached is not None and reached > at:
        return [f"{incident.name} says that it was {fact} at {reached:%Y-%m-%d %H:%M}, which lies ahead"]
    if reached is not None and reached < detected:
        return [f"{incident.name} was {fact} before it was detected"]
    if (reached or at) > by:
        return [f"{incident.name} was not {fact} by {by:%Y-%m-%d %H:%M} UTC"]
    return []


@check(
    on="records.isms",
    severity="medium",
    version=1,
    looks_up={
        "records.incident": ("id", "class", "closed"),
        "records.incident_review": ("incident", "cause", "actions", "done_on"),
        "records.nil_return": NIL_RETURN,
    },
    fix="Review each serious incident: note its cause and actions in isms/incident_reviews.toml, and finish what is late.",
)
def rec_incident_lessons(
    isms: Resource,
    *,
    at: datetime,
    inventory: Inventory,
    serious: tuple[str, ...] = ("critical", "high"),
    review_days: int = 30,
    nil_return_days: int = 100,
) -> str | Unknown | None:
    """Serious incidents were reviewed: the cause is known, and what follows from it is done in time.

    An incident that teaches nothing comes back.

    `serious`: the classes of incidents that need a review
    `review_days`: how soon after the closing of an incident the review has to be held, in days
    `nil_return_days`: how long a statement that there was no incident holds, in days
    """
    incidents = entries(inventory, "incident")
    if not incidents:
        unsaid = nil_return(inventory, "incident", "incidents.toml", at, nil_return_days)
        return f"{isms.name}: {unsaid}" if unsaid else None
    unclassified = [i.name for i in incidents if i.fact("class") is None]
    faults: list[str] = []
    for incident in incidents:
        closed = day(incident, "closed")
        if incident.fact("class") not in serious or closed is None:
            continue
        reviews = [
            r for r in inventory.where("records.incident_review", incident=incident.fact("id")) if done(r, "done_on", at)
        ]
        by = closed + timedelta(days=review_days)
        if not reviews and at.date() > by:
            faults.append(f"{incident.name}, closed on {closed}, was not reviewed by {by}")
        for review in reviews:
            faults += lacking(review, cause="cause") + list(_open_actions(review, at))
            if review.fact("actions") is None:
                faults.append(f"{review.name} does not say what follows from it; an empty list says: nothing")
    if not faults and unclassified:
        return Unknown(f"isms/incidents.toml gives {some(unclassified)} no class")
    return told(faults)


@check(
    on="records.isms",
    severity="high",
    version=1,
    looks_up={
        "records.continuity_plan": ("service", "rto", "rpo", "owner", "exercised_on", "result", "text_words", "location"),
    },
    fix="Give each continuity plan recovery targets, exercise it, and note day and result in isms/continuity_plans.toml.",
)
def rec_continuity_plan_exercised(
    isms: Resource, *, at: datetime, inventory: Inventory, interval_days: int = 365
) -> str | None:
    """Continuity plans have recovery targets and were exercised with success in the interval.

    A plan that was never tried is a guess at how a disruption would go.

    `interval_days`: how long an exercise holds, in days
    """
    plans = entries(inventory, "continuity_plan")
    if not plans:
        return f"{isms.name} has no continuity plans in isms/continuity_plans.toml"
    faults: list[str] = []
    for plan in plans:
        faults += lacking(plan, owner="owner")
        targets = [word for fact, word in (("rto", "time"), ("rpo", "point")) if plan.fact(fact) is None]
        faults += [f"{plan.name} has no recovery {' and no recovery '.join(targets)} target"] if targets else []
        faults += stale(plan, "exercised_on", at, interval_days, "exercised")
        if plan.fact("exercised_on") and plan.fact("result") != "passed":
            how = plan.fact("result") or "without a result"
            faults.append(f"the exercise of {plan.name} on {day(plan, 'exercised_on')} ended {how}")
    return told(faults)


RESTORABLE = ("system", "application", "database")


@check(
    on="records.isms",
    severity="high",
    version=1,
    looks_up={
        "records.asset": ("id", "type", "criticality", "rto", "rpo"),
        "records.continuity_plan": ("service", "rto", "rpo"),
        "records.restore_test": ("system", "latest", "date", "duration", "data_loss", "result"),
    },
    fix="Restore each critical system from its backups, and note time taken and data lost in isms/restore_tests.toml.",
)
def rec_restore_test(
    isms: Resource,
    *,
    at: datetime,
    inventory: Inventory,
    interval_days: int = 365,
    critical: tuple[str, ...] = ("critical",),
    types: tuple[str, ...] = RESTORABLE,
) -> str | Unknown | None:
    """The last restore of each critical system, in the interval, met its recovery targets.

    A backup is worth what can be restored from it, in the time that the business can wait. Targets are those of the
    asset or, where it has none, of the continuity plan for it.

    `interval_days`: how long a restore holds, in days
    `critical`: the levels of criticality that need a restore
    `types`: the types of asset that can be restored
    """
    systems = [a for a in entries(inventory, "asset") if a.fact("type") in types]
    if not systems:
        return f"{isms.name} has no systems in isms/assets.toml that could be restored"
    faults = [f for s in systems if s.fact("criticality") in critical for f in _unrestored(s, inventory, at, interval_days)]
    unclassified = [system.name for system in systems if system.fact("criticality") is None]
    if not faults and unclassified:
        return Unknown(f"isms/assets.toml does not say how critical {some(unclassified)} are")
    if not any(system.fact("criticality") in critical for system in systems):
        return Unknown(f"no system in isms/assets.toml is {' or '.join(critical)}, so none shows that a restore works")
    return told(faults)


def _limits(system: Resource, inventory: Inventory, target: str) -> list[int]:
    """A recovery target of a system: its own, else that of its continuity plan; empty where there is none."""
    if system.fact(target) is not None:
        return [system.fact(target)]
    plans = entries(inventory, "continuity_plan", service=system.fact("id"))
    return [plan.fact(target) for plan in plans if plan.fact(target) is not None]


def _unrestored(system: Resource, inventory: Inventory, at: datetime, days: int) -> Iterable[str]:
    """Why the last restore of a system is not enough."""
    tests = list(inventory.where("records.restore_test", system=system.fact("id"), latest=True))
    if not tests or not within(day(tests[0], "date"), at, days):
        last = f"was last restored on {day(tests[0], 'date')}, and the limit is {days} days" if tests else "was never restored"
        yield f"{system.name} {last}"
        return
    test = tests[0]
    if test.fact("result") != "passed":
        yield f"the restore of {system.name} on {day(test, 'date')} ended {test.fact('result') or 'without a result'}"
    for fact, target, what in (("duration", "rto", "took"), ("data_loss", "rpo", "lost")):
        limits = _limits(system, inventory, target)
        restore, measured = f"the restore of {system.name} on {day(test, 'date')}", test.fact(fact)
        if not limits:
            yield f"{system.name} has no {target}"
        elif measured is None:
            yield f"{restore} does not say what it {what}"
        elif measured > limits[0]:
            yield f"{restore} {what} {measured} minutes, and the {target} is {limits[0]} minutes"
