"""One source for each kind of record, made from its declaration.

- A register whose file is absent is read, complete and empty: whether that is a gap is for checks to say.
- A file that cannot be understood leaves the whole kind unread; a part of a register is never taken for all of it.
- Beside what a record says stands where it comes from: commit, author, signature, strength.
"""

from collections.abc import Callable, Iterator

from collectors.records.directory import Reader
from collectors.records.kinds import KINDS
from collectors.records.parsing import Record
from collectors.records.provenance import FACTS, GOOD, Blame, facts
from collectors.records.schema import APPROVERS, Kind
from collectors.source import Facet, Source, UnreadError, source
from evidence_store.records import Json, Observation, Unread

ROSTER = KINDS["person"].file


def facets(kind: Kind) -> list[Facet]:
    """What the source of a kind yields: the record, its personal data, its provenance."""
    required = ("id", *(f.name for f in kind.fields if f.required and not f.personal))
    optional = tuple(f.name for f in kind.fields if not f.required and not f.personal) + kind.derived
    personal = tuple(f.name for f in kind.fields if f.personal)
    effective = "effective_on" if kind.effective else None
    found = [Facet(kind.type, required, optional, lists=True, effective=effective)]
    if personal:
        found.append(Facet(kind.type, (), personal, name="personal", personal=True))
    found.append(Facet(kind.type, ("strength",), tuple(n for n in FACTS if n != "strength"), name="provenance", personal=True))
    return found


def _reading(kind: Kind) -> Callable[[Reader], Iterator[Observation]]:
    personal = [f.name for f in kind.fields if f.personal]

    def read(reader: Reader) -> Iterator[Observation]:
        blames: dict[str, Blame | Unread | None] = {}
        for record in reader.records(kind):
            uid = reader.scope.uid(kind.type, record.id)
            said = {name: value for name, value in record.facts.items() if name not in personal}
            yield Observation(kind.type, uid, {"id": record.id, **said})
            if personal:
                yield Observation(kind.type, uid, {name: record.facts[name] for name in personal}, "personal")
            if record.file not in blames:
                blames[record.file] = _blame(reader, record.file)
            yield Observation(kind.type, uid, _provenance(reader, record, blames[record.file]), "provenance")

    return read


def _blame(reader: Reader, file: str) -> Blame | Unread | None:
    try:
        return reader.blame(file)
    except UnreadError as error:
        return error.unread


def _provenance(reader: Reader, record: Record, blame: Blame | Unread | None) -> dict[str, Json] | Unread:
    if isinstance(blame, Unread):
        return blame
    found = blame.last(record.lines) if blame is not None else None
    approver = next((record.facts[name] for name in APPROVERS if record.facts.get(name)), None)
    try:
        address = reader.address(approver) if approver and found and found[0].signature == GOOD else None
    except UnreadError as error:
        return error.unread
    return facts(found, address)


def _declared(kind: Kind) -> Source:
    calls = tuple(dict.fromkeys((kind.file, ROSTER)))
    return source(f"isms/{kind.file}", level="account", yields=facets(kind), calls=calls)(_reading(kind))


SOURCES = tuple(_declared(kind) for kind in KINDS.values())
