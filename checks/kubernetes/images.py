"""What runs in the cluster: where it comes from, whether it is the same tomorrow, and what flaws are known in it."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from checks.check import Answer, NotApplicable, Unknown, check
from checks.kubernetes.containers import CONTAINERS, aside, containers_of
from checks.kubernetes.environments import SYSTEM, beside_production
from checks.kubernetes.image_names import image_name, is_from
from checks.kubernetes.naming import listed, name_of, some
from checks.kubernetes.scans import running_images, scan_of
from evidence_store.records import Inventory, Json, Resource, format_time, parse_time

_ASKED = ("namespace", "phase", *CONTAINERS)


@check(
    on="kubernetes.pod",
    severity="high",
    version=1,
    needs=_ASKED,
    fix="Copy the image into an approved registry after it was looked at, and refer to it there; or approve its registry.",
)
def k8s_image_trusted_registry(pod: Resource, *, approved: tuple[str, ...] = ()) -> Answer:
    """Images come only from approved registries.

    Whoever can push to a registry decides what runs. An image without a registry in its name comes from docker.io, where
    anyone can publish. Which registries are yours only you know.

    `approved`: registries, or parts of them: `registry.example.com`, `docker.io/library`
    """
    if skipped := aside(pod):
        return skipped
    if not approved:
        return Unknown("no registry is approved: name yours in `approved`, and those that system images come from")
    images = {container["image"]: container["name"] for container in containers_of(pod) if container.get("image")}
    found = [f"{image} ({name})" for image, name in sorted(images.items()) if not is_from(image_name(image), approved)]
    return f"pod {name_of(pod)} runs images of registries that are not approved: {some(found)}" if found else None


@check(
    on="kubernetes.pod",
    severity="medium",
    version=1,
    needs=_ASKED,
    looks_up={"kubernetes.namespace": ("labels", "annotations")},
    fix="Deploy by digest (image@sha256:...); build tools and GitOps controllers write it for you.",
)
def k8s_image_pinned_digest(
    pod: Resource,
    *,
    inventory: Inventory,
    exempt_namespaces: tuple[str, ...] = SYSTEM,
    allowed: tuple[str, ...] = (),
    environment_labels: tuple[str, ...] = ("environment", "env", "stage"),
    production: tuple[str, ...] = ("production", "prod", "prd", "live"),
) -> Answer:
    """Production images are pinned by digest.

    A tag can be moved to another image, and the next restart runs what nobody tested. A digest names one image for ever.

    `exempt_namespaces`: namespaces that are not asked, `*` allowed
    `allowed`: pods that may use tags, as `namespace/name`, `*` allowed
    `environment_labels`: labels of a namespace that say what it is for
    `production`: their values that mean production
    """
    if listed(name_of(pod), allowed):
        return None
    loose = [c["image"] for c in containers_of(pod) if c.get("image") and not image_name(c["image"]).digest]
    if skipped := aside(pod, exempt_namespaces):
        return skipped
    beside = beside_production(pod, pod.fact("namespace"), inventory, environment_labels, production)
    if beside is not None:
        return beside
    return f"pod {name_of(pod)} runs images by tag: {some(sorted(set(loose)))}" if loose else None


@check(
    on="kubernetes.pod",
    severity="high",
    version=1,
    needs=(*_ASKED, "images"),
    looks_up={
        "kubernetes.vulnerability_report": ("namespace", "artifact", "registry", "updateTimestamp", "critical", "high"),
    },
    fix="Rebuild the image on a fixed base and deploy it; install the scanner (trivy-operator) where no image is scanned.",
)
def k8s_image_vulnerability_age(
    pod: Resource,
    *,
    at: datetime,
    inventory: Inventory,
    critical_days: int = 15,
    high_days: int = 0,
    max_report_days: int = 7,
    without_fix: bool = True,
) -> Answer:
    """Running images are scanned, and carry no critical vulnerability that is older than the deadline.

    The clock runs from the day a vulnerability was published: from then on its exploit is written. Every image that runs
    counts, whether the scanner knows it or not; a report of another image, or an old one, says nothing of it.

    `critical_days`: days to replace an image with a critical vulnerability
    `high_days`: days to replace one with a high vulnerability; 0 where those do not count
    `max_report_days`: how old a report may be, in days
    `without_fix`: whether vulnerabilities for which no fix exists yet count too
    """
    if skipped := aside(pod):
        return skipped
    running = running_images(pod)
    if not running:
        return NotApplicable(f"pod {name_of(pod)} runs no image yet")
    reports = list(inventory.where("kubernetes.vulnerability_report", namespace=pod.fact("namespace")))
    scans = [(image, scan_of(image, reports)) for image in running]
    unscanned = [f"{image.text} ({image.container})" for image, report in scans if report is None]
    late: list[str] = []
    doubts: list[str] = []
    for image, report in ((image, report) for image, report in scans if report is not None):
        for severity, days in (("critical", critical_days), ("high", high_days)):
            asked = report.fact(severity) if days or severity == "critical" else ()
            counted = [v for v in asked if without_fix or v["fixedVersion"]]
            late += [f"{text} ({severity}, limit {days} days) in {image.container}" for text in _late(counted, at, days)]
            doubts += [f"{image.container} carries {name}, of which no date is told" for name in _undated(counted)]
        doubts += [f"{image.container} was last scanned on {made}" for made in _outdated(report, at, max_report_days)]
    if late:
        return f"pod {name_of(pod)} runs vulnerabilities past their deadline: {some(late)}"
    if unscanned:
        return f"pod {name_of(pod)} runs images of which no scan is reported: {some(unscanned)}"
    return Unknown(f"pod {name_of(pod)} cannot be judged: {some(doubts)}") if doubts else None


def _published(vulnerability: Json) -> date | None:
    try:
        return parse_time(vulnerability["publishedDate"] or "").date()
    except ValueError:
        return None


def _late(vulnerabilities: Iterable[Json], at: datetime, days: int) -> list[str]:
    """Those past their deadline, the oldest first."""
    dated = sorted({(found, v["vulnerabilityID"]) for v in vulnerabilities if (found := _published(v)) is not None})
    return [f"{name} of {found}" for found, name in dated if found + timedelta(days=days) < at.date()]


def _undated(vulnerabilities: Iterable[Json]) -> list[str]:
    return sorted({v["vulnerabilityID"] for v in vulnerabilities if _published(v) is None})


def _outdated(report: Resource, at: datetime, days: int) -> list[str]:
    """When a report was made that is too old to speak of today, lies ahead, or does not say it."""
    made = report.time("updateTimestamp")
    if made is None:
        return ["an unknown date"]
    return [format_time(made)] if made > at or at - made > timedelta(days=days) else []
