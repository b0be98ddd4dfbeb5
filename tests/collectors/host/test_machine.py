"""How files and commands of a machine are reached: bounds, links, and what never happens."""

import os
import sys
import time
from pathlib import Path

import pytest

from collectors.host.machine import (
    ENVIRONMENT,
    ImageError,
    NoCommandError,
    OutputError,
    Processes,
    RootedFiles,
    image,
    this_machine,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "hostname").write_text("image\n")
    return tmp_path


def test_absolute_link_in_an_image_stays_in_it(root: Path) -> None:
    (root / "etc" / "machine-id").symlink_to("/usr/lib/machine-id")
    (root / "usr" / "lib").mkdir(parents=True)
    (root / "usr" / "lib" / "machine-id").write_text("of the image\n")
    files = RootedFiles(str(root))
    assert files.read("/etc/machine-id", 100) == b"of the image\n"
    assert files.target("/etc/machine-id") == "/usr/lib/machine-id"


@pytest.mark.parametrize("leads", ["/etc/shadow", "../../../../../../../../etc/shadow"])
def test_link_never_leads_out_of_an_image(root: Path, leads: str) -> None:
    (root / "etc" / "secret").symlink_to(leads)
    with pytest.raises(FileNotFoundError):
        RootedFiles(str(root)).read("/etc/secret", 1 << 20)


def test_links_in_a_circle_are_an_error(root: Path) -> None:
    (root / "etc" / "a").symlink_to("b")
    (root / "etc" / "b").symlink_to("a")
    with pytest.raises(OSError, match="too many links"):
        RootedFiles(str(root)).status("/etc/a")


def test_pipe_is_refused_and_does_not_wait(root: Path) -> None:
    os.mkfifo(root / "etc" / "pipe")
    with pytest.raises(OSError, match="not a plain file"):
        RootedFiles(str(root)).read("/etc/pipe", 100)


def test_file_over_the_bound_is_refused_and_its_head_is_not(root: Path) -> None:
    (root / "etc" / "large").write_bytes(b"x" * 101)
    with pytest.raises(OSError, match="larger than the bound"):
        RootedFiles(str(root)).read("/etc/large", 100)
    assert RootedFiles(str(root)).head("/etc/large", 100) == b"x" * 100


def test_nothing_runs_in_an_image(root: Path) -> None:
    with pytest.raises(ImageError):
        image(str(root)).commands.run(("id",), 1, 100)


def test_command_gets_an_environment_of_its_own_and_no_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANNEXA_SECRET", "s3cret")
    assert dict(line.split("=", 1) for line in Processes().run(("env",), 10, 10_000).out.splitlines()) == ENVIRONMENT
    assert Processes().run(("cat",), 10, 100).out == ""


def test_command_takes_its_arguments_as_they_are() -> None:
    assert Processes().run(("echo", "$(id)", "a;b", "*"), 10, 100).out == "$(id) a;b *\n"


def test_code_and_both_outputs_come_back() -> None:
    ran = Processes().run(("ls", "/nonexistent"), 10, 1000)
    assert ran.code != 0
    assert ran.out == ""
    assert "/nonexistent" in ran.err


def test_command_that_does_not_end_is_killed_with_its_children() -> None:
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        Processes().run(("sh", "-c", "sleep 60 & sleep 60"), 0.3, 100)
    assert time.monotonic() - started < 50


def test_command_that_says_too_much_is_killed() -> None:
    with pytest.raises(OutputError):
        Processes().run(("yes",), 10, 100_000)


@pytest.mark.parametrize("name", ["no-such-command", "../bin/id", sys.executable.rsplit("/", 1)[-1] + "-nowhere"])
def test_command_is_looked_up_in_the_system_directories_only(name: str) -> None:
    with pytest.raises(NoCommandError):
        Processes().run((name,), 10, 100)


def test_this_machine_knows_who_asks() -> None:
    machine = this_machine()
    assert machine.root == (os.geteuid() == 0)
    assert machine.release == os.uname().release
