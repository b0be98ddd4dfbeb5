"""Container images in registries."""

from checks.check import Answer, check
from evidence_store.records import Resource


@check(
    on="aws.ecr.repository",
    severity="medium",
    version=1,
    needs=("repositoryName", "scanFrequency"),
    fix="Add a scanning rule to the registry whose filter matches the repository: on push, or continuous.",
)
def aws_ecr_scan(repository: Resource) -> Answer:
    """Images are scanned for vulnerabilities when they are pushed, or all the time.

    An image carries the flaws of everything that was copied into it. Scanning it by hand means scanning it once, if at
    all. The registry's rules are judged as they apply to each repository.
    """
    if repository.fact("scanFrequency") not in {"SCAN_ON_PUSH", "CONTINUOUS_SCAN"}:
        return f"{repository.fact('repositoryName')} has its images scanned only by hand"
    return None
