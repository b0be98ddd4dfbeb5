"""`scanner doctor`: test everything that a run depends on, each read as far as its first answer, and keep nothing."""

import json
import logging
import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from collectors.source import Connection, Place, Source, UnreadError
from commands import schedules
from commands.opening import Known, known, now
from configuration import ConfigurationError, StorePlace, Target
from evidence_store import keys, side_file
from evidence_store.database import open_store
from evidence_store.errors import AbsentError, OutdatedError, StoreError
from evidence_store.keys import AbsentKeysError, KeyFileError
from evidence_store.records import Unread, Why
from evidence_store.redaction import Redactor
from evidence_store.verification.__main__ import width_of
from pipeline.collect import trail
from pipeline.probe import Probed, probe
from pipeline.targets import connect, require_extras
from reports.hostile import one_line
from reports.terminal import wrapped
from scanner import DONE, INCOMPLETE

log = logging.getLogger(__name__)
_LONGEST = 500  # characters of what is told of a target
_HANG = " " * len("FAIL  ")


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
    width = width_of(sys.stdout)
    for symptom in _examine(able):
        symptoms.append(symptom)
        if given.format == "text":
            sys.stdout.writelines(line + "\n" for line in lines(symptom, width))
            sys.stdout.flush()
    if given.format == "json":
        sys.stdout.write(json.dumps({"schema": "annexa.doctor/1", "tests": [asdict(s) for s in symptoms]}, indent=1) + "\n")
    return DONE if all(s.well for s in symptoms) else INCOMPLETE


def lines(symptom: Symptom, width: int | None) -> list[str]:
    """What is told of one test: a line that a program can read, or lines of at most `width` columns where it is given."""
    mark, text = "ok  " if symptom.well else "FAIL", f"{one_line(symptom.what)}: {one_line(symptom.told)}"
    first, *rest = [text] if width is None else wrapped(text, width - len(_HANG))
    return [f"{mark}  {first}", *(_HANG + line for line in rest)]


def _examine(able: Known) -> Iterator[Symptom]:
    file = able.configuration.file
    yield Symptom("configuration", well=True, told=str(file) if file else "built-in default: this host")
    yield from _kept(able.configuration.store)
    yield Symptom("clock", well=now().year >= 2024, told=f"{now():%Y-%m-%d %H:%M:%SZ}")
    for name, well, told in schedules.told(able):
        yield Symptom(f"schedule {name}", well=well, told=told)
    for target in able.configuration.targets:
        yield from map(_harmless, _target(target, _sources(able, target)))


def _kept(place: StorePlace) -> Iterator[Symptom]:
    """The keys and the store, which belong together."""
    store, begun_with = _store(place)
    yield _key(place.key, begun_with)
    yield store


def _key(path: str, begun_with: str | None) -> Symptom:
    """`begun_with`: the public half of the key whose log the store holds, if it holds one."""
    try:
        public = keys.load(path).public_text
    except AbsentKeysError:
        if begun_with is not None:
            both = f"restore it and {path}{keys.REDACTION} from their backup"
            return Symptom("key", well=False, told=f"{path}: is not there, and the store was begun with it; {both}")
        writable = os.access(Path(path).parent, os.W_OK)
        return Symptom("key", well=writable, told=f"{path}: {'the first run makes it' if writable else 'cannot be made there'}")
    except KeyFileError as error:
        return Symptom("key", well=False, told=str(error))
    if begun_with not in (None, public):
        return Symptom("key", well=False, told=f"{path}: the store was begun with another key; name that one in [store]")
    return Symptom("key", well=True, told=f"{path}, public half {public}")


def _store(place: StorePlace) -> tuple[Symptom, str | None]:
    """How it stands with the store, and the public half of the key that it was begun with."""
    try:
        with open_store(place.url, create=False, upgrade=False) as store:
            checkpoint = store.checkpoint()
            genesis = next(store.leaves(until=1), None)
            begun_with = genesis.fields.get("key") if genesis and genesis.kind == "genesis" else None
            if checkpoint is None:
                return _unsealed(place, "empty"), begun_with
            return Symptom("store", well=True, told=f"{store.size} entries, sealed up to {checkpoint.size}"), begun_with
    except AbsentError:
        return _none_yet(place), None
    except StoreError as error:
        return Symptom("store", well=isinstance(error, OutdatedError), told=str(error)), None


def _none_yet(place: StorePlace) -> Symptom:
    if place.file is not None and not os.access(place.file.parent, os.W_OK):
        return Symptom("store", well=False, told=f"{place.file}: cannot be made there")
    return _unsealed(place, "not there yet; the first run makes it")


def _unsealed(place: StorePlace, told: str) -> Symptom:
    """Without a checkpoint it is well only where none was ever signed: a run takes another for one that was rolled back."""
    witness = Path(place.key + keys.CHECKPOINTS)
    try:
        gone = next(side_file.notes(witness), None) is not None
    except OSError as error:
        return Symptom("store", well=False, told=f"{witness}: cannot be read: {error.strerror}")
    if gone:
        told = (
            f"holds nothing, and {witness} tells of a log; restore it from its backup, or name a key of its own for a new log"
        )
    return Symptom("store", well=not gone, told=told)


def _sources(able: Known, target: Target) -> tuple[Source, ...]:
    """What a run of every check reads there."""
    needed = able.sources.needed(check for check in able.checks.values() if check.provider == target.kind)
    return tuple(source for source in needed if source.provider == target.kind)


def _target(target: Target, sources: Sequence[Source]) -> Iterator[Symptom]:
    what = f"target {target.name} ({target.kind})"
    try:
        require_extras([target])
        with closing(connect(target)) as connection:
            yield from _reached(what, target, connection, sources)
        if target.kind == "records":
            yield from _records(what, target.settings.path)
    except ConfigurationError as error:
        yield Symptom(what, well=False, told=str(error))
    except UnreadError as error:
        yield Symptom(what, well=False, told=str(error.unread))
    except Exception as error:  # noqa: BLE001 - the edge: as in a run, a provider's surprise fails its target and no other
        log.debug("%s: %s", what, trail(error))
        kind, text = type(error).__name__, " ".join(str(error).split())
        unread = Unread(Why.UNEXPECTED, target.name, f"{kind}: {text}" if text else kind)
        yield Symptom(what, well=False, told=str(unread))


def _reached(what: str, target: Target, connection: Connection, sources: Sequence[Source]) -> Iterator[Symptom]:
    """What can be had of a target. Raises what `places` raises."""
    places: list[Place] = []
    for place in connection.places():
        told = str(place.failed) if place.failed else f"reached as {place.principal}"
        yield Symptom(f"{what} {place.scope.account} {place.scope.region}", well=place.failed is None, told=told)
        places.append(place)
    if not places:
        yield Symptom(what, well=False, told=str(Unread(Why.UNEXPECTED, target.name, "it names no place to read")))
    for probed in probe(connection, [place for place in places if place.failed is None], sources):
        yield from _probed(f"{what} {probed.scope.account}", probed)


def _harmless(symptom: Symptom) -> Symptom:
    """What a provider said holds no secret when it is told, and is no page long."""
    return replace(symptom, told=one_line(Redactor.scrub(symptom.told), _LONGEST))


def _probed(what: str, probed: Probed) -> Iterator[Symptom]:
    if probed.answered or not probed.missing:
        yield Symptom(what, well=True, told=f"{probed.answered} of {probed.tried} reads answer")
    for unread in probed.missing:
        yield Symptom(what, well=False, told=str(unread))


def _records(what: str, path: str) -> Iterator[Symptom]:
    from collectors.records.loading import problems

    for problem in problems(Path(path)):
        yield Symptom(what, well=False, told=str(problem))
