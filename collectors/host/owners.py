"""Who a file belongs to, by the names that this machine gives its users and groups."""

from collectors.host.machine import FileStatus
from collectors.host.reader import HostReader
from evidence_store.records import Json


class Owners:
    """Names of users and groups by number, read once for a source."""

    def __init__(self, reader: HostReader) -> None:
        self._users = _names(reader.text("/etc/passwd") or "")
        self._groups = _names(reader.text("/etc/group") or "")

    def facts(self, status: FileStatus) -> dict[str, Json]:
        """`Mode`, `Owner` and `Group`; a number that has no name stands as itself."""
        return {
            "Mode": status.permissions,
            "Owner": self._users.get(status.uid, str(status.uid)),
            "Group": self._groups.get(status.gid, str(status.gid)),
        }


def _names(text: str) -> dict[int, str]:
    """The first name of each number in passwd(5) or group(5)."""
    found: dict[int, str] = {}
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) > 3 and fields[2].isdigit():
            found.setdefault(int(fields[2]), fields[0])
    return found
