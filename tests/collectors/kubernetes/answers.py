"""What the API server says: lists in pages, single objects, Status objects; and what it says when it is broken."""

import base64
import itertools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.collectors.kubernetes.cluster import Cluster, Fault, Request
from tests.collectors.kubernetes.kinds import BY_PATH, Kind

PARTIAL = "as=PartialObjectMetadataList"
_PATH = re.compile(r"(?P<root>/api/v1|/apis/[^/]+/[^/]+)/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+))?")
_REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
_KINDS_OF_REASON = {
    400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed", 406: "NotAcceptable",
    410: "Expired", 429: "TooManyRequests",
}  # fmt: skip
_OLD = "The provided continue parameter is too old to display a consistent list result."


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; `promised` is a content length that the body does not keep."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    promised: int | None = None


def call_of(method: str, path: str) -> str:
    """How an administrator names this request."""
    if path == _REVIEW:
        return f"{_verb(method, named=False)} selfsubjectreviews.authentication.k8s.io"
    found = _PATH.fullmatch(path)
    if found is None:
        return f"{method.lower()} {path}"
    group = found["root"].split("/")[2] if found["root"].startswith("/apis/") else ""
    what = f"{found['plural']}.{group}" if group else found["plural"]
    return f"{_verb(method, named=bool(found['name']))} {what}{' ' + found['name'] if found['name'] else ''}"


def _verb(method: str, *, named: bool) -> str:
    if method == "GET":
        return "get" if named else "list"
    return {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}.get(method, method.lower())


def answer(cluster: Cluster, request: Request) -> Answer:
    """Answer as the API server would, in its order: authentication, priority and fairness, authorization, the object."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if (scheme.lower(), token) != ("bearer", cluster.token) and not request.certified:
        return status(401, "Unauthorized")
    fault = cluster.fault(request.call, continued="continue" in request.query)
    if fault is not None and (early := _instead(fault)):
        return early
    if cluster.refuses(request.call):
        return _forbidden(cluster, request)
    if fault is not None and fault.how in {"endless", "empty-pages"}:
        request = replace(request, query={k: v for k, v in request.query.items() if k != "continue"})
    if fault is not None and fault.how == "whole-objects":
        return _answer(cluster, replace(request, headers={**request.headers, "accept": "application/json"}))
    whole = _answer(cluster, request)
    return _spoiled(whole, fault) if fault is not None else whole


def status(code: int, message: str, **headers: str) -> Answer:
    """A Status object."""
    reason = _KINDS_OF_REASON.get(code, "InternalError")
    body = {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason,
        "code": code,
    }  # fmt: skip
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(code, json.dumps(body).encode(), {"Content-Type": "application/json", **named})


def _json(value: Any, code: int = 200) -> Answer:
    return Answer(code, json.dumps(value).encode(), {"Content-Type": "application/json"})


def _forbidden(cluster: Cluster, request: Request) -> Answer:
    verb, _, what = request.call.partition(" ")
    if what.startswith("/"):
        return status(403, f'forbidden: User "{cluster.user}" cannot {verb} path "{what}"')
    resource, _, name = what.partition(" ")
    plural, _, group = resource.partition(".")
    named = f' "{name}"' if name else ""
    told = f'cannot {verb} resource "{plural}" in API group "{group}" at the cluster scope'
    return status(403, f'{resource}{named} is forbidden: User "{cluster.user}" {told}')


def _answer(cluster: Cluster, request: Request) -> Answer:
    if request.method == "POST" and request.path == _REVIEW:
        info = {"username": cluster.user, "groups": ["system:serviceaccounts", "system:authenticated"]}
        body = {"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1", "status": {"userInfo": info}}
        return _json(body, 201)
    if request.method != "GET":
        return status(405, "the server does not allow this method on the requested resource")
    if request.path == "/version":
        return _json(cluster.version)
    found = _PATH.fullmatch(request.path)
    kind = BY_PATH.get((found["root"], found["plural"])) if found else None
    if found is None or kind is None or (kind.model is None and kind.full_name not in cluster.installed):
        return Answer(404, b"404 page not found\n", {"Content-Type": "text/plain; charset=utf-8"})
    if found["name"]:
        with cluster.lock:
            held = cluster.objects.get((kind.name, "", found["name"]))
        return _json(_served(cluster, kind, held)) if held else status(404, f'{kind.plural} "{found["name"]}" not found')
    return _list(cluster, kind, request)


def _served(cluster: Cluster, kind: Kind, held: dict[str, Any]) -> dict[str, Any]:
    """An object with the noise that the server adds: a version of its own and who set which field."""
    metadata = {
        "managedFields": [{"manager": "kubectl", "operation": "Update", "time": "2026-01-05T08:00:00Z", "fieldsV1": {}}],
        **held.get("metadata", {}),
        "resourceVersion": str(len(cluster.requests)),
    }
    whole = {**held, "metadata": metadata}
    return cluster.amend(kind, whole) if cluster.amend else whole


def _list(cluster: Cluster, kind: Kind, request: Request) -> Answer:
    accept = request.headers.get("accept", "application/json")
    if "application/json" not in accept and "*/*" not in accept:
        return status(406, "only the following media types are accepted: application/json")
    token = request.query.get("continue")
    if token:
        try:
            page = json.loads(base64.urlsafe_b64decode(token))
            version, held = cluster.pages[page["v"]]
        except (KeyError, ValueError):
            return status(410, _OLD)
        start = page["start"]
    else:
        start, version = 0, str(len(cluster.requests))
        try:
            held = _matching(cluster, kind, request.query.get("fieldSelector", ""))
        except ValueError as error:
            return status(400, str(error))
    size = min(int(request.query.get("limit") or len(held) or 1), cluster.page_size)
    metadata: dict[str, Any] = {"resourceVersion": version}
    if start + size < len(held):
        cluster.pages[version] = (version, held)
        following = json.dumps({"v": version, "start": start + size}).encode()
        metadata |= {"continue": base64.urlsafe_b64encode(following).decode(), "remainingItemCount": len(held) - start - size}
    items = [_item(_served(cluster, kind, one), kind, partial=PARTIAL in accept) for one in held[start : start + size]]
    if PARTIAL in accept:
        listed = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"}
    else:
        listed = {"kind": f"{kind.name}List", "apiVersion": kind.api_version}
    return _json({**listed, "metadata": metadata, "items": items})


def _item(held: dict[str, Any], kind: Kind, *, partial: bool) -> Any:
    """As an item of a list: of its metadata alone, or without kind and version where the list's type says them."""
    if partial:
        return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": held["metadata"]}
    return held if kind.model is None else {k: v for k, v in held.items() if k not in ("kind", "apiVersion")}


def _matching(cluster: Cluster, kind: Kind, selector: str) -> list[dict[str, Any]]:
    """The objects of a kind in the order of their keys. Raises `ValueError` for a field that the server cannot select by."""
    with cluster.lock:
        held = [o for (name, *_), o in sorted(cluster.objects.items()) if name == kind.name]
    if not selector:
        return held
    name, _, value = selector.partition("=")
    if kind.name != "Secret" or name != "type":
        raise ValueError(f"field label not supported: {name}")
    return [one for one in held if one.get("type", "Opaque") == value.lstrip("=")]


def _instead(fault: Fault) -> Answer | None:
    """Faults that come before any answer is made."""
    after = {"Retry_After": fault.retry_after} if fault.retry_after is not None else {}
    match fault.how:
        case "status":
            return status(fault.status, "too many requests, please try again later.", **after)
        case "plain":
            headers = {"Content-Type": "text/plain", **({"Retry-After": fault.retry_after} if fault.retry_after else {})}
            return Answer(fault.status, b"upstream connect error or disconnect/reset before headers", headers)
        case "expired":
            return status(410, _OLD)
        case "html":
            return Answer(200, b"<html><body>Sign in to continue</body></html>", {"Content-Type": "text/html"})
        case "empty":
            return Answer(200, b"", {"Content-Type": "application/json"})
        case "not-served":
            return Answer(404, b"404 page not found\n", {"Content-Type": "text/plain; charset=utf-8"})
        case "redirect":
            return Answer(302, b"", {"Location": "/version"})
    return None


def _spoiled(whole: Answer, fault: Fault) -> Answer:
    """An answer that was made, and does not arrive as it was."""
    if whole.status != 200:
        return whole
    if fault.how == "truncated":
        return Answer(200, whole.body[: len(whole.body) // 2], whole.headers)
    if fault.how == "half-page":
        return Answer(200, whole.body[: len(whole.body) // 2], whole.headers, promised=len(whole.body))
    body = json.loads(whole.body)
    _SPOILERS[fault.how](body)
    return _json(body)


_SPOILERS: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "no-items": lambda body: body.pop("items"),
    "null-items": lambda body: body.update(items=None),
    "wrong-kind": lambda body: body.update(kind="Status"),
    "no-metadata": lambda body: body.pop("metadata"),
    "text-item": lambda body: body["items"].insert(0, "not an object"),
    "endless": lambda body: body["metadata"].update({"continue": base64.urlsafe_b64encode(b"again").decode()}),
    "twice": lambda body: body["items"].extend(list(body["items"])),
    "empty-pages": lambda body: (body["items"].clear(), body["metadata"].update({"continue": str(_pages())})),
}
_count = itertools.count()


def _pages() -> int:
    """A continue token that never was."""
    return next(_count)
