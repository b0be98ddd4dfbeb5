"""A Kubernetes API server on the loopback, over TLS, for tests and to try the scanner on by hand.

    python -m tests.collectors.kubernetes.server --port 8443 [--resources 500] [--latency 0.05]

It prints the configuration that leads a scan to it. What it holds is a small cluster with good and bad in it; with
`--resources`, that many pods besides. `GET /-/requests` tells, once, what it was asked since it last told.
"""

import argparse
import gzip
import json
import signal
import socket
import ssl
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.certificates import make
from tests.collectors.kubernetes import answers
from tests.collectors.kubernetes.cluster import Cluster, Request

TOLD = "/-/requests"
COMPRESSED_FROM = 128 * 1024  # as the API server does


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"

    def _answer(self) -> None:
        cluster = self.server.cluster
        length = int(self.headers.get("Content-Length") or 0)
        if length:
            self.rfile.read(length)
        split = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = answers.call_of(self.command, split.path)
        certified = isinstance(self.connection, ssl.SSLSocket) and bool(self.connection.getpeercert())
        request = Request(call, self.command, split.path, dict(parse_qsl(split.query)), headers, certified)
        if split.path == TOLD:
            self._send(self._told(), packed=False)
            return
        with cluster.lock:
            cluster.requests.append(request)
        if cluster.latency:
            time.sleep(cluster.latency)
        self._send(answers.answer(cluster, request), packed="gzip" in headers.get("accept-encoding", ""))

    def _told(self) -> answers.Answer:
        cluster = self.server.cluster
        with cluster.lock:
            told = [[r.call, sorted(r.query.items())] for r in cluster.requests]
            cluster.requests.clear()
        return answers.Answer(200, json.dumps(told).encode(), {"Content-Type": "application/json"})

    def _send(self, found: answers.Answer, *, packed: bool) -> None:
        body = found.body
        self.send_response(found.status)
        for name, value in found.headers.items():
            self.send_header(name, value)
        if packed and len(body) >= COMPRESSED_FROM and found.promised is None:
            body = gzip.compress(body, 1)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body) if found.promised is None else found.promised))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = found.promised is not None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):  # the base class looks for a method named after each verb
            return self._answer
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that the base class gives it
        """Say nothing: requests are kept in the cluster's own list."""


class Server(ThreadingHTTPServer):
    """The server, its thread and its cluster."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, directory: Path, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        certificates = make(directory, "kubernetes")
        self._tls = certificates.context(clients=True)
        self.cluster = Cluster(f"https://127.0.0.1:{self.server_port}", certificates, directory)
        self.cluster.reset()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Take a connection; the handshake is made in its own thread."""
        taken, address = super().get_request()
        taken.settimeout(30)
        return self._tls.wrap_socket(taken, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up, or that does not trust us, is no fault of the server; everything else is shown."""
        if not isinstance(sys.exception(), ConnectionError | ssl.SSLError | TimeoutError):
            super().handle_error(request, client_address)

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--resources", type=int, default=0, help="pods besides the small cluster")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that each answer takes")
    given = parser.parse_args()
    from tests.collectors.kubernetes.scene import fill, many

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that its certificates are cleared away
    with tempfile.TemporaryDirectory() as name:
        server = Server(Path(name), given.port)
        server.cluster.page_size, server.cluster.latency = 500, given.latency
        fill(server.cluster)
        many(server.cluster, given.resources)
        path = server.cluster.kubeconfig()
        sys.stdout.write(f'[[target]]\nname = "cluster"\nkind = "kubernetes"\nkubeconfig = "{path}"\n')
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
