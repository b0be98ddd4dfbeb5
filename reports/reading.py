"""Take a view of a sealed run from the store: what it recorded, and the findings that were in force at its end.

- Only sealed runs are shown. What lies after the last checkpoint is not evidence yet.
- Words come from the run's own documents: a check that was renamed since is told as it was called then.
- A place that the configuration no longer named then no longer counts, and a run of some targets tells of those.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from evidence_store.database import FindingRow, SealedRun, Store
from evidence_store.records import Json, Scope, Severity, Status, format_time
from mappings.catalogue import Catalogue, Role, restore
from mappings.exceptions import ApprovedException, Exceptions
from reports.view import ControlLine, CoverageRow, Definition, Excuse, Reported, RunView, SignedTree, Stream


class NoRunError(LookupError):
    """Nothing was sealed yet, or nothing by the time asked for."""


class Sealed:
    """One sealed run and its documents; each is read once, when it is asked for."""

    def __init__(self, store: Store, run: SealedRun) -> None:
        self.store = store
        self.run = run
        self.selected: Mapping[str, Json] = self.document("selection", {})
        self.definitions = {entry["id"]: Definition.of(entry) for entry in self.document("checks", {"checks": []})["checks"]}
        self.catalogue: Catalogue = restore(self.document("mapping", None) or _NO_MAPPING)
        self.exceptions = Exceptions(self.document("exceptions", []))
        self.places: dict[str, tuple[Scope, ...]] = {
            target: tuple(Scope(*scope) for scope in scopes) for target, scopes in self.document("places", {}).items()
        }
        self._detail: Json = None

    @classmethod
    def at(cls, store: Store, moment: datetime | None = None) -> "Sealed":
        """The last run sealed at or before a time, or the last of all. Raises `NoRunError`."""
        run = store.run_at(moment)
        if run is not None:
            return cls(store, run)
        if moment is None or store.run_at() is None:
            raise NoRunError("this store holds no sealed run yet; `scanner run` makes the first one")
        first = list(store.runs())[-1]
        raise NoRunError(f"no run was sealed by {format_time(moment)}; the first one ended at {format_time(first.finished)}")

    @classmethod
    def of(cls, store: Store, run: str) -> "Sealed":
        """The run of this id, whatever was sealed after it. Raises `NoRunError`."""
        found = next((sealed for sealed in store.runs() if sealed.id == run), None)
        if found is None:
            raise NoRunError(f"no run {run} is sealed in this store")
        return cls(store, found)

    def document(self, kind: str, otherwise: Json) -> Json:
        digest = self.run.documents.get(kind)
        return otherwise if digest is None else self.store.document(digest)

    @property
    def detail(self) -> Json:
        """What the run's end recorded: coverage, assessments, who was last judged when."""
        if self._detail is None:
            self._detail = self.store.detail(self.run.leaf) or {}
        return self._detail

    @property
    def tree(self) -> SignedTree:
        """The checkpoint, its root in base64 as the signed note words it."""
        _, size, root = self.run.checkpoint.body.split("\n")[:3]
        return SignedTree(self.run.checkpoint.origin, int(size), root)

    def coverage(self) -> tuple[CoverageRow, ...]:
        kinds = {target["name"]: target["kind"] for target in self.document("config", {}).get("targets", ())}
        return tuple(CoverageRow.of(row, kinds.get(row["target"], "")) for row in self.detail.get("coverage", ()))

    def controls(self, wanted: Collection[str] | None = None) -> tuple[ControlLine, ...]:
        """The assessments, in the order of the standard; all of them, or some."""
        return tuple(
            control_line(entry, self.catalogue)
            for entry in self.detail.get("assessments", ())
            if wanted is None or entry["id"] in wanted
        )

    def owners(self) -> dict[Scope, str]:
        """Which target reaches a scope; the first that was named, where several do."""
        found: dict[Scope, str] = {}
        for target, scopes in self.places.items():
            for scope in scopes:
                found.setdefault(scope, target)
        return found

    def findings(
        self,
        checks: Collection[str] | None = None,
        severity: Severity | None = None,
        statuses: Collection[Status] | None = None,
        targets: Collection[str] | None = None,
    ) -> Iterator[Reported]:
        """The findings in force at the run's end, by check and uid. `severity`: this one or worse."""
        targets_of = self.owners()
        chosen = None if targets is None else {scope for name in targets for scope in self.places.get(name, ())}
        for row in self.store.findings(self.run.leaf, checks, severity, statuses):
            if not targets_of or (row.scope in targets_of and (chosen is None or row.scope in chosen)):
                yield self._reported(row, targets_of.get(row.scope, ""))

    def _reported(self, row: FindingRow, target: str) -> Reported:
        definition = self.definitions.get(row.check)
        excepted = self.exceptions.covers(row.check, row.uid, self.run.finished) if row.status is Status.FAIL else None
        return Reported(
            check=row.check,
            severity=row.severity,
            status=row.status,
            reason=row.reason,
            target=target,
            scope=row.scope,
            type=row.type,
            uid=row.uid,
            controls=definition.controls if definition else (),
            since=row.since_time,
            exception=excuse_of(excepted),
            lapsed=self._lapsed(row) if row.status is Status.FAIL and excepted is None else "",
        )

    def _lapsed(self, row: FindingRow) -> str:
        exception = self.exceptions.lapsed(row.check, row.uid, self.run.finished)
        return exception.id if exception else ""

    def records(self, type_: str) -> list[dict[str, Json]]:
        """The facts of every ISMS record of a type, in the places that counted, as they stood at the run's end."""
        known = self.owners()
        return [
            {name: value for facet in facets.values() for name, value in facet.items()}
            for scope, _, facets in self.store.resources(None, type_, at=self.run.leaf)
            if not known or scope in known
        ]

    def invalid_exceptions(self) -> tuple[str, ...]:
        """The exceptions that did not count when the run ended, each with the reason."""
        invalid = self.exceptions.invalid(self.run.finished)
        return tuple(f"{each.id or 'an exception without an id'}: {each.why}" for each in invalid)

    def blind_spot(self, scope: Scope, action: str) -> Excuse | None:
        return excuse_of(self.exceptions.covers_blind_spot(scope, action, self.run.finished))


_NO_MAPPING: Mapping[str, Json] = {"schema": "annexa.mapping/1", "controls": [], "rows": [], "headings": {}}


def run_view(
    store: Store, at: datetime | None = None, *, run_id: str | None = None, checks: Collection[str] | None = None
) -> RunView:
    """A run by its id, the last one sealed by `at`, or the last; its selected checks, or these.

    Raises `NoRunError`, `StoreError`.
    """
    sealed = Sealed.at(store, at) if run_id is None else Sealed.of(store, run_id)
    run, selected = sealed.run, sealed.selected
    chosen = checks if checks is not None else selected.get("checks", list(sealed.definitions))
    targets = selected.get("targets")
    return RunView(
        id=run.id,
        started=run.started,
        finished=run.finished,
        version=run.about.get("version", ""),
        complete=run.outcome.get("complete", False),
        findings=Stream(lambda: sealed.findings(chosen, targets=targets)),
        definitions={check: sealed.definitions[check] for check in sorted(chosen) if check in sealed.definitions},
        coverage=sealed.coverage(),
        controls=sealed.controls(_controls(sealed, chosen)),
        checkpoint=sealed.tree,
        planned=_planned(sealed, len(chosen)),
        blind_spot=sealed.blind_spot,
        unanswerable=tuple(sealed.definitions[c] for c in selected.get("unanswerable", ()) if c in sealed.definitions),
        unconfigured=tuple(sealed.document("unconfigured", [])),
        invalid_exceptions=sealed.invalid_exceptions(),
        targets=tuple(sorted(targets if targets is not None else sealed.places)),
        narrowed=_narrowed(sealed, chosen),
    )


def _narrowed(sealed: Sealed, checks: Collection[str]) -> tuple[str, ...]:
    """What the run was limited to: the controls asked for, or else the checks; nothing where all were selected."""
    if asked := sealed.selected.get("controls", ()):
        return tuple(asked)
    everything = set(checks) | set(sealed.selected.get("unanswerable", ())) >= set(sealed.definitions)
    return () if everything else tuple(sorted(checks))


def _controls(sealed: Sealed, checks: Collection[str]) -> set[str] | None:
    """The controls that the selection is about; `None` where everything was selected."""
    asked = sealed.selected.get("controls", ())
    if not asked and set(checks) | set(sealed.selected.get("unanswerable", ())) >= set(sealed.definitions):
        return None
    named = {control for text in asked for control in sealed.catalogue.resolve(text)}
    known = set(sealed.catalogue.select(asked)) if asked else set()
    return named | {control for check in checks if check not in known for control in sealed.catalogue.controls_by(check)}


def _planned(sealed: Sealed, checks: int) -> str:
    sources = sum(len(names) for names in sealed.selected.get("sources", {}).values())
    asked = sealed.selected.get("controls", ())
    needs = f"{checks:,} {'check' if checks == 1 else 'checks'}, {sources:,} {'source' if sources == 1 else 'sources'}"
    who = f"{', '.join(asked)} {'needs' if len(asked) == 1 else 'need'} " if asked else ""
    return f"{who}{needs}; {sealed.run.outcome.get('calls', 0):,} calls made"


def control_line(entry: Mapping[str, Json], catalogue: Catalogue) -> ControlLine:
    """From an assessment as the run recorded it, and the mapping of that run."""
    control = catalogue.controls.get(entry["id"])
    return ControlLine(
        id=entry["id"],
        title=control.title if control else "",
        theme=control.theme if control else "",
        assessment=entry["assessment"],
        missing=tuple(entry["missing"]),
        passed=entry["pass"],
        failed=entry["fail"],
        unknown=entry["unknown"],
        excepted=entry["excepted"],
        oldest_evidence=entry["oldest_evidence"],
        max_age_days=entry["max_age_days"],
        worst=entry.get("worst"),
        reasons=tuple(entry.get("reasons", ())),
        observations=entry.get("observations", 0),
        not_observable=entry.get("not_observable", ""),
        has_checks=bool(catalogue.rows_of(entry["id"], Role.PRIMARY)),
        document=entry,
    )


def excuse_of(exception: ApprovedException | None) -> Excuse | None:
    if exception is None:
        return None
    expires = format_time(exception.expires)[:10] if exception.expires else ""
    return Excuse(exception.id, exception.reason, exception.owner, exception.approved_by, expires, exception.risk)
