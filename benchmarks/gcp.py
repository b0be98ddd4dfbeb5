"""Whole scans of a Google Cloud organization, one after another on one store, beside the budgets.

The organization stands on the loopback: an asset inventory over TLS, in a process of its own. Each scan is a process of its
own too, so that its CPU and its peak of memory are its own, the SDK's included.

    python -m benchmarks.gcp [--resources 10000] [--runs 3] [--latency 50]

Figures hold for the machine at hand; compare ratios, not runs on different machines.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.scale import Bench, Used, heading, memory, row
from benchmarks.sdk import sdk

ROOT = Path(__file__).parent.parent


@contextmanager
def organization(resources: int, latency: float) -> Iterator[tuple[str, dict[str, str]]]:
    """An organization on the loopback: the configuration that reads it, and the environment that leads there."""
    command = [sys.executable, "-u", "-m", "tests.collectors.gcp.server", "--resources", str(resources)]
    process = subprocess.Popen([*command, "--latency", str(latency)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    configuration, environment = [], {}
    try:
        for line in process.stdout:
            if line.startswith("# serving"):
                break
            if line.startswith("export "):
                key, _, value = line.removeprefix("export ").strip().partition("=")
                environment[key] = value
            else:
                configuration.append(line)
        yield "".join(configuration), environment
    finally:
        process.terminate()
        process.wait()


def calls(bench: Bench) -> str:
    """The requests of the last run, as it tells them."""
    (told,) = re.findall(r"; ([\d,]+) calls? made", (bench.directory / "report.txt").read_text(encoding="utf-8"))
    return str(told)


def runs(bench: Bench, number: int) -> list[Used]:
    """The same organization again and again: the first run writes it, the others find it unchanged."""
    made = []
    for run in range(1, number + 1):
        before = bench.rows()
        used = bench.scanner("run", "--quiet", "--output", "report.txt")
        written = bench.rows() - before
        heading("first run" if run == 1 else f"run {run}, nothing changed", used)
        memory(used)
        row("rows written", f"{written:,}", "" if run == 1 else "20 at most", holds=None if run == 1 else written <= 20)
        made.append(used)
    return made


def measure(resources: int, number: int, latency: float) -> None:
    with tempfile.TemporaryDirectory() as name, organization(resources, latency) as (configuration, environment):
        os.environ.update(environment)
        bench = Bench(Path(name), 0)
        (bench.directory / "annexa.toml").write_text(configuration)
        sdk("gcp")
        made = runs(bench, number)
        seen, facets, findings = bench.seen()
        print(f"\nof {seen:,} resources: {facets:,} facets, {findings:,} findings")
        row("calls of the last run", calls(bench))
        row("resources/s, unchanged run, whole, wall", f"{seen / made[-1].wall:,.0f}")
        row("peak of the last run / of the second", f"{made[-1].megabytes / made[min(1, number - 1)].megabytes:.2f}", "flat")
        for check in ("gcp_storage_uniform_access", "gcp_os_patch_state"):
            used = bench.scanner("run", "--quiet", "--check", check, "--format", "json")
            heading(f"scanner run --check {check}", used)
            row("CPU-s", f"{used.cpu:.2f}", "2 at most", holds=used.cpu <= 2)
            memory(used)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resources", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--latency", type=float, default=50, help="milliseconds that each answer takes")
    given = parser.parse_args()
    measure(given.resources, given.runs, given.latency)


if __name__ == "__main__":
    main()
