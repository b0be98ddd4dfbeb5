"""The folders in which services keep certificates and keys, and the way to look through them.

A folder or file that may not be read does not hide the rest: it is remembered, and raised when the rest has been told.
"""

from collections.abc import Callable, Iterator, Sequence

from collectors.host.reader import HostReader
from collectors.source import UnreadError

SERVICE_FOLDERS = tuple(
    f"/etc/{name}"
    for name in (
        "apache2",
        "cockpit",
        "dovecot",
        "exim4",
        "grafana",
        "haproxy",
        "httpd",
        "kubernetes/pki",
        "letsencrypt",
        "mysql",
        "nginx",
        "openldap",
        "ldap",
        "openvpn",
        "pki/nginx",
        "pki/tls",
        "pki/httpd",
        "postfix",
        "postgresql",
        "rabbitmq",
        "redis",
        "ssh",
        "ssl",
        "stunnel",
        "wireguard",
    )
)
HOMES_SSH = ("**/.ssh",)


class Candidates:
    """Paths of files that may hold what is looked for."""

    def __init__(self, reader: HostReader, folders: Sequence[str], wanted: Callable[[str], bool]) -> None:
        self._reader = reader
        self._folders = folders
        self._wanted = wanted
        self._failed: UnreadError | None = None

    def __iter__(self) -> Iterator[str]:
        for folder in self._folders:
            try:
                for path, entry in self._reader.walk(folder):
                    if (entry.status.is_file or entry.status.is_link) and self._wanted(path):
                        yield path
            except UnreadError as error:
                self._failed = self._failed or error

    def head(self, path: str, size: int = 1 << 20) -> bytes | None:
        """How a file begins; `None` where that could not be read, or the path is a link to a folder."""
        try:
            status = self._reader.status(path)
            return self._reader.head(path, size) if status is not None and status.is_file else None
        except UnreadError as error:
            self._failed = self._failed or error
            return None

    def end(self) -> None:
        """Raises the first `UnreadError` that was met, if one was."""
        if self._failed is not None:
            raise self._failed


def candidates(reader: HostReader, folders: Sequence[str], wanted: Callable[[str], bool]) -> Candidates:
    """The files below some folders whose path is wanted, links to files included."""
    return Candidates(reader, folders, wanted)
