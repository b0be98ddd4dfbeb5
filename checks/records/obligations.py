"""Duties by law and contract, and personal data."""

from datetime import datetime

from checks.check import Unknown, check
from checks.records.registers import NIL_RETURN, done, entries, lacking, nil_return, some, stale, told
from evidence_store.records import Inventory, Resource


@check(
    on="records.isms",
    severity="medium",
    version=1,
    looks_up={"records.obligation": ("source", "duty", "addressed", "owner", "reviewed_on")},
    fix="List in isms/obligations.toml each law and contract with its duty, how it is met, an owner and the last review.",
)
def rec_legal_register(isms: Resource, *, at: datetime, inventory: Inventory, review_days: int = 365) -> str | None:
    """Duties by law and contract are known, with an owner and a review in the interval.

    Nobody can keep a duty that they do not know of, and laws change.

    `review_days`: how long a review of an entry holds, in days
    """
    duties = entries(inventory, "obligation")
    if not duties:
        return f"{isms.name} has no register of duties in isms/obligations.toml"
    faults: list[str] = []
    for entry in duties:
        faults += lacking(entry, duty="duty", addressed="way to meet it", owner="owner")
        faults += stale(entry, "reviewed_on", at, review_days, "reviewed")
    return told(faults)


@check(
    on="records.isms",
    severity="high",
    version=1,
    looks_up={
        "records.processing": (
            *("purpose", "basis", "systems", "assessment_needed", "assessment", "assessed_on"),
            *("owner", "reviewed_on"),
        ),
        "records.asset": ("id", "personal_data"),
        "records.nil_return": NIL_RETURN,
    },
    fix="List each processing of personal data with basis, systems, owner, review and, where needed, impact assessment.",
)
def rec_privacy_register(
    isms: Resource, *, at: datetime, inventory: Inventory, review_days: int = 365, nil_return_days: int = 365
) -> str | Unknown | None:
    """The register of processing is current and covers each system that holds personal data.

    Who processes personal data has to be able to say why, on what basis and where, and has to have thought of what it
    may do to people.

    `review_days`: how long a review of an entry holds, in days
    `nil_return_days`: how long a statement that no personal data is processed holds, in days
    """
    assets = entries(inventory, "asset")
    holders = [asset.fact("id") for asset in assets if asset.fact("personal_data")]
    register = entries(inventory, "processing")
    if not register and not holders:
        unsaid = nil_return(inventory, "processing", "processing.toml", at, nil_return_days)
        return f"{isms.name}: {unsaid}" if unsaid else None
    faults: list[str] = []
    for entry in register:
        faults += lacking(entry, basis="legal basis", owner="owner", systems="systems")
        faults += stale(entry, "reviewed_on", at, review_days, "reviewed")
        if entry.fact("assessment_needed") and not (entry.fact("assessment") and done(entry, "assessed_on", at)):
            faults.append(f"{entry.name} needs an impact assessment and has no dated one")
    named = {system for entry in register for system in entry.fact("systems") or []}
    missing = [id_ for id_ in holders if id_ not in named]
    faults += [f"no processing is listed for {some(missing)}, which hold personal data"] if missing else []
    unclassified = [asset.name for asset in assets if asset.fact("personal_data") is None]
    undecided = [entry.name for entry in register if entry.fact("assessment_needed") is None]
    if not faults and unclassified:
        return Unknown(f"isms/assets.toml does not say whether {some(unclassified)} hold personal data")
    if not faults and undecided:
        return Unknown(f"isms/processing.toml does not say whether {some(undecided)} need an impact assessment")
    return told(faults)
