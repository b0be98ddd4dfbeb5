"""What reading the records needs: files of one directory, and git where the directory is in a work tree."""

from collections.abc import Iterable

from collectors.source import Source


def permission_of(call: str) -> str:
    """`risks.toml` needs `read isms/risks.toml`; the directory is called `isms` here, whatever the target calls it."""
    return f"read isms/{call}".removesuffix(".")


def policy(sources: Iterable[Source]) -> str:
    """The files to be readable, one on each line, for whoever sets the rights."""
    permissions = sorted({p for s in sources for p in s.permissions})
    lines = [
        "# The scanner's user needs to read these, below the directory of the target's `path`; nothing is ever written.",
        "# A file may be absent. A register may also be split into files in a folder of its name (risks/*.toml).",
        *permissions,
        "# Where the directory is in a git work tree, also its .git directory, for `git blame`, `git log`, `git status`.",
    ]
    return "\n".join(lines) + "\n"
