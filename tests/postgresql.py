"""A real PostgreSQL for the tests, run by a process of its own: `python -m tests.postgresql`.

PostgreSQL runs as another user where the tests run as root, and to start a program as another user Python forks. A
process in which gRPC is at work may not be forked: now and then the child dies in gRPC's own fork handlers.

The programs are those of the package `pgserver`; its own way to start them makes a user of the system, opens every
directory above itself to everybody, and waits for ten seconds at most.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
import sqlalchemy as sa

ROOT = Path(__file__).parent.parent
STARTING = 120.0  # seconds that a slow machine may take


class PostgreSQL:
    """A server on a socket of its own, reached as its superuser."""

    def __init__(self, uri: str) -> None:
        self._admin = sa.create_engine(uri, isolation_level="AUTOCOMMIT")

    def run(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.exec_driver_sql(statement)

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of an empty database, which is gone afterwards."""
        name = f"t{secrets.token_hex(6)}"
        self.run(f"CREATE DATABASE {name}")
        yield self._admin.url.set(database=name).render_as_string(hide_password=False)
        self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def close(self) -> None:
        self._admin.dispose()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    words = [sys.executable, "-m", "tests.postgresql"]
    pipe = subprocess.PIPE  # in a session of its own: an interrupt at the terminal is for the tests, and they end it
    with subprocess.Popen(words, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        uri = process.stdout.readline().strip()
        assert uri, f"no PostgreSQL: it ended with {process.wait()}"
        server = PostgreSQL(uri)
        yield server
        server.close()
    assert process.returncode == 0, "PostgreSQL did not stop as it should"


def _main() -> None:
    """Serve until standard input closes, which it does also when whoever asked for the server is gone."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # Directly under /tmp: the path of a socket has to be short, and PostgreSQL's user may not enter pytest's own directory.
    with tempfile.TemporaryDirectory(prefix="annexa-pg", dir="/tmp") as name, _served(Path(name)) as uri:
        sys.stdout.write(f"{uri}\n")
        sys.stdout.flush()
        sys.stdin.read()


@contextmanager
def _served(directory: Path) -> Iterator[str]:
    """PostgreSQL in this directory, as the address of its superuser's database."""
    user = None if os.geteuid() else "nobody"  # it refuses to serve as root
    if user is not None:
        os.chown(directory, pwd.getpwnam(user).pw_uid, -1)
    programs, data = _programs(directory, copied=user is not None), directory / "data"
    # What the environment says of locales and of other servers is about these no more than the user's own files.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LANG", "LC_", "PG"))}
    initdb = [f"{programs}/initdb", "-D", f"{data}", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]
    subprocess.run(initdb, user=user, env=environment, cwd=directory, check=True, stdout=subprocess.DEVNULL)
    # Tests kill clients, never the machine: what a client was told is kept, is kept without waiting for the disk.
    settings = ("fsync=off", "full_page_writes=off", "listen_addresses=", f"unix_socket_directories={directory}", "port=5432")
    serve = [f"{programs}/postgres", "-D", f"{data}", *(word for setting in settings for word in ("-c", setting))]
    with (directory / "log").open("wb") as log, subprocess.Popen(
        serve, user=user, env=environment, cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log
    ) as server:  # fmt: skip
        try:
            uri = f"postgresql+psycopg://postgres@/postgres?host={directory}&port=5432"
            _await(uri, server, directory / "log")
            yield uri
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nothing that it holds is wanted any more


def _programs(directory: Path, *, copied: bool) -> Path:
    """Where PostgreSQL's programs lie: in a copy where another user runs them, who may not reach this environment."""
    found = find_spec("pgserver")
    assert found is not None
    assert found.submodule_search_locations is not None
    (package,) = map(Path, found.submodule_search_locations)
    if not copied:
        return package / "pginstall" / "bin"
    unneeded = shutil.ignore_patterns("*.a", "*.py", "__pycache__", "include", "pkgconfig")
    for part in ("pgserver", "pgserver.libs"):
        shutil.copytree(package.parent / part, directory / "programs" / part, ignore=unneeded)
    return directory / "programs" / "pgserver" / "pginstall" / "bin"


def _await(uri: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    engine = sa.create_engine(uri, poolclass=sa.NullPool)
    until = time.monotonic() + STARTING
    while True:
        try:
            engine.connect().close()
        except sa.exc.OperationalError:
            if server.poll() is not None or time.monotonic() > until:
                sys.stderr.write(log.read_text(errors="replace"))
                raise
            time.sleep(0.05)
        else:
            return


if __name__ == "__main__":
    _main()
