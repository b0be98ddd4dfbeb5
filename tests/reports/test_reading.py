"""The view of a run is what the store sealed."""

import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from evidence_store.records import Scope, Status, Unread, Why
from reports import run_json
from reports.reading import NoRunError, run_view
from tests.reports.sealing import EU2, Book, said

DENIED = Unread(Why.DENIED, "rds:DescribeDBInstances", "AccessDenied")
EXCEPTION = {
    "id": "EX-1",
    "check": "aws_rds_encrypted",
    "resources": ["*:c"],
    "reason": "to be replaced",
    "owner": "ada",
    "approved_by": "grace",
    "starts": "2026-01-01",
    "expires": "2026-12-31",
    "risk": "R-1",
}


def test_an_empty_store_gives_one_clear_sentence(book: Book) -> None:
    with pytest.raises(NoRunError, match="no sealed run yet; `scanner run` makes the first one"):
        run_view(book.store)


def test_a_time_before_the_first_run_names_the_first(book: Book) -> None:
    book.run([], at=datetime(2026, 3, 1, tzinfo=UTC))
    with pytest.raises(NoRunError, match=r"no run was sealed by 2026-01-01.*ended at 2026-03-01"):
        run_view(book.store, datetime(2026, 1, 1, tzinfo=UTC))


def test_the_view_is_of_the_last_run_sealed_by_a_time(book: Book) -> None:
    first = datetime(2026, 3, 1, tzinfo=UTC)
    book.run([said("aws_rds_encrypted", "a", Status.FAIL, "a is plain")], at=first)
    book.run([said("aws_rds_encrypted", "a", Status.PASS)], at=first + timedelta(days=1))
    before = run_view(book.store, first + timedelta(hours=1))
    after = run_view(book.store)
    assert [f.status for f in before.findings] == [Status.FAIL]
    assert [f.status for f in after.findings] == [Status.PASS]
    assert before.id == "run-20260301"
    assert before.checkpoint.size < after.checkpoint.size


def test_the_view_of_a_run_by_its_id_is_of_that_run_though_another_was_sealed_since(book: Book) -> None:
    first = datetime(2026, 3, 1, tzinfo=UTC)
    book.run([said("aws_rds_encrypted", "a", Status.FAIL, "a is plain")], at=first)
    book.run([said("aws_rds_encrypted", "a", Status.PASS)], at=first + timedelta(days=1))
    view = run_view(book.store, run_id="run-20260301")
    assert (view.id, [f.status for f in view.findings]) == ("run-20260301", [Status.FAIL])
    with pytest.raises(NoRunError, match="no run other is sealed"):
        run_view(book.store, run_id="other")


def test_the_view_carries_exceptions_targets_controls_and_ages(book: Book) -> None:
    book.run([said("aws_rds_encrypted", "c", Status.FAIL, "c is plain")])
    book.run([said("aws_rds_encrypted", "c", Status.FAIL, "c is still plain")], exceptions=[EXCEPTION])
    [found] = run_view(book.store).findings
    assert found.exception is not None
    assert (found.exception.id, found.exception.expires, found.exception.risk) == ("EX-1", "2026-12-31", "R-1")
    assert found.target == "prod"
    assert found.controls == ("A.8.24",)
    first = next(iter(book.store.leaves("run_start")))
    assert found.since is not None
    assert first.time == found.since


def test_an_expired_exception_covers_nothing(book: Book) -> None:
    book.run([said("aws_rds_encrypted", "c", Status.FAIL, "c")], exceptions=[{**EXCEPTION, "expires": "2026-02-01"}])
    [found] = run_view(book.store).findings
    assert found.exception is None


def test_findings_can_be_read_again_and_again(book: Book) -> None:
    book.run([said("aws_rds_encrypted", name, Status.PASS) for name in "abc"])
    view = run_view(book.store)
    assert list(view.findings) == list(view.findings) != []


def test_a_run_of_one_control_shows_its_checks_and_its_control(book: Book) -> None:
    book.run([said("aws_rds_encrypted", "a", Status.PASS), said("aws_iam_root_mfa", "r", Status.PASS)])
    selected = {"controls": ["A.8.24"], "checks": ["aws_rds_encrypted"], "targets": ["prod"]}
    book.run([said("aws_rds_encrypted", "a", Status.PASS)], judged=("aws_rds_encrypted",), selected=selected)
    view = run_view(book.store)
    assert {f.check for f in view.findings} == {"aws_rds_encrypted"}
    assert [c.id for c in view.controls] == ["A.8.24"]
    assert view.planned == "A.8.24 needs 1 check, 1 source; 5 calls made"


def test_a_full_run_shows_every_control_and_clause(book: Book) -> None:
    book.run([])
    assert len([c for c in run_view(book.store).controls if c.id.startswith("A.")]) == 93


def test_a_place_that_is_no_longer_configured_no_longer_counts(book: Book) -> None:
    book.run([said("aws_rds_encrypted", "a", Status.FAIL, "a", EU2)])
    book.places = {"prod": (Scope("aws", "123456789012", "eu-west-1"),)}
    book.run([], judged=())
    assert list(run_view(book.store).findings) == []


def test_what_was_denied_is_in_coverage_and_makes_the_run_incomplete(book: Book) -> None:
    book.run([said("aws_rds_encrypted", "all", Status.UNKNOWN, str(DENIED), EU2)], denied=DENIED, complete=False)
    view = run_view(book.store)
    assert not view.complete
    assert [row.reason for row in view.coverage] == [None, str(DENIED)]
    assert view.coverage[1].scope == EU2


def test_a_blind_spot_that_an_exception_covers_is_known_as_such(book: Book) -> None:
    blind = {**EXCEPTION, "check": None, "resources": None, "scope": "aws:123456789012", "action": "rds:*"}
    book.run([], denied=DENIED, exceptions=[blind])
    view = run_view(book.store)
    assert view.blind_spot(EU2, "rds:DescribeDBInstances") is not None
    assert view.blind_spot(EU2, "s3:ListBuckets") is None


def test_json_of_a_sealed_run_holds_the_checkpoint_of_its_seal(book: Book) -> None:
    book.run([said("aws_rds_encrypted", "a", Status.PASS)])
    out = io.StringIO()
    run_json.write(run_view(book.store), out)
    report = json.loads(out.getvalue())
    checkpoint = book.store.checkpoint()
    assert checkpoint is not None
    assert report["checkpoint"]["size"] == checkpoint.size
    assert report["checkpoint"]["root"] in checkpoint.body
    control = next(c for c in report["controls"] if c["id"] == "A.8.24")
    assert {"id", "assessment", "missing", "pass", "fail", "unknown", "excepted", "oldest_evidence", "max_age_days"} <= set(
        control
    )
