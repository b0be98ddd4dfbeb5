"""The way to one API server: the client's transport and credentials, our own reading of the answers.

- Answers are parsed here, not into the client's models: those are slow, heavy, and refuse what a newer server adds.
- 429 and 5xx are asked again, after as long as the server says, within a bound of tries and of seconds.
- Each request has a time-out to connect, one between bytes, and one for the whole; each answer a greatest size.
"""

import gc
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from collectors.kubernetes import errors
from collectors.kubernetes.gate import Gate
from collectors.permit import Permit, under
from collectors.source import UnreadError
from evidence_store.records import Json, Unread, Why

CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 10.0, 60.0, 180.0
TRIES = {429: 10}  # as the official clients; of anything else
TRIES_ELSE = 4
WAIT_FIRST, WAIT_MOST, WAIT_TOTAL = 0.2, 10.0, 60.0  # seconds
LARGEST = 256 << 20  # bytes of one answer
CONNECTIONS = 32  # above the number of threads that share the client
_CHUNK = 1 << 18


class ExpiredError(Exception):
    """The continue token is too old (410): the list has to be begun again."""


class NotServedError(Exception):
    """The API server says that it does not serve this group or kind."""


class BrokenOffError(Exception):
    """The answer began and did not end."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: any status, its body whole."""

    status: int
    body: bytes
    retry_after: str | None


class Api:
    """One client. Shared by the threads that read."""

    def __init__(self, configuration: Any, user_agent: str) -> None:
        from kubernetes.client import ApiClient

        configuration.connection_pool_maxsize = CONNECTIONS
        self.client: Any = ApiClient(configuration)
        self.client.user_agent = user_agent
        sending: Any = self.client.rest_client
        sending.pool_manager = Gate(sending.pool_manager, configuration.host)
        self._configuration = configuration
        self._credentials = threading.Lock()  # renewing them changes the configuration

    def close(self) -> None:
        self.client.close()

    def get(
        self, permit: Permit, call: str, path: str, query: Mapping[str, str] | None = None, accept: str = "application/json"
    ) -> tuple[dict[str, Json], int]:
        """One object or page, and its size in bytes.

        Raises `UnreadError`, `ExpiredError`, `NotServedError`, `UndeclaredCallError`.
        """
        url = f"{path}?{urlencode(query)}" if query else path
        answer = self._asked(permit, call, "GET", url, accept)
        return _object(answer, call), len(answer.body)

    def post(self, permit: Permit, call: str, path: str, body: Mapping[str, Json]) -> dict[str, Json]:
        """An object that is reviewed and not kept. Raises as `get`."""
        return _object(self._asked(permit, call, "POST", path, "application/json", orjson.dumps(body)), call)

    def _asked(self, permit: Permit, call: str, method: str, url: str, accept: str, body: bytes | None = None) -> Answer:
        """The first answer that is not to be asked for again, or the last one."""
        from urllib3.exceptions import HTTPError

        waited, tries = 0.0, 0
        while True:
            tries += 1
            answer: Answer | None = None
            try:
                answer = self._once(permit, call, method, url, accept, body)
                if answer.status not in errors.RETRIED:
                    return answer
                unread = errors.of_answer(answer.status, answer.body, call)
            except BrokenOffError:
                unread = Unread(Why.UNEXPECTED, call, "the answer broke off")
            except (HTTPError, OSError) as error:
                unread = errors.of_transport(error, call)
            wait = _wait(answer, tries)
            most = TRIES.get(answer.status, TRIES_ELSE) if answer else TRIES_ELSE
            if tries >= most or waited + wait > WAIT_TOTAL or _is_settled(unread):
                raise UnreadError(unread)
            time.sleep(wait)
            waited += wait

    def _once(self, permit: Permit, call: str, method: str, url: str, accept: str, body: bytes | None) -> Answer:
        import urllib3

        headers = {"Accept": accept, "Accept-Encoding": "gzip", "User-Agent": self.client.user_agent}
        headers |= self._authorization(call)
        options: dict[str, Any] = {}
        if body is not None:
            headers["Content-Type"] = "application/json"
            options["body"] = body
        with under(permit):
            response = self.client.rest_client.pool_manager.request(
                method,
                self._configuration.host.rstrip("/") + url,
                headers=headers,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
                preload_content=False,
                **options,
            )
        return Answer(response.status, _body(response, call), response.headers.get("Retry-After"))

    def _authorization(self, call: str) -> dict[str, str]:
        """The headers that say who asks; a token that has run out is renewed by the client's own means."""
        from kubernetes.config import ConfigException

        with self._credentials:
            try:
                settings = self._configuration.auth_settings()
            except (ConfigException, OSError) as error:  # the program or the file that gives the token
                raise UnreadError(Unread(Why.CREDENTIALS, call, told(error))) from None
        return {s["key"]: s["value"] for s in settings.values() if s["in"] == "header"}


def told(error: Exception) -> str:
    """The first line of what the client, or the system, says of credentials."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return (str(error).strip() or type(error).__name__).splitlines()[0].removeprefix("Invalid kube-config file. ")


def _body(response: Any, call: str) -> bytes:
    """The body, whole. Raises `BrokenOffError`, and `UnreadError` for one that is too large or never ends."""
    from urllib3.exceptions import HTTPError, ReadTimeoutError

    ends = time.monotonic() + WHOLE_SECONDS
    found = bytearray()
    try:
        while chunk := response.read(_CHUNK, decode_content=True):
            found += chunk
            if len(found) > LARGEST:
                raise UnreadError(Unread(Why.UNEXPECTED, call, f"an answer of more than {LARGEST >> 20} MiB"))
            if time.monotonic() > ends:
                raise UnreadError(Unread(Why.TIMEOUT, call, f"no whole answer within {WHOLE_SECONDS:.0f} s"))
    except ReadTimeoutError:
        raise
    except (HTTPError, OSError):
        raise BrokenOffError from None
    else:
        response.release_conn()
        return bytes(found)
    finally:
        if not response.closed:
            response.close()


def _wait(answer: Answer | None, tries: int) -> float:
    """Seconds until the next try: what the server says, else twice as long each time."""
    if answer is not None and answer.retry_after is not None and answer.retry_after.strip().isdecimal():
        return float(answer.retry_after)
    return min(WAIT_FIRST * 2.0 ** (tries - 1), WAIT_MOST)


def _is_settled(unread: Unread) -> bool:
    """Whether asking again would give the same: a certificate or a host name does not change within a minute."""
    lasting = ("its certificate", "TLS", "no such host", "connecting took too long")
    return unread.why is Why.TIMEOUT or unread.detail.startswith(lasting)


def _object(answer: Answer, call: str) -> dict[str, Json]:
    """The JSON object of a good answer. Raises for every other."""
    if answer.status == 410:
        raise ExpiredError
    if answer.status not in (200, 201):
        if errors.not_served(answer.status, answer.body):
            raise NotServedError
        raise UnreadError(errors.of_answer(answer.status, answer.body, call))
    try:
        found = _parsed(answer.body)
    except orjson.JSONDecodeError:
        raise UnreadError(Unread(Why.UNEXPECTED, call, "no JSON")) from None
    if not isinstance(found, dict):
        raise UnreadError(Unread(Why.UNEXPECTED, call, "no JSON object"))
    return found


def _parsed(body: bytes) -> Json:
    """Parse without looking for garbage in between: a page makes half a million objects, and there is none among them.

    It takes two thirds of the time of parsing large pages otherwise.
    """
    looking = gc.isenabled()
    gc.disable()
    try:
        return orjson.loads(body)
    finally:
        if looking:
            gc.enable()
