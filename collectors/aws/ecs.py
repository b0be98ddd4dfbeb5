"""Elastic Container Service: the newest active revision of each task definition family.

The resource is the family, so that its history and an exception for it outlive the next deployment.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from collectors.aws import variables
from collectors.aws.reader import Reader
from collectors.aws.shaping import only
from collectors.source import Facet, Parent, source
from evidence_store.records import Observation

TASK = "aws.ecs.task_definition"
_ALWAYS = ("taskDefinitionArn", "revision", "status")
_KEPT = (
    "taskRoleArn", "executionRoleArn", "networkMode", "volumes", "placementConstraints", "requiresCompatibilities",
    "cpu", "memory", "pidMode", "ipcMode", "runtimePlatform", "registeredAt",
)  # fmt: skip
_CONTAINER = (
    "name", "image", "essential", "privileged", "user", "readonlyRootFilesystem", "portMappings", "mountPoints",
    "logConfiguration", "linuxParameters", "dockerSecurityOptions", "interactive", "pseudoTerminal", "secrets",
)  # fmt: skip


@source(
    "ecs.ListTaskDefinitionFamilies",
    level="region",
    yields=[Facet(TASK, facts=("family",), lists=True)],
)
def families(read: Reader) -> Iterator[Observation]:
    """Every family that has an active revision."""
    for family in read.pages("ecs.ListTaskDefinitionFamilies", "families", status="ACTIVE"):
        yield Observation(TASK, read.arn("ecs", f"task-definition/{family}"), {"family": family})


@source(
    "ecs.DescribeTaskDefinition",
    level="region",
    parent=TASK,
    uses=("family",),
    yields=[
        Facet(TASK, name="definition", facts=_ALWAYS, optional=(*_KEPT, "containers")),
        variables.facet(TASK),
    ],
)
def definition(read: Reader, task: Parent) -> Iterator[Observation]:
    """What the newest active revision runs, and with which settings."""
    answer = read.call("ecs.DescribeTaskDefinition", taskDefinition=task.facts["family"]) or {}
    found = answer["taskDefinition"]
    containers = found.get("containerDefinitions", [])
    facts = only(found, *_ALWAYS, *_KEPT)
    facts["containers"] = [only(container, *_CONTAINER) for container in containers]
    yield Observation(TASK, task.uid, facts, facet="definition")
    settings = [setting for container in containers for setting in _settings(container)]
    yield Observation(TASK, task.uid, variables.facts(settings), facet="variables")


def _settings(container: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A container's variables by `container/NAME`, its log driver's options, and its command lines with theirs."""
    name = container.get("name", "")
    for variable in sorted(container.get("environment", ()), key=lambda v: str(v.get("name"))):
        if variable.get("name"):
            yield f"{name}/{variable['name']}", variable.get("value", "")
    for option, value in sorted(((container.get("logConfiguration") or {}).get("options") or {}).items()):
        yield f"{name}/logConfiguration/{option}", value
    for field in ("entryPoint", "command"):
        if container.get(field):
            yield f"{name}/{field}", " ".join(container[field])
    if command := (container.get("healthCheck") or {}).get("command"):
        yield f"{name}/healthCheck", " ".join(command)
