"""The way to Cloud Asset Inventory: one channel, always TLS, on which every request is looked at before it leaves.

- Nothing leaves unless a `Permit` in force names the call; no permit, no call. The guard sits on the channel, so that a
  call made through the client itself meets it too.
- A call is tried again where the service says that it may pass: a bounded number of times, for a bounded time, waiting as
  long as the service asks.
"""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from collectors.gcp import errors
from collectors.gcp.credentials import quiet
from collectors.gcp.permissions import permission_of
from collectors.permit import Permit, permitted, under, user_agent
from collectors.source import UndeclaredCallError, UnreadError

if TYPE_CHECKING:
    from collectors.gcp.credentials import Credentials

SERVICE = "/google.cloud.asset.v1.AssetService/"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one call may take."""

    seconds: float = 90.0  # for one answer
    attempts: int = 6
    altogether: float = 300.0  # seconds for all attempts and what is waited between them
    first_wait: float = 0.5  # seconds, doubled each time; where the service says how long to wait, that holds


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing, as the protocol carries it."""

    assets: Any  # raw messages; the SDK's wrappers around them cost more than the rest of the work
    next_token: str
    read_time: Any  # the moment that the listing speaks of


class Assets:
    """A client of Cloud Asset Inventory for one identity. Used by any number of threads."""

    def __init__(self, credentials: "Credentials", endpoint: str | None, patience: Patience) -> None:
        from google.cloud.asset_v1 import AssetServiceClient
        from google.cloud.asset_v1.services.asset_service.transports import AssetServiceGrpcTransport

        quiet()  # again: loggers come with what was just imported
        self._patience = patience
        self._channel = _guarded_channel(endpoint or f"cloudasset.{credentials.universe}:443", credentials)
        self.sdk: Any = AssetServiceClient(transport=AssetServiceGrpcTransport(channel=self._channel))

    def close(self) -> None:
        self._channel.close()

    def page(self, permit: Permit, call: str, request: dict[str, Any]) -> Page:
        """One page of `ListAssets`. Raises `UnreadError`, or the SDK's `InvalidArgument` for a question that is refused."""
        from google.api_core.exceptions import GoogleAPICallError, InvalidArgument

        end = time.monotonic() + self._patience.altogether
        for attempt in range(self._patience.attempts):
            try:
                with under(permit):
                    return self._once(request, min(self._patience.seconds, end - time.monotonic()))
            except InvalidArgument:
                raise
            except GoogleAPICallError as error:
                asked = errors.wait_of(error)
                pause = self._patience.first_wait * 2**attempt if asked is None else asked
                last = attempt + 1 == self._patience.attempts or time.monotonic() + pause >= end
                if last or not errors.may_pass(error):
                    raise UnreadError(errors.of_call(error, permission_of(call))) from None
            time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _once(self, request: dict[str, Any], seconds: float) -> Page:
        answer = next(iter(self.sdk.list_assets(request=request, retry=None, timeout=seconds).pages))
        raw = type(answer).pb(answer)
        return Page(raw.assets, raw.next_page_token, raw.read_time if raw.HasField("read_time") else None)


def _guarded_channel(target: str, credentials: "Credentials") -> Any:
    """A TLS channel that refuses what is not declared, counts what leaves, and says who asks."""
    import grpc  # type: ignore[import-untyped,unused-ignore]  # typed by nobody

    kinds: Any = (
        grpc.UnaryUnaryClientInterceptor,
        grpc.UnaryStreamClientInterceptor,
        grpc.StreamUnaryClientInterceptor,
        grpc.StreamStreamClientInterceptor,
    )

    class Guard:
        def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
            permit = _permitted(details.method, request)
            carried = [*(details.metadata or ()), *credentials.headers()]
            permit.count()
            return continuation(details._replace(metadata=carried), request)

        def intercept_unary_stream(self, _: Any, details: Any, __: Any) -> Any:
            raise UndeclaredCallError(f"{details.method} was tried, which is no reading of assets")

        intercept_stream_unary = intercept_stream_stream = intercept_unary_stream

    options = [("grpc.max_receive_message_length", -1), ("grpc.primary_user_agent", user_agent())]
    channel = grpc.secure_channel(target, grpc.ssl_channel_credentials(), options=options)
    return grpc.intercept_channel(channel, type("Guard", (Guard, *kinds), {})())


def _permitted(method: str, request: Any) -> Permit:
    """The permit in force, if it allows this request. Raises `UndeclaredCallError`."""
    call = f"cloudasset.{method.rpartition('/')[2]}" if method.startswith(SERVICE) else method
    if call == "cloudasset.ListAssets":
        call = f"{call} {request.content_type.name}"
    return permitted(call)
