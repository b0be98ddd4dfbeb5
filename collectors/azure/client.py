"""The SDK's client, with the one place that all requests leave through: guarded, counted, bounded.

- Nothing leaves unless a `Permit` in force names the call; no permit, no call. Only reads have a name: GET, and the
  query of Resource Graph, which is a POST.
- Nothing leaves for another host than the configured one, whatever a link in an answer says: the token goes with it.
- The SDK's policy that registers a subscription for a service, which is a write, has no place here; nor have redirects.
"""

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from collectors.azure.gate import Gate, Pace, Patience
from collectors.permit import in_force, permitted
from collectors.source import UndeclaredCallError, UnreadError
from evidence_store.records import Unread, Why

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineRequest, PipelineResponse
    from azure.mgmt.resource.resources import ResourceManagementClient

POOL = 32  # connections kept: above the number of threads that read a target
QUERY_PATH = "/providers/microsoft.resourcegraph/resources"


def call_of(method: str, url: str, body: Any) -> str | None:
    """The name of the call that a request makes; `None` for one that is no read.

    The type is read from the path as Resource Manager reads it: what follows the last `providers`, else the path itself.
    """
    path = urlsplit(url).path
    if method == "POST":
        return f"resourcegraph.{_table(body)}" if path.rstrip("/").lower() == QUERY_PATH else None
    if method != "GET":
        return None
    segments = [segment for segment in path.split("/") if segment]
    lowered = [segment.lower() for segment in segments]
    if "providers" not in lowered:
        return f"arm.Microsoft.Resources/{'/'.join(segments[0::2])}"
    after = segments[len(lowered) - lowered[::-1].index("providers") :]
    return f"arm.{'/'.join([*after[:1], *after[1::2]])}"


def _table(body: Any) -> str:
    try:
        query = json.loads(body)["query"]
        return str(query).split(maxsplit=1)[0].lower()
    except (ValueError, KeyError, TypeError, IndexError):
        return ""


class _Guard:
    """The last policy of the SDK's pipeline before its transport: what passes here leaves the process."""

    next: Any  # the transport; the pipeline sets it

    def __init__(self, host: str) -> None:
        self._host = host

    def send(self, request: "PipelineRequest[Any]") -> "PipelineResponse[Any, Any]":
        asked = request.http_request
        call = call_of(asked.method, asked.url, asked.content)
        if call is None:
            raise UndeclaredCallError(f"{asked.method} {urlsplit(asked.url).path} is not a read")
        if in_force() is not None and urlsplit(asked.url).netloc != self._host:
            raise UnreadError(Unread(Why.UNEXPECTED, call, "a link to another host"))
        permitted(call.lower(), call).count()
        response: PipelineResponse[Any, Any] = self.next.send(request)
        return response


def new_client(
    credential: Any, endpoint: str, user_agent: str, ca_file: str | None, gate: Gate, pace: Pace
) -> "ResourceManagementClient":
    """A client that any number of threads share. It belongs to no subscription: each request names its own."""
    import requests
    from azure.core.pipeline.policies import HeadersPolicy, ProxyPolicy, RequestIdPolicy, UserAgentPolicy
    from azure.core.pipeline.transport import RequestsTransport
    from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy
    from azure.mgmt.resource.resources import ResourceManagementClient
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    session.mount("https://", HTTPAdapter(pool_connections=2, pool_maxsize=POOL))
    policies: list[Any] = [
        RequestIdPolicy(),
        HeadersPolicy(),
        UserAgentPolicy(user_agent=user_agent),
        ProxyPolicy(),
        Patience(gate, pace),
        ARMChallengeAuthenticationPolicy(credential, f"{endpoint}/.default"),
        _Guard(urlsplit(endpoint).netloc),
    ]
    return ResourceManagementClient(
        credential,
        "00000000-0000-0000-0000-000000000000",
        base_url=endpoint,
        policies=policies,
        transport=RequestsTransport(
            session=session,
            connection_timeout=pace.connecting,
            read_timeout=pace.answering,
            connection_verify=ca_file or True,
        ),
    )
