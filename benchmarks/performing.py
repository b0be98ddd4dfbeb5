"""What verification of a large estate takes, without performing its checks again and with it: time, and peak of memory.

    python -m benchmarks.performing [--resources 100000] [--runs 3] [--more 5] [--url URL]

The estate is sealed and judged by what a run uses; one check looks up 30,000 volumes. Each part is a process of its own.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from checks.check import Check, checks
from collectors.source import sources
from evidence_store import canonical, keys, redaction, sealing, side_file
from evidence_store.database import Store, Writer, open_store
from evidence_store.records import Finding, Json, Observation, Presence, Scope, Severity, Snapshot, Status
from evidence_store.verification import verify
from pipeline.facts import Facets, Seen
from pipeline.judge import World, judge
from pipeline.perform import Performer, parameters_of
from pipeline.plan import Sources

SCOPE = Scope("aws", "123456789012", "eu-west-1")
CHECKS = ("aws_log_group_retention", "aws_ebs_volume_encrypted", "aws_backup_coverage")
ARN = f"arn:aws:{{}}:{SCOPE.region}:{SCOPE.account}:{{}}"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def log_group(number: int, run: int) -> tuple[str, Json]:
    name = f"/aws/lambda/function-{number}"
    days = None if number % 100 == run else 400
    return ARN.format("logs", f"log-group:{name}"), {
        "logGroupName": name, "logGroupClass": "STANDARD", "retentionInDays": days, "storedBytes": number,
    }  # fmt: skip


def volume(number: int, run: int) -> tuple[str, Json]:
    return ARN.format("ec2", f"volume/vol-{number:017x}"), {
        "VolumeId": f"vol-{number:017x}", "Encrypted": number % 100 != run, "Size": 100, "VolumeType": "gp3",
        "Attachments": [{"InstanceId": f"i-{number:017x}", "Device": "/dev/xvda", "State": "attached"}],
    }  # fmt: skip


def tagged(number: int, run: int) -> tuple[str, Json]:
    arn = volume(number, run)[0]
    return f"tagged:{arn}", {"ResourceARN": arn, "Tags": {"backup": "daily", "criticality": "high"}}


def protected(number: int, run: int) -> tuple[str, Json]:
    arn = volume(number, run)[0]
    return f"protected:{arn}", {"ResourceArn": arn, "ResourceType": "EBS", "LastBackupTime": None}


# Each type, its source, how many of ten resources are of it, and what makes one.
ESTATE: tuple[tuple[str, str, int, Callable[[int, int], tuple[str, Json]]], ...] = (
    ("aws.logs.log_group", "logs.DescribeLogGroups", 3, log_group),
    ("aws.ec2.volume", "ec2.DescribeVolumes", 3, volume),
    ("aws.tagged.resource", "resourcegroupstaggingapi.GetResources", 3, tagged),
    ("aws.backup.protected_resource", "backup.ListProtectedResources", 1, protected),
    ("aws.rds.cluster", "rds.DescribeDBClusters", 0, protected),
    ("aws.rds.instance", "rds.DescribeDBInstances", 0, protected),
)


class Stored:
    """The store's states, as the judge asks for them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def resources(self, scope: Scope, type_: str, facets: frozenset[str]) -> Iterator[tuple[str, Facets]]:
        for _, uid, found in self._store.resources(scope, type_, sorted(facets)):
            yield uid, found


def collect(store: Store, redactor: redaction.Redactor, count: int, run: int, at: datetime) -> Iterator[sealing.Collected]:
    for type_, source, tenths, make in ESTATE:
        sealer = sealing.Sealer(redactor, store.knowing().of(SCOPE, source))
        for number in range(count * tenths // 10):
            sealer.add(Observation(type_, *make(number, run)))
        yield sealer.collected(
            Snapshot(SCOPE, source, (type_,), Presence.COMPLETE, None, (), 0, "arn:aws:iam::1:role/scan", 1, at, at)
        )


def build(store: Store, held: keys.Keys, count: int, runs: int, more: int) -> None:
    """Some runs, at each of which one resource in a hundred differs."""
    chosen, known = [checks()[name] for name in CHECKS], Sources(sources("aws"))
    values: dict[str, dict[str, Json]] = {check.id: {p.name: p.default for p in check.parameters} for check in chosen}
    clock = iter(BEGAN + timedelta(seconds=7 * n) for n in range(1_000_000))
    redactor = redaction.Redactor(held.redaction)
    documents = {"checks": {"checks": [{"id": c.id, "parameters": values[c.id]} for c in chosen]}}
    with store.writer(held, origin="annexa/benchmark", clock=lambda: next(clock)) as writer:
        for run in range(runs):
            at = writer.begin(f"run {run}", documents).started
            collected = list(collect(store, redactor, count, run, at))
            leaf = writer.snapshots("prod", collected)
            seen = {(SCOPE, one.snapshot.source): Seen.of(one.snapshot) for one in collected}
            del collected
            if more:
                write_more(writer, count, more)
            write_findings(writer, World(known, Stored(store), seen, chosen), chosen, values, store.time_of(leaf))
            writer.end(coverage=[], assessments=[])
            writer.seal()


def write_findings(writer: Writer, world: World, chosen: list[Check], values: dict[str, dict[str, Json]], at: datetime) -> None:
    digests = {name: canonical.digest(value) for name, value in values.items()}
    with writer.findings("prod", [SCOPE], {c.id: (c.version, digests[c.id]) for c in chosen}) as sink:
        for check in chosen:
            for type_ in check.asked_of:
                for judgement in judge(world, type_, SCOPE, [check], values, digests, at):
                    sink.add(judgement.finding, judgement.effective)


def write_more(writer: Writer, count: int, more: int) -> None:
    """Findings of checks that are not installed: verified, and passed over where verdicts are performed again."""
    judged = {f"check_{number}": (1, "0" * 64) for number in range(more)}
    with writer.findings("more", [SCOPE], judged) as sink:
        for check in judged:
            for type_, _, tenths, make in ESTATE:
                for number in range(count * tenths // 10):
                    status, reason = (
                        (Status.FAIL, f"number {number} is open to everyone") if number % 7 == 0 else (Status.PASS, "")
                    )
                    uid = make(number, 0)[0]
                    sink.add(Finding(check, 1, "0" * 64, Severity.HIGH, SCOPE, type_, uid, status, reason))


def verified(store: Store, held: keys.Keys, *, perform: bool) -> dict[str, Any]:
    with store.evidence() as evidence:
        bodies = (store.document(digest) for digest, kind, _ in evidence.documents() if kind == "checks")
        performer = Performer(checks(), Sources(sources("aws")), parameters_of(bodies)) if perform else None
        report = verify(
            evidence, held.public, witness=side_file.notes(held.checkpoints), perform=performer, look=store if perform else None
        )
    assert not report.contradicted, report.first
    return {"counted": report.counted, "conclusion": report.conclusion.sentence}


def peak() -> float:
    """This process's own peak, in MB: what `getrusage` says begins with that of the process which started it."""
    told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(told["VmHWM"].split()[0]) / 1000


def part(name: str, url: str, key: str, count: int, runs: int, more: int) -> None:
    """One process's work; what it took, as JSON."""
    started = time.perf_counter()
    held, store, told = keys.load_or_create(key), open_store(url), {}
    if name == "build":
        build(store, held, count, runs, more)
    else:
        told = verified(store, held, perform=name == "perform")
    spent = time.perf_counter() - started
    print(json.dumps({"seconds": spent, "megabytes": peak(), **told}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resources", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--more", type=int, default=0, help="further checks, each with a finding about every resource")
    parser.add_argument("--url", help="an empty PostgreSQL database; default: SQLite in a temporary directory")
    parser.add_argument("--part", choices=("build", "verify", "perform"), help=argparse.SUPPRESS)
    parser.add_argument("--key", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        part(given.part, given.url, given.key, given.resources, given.runs, given.more)
        return
    with tempfile.TemporaryDirectory() as directory:
        url, key = given.url or f"sqlite:///{directory}/annexa.db", str(Path(directory) / "annexa.key")
        for name in ("build", "verify", "perform"):
            size = ["--resources", str(given.resources), "--runs", str(given.runs), "--more", str(given.more)]
            command = [sys.executable, "-m", "benchmarks.performing", "--part", name, "--url", url, "--key", key, *size]
            told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
            print(f"{name:<8} {told['seconds']:8.1f} s {told['megabytes']:8.0f} MB   {told.get('conclusion', '')}", flush=True)


if __name__ == "__main__":
    main()
