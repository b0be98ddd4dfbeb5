"""Details of leaves taken apart by their bytes, so that a record that says what one before it said is not read anew.

- Each record's bytes are shown to be canonical: they were read and encoded again, or they differ from such bytes in nothing
  but numbers and times, or they have a form that leaves no choice. The heading is read and encoded again.
- So the whole detail is canonical and its records are these, and their root is that over their bytes as they stand.
- Whatever cannot be shown so is read as a whole: a detail of another form, a record with characters that hide its bounds.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple, TypeAlias, TypeVar

from evidence_store import canonical, merkle
from evidence_store.records import Json

SNAPSHOT, FINDING = b'{"calls":', b'{"check":'  # what their records begin with: the first of their keys

_NUMBER = rb"(?:0|[1-9][0-9]{0,14})"
_TIME = rb"[0-9.:TZ-]{20,27}"  # or what might be one: whoever reads it finds out
_TEXT = rb'"[ !#-\[\]-~]*"'  # ASCII that stands for itself
_SNAPSHOT_RECORD = re.compile(
    rb'%b,"closed":%b,"count":%b,"effective":(?:null|"(%b)"),"finished":"(%b)(","held":.*,"started":")(%b)(","types":.*)'
    % (_NUMBER, _NUMBER, _NUMBER, _TIME, _TIME, _TIME),
    re.DOTALL,
)
_FINDING_RECORD = re.compile(
    rb'(%b),"counts":(\{[^{}]*\}),"effective":(\[[^\[\]]*\]),"parameters":%b,"root":"([0-9a-f]{64})","version":%b\}'
    % (_TEXT, _TEXT, _NUMBER)
)
_MOST = 1 << 20  # bytes of counts that are remembered as canonical

Judgement: TypeAlias = tuple[str, bytes]  # what a leaf says of one check: its id, and the root over its findings
T = TypeVar("T")
Wording: TypeAlias = tuple[bytes, bytes]  # a record of a snapshot without its numbers and times
# What one source answered: the record after its first key, its wording, and the times that it speaks of, ended and began.
# Without a wording only reading it tells.
Answer: TypeAlias = tuple[bytes, Wording | None, bytes | None, bytes, bytes]


class Parts(NamedTuple):
    """A detail whose heading was read, and the bytes of its records after their first key, of which nothing is shown yet."""

    heading: dict[str, Json]
    told: bytes  # the heading's bytes
    first: bytes
    records: list[bytes]

    def root(self) -> str:
        """The root over heading and records, as `details.detail_root` gives it where all of them are canonical."""
        prefix = b"\x00" + self.first
        hashes = [sha256(prefix + record).digest() for record in self.records]
        return merkle.root([merkle.leaf_hash(self.told), *hashes]).hex()


def parts(text: bytes, first: bytes) -> Parts | None:
    """A detail taken apart; `None` where its bytes do not show where its records are."""
    start, opening, rest = text.partition(b'"records":[' + first)
    records, closing, end = rest.rpartition(b'}],"')
    if not opening or not closing:
        return None
    told, without = start + b'"' + end, b'%b"records":[],"%b' % (start, end)
    try:
        heading, bare = canonical.decode(told), canonical.decode(without)
        if "records" in heading or bare != {**heading, "records": []}:
            return None
        if canonical.encode(heading) != told or canonical.encode(bare) != without:
            return None
    except (canonical.CanonicalError, TypeError):
        return None
    return Parts(heading, told, first, (records + b"}").split(b"," + first))


def answers(found: Parts, known: Mapping[Wording, T]) -> list[tuple[Answer, T | None]] | None:
    """The records of snapshots, each with what is known of its wording; `None` where one cannot be shown to be canonical.

    `known`: by the wordings of such as were.
    """
    given: list[tuple[Answer, T | None]] = []
    for record in found.records:
        match = _SNAPSHOT_RECORD.fullmatch(record)
        wording, effective, finished, started = None, None, b"", b""
        if match is not None:
            effective, finished, before, started, after = match.groups()
            wording = before, after
            held = known.get(wording)
            if held is not None:
                given.append(((record, wording, effective, finished, started), held))
                continue
        if not _is_canonical(SNAPSHOT + record):
            return None
        # In a record within a record, the last beginning is not that of the whole.
        given.append(((record, None if b"{" in record else wording, effective, finished, started), None))
    return given


def read(answer: Answer) -> Json:
    """The record of an answer."""
    return canonical.decode(SNAPSHOT + answer[0])


def judgements(found: Parts, counted: set[bytes]) -> list[Judgement] | None:
    """The records of findings; `None` where one cannot be shown to be canonical. `counted`: counts that were, of any leaf."""
    given: list[Judgement] = []
    dated: set[bytes] = set()  # the times of one leaf are long, many of its records have the same, and no other leaf has them
    for record in found.records:
        match = _FINDING_RECORD.fullmatch(record)
        if match is None:
            return None
        check, counts, effective, root = match.groups()
        if not (_shown(counts, counted) and _shown(effective, dated)):
            return None
        given.append((check[1:-1].decode(), bytes.fromhex(root.decode())))
    if sum(map(len, counted)) > _MOST:
        counted.clear()
    return given


def _shown(part: bytes, proven: set[bytes]) -> bool:
    if part in proven:
        return True
    if not _is_canonical(part):
        return False
    proven.add(part)
    return True


def _is_canonical(text: bytes) -> bool:
    try:
        return canonical.encode(canonical.decode(text)) == text
    except canonical.CanonicalError:
        return False
