"""What is kept of a pod: all that checks may ask, and no secret."""

import json
from typing import Any

import pytest

from tests.collectors.kubernetes.cluster import CREATED, Cluster
from tests.collectors.kubernetes.collecting import collect, kept, told

SPEC = {"containers": [{"name": "app", "image": "nginx"}]}
HIDDEN = "aHVudGVyMi1odW50ZXIy"  # what may be found nowhere


def test_a_pod_is_kept_with_all_that_checks_may_ask(kube: Cluster) -> None:
    spec = {
        "serviceAccountName": "web",
        "automountServiceAccountToken": False,
        "hostNetwork": True,
        "hostUsers": False,
        "nodeSelector": {"pool": "prod"},
        "securityContext": {"runAsNonRoot": True},
        "os": {"name": "linux"},
        "imagePullSecrets": [{"name": "z"}, {"name": "a"}],
        "initContainers": [{"name": "init", "image": "i", "restartPolicy": "Always"}],
        "ephemeralContainers": [{"name": "debug", "image": "d", "securityContext": {"privileged": True}}],
        "containers": [
            {
                "name": "app",
                "image": "nginx:1",
                "ports": [{"containerPort": 80, "hostPort": 8080}],
                "resources": {"limits": {"cpu": "1"}},
                "securityContext": {"capabilities": {"drop": ["ALL"]}},
                "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                "livenessProbe": {"exec": {"command": ["check", HIDDEN]}},
            }
        ],
    }
    kube.add("Pod", "web", "default", labels={"app": "web"}, annotations={"note": HIDDEN}, spec=spec)
    facts = kept(kube, "kubernetes.pod", "default/web")
    container = spec["containers"][0]  # type: ignore[index]  # a list
    assert told(facts) == {
        "name": "web",
        "namespace": "default",
        "containerResources": {"app": {"limits": {"cpu": "1"}}, "init": {}},
        "labels": {"app": "web"},
        "creationTimestamp": CREATED,
        **{name: value for name, value in spec.items() if name not in {"os", "imagePullSecrets", "containers"}},
        "os": "linux",
        "imagePullSecrets": ["a", "z"],
        "containers": [{name: value for name, value in container.items() if name != "livenessProbe"}],
    }
    assert HIDDEN not in json.dumps(facts)


def test_a_pod_says_whose_it_is_and_whether_a_node_made_it(kube: Cluster) -> None:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "uid": "u", "controller": True}
    metadata = {
        "name": "web",
        "namespace": "default",
        "ownerReferences": [owner],
        "annotations": {"kubernetes.io/config.mirror": "m", "other": "o"},
    }
    kube.add({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": SPEC})
    facts = kept(kube, "kubernetes.pod", "default/web")
    assert facts["ownerReferences"] == [{"kind": "ReplicaSet", "name": "web-1", "controller": True}]
    assert facts["annotations"] == {"kubernetes.io/config.mirror": "m"}


def test_volumes_are_kept_by_kind_and_reference_without_what_drivers_are_given(kube: Cluster) -> None:
    sources_of = [{"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}}, {"secret": {"name": "tls"}}]
    volumes = [
        {"name": "b", "hostPath": {"path": "/var/run", "type": "Directory"}},
        {"name": "a", "csi": {"driver": "d", "volumeAttributes": {"key": HIDDEN}, "nodePublishSecretRef": {"name": "s"}}},
        {"name": "c", "flexVolume": {"driver": "f", "options": {"key": HIDDEN}, "secretRef": {"name": "s"}}},
        {"name": "d", "projected": {"sources": sources_of}},
        {"name": "e", "emptyDir": {}},
    ]
    kube.add("Pod", "web", "default", spec={**SPEC, "volumes": volumes})
    facts = kept(kube, "kubernetes.pod", "default/web")
    assert facts["volumes"] == [
        {"name": "a", "csi": {"driver": "d", "nodePublishSecretRef": {"name": "s"}}},
        {"name": "b", "hostPath": {"path": "/var/run", "type": "Directory"}},
        {"name": "c", "flexVolume": {"driver": "f", "secretRef": {"name": "s"}}},
        {"name": "d", "projected": {"sources": sources_of}},
        {"name": "e", "emptyDir": {}},
    ]


def test_a_kind_of_volume_that_is_new_is_kept_by_its_name(kube: Cluster) -> None:
    kube.add("Pod", "web", "default", raw=True, spec={**SPEC, "volumes": [{"name": "a", "newKind": {"key": HIDDEN}}]})
    assert kept(kube, "kubernetes.pod", "default/web")["volumes"] == [{"name": "a", "newKind": {}}]


def test_variables_are_texts_or_references_and_both_of_one_name_are_kept(kube: Cluster) -> None:
    env = [
        {"name": "PLAIN", "value": "text"},
        {"name": "PLAIN", "value": "again"},
        {"name": "EMPTY"},
        {"name": "ON", "value": "true"},
        {"name": "OTHER", "value": "$(PLAIN)"},
        {"name": "MIXED", "value": "$(PLAIN):more"},
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
        {"name": "MAP", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "host"}}},
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        {"name": "CPU", "valueFrom": {"resourceFieldRef": {"containerName": "app", "resource": "limits.cpu", "divisor": "1"}}},
    ]
    sets = [{"secretRef": {"name": "db"}, "prefix": "DB_"}, {"configMapRef": {"name": "settings"}}]
    init = {"name": "init", "image": "i", "env": [{"name": "PLAIN", "value": "first"}]}
    spec = {"containers": [{"name": "app", "image": "a", "env": env, "envFrom": sets}], "initContainers": [init]}
    kube.add("Pod", "web", "default", spec=spec)
    assert kept(kube, "kubernetes.pod", "default/web", "variables") == {
        "Variables": {
            "2/app/PLAIN": "again",
            "app/EMPTY": "",
            "app/MIXED": "$(PLAIN):more",
            "app/PLAIN": "text",
            "init/PLAIN": "first",
        },
        "References": {
            "app/CPU": "resourceFieldRef app/limits.cpu",
            "app/KEY": "secretKeyRef db/password",
            "app/MAP": "configMapKeyRef settings/host",
            "app/NODE": "fieldRef spec.nodeName",
            "app/ON": "true",
            "app/OTHER": "$(PLAIN)",
        },
        "EnvFrom": [
            {"container": "app", "kind": "secretRef", "name": "db", "prefix": "DB_"},
            {"container": "app", "kind": "configMapRef", "name": "settings", "prefix": None},
        ],
    }


def test_variables_and_commands_are_replaced_and_references_stay_readable(kube: Cluster) -> None:
    env = [
        {"name": "DB_PASSWORD", "value": "hunter2"},
        {"name": "OTHER_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
    ]
    container = {"name": "app", "image": "a", "command": ["run", "--password", "hunter2"], "args": ["hunter2"], "env": env}
    kube.add("Pod", "web", "default", spec={"containers": [container]})
    seen = collect(kube.connect(), "list pods")
    stored = {facet: facts for sink in seen.collections[0].kept for (_, _, facet), facts in sink.stored.items()}
    assert "hunter2" not in json.dumps(stored)
    assert stored["variables"]["References"] == {"app/OTHER_PASSWORD": "secretKeyRef db/password"}
    assert sorted(stored["variables"]["Variables"]) == ["app/DB_PASSWORD", "app/args", "app/command"]
    assert stored["variables"]["Variables"]["app/command"]["$redacted"] == "assignment"
    assert "command" not in stored["config"]["containers"][0]


@pytest.mark.parametrize(
    ("namespace", "owner", "readable"),
    [("kube-system", "Node", True), ("kube-system", "ReplicaSet", False), ("default", "Node", False)],
)
def test_commands_of_the_control_plane_stay_readable(kube: Cluster, namespace: str, owner: str, readable: bool) -> None:
    owners = [{"apiVersion": "v1", "kind": owner, "name": "a", "uid": "u"}]
    spec = {"containers": [{"name": "x", "image": "i", "command": ["kube-apiserver", "--profiling=false"], "args": ["-v"]}]}
    metadata = {"name": "x", "namespace": namespace, "ownerReferences": owners}
    kube.add({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    container = kept(kube, "kubernetes.pod", f"{namespace}/x")["containers"][0]
    assert (container.get("command") == ["kube-apiserver", "--profiling=false"]) is readable
    assert (container.get("args") == ["-v"]) is readable
    assert bool(kept(kube, "kubernetes.pod", f"{namespace}/x", "variables")["Variables"]) is not readable


def test_of_the_control_planes_variables_those_are_kept_that_its_flags_come_from(kube: Cluster) -> None:
    key = {"secretKeyRef": {"name": "db", "key": "password"}}
    env = [
        {"name": "HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}},
        {"name": "URLS", "value": "https://$(HOST)"},
        {"name": "UNUSED", "value": HIDDEN},
        {"name": "OTHER", "value": HIDDEN},
        {"name": "BOTH", "value": HIDDEN},
        {"name": "FLAGS", "value": "--cert-file=/c"},
        {"name": "PERHAPS", "value": f"-{HIDDEN}"},
        {"name": "ETCD_ROOT_PASSWORD", "value": HIDDEN},
        {"name": "ETCD_TRUSTED_CA_FILE", "value": "/ca"},
        {"name": "KEY", "valueFrom": key},
        {"name": "EMPTY"},
    ]
    both = ["--key-file=$(KEY)", "--cert-file=$(BOTH)", "--user", "$(BOTH)", "--auto-tls=$(EMPTY)", "$(PERHAPS)"]
    line = {"command": ["etcd"], "args": ["--listen-client-urls=$(URLS)", "--user=$(OTHER)", "$(FLAGS)", *both]}
    container = {"name": "etcd", "image": "i", "env": env, **line}
    owners = [{"apiVersion": "v1", "kind": "Node", "name": "a", "uid": "u"}]
    metadata = {"name": "etcd-a", "namespace": "kube-system", "ownerReferences": owners}
    kube.add({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}})
    seen = collect(kube.connect(), "list pods")
    (stored,) = [
        f for s in seen.collections[0].kept for (type_, _, _), f in s.stored.items() if type_ == "kubernetes.static_pod"
    ]
    (found,) = stored["containers"]
    assert found["envFrom"] is False
    assert found["env"] == [
        {"name": "HOST", "from": "fieldRef status.hostIP"},
        {"name": "URLS", "value": "https://$(HOST)"},
        {"name": "OTHER", "from": "withheld"},
        {"name": "BOTH", "from": "withheld"},
        {"name": "FLAGS", "value": "--cert-file=/c"},
        {"name": "PERHAPS", "from": "value"},
        {"name": "ETCD_TRUSTED_CA_FILE", "value": "/ca"},
        {"name": "KEY", "from": "secretKeyRef"},
        {"name": "EMPTY", "value": ""},
    ]
    assert HIDDEN not in json.dumps(stored)


def test_what_runs_and_where_is_a_facet_of_its_own(kube: Cluster) -> None:
    def ran(name: str) -> dict[str, Any]:
        return {"name": name, "image": "i", "imageID": f"r/i@sha256:{name}", "ready": True, "restartCount": 7}

    status = {"phase": "Running", "qosClass": "Burstable", "containerStatuses": [ran("b")], "podIP": "10.0.0.7"}
    status["initContainerStatuses"] = [ran("a")]
    kube.add("Pod", "web", "default", spec={**SPEC, "nodeName": "node-a"}, status=status)
    assert kept(kube, "kubernetes.pod", "default/web", "status") == {
        "phase": "Running",
        "images": {"a": "r/i@sha256:a", "b": "r/i@sha256:b"},
        "nodeName": "node-a",
        "qosClass": "Burstable",
    }
