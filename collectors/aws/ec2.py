"""Instances, security groups, network interfaces and prefix lists.

- Only what this account owns is listed: what another account shares is that account's to answer for.
- A security group is attached where a network interface, of whatever service, carries it.
"""

from collections.abc import Iterator
from typing import Any

from collectors.aws.reader import Reader
from collectors.aws.shaping import only, ordered, picked
from collectors.source import Facet, Parent, source
from evidence_store.records import Json, Observation

PAGE = 1000  # without it the service puts everything into one answer, and gives up on a large account

INSTANCE = Facet(
    "aws.ec2.instance",
    facts=("InstanceId", "State", "ImageId", "InstanceType", "LaunchTime"),
    optional=(
        "Architecture",
        "BlockDeviceMappings",
        "BootMode",
        "EbsOptimized",
        "EnclaveOptions",
        "IamInstanceProfile",
        "InstanceLifecycle",
        "KeyName",
        "MetadataOptions",
        "Monitoring",
        "NetworkInterfaces",
        "Operator",
        "Placement",
        "Platform",
        "PlatformDetails",
        "PrivateIpAddress",
        "PublicIpAddress",
        "Ipv6Address",
        "RootDeviceName",
        "SecurityGroups",
        "SubnetId",
        "Tags",
        "VpcId",
    ),
    lists=True,
)

SECURITY_GROUP = Facet(
    "aws.ec2.security_group",
    facts=("GroupId", "GroupName", "Description", "IpPermissions", "IpPermissionsEgress"),
    optional=("VpcId", "Tags"),
    lists=True,
)

INTERFACE = Facet(
    "aws.ec2.network_interface",
    facts=("NetworkInterfaceId", "Groups", "Status"),
    optional=("InterfaceType", "VpcId", "SubnetId", "PrivateIpAddress", "Association", "Ipv6Addresses", "InstanceId"),
    lists=True,
)

# Which interfaces carry a security group; `None` where none does.
ATTACHED = Facet("aws.ec2.security_group", facts=("NetworkInterfaceIds",), name="attached")

PREFIX_LIST = Facet(
    "aws.ec2.prefix_list",
    facts=("PrefixListId", "PrefixListName", "OwnerId"),
    optional=("AddressFamily", "MaxEntries", "State", "Version", "Tags"),
    lists=True,
)
PREFIX_LIST_ENTRIES = Facet("aws.ec2.prefix_list", facts=("Entries",), name="entries")


@source("ec2.DescribeInstances", level="region", yields=[INSTANCE])
def instances(read: Reader) -> Iterator[Observation]:
    for reservation in read.pages("ec2.DescribeInstances", "Reservations", MaxResults=PAGE):
        for instance in reservation["Instances"]:
            uid = read.arn("ec2", f"instance/{instance['InstanceId']}")
            yield Observation(INSTANCE.type, uid, picked(INSTANCE, instance, **_instance(instance)))


def _instance(instance: dict[str, Any]) -> dict[str, Json]:
    """The parts of an instance that hold lists, in order and without what changes at every look."""
    parts: dict[str, Json] = {"State": instance["State"]["Name"]}
    if "SecurityGroups" in instance:
        parts["SecurityGroups"] = ordered(instance["SecurityGroups"], "GroupId")
    if "BlockDeviceMappings" in instance:
        parts["BlockDeviceMappings"] = [
            {
                "DeviceName": device.get("DeviceName"),
                "Ebs": only(device.get("Ebs", {}), "VolumeId", "AttachTime", "DeleteOnTermination"),
            }
            for device in ordered(instance["BlockDeviceMappings"], "DeviceName")
        ]
    if "NetworkInterfaces" in instance:
        parts["NetworkInterfaces"] = [
            {
                **only(nic, "NetworkInterfaceId", "SubnetId", "VpcId", "InterfaceType"),
                "Attachment": only(nic.get("Attachment", {}), "AttachTime", "DeviceIndex"),
            }
            for nic in ordered(instance["NetworkInterfaces"], "NetworkInterfaceId")
        ]
    return parts


@source("ec2.DescribeSecurityGroups", level="region", yields=[SECURITY_GROUP])
def security_groups(read: Reader) -> Iterator[Observation]:
    for group in read.pages("ec2.DescribeSecurityGroups", "SecurityGroups", MaxResults=PAGE):
        if group.get("OwnerId", read.account) == read.account:
            uid = read.arn("ec2", f"security-group/{group['GroupId']}")
            rules = {name: _rules(group[name]) for name in ("IpPermissions", "IpPermissionsEgress") if name in group}
            yield Observation(SECURITY_GROUP.type, uid, picked(SECURITY_GROUP, group, **rules))


def _rules(permissions: list[dict[str, Any]]) -> list[dict[str, Json]]:
    within = {
        "IpRanges": "CidrIp",
        "Ipv6Ranges": "CidrIpv6",
        "PrefixListIds": "PrefixListId",
        "UserIdGroupPairs": "GroupId",
    }
    rules = [
        {**rule, **{name: ordered(rule[name], key, "UserId") for name, key in within.items() if name in rule}}
        for rule in permissions
    ]
    return ordered(rules, "IpProtocol", "FromPort", "ToPort")


@source("ec2.DescribeNetworkInterfaces", level="region", yields=[INTERFACE, ATTACHED])
def network_interfaces(read: Reader) -> Iterator[Observation]:
    carried: dict[str, list[str]] = {}
    for interface in read.pages("ec2.DescribeNetworkInterfaces", "NetworkInterfaces", MaxResults=PAGE):
        for group in interface.get("Groups", []):
            carried.setdefault(group["GroupId"], []).append(interface["NetworkInterfaceId"])
        if interface.get("OwnerId", read.account) == read.account:
            uid = read.arn("ec2", f"network-interface/{interface['NetworkInterfaceId']}")
            yield Observation(INTERFACE.type, uid, picked(INTERFACE, interface, **_interface(interface)))
    for group_id, ids in sorted(carried.items()):
        uid = read.arn("ec2", f"security-group/{group_id}")
        yield Observation(ATTACHED.type, uid, {"NetworkInterfaceIds": sorted(ids)}, ATTACHED.name)


def _interface(interface: dict[str, Any]) -> dict[str, Json]:
    parts: dict[str, Json] = {"Groups": ordered(interface.get("Groups", []), "GroupId")}
    if "Association" in interface:
        parts["Association"] = only(interface["Association"], "PublicIp", "AllocationId", "CarrierIp", "CustomerOwnedIp")
    if "Ipv6Addresses" in interface:
        parts["Ipv6Addresses"] = sorted(address["Ipv6Address"] for address in interface["Ipv6Addresses"])
    if "InstanceId" in interface.get("Attachment", {}):
        parts["InstanceId"] = interface["Attachment"]["InstanceId"]
    return parts


@source("ec2.DescribeManagedPrefixLists", level="region", yields=[PREFIX_LIST])
def prefix_lists(read: Reader) -> Iterator[Observation]:
    for found in read.pages("ec2.DescribeManagedPrefixLists", "PrefixLists"):
        uid = read.uid(PREFIX_LIST.type, found["PrefixListId"])
        yield Observation(PREFIX_LIST.type, uid, picked(PREFIX_LIST, found))


@source(
    "ec2.GetManagedPrefixListEntries",
    level="region",
    yields=[PREFIX_LIST_ENTRIES],
    parent="aws.ec2.prefix_list",
    uses=("PrefixListId", "OwnerId"),
)
def prefix_list_entries(read: Reader, parent: Parent) -> Iterator[Observation]:
    if parent.facts["OwnerId"] == "AWS":
        return  # Amazon's own lists hold the addresses of its services and are long
    entries = read.pages("ec2.GetManagedPrefixListEntries", "Entries", PrefixListId=parent.facts["PrefixListId"])
    yield Observation(
        PREFIX_LIST_ENTRIES.type,
        parent.uid,
        {"Entries": ordered((only(entry, "Cidr", "Description") for entry in entries), "Cidr")},
        PREFIX_LIST_ENTRIES.name,
    )
