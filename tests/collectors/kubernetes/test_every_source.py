"""Every Kubernetes source and check that there is: asked once, refused without a pass, and seen in a whole run."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import scanner
from checks.check import checks
from collectors.kubernetes.calls import CLUSTER, REVIEW
from collectors.source import sources
from pipeline.plan import Sources
from tests.collectors.kubernetes.cluster import UID, Cluster
from tests.collectors.kubernetes.scene import fill
from tests.harness import look

ROOT = Path(__file__).parents[3]
ALL = tuple(check for check in checks().values() if check.provider == "kubernetes")
SECRET = "not-a-real-token-but-secret"  # in a variable of the scene's careless pod


def test_every_source_is_there_for_some_check() -> None:
    every = sources("kubernetes")
    assert {source.name for source in Sources(every).needed(ALL)} == {source.name for source in every}


def test_nothing_is_asked_twice(kube: Cluster) -> None:
    fill(kube)
    look(kube.connect(), *(check.id for check in ALL))
    asked = Counter((request.call, *sorted(request.query.items())) for request in kube.requests)
    assert {question: times for question, times in asked.items() if times > 1} == {}


def test_one_check_makes_only_the_reads_that_it_needs(kube: Cluster) -> None:
    fill(kube)
    kube.page_size = 500
    look(kube.connect(), "k8s_node_supported_version")
    assert kube.calls == [CLUSTER, REVIEW, "list nodes"]


def test_with_nothing_allowed_nothing_passes_and_every_check_says_what_it_lacks(kube: Cluster) -> None:
    fill(kube)
    kube.deny_all()
    seen = look(kube.connect(), *(check.id for check in ALL))
    answers = {check.id: {str(finding.status) for finding in seen.of(check.id)} for check in ALL}
    assert {name: statuses for name, statuses in answers.items() if statuses != {"unknown"}} == {}
    named = {call for finding in seen.findings for call in re.findall(r"(.+?) was denied", finding.reason)}
    assert named <= {call for source in seen.planned for call in source.calls}
    assert {shot.reason.action for group in seen.snapshots.values() for shot in group if shot.reason} == {
        call for source in seen.planned for call in source.calls
    }


def test_with_one_list_denied_at_a_time_what_rests_on_it_does_not_pass(kube: Cluster) -> None:
    fill(kube)
    needs = {check.id: look(kube.connect(), check.id).planned for check in ALL}
    for source in sources("kubernetes"):
        resting = [check for check, planned in needs.items() if source.name in {s.name for s in planned}]
        if not resting:
            continue
        kube.denied.clear()
        kube.deny(*source.calls)
        seen = look(kube.connect(), *resting)
        listed = {facet.type for facet in source.yields if facet.lists}
        for check in resting:
            statuses = {str(finding.status) for finding in seen.of(check) if finding.type in listed}
            assert statuses <= {"unknown"}, (source.name, check)
            if checks()[check].on in listed:
                assert any(source.calls[0] in finding.reason for finding in seen.of(check)), (source.name, check)


def test_the_sdk_is_imported_where_a_cluster_is_connected_to_and_not_before() -> None:
    code = (
        "import sys\n"
        "from collectors.source import provider, sources\n"
        "provider('kubernetes').policy(sources('kubernetes'))\n"
        "provider('kubernetes').settings(name='x')\n"
        "print('\\n'.join(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split())
    assert "collectors.kubernetes.pods" in loaded
    assert not loaded & {"kubernetes", "yaml", "urllib3", "pydantic", "requests"}


# A whole run.


@dataclass(frozen=True, slots=True)
class Ran:
    """What a scan came to."""

    code: int
    report: Any
    told: str


@pytest.fixture
def run(
    kube: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Scan the cluster with a configuration and a kubeconfig beside it."""
    monkeypatch.delenv("ANNEXA_CONFIG", raising=False)
    config = tmp_path / "annexa.toml"
    (tmp_path / "prod").mkdir()
    shutil.copy(kube.kubeconfig(), tmp_path / "prod" / "kubeconfig")
    config.write_text('[[target]]\nname = "prod"\nkind = "kubernetes"\nkubeconfig = "prod/kubeconfig"\n')
    fill(kube)
    kube.page_size = 500

    def scan(*more: str) -> Ran:
        capsys.readouterr()
        code = scanner.main(["run", "--config", str(config), "--format", "json", *more])
        said = capsys.readouterr()
        return Ran(code, json.loads(said.out), said.err)

    return scan


def test_a_run_names_the_unpatched_node_and_image_and_asks_nothing_else(kube: Cluster, run: Callable[..., Ran]) -> None:
    ran = run("--control", "A.8.8")
    failed = {(f["check"], f["resource"]["id"].rpartition(":")[2]) for f in ran.report["findings"] if f["status"] == "fail"}
    assert {("k8s_node_supported_version", "node-b"), ("k8s_image_vulnerability_age", "legacy/batch-0")} <= failed
    assert {row["account"] for row in ran.report["coverage"]} == {UID}
    assert "list roles.rbac.authorization.k8s.io" not in kube.calls


def test_a_second_run_of_an_unchanged_cluster_writes_no_state_and_no_run_keeps_a_secret(
    kube: Cluster, run: Callable[..., Ran], tmp_path: Path
) -> None:
    def rows() -> dict[str, int]:
        with sqlite3.connect(tmp_path / "annexa.db") as database:
            tables = ("ev_state", "ev_interval", "ev_finding")
            return {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}

    run()
    before = rows()
    run()
    assert rows() == before
    assert before["ev_state"] > 0
    kept = [path for path in tmp_path.iterdir() if path.is_file() and path.name != "kubeconfig"]
    assert any(path.name == "annexa.db" for path in kept)
    for path in kept:
        assert SECRET.encode() not in path.read_bytes(), path.name
        assert kube.token.encode() not in path.read_bytes(), path.name


def test_a_denied_list_makes_the_run_incomplete_and_says_what_is_missing(kube: Cluster, run: Callable[..., Ran]) -> None:
    kube.deny("list pods")
    ran = run()
    assert (ran.code, ran.report["run"]["complete"]) == (3, False)
    unknown = [f for f in ran.report["findings"] if f["check"] == "k8s_pod_not_privileged"]
    assert [f["status"] for f in unknown] == ["unknown"]
    assert "list pods was denied" in unknown[0]["reason"]


def test_a_cluster_that_cannot_be_reached_fails_alone(kube: Cluster, run: Callable[..., Ran], tmp_path: Path) -> None:
    stale = kube.kubeconfig("stale", token="expired")
    targets = {"stale": stale, "good": kube.kubeconfig("good"), "gone": tmp_path / "gone"}
    tables = [f'[[target]]\nname = "{name}"\nkind = "kubernetes"\nkubeconfig = "{path}"\n' for name, path in targets.items()]
    (tmp_path / "annexa.toml").write_text("".join(tables))
    ran = run()
    assert ran.code == 3
    unknown = {f["resource"]["target"]: f["reason"] for f in ran.report["findings"] if f["status"] == "unknown"}
    assert "had no valid credentials (401 Unauthorized)" in unknown["stale"]
    assert "No such file" in unknown["gone"]
    assert {f["status"] for f in ran.report["findings"] if f["resource"]["target"] == "good"} >= {"pass", "fail"}
