"""Where tokens come from: the token endpoint, the service that lets one account act as another, and a proxy that leads there.

All on one TLS port of the loopback, but for the proxy: it takes `CONNECT` for the names that it knows, and refuses the rest, so
that nothing a test starts can leave the machine.
"""

import base64
import http.server
import json
import socket
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.certificates import Certificates


@dataclass(slots=True)
class Issuer:
    """What tokens were given, to whom, and what is refused."""

    tokens: dict[str, str] = field(default_factory=dict)  # token -> who it speaks for
    refused: str = ""  # the error that the token endpoint answers with
    denied: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    body: bytes | None = None  # instead of an answer
    seconds: int = 3600  # that a token lasts

    def issue(self, principal: str) -> str:
        token = f"token-{len(self.tokens)}-{principal}"
        self.tokens[token] = principal
        return token

    def token(self, form: str) -> tuple[int, dict[str, Any]]:
        """An answer of the token endpoint to a signed claim, or to a refresh token."""
        if self.refused:
            return 400, {"error": self.refused, "error_description": "the claim was refused"}
        fields = dict(urllib.parse.parse_qsl(form))
        if "assertion" in fields:
            principal = json.loads(_unpadded(fields["assertion"].split(".")[1]))["iss"]
        else:  # a user's refresh token, or one that another identity provider gave to a workload
            principal = fields.get("refresh_token") or fields["subject_token"]
        self.asked.append(f"token for {principal}")
        kind = "urn:ietf:params:oauth:token-type:access_token"
        token = {"access_token": self.issue(principal), "expires_in": self.seconds, "token_type": "Bearer"}
        return 200, {**token, "issued_token_type": kind}

    def impersonated(self, path: str, bearer: str) -> tuple[int, dict[str, Any]]:
        """An answer of the service that lets the bearer act as an account."""
        account = path.rpartition("/")[2].removesuffix(":generateAccessToken")
        who = self.tokens.get(bearer)
        self.asked.append(f"{who} as {account}")
        if who is None:
            return 401, _status(401, "UNAUTHENTICATED")
        if "iam.serviceAccounts.getAccessToken" in self.denied:
            return 403, _status(403, "PERMISSION_DENIED")
        return 200, {"accessToken": self.issue(account), "expireTime": "2049-01-01T00:00:00Z"}


def _status(code: int, status: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": "Permission 'x' denied on resource", "status": status}}


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class TokenServer:
    """The TLS server, and the proxy beside it."""

    def __init__(self, certificates: Certificates, issuer: Issuer) -> None:
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(issuer))
        self._server.socket = certificates.context().wrap_socket(self._server.socket, server_side=True)
        self.port = int(self._server.server_address[1])
        self._proxy = Proxy()
        self.proxy = self._proxy.port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def uri(self) -> str:
        return f"https://localhost:{self.port}/token"

    def lead(self, host: str, port: int) -> None:
        """Lead a name of the world to a port of the loopback."""
        self._proxy.routes[host] = port

    @property
    def strayed(self) -> list[str]:
        """Whatever was asked for that stands elsewhere."""
        return self._proxy.strayed

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._proxy.stop()


def _handler(issuer: Issuer) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            if self.path == "/token":
                code, answer = issuer.token(form)
            else:
                code, answer = issuer.impersonated(self.path, self.headers.get("Authorization", "").removeprefix("Bearer "))
            body = json.dumps(answer).encode() if issuer.body is None else issuer.body
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


class Proxy:
    """Takes `CONNECT` for known names and leads them to the loopback."""

    def __init__(self) -> None:
        self.routes: dict[str, int] = {}
        self.strayed: list[str] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                taken, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._lead, args=(taken,), daemon=True).start()

    def _lead(self, taken: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head and (more := taken.recv(4096)):
            head += more
        target = head.split(b" ", 2)[1].decode() if head.startswith(b"CONNECT ") else ""
        port = self.routes.get(target.rpartition(":")[0])
        if port is None:
            self.strayed.append(target)
            taken.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            taken.close()
            return
        onward = socket.create_connection(("127.0.0.1", port))
        taken.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        for source, sink in ((taken, onward), (onward, taken)):
            threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    forward: Callable[[bytes], None] = sink.sendall
    try:
        while data := source.recv(65536):
            forward(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


MACHINE = "machine@tools.iam.gserviceaccount.com"


@contextmanager
def metadata_server(issuer: Issuer) -> Iterator[str]:
    """What a machine asks about itself, as `host:port`. It speaks plain HTTP, as the one of a machine does."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            path = self.path.partition("?")[0].removeprefix("/computeMetadata/v1/").strip("/")
            account: dict[str, Any] = {"email": MACHINE, "aliases": ["default"], "scopes": ["cloud-platform"]}
            known: dict[str, Any] = {"": "", "project/project-id": "tools", "universe/universe-domain": "googleapis.com"}
            known |= {f"instance/service-accounts/{name}": account for name in ("default", MACHINE)}
            answer = known.get(path)
            if path.endswith("/token"):
                answer = {"access_token": issuer.issue(MACHINE), "expires_in": 3600, "token_type": "Bearer"}
            body = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
            self.send_response(404 if answer is None else 200)
            self.send_header("Metadata-Flavor", "Google")
            self.send_header("Content-Type", "application/text" if isinstance(answer, str) else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
