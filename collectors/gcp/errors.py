"""What the SDK's errors mean: denied, throttled, unreachable, or not an answer that we know.

- The status says most; the details that come with it say which permission, which service, and how long to wait.
- A service that is not enabled where the calls count is no empty answer: nothing was read.
- Messages are not kept: they hold names, and identifiers that change from call to call.
"""

import json
import re
from typing import TYPE_CHECKING, Any

from evidence_store.records import Unread, Why

if TYPE_CHECKING:
    from google.api_core.exceptions import GoogleAPICallError
    from google.auth.exceptions import GoogleAuthError

_STATUS = {
    "PERMISSION_DENIED": Why.DENIED,
    "UNAUTHENTICATED": Why.CREDENTIALS,
    "RESOURCE_EXHAUSTED": Why.THROTTLED,
    "UNAVAILABLE": Why.UNREACHABLE,
    "INTERNAL": Why.UNREACHABLE,
    "ABORTED": Why.UNREACHABLE,
    "CANCELLED": Why.UNREACHABLE,
    "DEADLINE_EXCEEDED": Why.TIMEOUT,
    "UNIMPLEMENTED": Why.UNSUPPORTED,
}
_AGAIN = frozenset({"RESOURCE_EXHAUSTED", "UNAVAILABLE", "INTERNAL", "ABORTED", "DEADLINE_EXCEEDED"})
_WAY = {  # what the transport says of the way, in the order in which it comes to it
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not trusted",
    "ALPN": "it does not speak the protocol",
    "handshake failed": "it does not speak TLS as it should",
    "Connection refused": "nobody listens there",
    "DNS resolution failed": "its name is not known",
    "Domain name not found": "its name is not known",
    "Connection timed out": "it does not answer",
    "No route to host": "there is no way to it",
    "Network is unreachable": "there is no way to it",
    "proxy": "the proxy does not lead there",
}
_SCOPES = "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
_WORD = re.compile(r"\w[\w .,'-]{0,120}")


def status_of(error: "GoogleAPICallError") -> str:
    """The status as the protocol words it: `PERMISSION_DENIED`; `UNKNOWN` where there is none."""
    return str(getattr(error.grpc_status_code, "name", "UNKNOWN"))


def may_pass(error: "GoogleAPICallError") -> bool:
    """Whether the same call may succeed a little later."""
    return status_of(error) in _AGAIN and _unreadable(error) is None


def wait_of(error: "GoogleAPICallError") -> float | None:
    """The seconds that the service asks to wait, where it does."""
    for detail in error.details or ():
        delay = getattr(detail, "retry_delay", None)
        if delay is not None and hasattr(delay, "seconds"):
            return max(0.0, float(delay.seconds) + float(delay.nanos) / 1e9)
    return None


def of_call(error: "GoogleAPICallError", action: str) -> Unread:
    """What the service's refusal means for the action."""
    status = status_of(error)
    why = _STATUS.get(status, Why.UNEXPECTED)
    if unreadable := _unreadable(error):
        return Unread(Why.UNEXPECTED, action, unreadable)
    reason, named = _reason(error)
    if "requires a quota project" in str(
        error.message
    ):  # the service blames a project of its own tools, which nobody can change
        return Unread(why, action, "a person's credentials need a project that the calls count against: set quota_project")
    if reason == "SERVICE_DISABLED":
        service, project = named.get("service", "cloudasset.googleapis.com"), named.get("consumer", "the quota project")
        return Unread(why, action, f"{service} is not enabled in {project}: enable it there")
    if reason == "USER_PROJECT_DENIED":
        return Unread(why, "serviceusage.services.use", f"on {named.get('consumer', 'the quota project')}")
    if reason == _SCOPES:
        return Unread(Why.CREDENTIALS, action, "a token without the scope cloud-platform")
    if why is Why.DENIED and _perimeter(error):
        return Unread(why, action, "by a perimeter of VPC Service Controls")
    if why is Why.UNREACHABLE:
        return Unread(why, action, next((words for said, words in _WAY.items() if said in str(error.message)), status))
    if reason == "IAM_PERMISSION_DENIED":
        return Unread(why, named.get("permission", action), reason)
    return Unread(why, action, f"{status}, {reason}" if reason else status)


def of_auth(error: "GoogleAuthError", action: str) -> Unread:
    """What it means that no token was to be had."""
    from google.auth.exceptions import DefaultCredentialsError, TransportError

    if isinstance(error, TransportError):
        return Unread(Why.UNREACHABLE, action, "the token endpoint")
    if isinstance(error, DefaultCredentialsError):
        return Unread(Why.CREDENTIALS, action, "none were found, or their file cannot be used")
    status, told = _told(error)
    if status == "PERMISSION_DENIED":
        return Unread(Why.DENIED, action, told)
    return Unread(Why.CREDENTIALS, action, told or type(error).__name__)


def _told(error: "GoogleAuthError") -> tuple[str, str]:
    """Status and words of a refusal by the token endpoint, or by the service that lets one account act as another."""
    for argument in error.args:
        body = argument
        if isinstance(body, str):
            try:
                body = json.loads(body)
            except ValueError:
                continue
        if not isinstance(body, dict):
            continue
        inner = body.get("error")
        if isinstance(inner, dict):
            return str(inner.get("status", "")), _plain(inner.get("status", ""))
        return "", _plain(inner)
    return "", ""


def _plain(text: Any) -> str:
    """A short code or nothing: never a body, which may hold a token."""
    return text if isinstance(text, str) and _WORD.fullmatch(text) else ""


def _reason(error: "GoogleAPICallError") -> tuple[str, dict[str, str]]:
    return error.reason or "", dict(error.metadata or {})


def _unreadable(error: "GoogleAPICallError") -> str | None:
    """What our own end says in the service's place, of an answer that it could not take."""
    if "larger than max" in str(error.message):
        return "an answer that is larger than can be received"
    return "an answer that cannot be read" if "deserializing response" in str(error.message) else None


def _perimeter(error: "GoogleAPICallError") -> bool:
    if "vpcServiceControlsUniqueIdentifier" in str(error.message):
        return True
    violations = (v for detail in error.details or () for v in getattr(detail, "violations", ()))
    return any(getattr(v, "type", "") == "VPC_SERVICE_CONTROLS" for v in violations)
