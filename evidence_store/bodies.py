"""How bodies are kept: compressed, under a digest that commits to a random salt, so that a body can be erased.

A digest of bare facts would tell whoever guesses them that the guess was right, long after their erasure.
"""

import hashlib
import secrets
import threading

import zstandard

SALT = 16
_LEVEL = 3
_LIMIT = 1 << 30


class BodyError(ValueError):
    """A stored body cannot be unpacked."""


def salt() -> bytes:
    return secrets.token_bytes(SALT)


def state_digest(salted: bytes, text: bytes) -> bytes:
    return hashlib.sha256(salted + text).digest()


class _Own(threading.local):
    """A compressor for each thread: threads cannot share one, and one that was used keeps 80 KB."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=_LEVEL)


_own = _Own()


def compress(text: bytes) -> bytes:
    """The body of a state."""
    return _own.compressor.compress(text)


def unpack(body: bytes, decompressor: zstandard.ZstdDecompressor | None = None) -> bytes:
    """Raises `BodyError`."""
    try:
        if zstandard.frame_content_size(body) not in range(_LIMIT):
            raise BodyError("the body does not say how long it is")
        return (decompressor or zstandard.ZstdDecompressor()).decompress(body, allow_extra_data=False)
    except (zstandard.ZstdError, MemoryError, TypeError) as error:
        raise BodyError(f"the body cannot be unpacked: {error}") from None


def pack_detail(text: bytes) -> tuple[str, bytes]:
    """The digest that stands in a leaf, and the salted, compressed detail that it stands for."""
    salted = salt() + text
    return hashlib.sha256(salted).hexdigest(), zstandard.ZstdCompressor(level=9).compress(salted)


def open_detail(detail: bytes) -> tuple[str, bytes]:
    """The digest and the canonical text of a detail. Raises `BodyError`."""
    salted = unpack(detail)
    return hashlib.sha256(salted).hexdigest(), salted[SALT:]
