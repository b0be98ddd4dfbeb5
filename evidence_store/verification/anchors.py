"""What an auditor kept of a log, and holds the evidence against: checkpoints as Annexa gives them away.

- Signed notes, one or as many as the file beside the key gathers; a signature that does not hold is a contradiction.
- Or the line that a run ends with, or its JSON report. Nobody has signed these: they are as good as the place where they
  were kept.
- A text that holds neither anchors nothing, and is refused before anything is concluded from it.
"""

import base64
import re
from collections.abc import Iterator

from evidence_store.note import DIGITS, Checkpoint, NoteError, open_checkpoint, read_checkpoint
from evidence_store.verification.report import Problems

WHERE = "the checkpoint given"
_ROOT = r"(?P<root>[A-Za-z0-9+/]{43}=)"
_TOLD = (
    re.compile(rf"(?P<origin>\S+), size (?P<size>\d[\d,]*), root {_ROOT}"),
    re.compile(rf'"origin": "(?P<origin>[^"\s]+)", "size": (?P<size>\d+), "root": "{_ROOT}"'),
)


def checkpoints(text: str, public: bytes, integrity: Problems) -> list[Checkpoint]:
    """The checkpoints of a text; one that `public` did not sign is a problem. Raises `NoteError` where there is none."""
    text = text.replace("\r\n", "\n")
    notes = list(_notes(text))
    if not notes:
        return _told(" ".join(text.split()))
    found = []
    for note in notes:
        read_checkpoint(note.rpartition("\n\n")[0] + "\n")  # what is no checkpoint at all contradicts nothing
        try:
            found.append(open_checkpoint(note, public))
        except NoteError as error:
            integrity.add(WHERE, str(error))
    return found


def _notes(text: str) -> Iterator[str]:
    """The signed notes of a text, however many lines part them."""
    gathered: list[str] = []
    for line in [*text.split("\n"), ""]:
        if not line and gathered and gathered[-1].startswith("— "):
            yield "\n".join(gathered) + "\n"
            gathered = []
        elif line or gathered:
            gathered.append(line)


def _told(text: str) -> list[Checkpoint]:
    """What a report told, wrapped at whatever width."""
    found = []
    for told in (told for pattern in _TOLD for told in pattern.finditer(text)):
        if len(told["size"]) > DIGITS:
            raise NoteError("not a checkpoint: its size is longer than any")
        found.append(Checkpoint(told["origin"], int(told["size"].replace(",", "")), base64.b64decode(told["root"])))
    if not found:
        raise NoteError("holds no checkpoint: expected a signed note, or the line that a run ends with")
    return found
