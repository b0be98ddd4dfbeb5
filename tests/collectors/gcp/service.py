"""Cloud Asset Inventory's gRPC service on the loopback: pages, refusals, and the ways in which answers go wrong.

Ways: `throttled` (more: seconds to wait), `unavailable`, `internal`, `data loss`, `unauthenticated`, `disabled` (the API is not
enabled), `quota project` (the project may not be used), `no quota project`, `perimeter`, `scopes`, `not found`, `invalid`,
`expired token`, `repeated token`, `new field`, `garbage`, `deadline`.
"""

import hashlib
import time
from concurrent import futures
from typing import Any

import grpc  # type: ignore[import-untyped]  # typed by nobody, as those below
from google.cloud import asset_v1
from google.protobuf import any_pb2, duration_pb2  # type: ignore[import-untyped]  # as above
from google.rpc import code_pb2, error_details_pb2, status_pb2  # type: ignore[import-untyped]  # as above
from grpc_status import rpc_status  # type: ignore[import-untyped]  # as above

from collectors.gcp.permissions import permission_of
from tests.certificates import Certificates
from tests.collectors.gcp.cloud import Asked, Cloud, Fault

NAME = "google.cloud.asset.v1.AssetService"
REQUEST: Any = type(asset_v1.ListAssetsRequest.pb(asset_v1.ListAssetsRequest()))
ANSWER: Any = type(asset_v1.ListAssetsResponse.pb(asset_v1.ListAssetsResponse()))
GARBAGE = "no message at all"
READ_TIME = "2026-05-04T12:00:00Z"
_CONTENT = {number.value: number.name for number in asset_v1.ContentType.__members__.values()}


class AssetService:
    """Answers as the published API does."""

    def __init__(self, cloud: Cloud, certificates: Certificates, port: int = 0) -> None:
        self._cloud = cloud
        method = grpc.unary_unary_rpc_method_handler(
            self._list, request_deserializer=REQUEST.FromString, response_serializer=_serialized
        )
        self._server = grpc.server(futures.ThreadPoolExecutor(8))
        self._server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(NAME, {"ListAssets": method})])
        shown = grpc.ssl_server_credentials([(certificates.key.read_bytes(), certificates.chain.read_bytes())])
        self.port = int(self._server.add_secure_port(f"127.0.0.1:{port}", shown))
        self._server.start()

    def stop(self) -> None:
        self._server.stop(None).wait()

    def _list(self, request: Any, context: Any) -> Any:
        content = _CONTENT[request.content_type]
        call = f"cloudasset.ListAssets {content}"
        asked = self._cloud.asked  # of this test, however long the answer takes
        metadata = dict(context.invocation_metadata())
        principal = self._cloud.issuer.tokens.get(metadata.get("authorization", "").removeprefix("Bearer "), "")
        try:
            refusal = self._refusal(request, call, principal)
            answer = None if refusal else self._page(request, content, call)
        except _RefusedError as refused:
            refusal, answer = refused.status, None
        asked.append(
            Asked(
                call,
                request.parent,
                tuple(request.asset_types),
                request.page_token,
                request.read_time.ToJsonString() if request.HasField("read_time") else "",
                principal,
                metadata.get("x-goog-user-project", ""),
                metadata.get("user-agent", ""),
                code_pb2.Code.Name(refusal.code) if refusal else "OK",
                request.page_size,
            )
        )
        if self._cloud.latency:
            time.sleep(self._cloud.latency)
        if refusal is not None:
            context.abort_with_status(rpc_status.to_status(refusal))
        return answer

    def _refusal(self, request: Any, call: str, principal: str) -> Any:
        if not principal:
            return status("UNAUTHENTICATED", reason("ACCESS_TOKEN_EXPIRED"))
        permission = permission_of(call)
        if permission in self._cloud.denied:
            resource = f"//cloudresourcemanager.googleapis.com/{request.parent}"
            return status("PERMISSION_DENIED", reason("IAM_PERMISSION_DENIED", permission=permission, resource=resource))
        if set(request.asset_types) & self._cloud.unsupported:
            field = error_details_pb2.BadRequest.FieldViolation(field="asset_types", description="not a supported type")
            return status("INVALID_ARGUMENT", error_details_pb2.BadRequest(field_violations=[field]))
        if not 0 <= request.page_size <= 1000:
            return status("INVALID_ARGUMENT")
        return None

    def _page(self, request: Any, content: str, call: str) -> Any:
        found = [a for a in self._cloud.estate.assets.get(content, {}).values() if self._asked_for(a, request)]
        question = _question(request)
        position, _, asked_before = request.page_token.partition("-")
        if asked_before and asked_before not in (question, "again"):  # a listing goes on as it was begun
            raise _RefusedError(status("INVALID_ARGUMENT"))
        start = int(position or 0)
        size = min(request.page_size or 100, self._cloud.page)
        answer = ANSWER(assets=found[start : start + size])
        answer.read_time.FromJsonString(request.read_time.ToJsonString() if request.HasField("read_time") else READ_TIME)
        if start + size < len(found):
            answer.next_page_token = f"{start + size}-{question}"
        self._spoil(answer, request, call, start // size)
        return answer

    def _asked_for(self, asset: Any, request: Any) -> bool:
        within = not asset.ancestors or any(ancestor in self._named(request.parent) for ancestor in asset.ancestors)
        return within and (not request.asset_types or asset.asset_type in request.asset_types)

    def _named(self, parent: str) -> set[str]:
        project = self._cloud.estate.projects.get(parent.removeprefix("projects/"))
        return {parent, f"projects/{project.number}"} if project else {parent}

    def _spoil(self, answer: Any, request: Any, call: str, page: int) -> None:
        """Do the next thing that was asked for to this answer. Raises for a refusal."""
        waiting = self._cloud.faults.get(call, [])
        for place, fault in enumerate(waiting):
            if page < fault.after or (fault.how == "expired token" and not request.page_token):
                continue
            if fault.times <= 1:
                waiting.pop(place)
            else:
                waiting[place] = Fault(fault.how, fault.times - 1, fault.after, fault.more)
            if fault.how == "repeated token":
                answer.next_page_token = request.page_token or "0-again"
            elif fault.how == "new field":
                answer.MergeFromString(b"\xfa\x3f\x03new")
            elif fault.how == "garbage":
                answer.next_page_token = GARBAGE
            elif fault.how == "deadline":
                time.sleep(float(fault.more))
            else:
                raise _RefusedError(_refused(fault))
            return


def _question(request: Any) -> str:
    """What is asked, whatever the page."""
    asked = REQUEST()
    asked.CopyFrom(request)
    for which in ("page_token", "page_size"):
        asked.ClearField(which)
    return hashlib.sha256(asked.SerializeToString(deterministic=True)).hexdigest()[:16]


def _serialized(answer: Any) -> bytes:
    return b"<html>" if answer.next_page_token == GARBAGE else bytes(answer.SerializeToString())


class _RefusedError(Exception):
    def __init__(self, refused: Any) -> None:
        super().__init__(refused)
        self.status = refused


def _refused(fault: Fault) -> Any:
    if fault.how == "throttled":
        return status("RESOURCE_EXHAUSTED", reason("RATE_LIMIT_EXCEEDED"), _retry(float(fault.more)) if fault.more else None)
    return _REFUSALS[fault.how]


def status(code: str, *details: Any, message: str = "") -> Any:
    """A status with its details, as the service sends it in the trailers."""
    packed = []
    for detail in details:
        if detail is not None:
            packed.append(any_pb2.Any())
            packed[-1].Pack(detail)
    return status_pb2.Status(code=code_pb2.Code.Value(code), message=message or f"{code} on the loopback", details=packed)


def reason(name: str, **metadata: str) -> Any:
    return error_details_pb2.ErrorInfo(reason=name, domain="googleapis.com", metadata=metadata)


def _retry(seconds: float) -> Any:
    nanos = int(seconds % 1 * 1e9)
    return error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=int(seconds), nanos=nanos))


_SERVICE = {"service": "cloudasset.googleapis.com", "consumer": "projects/999999999999"}
_REFUSALS = {
    "unavailable": status("UNAVAILABLE", _retry(0.01)),
    "internal": status("INTERNAL", _retry(0.01)),
    "data loss": status("DATA_LOSS"),
    "unauthenticated": status("UNAUTHENTICATED", reason("ACCESS_TOKEN_EXPIRED")),
    "disabled": status("PERMISSION_DENIED", reason("SERVICE_DISABLED", **_SERVICE)),
    "quota project": status("PERMISSION_DENIED", reason("USER_PROJECT_DENIED", consumer="projects/tools")),
    "no quota project": status(
        "PERMISSION_DENIED",
        reason("SERVICE_DISABLED", service="cloudasset.googleapis.com", consumer="projects/764086051850"),
        message="The cloudasset.googleapis.com API requires a quota project, which is not set by default.",
    ),
    "perimeter": status("PERMISSION_DENIED", message="Request is prohibited. vpcServiceControlsUniqueIdentifier: Xa1"),
    "scopes": status("PERMISSION_DENIED", reason("ACCESS_TOKEN_SCOPE_INSUFFICIENT")),
    "not found": status("NOT_FOUND"),
    "invalid": status("INVALID_ARGUMENT"),
    "expired token": status("INVALID_ARGUMENT"),
}
