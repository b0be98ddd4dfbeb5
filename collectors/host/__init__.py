"""READ hosts: the machine that the scanner runs on, or a file system image; Debian and Red Hat families."""

from collectors.host.permissions import policy
from collectors.host.target import HostTarget
from collectors.source import Connection, Provider


def connect(target: HostTarget) -> Connection:
    """Open this machine, or the image at the target's root."""
    from collectors.host.machine import image, this_machine
    from collectors.host.reader import HostConnection

    return HostConnection(this_machine() if target.root == "/" else image(target.root), target)


PROVIDER = Provider(kind="host", extra=None, modules=(), settings=HostTarget, connect=connect, policy=policy)
