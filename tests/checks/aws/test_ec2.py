"""Instances and security groups: each check from the provider's answer, when all is well, when not, and when not seen."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.collectors.aws.overlay import Cloud
from tests.harness import Looked, look

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
ADMIN, DATA = "aws_sg_admin_ports_closed", "aws_sg_data_ports_closed"


def instance(name: str, **settings: Any) -> dict[str, Any]:
    return {
        "InstanceId": name,
        "State": {"Name": "running", "Code": 16},
        "ImageId": "ami-1",
        "InstanceType": "t3.micro",
        "LaunchTime": NOW,
        "MetadataOptions": {"State": "applied", "HttpTokens": "required", "HttpEndpoint": "enabled"},
        **settings,
    }


def metadata(**options: str) -> dict[str, Any]:
    return {"MetadataOptions": {"State": "applied", "HttpTokens": "required", "HttpEndpoint": "enabled", **options}}


def asked(aws: Cloud, check: str, **parameters: Any) -> Looked:
    return look(aws.connect(), check, at=NOW, parameters={check: parameters})


METADATA: list[tuple[dict[str, Any], str, str]] = [
    (metadata(), "pass", ""),
    (metadata(HttpTokens="optional"), "fail", "answers metadata requests without a session token"),
    (metadata(HttpTokens="optional", HttpEndpoint="disabled"), "pass", ""),
    (metadata(State="pending"), "unknown", "has not yet applied"),
    ({"MetadataOptions": {}}, "unknown", "says nothing"),
    ({"State": {"Name": "terminated"}, "MetadataOptions": {}}, "not_applicable", "is terminated"),
    ({"State": {"Name": "stopped"}, **metadata(HttpTokens="optional")}, "fail", "without a session token"),
]


def test_metadata_asks_for_a_token(aws: Cloud) -> None:
    found = [instance(f"i-{n}", **settings) for n, (settings, _, _) in enumerate(METADATA)]
    aws.serve("ec2.DescribeInstances", {"Reservations": [{"ReservationId": "r-1", "Instances": found}]})
    seen = asked(aws, "aws_ec2_imdsv2")
    for n, (_, status, words) in enumerate(METADATA):
        assert (n, seen.status("aws_ec2_imdsv2", f"/i-{n}")) == (n, status)
        assert words in seen.reason("aws_ec2_imdsv2", f"/i-{n}")


def test_every_instance_of_every_page_is_asked_about(aws: Cloud) -> None:
    reservations = [{"ReservationId": f"r-{n}", "Instances": [instance(f"i-{n}")]} for n in range(5)]
    aws.serve("ec2.DescribeInstances", {"Reservations": reservations})
    seen = asked(aws, "aws_ec2_imdsv2")
    assert [str(f.status) for f in seen.of("aws_ec2_imdsv2")] == ["pass"] * 5
    assert aws.calls.count(("ec2.DescribeInstances", "eu-west-1")) == 3


def rule(protocol: str = "tcp", first: int | None = 22, last: int | None = None, **sources: Any) -> dict[str, Any]:
    ports = {} if first is None else {"FromPort": first, "ToPort": first if last is None else last}
    empty: dict[str, Any] = {"IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}
    return {"IpProtocol": protocol, **ports, **empty, **sources}


def ipv4(*blocks: str) -> dict[str, Any]:
    return {"IpRanges": [{"CidrIp": block} for block in blocks]}


def ipv6(*blocks: str) -> dict[str, Any]:
    return {"Ipv6Ranges": [{"CidrIpv6": block} for block in blocks]}


def by_list(list_id: str) -> dict[str, Any]:
    return {"PrefixListIds": [{"PrefixListId": list_id}]}


def groups(aws: Cloud, *rules: dict[str, Any], attached: bool = True) -> None:
    """One security group with these rules, and an interface that carries it."""
    several(aws, list(rules), attached=attached)


def several(aws: Cloud, *groups: list[dict[str, Any]], attached: bool = True) -> None:
    """Security groups `sg-1` and on, each with its rules, and an interface that carries them."""
    found = [
        {
            "GroupId": f"sg-{n}",
            "GroupName": "web",
            "Description": "web",
            "OwnerId": aws.account,
            "IpPermissions": rules,
            "IpPermissionsEgress": [rule("-1", None, **ipv4("0.0.0.0/0"))],
        }
        for n, rules in enumerate(groups, 1)
    ]
    aws.serve("ec2.DescribeSecurityGroups", {"SecurityGroups": found})
    carried = [{"GroupId": group["GroupId"], "GroupName": "web"} for group in found] if attached else []
    interface = {"NetworkInterfaceId": "eni-1", "Groups": carried, "Status": "in-use", "OwnerId": aws.account}
    aws.serve("ec2.DescribeNetworkInterfaces", {"NetworkInterfaces": [interface]})
    aws.serve("ec2.DescribeManagedPrefixLists", {"PrefixLists": []})


EVERYONE = ipv4("0.0.0.0/0")


OPENED: dict[str, list[tuple[dict[str, Any], str]]] = {
    ADMIN: [
        (rule(**EVERYONE), "(web) opens 22/tcp to 0.0.0.0/0"),
        (rule(**ipv6("::/0")), "opens 22/tcp to ::/0"),
        (rule("-1", None, **EVERYONE), "opens 22/tcp, 23/tcp,"),
        (rule("6", 20, 25, **EVERYONE), "opens 22/tcp, 23/tcp to"),
        (rule("udp", 3389, **EVERYONE), "opens 3389/udp to"),
        (rule("tcp", -1, -1, **EVERYONE), "opens 22/tcp"),
        (rule(**ipv4("10.0.0.0/8", "0.0.0.0/1", "128.0.0.0/1")), "to 0.0.0.0/1, 128.0.0.0/1"),
        (rule(**ipv6("2000::/3")), "to 2000::/3"),
    ],
    DATA: [
        (rule("tcp", 5432, **EVERYONE), "opens 5432/tcp to"),
        (rule("tcp", 0, 65535, **ipv6("::/0")), "opens 1433-1434/tcp,"),
        (rule("17", 11211, **EVERYONE), "opens 11211/udp to"),
    ],
}


@pytest.mark.parametrize("check", [ADMIN, DATA])
def test_a_port_that_is_open_to_the_internet_fails(aws: Cloud, check: str) -> None:
    several(aws, *([rule("tcp", 443, **EVERYONE), opened] for opened, _ in OPENED[check]))
    seen = asked(aws, check)
    for n, (_, words) in enumerate(OPENED[check], 1):
        assert (n, seen.status(check, f"/sg-{n}")) == (n, "fail")
        assert words in seen.reason(check, f"/sg-{n}")


CLOSED = [
    rule("tcp", 443, **EVERYONE),
    rule("-1", None, **ipv4("10.0.0.0/8", "203.0.113.0/24")),
    rule("-1", None, **ipv6("fc00::/7", "2001:db8::/32")),
    rule("-1", None, UserIdGroupPairs=[{"GroupId": "sg-2", "UserId": "123456789012"}]),
    rule("icmp", -1, -1, **EVERYONE),
    rule("udp", 22, **EVERYONE),
    rule("50", None, **EVERYONE),
]


@pytest.mark.parametrize("check", [ADMIN, DATA])
def test_other_ports_and_other_sources_pass(aws: Cloud, check: str) -> None:
    several(aws, *([closed] for closed in CLOSED))
    assert [str(f.status) for f in asked(aws, check).of(check)] == ["pass"] * len(CLOSED)


def test_the_ports_are_those_that_the_configuration_names(aws: Cloud) -> None:
    groups(aws, rule("tcp", 8080, **EVERYONE))
    assert asked(aws, ADMIN).status(ADMIN, "/sg-1") == "pass"
    assert asked(aws, ADMIN, ports=["8000-8100/tcp"]).reason(ADMIN, "/sg-1") == "sg-1 (web) opens 8000-8100/tcp to 0.0.0.0/0"


@pytest.mark.parametrize("check", [ADMIN, DATA])
def test_a_group_that_nothing_carries_is_not_judged(aws: Cloud, check: str) -> None:
    groups(aws, rule("-1", None, **EVERYONE), attached=False)
    assert asked(aws, check).status(check, "/sg-1") == "not_applicable"


def prefix_list(aws: Cloud, owner: str, *blocks: str) -> None:
    about = {"PrefixListId": "pl-1", "PrefixListName": "partners", "OwnerId": owner, "AddressFamily": "IPv4"}
    aws.serve("ec2.DescribeManagedPrefixLists", {"PrefixLists": [about]})
    aws.serve("ec2.GetManagedPrefixListEntries", {"Entries": [{"Cidr": block} for block in blocks]})


@pytest.mark.parametrize(
    ("owner", "blocks", "status", "words"),
    [
        ("123456789012", ("203.0.113.0/24", "198.51.100.0/24", "192.0.2.0/24"), "pass", ""),
        ("123456789012", ("192.0.2.0/24", "198.51.100.0/24", "0.0.0.0/0"), "fail", "to 0.0.0.0/0 by prefix list pl-1"),
        ("AWS", ("0.0.0.0/0",), "pass", ""),
    ],
)
def test_a_prefix_list_is_what_it_holds(aws: Cloud, owner: str, blocks: tuple[str, ...], status: str, words: str) -> None:
    groups(aws, rule(**by_list("pl-1")))
    prefix_list(aws, owner, *blocks)
    seen = asked(aws, ADMIN)
    assert seen.status(ADMIN, "/sg-1") == status
    assert words in seen.reason(ADMIN, "/sg-1")
    assert (("ec2.GetManagedPrefixListEntries", "eu-west-1") in aws.calls) == (owner != "AWS")


def test_a_prefix_list_that_cannot_be_seen_leaves_the_question_open(aws: Cloud) -> None:
    groups(aws, rule(**by_list("pl-hidden")))
    seen = asked(aws, ADMIN)
    assert seen.status(ADMIN, "/sg-1") == "unknown"
    assert "pl-hidden" in seen.reason(ADMIN, "/sg-1")


@pytest.mark.parametrize("action", ["ec2:DescribeManagedPrefixLists", "ec2:GetManagedPrefixListEntries"])
def test_a_rule_that_is_open_is_told_whatever_a_prefix_list_hides(aws: Cloud, action: str) -> None:
    several(aws, [rule(**by_list("pl-1")), rule(**EVERYONE)])
    prefix_list(aws, aws.account, "192.0.2.0/24")
    aws.deny(action)
    seen = asked(aws, ADMIN)
    assert seen.status(ADMIN, "/sg-1") == "fail"
    assert "opens 22/tcp to 0.0.0.0/0" in seen.reason(ADMIN, "/sg-1")


def test_prefix_lists_that_are_denied_leave_the_question_open(aws: Cloud) -> None:
    groups(aws, rule(**by_list("pl-1")))
    prefix_list(aws, aws.account, "192.0.2.0/24")
    aws.deny("ec2:GetManagedPrefixListEntries")
    seen = asked(aws, ADMIN)
    assert seen.status(ADMIN, "/sg-1") == "unknown"
    assert "ec2:GetManagedPrefixListEntries was denied" in seen.reason(ADMIN, "/sg-1")


@pytest.mark.parametrize(
    ("check", "action", "about"),
    [
        ("aws_ec2_imdsv2", "ec2:DescribeInstances", "aws:123456789012:eu-west-1"),
        (ADMIN, "ec2:DescribeSecurityGroups", "aws:123456789012:eu-west-1"),
        (ADMIN, "ec2:DescribeNetworkInterfaces", "/sg-1"),
        (DATA, "ec2:DescribeSecurityGroups", "aws:123456789012:eu-west-1"),
        (DATA, "ec2:DescribeNetworkInterfaces", "/sg-1"),
    ],
)
def test_what_is_denied_is_unknown(aws: Cloud, check: str, action: str, about: str) -> None:
    groups(aws)
    aws.deny(action)
    seen = asked(aws, check)
    assert seen.status(check, about) == "unknown"
    assert f"{action} was denied" in seen.reason(check, about)


def test_what_another_account_shares_is_left_to_that_account(aws: Cloud) -> None:
    groups(aws, rule(**EVERYONE))
    shared = {
        "GroupId": "sg-9",
        "GroupName": "theirs",
        "Description": "",
        "OwnerId": "999999999999",
        "IpPermissions": [rule(**EVERYONE)],
        "IpPermissionsEgress": [],
    }
    aws.serve("ec2.DescribeSecurityGroups", {"SecurityGroups": [shared]})
    assert asked(aws, ADMIN).of(ADMIN) == []


def test_groups_and_interfaces_as_they_are_made(aws: Cloud) -> None:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="bastion", Description="b", VpcId=vpc)["GroupId"]
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    assert asked(aws, ADMIN).status(ADMIN, group) == "not_applicable"
    ec2.create_network_interface(SubnetId=subnet, Groups=[group])
    seen = asked(aws, ADMIN)
    assert seen.reason(ADMIN, group) == f"{group} (bastion) opens 22/tcp to ::/0"
    assert seen.facts("aws.ec2.security_group", "attached")[f"arn:aws:ec2:eu-west-1:123456789012:security-group/{group}"]
