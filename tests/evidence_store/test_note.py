"""Signed notes and checkpoints are those that C2SP describes."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence_store import note

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()
CHECKPOINT = note.Checkpoint("annexa/test", 7, b"r" * 32, "2026-01-01T00:00:00Z")
SIGNED = note.sign(CHECKPOINT.body, "annexa/test", KEY)

# The example of the Go implementation, from which the format was taken.
PUBLISHED = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
PUBLISHED_KEY = base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")[1:]


def test_published_note_opens_with_its_key() -> None:
    assert note.key_id("PeterNeumann", PUBLISHED_KEY).hex() == "c74f20a3"
    assert note.open_note(PUBLISHED, "PeterNeumann", PUBLISHED_KEY).endswith("what your problem is.\n")


def test_a_changed_note_does_not_open() -> None:
    with pytest.raises(note.NoteError, match="does not fit"):
        note.open_note(PUBLISHED.replace("answer", "question"), "PeterNeumann", PUBLISHED_KEY)


def test_a_checkpoint_comes_back() -> None:
    assert note.open_checkpoint(SIGNED, PUBLIC, "annexa/test") == CHECKPOINT
    assert SIGNED.startswith("annexa/test\n7\ncnJycnJy")


def test_a_checkpoint_of_another_key_or_log_is_refused() -> None:
    other = Ed25519PrivateKey.from_private_bytes(b"o" * 32).public_key().public_bytes_raw()
    with pytest.raises(note.NoteError, match="not signed by"):
        note.open_checkpoint(SIGNED, other, "annexa/test")
    with pytest.raises(note.NoteError, match="not signed by"):
        note.open_checkpoint(SIGNED, PUBLIC, "annexa/other")


def test_signatures_of_witnesses_are_passed_over() -> None:
    witness = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
    cosigned = SIGNED + note.sign(CHECKPOINT.body, "witness.example", witness).split("\n\n")[1]
    assert note.open_checkpoint(cosigned, PUBLIC, "annexa/test") == CHECKPOINT


@pytest.mark.parametrize(
    "text", ["", "x", "a\n1\n\n", "a\n1\nAAAA\n\n— a AAAA\n", "a\n\n— a\n", SIGNED[:-1], SIGNED.replace("— ", "- ")]
)
def test_what_is_no_signed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(note.NoteError):
        note.open_checkpoint(text, PUBLIC)


@pytest.mark.parametrize(
    "body", ["annexa/test\n07\ncnJy\n", "annexa/test\n-1\ncnJy\n", "annexa/test\n7\ncnJy\n", "annexa/test\n7\n"]
)
def test_a_signed_text_that_is_no_checkpoint_is_refused(body: str) -> None:
    with pytest.raises(note.NoteError, match="not a checkpoint"):
        note.open_checkpoint(note.sign(body, "annexa/test", KEY), PUBLIC)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb"])
def test_a_name_that_would_break_the_format_is_refused(name: str) -> None:
    with pytest.raises(note.NoteError, match="cannot name a log"):
        note.sign("text\n", name, KEY)
