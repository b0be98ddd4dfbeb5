"""The keys of a `[[target]]` of kind `host`."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class HostTarget:
    """The machine that the scanner runs on, or a file system image that is mounted on it."""

    name: str = field(metadata={"comment": "what this target is called in reports"})
    root: str = field(
        default="/",
        metadata={"comment": "where a file system image is mounted; `/` is this machine itself. Nothing is run in an image"},
    )
    backup_repository: str = field(
        default="",
        metadata={"comment": "where this machine's backups go: a restic repository, `/srv/backup` or `sftp:host:/path`"},
    )
    backup_password_file: str = field(
        default="", metadata={"comment": "a file with the repository's password, readable by the scanner only"}
    )
