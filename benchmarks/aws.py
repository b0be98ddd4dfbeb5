"""A scan of an AWS account at a fixed latency, beside the budgets.

An account with 100, or 1,000, of each main resource is made on moto's server, scanned once through a recording proxy,
and scanned again from the recording with 50 ms an answer, so that the scanner is measured and not the server.

    python -m benchmarks.aws --proxy replay.py --count 100 --count 1000

The proxy is a program with the options `--mode record|replay --upstream URL --port N --store FILE`, and the paths
`/__replay/stats`, `/__replay/reset`, `/__replay/mode?m=` and `/__replay/latency?ms=`.
"""

import argparse
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.aws_account import REGION, fill
from benchmarks.sdk import sdk

ROOT = Path(__file__).parent.parent
# The leading open scanner on the same account, measured in the same way: calls, CPU seconds, peak MB, wall seconds.
LEADING = {10: (581, 34, 594, 60), 100: (3_424, 52, 895, 143), 1_000: (32_078, 299, 3_906, 1_171)}
LATENCY_MS = 50
CONNECTIONS = 20


@dataclass(frozen=True, slots=True)
class Figures:
    """One measured scan."""

    calls: int
    duplicates: int
    in_flight: int
    cpu: float
    megabytes: float
    wall: float
    code: int


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(command: list[str], port: int) -> Iterator[None]:
    """A server on the loopback, until the block ends."""
    # The account holds what is put into it, and not the thousand snapshots of the server's own images.
    environment = {**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def ask(port: int, path: str, *, method: str = "POST") -> Any:
    with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)) as answer:
        return json.loads(answer.read())


def scan(directory: Path, port: int) -> tuple[float, float, float, int]:
    """CPU seconds, peak megabytes, wall seconds and exit code of one whole scan in a process of its own."""
    config = directory / "annexa.toml"
    config.write_text(f'[[target]]\nname = "bench"\nkind = "aws"\nregions = ["{REGION}"]\n')
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "t",
        "AWS_SECRET_ACCESS_KEY": "t",
    }
    started = time.perf_counter()
    with (directory / "report.json").open("wb") as report:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "scanner.py"), "run", "--quiet", "--config", str(config), "--format", "json"],
            stdout=report,
            env=environment,
        )
        _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, wall, os.waitstatus_to_exitcode(status)


def measure(proxy: str, count: int) -> Figures:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        moto_port, port = free_port(), free_port()
        moto = str(Path(sys.executable).parent / "moto_server")
        recording = [sys.executable, proxy, "--mode", "record", "--port", str(port)]
        recording += ["--upstream", f"http://127.0.0.1:{moto_port}", "--store", str(directory / "account.pickle")]
        with server([moto, "-H", "127.0.0.1", "-p", str(moto_port)], moto_port), server(recording, port):
            sys.stderr.write(f"\nfilling an account with {count} of each ...\n")
            fill(f"http://127.0.0.1:{moto_port}", count)
            sys.stderr.write("\nrecording ...\n")
            first = directory / "first"
            first.mkdir()
            scan(first, port)
            ask(port, "/__replay/mode?m=replay")
            ask(port, f"/__replay/latency?ms={LATENCY_MS}")
            ask(port, "/__replay/reset")
            sys.stderr.write("replaying ...\n")
            second = directory / "second"
            second.mkdir()
            cpu, megabytes, wall, code = scan(second, port)
            stats = ask(port, "/__replay/stats", method="GET")
            if stats["misses"]:
                sys.stderr.write(f"not in the recording: {stats['misses']}\n")
            return Figures(stats["calls"], stats["duplicates"], stats["peak_inflight"], cpu, megabytes, wall, code)


def show(count: int, found: Figures) -> None:
    calls, cpu, megabytes, wall = LEADING.get(count, (0, 0, 0, 0))
    memory = max(180, megabytes / 10)
    least = found.calls * LATENCY_MS / 1000 / CONNECTIONS
    rows = [
        ("calls", f"{found.calls:,}", f"<= {calls // 3:,} (a third of {calls:,})" if calls else "", found.calls <= calls / 3),
        ("asked twice", str(found.duplicates), "0", found.duplicates == 0),
        ("wall s", f"{found.wall:.1f}", f"<= {wall / 20:.1f} (a 20th of {wall:,})" if wall else "", found.wall <= wall / 20),
        ("wall s", f"{found.wall:.1f}", f"<= {2 * least:.1f} (twice calls x latency / {CONNECTIONS})", found.wall <= 2 * least),
        ("CPU s", f"{found.cpu:.1f}", f"<= {cpu / 10:.1f} (a tenth of {cpu})" if cpu else "", found.cpu <= cpu / 10),
        ("peak MB", f"{found.megabytes:.0f}", f"<= {memory:.0f}", found.megabytes <= memory),
        ("in flight", str(found.in_flight), "", True),
        ("exit code", str(found.code), "", True),
    ]
    print(f"\n{count} of each main resource, {LATENCY_MS} ms an answer")
    for name, figure, budget, holds in rows:
        print(f"  {name:<12} {figure:>10}   {budget:<40} {'' if not budget else 'holds' if holds else 'MISSED'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--proxy", required=True, help="the recording proxy")
    parser.add_argument("--count", type=int, action="append", help="of each main resource (repeatable; default 100)")
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    sdk("aws")
    for count in given.count or [100]:
        show(count, measure(given.proxy, count))


if __name__ == "__main__":
    main()
