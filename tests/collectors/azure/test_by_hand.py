"""The server as a person starts it: what it prints leads the scanner to it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import configuration
from checks.check import checks
from collectors.source import provider

ROOT = Path(__file__).parents[3]


def test_what_the_server_prints_leads_a_scan_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-u", "-m", "tests.collectors.azure.server", "--resources", "5", "--page", "2"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    assert process.stdout is not None
    printed: list[str] = []
    try:
        while not printed or not printed[-1].startswith("endpoint"):
            printed.append(process.stdout.readline())
            assert printed[-1], "the server ended"
        for line in printed:
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").strip().partition("=")
                monkeypatch.setenv(name, value)
        file = tmp_path / "annexa.toml"
        file.write_text("".join(line for line in printed if not line.startswith("export ")))
        (target,) = configuration.load(file, checks()).targets
        connection = provider("azure").connect(target.settings)
        assert [place.failed for place in connection.places()] == [None, None, None]
        connection.close()
    finally:
        process.terminate()
        assert process.wait(60) == 0
        process.stdout.close()
    assert not Path(os.environ["REQUESTS_CA_BUNDLE"]).exists()
