"""Pods: what they run, with which rights, variables and mounts.

- Variables and command lines are secrets until redaction says otherwise. Those of the control plane's static pods stay
  readable, with the variables that their flags come from: its flags are evidence.
- Of a volume only the fields named here are kept: drivers take free options, which may hold keys.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from collectors.kubernetes import variables
from collectors.kubernetes.reader import Reader
from collectors.kubernetes.shapes import (
    MalformedError,
    identity,
    names,
    number,
    observed,
    only,
    rows,
    table,
    text,
    texts,
    truth,
    whole,
    words,
)
from collectors.source import Facet, source
from evidence_store.records import Json, Observation

POD = Facet(
    "kubernetes.pod",
    facts=(
        "name", "namespace", "labels", "annotations", "ownerReferences", "containers", "initContainers", "ephemeralContainers",
        "volumes", "imagePullSecrets", "containerResources",
    ),
    optional=(
        "creationTimestamp", "serviceAccountName", "automountServiceAccountToken", "hostNetwork", "hostPID", "hostIPC",
        "hostUsers", "shareProcessNamespace", "nodeSelector", "securityContext", "os", "restartPolicy", "runtimeClassName",
        "priorityClassName", "resources",
    ),
    lists=True,
)  # fmt: skip
# What is looked up of pods has facts of its own, so that whoever looks it up need not hold their containers whole.
STATIC = Facet(
    "kubernetes.static_pod", facts=("name", "namespace", "labels", "containers"), optional=("creationTimestamp",), lists=True
)
STATUS = Facet("kubernetes.pod", facts=("images",), optional=("phase", "nodeName", "qosClass"), name="status")

_SETTINGS = ("serviceAccountName", "restartPolicy", "runtimeClassName", "priorityClassName")
_SWITCHES = ("automountServiceAccountToken", "hostNetwork", "hostPID", "hostIPC", "hostUsers", "shareProcessNamespace")
_KINDS = ("containers", "initContainers", "ephemeralContainers")
_CONTAINER = ("name", "image", "imagePullPolicy", "restartPolicy", "resources", "securityContext")
_LISTS = ("ports", "volumeMounts", "volumeDevices")
_MIRROR = frozenset({"kubernetes.io/config.mirror", "kubernetes.io/config.source"})
_PROFILE = ("container.apparmor.security.beta.kubernetes.io/", "seccomp.security.alpha.kubernetes.io/")

_REFERRED = ("secretRef", "nodePublishSecretRef", "readOnly", "fsType")
_VOLUMES: Mapping[str, tuple[str, ...]] = {
    "awsElasticBlockStore": ("volumeID", "partition"),
    "azureDisk": ("diskName", "diskURI", "kind", "cachingMode"),
    "azureFile": ("secretName", "shareName"),
    "cephfs": ("path", "user"),
    "cinder": ("volumeID",),
    "configMap": ("name", "items", "optional", "defaultMode"),
    "csi": ("driver",),
    "downwardAPI": ("items", "defaultMode"),
    "emptyDir": ("medium", "sizeLimit"),
    "ephemeral": (),
    "fc": ("lun",),
    "flexVolume": ("driver",),
    "flocker": ("datasetName", "datasetUUID"),
    "gcePersistentDisk": ("pdName", "partition"),
    "gitRepo": ("repository", "revision", "directory"),
    "glusterfs": ("endpoints", "path"),
    "hostPath": ("path", "type"),
    "image": ("reference", "pullPolicy"),
    "iscsi": ("targetPortal", "iqn", "lun", "chapAuthDiscovery", "chapAuthSession"),
    "nfs": ("server", "path"),
    "persistentVolumeClaim": ("claimName",),
    "photonPersistentDisk": ("pdID",),
    "portworxVolume": ("volumeID",),
    "projected": ("sources", "defaultMode"),
    "quobyte": ("registry", "volume"),
    "rbd": ("image", "pool"),
    "scaleIO": ("gateway", "system", "volumeName"),
    "secret": ("secretName", "items", "optional", "defaultMode"),
    "storageos": ("volumeName",),
    "vsphereVolume": ("volumePath",),
}


@source("list pods", level="account", yields=[POD, STATUS, variables.FACET, STATIC])
def pods(read: Reader) -> Iterator[Observation]:
    """Every pod, also those that ended; and once more, by their programs, those of the control plane that run."""
    shape = [(POD, _pod), (STATUS, _status), (variables.FACET, _variables)]
    for item in read.pages("list pods", "Pod"):
        yield from observed(read, shape, item, "list pods")
        if _may_be_static(item):
            yield from observed(read, [(STATIC, _static)], item, "list pods")


def _pod(item: Mapping[str, Any]) -> dict[str, Json]:
    metadata, spec = table(item, "metadata"), table(item, "spec", needed=True)
    annotations = words(metadata, "annotations") or {}
    owners = [only(owner, "kind", "name", "controller") for owner in rows(metadata, "ownerReferences")]
    rows(spec, "containers", needed=True)  # a pod has at least one
    readable = _is_control_plane(item)
    return {
        **identity(item),
        "annotations": {k: v for k, v in annotations.items() if k in _MIRROR or k.startswith(_PROFILE)},
        "ownerReferences": sorted(owners, key=lambda owner: (str(owner.get("kind")), str(owner.get("name")))),
        **{kind: [_container(container, readable=readable) for container in rows(spec, kind)] for kind in _KINDS},
        **{name: text(spec, name) for name in _SETTINGS},
        **{name: truth(spec, name) for name in _SWITCHES},
        "nodeSelector": words(spec, "nodeSelector"),
        "securityContext": _security(spec),
        "resources": whole(spec, "resources"),
        "containerResources": {
            text(container, "name", needed=True): table(container, "resources")
            for kind in ("initContainers", "containers")
            for container in rows(spec, kind)
        },
        "os": text(table(spec, "os"), "name"),
        "volumes": sorted((_volume(volume) for volume in rows(spec, "volumes")), key=lambda volume: str(volume["name"])),
        "imagePullSecrets": names(spec, "imagePullSecrets"),
    }


def _is_control_plane(item: Mapping[str, Any]) -> bool:
    """Whether the kubelet of a node made this pod from a file, in the control plane's namespace."""
    metadata = table(item, "metadata")
    of_node = any(owner.get("kind") == "Node" for owner in rows(metadata, "ownerReferences"))
    return of_node and metadata.get("namespace") == "kube-system"


def _may_be_static(item: Mapping[str, Any]) -> bool:
    """Whether a pod is one of the control plane's, or too odd to tell; one that ended no longer shows how it is run."""
    try:
        return _is_control_plane(item) and table(item, "status").get("phase") not in ("Succeeded", "Failed")
    except MalformedError:
        return bool(item["metadata"].get("namespace") == "kube-system")


def _static(item: Mapping[str, Any]) -> dict[str, Json]:
    _is_control_plane(item)
    containers = rows(table(item, "spec", needed=True), "containers", needed=True)
    return {**identity(item), "containers": [_program(container) for container in containers]}


def _program(container: Mapping[str, Any]) -> dict[str, Json]:
    """A container, and where its flags come from that do not stand in its command line."""
    found = _container(container, readable=True)
    return found | {"env": variables.of_program(container), "envFrom": bool(rows(container, "envFrom"))}


def _container(container: Mapping[str, Any], *, readable: bool) -> dict[str, Json]:
    text(container, "name", needed=True)
    text(container, "image")
    _security(container)
    found = only(container, *_CONTAINER)
    found |= {name: rows(container, name) for name in _LISTS if container.get(name)}
    if readable:
        found |= {name: texts(container, name) for name in ("command", "args") if container.get(name)}
    return found


def _security(of: Mapping[str, Any]) -> dict[str, Json] | None:
    """A security context as it stands. What checks read of it has to be what it is said to be."""
    found = whole(of, "securityContext")
    if found is not None:
        for name in ("privileged", "allowPrivilegeEscalation", "readOnlyRootFilesystem", "runAsNonRoot"):
            truth(found, name)
        number(found, "runAsUser")
        for name in ("add", "drop"):
            texts(table(found, "capabilities"), name)
        text(table(found, "seccompProfile"), "type")
        truth(table(found, "windowsOptions"), "hostProcess")
        text(table(found, "windowsOptions"), "runAsUserName")
    return found


def _volume(volume: Mapping[str, Any]) -> dict[str, Json]:
    """A volume's name, its kind, and what it refers to. A kind that is not known here is kept by its name alone."""
    found: dict[str, Json] = {"name": text(volume, "name", needed=True)}
    for kind in sorted(volume.keys() - {"name"}):
        of_kind = table(volume, kind)
        found[kind] = only(of_kind, *_VOLUMES.get(kind, ()), *_REFERRED)
        if kind == "projected":
            rows(of_kind, "sources")
    return found


def _status(item: Mapping[str, Any]) -> dict[str, Json]:
    """Where and whether it runs, and which image each container really has."""
    spec, status = table(item, "spec"), table(item, "status")
    images = {
        text(one, "name", needed=True): text(one, "imageID")
        for kind in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
        for one in rows(status, kind)
    }
    return {
        "phase": text(status, "phase"),
        "images": dict(sorted(images.items(), key=lambda pair: str(pair[0]))),
        "nodeName": text(spec, "nodeName"),
        "qosClass": text(status, "qosClass"),
    }


def _variables(item: Mapping[str, Any]) -> dict[str, Json]:
    spec = table(item, "spec", needed=True)
    return variables.facts(_containers(spec), commands=not _is_control_plane(item))


def _containers(spec: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for kind in _KINDS:
        yield from rows(spec, kind)
