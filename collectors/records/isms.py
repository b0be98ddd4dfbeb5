"""The management system as a whole: the one record that always exists, on which checks ask whether a register exists."""

from collections.abc import Iterator

from collectors.records.directory import Reader
from collectors.records.kinds import KINDS
from collectors.records.loading import unclaimed
from collectors.source import Facet, UnreadError, source
from evidence_store.records import Observation

TYPE = "records.isms"


@source(
    "isms/",
    level="account",
    yields=[
        Facet(TYPE, ("registers", "unclaimed"), lists=True),
        Facet(TYPE, ("git", "head"), name="git"),
    ],
    calls=["."],
)
def isms(reader: Reader) -> Iterator[Observation]:
    uid = reader.scope.uid(TYPE, "isms")
    names = reader.names()
    registers = sorted(k.name for k in KINDS.values() if f"{k.folder}.toml" in names or f"{k.folder}/" in names)
    yield Observation(TYPE, uid, {"registers": registers, "unclaimed": [name for name, _ in unclaimed(names)]})
    try:
        yield Observation(TYPE, uid, reader.git_state(), "git")
    except UnreadError as error:
        yield Observation(TYPE, uid, error.unread, "git")
