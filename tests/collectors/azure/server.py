"""Resource Manager, Resource Graph and the directory's sign-in on a loopback port, for tests and for trying by hand.

    python -m tests.collectors.azure.server --port 8443 [--resources 1000]

prints the environment and the configuration that lead the scanner to it, and serves a small scene until interrupted.
"""

import argparse
import base64
import json
import signal
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.certificates import make
from tests.collectors.azure.cloud import CALLER, CLIENT, SECRET, TENANT, Call, Cloud
from tests.collectors.azure.service import Answer, Service

# What in the environment of whoever runs this would lead a scan elsewhere.
CLEARED = (
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_USERNAME",
    "AZURE_PASSWORD",
    "HTTPS_PROXY",
    "https_proxy",
    "IDENTITY_ENDPOINT",
    "MSI_ENDPOINT",
)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Listening"

    def do_GET(self) -> None:
        self._serve("GET", None)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self._serve("POST", self.rfile.read(length))

    def do_PUT(self) -> None:
        self.do_POST()

    def _serve(self, method: str, body: bytes | None) -> None:
        path = urlsplit(self.path).path
        cloud = self.server.cloud
        if path.endswith("/oauth2/v2.0/token"):
            answer = _token(cloud, parse_qs((body or b"").decode()))
        elif path.endswith("/.well-known/openid-configuration"):
            answer = Answer(200, _directory(cloud, path.split("/")[1]))
        elif path == "/requests":  # how many there were, for whoever measures
            answer = Answer(200, {"requests": len(cloud.calls)})
        elif not (self.headers.get("Authorization") or "").startswith("Bearer "):
            answer = Answer(401, {"error": {"code": "AuthenticationFailed", "message": "No token."}})
        else:
            answer = self.server.service.answer(method, self.path, json.loads(body) if body else None)
        told = answer.raw if answer.raw is not None else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        headers = {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(told)), **answer.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's own name
        """Say nothing."""


class _Listening(ThreadingHTTPServer):
    daemon_threads = True
    cloud: Cloud
    service: Service

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up before it is answered is no fault of the server's."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _directory(cloud: Cloud, tenant: str) -> dict[str, str]:
    base = f"{cloud.endpoint}/{tenant}"
    return {
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "issuer": f"{base}/v2.0",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
    }


def _token(cloud: Cloud, form: dict[str, list[str]]) -> Answer:
    """Client credentials, by a secret or by the assertion of a workload's own identity."""
    cloud.calls.append(Call(time.monotonic(), "token", "", sorted(form), 200))
    known = form.get("client_secret") == [SECRET] or set(form.get("client_assertion", ())) & cloud.assertions
    if not known or form.get("client_id") != [CLIENT]:
        return Answer(401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."})
    return Answer(200, token_for(cloud))


def token_for(cloud: Cloud) -> dict[str, Any]:
    """A token that carries who asks, signed by nobody."""
    claims = {"tid": cloud.tenant_token, "oid": CALLER, "appid": CLIENT, "aud": cloud.endpoint}
    parts = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in ({"alg": "none"}, claims)]
    return {"token_type": "Bearer", "expires_in": 3599, "access_token": ".".join([*parts, "c2lnbmVk"])}


class Server:
    """The server and its cloud."""

    def __init__(self, directory: Path, port: int = 0) -> None:
        self.cloud = Cloud()
        self.certificates = make(directory)
        self._http = _Listening(("127.0.0.1", port), _Handler)
        self._http.cloud = self.cloud
        self._http.service = Service(self.cloud)
        self._http.socket = self.certificates.context().wrap_socket(self._http.socket, server_side=True)
        self.cloud.endpoint = f"https://localhost:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def environment(self) -> dict[str, str]:
        """What leads the SDK's own chain here."""
        return {
            "AZURE_TENANT_ID": TENANT,
            "AZURE_CLIENT_ID": CLIENT,
            "AZURE_CLIENT_SECRET": SECRET,
            "AZURE_AUTHORITY_HOST": self.cloud.endpoint,
            "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
            "REQUESTS_CA_BUNDLE": str(self.certificates.authority),
            "NO_PROXY": "localhost",
        }

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--resources", type=int, default=0, help="that many more resources beside the scene's")
    parser.add_argument("--patches", type=int, default=0, help="updates that each of the further machines lacks")
    parser.add_argument("--page", type=int, default=1000, help="rows of a page at most")
    parser.add_argument("--latency", type=float, default=0.0, help="milliseconds before each answer")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that its certificates are cleared away
    with tempfile.TemporaryDirectory() as directory:
        server = Server(Path(directory), given.port)
        from tests.collectors.azure.scene import crowd, scene

        server.cloud.page, server.cloud.latency = given.page, given.latency / 1000
        scene(server.cloud, datetime.now(UTC))
        crowd(server.cloud, given.resources, given.patches)
        for name, value in server.environment().items():
            sys.stdout.write(f"export {name}={value}\n")
        sys.stdout.write(f'\n[[target]]\nname = "azure"\nkind = "azure"\nendpoint = "{server.cloud.endpoint}"\n\n')
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            server.stop()


if __name__ == "__main__":
    main()
