"""Infrastructure sources: the same estate gives the same facts, whatever the order of an answer and the time of asking.

A state that differs without a difference in the estate would be written again at every scan.
"""

from datetime import UTC, datetime
from typing import Any

import pytest

from evidence_store.records import Presence
from tests.collectors.aws.overlay import Cloud
from tests.harness import Looked, look

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def turned(value: Any) -> Any:
    """The same value with every list the other way round."""
    if isinstance(value, dict):
        return {key: turned(inner) for key, inner in value.items()}
    return [turned(inner) for inner in reversed(value)] if isinstance(value, list) else value


def tags(*names: str) -> list[dict[str, str]]:
    return [{"Key": name, "Value": name.upper()} for name in names]


INSTANCE = {
    "InstanceId": "i-1",
    "State": {"Name": "running"},
    "ImageId": "ami-1",
    "InstanceType": "t3.micro",
    "LaunchTime": NOW,
    "Tags": tags("a", "b"),
    "SecurityGroups": [{"GroupId": "sg-1", "GroupName": "x"}, {"GroupId": "sg-2", "GroupName": "y"}],
    "BlockDeviceMappings": [
        {"DeviceName": "/dev/sda1", "Ebs": {"VolumeId": "vol-1", "AttachTime": NOW}},
        {"DeviceName": "/dev/sdb", "Ebs": {"VolumeId": "vol-2", "AttachTime": NOW}},
    ],
    "NetworkInterfaces": [
        {"NetworkInterfaceId": "eni-1", "Attachment": {"AttachTime": NOW}},
        {"NetworkInterfaceId": "eni-2", "Attachment": {"AttachTime": NOW}},
    ],
}
PERMISSION = {
    "IpProtocol": "tcp",
    "FromPort": 22,
    "ToPort": 22,
    "IpRanges": [{"CidrIp": "192.0.2.0/24"}, {"CidrIp": "198.51.100.0/24"}],
    "Ipv6Ranges": [{"CidrIpv6": "2001:db8:1::/48"}, {"CidrIpv6": "2001:db8:2::/48"}],
    "PrefixListIds": [{"PrefixListId": "pl-1"}, {"PrefixListId": "pl-2"}],
    "UserIdGroupPairs": [{"GroupId": "sg-1", "UserId": "1"}, {"GroupId": "sg-1", "UserId": "2"}],
}
GROUP = {
    "GroupId": "sg-1",
    "GroupName": "web",
    "Description": "",
    "IpPermissions": [PERMISSION, {**PERMISSION, "FromPort": 443, "ToPort": 443}],
    "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
}
INTERFACES = [
    {
        "NetworkInterfaceId": f"eni-{n}",
        "Status": "in-use",
        "Groups": [{"GroupId": "sg-1", "GroupName": "web"}, {"GroupId": "sg-2", "GroupName": "y"}],
        "Ipv6Addresses": [{"Ipv6Address": f"2001:db8::{n}"}, {"Ipv6Address": f"2001:db8::a{n}"}],
    }
    for n in range(3)
]
VOLUME = {
    "VolumeId": "vol-1",
    "State": "in-use",
    "Encrypted": True,
    "Size": 8,
    "Attachments": [{"InstanceId": "i-1", "State": "attached"}, {"InstanceId": "i-2", "State": "attached"}],
}
TABLE = {
    "RouteTableId": "rtb-1",
    "VpcId": "vpc-1",
    "Associations": [{"RouteTableAssociationId": "a", "Main": True}, {"RouteTableAssociationId": "b", "SubnetId": "s"}],
    "Routes": [
        {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local"},
        {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1"},
    ],
}
FLOW_LOGS = [{"FlowLogId": f"fl-{n}", "FlowLogStatus": "ACTIVE", "ResourceId": "vpc-1", "TrafficType": "ALL"} for n in range(3)]
DETECTOR = {
    "ServiceRole": "r",
    "Status": "ENABLED",
    "Features": [
        {"Name": "EBS_MALWARE_PROTECTION", "Status": "ENABLED", "UpdatedAt": NOW},
        {
            "Name": "RUNTIME_MONITORING",
            "Status": "ENABLED",
            "AdditionalConfiguration": [
                {"Name": "EC2_AGENT_MANAGEMENT", "Status": "ENABLED"},
                {"Name": "EKS_ADDON_MANAGEMENT", "Status": "ENABLED"},
            ],
        },
    ],
}
CLUSTER = {
    "name": "shop",
    "status": "ACTIVE",
    "version": "1.33",
    "logging": {"clusterLogging": [{"types": ["api", "audit"], "enabled": True}, {"types": ["scheduler"], "enabled": False}]},
}
SUBNET_GROUPS = [
    {"DBSubnetGroupName": name, "Subnets": [{"SubnetIdentifier": "subnet-1"}, {"SubnetIdentifier": "subnet-2"}]}
    for name in ("orders", "bills")
]
VPCS = {"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "IsDefault": True}]}


@pytest.mark.parametrize(
    ("check", "type_", "facets", "answers"),
    [
        (
            "aws_ec2_imdsv2",
            "aws.ec2.instance",
            ("config",),
            {"ec2.DescribeInstances": {"Reservations": [{"Instances": [INSTANCE]}]}},
        ),
        (
            "aws_sg_admin_ports_closed",
            "aws.ec2.security_group",
            ("config", "attached"),
            {
                "ec2.DescribeSecurityGroups": {"SecurityGroups": [GROUP]},
                "ec2.DescribeNetworkInterfaces": {"NetworkInterfaces": INTERFACES},
            },
        ),
        (
            "aws_sg_admin_ports_closed",
            "aws.ec2.network_interface",
            ("config",),
            {"ec2.DescribeNetworkInterfaces": {"NetworkInterfaces": INTERFACES}},
        ),
        ("aws_ebs_volume_encrypted", "aws.ec2.volume", ("config",), {"ec2.DescribeVolumes": {"Volumes": [VOLUME]}}),
        (
            "aws_vpc_tier_segregation",
            "aws.ec2.route_table",
            ("config",),
            {"ec2.DescribeRouteTables": {"RouteTables": [TABLE]}},
        ),
        (
            "aws_vpc_tier_segregation",
            "aws.ec2.subnet",
            ("databases",),
            {"rds.DescribeDBSubnetGroups": {"DBSubnetGroups": SUBNET_GROUPS}},
        ),
        (
            "aws_vpc_flow_logs",
            "aws.ec2.vpc",
            ("config", "flow_logs"),
            {"ec2.DescribeVpcs": VPCS, "ec2.DescribeFlowLogs": {"FlowLogs": FLOW_LOGS}},
        ),
        (
            "aws_guardduty_all_regions",
            "aws.region",
            ("guardduty",),
            {"guardduty.ListDetectors": {"DetectorIds": ["d1"]}, "guardduty.GetDetector": DETECTOR},
        ),
        (
            "aws_eks_control_plane_logs",
            "aws.eks.cluster",
            ("listing", "config"),
            {"eks.ListClusters": {"clusters": ["shop"]}, "eks.DescribeCluster": {"cluster": CLUSTER}},
        ),
    ],
)
def test_the_order_of_an_answer_is_no_change(
    aws: Cloud, check: str, type_: str, facets: tuple[str, ...], answers: dict[str, Any]
) -> None:
    def facts(served: dict[str, Any]) -> list[dict[str, Any]]:
        for call, answer in served.items():
            aws.serve(call, answer)
        seen = look(aws.connect(), check)
        return [seen.facts(type_, facet) for facet in facets]

    first = facts(answers)
    assert all(first)
    assert facts(turned(answers)) == first


def test_what_moves_at_every_look_is_left_out(aws: Cloud) -> None:
    node = {"InstanceId": "i-1", "PingStatus": "Online", "LastPingDateTime": NOW, "AgentVersion": "3.3"}
    aws.serve("ssm.DescribeInstanceInformation", {"InstanceInformationList": [node]})
    aws.serve("ec2.DescribeInstances", {"Reservations": [{"Instances": [INSTANCE]}]})
    seen = look(aws.connect(), "aws_ssm_managed_nodes")
    (known,) = seen.facts("aws.ssm.node").values()
    assert known == {"InstanceId": "i-1", "PingStatus": "Online", "AgentVersion": "3.3"}


def test_tags_are_a_map(aws: Cloud) -> None:
    aws.serve("ec2.DescribeInstances", {"Reservations": [{"Instances": [INSTANCE]}]})
    seen = look(aws.connect(), "aws_ec2_imdsv2")
    (known,) = seen.facts("aws.ec2.instance").values()
    assert known["Tags"] == {"a": "A", "b": "B"}


SHAPES = [
    ("aws_ec2_imdsv2", "ec2.DescribeInstances"),
    ("aws_sg_admin_ports_closed", "ec2.DescribeSecurityGroups"),
    ("aws_ebs_volume_encrypted", "ec2.DescribeVolumes"),
    ("aws_vpc_flow_logs", "ec2.DescribeVpcs"),
    ("aws_guardduty_all_regions", "guardduty.ListDetectors"),
    ("aws_inspector_enabled", "inspector2.BatchGetAccountStatus"),
    ("aws_config_recorder_all_regions", "config.DescribeConfigurationRecorders"),
    ("aws_eks_control_plane_logs", "eks.ListClusters"),
    ("aws_elb_tls_policy", "elbv2.DescribeLoadBalancers"),
    ("aws_log_group_retention", "logs.DescribeLogGroups"),
    ("aws_ecr_scan", "ecr.DescribeRepositories"),
    ("aws_security_events_routed", "events.ListRules"),
]


@pytest.mark.parametrize(("check", "call"), SHAPES)
def test_an_odd_answer_is_never_an_empty_estate(aws: Cloud, check: str, call: str) -> None:
    aws.garble(call, b"<html><body>maintenance</body></html>")
    seen = look(aws.connect(), check)
    assert statuses(seen, check) == {"unknown"}
    found = next(s for snapshots in seen.snapshots.values() for s in snapshots if s.presence is not Presence.COMPLETE)
    assert found.reason is not None


def statuses(seen: Looked, check: str) -> set[str]:
    return {str(finding.status) for finding in seen.of(check)}
