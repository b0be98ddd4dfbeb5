"""What an answer that is not one means: denied, throttled, no credentials, unreachable, unsupported, or of unknown shape.

The status decides; of the message only what names the cause is kept, since messages carry names that change.
"""

import socket
import ssl
from collections.abc import Mapping
from typing import Any

import orjson

from evidence_store.records import Unread, Why

RETRIED = frozenset({429, 500, 502, 503, 504})
_WHY = {
    401: Why.CREDENTIALS,
    405: Why.UNSUPPORTED,
    406: Why.UNSUPPORTED,
    415: Why.UNSUPPORTED,
    429: Why.THROTTLED,
    501: Why.UNSUPPORTED,
}
_NOT_SERVED = b"404 page not found"
_ANONYMOUS = 'User "system:anonymous"'
_DEPTH = 10  # errors within errors


def status_object(body: bytes) -> Mapping[str, Any] | None:
    """The API server's own Status; `None` where somebody else answered."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) and found.get("kind") == "Status" else None


def not_served(status: int, body: bytes) -> bool:
    """Whether the API server itself says that it does not serve this group or kind."""
    if status != 404:
        return False
    told = status_object(body)
    return body.strip() == _NOT_SERVED if told is None else told.get("reason") == "NotFound"


def of_answer(status: int, body: bytes, call: str) -> Unread:
    """What a refusal means for the call."""
    told = status_object(body)
    if status == 403:
        if told is None:
            return Unread(Why.DENIED, call, "403, not from the API server")
        if _ANONYMOUS in str(told.get("message", "")):
            return Unread(Why.CREDENTIALS, call, "the API server knows the caller only as system:anonymous")
        return Unread(Why.DENIED, call, "Forbidden")
    if not_served(status, body):
        return Unread(Why.UNSUPPORTED, call, "not served by this API server")
    reason = told.get("reason") if told else None
    detail = f"{status} {reason}" if isinstance(reason, str) and reason else str(status)
    return Unread(_WHY.get(status, Why.UNREACHABLE if status >= 500 else Why.UNEXPECTED), call, detail)


def of_transport(error: Exception, call: str) -> Unread:
    """What it means that no answer came."""
    from urllib3 import exceptions as http

    cause: BaseException | None = error
    for _ in range(_DEPTH):
        match cause:
            case ssl.SSLCertVerificationError():
                return Unread(Why.UNREACHABLE, call, f"its certificate does not hold: {cause.verify_message}")
            case ssl.SSLError():
                return Unread(Why.UNREACHABLE, call, f"TLS failed: {cause.reason}" if cause.reason else "TLS failed")
            case http.ReadTimeoutError():
                return Unread(Why.TIMEOUT, call, "no answer")
            case http.ProxyError():
                return Unread(Why.UNREACHABLE, call, "the proxy does not lead there")
            case http.NameResolutionError() | socket.gaierror():
                return Unread(Why.UNREACHABLE, call, "no such host name")
            case ConnectionRefusedError():
                return Unread(Why.UNREACHABLE, call, "connection refused")
            case http.ConnectTimeoutError() if not isinstance(cause, http.NewConnectionError):
                return Unread(Why.UNREACHABLE, call, "connecting took too long")
        cause = _within(cause) if cause is not None else None
    return Unread(Why.UNREACHABLE, call, type(error).__name__)


def _within(error: BaseException) -> BaseException | None:
    """The error that this one was made of."""
    inner = next((a for a in error.args if isinstance(a, Exception)), None)
    return inner or error.__cause__ or error.__context__
