"""Whole scans of clusters with 10,000 and with 20,000 pods, beside the budgets.

A server on the loopback answers as an API server does, in pages of 500, pods of about 7 KB. Server and scan are processes of
their own, so that CPU and peak of memory are the scan's alone; and this one stays small, since a child's peak begins with its
parent's. What importing the SDK costs is measured in a process that does nothing else.

    python -m benchmarks.kubernetes [--pods 10000] [--pods 20000] [--latency 0]

Figures hold for the machine at hand; compare ratios, not runs on different machines.
"""

import argparse
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.aws import free_port
from benchmarks.sdk import sdk

ROOT = Path(__file__).parent.parent
MEMORY = 250  # MB


@dataclass(frozen=True, slots=True)
class Used:
    """What one process took."""

    wall: float
    cpu: float
    megabytes: float
    code: int


def measured(directory: Path, *command: str) -> Used:
    """One Python process from its start to its end. Its output lies in `out`."""
    started = time.perf_counter()
    with (directory / "out").open("wb") as out:
        process = subprocess.Popen([sys.executable, *command], stdout=out, cwd=ROOT)
        _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    return Used(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, os.waitstatus_to_exitcode(status))


def line(what: str, figure: str, budget: str = "", *, holds: bool = True) -> None:
    print(f"  {what:<44} {figure:>12}   {budget:<24} {'' if not budget else 'holds' if holds else 'MISSED'}")


@contextmanager
def cluster(directory: Path, pods: int, latency: float) -> Iterator[tuple[int, Path]]:
    """A server in a process of its own, its port, and the configuration that leads to it."""
    port, config = free_port(), directory / "annexa.toml"
    options = ["--port", str(port), "--resources", str(pods), "--latency", str(latency)]
    command = [sys.executable, "-m", "tests.collectors.kubernetes.server", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            config.write_text("".join(process.stdout.readline() for _ in range(4)))
            yield port, config
        finally:
            process.terminate()


def requests(port: int) -> Counter[str]:
    """What the server was asked since it last told."""
    plain = ssl.create_default_context()
    plain.check_hostname, plain.verify_mode = False, ssl.CERT_NONE  # our own server, and no credentials
    with urllib.request.urlopen(f"https://127.0.0.1:{port}/-/requests", context=plain) as answer:
        return Counter(json.dumps(asked) for asked in json.loads(answer.read()))


def bench(pods: int, latency: float) -> None:
    with tempfile.TemporaryDirectory() as name, cluster(Path(name), pods, latency) as (port, config):
        directory = Path(name)
        scan = ("scanner.py", "run", "--quiet", "--config", str(config), "--format", "json")
        print(f"\n{pods:,} pods, {latency * 1000:.0f} ms an answer")
        for which in ("first run", "second run"):
            used, asked = measured(directory, *scan), requests(port)
            twice = asked.total() - len(asked)
            line(f"{which}: calls / asked twice", f"{asked.total()} / {twice}", "0 twice", holds=twice == 0)
            line(f"{which}: seconds / CPU seconds", f"{used.wall:.1f} / {used.cpu:.1f}")
            line(f"{which}: peak MB", f"{used.megabytes:.0f}", f"<= {MEMORY}", holds=used.megabytes <= MEMORY)
            line(f"{which}: exit code", str(used.code))
        used = measured(directory, *scan, "--check", "k8s_namespace_owner_label")
        line("one check: calls / CPU seconds", f"{requests(port).total()} / {used.cpu:.1f}", "2 CPU s", holds=used.cpu <= 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pods", type=int, action="append", help="pods of a cluster (repeatable)")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that each answer takes")
    given = parser.parse_args()
    sdk("kubernetes")
    for pods in given.pods or [10_000, 20_000]:
        bench(pods, given.latency)


if __name__ == "__main__":
    main()
