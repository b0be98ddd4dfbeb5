"""What pods are allowed to do on their node."""

from checks.check import Answer, NotApplicable, check
from checks.kubernetes.containers import CONTAINERS, aside, containers_of, holds, is_windows, own, windows_option
from checks.kubernetes.environments import SYSTEM
from checks.kubernetes.naming import listed, name_of, some
from evidence_store.records import Json, Resource

_ASKED = ("namespace", "phase")
_SECURITY = (*_ASKED, *CONTAINERS, "securityContext", "nodeSelector", "os")


@check(
    on="kubernetes.pod",
    severity="critical",
    version=1,
    needs=(*_ASKED, *CONTAINERS, "securityContext"),
    fix="Remove `privileged` (and `hostProcess` on Windows); give the container the one capability or device that it needs.",
)
def k8s_pod_not_privileged(
    pod: Resource, *, exempt_namespaces: tuple[str, ...] = SYSTEM, allowed: tuple[str, ...] = ()
) -> Answer:
    """No workload runs privileged unless it is listed.

    A privileged container is root on its node: it sees every device, every process and, by the kubelet's credentials, the
    secrets of every pod there. A host-process container is the same on Windows. Init and debug containers count.

    `exempt_namespaces`: namespaces that are not asked, `*` allowed
    `allowed`: pods that may, as `namespace/name`, `*` allowed
    """
    if listed(name_of(pod), allowed):
        return None
    found = [c["name"] for c in containers_of(pod) if own(c).get("privileged") or windows_option(pod, c, "hostProcess")]
    return aside(pod, exempt_namespaces) or (f"pod {name_of(pod)} runs {some(found)} privileged" if found else None)


@check(
    on="kubernetes.pod",
    severity="high",
    version=1,
    needs=(*_ASKED, "hostNetwork", "hostPID", "hostIPC"),
    fix="Remove hostNetwork, hostPID and hostIPC; publish ports by a service.",
)
def k8s_pod_no_host_namespaces(
    pod: Resource, *, exempt_namespaces: tuple[str, ...] = SYSTEM, allowed: tuple[str, ...] = ()
) -> Answer:
    """No workload shares the network, processes or memory of its node unless it is listed.

    On the node's network a pod passes by every network policy and reaches what listens on localhost; among the node's
    processes it reads their environment and memory.

    `exempt_namespaces`: namespaces that are not asked, `*` allowed
    `allowed`: pods that may, as `namespace/name`, `*` allowed
    """
    if listed(name_of(pod), allowed):
        return None
    shared = [name for name in ("hostNetwork", "hostPID", "hostIPC") if pod.fact(name)]
    return aside(pod, exempt_namespaces) or (f"pod {name_of(pod)} sets {', '.join(shared)}" if shared else None)


@check(
    on="kubernetes.pod",
    severity="high",
    version=1,
    needs=(*_ASKED, "volumes"),
    fix="Use a persistent volume, an emptyDir, a config map or a secret; list agents that must read the node in `allowed`.",
)
def k8s_pod_no_host_path(
    pod: Resource, *, exempt_namespaces: tuple[str, ...] = SYSTEM, allowed: tuple[str, ...] = ()
) -> Answer:
    """No workload mounts a directory of its node unless it is listed.

    A path of the host leads out of the container: to the container runtime's socket, to other pods' volumes, to the
    kubelet's keys. Even read-only it shows what no other pod may see.

    `exempt_namespaces`: namespaces that are not asked, `*` allowed
    `allowed`: pods that may, as `namespace/name`, `*` allowed
    """
    if listed(name_of(pod), allowed):
        return None
    paths = sorted(str(v["hostPath"].get("path")) for v in pod.fact("volumes") or () if v.get("hostPath") is not None)
    return aside(pod, exempt_namespaces) or (f"pod {name_of(pod)} mounts {some(paths)} of its node" if paths else None)


@check(
    on="kubernetes.pod",
    severity="medium",
    version=1,
    needs=(*_SECURITY, "hostUsers"),
    fix="Set runAsNonRoot: true and allowPrivilegeEscalation: false in the security context, and another user in the image.",
)
def k8s_pod_not_root(pod: Resource, *, exempt_namespaces: tuple[str, ...] = SYSTEM, allowed: tuple[str, ...] = ()) -> Answer:
    """Workloads do not run as root and cannot gain rights.

    Root in a container is root for the kernel: one hole in the runtime is enough to leave it. A setuid program gives the
    same to any user unless it is told not to. In a user namespace of its own (hostUsers: false) root is nobody outside.

    `exempt_namespaces`: namespaces that are not asked, `*` allowed
    `allowed`: pods that may, as `namespace/name`, `*` allowed
    """
    if listed(name_of(pod), allowed):
        return None
    if skipped := aside(pod, exempt_namespaces):
        return skipped
    faults = [f"{c['name']} {fault}" for c in containers_of(pod) if (fault := _root_fault(pod, c)) is not None]
    return f"pod {name_of(pod)}: {some(faults)}" if faults else None


def _root_fault(pod: Resource, container: Json) -> str | None:
    """Why a container may be root, or become it."""
    if is_windows(pod):
        user = windows_option(pod, container, "runAsUserName")
        plain = str(user or "").rpartition("\\")[2].casefold()
        if plain in ("containeradministrator", "administrator", "system"):
            return f"runs as {user}"
        return None if user or holds(pod, container, "runAsNonRoot") else "may run as ContainerAdministrator"
    user = holds(pod, container, "runAsUser")
    if pod.fact("hostUsers") is not False:
        if user == 0:
            return "runs as root"
        if user is None and holds(pod, container, "runAsNonRoot") is not True:
            return "may run as root"
    return None if own(container).get("allowPrivilegeEscalation") is False else "may gain rights"


@check(
    on="kubernetes.pod",
    severity="medium",
    version=1,
    needs=_SECURITY,
    fix="Set capabilities.drop to ALL for each container and add only what it needs, NET_BIND_SERVICE most often.",
)
def k8s_pod_capabilities_dropped(
    pod: Resource,
    *,
    exempt_namespaces: tuple[str, ...] = SYSTEM,
    allowed: tuple[str, ...] = (),
    capabilities: tuple[str, ...] = ("NET_BIND_SERVICE",),
) -> Answer:
    """Workloads drop all capabilities and add only listed ones.

    A container gets a dozen parts of root's power unless it gives them up, raw packets and changing owners among them.

    `exempt_namespaces`: namespaces that are not asked, `*` allowed
    `allowed`: pods that may keep them, as `namespace/name`, `*` allowed
    `capabilities`: capabilities that may be added
    """
    if listed(name_of(pod), allowed):
        return None
    if skipped := aside(pod, exempt_namespaces):
        return skipped
    if is_windows(pod):
        return NotApplicable(f"pod {name_of(pod)} runs on Windows, which knows no capabilities")
    permitted = {_capability(name) for name in capabilities}
    faults = [f"{c['name']} {fault}" for c in containers_of(pod) if (fault := _capability_fault(c, permitted)) is not None]
    return f"pod {name_of(pod)}: {some(faults)}" if faults else None


def _capability_fault(container: Json, permitted: set[str]) -> str | None:
    if own(container).get("privileged"):
        return "is privileged and has them all"
    told = own(container).get("capabilities") or {}
    added = sorted({_capability(name) for name in told.get("add") or ()} - permitted)
    if added:
        return f"adds {', '.join(added)}"
    return None if "ALL" in {_capability(name) for name in told.get("drop") or ()} else "does not drop ALL capabilities"


def _capability(name: str) -> str:
    return name.upper().removeprefix("CAP_")


@check(
    on="kubernetes.pod",
    severity="low",
    version=1,
    needs=_SECURITY,
    fix="Set readOnlyRootFilesystem: true, and mount an emptyDir where the program writes.",
)
def k8s_pod_readonly_root(
    pod: Resource, *, exempt_namespaces: tuple[str, ...] = SYSTEM, allowed: tuple[str, ...] = ()
) -> Answer:
    """Workloads cannot change their own programs.

    On a read-only root file system an intruder cannot leave tools or replace a binary, and what runs stays what was
    deployed.

    `exempt_namespaces`: namespaces that are not asked, `*` allowed
    `allowed`: pods that may write, as `namespace/name`, `*` allowed
    """
    if listed(name_of(pod), allowed):
        return None
    if skipped := aside(pod, exempt_namespaces):
        return skipped
    if is_windows(pod):
        return NotApplicable(f"pod {name_of(pod)} runs on Windows, which has no read-only root file system")
    found = [c["name"] for c in containers_of(pod) if own(c).get("readOnlyRootFilesystem") is not True]
    return f"pod {name_of(pod)} lets {some(found)} write to the root file system" if found else None


@check(
    on="kubernetes.pod",
    severity="low",
    version=1,
    needs=_SECURITY,
    fix="Set seccompProfile: {type: RuntimeDefault} in the pod's security context.",
)
def k8s_pod_seccomp(pod: Resource, *, exempt_namespaces: tuple[str, ...] = SYSTEM, allowed: tuple[str, ...] = ()) -> Answer:
    """Workloads run under a seccomp profile.

    The profile of the runtime takes away the system calls that no ordinary program needs and that most escapes used.
    Without a word in the pod it is off, unless each kubelet was told otherwise, which the API does not show.

    `exempt_namespaces`: namespaces that are not asked, `*` allowed
    `allowed`: pods that may do without, as `namespace/name`, `*` allowed
    """
    if listed(name_of(pod), allowed):
        return None
    if skipped := aside(pod, exempt_namespaces):
        return skipped
    if is_windows(pod):
        return NotApplicable(f"pod {name_of(pod)} runs on Windows, which knows no seccomp")
    kinds = {c["name"]: _profile(pod, c) for c in containers_of(pod)}
    found = [f"{name} ({kind})" for name, kind in kinds.items() if kind not in ("RuntimeDefault", "Localhost")]
    return f"pod {name_of(pod)} runs without a seccomp profile: {some(found)}" if found else None


def _profile(pod: Resource, container: Json) -> str:
    if own(container).get("privileged"):
        return "privileged"  # the runtime applies none to it
    return str((holds(pod, container, "seccompProfile") or {}).get("type", "none set"))
