"""A store on SQLite and on PostgreSQL, a clock that a test turns, and an estate with a history worth verifying."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from evidence_store import database, keys, redaction, sealing, side_file, verification
from evidence_store.firings import Firing, Missed, WhyMissed
from evidence_store.records import (
    Finding,
    Json,
    Lookup,
    Observation,
    Presence,
    Scope,
    Severity,
    Snapshot,
    Status,
    Unread,
    UnreadFacet,
    Why,
)

IRELAND = Scope("aws", "111111111111", "eu-west-1")
OHIO = Scope("aws", "111111111111", "us-east-2")
ISMS = Scope("records", "isms")
DENIED = Unread(Why.DENIED, "s3:GetBucketPolicy", "AccessDenied")
PARAMETERS = "ab" * 32


class Clock:
    """Moves on by a second at each look; a test may set it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class Bench:
    """A store with its keys and clock, and short ways to write to it."""

    url: str
    keys: keys.Keys
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.store = database.open_store(self.url)
        self.redactor = redaction.Redactor(self.keys.redaction)

    def collect(
        self,
        facts: Mapping[str, Json],
        *,
        scope: Scope = IRELAND,
        source: str = "s3.ListBuckets",
        type_: str = "aws.s3.bucket",
        facet: str = "config",
        presence: Presence = Presence.COMPLETE,
        unread: Iterable[UnreadFacet] = (),
        secret: Iterable[str] = (),
    ) -> sealing.Collected:
        """Facts by uid, sealed against what the store knows."""
        sealer = sealing.Sealer(self.redactor, self.store.knowing().of(scope, source))
        for uid, of_uid in facts.items():
            sealer.add(Observation(type_, uid, of_uid, facet), tuple(secret))
        reason = None if presence is Presence.COMPLETE else Unread(Why.DENIED, "s3:ListAllMyBuckets", "AccessDenied")
        now = self.clock.now
        snapshot = Snapshot(
            scope, source, (type_,), presence, reason, tuple(unread), 0, "arn:aws:iam::1:role/scan", 1, now, now
        )
        return sealer.collected(snapshot)

    def run(self, run_id: str, facts: Mapping[str, Json], statuses: Mapping[str, Status] | None = None, **options: Any) -> int:
        """A whole run of one target with one source; the leaf of its end."""
        with self.writer(wait=60) as writer:
            writer.begin(run_id, {"config": {"targets": ["prod"]}})
            writer.snapshots("prod", [self.collect(facts, **options)])
            if statuses is not None:
                self.judge(writer, statuses)
            leaf: int = writer.end(coverage=[], assessments=[])
            writer.seal()
        return leaf

    def judge(self, writer: database.Writer, statuses: Mapping[str, Status], **options: Any) -> None:
        check, scope = options.get("check", "aws_s3_private"), options.get("scope", IRELAND)
        with writer.findings(options.get("target", "prod"), [scope], {check: (1, PARAMETERS)}) as sink:
            for uid, status in statuses.items():
                sink.add(finding(uid, status, check=check, scope=scope, lookups=options.get("lookups", ())), self.clock.now)

    def writer(self, **options: Any) -> Any:
        return self.store.writer(self.keys, origin="annexa/test", clock=self.clock, **options)

    def verify(self, **options: Any) -> verification.Report:
        options.setdefault("witness", side_file.notes(self.keys.checkpoints))
        with self.store.evidence() as evidence:
            return verification.verify(evidence, self.keys.public, **options)


def finding(uid: str, status: Status, *, check: str = "aws_s3_private", scope: Scope = IRELAND, lookups: Any = ()) -> Finding:
    reason = "" if status is Status.PASS else f"{uid} is open to everyone"
    return Finding(check, 1, PARAMETERS, Severity.HIGH, scope, "aws.s3.bucket", uid, status, reason, tuple(lookups))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/annexa.db"
        return
    with request.getfixturevalue("postgresql").database() as made:
        yield made


@pytest.fixture
def bench(url: str, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(url, keys.load_or_create(tmp_path / "annexa.key"))
    yield made
    made.store.close()


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Bench]:
    """On SQLite alone, for what does not depend on the database."""
    made = Bench(f"sqlite:///{tmp_path}/annexa.db", keys.load_or_create(tmp_path / "annexa.key"))
    yield made
    made.store.close()


@pytest.fixture
def eventful(bench: Bench) -> Bench:
    """A store in which everything has happened once: change, return, loss, denial, failure, an abandoned run, two targets."""
    fill(bench)
    return bench


def scheduled(bench: Bench) -> Firing:
    """A schedule whose third due time is claimed; the two before it were missed, and the log does not know it yet."""
    began, day = bench.clock.now, timedelta(days=1)
    bench.store.firings.register("nightly", {"name": "nightly", "every": "24h"}, began)
    (standing,) = bench.store.firings.standings()
    missed = Missed(2, began + day, began + 2 * day, WhyMissed.DOWN)
    firing = bench.store.firings.claim(standing, began + 3 * day, missed, "one", timedelta(seconds=60))
    assert firing is not None
    return firing


def fill(bench: Bench) -> None:
    a, b, c = "arn:aws:s3:::a", "arn:aws:s3:::b", "arn:aws:s3:::ç"
    fail, ok, unknown = Status.FAIL, Status.PASS, Status.UNKNOWN
    open_, shut = {"Public": True, "Tags": {"owner": "x"}}, {"Public": False, "Tags": {"owner": "x"}}
    bench.run("r1", {a: open_, b: shut, c: shut}, {a: fail, b: ok, c: ok})
    bench.run("r2", {a: shut, b: shut, c: shut}, {a: ok, b: ok, c: fail})
    denied = [UnreadFacet("aws.s3.bucket", b, "config", DENIED)]
    bench.run("r3", {a: open_, c: shut}, {a: fail, b: unknown, c: unknown}, unread=denied)
    with bench.writer() as writer:
        writer.begin("r4", {"config": {"targets": ["prod"]}, "soa": {"version": 1}})
        partial = bench.collect({a: open_}, presence=Presence.PARTIAL)
        other = bench.collect({a: {"Versioning": None}}, source="s3.GetBucketVersioning", facet="versioning")
        ohio = bench.collect({"arn:aws:s3:::o": shut}, scope=OHIO)
        writer.snapshots("prod", [partial, other, ohio])
        bench.judge(writer, {a: fail, b: unknown, c: fail}, lookups=[Lookup("aws.s3.bucket", None, (("Public", True),))])
        writer.snapshots(
            "isms", [bench.collect({"records:isms:risk:1": {"owner": "ö"}}, scope=ISMS, source="isms", type_="record.risk")]
        )
        bench.judge(writer, {"records:isms:risk:1": ok}, check="isms_risk", scope=ISMS, target="isms")
        writer.end(coverage=[{"target": "prod"}], assessments=[{"control": "A.8.24"}], outcome={"complete": False})
        writer.seal()
        writer.record("export", {"rows": 3})
        writer.seal()
    with bench.writer() as writer:
        writer.begin("r5", {"config": {"targets": ["prod"]}})
        writer.snapshots("prod", [bench.collect({a: shut, b: shut})])
    scheduled(bench)
    bench.run("r6", {}, {b: unknown}, presence=Presence.FAILED)
    bench.run("r7", {a: open_, b: shut, c: shut}, {a: fail, b: ok, c: fail})
    bench.run("r8", {a: open_, b: shut, c: shut}, {a: fail, b: ok, c: fail})
