"""No question to a cluster is answered with a pass by what was not seen: denied, garbled, or cut off after some pages."""

import pytest

from checks.check import checks
from collectors.source import sources
from tests.checks.kubernetes.manifests import bind, cluster_role, node, pod, rule
from tests.collectors.kubernetes.cluster import Cluster
from tests.harness import look

EVERY = [check.id for check in checks().values() if check.provider == "kubernetes"]
CALLS = sorted({call for source in sources("kubernetes") for call in source.calls})


def scene(kube: Cluster) -> None:
    """A little of everything that is asked about."""
    kube.add("Namespace", "shop")
    kube.add("ServiceAccount", "web", "shop")
    node(kube)
    pod(kube)
    cluster_role(kube, "view", rule("get", "pods"))
    bind(kube, "viewers", "view", "Group:shop")
    kube.add("Service", "web", "shop", spec={"type": "ClusterIP", "ports": [{"port": 80, "targetPort": 80, "protocol": "TCP"}]})


def test_denied_every_call_every_check_is_unknown_and_names_one(kube: Cluster) -> None:
    scene(kube)
    kube.deny_all()
    seen = look(kube.connect(), *EVERY)
    assert {str(finding.status) for finding in seen.findings} == {"unknown"}
    assert {finding.check for finding in seen.findings} == set(EVERY)
    assert all(any(f"{call} was denied" in finding.reason for call in CALLS) for finding in seen.findings)


@pytest.mark.parametrize("how", ["html", "truncated", "half-page", "no-items", "wrong-kind"])
def test_garbled_lists_answer_nothing(kube: Cluster, how: str) -> None:
    scene(kube)
    for call in CALLS:
        if call.startswith("list "):
            kube.garble(call, how)
    answered = {f.check for f in look(kube.connect(), *EVERY).findings if str(f.status) != "unknown"}
    assert answered == {"k8s_control_plane_supported_version"}  # which asks for no list


@pytest.mark.parametrize("call", CALLS)
def test_each_call_denied_alone_gives_no_check_a_better_answer(kube: Cluster, call: str) -> None:
    scene(kube)
    before = {(f.check, f.uid): str(f.status) for f in look(kube.connect(), *EVERY).findings}
    kube.deny(call)
    for finding in look(kube.connect(), *EVERY).findings:
        if (finding.check, finding.uid) in before and str(finding.status) != "unknown":
            assert str(finding.status) == before[finding.check, finding.uid], finding
