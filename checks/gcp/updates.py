"""Updates that wait on a machine: what each is, how its publisher rates it, and since when it waits."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from evidence_store.records import Json, parse_time


class Rating(Enum):
    """How much an update matters, in the words of whoever published it."""

    IMPORTANT = "important"  # for security, or critical
    MINOR = "minor"
    UNRATED = "unrated"  # packages of Debian, Ubuntu and Red Hat come without a rating


# Windows Update's classes, by their names and by the ids that stay the same in every language.
_IMPORTANT_CLASSES = {
    "critical updates", "e6cf1350-c01b-414d-a61f-263d14d133b4",
    "security updates", "0fa1201d-4330-4fa8-8ae9-b877473b6441",
    "update rollups", "28bc880e-0592-4cbf-8f95-c79b17911d5f",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Update:
    """One update that a machine could install and has not."""

    name: str
    rating: Rating
    since: datetime | None  # published, or first seen on the machine; `None` where neither is told

    def __str__(self) -> str:
        return f"{self.name} (since {self.since:%Y-%m-%d})" if self.since else f"{self.name} (without a date)"


def updates(packages: Json) -> Iterator[Update]:
    """Each package of a report that is not installed."""
    for package in packages:
        kind, told = next(((k, v) for k, v in package.items() if isinstance(v, dict)), ("", {}))
        times = [package.get("createTime"), told.get("lastDeploymentChangeTime")]
        since = min((parse_time(time) for time in times if time), default=None)
        yield Update(_name(told), _rating(kind, told), since)


def _name(told: Json) -> str:
    name = told.get("packageName") or told.get("patchName") or told.get("title") or told.get("displayName") or "an update"
    return f"{name} {told['version']}" if told.get("version") else str(name)


def _rating(kind: str, told: Json) -> Rating:
    if kind == "zypperPatch" and told.get("category"):
        return Rating.IMPORTANT if told["category"].lower() == "security" else Rating.MINOR
    if kind == "wuaPackage" and told.get("categories"):
        classes = {str(c.get(key, "")).lower() for c in told["categories"] for key in ("id", "name")}
        return Rating.IMPORTANT if classes & _IMPORTANT_CLASSES else Rating.MINOR
    return Rating.UNRATED
