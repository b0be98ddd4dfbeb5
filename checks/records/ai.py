"""AI systems: register and impact assessments."""

from datetime import datetime

from checks.check import NotApplicable, Unknown, check
from checks.records.registers import NIL_RETURN, entries, lacking, nil_return, stale, told
from evidence_store.records import Inventory, Resource


@check(
    on="records.isms",
    severity="high",
    version=1,
    looks_up={
        "records.ai_register": ("system", "owner", "purpose", "data", "supplier", "risk", "reviewed_on"),
        "records.supplier": ("id",),
        "records.nil_return": NIL_RETURN,
    },
    fix="Complete each AI system in isms/ai_systems.toml; where there is none, say so in a nil return.",
)
def rec_ai_register(
    isms: Resource, *, at: datetime, inventory: Inventory, review_days: int = 365, nil_return_days: int = 100
) -> str | None:
    """AI systems are registered with purpose, owner, data, supplier and level of risk.

    They come into use quietly, as a feature or an API key. Whether systems that run are registered is asked by checks on
    what is scanned; here the register has to be complete in itself and reviewed.

    `review_days`: how long a review of an entry holds, in days
    `nil_return_days`: how long a statement that there are no AI systems holds, in days
    """
    systems = entries(inventory, "ai_register")
    if not systems:
        unsaid = nil_return(inventory, "ai_register", "ai_systems.toml", at, nil_return_days)
        return f"{isms.name}: {unsaid}" if unsaid else None
    known = {"own", *(supplier.fact("id") for supplier in entries(inventory, "supplier"))}
    faults: list[str] = []
    for system in systems:
        faults += lacking(system, purpose="purpose", owner="owner", data="data", supplier="supplier", risk="level of risk")
        faults += stale(system, "reviewed_on", at, review_days, "reviewed")
        supplier = system.fact("supplier")
        if supplier and supplier not in known:
            faults.append(f"{system.name} names the supplier {supplier}, which isms/suppliers.toml does not have")
    return told(faults)


@check(
    on="records.ai_register",
    severity="high",
    version=1,
    needs=("id", "risk"),
    looks_up={"records.ai_impact": ("system", "latest", "date", "approved_by", "approved_on")},
    fix="Assess what the AI system may do to people, have the assessment approved, and note it in isms/ai_impacts.toml.",
)
def rec_ai_impact_assessment(
    system: Resource,
    *,
    at: datetime,
    inventory: Inventory,
    risks: tuple[str, ...] = ("critical", "high"),
    interval_days: int = 365,
) -> str | NotApplicable | Unknown | None:
    """Each AI system of higher risk has a current, approved impact assessment.

    What a system may do to people is thought through before it does it, by someone who may say no.

    `risks`: the levels of risk that need an assessment
    `interval_days`: how long an assessment holds, in days
    """
    if system.fact("risk") is None:
        return Unknown(f"isms/ai_systems.toml gives {system.name} no level of risk")
    if system.fact("risk") not in risks:
        return NotApplicable(f"{system.name} is of {system.fact('risk')} risk")
    made = list(inventory.where("records.ai_impact", system=system.fact("id"), latest=True))
    if not made:
        return f"{system.name} has no impact assessment in isms/ai_impacts.toml"
    faults = stale(made[0], "date", at, interval_days, "made")
    return told(faults + lacking(made[0], approved_by="approver", approved_on="day of approval"))
