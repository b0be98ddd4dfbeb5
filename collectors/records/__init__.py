"""Read the records of an information security management system from a directory of TOML and Markdown files."""

from collectors.records.directory import Directory, Files, RecordsTarget, connect
from collectors.records.loading import problems
from collectors.records.parsing import Problem
from collectors.records.permissions import policy
from collectors.source import Provider

PROVIDER = Provider(kind="records", extra=None, modules=(), settings=RecordsTarget, connect=connect, policy=policy)

__all__ = ["PROVIDER", "Directory", "Files", "Problem", "RecordsTarget", "connect", "problems"]
