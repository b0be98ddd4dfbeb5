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

    `exempt_namespaces`: namespaces that are not asked
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
        "kubernetes.vulnerability_report": ("namespace", "artifact", "registry", "updateTimestamp", "vulnerabilities"),
    },
    fix="Rebuild the image on a fixed base and deploy it; install the scanner (trivy-operator) where no image is scanned.",
)
def k8s_image_vulnerability_age(
    pod: Resource,
    *,
    at: datetime,
    inventory: Inventory,
    deadline_days: int = 15,
    severities: tuple[str, ...] = ("CRITICAL",),
    max_report_days: int = 7,
    without_fix: bool = True,
) -> Answer:
    """Running images are scanned, and carry no critical vulnerability that is older than the deadline.

    The clock runs from the day a vulnerability was published: from then on its exploit is written. Every image that runs
    counts, whether the scanner knows it or not; a report of another image, or an old one, says nothing of it.

    `deadline_days`: days to replace an image with such a vulnerability
    `severities`: severities that count, as the scanner writes them
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
    overdue, doubts = [], []
    for image, report in ((image, report) for image, report in scans if report is not None):
        counted = [v for v in report.fact("vulnerabilities") or () if _counts(v, severities, without_fix=without_fix)]
        overdue += [f"{text} in {image.container}" for text in _late(counted, at, deadline_days)]
        doubts += [f"{image.container} {doubt}" for doubt in _doubts(report, counted, at, max_report_days)]
    if overdue:
        return f"pod {name_of(pod)} runs vulnerabilities past {deadline_days} days: {some(overdue)}"
    if unscanned:
        return f"pod {name_of(pod)} runs images of which no scan is reported: {some(unscanned)}"
    return Unknown(f"pod {name_of(pod)}: {some(doubts)}") if doubts else None


def _counts(vulnerability: Json, severities: tuple[str, ...], *, without_fix: bool) -> bool:
    return vulnerability["severity"] in severities and (without_fix or bool(vulnerability.get("fixedVersion")))


def _published(vulnerability: Json) -> date | None:
    try:
        return parse_time(vulnerability.get("publishedDate") or "").date()
    except ValueError:
        return None


def _late(vulnerabilities: Iterable[Json], at: datetime, days: int) -> list[str]:
    """Those past their deadline, the oldest first."""
    dated = sorted({(found, v["vulnerabilityID"]) for v in vulnerabilities if (found := _published(v)) is not None})
    return [f"{name} of {found}" for found, name in dated if found + timedelta(days=days) < at.date()]


def _doubts(report: Resource, vulnerabilities: Iterable[Json], at: datetime, days: int) -> list[str]:
    """What keeps a report from being an answer."""
    made = report.time("updateTimestamp")
    if made is None or made > at or at - made > timedelta(days=days):
        when = "an unknown date" if made is None else format_time(made)
        return [f"was last scanned on {when}; a report may be {days} days old"]
    undated = sorted({v["vulnerabilityID"] for v in vulnerabilities if _published(v) is None})
    return [f"carries {name}, which says nothing of when it was published" for name in undated]
