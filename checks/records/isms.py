"""Scope, Statement of Applicability, interested parties, documents and objectives."""

import re
from collections.abc import Iterator
from datetime import datetime

from checks.check import check
from checks.records.annex import CONTROLS, control_id
from checks.records.registers import done, entries, lacking, roster, some, stale, told, unlisted
from evidence_store.records import Inventory, Resource

TARGET = re.compile(r"[a-z][a-z0-9_]*:[^\s:]+(:[^\s:]+)?")


@check(
    on="records.isms",
    severity="high",
    version=1,
    looks_up={
        "records.scope": ("statement", "targets", "sites", "exclusions", "approved_by", "approved_on", "effective_on"),
        "records.person": ("id",),
    },
    fix="Write isms/scope.toml: what is covered, the accounts and sites, what is left out and why; have it approved and dated.",
)
def rec_scope_statement(isms: Resource, *, at: datetime, inventory: Inventory, review_days: int = 365) -> str | None:
    """The scope of the management system is written down, approved and current.

    Everything else is judged inside this boundary, so it has to name accounts, sites and what was left out, with reasons.
    Whether the scanner is configured for each account named is compared when controls are assessed, not here.

    `review_days`: how long an approval or a review of the scope holds, in days
    """
    scopes = entries(inventory, "scope")
    if len(scopes) != 1:
        return f"{isms.name} has {len(scopes)} scope statements in isms/scope.toml, and needs one"
    scope = scopes[0]
    faults = lacking(scope, statement="statement", targets="targets", approved_by="approver", approved_on="day of approval")
    faults += unlisted(scope, roster(inventory), approved_by="approver")
    if scope.fact("sites") is None or scope.fact("exclusions") is None:
        faults.append("scope does not say which sites belong to it or what is left out; an empty list says: none")
    faults += [f"scope names {t!r}, which is not written provider:account" for t in _odd(scope.fact("targets") or [])]
    faults += [f"scope leaves out {x['what']} without a reason" for x in scope.fact("exclusions") or [] if not x["reason"]]
    return told(faults or stale(scope, "effective_on", at, review_days, "approved or reviewed"))


def _odd(targets: list[str]) -> Iterator[str]:
    return (target for target in targets if not TARGET.fullmatch(target))


@check(
    on="records.isms",
    severity="critical",
    version=1,
    looks_up={
        "records.soa": ("control", "applicable", "reason", "status", "due", "risks", "approved_by", "approved_on"),
        "records.risk": ("id", "option", "controls"),
        "records.person": ("id",),
    },
    fix="Complete isms/soa.toml: decide on each of the 93 controls, give the reason and the state, and have it approved.",
)
def rec_soa_complete(isms: Resource, *, at: datetime, inventory: Inventory) -> str | None:
    """The Statement of Applicability decides on all 93 controls and agrees with the treatment of risks.

    It is the document that says which controls the organization stands for. A control without a decision, a reason or
    a state, or a risk treated by a control that does not apply, leaves open what is claimed.
    """
    rows = entries(inventory, "soa")
    if not rows:
        return f"{isms.name} has no Statement of Applicability in isms/soa.toml"
    said = [control_id(row.fact("control")) for row in rows]
    applicable = {c for c, row in zip(said, rows, strict=True) if row.fact("applicable")}
    known = roster(inventory)
    groups = {
        "no entry for": [c for c in CONTROLS if c not in said],
        "no such control as": [c for c in said if c not in CONTROLS],
        "more than one entry for": sorted({c for c in said if said.count(c) > 1}),
        "no decision on": [c for c, row in zip(said, rows, strict=True) if row.fact("applicable") is None],
        "no reason for": [c for c, row in zip(said, rows, strict=True) if not row.fact("reason")],
        "no state of": [c for c, r in zip(said, rows, strict=True) if r.fact("applicable") and not r.fact("status")],
        "no due date of": [
            c for c, r in zip(said, rows, strict=True) if r.fact("status") in ("planned", "partial") and not r.fact("due")
        ],
        "no dated approval by somebody of the roster of": [
            c for c, row in zip(said, rows, strict=True) if not _approved(row, known, at)
        ],
        "not applicable, though a risk is treated by": sorted(_treating(inventory) - applicable),
    }
    return told(f"the Statement of Applicability has {what} {some(found)}" for what, found in groups.items() if found)


def _approved(row: Resource, known: set[str], at: datetime) -> bool:
    return row.fact("approved_by") in known and done(row, "approved_on", at)


def _treating(inventory: Inventory) -> set[str]:
    """The controls by which risks are mitigated."""
    risks = entries(inventory, "risk", option="mitigate")
    return {control_id(control) for risk in risks for control in risk.fact("controls") or []}


@check(
    on="records.isms",
    severity="medium",
    version=1,
    looks_up={"records.interested_party": ("party", "need", "addressed", "reviewed_on")},
    fix="List in isms/interested_parties.toml who has needs, what they are and how they are met; review each entry every year.",
)
def rec_interested_parties(isms: Resource, *, at: datetime, inventory: Inventory, review_days: int = 365) -> str | None:
    """Interested parties and their needs are known and were reviewed.

    Customers, authorities, owners and staff expect things of information security. Who does not know them cannot choose
    what to protect, or notice that a need has changed.

    `review_days`: how long a review of an entry holds, in days
    """
    parties = entries(inventory, "interested_party")
    if not parties:
        return f"{isms.name} has no register of interested parties in isms/interested_parties.toml"
    faults = [f for p in parties for f in lacking(p, need="need", addressed="answer to it")]
    return told(faults + [f for p in parties for f in stale(p, "reviewed_on", at, review_days, "reviewed")])


DOCUMENTED = (
    *("4.3", "5.2", "6.1.2", "6.1.3", "6.2", "7.2", "7.5.1"),
    *("8.1", "8.2", "8.3", "9.1", "9.2.2", "9.3.3", "10.2"),
)


@check(
    on="records.isms",
    severity="low",
    version=1,
    looks_up={"records.document": ("id", "owner", "version", "covers")},
    fix="List the documents in isms/documents.toml, each with owner and version, and the clauses that each one answers.",
)
def rec_document_list(isms: Resource, *, inventory: Inventory, clauses: tuple[str, ...] = DOCUMENTED) -> str | None:
    """The list of documents covers what the standard and the organization ask for in writing.

    A document that nobody listed has no owner and no version, and is missing on the day when it is asked for.

    `clauses`: the clauses that ask for something in writing
    """
    documents = entries(inventory, "document")
    if not documents:
        return f"{isms.name} has no list of documents in isms/documents.toml"
    faults = [f for d in documents for f in lacking(d, owner="owner", version="version")]
    named = {clause.strip() for d in documents for clause in d.fact("covers") or []}
    missing = [clause for clause in clauses if clause not in named]
    if missing:
        faults.insert(0, f"no document is listed for clause {some(missing)}")
    return told(faults)


@check(
    on="records.isms",
    severity="medium",
    version=1,
    looks_up={"records.objective": ("objective", "measure", "target", "value", "measured_on", "owner")},
    fix="Give each objective in isms/objectives.toml a measure, a target and an owner, and measure it in each period.",
)
def rec_objectives_measured(isms: Resource, *, at: datetime, inventory: Inventory, period_days: int = 180) -> str | None:
    """Each security objective has a measure, an owner and a value from this period.

    An objective that nobody measures is a wish; nobody can say whether it was reached or what to change.

    `period_days`: how old the last measured value may be, in days
    """
    objectives = entries(inventory, "objective")
    if not objectives:
        return f"{isms.name} has no objectives in isms/objectives.toml"
    faults = [
        fault
        for objective in objectives
        for fault in (
            lacking(objective, measure="measure", target="target", owner="owner", value="measured value")
            + stale(objective, "measured_on", at, period_days, "measured")
        )
    ]
    return told(faults)
