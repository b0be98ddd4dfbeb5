"""The Statement of Applicability of a sealed run, with the machine's assessment beside what is declared.

- One row for each of the 93 controls of Annex A, whether the statement mentions it or not; one for each clause.
- The declaration and the assessment stand side by side; neither changes the other. Differences come first.
- Nothing is read per finding: the assessment was made when the run ended; only what is unknown is read to say why.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from evidence_store.database import Store
from evidence_store.records import Json, Status
from mappings import soa as statement
from mappings.catalogue import Catalogue, Role
from mappings.soa import Difference, SoaEntry
from mappings.status import AssessmentStatus
from reports.reading import Sealed, control_line
from reports.summary import Summary, summary_of
from reports.view import ControlLine, SignedTree, stamp

RECORDS = "records"  # the provider whose checks read what people wrote


@dataclass(frozen=True, slots=True)
class ScopeStatement:
    """What the management system covers, as its record says."""

    statement: str = ""
    version: str = ""
    sites: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()
    approved_by: str = ""
    approved_on: str = ""


@dataclass(frozen=True, slots=True)
class SoaRow:
    """One control: what is declared, what was assessed, and how they differ."""

    line: ControlLine
    entry: SoaEntry | None  # `None`: the statement does not mention it
    difference: Difference | None
    difference_reason: str
    coverage: str
    supplier: str
    strength: str  # where the passing primary evidence comes from: `observed`, `records`, both, or nothing

    @property
    def applicability(self) -> str:
        if self.entry is None:
            return "not stated"
        return {True: "applicable", False: "not applicable", None: "not decided"}[self.entry.applicable]

    @property
    def declared(self) -> str:
        """The implementation that the statement declares; nothing where it does not apply or does not say."""
        if self.entry is None or self.entry.applicable is False or self.entry.status is None:
            return ""
        return str(self.entry.status).replace("_", " ")

    @property
    def responsibility(self) -> str:
        """Nothing for what does not apply or is not stated."""
        return "" if self.entry is None or self.entry.applicable is not True else str(self.entry.responsibility)

    @property
    def due(self) -> str:
        return _day(self.entry.due if self.entry else None)

    @property
    def approved_on(self) -> str:
        return _day(self.entry.approved_on if self.entry else None)


@dataclass(frozen=True, slots=True)
class SoaView:
    """The whole statement."""

    run: str
    as_of: datetime  # when the run ended whose evidence this is
    generated: datetime | None
    checkpoint: SignedTree
    scope: ScopeStatement
    version: str  # of the statement: a digest of its content, and the version that its scope names
    approval: str
    rows: tuple[SoaRow, ...]  # the controls of Annex A
    clauses: tuple[SoaRow, ...]
    summary: Summary  # of what is unknown
    invalid_exceptions: tuple[str, ...]

    @property
    def differences(self) -> tuple[SoaRow, ...]:
        """Those that differ, the kind to look at first first."""
        order = list(Difference)
        return tuple(
            row for _, _, row in sorted((order.index(r.difference), i, r) for i, r in enumerate(self.rows) if r.difference)
        )

    def counts(self, rows: Iterable[SoaRow] | None = None) -> dict[str, int]:
        """How many controls have each status, every status named."""
        found = Counter(row.line.assessment for row in (self.rows if rows is None else rows))
        return {str(status): found.get(str(status), 0) for status in AssessmentStatus}

    def applicability(self) -> dict[str, int]:
        found = Counter(row.applicability for row in self.rows)
        return {name: found[name] for name in ("applicable", "not applicable", "not decided", "not stated") if found[name]}


def soa_view(store: Store, at: datetime | None = None, *, generated: datetime | None = None) -> SoaView:
    """The statement as the last run sealed by `at` recorded it. Raises `NoRunError`, `StoreError`."""
    sealed = Sealed.at(store, at)
    entries = statement.entries(sealed.document("soa", []))
    passing = _passing(sealed)
    made = [_row(entry, sealed.catalogue, entries, passing) for entry in sealed.detail.get("assessments", ())]
    annex = tuple(row for row in made if row.line.id.startswith("A."))
    unknown = sealed.findings(statuses=(Status.UNKNOWN, Status.ERROR))
    scope = _scope(sealed)
    return SoaView(
        run=sealed.run.id,
        as_of=sealed.run.finished,
        generated=generated,
        checkpoint=sealed.tree,
        scope=scope,
        version=_version(sealed, scope, entries),
        approval=_approval([row.entry for row in annex], _signed(sealed)),
        rows=annex,
        clauses=tuple(row for row in made if not row.line.id.startswith("A.")),
        summary=summary_of(unknown, sealed.definitions, sealed.coverage(), sealed.blind_spot),
        invalid_exceptions=sealed.invalid_exceptions(),
    )


def _row(
    assessed: Mapping[str, Json], catalogue: Catalogue, entries: Mapping[str, SoaEntry], passing: Mapping[str, str]
) -> SoaRow:
    line = control_line(assessed, catalogue)
    difference = assessed.get("difference")
    return SoaRow(
        line=line,
        entry=entries.get(line.id),
        difference=Difference(difference) if difference else None,
        difference_reason=assessed.get("difference_reason") or "",
        coverage=assessed.get("coverage", "") if line.has_checks else "none",
        supplier=assessed.get("supplier") or "",
        strength=_strength(line.id, catalogue, passing),
    )


def _passing(sealed: Sealed) -> dict[str, str]:
    """The checks that passed somewhere in a place that counts, with their providers."""
    places = sealed.owners()
    return {
        count.check: count.scope.provider
        for count in sealed.store.finding_counts(sealed.run.leaf)
        if count.status is Status.PASS and (not places or count.scope in places)
    }


def _strength(control: str, catalogue: Catalogue, passing: Mapping[str, str]) -> str:
    """Observed is stronger than recorded; both are said."""
    providers = {passing[row.check] for row in catalogue.rows_of(control, Role.PRIMARY) if row.check in passing}
    observed = sorted(providers - {RECORDS})
    named = [f"observed ({', '.join(observed)})"] if observed else []
    return " + ".join(named + (["records"] if RECORDS in providers else []))


def _scope(sealed: Sealed) -> ScopeStatement:
    """From the scope records of the places that counted; several directories make one statement."""
    found = sealed.records("records.scope")
    return ScopeStatement(
        statement=" / ".join(_texts(found, "statement")),
        version=", ".join(_texts(found, "version")),
        sites=tuple(site for facts in found for site in facts.get("sites") or ()),
        exclusions=tuple(_exclusion(each) for facts in found for each in facts.get("exclusions") or ()),
        approved_by=", ".join(_texts(found, "approved_by")),
        approved_on=", ".join(text[:10] for text in _texts(found, "approved_on")),
    )


def _texts(found: Iterable[Mapping[str, Json]], name: str) -> list[str]:
    return [str(facts[name]) for facts in found if facts.get(name)]


def _exclusion(entry: Json) -> str:
    if not isinstance(entry, Mapping):
        return str(entry)
    return f"{entry.get('what', '')} ({entry['reason']})" if entry.get("reason") else str(entry.get("what", ""))


def _version(sealed: Sealed, scope: ScopeStatement, entries: Mapping[str, SoaEntry]) -> str:
    digest = sealed.run.documents.get("soa")
    if digest is None or not entries:
        return "no Statement of Applicability was read in this run"
    return f"{scope.version}, content {digest[:16]}" if scope.version else f"content {digest[:16]}"


def _signed(sealed: Sealed) -> Counter[str]:
    """How many records of the statement are verified (git shows that the approver signed), how many self-declared."""
    found = sealed.store.resources(None, "records.soa", ("provenance",), at=sealed.run.leaf)
    return Counter(facets["provenance"].get("strength") for _, _, facets in found if "provenance" in facets)


def _approval(entries: Iterable[SoaEntry | None], signed: Mapping[str, int]) -> str:
    """Who approved the statement and when, how strong that evidence is, and how many rows nobody has."""
    known = [entry for entry in entries if entry is not None]
    approved = [entry for entry in known if entry.approved_by and entry.approved_on]
    if not approved:
        return "not approved: no row names an approver and a date" if known else ""
    names = sorted({entry.approved_by for entry in approved})
    days = sorted({_day(entry.approved_on) for entry in approved})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    without = len(known) - len(approved)
    verified, number = signed.get("verified", 0), sum(signed.values())
    strength = (
        "self-declared" if not verified else "verified" if verified == number else f"{verified} of {number} rows verified"
    )
    return f"{', '.join(names)}, {when} ({strength})" + (f"; rows without approval: {without}" if without else "")


def _day(moment: datetime | None) -> str:
    return (stamp(moment) or "")[:10]
