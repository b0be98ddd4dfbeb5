"""What reading a host takes: the files and commands of the sources, and which of them only root may read or run."""

from collections.abc import Iterable

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

_NOTE = """\
# An ordinary user may run the scanner on a host: what it may not read is reported as unknown, never as passed.
# For a whole answer run it as root, in a unit that can read everything and change nothing but its own store:
#
#   [Unit]
#   Description=Annexa scan of this host
#   [Service]
#   Type=oneshot
#   ExecStart=/usr/bin/scanner run --config /etc/annexa/annexa.toml
#   StateDirectory=annexa
#   WorkingDirectory=/var/lib/annexa
#   ProtectSystem=strict
#   ProtectHome=read-only
#   NoNewPrivileges=yes
#   CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_NET_ADMIN CAP_AUDIT_CONTROL CAP_AUDIT_READ CAP_SYS_PTRACE CAP_MAC_ADMIN
#   RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6
#
# or let one group start it with sudo (visudo -f /etc/sudoers.d/annexa):
#
#   %compliance ALL=(root) /usr/bin/scanner run --config /etc/annexa/annexa.toml
"""


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
