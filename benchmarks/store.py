"""How fast the store appends, compares and verifies, and how it grows, beside the budgets that it was designed for.

    python -m benchmarks.store [--quick] [--url URL]

Figures hold for the machine at hand; compare ratios, not runs on different machines.
"""

import argparse
import gc
import hashlib
import os
import random
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from evidence_store import canonical, keys, redaction, schema, sealing, side_file, verification
from evidence_store.database import Store, Writer, open_store
from evidence_store.records import Finding, Json, Observation, Presence, Scope, Severity, Snapshot, Status

PARAMETERS = "0" * 64


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: datetime(2026, 1, 1, tzinfo=UTC))

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=7)
        return self.now


@dataclass
class Bench:
    store: Store
    keys: keys.Keys
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.redactor = redaction.Redactor(self.keys.redaction)

    def collect(self, scope: Scope, source: str, facts: Iterator[tuple[str, Json]]) -> sealing.Collected:
        sealer = sealing.Sealer(self.redactor, self.store.knowing().of(scope, source))
        for uid, of_uid in facts:
            sealer.add(Observation("aws.ec2.instance", uid, of_uid))
        snapshot = Snapshot(
            scope, source, ("aws.ec2.instance",), Presence.COMPLETE, None, (), 0, "arn:aws:iam::1:role/scan", 1, self.clock.now,
            self.clock.now,
        )  # fmt: skip
        return sealer.collected(snapshot)


def instance(number: int, version: int = 0) -> tuple[str, Json]:
    """A resource of about 2 KB of JSON, as a provider describes a virtual machine."""
    seed = hashlib.sha256(f"{number}/{version}".encode()).hexdigest()
    uid = f"arn:aws:ec2:eu-west-1:123456789012:instance/i-{number:017x}"
    return uid, {
        "InstanceId": f"i-{number:017x}",
        "ImageId": f"ami-{seed[:17]}",
        "State": {"Code": 16, "Name": "running"},
        "LaunchTime": "2026-01-01T10:00:00Z",
        "PrivateIpAddress": f"10.{number % 250}.{number // 250 % 250}.{version % 250}",
        "NetworkInterfaces": [
            {"NetworkInterfaceId": f"eni-{seed[n:n + 17]}", "SubnetId": f"subnet-{seed[n + 3:n + 20]}", "Status": "in-use",
             "SourceDestCheck": True, "Groups": [{"GroupId": f"sg-{seed[n + 9:n + 26]}", "GroupName": f"group-{n}"}]}
            for n in range(4)
        ],
        "BlockDeviceMappings": [
            {"DeviceName": f"/dev/xvd{chr(97 + n)}", "Ebs": {"VolumeId": f"vol-{seed[n + 20:n + 37]}", "Kept": True}}
            for n in range(4)
        ],
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1, "HttpEndpoint": "enabled"},
        "Tags": {f"tag-{n}": seed[n : n + 24] for n in range(8)},
        "IamInstanceProfile": {"Arn": f"arn:aws:iam::123456789012:instance-profile/app-{number % 40}"},
        "Monitoring": {"State": "disabled"},
        "Architecture": "x86_64",
        "RootDeviceType": "ebs",
        "CapacityReservationSpecification": {"CapacityReservationPreference": "open"},
        "EnclaveOptions": {"Enabled": False},
        "PlatformDetails": "Linux/UNIX",
        "SecurityGroups": [{"GroupId": f"sg-{seed[n:n + 17]}", "GroupName": f"group-{n}"} for n in range(3)],
    }  # fmt: skip


def timed(work: Callable[[], object]) -> float:
    gc.collect()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def row(what: str, figure: str, budget: str) -> None:
    print(f"{what:<64} {figure:>16}   {budget}", flush=True)


def append(bench: Bench, batches: int, size: int) -> None:
    """Durable append: seal in the worker, write states, intervals and leaf, commit."""
    scope = Scope("aws", "123456789012", "eu-west-1")
    whole, written = [], []
    with bench.store.writer(bench.keys, origin="annexa/benchmark", clock=bench.clock) as writer:
        writer.begin("append", {})
        for batch in range(batches):
            source = f"ec2.DescribeInstances{batch}"
            made = [instance(batch * size + n) for n in range(size)]
            gc.collect()
            started = time.perf_counter()
            collected = bench.collect(scope, source, iter(made))
            sealed = time.perf_counter()
            writer.snapshots(f"batch {batch}", [collected])
            ended = time.perf_counter()
            whole.append(ended - started)
            written.append(ended - sealed)
        writer.end(coverage=[], assessments=[])
        writer.seal()
    row(
        f"durable append of 2 KB states with intervals, {batches} x {size}",
        f"{batches * size / sum(whole):,.0f}/s",
        "10,000/s at least",
    )
    row("  of it writing alone (the coordinator's part)", f"{batches * size / sum(written):,.0f}/s", "")
    row("  last batch / first batch", f"{whole[-1] / whole[0]:.2f}", "1.20 at most")
    row("  last batch / first batch, writing alone", f"{written[-1] / written[0]:.2f}", "")


class Unredacted(redaction.Redactor):
    """Canonical form alone, to measure it without redaction."""

    def sealed(self, facts: Json, secret: Collection[str] = ()) -> bytes:  # noqa: ARG002 - nothing is replaced here
        return canonical.encode(facts)


def rescan(bench: Bench, size: int) -> None:
    """Twice: without redaction, as the budget is worded, and with it."""
    made = [instance(n) for n in range(size)]
    before = rows(bench.store)
    spent = rescanned(bench, made, Unredacted(bench.keys.redaction))
    row("unchanged rescan: canonicalise, hash, compare, manifest", f"{size / spent:,.0f}/s", "38,000/s at least")
    row("  rows written", f"{rows(bench.store) - before}", "20 at most")
    spent = rescanned(bench, made, bench.redactor)
    row("unchanged rescan with redaction", f"{size / spent:,.0f}/s", "8,000/s at least, judging included")
    scope = Scope("aws", "123456789012", "eu-west-1")
    spent = timed(lambda: bench.store.knowing().of(scope, "ec2.DescribeInstances0"))
    row("  reading what is known", f"{size / spent:,.0f}/s", "")


def rescanned(bench: Bench, made: list[tuple[str, Json]], redactor: redaction.Redactor) -> float:
    scope, source = Scope("aws", "123456789012", "eu-west-1"), "ec2.DescribeInstances0"
    with bench.store.writer(bench.keys, origin="annexa/benchmark", clock=bench.clock) as writer:
        writer.begin("rescan", {})
        known = bench.store.knowing().of(scope, source)
        gc.collect()
        started = time.perf_counter()
        sealer = sealing.Sealer(redactor, known)
        for uid, facts in made:
            sealer.add(Observation("aws.ec2.instance", uid, facts))
        now = bench.clock.now
        snapshot = Snapshot(scope, source, ("aws.ec2.instance",), Presence.COMPLETE, None, (), 0, "", 1, now, now)
        writer.snapshots("batch 0", [sealer.collected(snapshot)])
        spent = time.perf_counter() - started
        with writer.findings("batch 0", [scope], {}):
            pass
        writer.end(coverage=[], assessments=[])
        writer.seal()
    return spent


def rows(store: Store) -> int:
    with store.database.reading() as connection:
        tables = [table for table in schema.metadata.tables.values() if table.name.startswith("ev_")]
        return sum(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in tables)


def verify(bench: Bench, what: str) -> None:
    def work() -> None:
        with bench.store.evidence() as evidence:
            reports.append(verification.verify(evidence, bench.keys.public, witness=side_file.notes(bench.keys.checkpoints)))

    reports: list[verification.Report] = []
    spent = timed(work)
    assert not reports[0].contradicted, reports[0].first
    states = reports[0].counted["ev_state"]
    row(f"offline verification {what}", f"{states / spent:,.0f}/s", "40,000/s at least")


def findings(bench: Bench, size: int) -> None:
    """The first and an unchanged judging, and the counts that an assessment reads."""
    scope = Scope("aws", "123456789012", "eu-west-1")
    judged = {f"check_{n}": (1, PARAMETERS) for n in range(10)}

    def judge(writer: Writer) -> None:
        with writer.findings("batch 0", [scope], judged) as sink:
            for check in judged:
                for n in range(size // 10):
                    status = Status.FAIL if n % 7 == 0 else Status.PASS
                    sink.add(
                        Finding(
                            check, 1, PARAMETERS, Severity.HIGH, scope, "aws.ec2.instance", f"arn:aws:ec2:{n:017x}", status, ""
                        ),
                        bench.clock.now,
                    )

    with bench.store.writer(bench.keys, origin="annexa/benchmark", clock=bench.clock) as writer:
        writer.begin("findings", {})
        row(f"first {size} findings", f"{size / timed(lambda: judge(writer)):,.0f}/s", "")
        row(f"unchanged {size} findings", f"{size / timed(lambda: judge(writer)):,.0f}/s", "")
        writer.end(coverage=[], assessments=[])
        writer.seal()
    row(f"counts over {size} findings", f"{timed(bench.store.finding_counts):.3f} s", "well under 1 s")


def growth(bench: Bench, days: int, resources: int, regions: int = 17, checks: int = 200) -> None:
    """A year of daily scans: 1 % of the resources change each day, and of each changed one a finding."""
    places = [Scope("aws", "123456789012", f"region-{n}") for n in range(regions)]
    sources = ["ec2.DescribeInstances", *(f"service{n}.List" for n in range(39))]
    versions = [0] * resources
    chance = random.Random(7)
    judged = {f"check_{n}": (1, PARAMETERS) for n in range(checks)}
    each: list[float] = []
    for day in range(days):
        started = time.perf_counter()
        bench.clock.now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
        for changed in chance.sample(range(resources), resources // 100):
            versions[changed] += 1
        with bench.store.writer(bench.keys, origin="annexa/benchmark", clock=bench.clock) as writer:
            writer.begin(f"day {day}", {"config": {"checks": sorted(judged)}}, {"tool": "0.1.0"})
            collected = []
            for place, scope in enumerate(places):
                for source in sources:
                    of_scope = range(place, resources, regions) if source == sources[0] else ()
                    collected.append(bench.collect(scope, source, (instance(n, versions[n]) for n in of_scope)))
            writer.snapshots("prod", collected)
            with writer.findings("prod", places, judged) as sink:
                for n in range(resources):
                    scope, check = places[n % regions], f"check_{n % checks}"
                    status = Status.FAIL if versions[n] % 2 else Status.PASS
                    reason = "" if status is Status.PASS else f"i-{n:017x} has a public address"
                    found = Finding(
                        check, 1, PARAMETERS, Severity.HIGH, scope, "aws.ec2.instance", instance_uid(n), status, reason
                    )
                    sink.add(found, bench.clock.now)
            writer.end(
                coverage=[{"scope": str(s), "resources": resources // regions} for s in places],
                assessments=[{"n": n} for n in range(93)],
            )
            writer.seal()
        each.append(time.perf_counter() - started)
    size = bench.store.database.path.stat().st_size if bench.store.database.sqlite else 0
    row(
        f"store after {days} days, {resources} resources, {regions} regions, 1 % churn",
        f"{size / 1e9:.3f} GB",
        "0.15 GB a year at most",
    )
    tenth = max(1, days // 10)
    row("  last tenth of days / first tenth", f"{sum(each[-tenth:]) / sum(each[1 : tenth + 1]):.2f}", "")


def instance_uid(number: int) -> str:
    return f"arn:aws:ec2:eu-west-1:123456789012:instance/i-{number:017x}"


def fresh(directory: Path, name: str, url: str | None) -> Bench:
    return Bench(open_store(url or f"sqlite:///{directory / name}.db"), keys.load_or_create(directory / f"{name}.key"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the sizes")
    parser.add_argument(
        "--url", help="an empty PostgreSQL database for the first part; default: SQLite in a temporary directory"
    )
    parser.add_argument("--only", choices=("append", "growth"))
    options = parser.parse_args()
    size, days = (10_000, 37) if options.quick else (100_000, 365)
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
        if options.only != "growth":
            bench = fresh(Path(name), "append", options.url)
            append(bench, 10, size)
            rescan(bench, size)
            findings(bench, size)
            verify(bench, f"of {10 * size} states")
            bench.store.close()
        if options.only != "append":
            bench = fresh(Path(name), "growth", None)
            growth(bench, days, 1_000 if options.quick else 10_000)
            verify(bench, f"of {days} days")
            bench.store.close()


if __name__ == "__main__":
    main()
