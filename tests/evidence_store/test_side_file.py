"""The file of checkpoints: its end says what was signed last, and reading it costs the same after any number of runs."""

import io
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from evidence_store import note, side_file
from evidence_store.errors import RolledBackError, StoreError

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()


def signed(size: int, key: Ed25519PrivateKey = KEY) -> str:
    checkpoint = note.Checkpoint("annexa/test", size, bytes(32), "2026-01-01T00:00:00Z")
    return note.sign(checkpoint.body, "annexa/test", key)


def kept(path: Path) -> side_file.SideFile:
    return side_file.SideFile(path, PUBLIC)


class Counted(io.BytesIO):
    """A file that knows how many of its bytes were read."""

    total = 0

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self.total += len(content)
        return content


def test_the_bytes_read_do_not_grow_with_the_notes() -> None:
    read = []
    for count in (10, 1_000, 20_000):
        file = Counted("".join(signed(1) + "\n" for _ in range(count - 1)).encode() + (signed(count) + "\n").encode())
        assert side_file.newest(file) == (signed(count), len(file.getvalue()))
        read.append(file.total)
    assert read[1] == read[2]
    assert read[2] < 5_000


def test_a_torn_note_at_the_end_costs_no_more() -> None:
    whole = "".join(signed(size) + "\n" for size in range(1, 1_000)).encode()
    for cut in range(len(signed(7).encode())):
        file = Counted(whole + signed(1_000).encode()[:cut])
        assert side_file.newest(file) == (signed(999), len(whole))
        assert file.total < 5_000


def test_the_newest_is_verified_and_the_others_when_all_are(tmp_path: Path) -> None:
    path, other = tmp_path / "checkpoints", Ed25519PrivateKey.from_private_bytes(bytes(32))
    path.write_text(f"{signed(1, other)}\n{signed(2)}\n{signed(3)}\n")
    last = kept(path).last()
    assert last is not None
    assert last.size == 3
    with pytest.raises(note.NoteError):
        [note.open_checkpoint(one, PUBLIC) for one in side_file.notes(path)]
    path.write_text(f"{signed(1)}\n{signed(2)}\n{signed(3, other)}\n")
    with pytest.raises(RolledBackError, match="did not sign"):
        kept(path).last()


@pytest.mark.parametrize("change", [("\n2\n", "\n3\n"), ("annexa/test\n2", "annexa/test \n2"), ("AAAA", "AAAB")])
def test_a_newest_note_that_was_edited_is_an_error_and_not_passed_over(tmp_path: Path, change: tuple[str, str]) -> None:
    path = tmp_path / "checkpoints"
    path.write_text(f"{signed(1)}\n{signed(2).replace(*change)}\n")
    with pytest.raises(RolledBackError, match="did not sign"):
        kept(path).last()


def test_no_file_and_one_without_a_whole_note_hold_nothing(tmp_path: Path) -> None:
    path = tmp_path / "checkpoints"
    assert kept(path).last() is None
    for content in ("", "\n", "annexa/test\n1\n", signed(1), signed(1)[:-1]):
        path.write_text(content)
        assert kept(path).last() is None
        assert list(side_file.notes(path)) == []


def test_what_is_appended_follows_the_last_whole_note(tmp_path: Path) -> None:
    path = tmp_path / "checkpoints"
    kept(path).append([signed(1), signed(2)])
    whole = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        before = list(side_file.notes(path))
        kept(path).append([signed(3)])
        assert list(side_file.notes(path)) == [*before, signed(3)]
        assert before == [signed(1), signed(2)][: len(before)]


def test_what_a_note_is_does_not_hang_on_how_lines_end(tmp_path: Path) -> None:
    """Somebody's editor or version control has converted the file: the witness is neither lost nor cut off."""
    path = tmp_path / "checkpoints"
    path.write_bytes(f"{signed(1)}\n{signed(2)}\n".replace("\n", "\r\n").encode())
    last = kept(path).last()
    assert last is not None
    assert last.size == 2
    kept(path).append([signed(3)])
    assert list(side_file.notes(path)) == [signed(1), signed(2), signed(3)]


def test_a_file_that_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        kept(tmp_path).last()
    with pytest.raises(StoreError, match="cannot be appended"):
        kept(tmp_path).append([signed(1)])
    with pytest.raises(StoreError, match="cannot be appended"):
        kept(tmp_path / "absent" / "checkpoints").append([signed(1)])


PIECES = st.sampled_from(
    [b"\n", b"\r\n", b"\r", b"\n\n", "— ".encode(), "—".encode(), b"a", b"\xe2\x80", b"\xff", "— x y\n".encode(), b"z" * 5_000,
     (signed(1) + "\n").encode(), (signed(2) + "\n").encode() * 30, b"\0", "\u2028".encode(), b" "]
)  # fmt: skip


@given(st.lists(PIECES, max_size=12).map(b"".join))
def test_the_newest_is_the_last_of_all_whatever_the_file_holds(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    last, end = side_file.newest(io.BytesIO(content))
    assert last == ([None, *side_file.notes(path)])[-1]
    path.write_bytes(content[:end])
    assert ([None, *side_file.notes(path)])[-1] == last
    path.write_bytes(content[end:])
    assert list(side_file.notes(path)) == []
