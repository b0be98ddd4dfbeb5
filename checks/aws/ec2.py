"""Instances and the security groups in front of what runs in a VPC."""

from checks.addresses import MANAGEMENT_PORTS
from checks.aws.network import closed_to_the_internet
from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Inventory, Resource

GONE = ("shutting-down", "terminated")
PREFIX_LISTS = {"aws.ec2.prefix_list": ("OwnerId", "Entries")}
RULES = ("GroupName", "IpPermissions", "NetworkInterfaceIds")


@check(
    on="aws.ec2.instance",
    severity="medium",
    version=1,
    needs=("State", "MetadataOptions"),
    fix="Set HttpTokens to required on the instance, in its launch template, and as the account's default in each region.",
)
def aws_ec2_imdsv2(instance: Resource) -> Answer:
    """Instance metadata asks for a session token.

    Without a token, anyone who can make the instance fetch an address of their choosing can read the credentials of its
    role. An instance whose metadata service is off has nothing to read.
    """
    if instance.fact("State") in GONE:
        return NotApplicable(f"{instance.name} is {instance.fact('State')}")
    options = instance.fact("MetadataOptions")
    if options is None or "HttpTokens" not in options:
        return Unknown(f"{instance.name} says nothing of its metadata options")
    if options.get("HttpEndpoint") == "disabled":
        return None
    if options["HttpTokens"] != "required":
        return f"{instance.name} answers metadata requests without a session token"
    if options.get("State") == "pending":
        return Unknown(f"{instance.name} has not yet applied the metadata options that were set")
    return None


@check(
    on="aws.ec2.security_group",
    severity="critical",
    version=1,
    within="region",
    needs=RULES,
    looks_up=PREFIX_LISTS,
    fix="Remove the rule; reach machines through Session Manager, a VPN or a bastion whose address is listed.",
)
def aws_sg_admin_ports_closed(
    group: Resource,
    *,
    inventory: Inventory,
    ports: tuple[str, ...] = MANAGEMENT_PORTS,
) -> Answer:
    """Security groups in use do not open management ports to the internet.

    Remote shells, desktops and management agents are what attackers try first and without pause. A block of addresses
    wider than anyone holds (IPv4 wider than /8, IPv6 wider than /16) counts as the internet. A group that no network
    interface carries is not judged.

    `ports`: management ports, as `22/tcp` or `5900-5903/tcp`
    """
    return closed_to_the_internet(group, ports, inventory)


@check(
    on="aws.ec2.security_group",
    severity="critical",
    version=1,
    within="region",
    needs=RULES,
    looks_up=PREFIX_LISTS,
    fix="Remove the rule; let only the security groups of the applications in front reach the database or cache.",
)
def aws_sg_data_ports_closed(
    group: Resource,
    *,
    inventory: Inventory,
    ports: tuple[str, ...] = (
        "1433-1434/tcp",
        "1434/udp",
        "1521-1522/tcp",
        "2049/tcp",
        "2181/tcp",
        "3306/tcp",
        "5432/tcp",
        "5439/tcp",
        "5984/tcp",
        "6379-6380/tcp",
        "7000-7001/tcp",
        "8086/tcp",
        "8182/tcp",
        "9042/tcp",
        "9092/tcp",
        "9200/tcp",
        "9300/tcp",
        "11211/tcp",
        "11211/udp",
        "27017-27019/tcp",
        "50000/tcp",
    ),
) -> Answer:
    """Security groups in use do not open database or cache ports to the internet.

    A data store that anyone can reach is one weak password or one flaw away from a leak. A block of addresses wider than
    anyone holds (IPv4 wider than /8, IPv6 wider than /16) counts as the internet. A group that no network interface
    carries is not judged.

    `ports`: ports of databases, caches, queues and file shares, as `5432/tcp` or `27017-27019/tcp`
    """
    return closed_to_the_internet(group, ports, inventory)
