"""The one place where requests leave: nothing passes but what the permit in force names.

The gate stands in the client's own connection pool, so that it also holds what is asked through the client directly.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qs, urlsplit

from collectors.source import UndeclaredCallError


class Permit:
    """What the running read may ask for, as methods and paths, and how many requests it has sent."""

    __slots__ = ("_lock", "allowed", "reader", "sent")

    def __init__(self, reader: str, allowed: frozenset[tuple[str, str]]) -> None:
        self.reader = reader
        self.allowed = allowed
        self.sent = 0
        self._lock = threading.Lock()

    def count(self) -> None:
        with self._lock:
            self.sent += 1


_in_force: ContextVar[Permit | None] = ContextVar("annexa_kubernetes_permit", default=None)


@contextmanager
def under(permit: Permit) -> Iterator[None]:
    """Let this thread ask for what the permit allows, for as long as the block runs."""
    token = _in_force.set(permit)
    try:
        yield
    finally:
        _in_force.reset(token)


class Gate:
    """Takes the place of the client's pool manager."""

    def __init__(self, pool: Any, host: str) -> None:
        self._pool = pool
        self._host = host.rstrip("/")

    def request(self, method: str, url: str, **options: Any) -> Any:
        """Send one request, once. Raises `UndeclaredCallError` before anything leaves."""
        permit = _in_force.get()
        here = url.startswith(f"{self._host}/")
        path = urlsplit(url.removeprefix(self._host) if here else url).path
        declared = here and permit is not None and (method, path) in permit.allowed
        asked = {**parse_qs(urlsplit(url).query, keep_blank_values=True), **dict(options.get("fields") or ())}
        if permit is None or not declared or "watch" in asked:  # a watch is another verb on the same path
            who = permit.reader if permit else "a read without a permit"
            raise UndeclaredCallError(f"{who} did not declare {method} {path}")
        permit.count()
        # Retries are counted and bounded by who asks; a redirect would carry the credentials elsewhere.
        return self._pool.request(method, url, **{**options, "retries": False, "redirect": False})

    def clear(self) -> None:
        self._pool.clear()
