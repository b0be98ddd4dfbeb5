"""What the Trivy operator found in the images of workloads: one report for each container of a workload.

Where its custom resource is not installed nobody scans in the cluster; the API server says so, and that is an answer.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from collectors.kubernetes.reader import Reader
from collectors.kubernetes.shapes import identity, number, observed, rows, table, text
from collectors.source import Facet, source
from evidence_store.records import Json, Observation

REPORT = Facet(
    "kubernetes.vulnerability_report",
    facts=("name", "namespace", "labels", "artifact", "vulnerabilities", "critical", "high"),
    optional=("creationTimestamp", "registry", "scanner", "os", "summary", "updateTimestamp"),
    lists=True,
    effective="updateTimestamp",
)
_CALL = "list vulnerabilityreports.aquasecurity.github.io"
_LIMIT = 25  # of a page: a report may be a megabyte
_TEXTS = (
    "vulnerabilityID", "severity", "resource", "installedVersion", "fixedVersion", "publishedDate", "lastModifiedDate",
)  # fmt: skip
_WORST = ("vulnerabilityID", "publishedDate", "fixedVersion")
_COUNTS = ("criticalCount", "highCount", "mediumCount", "lowCount", "unknownCount", "noneCount")


@source(_CALL, level="account", yields=[REPORT], not_enabled=["404"])
def reports(read: Reader) -> Iterator[Observation]:
    for item in read.pages(_CALL, "VulnerabilityReport", limit=_LIMIT):
        yield from observed(read, [(REPORT, _report)], item, _CALL)


def _report(item: Mapping[str, Any]) -> dict[str, Json]:
    report = table(item, "report", needed=True)
    found = [{name: text(one, name) for name in _TEXTS} for one in rows(report, "vulnerabilities", needed=True)]
    return {
        **identity(item),
        "artifact": _texts(table(report, "artifact", needed=True), "repository", "tag", "digest"),
        "registry": _texts(table(report, "registry"), "server"),
        "scanner": _texts(table(report, "scanner"), "name", "version"),
        "os": _texts(table(report, "os"), "family", "name"),
        "summary": {name: number(table(report, "summary"), name) for name in _COUNTS},
        "updateTimestamp": text(report, "updateTimestamp"),
        "vulnerabilities": sorted(found, key=lambda one: [str(one[name]) for name in _TEXTS]),
        "critical": _worst(found, "CRITICAL"),
        "high": _worst(found, "HIGH"),
    }


def _worst(found: Iterable[Mapping[str, Json]], severity: str) -> list[Json]:
    """The vulnerabilities of one severity, each once, so that whoever looks up many reports need not hold all of them."""
    kept = {tuple(one[name] for name in _WORST) for one in found if one["severity"] == severity}
    return [dict(zip(_WORST, one, strict=True)) for one in sorted(kept, key=lambda one: [str(part) for part in one])]


def _texts(of: Mapping[str, Any], *fields: str) -> dict[str, Json]:
    return {field: text(of, field) for field in fields}
