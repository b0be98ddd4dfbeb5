"""Risk method, risk register, treatment and acceptance."""

from datetime import datetime

from checks.check import NotApplicable, Unknown, check
from checks.records.annex import CONTROLS, control_id
from checks.records.registers import (
    PERSON,
    at_work_now,
    day,
    done,
    entries,
    gone,
    lacking,
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
        "records.risk_method": (
            *("id", "criteria", "likelihood_scale", "impact_scale", "acceptance"),
            *("approved_by", "approved_on", "effective_on"),
        ),
        "records.person": ("id",),
    },
    fix="Write isms/risk_method.toml with criteria, both scales and the acceptance level, and have it approved.",
)
def rec_risk_method(isms: Resource, *, at: datetime, inventory: Inventory, review_days: int = 365) -> str | None:
    """The method of assessing risks names criteria, scales and what is acceptable, and is approved.

    Without one method two assessors reach two results, and nobody can say which risks need the owner's decision.

    `review_days`: how long an approval or a review of the method holds, in days
    """
    methods = entries(inventory, "risk_method")
    if len(methods) != 1:
        return f"{isms.name} has {len(methods)} risk methods in isms/risk_method.toml, and needs one"
    method = methods[0]
    faults = lacking(
        method,
        criteria="criteria",
        likelihood_scale="scale of likelihood",
        impact_scale="scale of impact",
        acceptance="acceptance level",
        approved_by="approver",
        approved_on="day of approval",
    )
    faults += unlisted(method, roster(inventory), approved_by="approver")
    return told(faults or stale(method, "effective_on", at, review_days, "approved or reviewed"))


@check(
    on="records.isms",
    severity="high",
    version=1,
    looks_up={
        "records.risk": ("id", "owner", "likelihood", "impact", "assessed_on"),
        "records.isms_change": ("id", "date", "risks"),
        "records.person": PERSON,
    },
    fix="Assess the risks named again, with likelihood, impact, owner and date, in isms/risks.toml.",
)
def rec_risk_assessment_current(
    isms: Resource, *, at: datetime, inventory: Inventory, interval_days: int = 365, change_days: int = 30
) -> str | None:
    """Every risk has an owner at work and was assessed in the interval, and after each change that calls for it.

    Threats, systems and controls change; a register that is not looked at again describes last year's organization.

    `interval_days`: how old an assessment may be, in days
    `change_days`: how soon after a change the risks that it names have to be assessed again, in days
    """
    risks = entries(inventory, "risk")
    if not risks:
        return f"{isms.name} has no risks in isms/risks.toml"
    faults: list[str] = []
    here = at_work_now(inventory, at)
    changes = [c for c in entries(inventory, "isms_change") if _settled(c, at, change_days)]
    for risk in risks:
        faults += lacking(risk, owner="owner", likelihood="likelihood", impact="impact") + gone(risk, here, owner="owner")
        faults += stale(risk, "assessed_on", at, interval_days, "assessed")
        faults += [
            f"{risk.name} was not assessed again after the change {change.name} of {day(change, 'date')}"
            for change in changes
            if set(change.fact("risks") or []) & {"*", risk.fact("id")}
            and (day(risk, "assessed_on") or day(change, "date")) < day(change, "date")  # type: ignore[operator]  # settled changes have a date
        ]
    return told(faults)


def _settled(change: Resource, at: datetime, days: int) -> bool:
    """Whether the time to look at the risks again after a change is over."""
    on = day(change, "date")
    return on is not None and (at.date() - on).days > days


@check(
    on="records.risk",
    severity="high",
    version=1,
    needs=("residual", "owner", "accepted_by", "accepted_on", "assessed_on"),
    looks_up={"records.risk_method": ("id", "acceptance")},
    fix="Have the owner of the risk accept what remains, with name and date, or treat the risk further.",
)
def rec_risk_residual_accepted(risk: Resource, *, at: datetime, inventory: Inventory) -> str | Unknown | None:
    """What remains of a risk above the acceptance level was accepted by its owner.

    Only the owner may decide to live with a risk, and only with the result of the last assessment in view; an earlier
    approval was given for another risk.
    """
    levels = [m.fact("acceptance") for m in entries(inventory, "risk_method") if m.fact("acceptance") is not None]
    if len(levels) != 1:
        return Unknown(f"isms/risk_method.toml gives no single acceptance level to judge {risk.name} by")
    if risk.fact("residual") is None:
        return f"{risk.name} says nothing of what remains after treatment"
    if risk.fact("residual") <= levels[0]:
        return None
    above = f"{risk.name} remains at {risk.fact('residual')}, above the acceptance level {levels[0]},"
    if not risk.fact("accepted_by") or not done(risk, "accepted_on", at):
        return f"{above} and nobody has accepted it with a date"
    if risk.fact("accepted_by") != risk.fact("owner"):
        return f"{above} and was accepted by {risk.fact('accepted_by')}, who is not its owner"
    assessed, accepted = day(risk, "assessed_on"), day(risk, "accepted_on")
    if assessed is not None and accepted is not None and accepted < assessed:
        return f"{above} and was accepted on {accepted}, before it was assessed on {assessed}"
    return None


@check(
    on="records.isms",
    severity="high",
    version=1,
    looks_up={
        "records.risk": ("id", "option"),
        "records.treatment": ("id", "risk", "action", "owner", "due", "status", "done_on", "escalated_to", "escalated_on"),
    },
    fix="Give each treatment an owner and a date in isms/treatments.toml, finish or escalate what is late.",
)
def rec_risk_treatment_progress(isms: Resource, *, at: datetime, inventory: Inventory) -> str | NotApplicable | None:
    """Treatment of risks has owners and dates, and what is late was escalated.

    A plan that slips unseen leaves the risk as it was. Each risk that is not simply accepted needs an action, and
    someone above has to know when one is late.
    """
    risks = {risk.fact("id"): risk for risk in entries(inventory, "risk")}
    if not risks:
        return f"{isms.name} has no risks in isms/risks.toml, so no treatment can be judged"
    plan = entries(inventory, "treatment")
    live = [t for t in plan if t.fact("status") != "cancelled"]
    planned = {t.fact("risk") for t in live}
    undecided = [name for name, risk in risks.items() if risk.fact("option") is None]
    bare = [n for n, r in risks.items() if r.fact("option") in ("avoid", "mitigate", "transfer") and n not in planned]
    if not plan and not undecided and not bare:
        return NotApplicable("every risk in isms/risks.toml is accepted as it is, so there is nothing to treat")
    faults = [f"no treatment option was chosen for {some(undecided)}"] if undecided else []
    faults += [f"no treatment is planned for {some(bare)}"] if bare else []
    for treatment in live:
        if treatment.fact("risk") not in risks:
            faults.append(f"{treatment.name} treats {treatment.fact('risk')}, which is no risk of the register")
        faults += lacking(treatment, owner="owner", due="due date") + _late(treatment, at)
    return told(faults)


def _late(treatment: Resource, at: datetime) -> list[str]:
    if treatment.fact("status") == "done":
        return [] if done(treatment, "done_on", at) else [f"{treatment.name} is done and names no day on which it was"]
    if not over(treatment, "due", at):
        return []
    if treatment.fact("escalated_to") and done(treatment, "escalated_on", at):
        return []
    return [f"{treatment.name} was due on {day(treatment, 'due')} and was not escalated to a named person"]


@check(
    on="records.isms",
    severity="high",
    version=1,
    looks_up={
        "records.risk": ("id", "option", "controls", "treatment"),
        "records.soa": ("control", "applicable", "reason"),
    },
    fix="Name controls and treatment of each risk to be mitigated, and the reason of each applicable control in isms/soa.toml.",
)
def rec_risk_control_trace(isms: Resource, *, inventory: Inventory) -> str | None:
    """Risks lead to controls, and controls back to a reason.

    The trace in both directions is how an auditor sees that nothing necessary was left out and nothing was chosen for
    no reason: each risk to be mitigated names controls and treatment, each applicable control names why.
    """
    risks, rows = entries(inventory, "risk"), entries(inventory, "soa")
    if not risks or not rows:
        return f"{isms.name} has {len(risks)} risks and {len(rows)} entries in its Statement of Applicability; both are needed"
    faults: list[str] = []
    applicable = {control_id(row.fact("control")) for row in rows if row.fact("applicable")}
    for risk in risks:
        if risk.fact("option") is None:
            faults.append(f"{risk.name} names no treatment option")
        if risk.fact("option") != "mitigate":
            continue
        faults += lacking(risk, controls="controls", treatment="treatment")
        named = [control_id(control) for control in risk.fact("controls") or []]
        faults += [f"{risk.name} names {c}, which is no control" for c in named if c not in CONTROLS]
        faults += [
            f"{risk.name} is treated by {c}, which does not apply" for c in named if c in CONTROLS and c not in applicable
        ]
    bare = [control_id(row.fact("control")) for row in rows if row.fact("applicable") and not row.fact("reason")]
    return told(faults + ([f"no reason is given for {some(bare)}"] if bare else []))
