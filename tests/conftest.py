"""What tests of every room share."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from tests import harness
from tests.collectors.azure.fixture import azure, azure_server  # noqa: F401 - fixtures
from tests.collectors.gcp.fixture import gcp, gcp_server  # noqa: F401 - fixtures
from tests.collectors.kubernetes.fixture import kube, kube_server  # noqa: F401 - fixtures for every room
from tests.postgresql import postgresql  # noqa: F401 - as above

if TYPE_CHECKING:
    from tests.collectors.aws.overlay import Cloud


# A loaded machine proves nothing.
settings.register_profile("annexa", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("annexa")
WANTED = {"pass", "fail", "denied"}
_whole = pytest.StashKey[bool]()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Whether this is the whole suite: only then can something be missing from it."""
    option = session.config.option
    narrowed = option.keyword or option.markexpr or getattr(option, "lf", False)
    session.config.stash[_whole] = not narrowed and session.config.args in (["tests"], [str(session.config.rootpath)])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker of a parallel run has ended: take over what its checks answered."""
    for check, seen in node.workeroutput.get("answers", {}).items():
        harness.answers.setdefault(check, set()).update(seen)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a whole run in which some check was not driven to pass, fail and denied through its source."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["answers"] = {check: sorted(seen) for check, seen in harness.answers.items()}
        return
    whole = session.config.stash.get(_whole, session.config.args == ["tests"])
    if exitstatus != 0 or not whole or session.config.option.collectonly:
        return
    from checks.check import checks

    for check in checks():
        if missing := WANTED - harness.answers.get(check, set()):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
            reporter.write_line(f"no test drove {check} through its source to: {', '.join(sorted(missing))}", red=True)


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
