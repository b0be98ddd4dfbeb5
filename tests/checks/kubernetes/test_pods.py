"""Pods: what each may do on its node, from the API server's answer; init and debug containers and Windows included."""

from typing import Any

import pytest

from tests.checks.kubernetes.manifests import SCOPE, container, pod
from tests.collectors.kubernetes.cluster import Cluster
from tests.harness import look

PRIVILEGED, NAMESPACES, PATHS = "k8s_pod_not_privileged", "k8s_pod_no_host_namespaces", "k8s_pod_no_host_path"
ROOT, CAPABILITIES = "k8s_pod_not_root", "k8s_pod_capabilities_dropped"
READONLY, SECCOMP = "k8s_pod_readonly_root", "k8s_pod_seccomp"
EVERY = (PRIVILEGED, NAMESPACES, PATHS, ROOT, CAPABILITIES, READONLY, SECCOMP)

SAFE = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
WINDOWS = {"nodeSelector": {"kubernetes.io/os": "windows"}}
DEBUGGER = [{"name": "debugger", "image": "busybox", "securityContext": {"privileged": True}}]


def one(**context: Any) -> dict[str, Any]:
    """A pod of one container with this security context."""
    return {"containers": [container(securityContext=context)]}


def both(pod_context: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    return {"securityContext": pod_context, **one(**context)}


CASES: list[tuple[str, dict[str, Any], str]] = [
    (PRIVILEGED, {}, ""),
    (PRIVILEGED, one(privileged=False), ""),
    (PRIVILEGED, one(privileged=True), "pod shop/web runs web privileged"),
    (PRIVILEGED, {"initContainers": [container("setup", securityContext={"privileged": True})]}, "runs setup privileged"),
    (PRIVILEGED, {"ephemeralContainers": DEBUGGER}, "runs debugger privileged"),
    (PRIVILEGED, both({"windowsOptions": {"hostProcess": True}}, {}) | {"hostNetwork": True}, "runs web privileged"),
    (PRIVILEGED, both({"windowsOptions": {"hostProcess": True}}, {"windowsOptions": {"hostProcess": False}}), ""),
    (NAMESPACES, {}, ""),
    (NAMESPACES, {"hostNetwork": False, "shareProcessNamespace": True}, ""),
    (NAMESPACES, {"hostNetwork": True, "hostPID": True}, "pod shop/web sets hostNetwork, hostPID"),
    (NAMESPACES, {"hostIPC": True}, "pod shop/web sets hostIPC"),
    (PATHS, {}, ""),
    (PATHS, {"volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "s", "secret": {"secretName": "db"}}]}, ""),
    (PATHS, {"volumes": [{"name": "run", "hostPath": {"path": "/run/containerd"}}]}, "mounts /run/containerd of its node"),
    (ROOT, one(**SAFE), ""),
    (ROOT, both({"runAsNonRoot": True}, {"allowPrivilegeEscalation": False}), ""),
    (ROOT, both({"runAsUser": 1000}, {"allowPrivilegeEscalation": False}), ""),
    (ROOT, {}, "pod shop/web: web may run as root"),
    (ROOT, both({"runAsNonRoot": True}, {}), "web may gain rights"),
    (ROOT, both({"runAsNonRoot": True}, {"runAsNonRoot": False, "allowPrivilegeEscalation": False}), "web may run as root"),
    (ROOT, both({"runAsUser": 1000}, {"runAsUser": 0, "allowPrivilegeEscalation": False}), "web runs as root"),
    (ROOT, both({"runAsUser": 0}, {"runAsUser": 1000, "allowPrivilegeEscalation": False}), ""),
    (ROOT, one(**SAFE) | {"initContainers": [container("setup")]}, "setup may run as root"),
    (ROOT, one(**SAFE) | {"ephemeralContainers": [container("debug")]}, "debug may run as root"),
    (ROOT, {"hostUsers": False, **one(runAsUser=0, allowPrivilegeEscalation=False)}, ""),
    (ROOT, {"hostUsers": True, **one(runAsUser=0, allowPrivilegeEscalation=False)}, "web runs as root"),
    (ROOT, WINDOWS, "web may run as ContainerAdministrator"),
    (ROOT, WINDOWS | one(windowsOptions={"runAsUserName": "ContainerUser"}), ""),
    (ROOT, WINDOWS | one(windowsOptions={"runAsUserName": "NT AUTHORITY\\SYSTEM"}), "web runs as NT AUTHORITY\\SYSTEM"),
    (ROOT, WINDOWS | one(runAsNonRoot=True), ""),
    (CAPABILITIES, one(**SAFE), ""),
    (CAPABILITIES, one(capabilities={"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}), ""),
    (CAPABILITIES, one(capabilities={"drop": ["all"]}), ""),
    (CAPABILITIES, {}, "web does not drop ALL capabilities"),
    (CAPABILITIES, one(capabilities={"drop": ["NET_RAW", "CHOWN"]}), "web does not drop ALL capabilities"),
    (CAPABILITIES, one(capabilities={"drop": ["ALL"], "add": ["CAP_SYS_ADMIN", "NET_RAW"]}), "web adds NET_RAW, SYS_ADMIN"),
    (CAPABILITIES, one(privileged=True, capabilities={"drop": ["ALL"]}), "web is privileged and has them all"),
    (CAPABILITIES, one(**SAFE) | {"initContainers": [container("setup")]}, "setup does not drop ALL"),
    (READONLY, one(**SAFE), ""),
    (READONLY, one(readOnlyRootFilesystem=False), "pod shop/web lets web write to the root file system"),
    (READONLY, {}, "lets web write"),
    (SECCOMP, one(**SAFE), ""),
    (SECCOMP, both({"seccompProfile": {"type": "RuntimeDefault"}}, {}), ""),
    (SECCOMP, one(seccompProfile={"type": "Localhost", "localhostProfile": "web.json"}), ""),
    (SECCOMP, {}, "pod shop/web runs without a seccomp profile: web (none set)"),
    (SECCOMP, both({"seccompProfile": {"type": "RuntimeDefault"}}, {"seccompProfile": {"type": "Unconfined"}}), "(Unconfined)"),
    (SECCOMP, one(privileged=True, seccompProfile={"type": "RuntimeDefault"}), "web (privileged)"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "spec", "reason"), CASES)
def test_a_pod_is_judged_by_what_holds_for_each_of_its_containers(
    kube: Cluster, check: str, spec: dict[str, Any], reason: str
) -> None:
    pod(kube, **spec)
    seen = look(kube.connect(), check)
    assert seen.status(check, "shop/web") == ("fail" if reason else "pass")
    assert reason in seen.reason(check, "shop/web")


@pytest.mark.parametrize("check", EVERY)
def test_a_pod_that_has_ended_and_one_of_an_exempt_namespace_are_not_asked(kube: Cluster, check: str) -> None:
    bad = {"hostNetwork": True, "volumes": [{"name": "h", "hostPath": {"path": "/"}}], **one(privileged=True)}
    pod(kube, "done", phase="Succeeded", **bad)
    pod(kube, "failed", phase="Failed", **bad)
    pod(kube, "proxy", "kube-system", **bad)
    seen = look(kube.connect(), check)
    assert {str(finding.status) for finding in seen.of(check)} == {"not_applicable"}
    assert seen.reason(check, "shop/done") == "pod shop/done has ended"
    strict = look(kube.connect(), check, parameters={check: {"exempt_namespaces": []}})
    assert strict.status(check, "kube-system/proxy") == "fail"
    wide = look(kube.connect(), check, parameters={check: {"exempt_namespaces": ["kube-*"]}})
    assert wide.status(check, "kube-system/proxy") == "not_applicable"


@pytest.mark.parametrize("check", EVERY)
def test_a_pod_on_the_list_passes_and_one_of_a_like_name_does_not(kube: Cluster, check: str) -> None:
    bad = {"hostNetwork": True, "volumes": [{"name": "h", "hostPath": {"path": "/"}}], **one(privileged=True)}
    pod(kube, "agent-x7f2p", "monitoring", **bad)
    pod(kube, "agent-x7f2p", "shop", **bad)
    seen = look(kube.connect(), check, parameters={check: {"allowed": ["monitoring/agent-*"]}})
    assert (seen.status(check, "monitoring/agent-x7f2p"), seen.status(check, "shop/agent-x7f2p")) == ("pass", "fail")


@pytest.mark.parametrize("check", [CAPABILITIES, READONLY, SECCOMP])
@pytest.mark.parametrize("spec", [WINDOWS, {"os": {"name": "windows"}}])
def test_what_windows_does_not_know_is_not_asked_there(kube: Cluster, check: str, spec: dict[str, Any]) -> None:
    pod(kube, **spec)
    assert look(kube.connect(), check).status(check, "shop/web") == "not_applicable"


@pytest.mark.parametrize("check", EVERY)
def test_pods_that_may_not_be_listed_are_unknown(kube: Cluster, check: str) -> None:
    pod(kube, **one(**SAFE))
    kube.deny("list pods")
    seen = look(kube.connect(), check)
    assert seen.status(check, SCOPE) == "unknown"
    assert "list pods was denied" in seen.reason(check, SCOPE)


def test_capabilities_that_may_be_added_are_those_of_the_configuration(kube: Cluster) -> None:
    pod(kube, **one(capabilities={"drop": ["ALL"], "add": ["SYS_PTRACE"]}))
    for capabilities, status in (["cap_sys_ptrace"], "pass"), ([], "fail"):
        seen = look(kube.connect(), CAPABILITIES, parameters={CAPABILITIES: {"capabilities": capabilities}})
        assert seen.status(CAPABILITIES, "shop/web") == status
