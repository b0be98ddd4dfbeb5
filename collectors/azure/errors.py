"""What an answer that is no answer means: denied, throttled, no credentials, not enabled, unreachable, or of unknown shape.

An error's code decides, and the status where it carries none. Its message is kept only where it names the action that
was denied, since messages carry ids that change from call to call.
"""

import gc
import json
import re
from typing import Any

import orjson

from collectors.source import NotEnabledError, UnreadError
from evidence_store.records import Unread, Why

_NOT_ENABLED = frozenset({"MissingSubscriptionRegistration", "SubscriptionNotRegistered", "Subscription Not Registered"})
_CODES = {
    Why.DENIED: (
        "AuthorizationFailed AuthorizationFailure Forbidden LinkedAuthorizationFailed LinkedAccessCheckFailed AccessDenied"
        " RequestDisallowedByPolicy SubscriptionNotFound InvalidSubscriptionId"
    ),
    Why.THROTTLED: (
        "TooManyRequests RateLimiting RateLimitExceeded SubscriptionRequestsThrottled OperationNotAllowedDueToThrottling"
    ),
    Why.CREDENTIALS: (
        "InvalidAuthenticationToken ExpiredAuthenticationToken AuthenticationFailed InvalidAuthenticationTokenTenant"
        " InvalidAuthenticationTokenAudience AuthenticationFailedMissingToken"
    ),
    Why.UNREACHABLE: "InternalServerError ServerTimeout ServiceUnavailable GatewayTimeout BadGateway ServerBusy Timeout",
    Why.UNSUPPORTED: (
        "InvalidApiVersionParameter NoRegisteredProviderFound InvalidResourceType InvalidResourceNamespace"
        " FeatureNotSupportedForAccount UnsupportedApiVersion FeatureNotSupported"
    ),
    Why.VANISHED: "ResourceNotFound ResourceGroupNotFound ParentResourceNotFound ServerNotFound",
}
_WHY = {code: why for why, codes in _CODES.items() for code in codes.split()}
_STATUS = {
    401: Why.CREDENTIALS,
    403: Why.DENIED,
    404: Why.VANISHED,
    405: Why.UNSUPPORTED,
    408: Why.UNREACHABLE,
    410: Why.VANISHED,
    429: Why.THROTTLED,
    501: Why.UNSUPPORTED,
}
_NONE = "none in the environment, of a workload's or a managed identity, or of the Azure CLI"
_ACTION = re.compile(r"perform action '([\w.]+/[\w./*-]+)'")
_CODE = re.compile(r"[\w .-]{1,80}")


def document(body: bytes, action: str) -> dict[str, Any]:
    """An answer's JSON object. Raises `UnreadError` for a page of HTML, half an answer, or none."""
    try:
        answer = _parsed(body)
    except ValueError:
        raise UnreadError(Unread(Why.UNEXPECTED, action, "no whole answer")) from None
    if not isinstance(answer, dict):
        raise UnreadError(Unread(Why.UNEXPECTED, action, "no whole answer"))
    return answer


def _parsed(body: bytes) -> Any:
    """Parse without looking for garbage in between: a page makes a hundred thousand objects, and there is none among them.

    What the fast parser refuses the other one may take: half a character in a name that was cut spoils one row, not its page.
    """
    looking = gc.isenabled()
    gc.disable()
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return json.loads(body)
    finally:
        if looking:
            gc.enable()


def code_of(status: int, body: bytes) -> tuple[str, str]:
    """The service's own code and message; the status, and nothing, where the answer carries none."""
    try:
        error = json.loads(body)["error"]
        code, message = error["code"], str(error.get("message") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return str(status), ""
    return (code, message) if isinstance(code, str) and _CODE.fullmatch(code) else (str(status), message)


def refused(status: int, body: bytes, action: str) -> UnreadError | NotEnabledError:
    """What the service's refusal means for the action."""
    code, message = code_of(status, body)
    if code in _NOT_ENABLED:
        return NotEnabledError(f"{action}: {code}")
    why = _WHY.get(code) or _STATUS.get(status) or (Why.UNREACHABLE if status >= 500 else Why.UNEXPECTED)
    if why is Why.DENIED and (named := _ACTION.search(message)) and named[1].lower() != action.lower():
        action = named[1]
    return UnreadError(Unread(why, action, code))


def of_sdk(error: Exception, action: str) -> Unread:
    """What it means that the SDK could not ask, or could not read the answer."""
    from azure.core import exceptions as sdk

    name = type(error).__name__
    if isinstance(error, sdk.ClientAuthenticationError):  # of the identity library too: no credential was to be had
        return Unread(
            Why.CREDENTIALS, action, _directory_code(error) or (_NONE if "DefaultAzureCredential" in str(error) else name)
        )
    if isinstance(error, sdk.ServiceRequestError | sdk.ServiceResponseError | OSError):  # a file of authorities that is none
        return Unread(Why.UNREACHABLE, action, name)
    return Unread(Why.UNEXPECTED, action, name)


def _directory_code(error: Exception) -> str:
    """The directory's code in a refusal to sign in: AADSTS7000215 is a wrong secret, AADSTS700027 a wrong certificate."""
    found = re.search(r"AADSTS\d+", str(error))
    return found[0] if found else ""
