"""What most commands begin with: the configuration, the mapping, the store, the keys."""

import os
import socket
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import configuration
import mappings
from checks.check import Check, checks
from collectors.source import kinds, sources
from commands.failures import UsageError
from configuration import Configuration
from evidence_store.database import Store, open_store
from evidence_store.keys import CHECKPOINTS, REDACTION
from evidence_store.records import parse_time
from mappings.catalogue import Catalogue
from pipeline.plan import Sources

STORE_FILES = ("", "-wal", "-shm", "-journal", ".lock")  # by what follows the store's name
KEY_FILES = {"": "the signing key", REDACTION: "the redaction key", CHECKPOINTS: "the file of the checkpoints"}


def now() -> datetime:
    """The clock of the program."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Known:
    """What this installation can do, and what it is configured to do."""

    checks: Mapping[str, Check]
    catalogue: Catalogue
    sources: Sources
    configuration: Configuration


def known(given: Namespace) -> Known:
    """Load everything that a command needs to plan. Raises `ConfigurationError`."""
    every = checks()
    loaded = configuration.load(configuration.find(given.config), every)
    return Known(every, mappings.load(every), Sources(s for kind in kinds() for s in sources(kind)), loaded)


def configured(given: Namespace) -> Configuration:
    """The configuration alone."""
    return configuration.load(configuration.find(given.config), checks())


def reading(loaded: Configuration) -> Store:
    """The configured store, to read. Raises `StoreError` where there is none yet."""
    return open_store(loaded.store.url, create=False)


def moment(text: str | None, option: str) -> datetime | None:
    """A time on the command line; a date means its last moment. Raises `UsageError`."""
    if text is None:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time.max, UTC)
    except ValueError:
        pass  # no date; a time perhaps
    try:
        return parse_time(text)
    except (ValueError, OverflowError):
        raise UsageError(f"{option} {text}: not a time; write 2026-03-01 or 2026-03-01T12:00:00Z") from None


def origin() -> str:
    """The name of a log that begins here."""
    host = "".join(c if c.isalnum() or c in "-." else "-" for c in socket.gethostname())
    return f"annexa/{host or 'host'}/{os.urandom(4).hex()}"


def output_path(text: str, loaded: Configuration, option: str = "--output") -> Path:
    """A file to write. Raises `UsageError` where it cannot be written, or holds what no report may take the place of."""
    path = Path(text)
    if path.is_dir():
        raise UsageError(f"{option} {path}: is a directory; name a file")
    if not path.parent.is_dir():
        raise UsageError(f"{option} {path}: the directory {path.parent} does not exist")
    if what := _kept(loaded).get(path.resolve()):
        raise UsageError(f"{option} {path}: is {what}; name another file")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"{option} {path}: not writable")
    return path


def _kept(loaded: Configuration) -> dict[Path, str]:
    """The files that everything else depends on, and what each is."""
    files = {f"{loaded.store.key}{suffix}": what for suffix, what in KEY_FILES.items()}
    if loaded.store.file is not None:
        files |= {f"{loaded.store.file}{suffix}": "the store of the evidence" for suffix in STORE_FILES}
    if loaded.file:
        files[str(loaded.file)] = "the configuration"
    return {Path(file).resolve(): what for file, what in files.items()}
