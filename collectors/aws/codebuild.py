"""CodeBuild: projects, and what their builds are started with."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from collectors.aws import variables
from collectors.aws.reader import Reader
from collectors.aws.shaping import only, tag_map
from collectors.source import Facet, Parent, source
from evidence_store.records import Observation, Unread, Why

PROJECT = "aws.codebuild.project"
_KEPT_ELSEWHERE = frozenset({"PARAMETER_STORE", "SECRETS_MANAGER"})
_KEPT = (
    "description", "serviceRole", "encryptionKey", "timeoutInMinutes", "created", "lastModified", "vpcConfig", "logsConfig",
    "projectVisibility", "resourceAccessRole", "sourceVersion",
)  # fmt: skip


@source("codebuild.ListProjects", level="region", yields=[Facet(PROJECT, facts=("name",), lists=True)])
def projects(read: Reader) -> Iterator[Observation]:
    """Every project of this account."""
    for name in read.pages("codebuild.ListProjects", "projects"):
        yield Observation(PROJECT, read.arn("codebuild", f"project/{name}"), {"name": name})


@source(
    "codebuild.BatchGetProjects",
    level="region",
    parent=PROJECT,
    uses=("name",),
    batch=100,
    yields=[
        Facet(PROJECT, name="settings", facts=("serviceRole",), optional=(*_KEPT, "source", "environment", "Tags")),
        variables.facet(PROJECT),
    ],
)
def settings(read: Reader, listed: Sequence[Parent]) -> Iterator[Observation]:
    """What each project builds, where, and with which variables; a build specification written into it included."""
    answer = read.call("codebuild.BatchGetProjects", names=[p.facts["name"] for p in listed]) or {}
    found = {project["name"]: project for project in answer["projects"]}
    for parent in listed:
        project = found.get(parent.facts["name"])
        if project is None:
            gone = Unread(Why.VANISHED, "codebuild:BatchGetProjects")
            yield Observation(PROJECT, parent.uid, gone, facet="settings")
            yield Observation(PROJECT, parent.uid, gone, facet="variables")
            continue
        yield Observation(PROJECT, parent.uid, _described(project), facet="settings")
        yield Observation(PROJECT, parent.uid, _variables(project), facet="variables")


def _described(project: Mapping[str, Any]) -> dict[str, Any]:
    facts = only(project, *_KEPT)
    origin, environment = project.get("source", {}), project.get("environment", {})
    facts["source"] = only(origin, "type", "location", "gitCloneDepth", "insecureSsl")
    kept = ("type", "image", "computeType", "privilegedMode", "imagePullCredentialsType")
    facts["environment"] = only(environment, *kept)
    return {**facts, "Tags": tag_map(project.get("tags", ()))}


def _variables(project: Mapping[str, Any]) -> dict[str, Any] | Unread:
    kinds = {v.get("type", "PLAINTEXT") for v in project.get("environment", {}).get("environmentVariables", ())}
    if unknown := kinds - {"PLAINTEXT", *_KEPT_ELSEWHERE}:
        return Unread(Why.UNEXPECTED, "codebuild:BatchGetProjects", f"variables of type {', '.join(sorted(unknown))}")
    return variables.facts(_settings(project))


def _settings(project: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Variables by name, those that name a parameter or a secret as references, and a build specification written here."""
    listed = project.get("environment", {}).get("environmentVariables", ())
    for variable in sorted(listed, key=lambda v: str(v["name"])):
        kind = variable.get("type", "PLAINTEXT")
        refers = kind in _KEPT_ELSEWHERE
        yield variable["name"], f"{{{{resolve:{kind.lower()}:{variable['value']}}}}}" if refers else variable["value"]
    written = project.get("source", {}).get("buildspec", "")
    if "\n" in written or "{" in written:  # else it is the name of a file or an ARN
        yield "buildspec", written
