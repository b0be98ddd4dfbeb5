"""What tests of every room share."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.collectors.aws.overlay import Cloud


@pytest.fixture(scope="session")
def _cloud() -> "Iterator[Cloud]":
    from tests.collectors.aws.overlay import Cloud, Server  # moto takes a second; only tests of AWS pay for it

    server = Server()
    yield Cloud(server.overlay, server.url)
    server.stop()


@pytest.fixture
def aws(_cloud: "Cloud", monkeypatch: pytest.MonkeyPatch) -> "Iterator[Cloud]":
    """A fresh AWS account on the loopback, and the environment that leads a scan to it."""
    from tests.collectors.aws.overlay import SCANNER

    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", _cloud.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", SCANNER)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    _cloud.reset()
    yield _cloud
    _cloud.reset()
