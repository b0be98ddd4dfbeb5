"""Networks: VPCs, subnets, route tables, flow logs, and the subnets that databases stand in.

Only what this account owns is listed. A subnet that databases use shows it in a facet of its own.
"""

from collections.abc import Iterator
from typing import Any

from collectors.aws.reader import Reader
from collectors.aws.shaping import only, ordered, picked
from collectors.source import Facet, source
from evidence_store.records import Json, Observation

VPC = Facet(
    "aws.ec2.vpc",
    facts=("VpcId", "CidrBlock", "IsDefault"),
    optional=("BlockPublicAccessStates", "CidrBlockAssociationSet", "DhcpOptionsId", "Ipv6CidrBlockAssociationSet", "Tags"),
    lists=True,
)
SUBNET = Facet(
    "aws.ec2.subnet",
    facts=("SubnetId", "VpcId", "AvailabilityZone", "MapPublicIpOnLaunch"),
    optional=(
        "AssignIpv6AddressOnCreation",
        "BlockPublicAccessStates",
        "CidrBlock",
        "DefaultForAz",
        "Ipv6CidrBlockAssociationSet",
        "Ipv6Native",
        "Tags",
    ),
    lists=True,
)
ROUTE_TABLE = Facet(
    "aws.ec2.route_table",
    facts=("RouteTableId", "VpcId", "Associations", "Routes"),
    optional=("PropagatingVgws", "Tags"),
    lists=True,
)
FLOW_LOG = Facet(
    "aws.ec2.flow_log",
    facts=("FlowLogId", "FlowLogStatus", "ResourceId"),
    optional=(
        "CreationTime",
        "DeliverLogsErrorMessage",
        "DeliverLogsPermissionArn",
        "DeliverLogsStatus",
        "LogDestination",
        "LogDestinationType",
        "LogFormat",
        "LogGroupName",
        "MaxAggregationInterval",
        "Tags",
        "TrafficType",
    ),
    lists=True,
)
# The flow logs on a VPC as a whole, or on a subnet; `None` where there is none.
VPC_FLOW_LOGS = Facet("aws.ec2.vpc", facts=("FlowLogs",), name="flow_logs")
SUBNET_FLOW_LOGS = Facet("aws.ec2.subnet", facts=("FlowLogs",), name="flow_logs")
SUBNET_GROUP = Facet(
    "aws.rds.subnet_group",
    facts=("DBSubnetGroupName", "Subnets"),
    optional=("DBSubnetGroupDescription", "SubnetGroupStatus", "SupportedNetworkTypes", "VpcId"),
    lists=True,
)
# The database subnet groups that name a subnet; `None` where none does.
SUBNET_DATABASES = Facet("aws.ec2.subnet", facts=("DBSubnetGroups",), name="databases")


@source("ec2.DescribeVpcs", level="region", yields=[VPC])
def vpcs(read: Reader) -> Iterator[Observation]:
    for vpc in read.pages("ec2.DescribeVpcs", "Vpcs"):
        if vpc.get("OwnerId", read.account) == read.account:
            yield Observation(VPC.type, read.arn("ec2", f"vpc/{vpc['VpcId']}"), picked(VPC, vpc, **_blocks(vpc)))


@source("ec2.DescribeSubnets", level="region", yields=[SUBNET])
def subnets(read: Reader) -> Iterator[Observation]:
    for subnet in read.pages("ec2.DescribeSubnets", "Subnets", MaxResults=1000):
        if subnet.get("OwnerId", read.account) == read.account:
            uid = read.arn("ec2", f"subnet/{subnet['SubnetId']}")
            yield Observation(SUBNET.type, uid, picked(SUBNET, subnet, **_blocks(subnet)))


def _blocks(network: dict[str, Any]) -> dict[str, Json]:
    """Address blocks in order; how many addresses are free is left out, since it moves with every instance."""
    keys = {"CidrBlockAssociationSet": "CidrBlock", "Ipv6CidrBlockAssociationSet": "Ipv6CidrBlock"}
    return {name: ordered(network[name], key) for name, key in keys.items() if name in network}


@source("ec2.DescribeRouteTables", level="region", yields=[ROUTE_TABLE])
def route_tables(read: Reader) -> Iterator[Observation]:
    for table in read.pages("ec2.DescribeRouteTables", "RouteTables", MaxResults=100):
        if table.get("OwnerId", read.account) == read.account:
            parts = {
                "PropagatingVgws": ordered(table.get("PropagatingVgws", []), "GatewayId"),
                "Associations": ordered(table["Associations"], "RouteTableAssociationId"),
                "Routes": ordered(
                    table["Routes"], "DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"
                ),
            }
            uid = read.arn("ec2", f"route-table/{table['RouteTableId']}")
            yield Observation(ROUTE_TABLE.type, uid, picked(ROUTE_TABLE, table, **parts))


@source("ec2.DescribeFlowLogs", level="region", yields=[FLOW_LOG, VPC_FLOW_LOGS, SUBNET_FLOW_LOGS])
def flow_logs(read: Reader) -> Iterator[Observation]:
    watched: dict[str, list[dict[str, Json]]] = {}
    for log in read.pages("ec2.DescribeFlowLogs", "FlowLogs"):
        facts = picked(FLOW_LOG, log)
        watched.setdefault(log["ResourceId"], []).append(facts)
        yield Observation(FLOW_LOG.type, read.arn("ec2", f"vpc-flow-log/{log['FlowLogId']}"), facts)
    for resource_id, logs in sorted(watched.items()):
        kind = resource_id.partition("-")[0]
        facet = {"vpc": VPC_FLOW_LOGS, "subnet": SUBNET_FLOW_LOGS}.get(kind)
        if facet is not None:
            brief = [
                only(
                    log,
                    "FlowLogId",
                    "FlowLogStatus",
                    "TrafficType",
                    "DeliverLogsStatus",
                    "DeliverLogsErrorMessage",
                    "LogDestination",
                )
                for log in ordered(logs, "FlowLogId")
            ]
            yield Observation(facet.type, read.arn("ec2", f"{kind}/{resource_id}"), {"FlowLogs": brief}, facet.name)


@source("rds.DescribeDBSubnetGroups", level="region", yields=[SUBNET_GROUP, SUBNET_DATABASES])
def database_subnet_groups(read: Reader) -> Iterator[Observation]:
    named: dict[str, list[str]] = {}
    for group in read.pages("rds.DescribeDBSubnetGroups", "DBSubnetGroups"):
        ids = sorted(subnet["SubnetIdentifier"] for subnet in group["Subnets"])
        for subnet_id in ids:
            named.setdefault(subnet_id, []).append(group["DBSubnetGroupName"])
        uid = read.arn("rds", f"subgrp:{group['DBSubnetGroupName']}")
        yield Observation(SUBNET_GROUP.type, uid, picked(SUBNET_GROUP, group, Subnets=ids))
    for subnet_id, groups in sorted(named.items()):
        uid = read.arn("ec2", f"subnet/{subnet_id}")
        yield Observation(SUBNET_DATABASES.type, uid, {"DBSubnetGroups": sorted(groups)}, SUBNET_DATABASES.name)
