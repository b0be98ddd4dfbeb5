"""What the SDK's errors mean: denied, throttled, no credentials, unreachable, unsupported, or of unknown shape.

An error's code decides; its message is kept only where it names the policy that denied, since messages carry request
ids and session names that change from call to call.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from evidence_store.records import Unread, Why

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

_CODES = {
    Why.DENIED: (
        "AccessDenied AccessDeniedException AllAccessDisabled AuthorizationError AuthorizationErrorException"
        " Client.UnauthorizedOperation Forbidden ForbiddenException InsufficientPrivilegesException NotAuthorized"
        " NotAuthorizedException UnauthorizedException UnauthorizedAccess UnauthorizedOperation 401 403"
    ),
    Why.THROTTLED: (
        "BandwidthLimitExceeded EC2ThrottledException LimitExceededException PriorRequestNotComplete"
        " ProvisionedThroughputExceededException RequestLimitExceeded RequestThrottled RequestThrottledException"
        " SlowDown ThrottledException Throttling ThrottlingException TooManyRequests TooManyRequestsException"
        " TransactionInProgressException 429"
    ),
    Why.CREDENTIALS: (
        "AuthFailure ExpiredToken ExpiredTokenException IncompleteSignature InvalidAccessKeyId InvalidClientTokenId"
        " InvalidSecurity InvalidSignatureException InvalidToken MissingAuthenticationToken"
        " MissingAuthenticationTokenException RequestExpired RequestTimeTooSkewed SignatureDoesNotMatch"
        " TokenRefreshRequired UnrecognizedClientException"
    ),
    Why.UNREACHABLE: (
        "InternalError InternalFailure InternalServerError InternalServerException InternalServiceError"
        " InternalServiceException RequestTimeout RequestTimeoutException ServerException ServiceException"
        " ServiceFailure ServiceUnavailable ServiceUnavailableException Unavailable 500 502 503 504"
    ),
    Why.UNSUPPORTED: (
        "APINotSupportedException InvalidAction MethodNotAllowed NotImplemented OptInRequired"
        " SubscriptionRequiredException UnknownOperationException UnsupportedOperation UnsupportedOperationException"
        " UnsupportedRegionException 404 405 501"
    ),
}
_WHY = {code: why for why, codes in _CODES.items() for code in codes.split()}
_DENIED_BY = re.compile(r"(?:explicit deny in an?|because no) ([a-z -]+?policy)(?: allows)?", re.IGNORECASE)


def code_of(error: "ClientError") -> str:
    """The service's own code, or the HTTP status where the answer carried none."""
    found = error.response.get("Error", {}).get("Code") or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return str(found)


def means(error: "ClientError", codes: Iterable[str]) -> bool:
    """Whether the error is one of these: a code, or `Code: words of its message` where the code alone says too little."""
    code, message = code_of(error), str(error.response.get("Error", {}).get("Message", ""))
    for wanted in codes:
        name, _, words = wanted.partition(": ")
        if name == code and words.lower() in message.lower():
            return True
    return False


def of_client(error: "ClientError", action: str) -> Unread:
    """What the service's refusal means for the action."""
    code = code_of(error)
    why = _WHY.get(code, Why.UNEXPECTED)
    detail = code
    if why is Why.DENIED:
        found = _DENIED_BY.search(str(error.response.get("Error", {}).get("Message", "")))
        if found:
            detail = f"{code}, {found[0].removeprefix('because ')}"
    return Unread(why, action, detail)


def of_sdk(error: "BotoCoreError | ResponseParserError", action: str) -> Unread:
    """What it means that the SDK could not ask, or could not read the answer."""
    from botocore import exceptions as sdk

    name = type(error).__name__
    credentials = (
        sdk.NoCredentialsError,
        sdk.PartialCredentialsError,
        sdk.CredentialRetrievalError,
        sdk.ProfileNotFound,
        sdk.SSOError,
        sdk.TokenRetrievalError,
        sdk.InvalidConfigError,
        sdk.ConfigNotFound,
        sdk.ConfigParseError,
        sdk.MetadataRetrievalError,
        sdk.LoginError,
    )
    unreachable = (sdk.HTTPClientError, sdk.ConnectionError, sdk.IncompleteReadError)
    if isinstance(error, credentials):
        return Unread(Why.CREDENTIALS, action, name)
    if isinstance(error, unreachable):
        return Unread(Why.UNREACHABLE, action, name)
    return Unread(Why.UNEXPECTED, action, name)
