"""Networks: who records their traffic, and which of them reach the internet."""

from collections.abc import Iterable, Iterator, Sequence

from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Inventory, Json, Resource


@check(
    on="aws.ec2.vpc",
    severity="medium",
    version=1,
    within="region",
    needs=("VpcId", "FlowLogs"),
    looks_up={"aws.ec2.subnet": ("VpcId", "FlowLogs")},
    fix="Create a flow log for the VPC that records the traffic asked for, and see that its destination accepts it.",
)
def aws_vpc_flow_logs(vpc: Resource, *, inventory: Inventory, traffic: tuple[str, ...] = ("REJECT",)) -> Answer:
    """Each VPC has an active flow log.

    Who talked to whom can be told after an incident only if it was recorded before. Flow logs on every one of its
    subnets do for a VPC as well as one on the whole.

    `traffic`: what must be recorded: REJECT, ACCEPT, or both
    """
    logs = vpc.fact("FlowLogs") or []
    if _records(logs, traffic):
        return None
    subnets = list(inventory.where("aws.ec2.subnet", VpcId=vpc.fact("VpcId")))
    if subnets and all(_records(subnet.fact("FlowLogs") or [], traffic) for subnet in subnets):
        return None
    for log in logs:
        if log.get("DeliverLogsStatus") == "FAILED":
            return f"{vpc.name} has the flow log {log['FlowLogId']}, which cannot deliver ({_reason(log)})"
    if logs:
        return f"{vpc.name} has no active flow log that records {' and '.join(traffic)}"
    return f"{vpc.name} has no flow log"


def _records(logs: Sequence[Json], traffic: Iterable[str]) -> bool:
    """Whether some logs, together, are active, deliver, and record this traffic."""
    kinds = {
        log.get("TrafficType") for log in logs if log["FlowLogStatus"] == "ACTIVE" and log.get("DeliverLogsStatus") != "FAILED"
    }
    return bool(kinds) and all("ALL" in kinds or kind in kinds for kind in traffic)


def _reason(log: Json) -> str:
    return str(log.get("DeliverLogsErrorMessage", "no reason given"))


@check(
    on="aws.ec2.subnet",
    severity="high",
    version=1,
    within="region",
    needs=("SubnetId", "VpcId", "Tags", "DBSubnetGroups"),
    looks_up={"aws.ec2.route_table": ("RouteTableId", "VpcId", "Associations", "Routes")},
    fix="Give data subnets a route table without a route to an internet gateway; let them reach out through a NAT gateway.",
)
def aws_vpc_tier_segregation(
    subnet: Resource,
    *,
    inventory: Inventory,
    tag_key: str = "tier",
    tag_values: tuple[str, ...] = ("data", "database", "db"),
) -> Answer:
    """Subnets that hold data have no route to an internet gateway.

    A database in such a subnet cannot be reached from outside whatever its security group or its own settings say. A
    subnet holds data if an RDS subnet group names it, or if it is tagged so. A subnet without a route table of its own
    follows the main one of its VPC.

    `tag_key`: the tag that names a subnet's tier
    `tag_values`: values of that tag that mean data
    """
    tagged = _tagged(subnet.fact("Tags") or {}, tag_key, tag_values)
    if not tagged and not subnet.fact("DBSubnetGroups"):
        return NotApplicable(f"{subnet.name} is in no database subnet group and not tagged {tag_key}={tag_values[0]}")
    tables = list(inventory.where("aws.ec2.route_table", VpcId=subnet.fact("VpcId")))
    table = _table(tables, subnet.fact("SubnetId"))
    if table is None:
        return Unknown(f"{subnet.name} has no route table that can be seen from here")
    out = [f"{where} to {gateway}" for where, gateway in _internet(table.fact("Routes"))]
    if out:
        return f"{subnet.name} holds data and routes {', '.join(out)} by {table.name}"
    return None


def _tagged(tags: Json, key: str, values: Iterable[str]) -> bool:
    wanted = {value.lower() for value in values}
    return any(name.lower() == key.lower() and value.lower() in wanted for name, value in tags.items())


def _table(tables: Iterable[Resource], subnet_id: str) -> Resource | None:
    """The route table that a subnet is associated with, else the main one of its VPC."""
    main = None
    for table in tables:
        for association in table.fact("Associations"):
            if association.get("AssociationState", {}).get("State") in {"disassociated", "failed"}:
                continue
            if association.get("SubnetId") == subnet_id:
                return table
            if association.get("Main"):
                main = table
    return main


def _internet(routes: Iterable[Json]) -> Iterator[tuple[str, str]]:
    """Destination and gateway of each live route to an internet gateway."""
    for route in routes:
        gateway = route.get("GatewayId") or ""
        if gateway.startswith("igw-") and route.get("State") != "blackhole":
            names = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
            yield next((route[name] for name in names if route.get(name)), "something"), gateway
