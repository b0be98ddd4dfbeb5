"""`scanner doctor`: test everything that a run depends on, each read as far as its first answer, and keep nothing."""

import json
import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from collectors.source import Source, UnreadError
from commands import schedules
from commands.opening import Known, known, now
from configuration import ConfigurationError, Target
from evidence_store import keys
from evidence_store.database import open_store
from evidence_store.errors import StoreError
from evidence_store.keys import KeyFileError
from pipeline.probe import Probed, probe
from pipeline.targets import connect, require_extras
from scanner import DONE, INCOMPLETE


@dataclass(frozen=True, slots=True)
class Symptom:
    """One thing that was tested."""

    what: str
    well: bool
    told: str


def command(given: Namespace) -> int:
    """Print each test with its result. 0 if all is well, 3 if not."""
    able = known(given)
    symptoms = []
    for symptom in _examine(able):
        symptoms.append(symptom)
        if given.format == "text":
            sys.stdout.write(f"{'ok  ' if symptom.well else 'FAIL'}  {symptom.what}: {symptom.told}\n")
            sys.stdout.flush()
    if given.format == "json":
        sys.stdout.write(json.dumps({"schema": "annexa.doctor/1", "tests": [asdict(s) for s in symptoms]}, indent=1) + "\n")
    return DONE if all(s.well for s in symptoms) else INCOMPLETE


def _examine(able: Known) -> Iterator[Symptom]:
    file = able.configuration.file
    yield Symptom("configuration", well=True, told=str(file) if file else "built-in default: this host")
    yield _key(able.configuration.store.key)
    yield _store(able.configuration.store.url)
    yield Symptom("clock", well=now().year >= 2024, told=f"{now():%Y-%m-%d %H:%M:%SZ}")
    for name, well, told in schedules.told(able):
        yield Symptom(f"schedule {name}", well=well, told=told)
    for target in able.configuration.targets:
        yield from _target(target, _sources(able, target))


def _key(path: str) -> Symptom:
    if not Path(path).exists():
        writable = os.access(Path(path).parent, os.W_OK)
        return Symptom("key", well=writable, told=f"{path}: {'the first run makes it' if writable else 'cannot be made there'}")
    try:
        return Symptom("key", well=True, told=f"{path}, public half {keys.load_or_create(path).public_text}")
    except KeyFileError as error:
        return Symptom("key", well=False, told=str(error))


def _store(url: str) -> Symptom:
    try:
        with open_store(url, create=False) as store:
            checkpoint = store.checkpoint()
            told = f"{store.size} entries, sealed up to {checkpoint.size}" if checkpoint else "empty"
            return Symptom("store", well=True, told=told)
    except StoreError as error:
        absent = url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists()
        return Symptom("store", well=absent, told="not there yet; the first run makes it" if absent else str(error))


def _sources(able: Known, target: Target) -> tuple[Source, ...]:
    """What a run of every check reads there."""
    needed = able.sources.needed(check for check in able.checks.values() if check.provider == target.kind)
    return tuple(source for source in needed if source.provider == target.kind)


def _target(target: Target, sources: Sequence[Source]) -> Iterator[Symptom]:
    what = f"target {target.name} ({target.kind})"
    try:
        require_extras([target])
        connection = connect(target)
    except ConfigurationError as error:
        yield Symptom(what, well=False, told=str(error))
        return
    except UnreadError as error:
        yield Symptom(what, well=False, told=str(error.unread))
        return
    try:
        reached = []
        for place in connection.places():
            yield Symptom(
                f"{what} {place.scope.account} {place.scope.region}",
                well=place.failed is None,
                told=str(place.failed) if place.failed else f"reached as {place.principal}",
            )
            if place.failed is None:
                reached.append(place)
        for probed in probe(connection, reached, sources):
            yield from _probed(f"{what} {probed.scope.account}", probed)
        if target.kind == "records":
            yield from _records(what, target.settings.path)
    except UnreadError as error:
        yield Symptom(what, well=False, told=str(error.unread))
    finally:
        connection.close()


def _probed(what: str, probed: Probed) -> Iterator[Symptom]:
    if probed.answered or not probed.missing:
        yield Symptom(what, well=True, told=f"{probed.answered} of {probed.tried} reads answer")
    for unread in probed.missing:
        yield Symptom(what, well=False, told=str(unread))


def _records(what: str, path: str) -> Iterator[Symptom]:
    from collectors.records.loading import problems

    for problem in problems(Path(path)):
        yield Symptom(what, well=False, told=str(problem))
