"""Managed nodes, their patch states, and the patch baselines that say what they must have.

- What Systems Manager knows of an instance is a facet of the instance; where it knows nothing, that is `None`.
- Patch states are asked for running instances only: a stopped one cannot be scanned.
- When a node was last heard is left out, since it moves at every look; whether it answers stays.
"""

from collections.abc import Iterator, Sequence

from collectors.aws.reader import Reader
from collectors.aws.shaping import picked
from collectors.source import Facet, Parent, source
from evidence_store.records import Observation, Unread, Why

NODE = Facet(
    "aws.ssm.node",
    facts=("InstanceId", "PingStatus"),
    optional=(
        "AgentVersion",
        "AssociationStatus",
        "ComputerName",
        "IamRole",
        "IPAddress",
        "Name",
        "PlatformName",
        "PlatformType",
        "PlatformVersion",
        "RegistrationDate",
        "ResourceType",
        "SourceId",
        "SourceType",
    ),
    lists=True,
)
MANAGED = Facet(
    "aws.ec2.instance",
    facts=("PingStatus",),
    optional=("AgentVersion", "PlatformName", "PlatformVersion"),
    name="managed",
)
PATCH = Facet(
    "aws.ec2.instance",
    facts=("BaselineId", "Operation", "OperationStartTime", "OperationEndTime"),
    optional=(
        "AvailableSecurityUpdateCount",
        "CriticalNonCompliantCount",
        "FailedCount",
        "InstallOverrideList",
        "InstalledCount",
        "InstalledOtherCount",
        "InstalledPendingRebootCount",
        "InstalledRejectedCount",
        "LastNoRebootInstallOperationTime",
        "MissingCount",
        "NotApplicableCount",
        "OtherNonCompliantCount",
        "PatchGroup",
        "RebootOption",
        "SecurityNonCompliantCount",
        "SnapshotId",
    ),
    name="patch",
    effective="OperationEndTime",
)
BASELINE = Facet(
    "aws.ssm.patch_baseline",
    facts=("BaselineId", "BaselineName", "OperatingSystem", "DefaultBaseline", "Arn"),
    optional=("BaselineDescription",),
    lists=True,
)
RULES = Facet(
    "aws.ssm.patch_baseline",
    facts=("ApprovalRules",),
    optional=(
        "ApprovedPatches",
        "ApprovedPatchesComplianceLevel",
        "ApprovedPatchesEnableNonSecurity",
        "AvailableSecurityUpdatesComplianceStatus",
        "CreatedDate",
        "GlobalFilters",
        "ModifiedDate",
        "PatchGroups",
        "RejectedPatches",
        "RejectedPatchesAction",
        "Sources",
    ),
    name="rules",
)


@source("ssm.DescribeInstanceInformation", level="region", yields=[NODE, MANAGED])
def nodes(read: Reader) -> Iterator[Observation]:
    for node in read.pages("ssm.DescribeInstanceInformation", "InstanceInformationList", MaxResults=50):
        instance_id = node["InstanceId"]
        uid = read.arn("ssm", f"managed-instance/{instance_id}")
        yield Observation(NODE.type, uid, picked(NODE, node))
        if instance_id.startswith("i-"):
            instance = read.arn("ec2", f"instance/{instance_id}")
            yield Observation(MANAGED.type, instance, picked(MANAGED, node), MANAGED.name)


@source(
    "ssm.DescribeInstancePatchStates",
    level="region",
    yields=[PATCH],
    parent="aws.ec2.instance",
    uses=("InstanceId", "State"),
    batch=50,
)
def patch_states(read: Reader, parents: Sequence[Parent]) -> Iterator[Observation]:
    running = {p.facts["InstanceId"]: p.uid for p in parents if p.facts["State"] == "running"}
    if not running:
        return
    call = "ssm.DescribeInstancePatchStates"
    for state in read.pages(call, "InstancePatchStates", InstanceIds=sorted(running), MaxResults=50):
        yield Observation(PATCH.type, running[state["InstanceId"]], picked(PATCH, state), PATCH.name)


@source("ssm.DescribePatchBaselines", level="region", yields=[BASELINE])
def baselines(read: Reader) -> Iterator[Observation]:
    """Own baselines and Amazon's; a predefined one is named by an ARN of Amazon's account, an own one by its id."""
    for baseline in read.pages("ssm.DescribePatchBaselines", "BaselineIdentities", MaxResults=100):
        named = baseline["BaselineId"]
        arn = named if named.startswith("arn:") else read.arn("ssm", f"patchbaseline/{named}")
        facts = picked(BASELINE, baseline, BaselineId=named.rpartition("/")[2], Arn=arn)
        yield Observation(BASELINE.type, arn, facts)


@source(
    "ssm.GetPatchBaseline",
    level="region",
    yields=[RULES],
    parent="aws.ssm.patch_baseline",
    uses=("BaselineId", "Arn"),
)
def baseline_rules(read: Reader, parent: Parent) -> Iterator[Observation]:
    """The rules of own baselines. Amazon's are published, the same everywhere, and about twenty in each region."""
    if f":{read.account}:" not in parent.facts["Arn"]:
        return
    answer = read.call("ssm.GetPatchBaseline", absent=("DoesNotExistException",), BaselineId=parent.facts["BaselineId"])
    facts = Unread(Why.VANISHED, "ssm:GetPatchBaseline") if answer is None else picked(RULES, answer)
    yield Observation(RULES.type, parent.uid, facts, RULES.name)
