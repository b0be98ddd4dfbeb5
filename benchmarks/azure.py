"""Whole scans of an Azure tenant, one after another on one store, beside the budgets.

The tenant stands on the loopback: sign-in, Resource Manager and Resource Graph over TLS, in a process of its own. Each scan is
a process of its own too, so that its CPU and its peak of memory are its own, the SDK's included.

    python -m benchmarks.azure [--resources 10000] [--patches 50] [--runs 3] [--latency 50]

Figures hold for the machine at hand; compare ratios, not runs on different machines.
"""

import argparse
import json
import os
import ssl
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.scale import Bench, heading, memory, row
from benchmarks.sdk import sdk

ROOT = Path(__file__).parent.parent


@contextmanager
def tenant(resources: int, patches: int, latency: float) -> Iterator[tuple[str, dict[str, str]]]:
    """A tenant on the loopback: the configuration that reads it, and the environment that leads there."""
    command = [sys.executable, "-u", "-m", "tests.collectors.azure.server", "--resources", str(resources)]
    command += ["--patches", str(patches), "--latency", str(latency)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    configuration: list[str] = []
    environment: dict[str, str] = {}
    try:
        while not configuration or not configuration[-1].startswith("endpoint"):
            line = process.stdout.readline()
            if not line:
                raise SystemExit("the tenant did not start")
            if line.startswith("export "):
                key, _, value = line.removeprefix("export ").strip().partition("=")
                environment[key] = value
            else:
                configuration.append(line)
        yield "".join(configuration), environment
    finally:
        process.terminate()
        process.wait()


def requests(environment: dict[str, str]) -> int:
    """How many the tenant has answered so far."""
    trusted = ssl.create_default_context(cafile=environment["REQUESTS_CA_BUNDLE"])
    with urllib.request.urlopen(f"{environment['AZURE_AUTHORITY_HOST']}/requests", context=trusted) as answer:
        found: int = json.loads(answer.read())["requests"]
        return found


def runs(bench: Bench, number: int, environment: dict[str, str]) -> None:
    """The same tenant again and again: the first run writes it, the others find it unchanged."""
    for run in range(1, number + 1):
        before, asked = bench.rows(), requests(environment)
        used = bench.scanner("run", "--quiet", "--format", "json", "--output", "report.json")
        written = bench.rows() - before
        heading("first run" if run == 1 else f"run {run}, nothing changed", used)
        memory(used)
        row("requests", f"{requests(environment) - asked:,}")
        row("rows written", f"{written:,}", "" if run == 1 else "20 at most", holds=None if run == 1 else written <= 20)


def measure(resources: int, patches: int, number: int, latency: float) -> None:
    with tempfile.TemporaryDirectory() as name, tenant(resources, patches, latency) as (configuration, environment):
        os.environ.update(environment)
        bench = Bench(Path(name), 0)
        (bench.directory / "annexa.toml").write_text(configuration)
        sdk("azure")
        runs(bench, number, environment)
        seen, facets, findings = bench.seen()
        print(f"\nof {seen:,} resources: {facets:,} facets, {findings:,} findings")
        for check in ("azure_keyvault_rbac", "azure_update_compliance"):
            asked = requests(environment)
            used = bench.scanner("run", "--quiet", "--check", check, "--format", "json")
            heading(f"scanner run --check {check}", used)
            row("CPU-s", f"{used.cpu:.2f}", "2 at most", holds=used.cpu <= 2)
            memory(used)
            row("requests", f"{requests(environment) - asked:,}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resources", type=int, default=10_000)
    parser.add_argument("--patches", type=int, default=50, help="updates that each machine lacks")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--latency", type=float, default=50, help="milliseconds that each answer takes")
    given = parser.parse_args()
    measure(given.resources, given.patches, given.runs, given.latency)


if __name__ == "__main__":
    main()
