"""The CronJob that we hand out: made of what the API knows, hardened, and agreeing with the scanner and its permissions."""

import re
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client
from ruamel.yaml import YAML

import configuration
import scanner
from checks.check import checks
from collectors.kubernetes import PROVIDER
from collectors.source import sources

ROOT = Path(__file__).parent.parent.parent
MANIFEST = ROOT / "deploy" / "kubernetes" / "cronjob.yaml"
MODELS = {
    "ConfigMap": "V1ConfigMap",
    "PersistentVolumeClaim": "V1PersistentVolumeClaim",
    "NetworkPolicy": "V1NetworkPolicy",
    "CronJob": "V1CronJob",
}


def loaded() -> dict[str, Any]:
    return {document["kind"]: document for document in YAML(typ="safe").load_all(MANIFEST)}


def pod() -> Any:
    return loaded()["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def unknown_keys(value: Any, model: str, path: str = "") -> list[str]:
    """What stands in a manifest and not in the API's model of it."""
    if found := re.fullmatch(r"[Ll]ist\[(.+)\]", model):
        return [key for item in value for key in unknown_keys(item, found[1], path)]
    if found := re.fullmatch(r"[Dd]ict\(str, (.+)\)", model):
        return [key for name, item in value.items() for key in unknown_keys(item, found[1], f"{path}.{name}")]
    kind = getattr(client, model, None)
    if kind is None:
        python = {"str": str, "int": int, "bool": bool, "object": object}.get(model, object)
        return [] if isinstance(value, python) else [f"{path}: {value!r} is no {model}"]
    names = {wire: attribute for attribute, wire in kind.attribute_map.items()}
    faults = [f"{path}.{key}" for key in value if key not in names]
    known = [key for key in value if key in names]
    return faults + [f for k in known for f in unknown_keys(value[k], kind.openapi_types[names[k]], f"{path}.{k}")]


@pytest.mark.parametrize("kind", MODELS)
def test_each_object_is_made_of_what_the_api_knows(kind: str) -> None:
    assert unknown_keys(loaded()[kind], MODELS[kind]) == []
    assert loaded()[kind]["metadata"]["namespace"] == "annexa"


def test_a_key_that_the_api_does_not_know_is_found() -> None:
    job = loaded()["CronJob"]
    job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["securityContext"]["runAsRoot"] = False
    job["spec"]["schedules"] = "0 3 * * *"
    assert len(unknown_keys(job, "V1CronJob")) == 2


def test_it_starts_a_command_that_the_scanner_knows_with_a_configuration_that_loads(tmp_path: Path) -> None:
    [container] = pod()["containers"]
    given = scanner.parser().parse_args(container["args"])
    assert (given.command, given.quiet, given.config) == ("run", True, "/etc/annexa/annexa.toml")
    file = tmp_path / "annexa.toml"
    file.write_text(loaded()["ConfigMap"]["data"]["annexa.toml"])
    [target] = configuration.load(file, checks()).targets
    assert target.kind == "kubernetes"
    assert target.settings.in_cluster


def test_it_runs_as_the_account_that_the_permissions_are_given_to() -> None:
    written = list(YAML(typ="safe").load_all(PROVIDER.policy(sources("kubernetes"))))
    [account] = [document["metadata"] for document in written if document["kind"] == "ServiceAccount"]
    assert (account["name"], account["namespace"]) == (pod()["serviceAccountName"], "annexa")


def test_it_is_hardened_as_the_restricted_pod_security_standard_asks() -> None:
    [container] = pod()["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert pod()["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert {tuple(volume.keys() - {"name"}) for volume in pod()["volumes"]} <= {
        ("configMap",),
        ("persistentVolumeClaim",),
        ("emptyDir",),
    }


def test_the_namespace_that_it_runs_in_lets_in_nothing_less_hardened() -> None:
    written = list(YAML(typ="safe").load_all(PROVIDER.policy(sources("kubernetes"))))
    [namespace] = [document["metadata"] for document in written if document["kind"] == "Namespace"]
    assert namespace["labels"] == {"pod-security.kubernetes.io/enforce": "restricted"}


def test_two_scans_never_run_at_once_and_a_failed_one_is_not_repeated() -> None:
    spec = loaded()["CronJob"]["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["jobTemplate"]["spec"]["backoffLimit"] == 0
    assert pod()["restartPolicy"] == "Never"
