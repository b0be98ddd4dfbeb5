"""What reading a host takes: the files and commands of the sources, and which of them only root may read or run."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from collectors.source import Source

# Calls that an ordinary user is refused on a machine with the distribution's own modes.
_ROOT = (
    "read /etc/shadow",
    "read /etc/sudoers",
    "read /etc/sysconfig/sshd",
    "read /etc/audit/",
    "read /root/",
    "read **/.ssh/",
    "read /etc/ssl/private/",
    "read /etc/letsencrypt/",
    "read /etc/ssh/ssh_host_",
    "read /sys/kernel/security/",
    "run auditctl",
    "run cvtsudoers",
    "run iptables-save",
    "run ip6tables-save",
    "run nft",
    "run restic",
    "run env",
    "run ss",
    "run sshd",
)

_CAPABILITIES = (
    "CAP_DAC_READ_SEARCH",  # read every file
    "CAP_SYS_PTRACE",  # be told whose a socket is
    "CAP_NET_ADMIN",  # list the firewall's rules
    "CAP_AUDIT_CONTROL",  # list the audit rules
    "CAP_AUDIT_READ",
    "CAP_MAC_ADMIN",  # list the profiles of AppArmor
)

_NOTE = f"""\
# An ordinary user may run the scanner on a host: what it may not read is reported as unknown, never as passed.
# For a whole answer give these capabilities to a user of its own, who can then read everything and change nothing but his
# own store. As a unit, deploy/systemd/drop-ins/host.conf does that:
#
#   [Service]
#   User=annexa
#   AmbientCapabilities={" ".join(_CAPABILITIES)}
#   CapabilityBoundingSet={" ".join(_CAPABILITIES)}
#   NoNewPrivileges=yes
#
# or let one group start it with sudo (visudo -f /etc/sudoers.d/annexa):
#
#   %compliance ALL=(root) /opt/annexa/bin/scanner run --config /etc/annexa/annexa.toml
"""

_SEEING = (2, 19)  # CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE, by their numbers in capabilities(7)


def sees_everything() -> bool:
    """Whether this process may read every file and is told whose every socket is."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return os.geteuid() == 0
    return can_see_everything(status)


def can_see_everything(status: str) -> bool:
    """The same of a process with this `/proc/<pid>/status`.

    Root in a unit or container that was denied the capabilities is not told; a user who was given them is.
    """
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return found is not None and all(int(found[1], 16) >> number & 1 for number in _SEEING)


def permission_of(call: str) -> str:
    """The call itself: what an administrator grants on a host is a file to read or a command to run."""
    return call


def needs_root(call: str) -> bool:
    """Whether an ordinary user is refused, on a machine with the distribution's own modes."""
    return call.startswith(_ROOT)


def policy(sources: Iterable[Source]) -> str:
    """Every file and command that these sources use, and how to grant them."""
    calls = sorted({call for source in sources for call in source.calls})
    open_calls = [call for call in calls if not needs_root(call)]
    root_calls = [call for call in calls if needs_root(call)]
    parts = [_NOTE, "# Any user:", *open_calls, "", "# Root, or the capabilities above:", *root_calls]
    return "\n".join(parts) + "\n"
