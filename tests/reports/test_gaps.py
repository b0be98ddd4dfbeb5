"""What fails, since when, and who answers for it."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from evidence_store.records import Observation, Severity, Status, Unread, Why
from mappings.catalogue import UnknownControlError
from reports import gaps_json, gaps_text
from reports.gaps import GapsView, gaps_view
from reports.owners import Owners
from reports.reading import NoRunError
from reports.terminal import WIDTH, columns
from tests.reports.estate import HOSTILE
from tests.reports.sealing import Book, said

DENIED = Unread(Why.DENIED, "rds:DescribeDBInstances", "AccessDenied")
EXCEPTION = {
    "id": "EX-1",
    "check": "aws_rds_encrypted",
    "resources": ["*:old"],
    "reason": "to be replaced",
    "owner": "ada",
    "approved_by": "grace",
    "starts": "2026-01-01",
    "expires": "2026-12-31",
}
ASSET = Observation(
    "records.asset", "records:acme-isms:global:records.asset:1", {"name": "orders", "owner": "Ada", "resources": ["*:db:young"]}
)


def text(view: GapsView) -> str:
    out = io.StringIO()
    gaps_text.write(view, out)
    return out.getvalue()


def parsed(view: GapsView) -> Any:
    out = io.StringIO()
    gaps_json.write(view, out)
    return json.loads(out.getvalue())


@pytest.fixture
def view(book: Book) -> GapsView:
    book.run([said("aws_rds_encrypted", "older", Status.FAIL, "older is plain")])
    book.run(
        [
            said("aws_rds_encrypted", "a-younger", Status.FAIL, "younger is plain"),
            said("aws_rds_encrypted", "young", Status.FAIL, "young is plain"),
            said("aws_rds_encrypted", "older", Status.FAIL, "older is plain"),
            said("aws_rds_encrypted", "old", Status.FAIL, "old is plain"),
            said("aws_rds_encrypted", "lost", Status.UNKNOWN, str(DENIED)),
            said("aws_iam_root_mfa", "root", Status.FAIL, "root has one factor"),
        ],
        exceptions=[EXCEPTION, {"id": "EX-2", "check": "x"}],
        records=[ASSET],
    )
    return gaps_view(book.store)


def test_gaps_are_ordered_by_severity_then_age(view: GapsView) -> None:
    order = [gap["resource"]["id"].rpartition(":")[2] for gap in parsed(view)["gaps"]]
    assert order == ["root", "older", "a-younger", "young"]


def test_each_gap_says_since_when_for_which_controls_what_to_do_and_who(view: GapsView) -> None:
    gap = parsed(view)["gaps"][-1]
    assert gap["since"] == "2026-03-03T06:01:30Z"
    assert gap["controls"] == ["A.8.24"]
    assert gap["fix"] == "Set it right."
    assert gap["owner"] == "Ada"
    assert parsed(view)["gaps"][0]["owner"] is None
    shown = text(view)
    assert "young is plain [arn:aws:rds:eu-west-1:db:young]; owner: Ada" in shown.replace("\n           ", " ")
    assert "fix: Set it right." in shown


def test_what_is_excepted_is_shown_and_not_counted_as_open(view: GapsView) -> None:
    report = parsed(view)
    assert report["open"] == {"critical": 1, "high": 3, "medium": 0, "low": 0}
    assert [f["exception"]["id"] for f in report["excepted_findings"]] == ["EX-1"]
    assert "EX-1 until 2026-12-31, 1 failure: to be replaced" in text(view)


def test_an_exception_that_does_not_count_is_named_with_the_reason(view: GapsView) -> None:
    assert any(each.startswith("EX-2: ") for each in parsed(view)["invalid_exceptions"])
    assert "EX-2: " in text(view)


def test_unknowns_are_counted_with_their_reasons(view: GapsView) -> None:
    report = parsed(view)
    assert report["unknown"] == 1
    assert report["unread"][0]["reason"] == str(DENIED)
    assert "1 unknown" in text(view)


def test_gaps_of_one_control_or_severity_only(book: Book, view: GapsView) -> None:
    assert {gap.check for gap in gaps_view(book.store, controls=["A.8.24"]).open} == {"aws_rds_encrypted"}
    assert {gap.severity for gap in gaps_view(book.store, severity=Severity.CRITICAL).open} == {Severity.CRITICAL}
    assert "no open failure observed" in text(gaps_view(book.store, controls=["A.7.1"]))


def test_a_control_that_nothing_was_asked_about_is_not_said_to_be_without_gaps_only(book: Book, view: GapsView) -> None:
    unseen = gaps_view(book.store, controls=["A.7.1"])
    assert "A.7.1: partial; missing review; no primary check of Annexa speaks to it" in text(unseen)
    assert "A.8.15: partial; missing practice; no check of it has answered yet" in text(
        gaps_view(book.store, controls=["A.8.15"])
    )
    assert "A.8.24: gap" in text(gaps_view(book.store, controls=["A.8.24"]))
    assert parsed(unseen)["assessments"] == {"A.7.1": "partial"}


def test_a_control_that_does_not_exist_is_refused_with_the_nearest(book: Book, view: GapsView) -> None:
    with pytest.raises(UnknownControlError, match=r"A\.8\.99"):
        gaps_view(book.store, controls=["A.8.99"])


def test_gaps_as_of_a_time(book: Book, view: GapsView) -> None:
    before = gaps_view(book.store, datetime(2026, 3, 2, 12, tzinfo=UTC))
    assert [gap.uid.rpartition(":")[2] for gap in before.open] == ["older"]


def test_an_empty_store_gives_one_sentence(book: Book) -> None:
    with pytest.raises(NoRunError, match="no sealed run"):
        gaps_view(book.store)


def test_long_lists_are_bounded_and_say_so(book: Book) -> None:
    book.run([said("aws_rds_encrypted", f"db-{i}", Status.FAIL, f"db-{i} is plain") for i in range(50)])
    shown = text(gaps_view(book.store))
    assert "and 42 more, see --format json" in shown
    assert len(shown.splitlines()) < 40


def test_hostile_names_stay_on_their_lines(book: Book) -> None:
    fit = [name for name in HOSTILE if len(name) < 1000 and not {"\0", "\uffff"} & set(name)]  # what the store takes
    book.run([said("aws_rds_encrypted", name, Status.FAIL, name) for name in fit])
    view = gaps_view(book.store)
    assert {gap["reason"] for gap in parsed(view)["gaps"]} == set(fit)
    for line in text(view).split("\n"):
        assert columns(line) <= WIDTH
        assert line.isprintable()


def test_an_asset_that_names_a_resource_goes_before_one_that_names_a_pattern() -> None:
    owners = Owners(
        [
            {"owner": "Pat", "resources": ["arn:*"]},
            {"owner": "Ada", "resources": ["arn:x"]},
            {"owner": None, "resources": ["arn:y"]},
            {"resources": None},
        ]
    )
    assert [owners.of_resource(uid) for uid in ("arn:x", "arn:y", "other")] == ["Ada", "Pat", ""]
