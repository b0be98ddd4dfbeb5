"""References to images, as container runtimes read them: `nginx` is `docker.io/library/nginx:latest`."""

from collections.abc import Iterable
from dataclasses import dataclass

_HUB = "docker.io"
_HUB_NAMES = ("index.docker.io", "registry-1.docker.io", "docker.io", "")


@dataclass(frozen=True, slots=True)
class ImageName:
    """One reference, taken apart."""

    registry: str
    repository: str
    tag: str  # empty where only a digest is named
    digest: str  # empty where none is named

    @property
    def place(self) -> str:
        return f"{self.registry}/{self.repository}"


def image_name(reference: str) -> ImageName:
    """A reference taken apart. An image id of a node (`docker-pullable://...@sha256:...`) is one too."""
    name, _, digest = reference.rpartition("://")[2].partition("@")
    if digest == "" and name.startswith("sha256:"):
        return ImageName("", "", "", name)  # the id of the image's own configuration: it names no place
    path, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        path, tag = name, "" if digest else "latest"
    first, slash, rest = path.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        return placed("", path, tag, digest)
    return placed(first, rest, tag, digest)


def placed(registry: str, repository: str, tag: str, digest: str) -> ImageName:
    """An image by its parts: the default registry has several names, and a folder for what has none."""
    if registry.casefold() not in _HUB_NAMES:
        return ImageName(registry.casefold(), repository, tag, digest)
    return ImageName(_HUB, repository if "/" in repository else f"library/{repository}", tag, digest)


def is_from(image: ImageName, approved: Iterable[str]) -> bool:
    """Whether an image comes from an approved registry (`registry.example.com`) or a part of it (`.../team`)."""
    places = [entry.casefold().rstrip("/") for entry in approved]
    return any(image.place == place or image.place.startswith(f"{place}/") for place in places if place)
