"""Who asks: application-default credentials, or a service account that they act as.

- The token is renewed here, before a call and never within it, so that a refusal of the token endpoint is not mistaken
  for a refusal of the call.
- Nothing but a token is asked for, and nothing but the token and the quota project is put on a call: what else the SDK
  would look up at other services, in the background too, is not asked.
"""

import logging
import threading
import warnings
from typing import Any
from urllib.parse import urlsplit

from collectors.gcp import errors
from collectors.source import UnreadError
from evidence_store.records import Unread, Why

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
ACTION = "application-default credentials"
IMPERSONATE = "iam.serviceAccounts.getAccessToken"
SECONDS = 30  # for an answer of the token endpoint; the SDK asks it up to three times


class Credentials:
    """One identity and its token, shared by threads."""

    def __init__(self, impersonate: str | None, quota_project: str | None) -> None:
        """Find the credentials of the environment. Raises `UnreadError`."""
        import google.auth
        from google.auth import impersonated_credentials
        from google.auth.exceptions import GoogleAuthError

        quiet()
        self._lock = threading.Lock()
        self._request = _request()
        try:
            with warnings.catch_warnings():  # a person without a quota project: the refusal tells it, and what to do
                warnings.simplefilter("ignore", UserWarning)
                found, project = google.auth.default(scopes=[SCOPE], quota_project_id=quota_project, request=self._request)
            if impersonate is not None:
                quota = quota_project or getattr(found, "quota_project_id", None)
                found = impersonated_credentials.Credentials(  # type: ignore[no-untyped-call]  # the SDK types a part of itself
                    found, impersonate, [SCOPE], quota_project_id=quota
                )
        except GoogleAuthError as error:
            raise UnreadError(errors.of_auth(error, ACTION)) from None
        except (ValueError, KeyError, TypeError, AttributeError):  # what the SDK makes of a file that holds something else
            raise UnreadError(Unread(Why.CREDENTIALS, ACTION, "a credentials file that cannot be read")) from None
        self._sdk: Any = found  # the SDK types a part of itself
        self.project: str | None = project  # the one that the environment or the credentials name, where they do
        self._impersonated = impersonate is not None or isinstance(found, impersonated_credentials.Credentials)

    @property
    def universe(self) -> str:
        """The domain under which the provider's services stand; another one in a sovereign cloud. Raises `UnreadError`.

        A machine's own account asks the machine for it.
        """
        from google.auth.exceptions import GoogleAuthError

        try:
            return str(getattr(self._sdk, "universe_domain", None) or "googleapis.com")
        except GoogleAuthError as error:
            raise UnreadError(errors.of_auth(error, ACTION)) from None

    @property
    def principal(self) -> str:
        """The e-mail of who asks, where the credentials tell."""
        for name in ("service_account_email", "account", "signer_email"):
            found = getattr(self._sdk, name, None)
            if isinstance(found, str) and found and found != "default":
                return found
        return type(self._sdk).__module__.rpartition(".")[2]

    def close(self) -> None:
        self._request.session.close()

    def headers(self) -> list[tuple[str, str]]:
        """What a call carries to say who asks, with a token that holds for a while yet. Raises `UnreadError`."""
        from google.auth.exceptions import GoogleAuthError

        action = IMPERSONATE if self._impersonated else ACTION
        with self._lock:
            try:
                if not self._sdk.valid:
                    self._sdk.refresh(self._request)
            except GoogleAuthError as error:
                raise UnreadError(errors.of_auth(error, action)) from None
            except (ValueError, KeyError, TypeError, AttributeError):
                raise UnreadError(Unread(Why.CREDENTIALS, action, "an answer without a token")) from None
            carried: dict[str, str] = {}
            self._sdk.apply(carried)
        kept = ("authorization", "x-goog-user-project")
        return [(name.lower(), value) for name, value in carried.items() if name.lower() in kept]


def quiet() -> None:
    """Take the SDK's debug logs away, whoever asked for them: they hold whole answers, start-up scripts and tokens included."""
    level = max(logging.WARNING, logging.root.level)
    for name in ("google", *logging.root.manager.loggerDict):
        if name == "google" or name.startswith("google."):
            logging.getLogger(name).setLevel(level)


def _request() -> Any:
    """A way to ask for tokens that never waits long, and asks for nothing else.

    The SDK would ask further services what project a workload belongs to, and where its account may be used from: those
    questions are answered with nothing here, before they leave.
    """
    from google.auth.transport import Response
    from google.auth.transport.requests import Request

    class Nothing(Response):  # type: ignore[misc,unused-ignore]  # typed in some versions of the SDK only
        status, headers, data = 404, dict[str, str](), b"{}"

    class Impatient(Request):  # type: ignore[misc,unused-ignore]  # as above
        def __call__(
            self, url: str, method: str = "GET", body: Any = None, headers: Any = None, timeout: Any = None, **more: Any
        ) -> Any:
            if method == "GET" and (urlsplit(url).hostname or "").endswith(".googleapis.com"):
                return Nothing()
            within = min(timeout or SECONDS, SECONDS)
            return super().__call__(url, method, body, headers, within, **more)  # type: ignore[no-untyped-call]  # as above

    return Impatient()
