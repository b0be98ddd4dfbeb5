"""`scanner run --control A.8.8` on a cluster: only the reads that it needs; the old node and the flawed image by name."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.conftest import Command
from tests.checks.kubernetes.manifests import container, node, pod

if TYPE_CHECKING:
    from tests.collectors.kubernetes.cluster import Cluster

CONFIG = """
[[target]]
name = "shop"
kind = "kubernetes"
kubeconfig = "kubeconfig"
[checks.k8s_node_supported_version]
ends = ["1.36=2999-12-31"]
[checks.k8s_control_plane_supported_version]
ends = ["1.36=2999-12-31"]
"""
READS = {"get /version", "list nodes", "list pods", "list vulnerabilityreports.aquasecurity.github.io"}


def scanned(kube: "Cluster", name: str, *published: str) -> None:
    """A pod, and today's report of its image with a critical vulnerability of each of these days."""
    image = f"registry.example.com/shop/{name}:1"
    pod(kube, name, containers=[container(image=image)], pulled={"web": f"registry.example.com/shop/{name}@sha256:{'a' * 64}"})
    flaws = [
        {"vulnerabilityID": f"CVE-{day[:4]}-1000", "severity": "CRITICAL", "publishedDate": f"{day}T00:00:00Z", "resource": "a"}
        for day in published
    ]
    made = (datetime.now(UTC) - timedelta(hours=2)).isoformat(timespec="seconds").replace("+00:00", "Z")
    artifact = {"repository": f"shop/{name}", "tag": "1"}
    report = {"artifact": artifact, "registry": {"server": "registry.example.com"}, "updateTimestamp": made}
    kube.add("VulnerabilityReport", name, "shop", report=report | {"vulnerabilities": flaws})


@pytest.fixture
def cluster(kube: "Cluster", tmp_path: Path) -> "Cluster":
    (tmp_path / "annexa.toml").write_text(CONFIG)
    kube.kubeconfig()
    kube.version["gitVersion"] = "v1.36.2"
    node(kube, "new", "v1.36.2")
    node(kube, "old", "v1.24.17")
    scanned(kube, "clean")
    scanned(kube, "flawed", "2024-03-29")
    return kube


def test_the_old_node_and_the_flawed_image_are_named(cluster: "Cluster", command: Command) -> None:
    ran = command("run", "--control", "A.8.8", "--format", "json")
    nodes = {f["resource"]["id"].rpartition(":")[2]: f for f in ran.findings("k8s_node_supported_version")}
    assert {name: f["status"] for name, f in nodes.items()} == {"new": "pass", "old": "fail"}
    assert nodes["old"]["reason"] == "node old runs kubelet v1.24.17, whose support ended on 2023-07-28"
    pods = {f["resource"]["id"].rpartition("/")[2]: f for f in ran.findings("k8s_image_vulnerability_age")}
    assert {name: f["status"] for name, f in pods.items()} == {"clean": "pass", "flawed": "fail"}
    assert "CVE-2024-1000 of 2024-03-29 (critical, limit 15 days)" in pods["flawed"]["reason"]
    (control,) = ran.json["controls"]
    assert (control["id"], control["assessment"], control["fail"]) == ("A.8.8", "gap", 2)
    assert "A.8.8" in nodes["old"]["controls"]
    assert ran.code == 0


def test_only_the_reads_that_the_control_needs_are_made(cluster: "Cluster", command: Command) -> None:
    ran = command("run", "--control", "A.8.8", "--format", "json")
    assert {c["source"] for c in ran.json["coverage"]} == READS
    assert {call for call in cluster.calls if not call.endswith("kube-system") and "selfsubject" not in call} == READS


def test_an_image_without_a_report_and_a_denied_listing_are_no_pass(cluster: "Cluster", command: Command) -> None:
    cluster.remove("VulnerabilityReport", "clean", "shop")
    cluster.deny("list nodes")
    ran = command("run", "--control", "A.8.8", "--format", "json")
    assert {f["status"] for f in ran.findings("k8s_image_vulnerability_age")} == {"fail"}
    (node_,) = ran.findings("k8s_node_supported_version")
    assert (node_["status"], "list nodes was denied" in node_["reason"]) == ("unknown", True)
    assert ran.code == 3
