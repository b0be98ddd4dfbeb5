"""Whole scans of an account of 100,000 resources, one after another on one store, beside the budgets.

Each command is a process of its own, so that its CPU and its peak of memory are its own. The same reads are also made alone,
with nothing kept: what they cost is the SDK's, and is taken off where redaction and judging are measured.

    python -m benchmarks.scale [--resources 100000] [--runs 3] [--regions 1]

Figures hold for the machine at hand; compare ratios, not runs on different machines.
"""

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.aws import free_port, server
from benchmarks.scale_account import REGION
from evidence_store import schema

ROOT = Path(__file__).parent.parent
OTHERS = (
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1", "eu-west-2", "eu-west-3", "eu-central-1",
    "eu-north-1", "ap-south-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Used:
    """What one process took."""

    wall: float
    cpu: float
    megabytes: float
    code: int


@dataclass(frozen=True, slots=True)
class Bench:
    """A directory with a configuration and a store, and the account that is read."""

    directory: Path
    port: int

    @property
    def store(self) -> Path:
        return self.directory / "annexa.db"

    def measured(self, *command: str) -> Used:
        """One Python process from its start to its end. Its output lies in `out`."""
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": "t",
            "AWS_SECRET_ACCESS_KEY": "t",
            "PYTHONPATH": str(ROOT),
            "PYTHONPYCACHEPREFIX": str(self.directory / "compiled"),
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # whoever installed it has it compiled from the first run on
        started = time.perf_counter()
        with (self.directory / "out").open("wb") as out:
            process = subprocess.Popen([sys.executable, *command], cwd=self.directory, env=environment, stdout=out)
            _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        return Used(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, os.waitstatus_to_exitcode(status))

    def scanner(self, *arguments: str) -> Used:
        used = self.measured(str(ROOT / "scanner.py"), *arguments)
        if used.code not in (0, 3):
            raise SystemExit(f"scanner {' '.join(arguments)}: exit code {used.code}")
        return used

    def rows(self) -> int:
        """Rows of evidence, over all tables."""
        if not self.store.exists():
            return 0
        with closing(sqlite3.connect(self.store)) as connection:
            tables = [name for name in schema.metadata.tables if name.startswith("ev_")]
            return sum(connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables)

    def seen(self) -> tuple[int, int, int]:
        """Resources, facets and findings in force."""
        with closing(sqlite3.connect(self.store)) as connection:
            query = "SELECT count(DISTINCT uid), count(*) FROM ev_interval WHERE closed IS NULL"
            resources, facets = connection.execute(query).fetchone()
            findings = connection.execute("SELECT count(*) FROM ev_finding WHERE closed IS NULL").fetchone()[0]
        return int(resources), int(facets), int(findings)


class Dropped:
    """Keeps nothing of what is read."""

    def add(self, observation: object, secret: tuple[str, ...] = ()) -> None:
        """Let it pass."""

    def collected(self, snapshot: object) -> object:
        return snapshot


def read_alone() -> None:
    """Make every read that a full run makes, with the same threads, and keep nothing."""
    from collectors.aws import AwsTarget
    from collectors.aws.session import AwsConnection
    from collectors.source import sources
    from pipeline.collect import Collector

    with ThreadPoolExecutor(20) as workers:
        collector: Collector[object] = Collector(workers, lambda: datetime.now(UTC), lambda _scope, _source: Dropped())
        connection = AwsConnection(AwsTarget("bench", regions=(REGION,)))
        collector.collect("bench", connection, sources("aws"))
        connection.close()


def row(what: str, figure: str, budget: str = "", *, holds: bool | None = None) -> None:
    verdict = "" if holds is None else "holds" if holds else "MISSED"
    print(f"  {what:<46} {figure:>14}   {budget:<28} {verdict}", flush=True)


def heading(what: str, used: Used) -> None:
    print(
        f"\n{what}: {used.wall:.1f} s wall, {used.cpu:.1f} CPU-s, {used.megabytes:.0f} MB at the peak, exit {used.code}",
        flush=True,
    )


def memory(used: Used) -> None:
    row("peak MB", f"{used.megabytes:.0f}", "250 at most", holds=used.megabytes <= 250)


def runs(bench: Bench, number: int) -> list[Used]:
    """The same account again and again: the first run writes it, the others find it unchanged."""
    made = []
    for run in range(1, number + 1):
        before = bench.rows()
        used = bench.scanner("run", "--quiet", "--format", "json", "--output", "report.json")
        written = bench.rows() - before
        heading("first run" if run == 1 else f"run {run}, nothing changed", used)
        memory(used)
        size = bench.store.stat().st_size
        if run == 1:
            row("rows written", f"{written:,}")
        else:
            row("rows written", f"{written}", "20 at most", holds=written <= 20)
        row("store MB", f"{size / 1e6:.1f}")
        made.append(used)
    return made


def judged(bench: Bench, again: Used) -> None:
    resources, facets, findings = bench.seen()
    alone = bench.measured("-m", "benchmarks.scale", "--read-alone")
    heading("the same reads alone, nothing kept", alone)
    print(f"\nof {resources:,} resources: {facets:,} facets, {findings:,} findings")
    row("resources/s, unchanged run, whole, wall", f"{resources / again.wall:,.0f}")
    for what, count in (("resources", resources), ("facets", facets), ("findings", findings)):
        rate = count / max(again.cpu - alone.cpu, 0.001)
        budget = {"facets": "8,000/s at least"}.get(what, "")
        row(f"{what}/CPU-s, unchanged, reads taken off", f"{rate:,.0f}", budget, holds=rate >= 8000 if budget else None)


def commands(bench: Bench) -> None:
    """What is asked of a store that holds so much."""
    for arguments in (("soa", "--format", "json"), ("gaps", "--format", "json"), ("evidence", "verify", "--format", "json")):
        used = bench.scanner(*arguments)
        heading(f"scanner {' '.join(arguments[:-2])}", used)
        if arguments[0] == "soa":
            controls = len(json.loads((bench.directory / "out").read_text(encoding="utf-8"))["controls"])
            row(f"SoA of {controls} controls, wall s", f"{used.wall:.2f}", "1 at most", holds=used.wall <= 1)
        else:
            memory(used)


def one_check(bench: Bench, check: str) -> None:
    """Small in reads, on the store that is large."""
    used = bench.scanner("run", "--quiet", "--check", check, "--format", "json")
    heading(f"scanner run --check {check}", used)
    row("CPU-s", f"{used.cpu:.2f}", "2 at most", holds=used.cpu <= 2)
    memory(used)


def measure(resources: int, number: int, regions: int) -> None:
    port = free_port()
    account = [sys.executable, "-m", "benchmarks.scale_account", str(port), str(resources)]
    with tempfile.TemporaryDirectory() as name, server(account, port):
        bench = Bench(Path(name), port)
        read = json.dumps([REGION, *OTHERS[: regions - 1]])
        (bench.directory / "annexa.toml").write_text(f'[[target]]\nname = "bench"\nkind = "aws"\nregions = {read}\n')
        made = runs(bench, number)
        row("peak of the last run / of the second", f"{made[-1].megabytes / made[min(1, number - 1)].megabytes:.2f}", "flat")
        judged(bench, made[-1])
        one_check(bench, "aws_iam_root_mfa")
        one_check(bench, "aws_iam_user_console_mfa")
        commands(bench)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resources", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--regions", type=int, default=1, help="how many are read; the resources stand in the first")
    parser.add_argument("--read-alone", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.read_alone:
        read_alone()
    else:
        measure(given.resources, given.runs, given.regions)


if __name__ == "__main__":
    main()
