"""Which scan report speaks of which running image.

- An image that the pod names by digest is spoken of by a report of that digest, and by no other.
- An image that the pod names by tag is spoken of by a report of that tag: the scanner resolves the tag itself, and what it
  then gives as digest is the image's own id, which no node reports.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from checks.kubernetes.containers import containers_of
from checks.kubernetes.image_names import ImageName, image_name, placed
from evidence_store.records import Resource


@dataclass(frozen=True, slots=True)
class Running:
    """An image that a container runs, or has run."""

    container: str
    text: str  # as the pod names it
    digest: str  # as the node pulled it; empty where it does not say


def running_images(pod: Resource) -> list[Running]:
    """What the node says to have started: a container that waits for its image runs none."""
    ids = pod.fact("images") or {}
    return [
        Running(c["name"], c["image"], image_name(ids[c["name"]]).digest)
        for c in containers_of(pod)
        if ids.get(c["name"]) and c.get("image")
    ]


def scan_of(image: Running, reports: Iterable[Resource]) -> Resource | None:
    """The newest report that speaks of an image; `None` where there is none."""
    found = [report for report in reports if _speaks_of(_scanned(report), image)]
    return max(found, key=lambda report: (report.fact("updateTimestamp") or "", report.uid), default=None)


def _speaks_of(scanned: ImageName, image: Running) -> bool:
    named = image_name(image.text)
    if scanned.digest and scanned.digest in (named.digest, image.digest):
        return True
    return not named.digest and (scanned.place, scanned.tag) == (named.place, named.tag)


def _scanned(report: Resource) -> ImageName:
    artifact = report.fact("artifact") or {}
    server = (report.fact("registry") or {}).get("server") or ""
    return placed(server, artifact.get("repository") or "", artifact.get("tag") or "", artifact.get("digest") or "")
