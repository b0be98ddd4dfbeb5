"""The running kernel, the installed ones, and whether the distribution asks for a restart."""

from collections.abc import Iterator

from collectors.host.reader import HostReader
from collectors.source import Facet, UnreadError, source
from evidence_store.records import Json, Observation, Unread, Why, format_time

_REQUIRED = "/run/reboot-required"


@source(
    "kernels",
    level="account",
    calls=["read /boot/vmlinuz-*", f"stat {_REQUIRED}", f"read {_REQUIRED}.pkgs"],
    yields=[
        Facet(
            "host.machine",
            ("RunningKernel", "InstalledKernels"),
            optional=("RestartRequiredSince", "RestartRequiredBy"),
            name="kernels",
        )
    ],
)
def kernels(reader: HostReader) -> Iterator[Observation]:
    """An installed kernel: `Release`, and `InstalledAt`, when its file came to stand in /boot."""
    if not reader.machine.release:
        raise UnreadError(Unread(Why.UNSUPPORTED, "run uname -r", "an image has no running kernel"))
    installed: list[dict[str, Json]] = []
    for path in reader.paths("/boot/vmlinuz-*"):
        status = reader.status(path)
        if status is not None and "rescue" not in path:
            release = path.rsplit("/vmlinuz-", 1)[-1]
            installed.append({"Release": release, "InstalledAt": format_time(status.changed)})
    required = reader.status(_REQUIRED)
    packages = (reader.text(f"{_REQUIRED}.pkgs") or "").split()
    yield reader.of_machine(
        "kernels",
        {
            "RunningKernel": reader.machine.release,
            "InstalledKernels": installed,
            "RestartRequiredSince": None if required is None else format_time(required.modified),
            "RestartRequiredBy": sorted(set(packages)),
        },
    )
