"""Networks: each check from the provider's answer, when all is well, when not, and when not seen."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.collectors.aws.overlay import Cloud
from tests.harness import Looked, look

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
LOGS, TIERS = "aws_vpc_flow_logs", "aws_vpc_tier_segregation"


def asked(aws: Cloud, check: str, **parameters: Any) -> Looked:
    return look(aws.connect(), check, at=NOW, parameters={check: parameters})


def network(aws: Cloud, *names: str, tags: dict[str, str] | None = None) -> None:
    """A VPC and these subnets in it."""
    vpc = {"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "IsDefault": False, "OwnerId": aws.account}
    aws.serve("ec2.DescribeVpcs", {"Vpcs": [vpc]})
    tagged = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
    subnets = [
        {
            "SubnetId": name,
            "VpcId": "vpc-1",
            "AvailabilityZone": "eu-west-1a",
            "MapPublicIpOnLaunch": False,
            "OwnerId": aws.account,
            "Tags": tagged,
        }
        for name in names
    ]
    aws.serve("ec2.DescribeSubnets", {"Subnets": subnets})


def log(of: str, **settings: str) -> dict[str, Any]:
    return {"FlowLogId": f"fl-{of}", "ResourceId": of, "FlowLogStatus": "ACTIVE", "TrafficType": "ALL", **settings}


@pytest.mark.parametrize(
    ("logs", "reason"),
    [
        ([log("vpc-1")], ""),
        ([log("vpc-1", TrafficType="REJECT", DeliverLogsStatus="SUCCESS")], ""),
        ([], "vpc-1 has no flow log"),
        ([log("vpc-2")], "vpc-1 has no flow log"),
        ([log("vpc-1", TrafficType="ACCEPT")], "vpc-1 has no active flow log that records REJECT"),
        ([log("vpc-1", FlowLogStatus="INACTIVE")], "vpc-1 has no active flow log that records REJECT"),
        (
            [log("vpc-1", DeliverLogsStatus="FAILED", DeliverLogsErrorMessage="Access error")],
            "vpc-1 has the flow log fl-vpc-1, which cannot deliver (Access error)",
        ),
        ([log("subnet-1"), log("subnet-2"), log("eni-1")], ""),
        ([log("subnet-1"), log("eni-1")], "vpc-1 has no flow log"),
    ],
)
def test_a_vpc_has_an_active_flow_log(aws: Cloud, logs: list[dict[str, Any]], reason: str) -> None:
    network(aws, "subnet-1", "subnet-2")
    aws.serve("ec2.DescribeFlowLogs", {"FlowLogs": logs})
    seen = asked(aws, LOGS)
    assert seen.reason(LOGS, "/vpc-1") == reason
    assert seen.status(LOGS, "/vpc-1") == ("fail" if reason else "pass")


def test_accepted_traffic_may_be_asked_for_too(aws: Cloud) -> None:
    network(aws)
    both = ["ACCEPT", "REJECT"]
    aws.serve("ec2.DescribeFlowLogs", {"FlowLogs": [log("vpc-1", TrafficType="REJECT")]})
    assert asked(aws, LOGS, traffic=both).status(LOGS, "/vpc-1") == "fail"
    two = [log("vpc-1", TrafficType="REJECT"), {**log("vpc-1", TrafficType="ACCEPT"), "FlowLogId": "fl-2"}]
    aws.serve("ec2.DescribeFlowLogs", {"FlowLogs": two})
    assert asked(aws, LOGS, traffic=both).status(LOGS, "/vpc-1") == "pass"


def test_a_vpc_as_it_is_made(aws: Cloud) -> None:
    ec2 = aws.client("ec2")
    bare = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    watched = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    aws.client("s3").create_bucket(Bucket="flows", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    ec2.create_flow_logs(
        ResourceIds=[watched],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="s3",
        LogDestination="arn:aws:s3:::flows",
    )
    seen = asked(aws, LOGS)
    assert (seen.status(LOGS, f"/{bare}"), seen.status(LOGS, f"/{watched}")) == ("fail", "pass")


IGW = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active", "Origin": "CreateRoute"}
NAT = {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "active", "Origin": "CreateRoute"}
OUT6 = {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1", "State": "active"}
IGW6 = {"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1", "State": "active"}
LOCAL = {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"}
DEAD = {**IGW, "State": "blackhole"}


def routes(aws: Cloud, *, main: list[dict[str, str]], own: list[dict[str, str]] | None = None) -> None:
    """The main route table, and one that subnet-1 is associated with."""
    tables = [table(aws, "rtb-main", main, {"Main": True})]
    if own is not None:
        tables.append(table(aws, "rtb-own", own, {"Main": False, "SubnetId": "subnet-1"}))
    aws.serve("ec2.DescribeRouteTables", {"RouteTables": tables})


def table(aws: Cloud, name: str, found: list[dict[str, str]], association: dict[str, Any]) -> dict[str, Any]:
    known = {"RouteTableAssociationId": f"rtbassoc-{name}", "RouteTableId": name, "AssociationState": {"State": "associated"}}
    return {
        "RouteTableId": name,
        "VpcId": "vpc-1",
        "OwnerId": aws.account,
        "Associations": [{**known, **association}],
        "Routes": [LOCAL, *found],
    }


def databases(aws: Cloud, *subnets: str) -> None:
    named = [{"SubnetIdentifier": subnet, "SubnetStatus": "Active"} for subnet in subnets]
    group = {"DBSubnetGroupName": "shop", "VpcId": "vpc-1", "Subnets": named}
    aws.serve("rds.DescribeDBSubnetGroups", {"DBSubnetGroups": [group] if subnets else []})


@pytest.mark.parametrize(
    ("main", "own", "reason"),
    [
        ([], None, ""),
        ([IGW], None, "subnet-1 holds data and routes 0.0.0.0/0 to igw-1 by rtb-main"),
        ([IGW], [], ""),
        ([IGW], [NAT, OUT6], ""),
        ([], [IGW6], "subnet-1 holds data and routes ::/0 to igw-1 by rtb-own"),
        (
            [],
            [{**IGW, "DestinationCidrBlock": "198.51.100.0/24"}],
            "subnet-1 holds data and routes 198.51.100.0/24 to igw-1 by rtb-own",
        ),
        ([], [DEAD], ""),
    ],
)
def test_data_subnets_have_no_route_to_an_internet_gateway(
    aws: Cloud, main: list[dict[str, str]], own: list[dict[str, str]] | None, reason: str
) -> None:
    network(aws, "subnet-1", "subnet-2")
    databases(aws, "subnet-1")
    routes(aws, main=main, own=own)
    seen = asked(aws, TIERS)
    assert seen.reason(TIERS, "/subnet-1") == reason
    assert seen.status(TIERS, "/subnet-1") == ("fail" if reason else "pass")
    assert seen.status(TIERS, "/subnet-2") == "not_applicable"


def test_a_tag_makes_a_subnet_one_that_holds_data(aws: Cloud) -> None:
    network(aws, "subnet-1", tags={"Tier": "Data"})
    databases(aws)
    routes(aws, main=[IGW])
    assert asked(aws, TIERS).status(TIERS, "/subnet-1") == "fail"
    assert asked(aws, TIERS, tag_key="zone").status(TIERS, "/subnet-1") == "not_applicable"


def test_a_subnet_without_any_route_table_is_unknown(aws: Cloud) -> None:
    network(aws, "subnet-1")
    databases(aws, "subnet-1")
    aws.serve("ec2.DescribeRouteTables", {"RouteTables": []})
    assert asked(aws, TIERS).status(TIERS, "/subnet-1") == "unknown"


@pytest.mark.parametrize(
    ("check", "action", "about"),
    [
        (LOGS, "ec2:DescribeVpcs", "aws:123456789012:eu-west-1"),
        (LOGS, "ec2:DescribeFlowLogs", "/vpc-1"),
        (LOGS, "ec2:DescribeSubnets", "/vpc-1"),
        (TIERS, "ec2:DescribeSubnets", "aws:123456789012:eu-west-1"),
        (TIERS, "ec2:DescribeRouteTables", "/subnet-1"),
        (TIERS, "rds:DescribeDBSubnetGroups", "/subnet-1"),
    ],
)
def test_what_is_denied_is_unknown(aws: Cloud, check: str, action: str, about: str) -> None:
    network(aws, "subnet-1")
    databases(aws, "subnet-1")
    routes(aws, main=[])
    aws.serve("ec2.DescribeFlowLogs", {"FlowLogs": []})
    aws.deny(action)
    seen = asked(aws, check)
    assert seen.status(check, about) == "unknown"
    assert f"{action} was denied" in seen.reason(check, about)
