"""One gate for all threads of a connection: while the service has told one of them to wait, none asks.

- A refusal with `Retry-After` closes the gate for that long; without one, for longer each time, up to half a minute.
- Resource Graph says how many queries are left: when it says none, queries wait until it says that there are more.
- Waiting has a bound for each request, in number and in seconds. Beyond it the request is given up, as throttled.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineRequest, PipelineResponse

AGAIN = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Pace:
    """How often, and for how long in all, one request is tried."""

    attempts: int = 6
    seconds: float = 600.0  # that one request may wait in all: some providers count reads in windows of five minutes
    first: float = 0.5  # seconds of a first wait that nobody asked for; each one after it is twice as long
    longest: float = 30.0
    connecting: float = 10.0  # seconds that a connection may take
    answering: float = 60.0  # seconds without a byte of an answer

    def wait(self, attempt: int) -> float:
        return float(min(self.longest, self.first * 2 ** (attempt - 1)))


class GateShutError(Exception):
    """The service asked for a longer wait than a request has patience for."""


class Gate:
    """Until when nobody asks. Shared by the threads of a connection."""

    def __init__(self) -> None:
        self._until = 0.0
        self._queries_until = 0.0
        self._lock = threading.Lock()

    def close(self, seconds: float) -> None:
        with self._lock:
            self._until = max(self._until, time.monotonic() + seconds)

    def close_queries(self, seconds: float) -> None:
        with self._lock:
            self._queries_until = max(self._queries_until, time.monotonic() + seconds)

    def rest(self, *, query: bool) -> float:
        """Seconds until the gate opens; none or fewer where it is open."""
        return max(self._until, self._queries_until if query else 0.0) - time.monotonic()


class Patience:
    """A policy of the SDK's pipeline: waits at the gate, sends, and sends again what the service could not answer now."""

    next: Any  # the policy after this one; the pipeline sets it

    def __init__(self, gate: Gate, pace: Pace) -> None:
        self._gate = gate
        self._pace = pace

    def send(self, request: "PipelineRequest[Any]") -> "PipelineResponse[Any, Any]":
        from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError, ServiceResponseError

        query = request.http_request.method == "POST"
        pace = self._pace
        deadline = time.monotonic() + pace.seconds
        for attempt in range(1, pace.attempts + 1):
            self._wait(query=query, deadline=deadline)
            try:
                response: PipelineResponse[Any, Any] = self.next.send(request)
            except ClientAuthenticationError:
                raise
            except (ServiceRequestError, ServiceResponseError):
                if attempt > pace.attempts // 2 or time.monotonic() > deadline:
                    raise
                time.sleep(pace.wait(attempt))
                continue
            status, headers = response.http_response.status_code, response.http_response.headers
            self._heed_quota(headers)
            if status not in AGAIN:
                return response
            alone = self._heed_refusal(status, headers, attempt)
            if attempt == pace.attempts or time.monotonic() + alone > deadline:
                return response
            time.sleep(alone)
        raise AssertionError("the last attempt returns or raises")

    def _heed_refusal(self, status: int, headers: Mapping[str, str], attempt: int) -> float:
        """Close the gate where the service asks for that; else the seconds that this request waits alone."""
        told = retry_after(headers)
        wait = told if told is not None else self._pace.wait(attempt)
        if status != 429 and told is None:
            return wait
        self._gate.close(wait)
        return 0.0

    def _wait(self, *, query: bool, deadline: float) -> None:
        while (rest := self._gate.rest(query=query)) > 0:
            if time.monotonic() + rest > deadline:
                raise GateShutError
            time.sleep(rest)

    def _heed_quota(self, headers: Mapping[str, str]) -> None:
        if headers.get("x-ms-user-quota-remaining") == "0":
            self._gate.close_queries(min(_span(headers.get("x-ms-user-quota-resets-after", "")), self._pace.seconds))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the service asks to wait: a number, a date, or milliseconds in a header of their own."""
    for name, unit in (("retry-after-ms", 1000.0), ("x-ms-retry-after-ms", 1000.0), ("Retry-After", 1.0)):
        told = headers.get(name)
        if not told:
            continue
        try:
            return max(0.0, float(told) / unit)
        except ValueError:
            pass
        try:
            return max(0.0, (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds())
        except (TypeError, ValueError):
            continue
    return None


def _span(text: str) -> float:
    """`hh:mm:ss` in seconds; a second where it is something else."""
    try:
        hours, minutes, seconds = (float(part) for part in text.split(":"))
    except ValueError:
        return 1.0
    return hours * 3600 + minutes * 60 + seconds
