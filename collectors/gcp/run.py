"""Cloud Run: services, who can reach them, and what their containers are told.

The inventory words a service as the first version of its API does, or as the second; both become the second's words.
"""

from collections.abc import Iterator
from typing import Any

from collectors.gcp import assets
from collectors.gcp.reader import Reader
from collectors.gcp.shaping import Facts, Shape, apart, fields_of, of_kind, only
from collectors.gcp.values import OddValueError, plain
from collectors.source import Facet, source
from evidence_store.records import Json, Observation

SERVICE = "gcp.run.service"
_INGRESS = {
    "all": "INGRESS_TRAFFIC_ALL",
    "internal": "INGRESS_TRAFFIC_INTERNAL_ONLY",
    "internal-and-cloud-load-balancing": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
}
_ANNOTATION = "run.googleapis.com/"
_CONTAINER = ("name", "image", "ports", "volumeMounts", "resources")
_service = Shape(
    SERVICE,
    "run.googleapis.com/Service",
    always={},
    maybe={"name": str, "uid": str, "description": str, "createTime": str, "labels": dict, "urls": list},
    added=(
        "ingress",
        "invokerIamDisabled",
        "iapEnabled",
        "serviceAccount",
        "containers",
        "binaryAuthorization",
        "encryptionKey",
    ),
)


@source(
    "cloudasset.ListAssets run.googleapis.com/Service",
    level="account",
    bulk=assets.resources,
    takes=(_service.asset_type,),
    yields=[
        _service.facet(),
        Facet(SERVICE, name="variables", facts=("variables", "references"), secret=("variables",)),
    ],
)
def services(_: Reader, asset: Any) -> Iterator[Observation]:
    """Every service; the variables of its containers apart, their texts as secrets."""
    yield _service.observed(asset, _described)
    yield apart(SERVICE, asset, "variables", lambda asset: _variables(_containers(asset)))


def _described(_: Facts, asset: Any) -> Facts:
    """What both versions tell, in the second's words."""
    fields = fields_of(asset)
    first = _object(fields, "metadata")
    containers = [only(c, *_CONTAINER) for c in _containers(asset)]
    if not first:
        return {**_second(fields), "containers": containers}
    noted = first.get("annotations") or {}
    word, policy = noted.get(f"{_ANNOTATION}ingress", "all"), noted.get(f"{_ANNOTATION}binary-authorization")
    template = _object(fields, "spec").get("template", {})
    spec = template.get("spec", {})
    kept: Facts = {
        "name": first.get("name"),
        "createTime": first.get("creationTimestamp"),
        "labels": first.get("labels"),
        "ingress": _INGRESS.get(word, word),
        "invokerIamDisabled": noted.get(f"{_ANNOTATION}invoker-iam-disabled") == "true",
        "iapEnabled": noted.get(f"{_ANNOTATION}iap-enabled") == "true",
        "serviceAccount": spec.get("serviceAccountName"),
        "encryptionKey": (template.get("metadata", {}).get("annotations") or {}).get(f"{_ANNOTATION}encryption-key"),
        "binaryAuthorization": ({"useDefault": True} if policy == "default" else {"policy": policy}) if policy else None,
    }
    return {**kept, "containers": containers}


def _second(fields: Any) -> Facts:
    template = _object(fields, "template")
    found: Facts = {
        "ingress": plain(fields["ingress"]) if "ingress" in fields else None,
        "invokerIamDisabled": plain(fields["invokerIamDisabled"]) if "invokerIamDisabled" in fields else False,
        "iapEnabled": plain(fields["iapEnabled"]) if "iapEnabled" in fields else False,
        "binaryAuthorization": _object(fields, "binaryAuthorization") or None,
    }
    return found | only(template, "serviceAccount", "encryptionKey")


def _object(fields: Any, name: str) -> dict[str, Any]:
    return (of_kind(name, dict, plain(fields[name])) if name in fields else None) or {}


def _containers(asset: Any) -> list[dict[str, Json]]:
    fields = fields_of(asset)
    template = _object(fields, "template") or _object(fields, "spec").get("template", {}).get("spec", {})
    found = template.get("containers", [])
    if not isinstance(found, list) or not all(isinstance(c, dict) for c in found):
        raise OddValueError("containers are not a list of objects")
    return found


def _variables(containers: list[dict[str, Json]]) -> Facts:
    """Variables by name, of two of one name both; those that name a secret kept elsewhere as readable references."""
    variables: Facts = {}
    references: Facts = {}
    for container in containers:
        for variable in container.get("env") or ():
            origin = variable.get("valueSource") or variable.get("valueFrom")
            kept, value = (references, _reference(origin)) if origin else (variables, variable.get("value", ""))
            number, name = 1, str(variable.get("name", ""))
            while (own := name if number == 1 else f"{number}/{name}") in kept:
                number += 1
            kept[own] = value
    return {"variables": dict(sorted(variables.items())), "references": dict(sorted(references.items()))}


def _reference(origin: dict[str, Json]) -> str:
    """Which version of which secret: `secret` and `version` in the second version's words, `name` and `key` in the first's."""
    named = origin["secretKeyRef"]
    return f"secretref:{named.get('secret') or named['name']}:{named.get('version') or named.get('key', 'latest')}"
