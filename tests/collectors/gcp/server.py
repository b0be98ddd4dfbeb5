"""Google Cloud on the loopback: the asset inventory over gRPC, tokens, and the way to both.

    python -m tests.collectors.gcp.server [--port N] [--resources N]

starts one with a small scene (some of it in order, some not), and prints what to point the scanner at it with.
"""

import os
from pathlib import Path

from tests.certificates import make
from tests.collectors.gcp.cloud import Cloud
from tests.collectors.gcp.service import AssetService
from tests.collectors.gcp.tokens import TokenServer

# Whose names the servers answer under.
PRETENDED = ("cloudasset.googleapis.com", "iamcredentials.googleapis.com", "oauth2.googleapis.com")
# What the environment must not lead elsewhere, or fetch from elsewhere.
CLEARED = (
    "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "GOOGLE_CLOUD_QUOTA_PROJECT", "GOOGLE_API_USE_CLIENT_CERTIFICATE",
    "GOOGLE_API_CERTIFICATE_CONFIG", "CURL_CA_BUNDLE", "HTTP_PROXY", "http_proxy", "https_proxy", "grpc_proxy",
    "no_grpc_proxy", "no_proxy", "ALL_PROXY", "all_proxy",
)  # fmt: skip


class Server:
    """All of it, until stopped."""

    def __init__(self, directory: Path, port: int = 0) -> None:
        self._directory = directory
        self.certificates = make(directory, *PRETENDED)
        self.cloud = Cloud()
        self._tokens = TokenServer(self.certificates, self.cloud.issuer)
        self._service = AssetService(self.cloud, self.certificates, port)
        self.cloud.lead(self._service.port, self._tokens)
        for name in ("iamcredentials.googleapis.com", "oauth2.googleapis.com"):
            self._tokens.lead(name, self._tokens.port)
        self._tokens.lead("cloudasset.googleapis.com", self._service.port)

    @property
    def port(self) -> int:
        return self._service.port

    def environment(self, credentials: Path) -> dict[str, str]:
        """What leads a scan here and nowhere else."""
        return {
            "GOOGLE_APPLICATION_CREDENTIALS": str(credentials),
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(self.certificates.authority),
            "REQUESTS_CA_BUNDLE": str(self.certificates.authority),
            "HTTPS_PROXY": f"http://127.0.0.1:{self._tokens.proxy}",
            "NO_PROXY": "localhost,127.0.0.1",
            "CLOUDSDK_CONFIG": str(self._directory / "nowhere"),
            "NO_GCE_CHECK": "true",
        }

    def stop(self) -> None:
        self._service.stop()
        self._tokens.stop()


if __name__ == "__main__":
    from tests.collectors.gcp.scene import main

    main(os.environ)
