"""Image repositories, and how each one is scanned: the registry's rules as they apply to it."""

from collections.abc import Iterator, Sequence

from collectors.aws.reader import Reader
from collectors.aws.shaping import ordered, picked
from collectors.source import Facet, Parent, source
from evidence_store.records import Observation, Unread, Why

REPOSITORY = Facet(
    "aws.ecr.repository",
    facts=("repositoryName", "repositoryArn"),
    optional=("createdAt", "encryptionConfiguration", "imageTagMutability", "imageTagMutabilityExclusionFilters"),
    lists=True,
)
SCANNING = Facet(
    "aws.ecr.repository",
    facts=("scanFrequency",),
    optional=("scanOnPush", "appliedScanFilters"),
    name="scanning",
)


@source("ecr.DescribeRepositories", level="region", yields=[REPOSITORY])
def repositories(read: Reader) -> Iterator[Observation]:
    for repository in read.pages("ecr.DescribeRepositories", "repositories", maxResults=1000):
        yield Observation(REPOSITORY.type, repository["repositoryArn"], picked(REPOSITORY, repository))


@source(
    "ecr.BatchGetRepositoryScanningConfiguration",
    level="region",
    yields=[SCANNING],
    parent="aws.ecr.repository",
    uses=("repositoryName",),
    batch=25,
)
def scanning(read: Reader, parents: Sequence[Parent]) -> Iterator[Observation]:
    call = "ecr.BatchGetRepositoryScanningConfiguration"
    uids = {parent.facts["repositoryName"]: parent.uid for parent in parents}
    answer = read.call(call, repositoryNames=sorted(uids)) or {}
    for found in answer["scanningConfigurations"]:
        filters = ordered(found.get("appliedScanFilters", []), "filter")
        facts = picked(SCANNING, found, appliedScanFilters=filters)
        yield Observation(SCANNING.type, uids.pop(found["repositoryName"]), facts, SCANNING.name)
    for uid in uids.values():
        gone = Unread(Why.VANISHED, "ecr:BatchGetRepositoryScanningConfiguration")
        yield Observation(SCANNING.type, uid, gone, SCANNING.name)
