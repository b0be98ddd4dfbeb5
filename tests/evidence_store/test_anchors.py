"""What an auditor kept, in whatever form Annexa gave it away."""

import base64
import json

import pytest

from evidence_store import keys, note, side_file, verification
from evidence_store.note import NoteError
from evidence_store.verification import Outcome, Report
from evidence_store.verification.__main__ import told

from .conftest import Bench


@pytest.fixture
def kept(lite: Bench) -> list[str]:
    """The notes of two runs."""
    lite.run("r1", {"a": {}})
    lite.run("r2", {"a": {"Public": True}})
    return list(side_file.notes(lite.keys.checkpoints))


def verified(bench: Bench, against: str) -> Report:
    with bench.store.evidence() as evidence:
        return verification.verify(evidence, bench.keys.public, against=against)


def line(text: str, public: bytes) -> str:
    """As a run ends with it."""
    read = note.open_checkpoint(text, public)
    return f"sealed as {read.origin}, size {read.size:,}, root {base64.b64encode(read.root).decode()}"


def test_each_form_of_what_was_kept_anchors(lite: Bench, kept: list[str]) -> None:
    ended = line(kept[0], lite.keys.public)
    read = note.open_checkpoint(kept[-1], lite.keys.public)
    root = base64.b64encode(read.root).decode()
    report = json.dumps({"checkpoint": {"origin": read.origin, "size": read.size, "root": root}})
    for text in (
        kept[0],
        "\n\n" + kept[0] + "\n\n",
        "\n".join(kept),  # the file beside the key
        lite.keys.checkpoints.read_text(),
        lite.keys.checkpoints.read_text().replace("\n", "\r\n"),
        ended,
        "EVIDENCE\n  " + ended.replace(", root ", ",\n    root ") + "\n  Keep this line.\n",
        report,
        told(verified(lite, kept[0])),
    ):
        assert verified(lite, text).integrity.outcome is Outcome.HOLDS, text


def test_each_form_of_what_was_kept_of_another_history_contradicts(lite: Bench, kept: list[str]) -> None:
    read = note.open_checkpoint(kept[-1], lite.keys.public)
    forged = base64.b64encode(bytes(32)).decode()
    longer = note.Checkpoint(read.origin, read.size + 1, read.root)
    stranger = keys.load_or_create(lite.keys.checkpoints.with_name("other.key"))
    for text in (
        f"{read.origin}, size {read.size}, root {forged}",
        f'"origin": "{read.origin}", "size": {read.size}, "root": "{forged}"',
        f"{kept[0]}\n{note.sign(longer.body, read.origin, lite.keys.signer)}",
        note.sign(read.body, read.origin, stranger.signer),
        line(kept[0], lite.keys.public).replace("annexa/test", "annexa/other"),
    ):
        assert verified(lite, text).integrity.outcome is Outcome.CONTRADICTED, text


def test_what_is_no_checkpoint_is_refused_before_anything_is_concluded(lite: Bench, kept: list[str]) -> None:
    endless, root = "1" * 5000, "A" * 43 + "="
    for text in (
        "",
        "a text",
        lite.keys.public_text,
        "\n".join(kept[0].split("\n")[2:]),
        "annexa/test, size 5, root short",
        f"annexa/test, size {endless}, root {root}",
        f"annexa/test\n{endless}\n{root}\n\n— annexa/test {root}\n",
    ):
        with pytest.raises(NoteError, match="checkpoint"):
            verified(lite, text)
