"""Checks on the running kernel."""

import re
from datetime import datetime, timedelta

from checks.check import Answer, NotApplicable, check
from evidence_store.records import Json, Resource


@check(
    on="host.machine",
    severity="medium",
    version=1,
    needs=("Hostname", "Container", "RunningKernel", "InstalledKernels", "RestartRequiredSince", "RestartRequiredBy"),
    fix="Restart the machine in the next maintenance window.",
)
def host_reboot_pending(machine: Resource, *, at: datetime, max_days: int = 14) -> Answer:
    """No kernel update waits for a restart beyond the limit.

    A fixed kernel protects from the restart on, not from its installation on.
    `max_days`: within how many days of its installation an update must be in force
    """
    name = machine.fact("Hostname")
    if machine.fact("Container") is not None:
        return NotApplicable(f"{name} is a container: its kernel belongs to the machine that runs it")
    running = machine.fact("RunningKernel")
    limit = timedelta(days=max_days)
    since = machine.time("RestartRequiredSince")
    if since is not None and since + limit < at:
        packages = ", ".join(machine.fact("RestartRequiredBy") or []) or "its packages"
        return f"{name} must restart since {since.date()}, longer than {max_days} days, for {packages}"
    if not machine.fact("InstalledKernels"):
        return NotApplicable(f"{name} runs the kernel {running}, which is not installed on it")
    newer = [k for k in machine.fact("InstalledKernels") if _flavour(k["Release"]) == _flavour(running) and _newer(k, running)]
    late = [k for k in newer if datetime.fromisoformat(k["InstalledAt"]) + limit < at]
    if late:
        newest = max(late, key=lambda kernel: _version(kernel["Release"]))
        date = newest["InstalledAt"][:10]
        return f"{name} runs the kernel {running} although {newest['Release']} was installed on {date}: over {max_days} days"
    return None


def _newer(kernel: Json, running: str) -> bool:
    return _version(kernel["Release"]) > _version(running)


def _version(release: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", release.split("_", maxsplit=1)[0].rsplit(".el", 1)[0]))


def _flavour(release: str) -> str:
    """What a release is built for: `amd64`, `cloud-amd64`, `generic`, `el.x`; only like is compared with like."""
    return re.sub(r"[\d_]+", "", re.sub(r"^[\d.\-]+", "", release))
