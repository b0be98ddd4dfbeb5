"""A real store with real runs in it, written as a run writes them, without collecting anything."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import mappings
from evidence_store import keys
from evidence_store.database import Store, open_store
from evidence_store.records import Finding, Json, Observation, Presence, Scope, Severity, Snapshot, Status, Unread
from evidence_store.redaction import Redactor
from evidence_store.sealing import Collected, Sealer
from mappings import soa as statement
from mappings.assessment import Assessment, assess
from mappings.catalogue import Catalogue
from mappings.evidence import Evidence, Judged, Tally
from mappings.exceptions import Exceptions

EU1 = Scope("aws", "123456789012", "eu-west-1")
EU2 = Scope("aws", "123456789012", "eu-west-2")
RECORDS = Scope("records", "acme-isms")
PLACES = {"prod": (EU1, EU2), "isms": (RECORDS,)}
KINDS = {"prod": "aws", "isms": "records"}
JUDGED = ("aws_rds_encrypted", "aws_iam_root_mfa")


@cache
def catalogue() -> Catalogue:
    """The mapping as it ships, whatever checks stand in this tree."""
    folder = Path(mappings.__file__).parent
    files = [path for path in folder.glob("*.toml") if path.name not in ("controls.toml", "clauses.toml")]
    return mappings.load({check for path in files for check in tomllib.loads(path.read_text())})


def definitions() -> list[Json]:
    made: list[Json] = []
    for check in sorted({row.check for row in catalogue().rows}):
        severity = {"aws_iam_root_mfa": "critical", "aws_rds_encrypted": "high"}.get(check, "medium")
        made.append(
            {
                "id": check,
                "title": f"What {check} asks",
                "rationale": "It matters.",
                "fix": "Set it right.",
                "type": "aws.rds.instance",
                "severity": severity,
                "version": 1,
                "parameters": {},
                "controls": list(catalogue().controls_by(check)),
            }
        )
    return made


def said(check: str, name: str, status: Status, reason: str = "", scope: Scope = EU1) -> Finding:
    severity = Severity.CRITICAL if check == "aws_iam_root_mfa" else Severity.HIGH
    return Finding(check, 1, "p", severity, scope, "aws.rds.instance", f"arn:aws:rds:{scope.region}:db:{name}", status, reason)


class Book:
    """A store in a directory, and its runs."""

    def __init__(self, directory: Path) -> None:
        self.keys = keys.load_or_create(directory / "annexa.key")
        self.store: Store = open_store(f"sqlite:///{directory / 'annexa.db'}")
        self.places: Mapping[str, tuple[Scope, ...]] = PLACES
        self.now = datetime(2026, 3, 1, 6, tzinfo=UTC)

    def run(
        self,
        findings: Iterable[Finding],
        *,
        at: datetime | None = None,
        soa: Sequence[Json] = (),
        exceptions: Sequence[Json] = (),
        records: Sequence[Observation] = (),
        selected: Mapping[str, Json] | None = None,
        complete: bool = True,
        judged: Sequence[str] = JUDGED,
        denied: Unread | None = None,
    ) -> None:
        """Seal one run of the target `prod` that gave these findings, and of `isms` with these records."""
        self.now = at or self.now + timedelta(days=1)
        when = self.now
        selection: dict[str, Json] = {
            "controls": [],
            "checks": [d["id"] for d in definitions()],
            "unanswerable": [],
            "targets": list(PLACES),
            "sources": {"aws": ["rds.DescribeDBInstances"]},
        }
        config = {"targets": [{"name": name, "kind": kind} for name, kind in KINDS.items()], "gap_from": "medium"}
        documents = {
            "checks": {"checks": definitions()},
            "mapping": catalogue().document(),
            "config": config,
            "selection": {**selection, **(selected or {})},
        }
        with self.store.writer(self.keys, origin="annexa.example.org/test", clock=lambda: self.now) as writer:
            writer.begin(f"run-{when:%Y%m%d}", documents, {"version": "0.1.0"})
            writer.snapshots("prod", [self._snapshot(EU1, None), self._snapshot(EU2, denied)])
            writer.snapshots("isms", [self._records(records)] if records else [])
            with writer.findings("prod", [EU1, EU2], dict.fromkeys(judged, (1, "p"))) as sink:
                for finding in findings:
                    sink.add(finding, None)
            self.now += timedelta(seconds=90)
            assessments = self._assess(soa, exceptions, judged)
            writer.end(
                coverage=[_row(EU1, None), _row(EU2, denied)],
                assessments=[each.document() for each in assessments],
                documents={
                    "soa": list(soa),
                    "exceptions": list(exceptions),
                    "places": {
                        name: [[s.provider, s.account, s.region] for s in scopes] for name, scopes in self.places.items()
                    },
                },
                outcome={"complete": complete, "calls": 5},
            )
            writer.seal()

    def _assess(self, soa: Sequence[Json], exceptions: Sequence[Json], judged: Sequence[str]) -> tuple[Assessment, ...]:
        known = Exceptions(exceptions)
        excepted: dict[tuple[str, Scope], int] = {}
        for row in self.store.findings(statuses={Status.FAIL}) if exceptions else ():
            if known.covers(row.check, row.uid, self.now):
                excepted[row.check, row.scope] = excepted.get((row.check, row.scope), 0) + 1
        tallies = [
            Tally(
                c.check,
                c.scope,
                c.severity,
                c.status,
                c.count,
                excepted.get((c.check, c.scope), 0) if c.status is Status.FAIL else 0,
            )
            for c in self.store.finding_counts()
        ]
        return assess(
            catalogue(),
            Evidence(
                at=self.now,
                tallies=tallies,
                judged={(check, scope): Judged(self.now) for check in judged for scope in (EU1, EU2)},
                expected={check: frozenset((EU1, EU2)) for check in judged},
                soa=statement.entries(soa),
            ),
        )

    def _snapshot(self, scope: Scope, denied: Unread | None) -> Collected:
        sealer = Sealer(Redactor(self.keys.redaction), self.store.knowing().of(scope, "rds.DescribeDBInstances"))
        presence = Presence.FAILED if denied else Presence.COMPLETE
        return sealer.collected(
            Snapshot(
                scope, "rds.DescribeDBInstances", ("aws.rds.instance",), presence, denied, (), 0, "arn", 1, self.now, self.now
            )
        )

    def _records(self, records: Sequence[Observation]) -> Collected:
        sealer = Sealer(Redactor(self.keys.redaction), self.store.knowing().of(RECORDS, "records"))
        for record in records:
            sealer.add(record)
        types = tuple(sorted({record.type for record in records}))
        snapshot = Snapshot(RECORDS, "records", types, Presence.COMPLETE, None, (), len(records), "me", 0, self.now, self.now)
        return sealer.collected(snapshot)


def _row(scope: Scope, denied: Unread | None) -> Json:
    return {
        "target": "prod",
        "account": scope.account,
        "region": scope.region,
        "source": "rds.DescribeDBInstances",
        "type": "aws.rds.instance",
        "presence": "failed" if denied else "complete",
        "resources": 0 if denied else 3,
        "unread": 0,
        "reason": str(denied) if denied else None,
    }
