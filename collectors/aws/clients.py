"""SDK clients: one session for each principal, clients shared by threads, few of them kept, every call guarded.

- Nothing leaves through a client unless a `Permit` in force names the operation; no permit, no call.
- A client is made under a lock, since making one changes its session; it is used by any number of threads.
- The least recently used clients are dropped: a client is about 1 MB, and a large organization needs thousands of them.
- The service models that all clients are made of are loaded once.
"""

import os
import socket
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from collectors.aws.models import shared_models
from collectors.aws.permissions import permission_of
from collectors.permit import in_force, permitted
from collectors.source import NotEnabledError, UnreadError
from evidence_store.records import Unread, Why

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from botocore.session import Session as Core

KEPT = 64  # clients
POOL = 32  # connections that one client may hold: above the number of threads that share it

_MAIN_REGIONS = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}


@dataclass(frozen=True, eq=False, slots=True)
class Session:
    """An SDK session: boto3's, which makes clients, and the core under it for what boto3 does not offer."""

    boto: "boto3.Session"
    core: "Core"

    def setting(self, name: str) -> Any:
        """A setting of the SDK's own environment or profile."""
        return self.core.get_config_variable(name)


class Principal:
    """One identity in one account: whose credentials sign, and the clients that they sign for."""

    def __init__(self, session: Session, account: str, arn: str) -> None:
        self.session = session
        self.account = account
        self.arn = arn
        self.partition = arn.split(":")[1]

    @property
    def main_region(self) -> str:
        """Where the services that know no region are asked."""
        return _MAIN_REGIONS.get(self.partition) or self.session.setting("region") or "us-east-1"


class Clients:
    """The clients of one connection, made when first asked for."""

    def __init__(self, user_agent: str) -> None:
        self._user_agent = user_agent
        self._kept: OrderedDict[tuple[int, str, str], Any] = OrderedDict()
        self._offered: dict[tuple[str, str], frozenset[str]] = {}
        self._absent: set[tuple[str, str]] = set()
        self._answers: dict[tuple[Any, ...], Future[Any]] = {}  # of what several sources ask
        self._lock = threading.RLock()  # making a client may renew credentials, which asks for a client

    def get(self, session: Session, service: str, region: str, operation: str = "") -> Any:
        """The client of a service in a region, able to call the operation.

        Raises `NotEnabledError` where the provider does not offer the service there.
        """
        key = (id(session), service, region)
        with self._lock:
            client = self._kept.get(key)
            if client is not None and (not operation or _can(client, operation)):
                self._kept.move_to_end(key)
                return client
            client = self._make(session, service, region)
            if operation and not _can(client, operation):
                session.core.get_component("data_loader").add(service, [operation])
                client = self._make(session, service, region)
            self._kept[key] = client
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return client

    def once(self, key: tuple[Any, ...], ask: Callable[[], Any]) -> Any:
        """The answer to a question, asked by whoever comes first; the others wait for it. Raises what asking raised."""
        with self._lock:
            asked = key in self._answers
            answer = self._answers.setdefault(key, Future())
        if not asked:
            try:
                answer.set_result(ask())
            except BaseException as error:
                answer.set_exception(error)
                raise
        return answer.result()

    def close(self) -> None:
        with self._lock:
            kept = list(self._kept.values())
            self._kept.clear()
        for client in kept:
            client.close()

    def _make(self, session: Session, service: str, region: str) -> Any:
        if (service, region) in self._absent:
            raise NotEnabledError(f"{service} is not offered in {region}")
        client = session.boto.client(service, region_name=region, config=self._config(session))
        if not self._has_endpoint(session, client, service, region):
            self._absent.add((service, region))
            raise NotEnabledError(f"{service} is not offered in {region}")
        events = client.meta.events
        events.register_first("before-call", _guard(service))
        events.register("before-send", _count)
        events.register("before-parse", _refuse_what_is_no_answer(service))
        if service == "iam":
            _leave_documents_as_text(events)
        if service == "s3control":
            events.register("before-call", _without_account_in_host(client.meta.endpoint_url))
        return client

    def _has_endpoint(self, session: Session, client: Any, service: str, region: str) -> bool:
        """False only where the SDK's data knows the region, not the service in it, and the service's host has no address.

        The data alone may be older than the service's arrival in the region; then its host has one.
        """
        partition = client.meta.partition
        offered = self._regions_of(session, service, partition)
        if not offered or region in offered or region not in self._regions_of(session, "ec2", partition):
            return True
        try:
            socket.getaddrinfo(urlsplit(client.meta.endpoint_url).hostname, None)
        except socket.gaierror as error:
            return error.errno not in {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
        return True

    def _regions_of(self, session: Session, service: str, partition: str) -> frozenset[str]:
        """Where the SDK's data says that a service is offered; nowhere for one that knows no regions."""
        if (service, partition) not in self._offered:
            self._offered[service, partition] = frozenset(session.boto.get_available_regions(service, partition_name=partition))
        return self._offered[service, partition]

    def _config(self, session: Session) -> "Config":
        from botocore.config import Config

        attempts = session.setting("max_attempts")  # AWS_MAX_ATTEMPTS or the profile's own
        limit = {"max_attempts": 6} if attempts is None else {"total_max_attempts": attempts}
        return Config(
            retries={"mode": "adaptive", **limit},
            connect_timeout=10,
            read_timeout=60,
            max_pool_connections=POOL,
            parameter_validation=False,
            user_agent_extra=self._user_agent,
        )


def _can(client: Any, operation: str) -> bool:
    return operation in client.meta.service_model.operation_names


def _guard(service: str) -> Callable[..., None]:
    def refuse_undeclared(model: Any, **_: Any) -> None:
        permitted(f"{service}.{model.name}")

    return refuse_undeclared


def _count(**_: Any) -> None:
    permit = in_force()
    if permit is not None:
        permit.count()


def _refuse_what_is_no_answer(service: str) -> Callable[..., None]:
    """The SDK takes a body that is not JSON, or a page of HTML from a proxy, for an answer that is empty."""
    carries: dict[str, bool] = {}

    def look(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
        if response_dict["status_code"] >= 300:
            return
        name = operation_model.name
        if name not in carries:
            carries[name] = _has_body(operation_model)
        if not carries[name]:
            return
        body = response_dict["body"]
        if "json" in operation_model.service_model.resolved_protocol:
            whole = body[:1] == b"{" and body.rstrip()[-1:] == b"}"
        else:
            whole = body != b"" and not body[:64].lstrip().lower().startswith((b"<html", b"<!doctype"))
        if not whole:
            raise UnreadError(Unread(Why.UNEXPECTED, permission_of(f"{service}.{name}"), "no whole answer"))

    return look


def _leave_documents_as_text(events: Any) -> None:
    """Each document that is kept is parsed where it is kept; the SDK would look through whole answers for all of them."""
    from botocore import handlers

    decode = getattr(handlers, "json_decode_policies", None)
    if decode is not None:
        events.unregister("after-call.iam", decode)


def _has_body(operation: Any) -> bool:
    """Whether a successful answer has a document for its body."""
    shape = operation.output_shape
    if shape is None or operation.has_streaming_output or operation.has_event_stream_output:
        return False
    payload = shape.serialization.get("payload")
    if payload is not None:
        return bool(shape.members[payload].type_name == "structure")
    return any("location" not in member.serialization for member in shape.members.values())


def _without_account_in_host(endpoint: str) -> Callable[..., None]:
    """S3 Control puts the account before its host's name; a configured endpoint that is an address cannot have that."""
    configured = urlsplit(endpoint)
    is_address = (configured.hostname or "").replace(".", "").isdigit() or configured.hostname == "localhost"

    def restore(params: dict[str, Any], **_: Any) -> None:
        if is_address:
            params["url"] = urlunsplit(urlsplit(params["url"])._replace(netloc=configured.netloc))

    return restore


def parsed_time(value: Any) -> datetime:
    """A time of an answer, in UTC. What is not written as almost all of them are is left to the SDK.

    The SDK's own way tries every form of a date there is, and takes longer than all the rest of an answer.
    """
    from botocore.utils import parse_timestamp

    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None and "T" in value:
                return moment.astimezone(UTC)
        elif isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    found: datetime = parse_timestamp(value)
    return found


def new_session(profile: str | None) -> Session:
    """An SDK session. All of a process share the loaded service models, which weigh more than all the rest."""
    import boto3
    import botocore.session

    core = botocore.session.Session(profile=profile or os.environ.get("AWS_PROFILE"))
    core.register_component("data_loader", shared_models(core.get_config_variable("data_path")))
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=parsed_time)
    return Session(boto3.Session(botocore_session=core), core)
