"""What listens on the network, and which programs hold those sockets."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from collectors.host.reader import HostReader
from collectors.source import Facet, UnreadError, source
from evidence_store.records import Json, Observation, Unread, Why

_SS = "ss -H -lntup"


@dataclass(slots=True)
class _Socket:
    protocol: str
    address: str
    interface: str
    port: int
    programs: set[str] = field(default_factory=set)
    seen: bool = True  # whether we may know its programs


@source(
    "listeners",
    level="account",
    calls=[f"run {_SS}"],
    yields=[
        Facet("host.listener", ("Protocol", "Address", "Port"), optional=("Interface",), lists=True),
        Facet("host.listener", ("Programs",), name="programs"),
    ],
)
def listeners(reader: HostReader) -> Iterator[Observation]:
    """Each listening TCP socket and each unconnected UDP socket; several on one address and port are one."""
    ran = reader.run(*_SS.split())
    if ran is None or ran.code != 0:
        raise UnreadError(Unread(Why.UNSUPPORTED, f"run {_SS}", "no such command" if ran is None else f"exit {ran.code}"))
    sockets: dict[str, _Socket] = {}
    for line in ran.out.splitlines():
        if found := _parsed(line, sees_all=reader.machine.root):
            at = f"[{found.address}]" if ":" in found.address else found.address
            known = sockets.setdefault(f"{found.protocol}/{found.port}@{at}{found.interface and '%' + found.interface}", found)
            known.programs |= found.programs
            known.seen = known.seen and found.seen
    for native, socket in sorted(sockets.items()):
        uid = reader.uid("host.listener", native)
        facts: dict[str, Json] = {"Protocol": socket.protocol, "Address": socket.address, "Port": socket.port}
        yield Observation("host.listener", uid, {**facts, "Interface": socket.interface or None})
        denied = Unread(Why.DENIED, f"run {_SS}", "only root is told whose sockets they are")
        programs: Json = {"Programs": sorted(socket.programs)} if socket.seen else denied
        yield Observation("host.listener", uid, programs, "programs")


def _parsed(line: str, *, sees_all: bool) -> _Socket | None:
    """`tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=1,fd=3))`; a socket of the kernel has no users."""
    fields = line.split(maxsplit=6)
    if len(fields) < 6 or fields[0] not in ("tcp", "udp"):
        return None
    local, _, port = fields[4].rpartition(":")
    address, _, interface = local.partition("%")
    if not port.isdigit():
        return None
    programs = set(re.findall(r'\("([^"]+)",pid=', fields[6] if len(fields) > 6 else ""))
    return _Socket(fields[0], address.strip("[]"), interface.rstrip("]"), int(port), programs, bool(programs) or sees_all)
