"""Status over time, told by its changes."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO

import pytest

from evidence_store.firings import Missed, WhyMissed
from evidence_store.records import Status
from mappings.catalogue import UnknownControlError
from reports import history_json, history_text
from reports.history import check_history, control_history, resource_history
from reports.reading import NoRunError
from tests.reports.sealing import Book, said

DAY = timedelta(days=1)
UID = "arn:aws:rds:eu-west-1:db:a"


def written(write: Callable[[Any, TextIO], None], history: Any) -> str:
    out = io.StringIO()
    write(history, out)
    return out.getvalue()


@pytest.fixture
def lived(book: Book) -> Book:
    """Four runs: a fails, fails, passes, passes."""
    for status, reason in ((Status.FAIL, "a is plain"), (Status.FAIL, "a is plain"), (Status.PASS, ""), (Status.PASS, "")):
        book.run([said("aws_rds_encrypted", "a", status, reason), said("aws_rds_encrypted", "b", Status.PASS)])
    return book


def test_a_controls_runs_are_collapsed_to_changes(lived: Book) -> None:
    [history] = control_history(lived.store, "8.24")
    assert [(c.assessment, c.runs) for c in history.changes] == [("gap", 2), ("partial", 2)]
    [subject] = json.loads(written(history_json.write_controls, [history]))["subjects"]
    assert subject["id"] == "A.8.24"
    assert [c["fail"] for c in subject["changes"]] == [1, 0]
    assert subject["changes"][0]["from"] < subject["changes"][0]["last"] < subject["changes"][1]["from"]
    assert "Use of cryptography" in written(history_text.write_controls, [history])


@pytest.mark.parametrize(
    ("asks", "counts"),
    [
        ({}, True),
        ({"checks": ["aws_rds_encrypted"]}, True),
        ({"controls": ["A.8.24"]}, True),
        ({"checks": ["aws_iam_access_key_age"]}, False),
    ],
)
def test_runs_that_were_missed_and_would_have_asked_are_told(lived: Book, asks: dict[str, list[str]], *, counts: bool) -> None:
    firings, at = lived.store.firings, datetime(2026, 1, 1, 3, tzinfo=UTC)
    firings.register("nightly", {"name": "nightly", "targets": [], "controls": [], "checks": [], **asks}, at)
    (standing,) = firings.standings()
    firing = firings.claim(standing, at + 4 * DAY, Missed(3, at + DAY, at + 3 * DAY, WhyMissed.DOWN), "one", DAY)
    assert firing is not None
    assert firings.miss(firing, WhyMissed.FAILED)
    lived.run([said("aws_rds_encrypted", "a", Status.PASS)])
    [control] = control_history(lived.store, "A.8.24")
    check, resource = check_history(lived.store, "aws_rds_encrypted"), resource_history(lived.store, UID)
    sentence = "4 runs that were due from 2026-01-02 03:00Z to 2026-01-05 03:00Z were missed (3 down, 1 failed)"
    for write_json, write_text, history in (
        (history_json.write_controls, history_text.write_controls, [control]),
        (history_json.write_check, history_text.write_check, check),
        (history_json.write_resource, history_text.write_resource, resource),
    ):
        [subject] = json.loads(written(write_json, history))["subjects"]
        assert [(m["schedule"], m["count"], m["why"]) for m in subject["missed"]] == (
            [("nightly", 3, "down"), ("nightly", 1, "failed")] if counts else []
        )
        assert (sentence in " ".join(written(write_text, history).split())) == counts


def test_a_theme_gives_the_history_of_each_of_its_controls(lived: Book) -> None:
    assert len(control_history(lived.store, "A.8")) == 34


def test_a_checks_history_counts_its_resources(lived: Book) -> None:
    history = check_history(lived.store, "aws_rds_encrypted")
    assert [dict(c.counts) for c in history.changes] == [{Status.PASS: 1, Status.FAIL: 1}, {Status.PASS: 2}]
    [subject] = json.loads(written(history_json.write_check, history))["subjects"]
    assert subject["changes"][0]["pass"] == 1
    shown = written(history_text.write_check, history)
    assert [line.split()[-2:] for line in shown.splitlines()[2:]] == [["1", "1"], ["2", "0"]]


def test_a_resources_history_says_what_held_and_until_when(lived: Book) -> None:
    history = resource_history(lived.store, UID)
    assert [(a.status, a.reason, a.until is None) for a in history.answers] == [
        (Status.FAIL, "a is plain", False),
        (Status.PASS, "", True),
    ]
    assert history.answers[0].until == history.answers[1].first
    shown = written(history_text.write_resource, history)
    assert "still" in shown
    assert "a is plain" in shown
    assert json.loads(written(history_json.write_resource, history))["subjects"][0]["id"] == UID


def test_what_nobody_recorded_is_said_to_be_so(lived: Book) -> None:
    assert "no sealed run holds" in written(history_text.write_resource, resource_history(lived.store, "nope"))
    assert "no sealed run holds" in written(history_text.write_check, check_history(lived.store, "aws_s3_tls_only"))


def test_an_unknown_control_is_refused_with_the_nearest(lived: Book) -> None:
    with pytest.raises(UnknownControlError, match=r"A\.8\.2"):
        control_history(lived.store, "A.8.240")


@pytest.mark.parametrize("ask", [control_history, check_history, resource_history])
def test_an_empty_store_gives_one_sentence(book: Book, ask: Callable[..., object]) -> None:
    with pytest.raises(NoRunError, match="no sealed run"):
        ask(book.store, "A.8.24")


def test_what_is_not_sealed_is_not_history(lived: Book) -> None:
    with lived.store.writer(lived.keys, origin="x", clock=lambda: lived.now) as writer:
        writer.begin("unsealed", {}, {})
        with writer.findings(
            "prod", [said("aws_rds_encrypted", "a", Status.PASS).scope], {"aws_rds_encrypted": (1, "p")}
        ) as sink:
            sink.add(said("aws_rds_encrypted", "a", Status.FAIL, "fails again"))
    assert [a.status for a in resource_history(lived.store, UID).answers] == [Status.FAIL, Status.PASS]
    assert resource_history(lived.store, UID).answers[-1].until is None
