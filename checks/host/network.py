"""Checks on what listens on the network, and on the packet filter before it."""

from checks.check import Answer, NotApplicable, check
from checks.host.inbound import faults
from evidence_store.records import Inventory, Resource

_CLEARTEXT_PORTS = ("tcp/21", "tcp/23", "udp/69", "tcp/79", "tcp/512", "tcp/513", "tcp/514", "tcp/873")
_CLEARTEXT_PROGRAMS = (
    "ftpd",
    "in.fingerd",
    "in.ftpd",
    "in.rexecd",
    "in.rlogind",
    "in.rshd",
    "in.telnetd",
    "in.tftpd",
    "proftpd",
    "pure-ftpd",
    "rexecd",
    "rlogind",
    "rshd",
    "rsyncd",
    "telnetd",
    "tftpd",
    "vsftpd",
)


@check(
    on="host.listener",
    severity="medium",
    version=1,
    needs=("Protocol", "Address", "Port", "Programs"),
    looks_up={"host.machine": ("Hostname",)},
    fix="Stop the service or bind it to loopback; if it is needed, add it to `approved`.",
)
def host_listening_services(
    listener: Resource, *, inventory: Inventory, approved: tuple[str, ...] = ("tcp/22", "udp/68", "udp/546")
) -> Answer:
    """Listening services match the approved list.

    Each open port is a program that strangers may talk to; one that nobody decided on is kept up to date by nobody.
    `approved`: protocol/port, or protocol/port/program to approve a port for one program only
    """
    at = f"{listener.fact('Protocol')}/{listener.fact('Port')}"
    if _loopback(listener):
        return NotApplicable(f"{at} is open on loopback only")
    if at in approved:
        return None
    name = ", ".join(machine.fact("Hostname") for machine in inventory.where("host.machine"))
    if not any(entry.startswith(f"{at}/") for entry in approved):
        return f"{name} listens on {at} at {listener.fact('Address')}, which is not on the approved list"
    programs = listener.fact("Programs")
    if programs and all(f"{at}/{program}" in approved for program in programs):
        return None
    return f"{name} listens on {at} with {', '.join(programs) or 'an unknown program'}, which is not approved there"


def _loopback(listener: Resource) -> bool:
    address = listener.fact("Address")
    return bool(address.startswith("127.") or address in ("::1", "::ffff:127.0.0.1"))


@check(
    on="host.machine",
    severity="high",
    version=1,
    needs=("Hostname",),
    looks_up={"host.listener": ("Protocol", "Address", "Port", "Programs")},
    fix="Replace the service by its encrypted successor (SSH, SFTP, HTTPS) and remove the package.",
)
def host_no_cleartext_services(
    machine: Resource,
    *,
    inventory: Inventory,
    ports: tuple[str, ...] = _CLEARTEXT_PORTS,
    programs: tuple[str, ...] = _CLEARTEXT_PROGRAMS,
) -> Answer:
    """No telnet, rsh, plain FTP or similar service runs.

    Such a service sends passwords in the clear to everyone on the way.
    `ports`: protocol/port of such services
    `programs`: programs that are such services, on whatever port
    """
    found = []
    listeners = [listener for listener in inventory.where("host.listener") if not _loopback(listener)]
    for listener in listeners:
        at = f"{listener.fact('Protocol')}/{listener.fact('Port')}"
        if at in ports:
            found.append(at)
    if not found:  # what the ports show is enough; only to say that there is none must the programs be seen
        found = [p for listener in listeners for p in listener.fact("Programs") if p in programs]
    names = ", ".join(sorted(set(found)))
    return f"{machine.fact('Hostname')} offers services without encryption: {names}" if found else None


@check(
    on="host.machine",
    severity="high",
    version=1,
    needs=("Hostname", "Container", "InputChains", "Ipv6InUse"),
    fix="Turn the packet filter on with a deny default for inbound (`ufw default deny incoming`, firewalld, nftables).",
)
def host_firewall_default_deny(machine: Resource, *, trusted_interfaces: tuple[str, ...] = ("lo",)) -> Answer:
    """Host firewall is on with a deny default for inbound.

    A service that is started by mistake then stays out of reach. Judged is what the kernel does with a packet that no
    rule speaks of, for IPv4 and for IPv6.
    `trusted_interfaces`: interfaces on which everything may come in (patterns)
    """
    name = machine.fact("Hostname")
    if machine.fact("Container") is not None:
        return NotApplicable(f"{name} is a container: its packets are filtered by the machine that runs it")
    chains = machine.fact("InputChains")
    if chains is None:
        return f"{name} has no packet filter"
    families = ("ip", "ip6") if machine.fact("Ipv6InUse") else ("ip",)
    found = [fault for family in families for fault in faults(chains, family, trusted_interfaces)]
    return f"{name} {'; '.join(found)}" if found else None
