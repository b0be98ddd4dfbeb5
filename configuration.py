"""The configuration: one TOML file, checked whole before anything is scanned.

- Where the file comes from: `--config`, else `$ANNEXA_CONFIG`, else `annexa.toml` here, else the built-in default:
  this host, and a store in the working directory.
- An unknown key, kind, check or parameter is an error that names the file, the key, what stands there and what is
  expected. Nothing is guessed and nothing is ignored.
- Paths in the file are relative to the file.
"""

import dataclasses
import os
import tomllib
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from checks.check import Check, Parameter
from collectors.source import kinds, provider
from daemon.settings import DAILY, UNCHANGED, DaemonSettings, Schedule
from evidence_store.records import Json, Severity

DEFAULT_NAME = "annexa.toml"
SQLITE = "sqlite:///"  # what the url of a store in a file begins with
MOST_SCHEDULES = 100
MOST = 100_000  # of a number in a check's parameters: beyond these, days and years leave the calendar
MOST_OF = {"_years": 1_000, "_percent": 100}


class ConfigurationError(Exception):
    """What is wrong, where, and what to do, in one sentence."""


@dataclass(frozen=True, slots=True)
class Target:
    """One configured place to read."""

    name: str
    kind: str
    settings: Any  # an instance of the provider's settings


@dataclass(frozen=True, slots=True)
class StorePlace:
    """Where evidence is kept, and the key that signs it."""

    url: str = "sqlite:///annexa.db"
    key: str = "annexa.key"

    @property
    def file(self) -> Path | None:
        """The file of a store in SQLite; `None` of one elsewhere."""
        name = self.url.removeprefix(SQLITE).partition("?")[0]
        return Path(name) if self.url.startswith(SQLITE) and name else None


@dataclass(frozen=True, slots=True)
class RunLimits:
    """How a run behaves."""

    workers: int = 20
    gap_from: Severity = Severity.MEDIUM
    source_seconds: int = 1800


@dataclass(frozen=True, slots=True)
class Configuration:
    """A whole configuration, every key checked."""

    file: Path | None  # `None`: the built-in default
    store: StorePlace
    run: RunLimits
    targets: tuple[Target, ...]
    parameters: Mapping[str, Mapping[str, Json]]  # check -> parameter -> value, only what the file sets
    schedules: tuple[Schedule, ...] = (DAILY,)
    daemon: DaemonSettings = UNCHANGED


def find(given: str | None) -> Path | None:
    """The file to read; `None` for the built-in default. Raises `ConfigurationError` where a named file is missing."""
    named = os.environ.get("ANNEXA_CONFIG") or None if given is None else given
    if named is not None:  # a name that is empty, as a variable that was never set, does not mean the default
        path = Path(named)
        if not path.is_file():
            raise ConfigurationError(f"{path}: no such configuration file; `scanner init` writes one")
        return path
    here = Path(DEFAULT_NAME)
    return here if here.is_file() else None


def load(path: Path | None, known_checks: Mapping[str, Check]) -> Configuration:
    """Read and check a configuration. Raises `ConfigurationError`."""
    if path is None:
        host = Target("this-host", "host", provider("host").settings(name="this-host"))
        return Configuration(None, StorePlace(), RunLimits(), (host,), {})
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: is not valid TOML: {error}") from None
    return _Reading(path, known_checks).configuration(tables)


class _Reading:
    """Checks the tables of one file."""

    def __init__(self, path: Path, known_checks: Mapping[str, Check]) -> None:
        self._path = path
        self._checks = known_checks

    def configuration(self, tables: Mapping[str, Any]) -> Configuration:
        self._known("", tables, ("store", "run", "target", "schedule", "daemon", "checks"))
        store = self._settings("[store]", StorePlace, self._table("store", tables))
        if not Path(store.key).name:
            raise self._error("[store]", f"key = {store.key!r}: expected the name of a file")
        targets = self._targets(tables.get("target", []))
        return Configuration(
            file=self._path,
            store=dataclasses.replace(store, url=self._beside_url(store.url), key=str(self._beside(store.key))),
            run=self._limits(self._table("run", tables)),
            targets=targets,
            parameters=self._parameters(self._table("checks", tables)),
            schedules=self._schedules(tables.get("schedule"), targets),
            daemon=self._daemon(self._table("daemon", tables)),
        )

    def _error(self, where: str, text: str) -> ConfigurationError:
        return ConfigurationError(f"{self._path}: {where}{': ' if where else ''}{text}")

    def _known(self, where: str, table: Mapping[str, Any], keys: Iterable[str]) -> None:
        for key in table:
            if key not in (known := list(keys)):
                raise self._error(where, f"unknown key {key!r}{nearest(key, known)}; known: {', '.join(known)}")

    def _table(self, name: str, tables: Mapping[str, Any]) -> Mapping[str, Any]:
        table = tables.get(name, {})
        if not isinstance(table, dict):
            raise self._error(name, f"must be a table [{name}], not {table!r}")
        return table

    def _limits(self, table: Mapping[str, Any]) -> RunLimits:
        limits: RunLimits = self._settings("[run]", RunLimits, table)
        if not 1 <= limits.workers <= 200:
            raise self._error("[run]", f"workers = {limits.workers}: must be from 1 to 200")
        if limits.source_seconds < 1:
            raise self._error("[run]", f"source_seconds = {limits.source_seconds}: must be at least 1")
        return limits

    def _targets(self, tables: Any) -> tuple[Target, ...]:
        if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
            raise self._error("target", "must be written as [[target]]")
        if not tables:
            raise self._error("target", "no [[target]]: there is nothing to scan")
        targets = [self._target(number, table) for number, table in enumerate(tables, 1)]
        for number, target in enumerate(targets, 1):
            if target.name in {t.name for t in targets[: number - 1]}:
                raise self._error(f"target {number}", f"the name {target.name!r} is taken; names must be unique")
        return tuple(targets)

    def _target(self, number: int, table: Mapping[str, Any]) -> Target:
        where = f"target {number}" + (f" ({table['name']})" if isinstance(table.get("name"), str) else "")
        for key in ("name", "kind"):
            if not isinstance(table.get(key), str) or not table[key]:
                raise self._error(where, f"{key} = {table[key]!r}: expected a text" if key in table else f"{key} is missing")
        kind = table["kind"]
        if kind not in kinds():
            raise self._error(where, f"unknown kind {kind!r}{nearest(kind, kinds())}; known: {', '.join(kinds())}")
        settings = self._settings(where, provider(kind).settings, {k: v for k, v in table.items() if k != "kind"})
        paths = [f.name for f in dataclasses.fields(settings) if f.name == "path" or f.metadata.get("path")]
        beside = {key: str(self._beside(getattr(settings, key))) for key in paths if isinstance(getattr(settings, key), str)}
        if beside:
            settings = dataclasses.replace(settings, **beside)
        return Target(table["name"], kind, settings)

    def _schedules(self, tables: Any, targets: tuple[Target, ...]) -> tuple[Schedule, ...]:
        """Without any, everything is run once a day."""
        if tables is None:
            return (DAILY,)
        if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
            raise self._error("schedule", "must be written as [[schedule]]")
        if len(tables) > MOST_SCHEDULES:
            raise self._error("schedule", f"{len(tables)} of them: at most {MOST_SCHEDULES}")
        found: dict[str, Schedule] = {}
        for number, table in enumerate(tables, 1):
            where = f"schedule {number}" + (f" ({table['name']})" if isinstance(table.get("name"), str) else "")
            schedule: Schedule = self._settings(where, Schedule, table)
            if schedule.name in found:
                raise self._error(where, f"the name {schedule.name!r} is taken; names must be unique")
            names = [target.name for target in targets]
            for kind, given, known in (("target", schedule.targets, names), ("check", schedule.checks, self._checks)):
                if unknown := next((name for name in given if name not in known), None):
                    raise self._error(where, f"{kind}s: no such {kind} {unknown!r}{nearest(unknown, known)}")
            found[schedule.name] = schedule
        return tuple(found.values())

    def _daemon(self, table: Mapping[str, Any]) -> DaemonSettings:
        settings: DaemonSettings = self._settings("[daemon]", DaemonSettings, table)
        token = settings.token_file
        return settings if token is None else dataclasses.replace(settings, token_file=str(self._beside(token)))

    def _settings(self, where: str, of: type[Any], table: Mapping[str, Any]) -> Any:
        """An instance of a settings dataclass from a table; its own `ValueError` is passed on as the reason."""
        fields = {f.name: f for f in dataclasses.fields(of)}
        self._known(where, table, fields)
        hints = typing.get_type_hints(of)
        values = {key: self._value(where, key, value, hints[key]) for key, value in table.items()}
        try:
            return of(**values)
        except (TypeError, ValueError) as error:
            raise self._error(where, str(error)) from None

    def _value(self, where: str, key: str, value: Any, expected: Any) -> Any:
        for option in _options(expected):
            if isinstance(option, type) and issubclass(option, Severity) and value in list(Severity):
                return Severity(value)
            if typing.get_origin(option) is typing.Literal and value in typing.get_args(option):
                return value
            if typing.get_origin(option) is tuple and isinstance(value, list) and all(isinstance(v, str) for v in value):
                return tuple(value)
            if option in (str, int, bool) and type(value) is option:
                return value
        raise self._error(where, f"{key} = {value!r}: expected {' or '.join(_expected(o) for o in _options(expected))}")

    def _parameters(self, tables: Mapping[str, Any]) -> dict[str, dict[str, Json]]:
        found: dict[str, dict[str, Json]] = {}
        for check, table in tables.items():
            where = f"[checks.{check}]"
            if check not in self._checks:
                raise self._error(where, f"no such check{nearest(check, self._checks)}; `scanner checks` lists them")
            if not isinstance(table, dict):
                raise self._error(where, f"must be a table, not {table!r}")
            declared = {p.name: p for p in self._checks[check].parameters}
            if not declared and table:
                raise self._error(where, f"{next(iter(table))}: this check has no parameters")
            self._known(where, table, declared)
            found[check] = {name: self._parameter(where, declared[name], value) for name, value in table.items()}
        return found

    def _parameter(self, where: str, declared: Parameter, value: Any) -> Json:
        kind = type(declared.default)
        if type(value) is not kind or (kind is list and not all(isinstance(v, str) for v in value)):
            expected = "a list of texts" if kind is list else _expected(kind)
            raise self._error(where, f"{declared.name} = {value!r}: expected {expected} ({declared.meaning})")
        if kind is int and value < 0:
            raise self._error(where, f"{declared.name} = {value}: must not be negative ({declared.meaning})")
        most = next((most for ending, most in MOST_OF.items() if declared.name.endswith(ending)), MOST)
        if kind is int and value > most:
            raise self._error(where, f"{declared.name} = {value}: must be at most {most} ({declared.meaning})")
        return value

    def _beside(self, path: str) -> Path:
        return Path(os.path.normpath(self._path.parent / Path(path).expanduser()))

    def _beside_url(self, url: str) -> str:
        if not url.startswith(SQLITE) or url == SQLITE or ":memory:" in url:
            return url
        return SQLITE + str(self._beside(url.removeprefix(SQLITE)))


def _options(expected: Any) -> tuple[Any, ...]:
    if isinstance(expected, types.UnionType) or typing.get_origin(expected) is typing.Union:
        return tuple(o for o in typing.get_args(expected) if o is not type(None))
    return (expected,)


def _expected(option: Any) -> str:
    if isinstance(option, type) and issubclass(option, Severity):
        return "one of " + ", ".join(Severity)
    if typing.get_origin(option) is typing.Literal:
        return " or ".join(repr(o) for o in typing.get_args(option))
    if typing.get_origin(option) is tuple:
        return "a list of texts"
    return {str: "a text", int: "a whole number", bool: "true or false"}.get(option, str(option))


def nearest(word: str, known: Iterable[str]) -> str:
    """What was probably meant, in brackets, to end a message with; nothing where nothing is near."""
    close = get_close_matches(word, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
