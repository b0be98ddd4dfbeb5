"""A real PostgreSQL for the tests, run by a process of its own: `python -m tests.postgresql DIRECTORY`.

PostgreSQL runs as another user where the tests run as root, and to start a program as another user Python forks. A
process in which gRPC is at work may not be forked: now and then the child dies in gRPC's own fork handlers.
"""

import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

ROOT = Path(__file__).parent.parent


class PostgreSQL:
    """A server on a socket of its own, reached as its superuser."""

    def __init__(self, uri: str) -> None:
        address = sa.make_url(uri).set(drivername="postgresql+psycopg")
        self._admin = sa.create_engine(address, isolation_level="AUTOCOMMIT")

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
    # A directory directly under /tmp: PostgreSQL's user may not enter pytest's own.
    with tempfile.TemporaryDirectory(prefix="annexa-pg") as directory:
        words = [sys.executable, "-m", "tests.postgresql", directory]
        with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            uri = process.stdout.readline().strip()
            assert uri, f"no PostgreSQL: it ended with {process.wait()}"
            server = PostgreSQL(uri)
            # Tests kill clients, never the machine: what a client was told is kept, is kept without waiting for the disk.
            for name in ("fsync", "full_page_writes"):
                server.run(f"ALTER SYSTEM SET {name} = off")
            server.run("SELECT pg_reload_conf()")
            yield server
            server.close()
        assert process.returncode == 0, "PostgreSQL did not stop as it should"


def _main(directory: str) -> None:
    """Serve until standard input closes, which it does also when whoever asked for the server is gone."""
    from pgserver.postgres_server import get_server  # the package does not name what it exports

    server = get_server(directory, cleanup_mode="stop")
    sys.stdout.write(f"{server.get_uri()}\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.cleanup()


if __name__ == "__main__":
    _main(sys.argv[1])
