"""The containers of a pod, and the security settings that hold for each, as the kubelet reads them.

- Init and ephemeral containers run too.
- What a container says of itself goes before what its pod says of all.
- A field that nobody sets has Kubernetes' default, which is the weaker one nearly always.
"""

from collections.abc import Iterator

from checks.check import NotApplicable
from checks.kubernetes.naming import listed, name_of
from evidence_store.records import Json, Resource

CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
ENDED = ("Succeeded", "Failed")


def containers_of(pod: Resource) -> Iterator[Json]:
    """Every container that the pod runs, has run or was given to look into it."""
    for kind in CONTAINERS:
        yield from pod.fact(kind) or ()


def aside(pod: Resource, exempt_namespaces: tuple[str, ...] = ()) -> NotApplicable | None:
    """Why a pod is not asked: it has ended, or its namespace is exempt."""
    if listed(pod.fact("namespace"), exempt_namespaces):
        return NotApplicable(f"pod {name_of(pod)} stands in an exempt namespace")
    if pod.fact("phase") in ENDED:
        return NotApplicable(f"pod {name_of(pod)} has ended")
    return None


def own(container: Json) -> Json:
    """What a container says of its own security."""
    return container.get("securityContext") or {}


def holds(pod: Resource, container: Json, field: str) -> Json:
    """The setting that holds for a container: its own, else the pod's; `None` where neither says."""
    told = own(container).get(field)
    return (pod.fact("securityContext") or {}).get(field) if told is None else told


def is_windows(pod: Resource) -> bool:
    """Whether a pod can run on Windows nodes only: the kubelet refuses it elsewhere."""
    return "windows" in ((pod.fact("nodeSelector") or {}).get("kubernetes.io/os"), pod.fact("os"))


def windows_option(pod: Resource, container: Json, option: str) -> Json:
    """A setting of Windows alone; field by field, the container's before the pod's."""
    told = (own(container).get("windowsOptions") or {}).get(option)
    return ((pod.fact("securityContext") or {}).get("windowsOptions") or {}).get(option) if told is None else told
