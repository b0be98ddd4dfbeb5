"""One configuration with a host, an AWS account, a cluster, a Google Cloud organization, an Azure tenant and ISMS records."""

import base64
import shutil
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checks.check import checks
from tests.acceptance.conftest import Command, changed, rows
from tests.acceptance.test_secrets import held

if TYPE_CHECKING:
    from tests.collectors.aws.overlay import Cloud as Aws
    from tests.collectors.azure.cloud import Cloud as Azure
    from tests.collectors.azure.server import Server as AzureServer
    from tests.collectors.gcp.cloud import Cloud as Gcp
    from tests.collectors.gcp.server import Server as GcpServer
    from tests.collectors.kubernetes.cluster import Cluster

RECORDS = Path(__file__).parent.parent / "checks" / "records" / "complete"
KINDS = ("host", "aws", "kubernetes", "gcp", "azure", "records")
PASSWORD = "planted-horse-battery-" + "staple"


@dataclass(frozen=True, slots=True)
class Estate:
    """All that there is to read."""

    aws: "Aws"
    kube: "Cluster"
    gcp: "Gcp"
    azure: "Azure"
    instance: str  # of AWS, without its updates


@pytest.fixture
def estate(
    aws: "Aws",
    kube: "Cluster",
    gcp: "Gcp",
    gcp_server: "GcpServer",
    azure: "Azure",
    azure_server: "AzureServer",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Estate:
    """Every platform with its scene, and a configuration that names them all."""
    from tests.collectors.azure import scene as azure_scene
    from tests.collectors.gcp import scene as gcp_scene
    from tests.collectors.kubernetes import scene as kube_scene

    kube_scene.fill(kube)
    gcp_scene.fill(gcp.estate, datetime.now(UTC))
    azure_scene.scene(azure, datetime.now(UTC))
    kube.page_size = gcp.page = 500
    shutil.copytree(RECORDS, tmp_path / "isms")
    authorities = tmp_path / "authorities.pem"  # each server has one of its own, and the variable names one file
    made = (gcp_server.certificates.authority, azure_server.certificates.authority)
    authorities.write_text("".join(path.read_text() for path in made))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authorities))
    keys = {
        "host": "",
        "aws": 'regions = ["eu-west-1"]',
        "kubernetes": f'kubeconfig = "{kube.kubeconfig()}"',
        "gcp": f'parent = "{gcp.organization}"\nendpoint = "localhost:{gcp.port}"',
        "azure": f'endpoint = "{azure.endpoint}"',
        "records": 'path = "isms"',
    }
    targets = [f'[[target]]\nname = "the-{kind}"\nkind = "{kind}"\n{more}\n' for kind, more in keys.items()]
    (tmp_path / "annexa.toml").write_text("\n".join(targets))
    return Estate(aws, kube, gcp, azure, _unpatched(aws))


def _unpatched(aws: "Aws") -> str:
    """An instance that misses critical patches since long ago."""
    rules = {
        "PatchRules": [{"PatchFilterGroup": {"PatchFilters": [{"Key": "PRODUCT", "Values": ["*"]}]}, "ApproveAfterDays": 7}]
    }
    made: str = aws.client("ec2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    scanned = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    known = {"InstanceId": made, "PingStatus": "Online", "PlatformType": "Linux", "LastPingDateTime": scanned}
    ssm = aws.client("ssm")
    baseline = ssm.create_patch_baseline(Name="week", OperatingSystem="AMAZON_LINUX_2", ApprovalRules=rules)["BaselineId"]
    own = {"BaselineId": baseline, "Name": "week", "OperatingSystem": "AMAZON_LINUX_2", "ApprovalRules": rules}
    aws.serve("ssm.GetPatchBaseline", own)
    aws.serve("ssm.DescribeInstanceInformation", {"InstanceInformationList": [known]})
    counts = dict.fromkeys(("MissingCount", "CriticalNonCompliantCount", "SecurityNonCompliantCount"), 3)
    counts |= dict.fromkeys(("FailedCount", "InstalledPendingRebootCount", "OtherNonCompliantCount"), 0)
    times = {"OperationStartTime": scanned - timedelta(minutes=2), "OperationEndTime": scanned}
    state = {"InstanceId": made, "PatchGroup": "all", "BaselineId": baseline, "Operation": "Scan", **times, **counts}
    aws.serve("ssm.DescribeInstancePatchStates", {"InstancePatchStates": [state]})
    return made


def test_one_command_reads_them_all(estate: Estate, command: Command) -> None:
    ran = command("run", "--format", "json")
    assert ran.out, ran.err
    judged = {f["check"].partition("_")[0] for f in ran.json["findings"] if f["status"] in ("pass", "fail")}
    assert judged == {"host", "aws", "k8s", "gcp", "azure", "rec"}
    assert {row["target"] for row in ran.json["coverage"]} == {f"the-{kind}" for kind in KINDS}
    assert "error" not in ran.statuses()
    assert command("evidence", "verify").code == 0


def test_one_control_names_the_unpatched_machine_on_every_platform(estate: Estate, command: Command) -> None:
    ran = command("run", "--control", "A.8.8", "--format", "json")
    assert ran.out, ran.err
    failed = [(f["check"], f["reason"]) for f in ran.json["findings"] if f["status"] == "fail"]
    for check, name in (
        ("aws_ssm_patch_state", estate.instance),
        ("k8s_node_supported_version", "node-b"),
        ("k8s_image_vulnerability_age", "legacy"),
        ("gcp_os_patch_state", "trial"),
        ("azure_update_compliance", "old"),
    ):
        assert any(name in reason for of, reason in failed if of == check), (check, [r for of, r in failed if of == check])
    assert {c["id"]: c["assessment"] for c in ran.json["controls"]}["A.8.8"] == "gap"


def but_the_host() -> list[str]:
    """The host changes while it is looked at: it runs these tests."""
    return [word for kind in KINDS if kind != "host" for word in ("--target", f"the-{kind}")]


def test_an_unchanged_rescan_of_everything_writes_at_most_twenty_rows(estate: Estate, command: Command, tmp_path: Path) -> None:
    command("run", *but_the_host())
    before = rows(tmp_path)
    assert len(before["ev_finding"]) > 300
    command("run", *but_the_host())
    assert 1 <= changed(before, rows(tmp_path)) <= 20


def test_secrets_that_stand_in_the_estate_are_nowhere_in_what_is_kept(estate: Estate, command: Command, tmp_path: Path) -> None:
    token = {"kubectl.kubernetes.io/last-applied-configuration": f'{{"stringData": {{"password": "{PASSWORD}"}}}}'}
    data = {"token": base64.b64encode(PASSWORD.encode()).decode()}
    token["kubernetes.io/service-account.name"] = "default"
    estate.kube.add("Secret", "planted", "shop", type="kubernetes.io/service-account-token", data=data, annotations=token)
    script = f"#!/bin/sh\nexport DB_PASSWORD={PASSWORD}\n"
    from tests.collectors.gcp.scene import machine as gcp_machine

    made = "2026-02-03T09:30:00Z"
    machine = gcp_machine("planted", "shop", made, safe=True)
    machine["metadata"] = {"items": [{"key": "startup-script", "value": script}]}
    estate.gcp.add("compute.googleapis.com/Instance", "planted", machine)
    settings = {"siteConfig": {"appSettings": [{"name": "DB_PASSWORD", "value": PASSWORD}], "minTlsVersion": "1.2"}}
    estate.azure.add("Microsoft.Web/sites", "planted", properties={"httpsOnly": True, **settings})
    said = [command("run", *but_the_host(), "--debug", "--format", form) for form in ("text", "json", "sarif")]
    assert command("evidence", "export", "-o", "pack.zip").code == 0
    everything = "\n".join([held(tmp_path, but=("authorities.pem",)), *(ran.out + ran.err for ran in said)])
    for name in ("shop/planted", "instances/planted", "sites/planted"):
        assert name in everything
    assert PASSWORD not in everything
    assert data["token"].rstrip("=") not in everything


def test_denied_everything_nothing_passes_and_what_is_missing_is_named(estate: Estate, command: Command) -> None:
    estate.aws.deny_all(but=("sts:GetCallerIdentity",))
    estate.kube.deny_all()
    estate.gcp.deny_all()
    estate.azure.deny_all()
    clouds = [word for kind in ("aws", "kubernetes", "gcp", "azure") for word in ("--target", f"the-{kind}")]
    ran = command("run", *clouds, "--format", "json")
    own = [f for f in ran.json["findings"] if not f["check"].startswith("rec_")]
    assert ran.code == 3
    assert {f["status"] for f in own} == {"unknown"}
    told = " ".join([*(f["reason"] for f in own), *(row["reason"] or "" for row in ran.json["coverage"])])
    for permission in (
        "iam:GetAccountAuthorizationDetails",
        "list pods",
        "list clusterrolebindings.rbac.authorization.k8s.io",
        "cloudasset.assets.listResource",
        "cloudasset.assets.listIamPolicy",
        "cloudasset.assets.listOSInventories",
        "Microsoft.Resources/subscriptions/read",
    ):
        assert f"{permission} was denied" in told
    asked = {f["check"] for f in own}
    assert asked == {check.id for check in checks().values() if check.provider in ("aws", "kubernetes", "gcp", "azure")}


def test_a_changed_state_of_any_platform_is_found(estate: Estate, command: Command, tmp_path: Path) -> None:
    command("run", *but_the_host())
    assert command("evidence", "verify").code == 0
    types = ("kubernetes.pod", "gcp.compute.instance", "azure.storage.account")
    for type_ in types:
        spoilt = tmp_path / type_
        spoilt.mkdir()
        for name in ("annexa.db", "annexa.key", "annexa.key.redaction", "annexa.toml"):
            if (tmp_path / name).exists():
                shutil.copy(tmp_path / name, spoilt / name)
        with sqlite3.connect(spoilt / "annexa.db") as store:
            state = store.execute("select min(state) from ev_interval where type = ?", (type_,)).fetchone()[0]
            store.execute(
                "update ev_state set body = (select body from ev_state where id <> ? limit 1) where id = ?", (state, state)
            )
        found = command("evidence", "verify", "--config", str(spoilt / "annexa.toml"))
        assert found.code == 4
        assert f"ev_state {state}" in found.out


def test_the_doctor_tries_every_credential_and_names_what_is_missing(estate: Estate, command: Command) -> None:
    well = command("doctor")
    for kind in KINDS:
        assert f"ok    target the-{kind} ({kind})" in well.out
    estate.kube.deny("list secrets")
    estate.gcp.deny("cloudasset.assets.listOrgPolicy")
    estate.azure.deny("Microsoft.KeyVault/vaults/read")
    estate.azure.deny("Microsoft.Network/networkSecurityGroups/read")
    ill = command("doctor")
    assert ill.code == 3
    missing = [line for line in ill.out.splitlines() if line.startswith("FAIL")]
    for action in (
        "list secrets",
        "cloudasset.assets.listOrgPolicy",
        "Microsoft.KeyVault/vaults/read",
        "Microsoft.Network/networkSecurityGroups/read",
    ):
        assert [line for line in missing if f"{action} was denied" in line], action
