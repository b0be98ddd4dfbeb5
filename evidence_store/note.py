"""Signed notes and checkpoints as C2SP words them (signed-note, tlog-checkpoint), with Ed25519.

A checkpoint says: the log of this origin has this size and this root. The line `time ...` after them is an extension
line; it is signed with the rest.
"""

import base64
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
DIGITS = 4300  # of a size: Python reads no longer number


class NoteError(ValueError):
    """A text is not a signed note, or nobody we know has signed it."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log claims to be: its name, how many leaves it has, and their root."""

    origin: str
    size: int
    root: bytes
    time: str = ""  # RFC 3339

    @property
    def body(self) -> str:
        extension = f"time {self.time}\n" if self.time else ""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n{extension}"


def key_id(name: str, public: bytes) -> bytes:
    """The four bytes that tell a verifier which key signed (signed-note, "Signatures")."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def sign(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """The text with one signature line. Raises `NoteError` for a text or name that a note cannot hold."""
    if not text.endswith("\n") or any(c < " " and c != "\n" for c in text):
        raise NoteError("a note is text that ends in a newline and holds no other control character")
    check_name(name)
    signature = key_id(name, key.public_key().public_bytes_raw()) + key.sign(text.encode())
    return f"{text}\n— {name} {base64.b64encode(signature).decode()}\n"


def check_name(name: str) -> None:
    if not name or "+" in name or any(c.isspace() or c < " " for c in name):
        raise NoteError(f"{name!r} cannot name a log: no spaces, no plus sign, not empty")


def open_note(note: str, name: str, public: bytes) -> str:
    """The signed text. Raises `NoteError` where that key's signature is missing or wrong; foreign signatures are ignored."""
    text, separator, tail = note.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise NoteError("not a signed note")
    text += "\n"
    expected = key_id(name, public)
    for line in tail[:-1].split("\n"):
        signer, signature = _signature(line)
        if signer != name or signature[:4] != expected:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature[4:], text.encode())
        except (InvalidSignature, ValueError):
            raise NoteError(f"the signature of {name} does not fit the note") from None
        return text
    raise NoteError(f"the note is not signed by {name} with the expected key")


def _signature(line: str) -> tuple[str, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    try:
        signature = base64.b64decode(encoded, validate=True)
    except ValueError:  # `binascii.Error`, or characters beyond ASCII
        signature = b""
    if base64.b64encode(signature).decode() != encoded:  # the same bytes could be written in several ways
        signature = b""
    if dash != "—" or not name or len(signature) < 5:
        raise NoteError("a line of signature is malformed")
    return name, signature


def read_checkpoint(text: str) -> Checkpoint:
    """Raises `NoteError`. Does not look at signatures: give it what `open_note` returned."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not lines[1].isdecimal() or len(lines[1]) > DIGITS or lines[1] != str(int(lines[1])):
        raise NoteError("not a checkpoint: origin, size and root are expected")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except ValueError:
        root = b""
    if len(root) != 32:
        raise NoteError("not a checkpoint: the root is not 32 bytes")
    times = [line[5:] for line in lines[3:-1] if line.startswith("time ")]
    return Checkpoint(lines[0], int(lines[1]), root, times[0] if times else "")


def open_checkpoint(note: str, public: bytes, origin: str | None = None) -> Checkpoint:
    """A checkpoint whose signature holds. `origin` is what it must name; otherwise its own first line. Raises `NoteError`."""
    name = origin if origin is not None else note.split("\n", 1)[0]
    checkpoint = read_checkpoint(open_note(note, name, public))
    if checkpoint.origin != name:
        raise NoteError(f"the checkpoint is of {checkpoint.origin}, not of {name}")
    return checkpoint
