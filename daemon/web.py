"""The endpoints that a monitor asks: `/healthz`, `/readyz`, `/metrics`. They are read, and nothing else.

- Loopback by default. Where a token is given, everything but `/healthz` asks for it.
- A slow or silent client is dropped; more than a few at once are turned away. An answer tells no internals.
- What reads the store is asked once at a time, and whoever waits too long for that is told so: a store that does not
  answer must not keep `/healthz` from answering.
"""

import hmac
import json
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any

from daemon.logs import bug

_AT_ONCE = 16
_SILENCE, _LONGEST, _PATIENCE, _POLL = 5, 15, 3, 0.1  # seconds
OPEN = "/healthz"


class ListenError(Exception):
    """The address cannot be listened on; one sentence."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a page says."""

    status: int
    type: str
    body: bytes


Page = Callable[[], Answer]


def told(status: int, content: Mapping[str, Any]) -> Answer:
    """An answer in JSON."""
    return Answer(status, "application/json", json.dumps(content).encode() + b"\n")


class Endpoints:
    """The server and its threads."""

    def __init__(self, host: str, port: int, pages: Mapping[str, Page], token: str | None) -> None:
        """Listen. Raises `ListenError`."""
        handler = type("Handler", (_Handler,), {"pages": {p: _alone(p, page) for p, page in pages.items()}, "token": token})
        server = _Server6 if ":" in host else _Server
        try:
            self._server = server((host, port), handler)
        except OSError as error:
            raise ListenError(
                f"{host}:{port} cannot be listened on: {error.strerror}; set listen in [daemon] to another address or to ''"
            ) from None
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL,), name="web", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingTCPServer):
    allow_reuse_address = True  # of connections that are over; a port that is in use stays so
    daemon_threads = True
    block_on_close = False
    request_queue_size = _AT_ONCE

    def __init__(self, *arguments: Any) -> None:
        self._room = threading.BoundedSemaphore(_AT_ONCE)
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread could be started
            self._room.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        # Silence is noticed at each read; this is for who sends a byte now and then.
        late = threading.Timer(_LONGEST, self._cut, (request,))
        late.daemon = True
        late.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            late.cancel()
            self._room.release()

    @staticmethod
    def _cut(request: Any) -> None:
        with suppress(OSError):
            request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the interface's arguments
        """A client that went away is no event; anything else should not happen."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            bug(error)


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(BaseHTTPRequestHandler):
    pages: Mapping[str, Page]
    token: str | None
    timeout = _SILENCE
    server_version, sys_version = "annexa", ""
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        page = self.pages.get(path)
        if page is None:
            self._send(told(404, {"error": "no such page", "pages": sorted(self.pages)}))
        elif not (path == OPEN or self._trusted()):
            self._send(told(401, {"error": "send the token: Authorization: Bearer ..."}), {"WWW-Authenticate": "Bearer"})
        else:
            self._send(_asked(page))

    do_HEAD = do_GET  # noqa: N815 - the interface's name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._refused
        raise AttributeError(name)

    def _refused(self) -> None:
        self._send(told(405, {"error": "only GET and HEAD"}), {"Allow": "GET, HEAD"})

    def _trusted(self) -> bool:
        if self.token is None:
            return True
        scheme, _, given = (self.headers.get("Authorization") or "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self.token.encode())

    def _send(self, answer: Answer, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(answer.status)
        fixed = {"Content-Type": answer.type, "Content-Length": str(len(answer.body)), "Cache-Control": "no-store"}
        for name, value in {**fixed, "X-Content-Type-Options": "nosniff", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the library finds wrong with a request: its words quote the request, ours do not."""
        del message, explain
        self.close_connection = True
        self.command = getattr(self, "command", None) or "GET"
        self.request_version = self.protocol_version  # for 0.9, which it takes nonsense for, no headers would be sent
        self._send(told(code, {"error": HTTPStatus(code).phrase}))

    def log_message(self, *_: Any) -> None:
        """Requests are no events."""


def _asked(page: Page) -> Answer:
    try:
        return page()
    except Exception as error:  # noqa: BLE001 - the edge: whoever asks gets no stack trace
        bug(error)
        return told(500, {"error": "the daemon failed to answer"})


def _alone(path: str, page: Page) -> Page:
    """A page that is asked once at a time."""
    if path == OPEN:
        return page
    asked = threading.Lock()

    def alone() -> Answer:
        if not asked.acquire(timeout=_PATIENCE):
            return told(503, {"error": "the one who asked before still waits for the store"})
        try:
            return page()
        finally:
            asked.release()

    return alone
