"""What importing each platform's SDK takes: seconds, and memory that stays, in a process that does nothing else.

python -m benchmarks.sdk [KIND ...]
"""

import argparse
import subprocess
import sys
from statistics import median

from collectors.source import kinds, provider

TIMES = 5  # each figure is the median
# Resident memory before and after, from inside: the peak of a child counts what its parent held.
_MEASURED = """
import time
def resident():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS")) / 1024
memory, wall, cpu = resident(), time.perf_counter(), time.process_time()
import {modules}
print(time.perf_counter() - wall, time.process_time() - cpu, resident() - memory)
"""


def taken(modules: str) -> list[float]:
    """Wall seconds, CPU seconds and resident megabytes that an import takes, in a process of its own."""
    code = [sys.executable, "-W", "ignore", "-c", _MEASURED.format(modules=modules)]
    return [float(figure) for figure in subprocess.run(code, capture_output=True, text=True, check=True).stdout.split()]


def sdk(kind: str) -> None:
    """Print what the modules of a kind's extra take."""
    modules = ", ".join(provider(kind).modules)
    taken(modules)  # its bytecode is written once
    wall, cpu, memory = (median(figures) for figures in zip(*(taken(modules) for _ in range(TIMES)), strict=True))
    print(f"\nthe SDK of {kind}: importing {modules}")
    print(f"  {wall:.2f} s wall, {cpu:.2f} CPU-s, {memory:.0f} MB resident", flush=True)


def main() -> None:
    known = [kind for kind in kinds() if provider(kind).modules]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", nargs="*", choices=[*known, []], help=f"of {', '.join(known)}; default: all")
    for kind in parser.parse_args().kind or known:
        sdk(kind)


if __name__ == "__main__":
    main()
