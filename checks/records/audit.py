"""Audits, management review, nonconformities, exceptions."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from checks.check import check
from checks.records.annex import CLAUSES, CONTROLS, control_id, covered
from checks.records.registers import (
    NIL_RETURN,
    PERSON,
    at_work_now,
    day,
    done,
    entries,
    gone,
    lacking,
    nil_return,
    over,
    roster,
    some,
    stale,
    told,
    unlisted,
)
from evidence_store.records import Inventory, Resource


@check(
    on="records.isms",
    severity="high",
    version=1,
    looks_up={
        "records.audit": ("independent", "latest", "type", "auditor", "date", "findings"),
        "records.nonconformity": ("id",),
    },
    fix="Have someone independent review information security, and note auditor, date and findings with their actions.",
)
def rec_independent_review(isms: Resource, *, at: datetime, inventory: Inventory, interval_days: int = 365) -> str | None:
    """An independent review took place in the interval, and its findings have actions.

    Those who run something do not see its faults; those who do not act on what was found need not have asked.

    `interval_days`: how long a review holds, in days
    """
    reviews = list(inventory.where("records.audit", independent=True, latest=True))
    if not reviews:
        return f"{isms.name} has no audit in isms/audits.toml by an auditor who is independent of what was audited"
    review = reviews[0]
    faults = stale(review, "date", at, interval_days, "made") + lacking(review, auditor="auditor", type="type")
    if review.fact("findings") is None:
        faults.append(f"{review.name} does not say what it found; an empty list says: nothing")
    known = {n.fact("id") for n in entries(inventory, "nonconformity")}
    for finding in review.fact("findings") or []:
        if finding["nonconformity"] and finding["nonconformity"] not in known:
            faults.append(f"{review.name} refers to {finding['nonconformity']}, which isms/nonconformities.toml does not have")
        elif not finding["action"] and not finding["nonconformity"]:
            faults.append(f"{review.name} found {finding['finding']!r}, and no action follows")
    return told(faults)


@check(
    on="records.isms",
    severity="high",
    version=1,
    looks_up={
        "records.audit_programme": ("id", "year", "scope", "auditor", "audited", "planned_on", "done_on"),
        "records.soa": ("control", "applicable"),
    },
    fix="Plan audits in isms/audit_programme.toml that cover all clauses and controls in the cycle, by impartial auditors.",
)
def rec_internal_audit_programme(isms: Resource, *, at: datetime, inventory: Inventory, cycle_years: int = 3) -> str | None:
    """The audit programme covers all clauses and applicable controls within its cycle, by impartial auditors, and is kept.

    The cycle may be any run of years that contains the present one, so a programme may look back, ahead, or both.

    `cycle_years`: the years within which everything has to be audited
    """
    programme = entries(inventory, "audit_programme")
    if not programme:
        return f"{isms.name} has no audit programme in isms/audit_programme.toml"
    excluded = {control_id(r.fact("control")) for r in entries(inventory, "soa") if r.fact("applicable") is False}
    wanted = [id_ for id_ in (*CLAUSES, *CONTROLS) if id_ not in excluded]
    faults = [fault for audit in programme for fault in _neglected(audit, at)]
    gaps: list[list[str]] = []
    for first in range(at.year - cycle_years + 1, at.year + 1):
        seen: set[str] = set()
        for audit in programme:
            if first <= audit.fact("year") < first + cycle_years:
                seen |= covered(audit.fact("scope") or [])
        gaps.append([id_ for id_ in wanted if id_ not in seen])
    least = min(gaps, key=len)
    return told(([f"no audit within {cycle_years} years covers {some(least)}"] if least else []) + faults)


def _neglected(audit: Resource, at: datetime) -> Iterable[str]:
    """What is wrong with one audit of the programme."""
    yield from lacking(audit, scope="scope", auditor="auditor", audited="person whose work is audited")
    if audit.fact("auditor") in (audit.fact("audited") or []):
        yield f"{audit.name} has {audit.fact('auditor')} audit their own work"
    planned = day(audit, "planned_on") or date(audit.fact("year"), 12, 31)
    if audit.fact("done_on") and not done(audit, "done_on", at):
        yield f"{audit.name} names {day(audit, 'done_on')} as the day it was done, which lies ahead"
    elif planned < at.date() and not audit.fact("done_on"):
        yield f"{audit.name} was planned for {planned} and not done"


INPUTS = (
    *("previous_actions", "changes_of_issues", "changes_of_needs", "nonconformities", "measurements"),
    *("audit_results", "objectives", "feedback", "risks", "improvements"),
)


@check(
    on="records.isms",
    severity="high",
    version=1,
    looks_up={"records.management_review": ("latest", "date", "inputs", "decisions", "attendees")},
    fix="Hold a management review with every input, and note inputs, decisions and attendees in isms/management_reviews.toml.",
)
def rec_management_review(
    isms: Resource, *, at: datetime, inventory: Inventory, interval_days: int = 365, inputs: tuple[str, ...] = INPUTS
) -> str | None:
    """Top management reviewed the management system in the interval, with every input, and decided.

    Only top management can change goals, money and people; it has to see all of the inputs to decide well.

    `interval_days`: how long a review holds, in days
    `inputs`: the inputs that the last review has to have
    """
    reviews = list(inventory.where("records.management_review", latest=True))
    if not reviews:
        return f"{isms.name} has no management review in isms/management_reviews.toml"
    review = reviews[0]
    faults = stale(review, "date", at, interval_days, "held") + lacking(review, decisions="decisions", attendees="attendees")
    missing = [name for name in inputs if name not in (review.fact("inputs") or [])]
    return told(faults + ([f"{review.name} did not look at {some(missing)}"] if missing else []))


@check(
    on="records.isms",
    severity="high",
    version=1,
    looks_up={
        "records.nonconformity": (
            *("id", "raised_on", "cause", "action", "owner", "due", "done_on"),
            *("effect_checked_on", "effective"),
        ),
        "records.nil_return": NIL_RETURN,
    },
    fix="Give each nonconformity cause, action, owner and due date, finish what is late, and check that it helped.",
)
def rec_nonconformity_closed(
    isms: Resource,
    *,
    at: datetime,
    inventory: Inventory,
    plan_days: int = 30,
    effect_days: int = 180,
    nil_return_days: int = 365,
) -> str | None:
    """Nonconformities have a cause, an action that is done in time, and a check that it helped.

    Mending what was found without its cause lets it come back; without a look at the effect nobody knows.

    `plan_days`: how soon after it was raised a nonconformity needs cause, action, owner and due date, in days
    `effect_days`: how soon after the action its effect has to be checked, in days
    `nil_return_days`: how long a statement that there were none holds, in days
    """
    found = entries(inventory, "nonconformity")
    if not found:
        unsaid = nil_return(inventory, "nonconformity", "nonconformities.toml", at, nil_return_days)
        return f"{isms.name}: {unsaid}" if unsaid else None
    return told(fault for n in found for fault in _open(n, at, timedelta(days=plan_days), timedelta(days=effect_days)))


def _open(nonconformity: Resource, at: datetime, plan: timedelta, effect: timedelta) -> Iterable[str]:
    """What is missing on the way from a nonconformity to its end."""
    name, raised, acted = nonconformity.name, day(nonconformity, "raised_on"), day(nonconformity, "done_on")
    if raised is None:
        yield f"{name} names no day on which it was raised"
    elif at.date() > raised + plan or acted is not None:
        yield from lacking(nonconformity, cause="cause", action="action", owner="owner", due="due date")
    if acted is None or acted > at.date():
        if over(nonconformity, "due", at):
            yield f"{name} was due on {day(nonconformity, 'due')}"
    elif not done(nonconformity, "effect_checked_on", at):
        if at.date() > acted + effect:
            yield f"{name} was done on {acted}, and its effect was not checked by {acted + effect}"
    elif nonconformity.fact("effective") is None:
        yield f"{name} does not say whether the action helped"
    elif nonconformity.fact("effective") is False:
        yield f"{name}: the action of {acted} did not help, and no new one is noted"


@check(
    on="records.isms",
    severity="high",
    version=1,
    looks_up={
        "records.exception": (
            *("id", "check", "control", "scope", "action", "reason", "owner"),
            *("approved_by", "starts", "expires", "closed_on"),
        ),
        "records.person": PERSON,
        "records.nil_return": NIL_RETURN,
    },
    fix="Renew, close or correct the exceptions named in isms/exceptions.toml; each needs a reason, an approver, an end.",
)
def rec_exceptions_expire(
    isms: Resource, *, at: datetime, inventory: Inventory, longest_days: int = 366, nil_return_days: int = 365
) -> str | None:
    """Every exception to a rule has a reason, an approver other than its owner, and an end that has not passed.

    An exception without an end is a new rule that nobody decided on. Those that were given up are closed with a date.

    `longest_days`: how long an exception may run, in days
    `nil_return_days`: how long a statement that there are no exceptions holds, in days
    """
    found = entries(inventory, "exception")
    if not found:
        unsaid = nil_return(inventory, "exception", "exceptions.toml", at, nil_return_days)
        return f"{isms.name}: {unsaid}" if unsaid else None
    live = [exception for exception in found if not done(exception, "closed_on", at)]
    known, here = roster(inventory), at_work_now(inventory, at)
    strange = [f for e in live for f in unlisted(e, known, approved_by="approver") + gone(e, here, owner="owner")]
    return told([fault for exception in live for fault in _unsound(exception, at, longest_days)] + strange)


def _unsound(exception: Resource, at: datetime, longest_days: int) -> Iterable[str]:
    """Why an exception does not hold."""
    yield from lacking(exception, reason="reason", owner="owner", approved_by="approver", starts="start", expires="end")
    if not any(exception.fact(name) for name in ("check", "control", "action")):
        yield f"{exception.name} does not say what it excepts"
    if exception.fact("owner") and exception.fact("owner") == exception.fact("approved_by"):
        yield f"{exception.name} was approved by its own owner"
    starts, expires = day(exception, "starts"), day(exception, "expires")
    if over(exception, "expires", at):
        yield f"{exception.name} expired on {expires} and was not closed"
    if starts is not None and expires is not None and not 0 <= (expires - starts).days <= longest_days:
        yield f"{exception.name} runs from {starts} until {expires}; the limit is {longest_days} days"
