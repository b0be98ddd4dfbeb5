"""Suppliers: register, agreements, assurance, cloud services."""

import re
from datetime import datetime, timedelta

from checks.check import NotApplicable, Unknown, check
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
    some,
    stale,
    told,
)
from evidence_store.records import Inventory, Resource

TOP = ("critical", "high")
# Reports that look back on a period serve for a year after its end; a certificate ends with its period.
LOOKING_BACK = ("soc1", "soc2", "soc3", "isae3402", "isae3000", "ssae18", "c5", "pentest", "questionnaire")


@check(
    on="records.isms",
    severity="high",
    version=1,
    looks_up={
        "records.supplier": ("id", "tier", "owner", "reviewed_on", "next_review"),
        "records.person": PERSON,
        "records.nil_return": NIL_RETURN,
    },
    fix="Give each supplier in isms/suppliers.toml an owner, a tier, and the days of its last and next review.",
)
def rec_supplier_register(isms: Resource, *, at: datetime, inventory: Inventory, nil_return_days: int = 365) -> str | None:
    """Each supplier has an owner at work, a tier, a last review and a next one that is not overdue.

    What a supplier can lose or leak is managed by how much depends on it, and by someone who looks again.

    `nil_return_days`: how long a statement that there are no suppliers holds, in days
    """
    suppliers = entries(inventory, "supplier")
    if not suppliers:
        unsaid = nil_return(inventory, "supplier", "suppliers.toml", at, nil_return_days)
        return f"{isms.name}: {unsaid}" if unsaid else None
    faults: list[str] = []
    here = at_work_now(inventory, at)
    for supplier in suppliers:
        faults += gone(supplier, here, owner="owner")
        faults += lacking(supplier, owner="owner", tier="tier", reviewed_on="last review", next_review="next review")
        if supplier.fact("reviewed_on") and not done(supplier, "reviewed_on", at):
            faults.append(f"{supplier.name} names {day(supplier, 'reviewed_on')} as its last review, which lies ahead")
        if over(supplier, "next_review", at):
            faults.append(f"{supplier.name} was due for review on {day(supplier, 'next_review')}")
    return told(faults)


def _beneath(supplier: Resource, tiers: tuple[str, ...] | list[str]) -> NotApplicable | Unknown | None:
    """Why the question does not arise for a supplier, or cannot be answered; `None` where it arises."""
    tier = supplier.fact("tier")
    if tier is None:
        return Unknown(f"isms/suppliers.toml gives {supplier.name} no tier")
    return None if tier in tiers else NotApplicable(f"{supplier.name} is of tier {tier}")


@check(
    on="records.supplier",
    severity="high",
    version=1,
    needs=("id", "tier"),
    looks_up={"records.supplier_agreement": ("supplier", "terms", "signed", "valid_until", "ended_on")},
    fix="Agree with the supplier on security and on reporting incidents, and note it in isms/supplier_agreements.toml.",
)
def rec_supplier_agreement(
    supplier: Resource,
    *,
    at: datetime,
    inventory: Inventory,
    tiers: tuple[str, ...] = TOP,
    terms: tuple[str, ...] = ("security", "incident"),
) -> str | NotApplicable | Unknown | None:
    """Important suppliers have terms on security and incidents that are in force.

    What was not agreed cannot be asked for, least of all in the week of an incident.

    `tiers`: the tiers of suppliers that need such terms
    `terms`: the terms that are needed
    """
    if answer := _beneath(supplier, tiers):
        return answer
    agreements = list(inventory.where("records.supplier_agreement", supplier=supplier.fact("id")))
    signed = [a for a in agreements if done(a, "signed", at)]
    force = [a for a in signed if not over(a, "valid_until", at) and not done(a, "ended_on", at)]
    if not force:
        ends = [str(day(a, "ended_on") or day(a, "valid_until")) for a in signed]
        return f"{supplier.name} has no signed agreement in force{f'; the last one ended on {max(ends)}' if ends else ''}"
    settled = {term for a in force for term in a.fact("terms") or []}
    missing = [term for term in terms if term not in settled]
    return f"the agreements with {supplier.name} settle nothing on {some(missing)}" if missing else None


@check(
    on="records.supplier",
    severity="high",
    version=1,
    needs=("id", "tier", "services"),
    looks_up={
        "records.supplier_assurance": ("supplier", "service", "type", "period_end", "scope", "read_by", "read_on", "gaps"),
    },
    fix="Get the supplier's current certificate or report for the service, read it, and note scope and gaps.",
)
def rec_supplier_assurance_current(
    supplier: Resource,
    *,
    at: datetime,
    inventory: Inventory,
    tiers: tuple[str, ...] = TOP,
    serves_days: int = 365,
) -> str | NotApplicable | Unknown | None:
    """Important suppliers show current certificates or reports for the services used, and somebody read what they leave out.

    A certificate for another service, or for last year, says nothing of the one that is used now; one that nobody read
    may say that it is worth nothing.

    `tiers`: the tiers of suppliers that need such assurance
    `serves_days`: how long a report that looks back on a period serves after its end, in days
    """
    if answer := _beneath(supplier, tiers):
        return answer
    services = supplier.fact("services") or []
    if not services:
        return Unknown(f"isms/suppliers.toml does not say which services of {supplier.name} are used")
    held = sorted(inventory.where("records.supplier_assurance", supplier=supplier.fact("id")), key=lambda a: a.uid)
    if not held:
        return f"{supplier.name} has no certificate or report in isms/supplier_assurances.toml"
    faults = {a.uid: _unsound(a, at, serves_days) for a in held}
    bare = [service for service in services if not any(a.fact("service") in (service, "*") and not faults[a.uid] for a in held)]
    if not bare:
        return None
    why = told(fault for found in faults.values() for fault in found)
    return f"no assurance in date covers {some(bare)} of {supplier.name}{f': {why}' if why else ''}"


def _unsound(assurance: Resource, at: datetime, serves_days: int) -> list[str]:
    """Why a certificate or report does not count."""
    faults = lacking(
        assurance, service="service", type="type", period_end="end", scope="scope", read_by="reader", read_on="day of reading"
    )
    if assurance.fact("gaps") is None:
        faults.append(f"{assurance.name} does not say what was found missing; an empty text says: nothing")
    if assurance.fact("read_on") and not done(assurance, "read_on", at):
        faults.append(f"{assurance.name} names {day(assurance, 'read_on')} as the day of reading, which lies ahead")
    kind = re.sub(r"[^a-z0-9]", "", (assurance.fact("type") or "").lower())
    end = day(assurance, "period_end")
    serves = timedelta(days=serves_days if kind.startswith(LOOKING_BACK) else 0)
    if end is not None and end + serves < at.date():
        faults.append(f"{assurance.name} served until {end + serves}")
    return faults


@check(
    on="records.isms",
    severity="medium",
    version=1,
    looks_up={
        "records.cloud_service": ("name", "tier", "responsibility", "exit_plan", "owner", "reviewed_on"),
        "records.nil_return": NIL_RETURN,
    },
    fix="Note for each important cloud service who is responsible for what and how to leave it, and review both every year.",
)
def rec_cloud_exit_plan(
    isms: Resource,
    *,
    at: datetime,
    inventory: Inventory,
    tiers: tuple[str, ...] = TOP,
    review_days: int = 365,
    nil_return_days: int = 365,
) -> str | Unknown | None:
    """Important cloud services have a division of responsibilities and an exit plan, both reviewed.

    What the provider does not do is the customer's, whether noted or not; and who cannot leave has to accept what comes.

    `tiers`: the tiers of cloud services that need both
    `review_days`: how long a review holds, in days
    `nil_return_days`: how long a statement that no cloud services are used holds, in days
    """
    services = entries(inventory, "cloud_service")
    if not services:
        unsaid = nil_return(inventory, "cloud_service", "cloud_services.toml", at, nil_return_days)
        return f"{isms.name}: {unsaid}" if unsaid else None
    faults: list[str] = []
    for service in services:
        if service.fact("tier") in tiers:
            faults += lacking(service, responsibility="responsibilities", exit_plan="exit plan", owner="owner")
            faults += stale(service, "reviewed_on", at, review_days, "reviewed")
    unclassified = [service.name for service in services if service.fact("tier") is None]
    if not faults and unclassified:
        return Unknown(f"isms/cloud_services.toml gives {some(unclassified)} no tier")
    return told(faults)
