"""Try each declared read as far as its first answer: what a run would be refused, known in seconds.

Nothing is kept. A read that depends on a listing (a bucket's own policy) cannot be tried without one; a run tells.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from collectors.source import Connection, NotEnabledError, Place, Source, UnreadError
from evidence_store.records import Observation, Scope, Unread, Why
from pipeline.collect import shape, trail

log = logging.getLogger(__name__)

THREADS = 16


@dataclass(frozen=True, slots=True)
class Probed:
    """What one account allows."""

    scope: Scope
    tried: int  # reads
    answered: int
    missing: tuple[Unread, ...]  # each named once


def probe(connection: Connection, places: Sequence[Place], sources: Iterable[Source]) -> Iterator[Probed]:
    """Try every independent read, of those of a region in the first region of each account. `places` are those reached."""
    wanted = [source for source in sources if source.parent is None]
    with ThreadPoolExecutor(THREADS) as pool:
        for account in dict.fromkeys(place.scope.account for place in places):
            of_account = [place for place in places if place.scope.account == account]
            asked = list(_reads(connection, places[0], of_account, wanted))
            refused = [unread for unread in pool.map(_tried, asked) if unread]
            if asked:
                missing = dict.fromkeys(unread for of_read in refused for unread in of_read)
                yield Probed(of_account[0].scope, len(asked), len(asked) - len(refused), tuple(missing))


_Read = tuple[str, Callable[[], Iterable[object]], bool]  # its name, what asks, whether it is a bulk pass


def _reads(connection: Connection, first: Place, of_account: Sequence[Place], sources: Sequence[Source]) -> Iterator[_Read]:
    """What is to be tried in one account. A bulk pass is the target's, and is tried with its first account."""
    passes = {source.bulk.name: source for source in sources if source.bulk is not None}
    if first in of_account:
        for name, source in passes.items():
            kinds = tuple(sorted({kind for s in sources if s.bulk is source.bulk for kind in s.takes}))
            reader = connection.reader(first, source)
            yield name, partial(_bulk, source, reader, kinds), True
    at: dict[str, Place] = {}
    for place in of_account:
        at.setdefault("account" if place.scope.region == "global" else "region", place)
    for source in sources:
        if source.bulk is None and source.level in at:
            reader = connection.reader(at[source.level], source)
            yield source.name, partial(source.read, reader), False


def _bulk(source: Source, reader: object, kinds: tuple[str, ...]) -> Iterable[object]:
    assert source.bulk is not None
    return (item.body for item in source.bulk.read(reader, kinds))


def _tried(read: _Read) -> list[Unread]:
    """Why there was no answer, or what it said was missing before the first thing that was read; empty where all is well."""
    name, ask, in_bulk = read
    missing: list[Unread] = []
    try:
        for found in ask():
            unread = found.facts if isinstance(found, Observation) else found
            if not isinstance(unread, Unread):
                break
            missing.append(unread)
    except UnreadError as error:
        missing.append(error.unread)
    except NotEnabledError as error:
        if in_bulk:  # as in a run: an inventory that is not enabled says nothing of what it would list
            missing.append(Unread(Why.UNSUPPORTED, name, str(error)))
    except Exception as error:  # noqa: BLE001 - the edge: as in a run, an answer that is not understood is a result
        log.debug("%s: %s", name, trail(error))
        missing.append(Unread(Why.UNEXPECTED, name, shape(error)))
    return missing
