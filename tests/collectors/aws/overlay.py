"""An AWS on the loopback: moto's services, and over them what a test serves, denies, throttles or garbles.

- A request is told by its signature's service and the SDK's own models, so it is refused as the service would refuse it.
- What a test serves is held against the SDK's output shape and paged, two items a page, as the SDK pages it.
- A client that sets the scene (`Cloud.client`) is never denied and never counted.
"""

import io
import os
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from xml.sax.saxutils import escape

os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # half a second for each region that a test touches
os.environ.setdefault("MOTO_ALLOW_NONEXISTENT_REGION", "false")

import botocore.session
import orjson
from botocore.config import Config
from botocore.validate import ParamValidator
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from moto.iam.models import get_account_id_from
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.exceptions import HTTPException
from werkzeug.serving import make_server

from collectors.aws import AwsTarget
from collectors.aws.permissions import OWN_CALLS, permission_of
from collectors.aws.session import AwsConnection
from collectors.source import sources

SETTING_THE_SCENE = "AKIASETTINGSCENE"
SCANNER = "AKIASCANNERSCANS"
PAGE = 2

_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")
_DENIAL = {"ec2": "UnauthorizedOperation", "query": "AccessDenied", "rest-xml": "AccessDenied"}
_DENIAL_OF = {"sns": "AuthorizationError", "organizations": "AccessDeniedException"}
_THROTTLE = {"ec2": ("RequestLimitExceeded", 503), "rest-xml": ("SlowDown", 503), "query": ("Throttling", 400)}

Answer: TypeAlias = Mapping[str, Any] | Callable[[dict[str, Any], str, str], Any]


class Refuse(Exception):  # noqa: N818 - an instruction to the server, not an error of ours
    """Raised by a served answer: what the service says instead."""

    def __init__(self, code: str, message: str = "", status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.message = message or code
        self.status = status


PASS_ON = object()  # returned by a served answer: let moto answer


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as the overlay understood it."""

    call: str
    operation: Any
    protocol: str
    params: dict[str, Any]
    key: str
    region: str


class Overlay:
    """The WSGI application: serves, refuses, or passes on to moto."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()
        self._services: dict[str, list[str]] = {}  # signing name -> services
        self.setting_the_scene: set[str] = set()
        self.reset()
        for source in sources("aws"):
            for call in source.calls:
                self.know(call.partition(".")[0])
        for call in OWN_CALLS:
            self.know(call.partition(".")[0])

    def reset(self) -> None:
        self.served: dict[str, Answer] = {}
        self.denied: set[str] = set()
        self.allowed: set[str] | None = None  # everything but these is denied
        self.throttled: Counter[str] = Counter()
        self.garbled: dict[str, tuple[int, bytes, int]] = {}
        self.calls: list[tuple[str, str]] = []
        self.questions: list[tuple[str, str, str]] = []
        self.refused: set[str] = set()
        self.setting_the_scene = {SETTING_THE_SCENE}

    def know(self, service: str) -> None:
        """Recognise requests to a service."""
        if service == "aws" or any(service in known for known in self._services.values()):
            return
        names = self._services.setdefault(get_service_model(service).signing_name, [])
        names.append(service)
        names.sort(key=lambda name: (name in {"docdb", "neptune", "s3"}, name))  # those that would take the others' requests

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        asked = self._understand(environ)
        if asked is None:
            return self._moto(environ, start_response)  # type: ignore[no-any-return]  # moto is not typed
        answer = self._answer(asked)
        if answer is None:
            return self._moto(environ, start_response)  # type: ignore[no-any-return]  # moto is not typed
        status, headers, body, missing = answer
        headers = {k: v for k, v in headers.items() if k.lower() != "content-length"}
        headers["Content-Length"] = str(len(body) + missing)
        if missing:
            headers["Connection"] = "close"
        start_response(f"{status} Answer", list(headers.items()))
        return [body]

    def _understand(self, environ: dict[str, Any]) -> Asked | None:
        found = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
        if found is None:
            return None
        key, region, signing_name = found.groups()
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        environ["wsgi.input"] = io.BytesIO(body)
        for service in self._services.get(signing_name, ()):
            request = Request({**environ, "wsgi.input": io.BytesIO(body)})
            try:
                operation, uri = get_service_router(service).match(request)
            except (HTTPException, NotImplementedError):
                continue
            version = operation.service_model.api_version
            if request.values.get("Version", version) != version:
                continue  # elb and elbv2 share their operations' names
            protocol = determine_request_protocol(operation.service_model, request.content_type)
            params = PROTOCOL_PARSERS[protocol](operation).parse(
                {
                    "method": request.method,
                    "values": request.values,
                    "headers": request.headers,
                    "body": body,
                    "url_path": request.path,
                    "url_params": uri,
                }
            )
            return Asked(f"{service}.{operation.name}", operation, protocol, params, key, region)
        return None

    def _answer(self, asked: Asked) -> tuple[int, dict[str, str], bytes, int] | None:
        """Status, headers, body, bytes that are announced and not sent; `None`: moto answers."""
        if asked.key not in self.setting_the_scene:
            with self._lock:
                self.calls.append((asked.call, asked.region))
                self.questions.append((asked.call, asked.region, repr(asked.params)))
                throttled = self.throttled[asked.call] > 0
                self.throttled[asked.call] -= throttled
            if throttled:
                code, status = _THROTTLE.get(asked.protocol, ("ThrottlingException", 400))
                return _refusal(asked, Refuse(code, "Rate exceeded", status))
            action = permission_of(asked.call)
            if action in self.denied or (self.allowed is not None and action not in self.allowed):
                self.refused.add(action)
                return _refusal(asked, _denial(asked, action))
            if asked.call in self.garbled:
                status, body, missing = self.garbled[asked.call]
                return status, {"Content-Type": "text/html"}, body, missing
        return self._serve(asked)

    def _serve(self, asked: Asked) -> tuple[int, dict[str, str], bytes, int] | None:
        answer = self.served.get(asked.call)
        if answer is None:
            return None
        try:
            whole = answer(asked.params, asked.region, get_account_id_from(asked.key)) if callable(answer) else answer
        except Refuse as refusal:
            return _refusal(asked, refusal)
        if whole is PASS_ON:
            return None
        shape = asked.operation.output_shape
        if shape is not None:
            report = ParamValidator().validate(whole, shape)
            assert not report.has_errors(), f"{asked.call}: {report.generate_report()}"
        page = _page(asked, dict(whole))
        serializer = get_serializer_class(asked.operation.service_model.service_name, asked.protocol)
        given = serializer(asked.operation).serialize(page)
        body = given["body"]
        return given["status_code"], dict(given["headers"]), body.encode() if isinstance(body, str) else body, 0


def _denial(asked: Asked, action: str) -> Refuse:
    service = asked.call.partition(".")[0]
    code = _DENIAL_OF.get(service) or _DENIAL.get(asked.protocol, "AccessDeniedException")
    who = "arn:aws:sts::123456789012:assumed-role/AnnexaReader/annexa"
    message = f"User: {who} is not authorized to perform: {action} because no identity-based policy allows the {action} action"
    return Refuse(code, message, 400 if asked.protocol == "json" else 403)


def _refusal(asked: Asked, refusal: Refuse) -> tuple[int, dict[str, str], bytes, int]:
    """The error as the service's protocol words it."""
    error = f"<Code>{escape(refusal.code)}</Code><Message>{escape(refusal.message)}</Message>"
    match asked.protocol:
        case "ec2":
            body = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>r</RequestID></Response>"
        case "rest-xml" if asked.call.startswith("s3."):
            body = f"<Error>{error}<RequestId>r</RequestId></Error>"
        case "query" | "rest-xml":
            body = f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>r</RequestId></ErrorResponse>"
        case _:
            text = orjson.dumps({"__type": refusal.code, "message": refusal.message})
            return refusal.status, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": refusal.code}, text, 0
    return refusal.status, {"Content-Type": "text/xml"}, f'<?xml version="1.0"?>{body}'.encode(), 0


_paging = botocore.session.Session()


def _paging_of(call: str) -> dict[str, Any] | None:
    service, _, operation = call.partition(".")
    try:
        pages: dict[str, Any] = _paging.get_component("data_loader").load_service_model(service, "paginators-1")["pagination"]
    except botocore.exceptions.UnknownServiceError:
        return None
    return pages.get(operation)


def _first(value: Any) -> str:
    found = value[0] if isinstance(value, list) else value
    return str(found).split(" || ", maxsplit=1)[0]


def _page(asked: Asked, answer: dict[str, Any]) -> dict[str, Any]:
    """Two items of the answer's list, and the token of the next two, as the SDK's paginator expects them."""
    paging = _paging_of(asked.call)
    if paging is None or "result_key" not in paging:
        return answer
    *way, key = _first(paging["result_key"]).split(".")
    within = answer
    for part in way:
        within[part] = dict(within.get(part) or {})
        within = within[part]
    items = within.get(key)
    if not isinstance(items, list):
        return answer
    if not way and _first(paging["output_token"]) in answer:
        return answer  # the test pages for itself
    start = int(asked.params.get(_first(paging["input_token"])) or 0)
    within[key] = items[start : start + PAGE]
    more = start + PAGE < len(items)
    if more:
        *way, token = _first(paging["output_token"]).split(".")
        holder = answer
        for part in way:
            holder = holder.setdefault(part, {})
        holder[token] = str(start + PAGE)
    if "more_results" in paging:
        *way, flag = paging["more_results"].split(".")
        holder = answer
        for part in way:
            holder = holder.setdefault(part, {})
        holder[flag] = more
    return answer


class Cloud:
    """What a test holds: the scene, the rules of the overlay, and connections to it."""

    account = "123456789012"

    def __init__(self, overlay: Overlay, url: str) -> None:
        self._overlay = overlay
        self.url = url
        self._session = botocore.session.Session()
        self._session.set_credentials(SETTING_THE_SCENE, "secret")
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._connections: list[AwsConnection] = []

    def reset(self) -> None:
        """A fresh, empty account. Clients that set the scene in other accounts are forgotten."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._overlay.reset()
        moto_api_backend.reset()
        self._clients = {key: client for key, client in self._clients.items() if key[2] == self.account}

    def client(self, service: str, region: str = "eu-west-1", account: str = account) -> Any:
        """An SDK client that sets the scene; in another account, as a role there."""
        key = (service, region, account)
        if key not in self._clients:
            session, token = self._session, None
            access, secret = SETTING_THE_SCENE, "secret"
            if account != self.account:
                role = f"arn:aws:iam::{account}:role/scene"
                given = self.client("sts").assume_role(RoleArn=role, RoleSessionName="scene")["Credentials"]
                access, secret, token = given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
                self._overlay.setting_the_scene.add(access)
            self._clients[key] = session.create_client(
                service,
                region_name=region,
                endpoint_url=self.url,
                aws_access_key_id=access,
                aws_secret_access_key=secret,
                aws_session_token=token,
                config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False, s3={"addressing_style": "path"}),
            )
            if service == "s3control":
                self._clients[key].meta.events.register("before-call", self._to_the_address)
        return self._clients[key]

    def _to_the_address(self, params: dict[str, Any], **_: Any) -> None:
        params["url"] = self.url + "/" + params["url"].split("//", 1)[1].partition("/")[2]

    def connect(self, regions: Any = ("eu-west-1",), **settings: Any) -> AwsConnection:
        """A real connection, as a scan makes it."""
        connection = AwsConnection(AwsTarget(name="test", regions=regions, **settings))
        self._connections.append(connection)
        return connection

    def serve(self, call: str, answer: Answer) -> None:
        """Answer a call, in the SDK's output shape; or call `answer(params, region, account)`, which may raise `Refuse`."""
        self._overlay.know(call.partition(".")[0])
        self._overlay.served[call] = answer

    def served(self, call: str) -> Any:
        """What a call is answered with, if a test serves it."""
        return self._overlay.served.get(call)

    def deny(self, *actions: str) -> None:
        """Refuse the calls that need these actions, as their services would."""
        self._overlay.denied.update(actions)

    def allow(self, *actions: str) -> None:
        """Grant again what was denied."""
        self._overlay.denied.difference_update(actions)

    def deny_all(self, but: Iterable[str] = ("sts:GetCallerIdentity",)) -> None:
        self._overlay.allowed = set(but)

    def throttle(self, call: str, times: int) -> None:
        """Refuse the next requests of a call for coming too fast."""
        self._overlay.throttled[call] = times

    def garble(self, call: str, body: bytes = b"<html><p>odd", status: int = 200, missing: int = 0) -> None:
        """Answer a call with this body; with `missing`, as many bytes fewer than announced."""
        self._overlay.garbled[call] = (status, body, missing)

    @property
    def calls(self) -> list[tuple[str, str]]:
        """The calls that a scan made: `service.Operation`, region."""
        return self._overlay.calls

    @property
    def questions(self) -> list[tuple[str, str, str]]:
        """The calls that a scan made, with their parameters."""
        return self._overlay.questions

    @property
    def refused(self) -> set[str]:
        """The actions that were denied to a scan."""
        return self._overlay.refused


class Server:
    """The overlay on a port of the loopback, in a thread of its own."""

    def __init__(self) -> None:
        self.overlay = Overlay()
        self._server = make_server("127.0.0.1", 0, self.overlay, threaded=True, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()


class _Quiet(MotoRequestHandler):
    def log(self, *_: Any, **__: Any) -> None:
        pass
