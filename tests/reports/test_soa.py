"""The Statement of Applicability: 93 controls, what is declared beside what was assessed."""

import errno
import io
import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]  # ships no types
import pytest
from xlsxwriter.exceptions import FileCreateError  # type: ignore[import-untyped]  # ships no types

from evidence_store.records import Json, Observation, Status, Unread, Why
from reports import soa_json, soa_text, soa_xlsx
from reports.reading import NoRunError
from reports.soa import SoaView, soa_view
from reports.terminal import WIDTH, columns
from tests.reports.estate import HOSTILE
from tests.reports.sealing import EU2, Book, catalogue, said

DENIED = Unread(Why.DENIED, "rds:DescribeDBInstances", "AccessDenied")
GENERATED = datetime(2026, 3, 9, 8, 30, tzinfo=UTC)


def entry(control: str, **changed: Json) -> dict[str, Json]:
    return {
        "control": control,
        "applicable": True,
        "reason": "the risk register asks for it",
        "responsibility": "own",
        "status": "implemented",
        "owner": "Ada",
        "risks": ["R-1", "R-2"],
        "approved_by": "Grace",
        "approved_on": "2026-01-15",
        **changed,
    }


STATEMENT = (
    entry("A.8.24"),
    entry("A.8.30", applicable=False, reason="nothing is outsourced", status=None),
    entry("A.8.12", status="planned", due="2026-06-30"),
    entry("A.7.1", responsibility="inherited"),
)
SCOPE = Observation(
    "records.scope",
    "records:acme-isms:global:records.scope:scope",
    {
        "statement": "The payment platform and the people who run it.",
        "version": "2.1",
        "sites": ["Dublin"],
        "exclusions": [{"what": "retail shops", "reason": "a company of their own"}],
        "approved_by": "Grace",
        "approved_on": "2026-01-10",
    },
)


def sealed(book: Book, statement: Sequence[Json] = STATEMENT) -> SoaView:
    """One run: a gap in A.8.24, a denied region, something undecided."""
    findings = [
        said("aws_rds_encrypted", "a", Status.PASS),
        said("aws_rds_encrypted", "b", Status.FAIL, "b is plain"),
        said("aws_rds_encrypted", "all", Status.UNKNOWN, str(DENIED), EU2),
        said("aws_iam_root_mfa", "u", Status.UNKNOWN, "u has no owner in the asset register"),
    ]
    book.run(findings, denied=DENIED, complete=False, soa=statement, records=[SCOPE])
    return soa_view(book.store, generated=GENERATED)


def text(view: SoaView) -> str:
    out = io.StringIO()
    soa_text.write(view, out)
    return out.getvalue()


def parsed(view: SoaView) -> Any:
    out = io.StringIO()
    soa_json.write(view, out)
    return json.loads(out.getvalue())


def workbook(view: SoaView, tmp_path: Path) -> Any:
    path = tmp_path / "soa.xlsx"
    with path.open("wb") as out:
        soa_xlsx.write(view, out)
    return openpyxl.load_workbook(path)


def rows_of(sheet: Any) -> dict[str, dict[str, Any]]:
    titles, *rows = list(sheet.iter_rows(values_only=True))
    return {row[0]: dict(zip(titles, row, strict=True)) for row in rows}


def test_every_control_of_annex_a_has_a_row_whether_it_is_mentioned_or_not(book: Book) -> None:
    view = sealed(book)
    assert [row.line.id for row in view.rows] == [c.id for c in catalogue().controls.values() if c.is_annex_a]
    assert len(view.rows) == 93
    assert view.applicability() == {"applicable": 3, "not applicable": 1, "not stated": 89}
    assert sum(view.counts().values()) == 93


def test_differences_come_first_and_contradictions_before_all(book: Book) -> None:
    view = sealed(book)
    assert str(view.differences[0].difference) == "contradicted"
    assert view.differences[0].line.id == "A.8.24"
    report = parsed(view)
    assert report["differences"][0]["control"] == "A.8.24"
    shown = text(view)
    assert shown.index("DIFFERENCES") < shown.index("CONTROLS OF ANNEX A")
    assert "A.8.24 is declared implemented and its assessment is gap: " in shown


def test_an_excluded_control_keeps_the_machines_status_beside_it(book: Book) -> None:
    row = next(row for row in sealed(book).rows if row.line.id == "A.8.30")
    assert (row.applicability, row.declared, row.line.assessment) == ("not applicable", "", "partial")


def test_the_cover_names_scope_version_approval_time_and_checkpoint(book: Book) -> None:
    view = sealed(book)
    assert view.scope.statement == "The payment platform and the people who run it."
    assert view.scope.exclusions == ("retail shops (a company of their own)",)
    assert view.version.startswith("2.1, content ")
    assert view.approval == "Grace, 2026-01-15 (self-declared)"
    report = parsed(view)
    assert report["generated"] == "2026-03-09T08:30:00Z"
    assert report["as_of"] == "2026-03-02T06:01:30Z"
    assert report["checkpoint"]["origin"] == "annexa.example.org/test"
    assert report["unknown_answers"] == 2


def test_a_changed_statement_has_another_version(book: Book) -> None:
    assert sealed(book).version != sealed(book, STATEMENT[:2]).version


def test_an_approval_is_verified_only_where_a_signature_shows_it(book: Book) -> None:
    records = [
        Observation("records.soa", f"records:acme-isms:global:records.soa:{n}", {"strength": strength}, "provenance")
        for n, strength in enumerate(("verified", "self-declared"))
    ]
    book.run([], soa=STATEMENT, records=records)
    assert soa_view(book.store).approval == "Grace, 2026-01-15 (1 of 2 rows verified)"
    book.run([], soa=STATEMENT, records=records[:1])
    assert soa_view(book.store).approval == "Grace, 2026-01-15 (verified)"


def test_rows_that_nobody_approved_are_counted(book: Book) -> None:
    view = sealed(book, [*STATEMENT, entry("A.5.1", approved_by=None, approved_on=None)])
    assert view.approval == "Grace, 2026-01-15 (self-declared); rows without approval: 1"


def test_without_a_statement_or_scope_the_report_says_so(book: Book) -> None:
    book.run([])
    view = soa_view(book.store)
    assert view.version == "no Statement of Applicability was read in this run"
    assert "no scope statement was recorded" in text(view)
    assert len(parsed(view)["controls"]) == 93


def test_an_empty_store_gives_one_sentence(book: Book) -> None:
    with pytest.raises(NoRunError, match="no sealed run"):
        soa_view(book.store)


def test_it_can_be_read_as_of_a_time(book: Book) -> None:
    sealed(book)
    book.run([said("aws_rds_encrypted", "b", Status.PASS)], soa=STATEMENT)
    before = soa_view(book.store, datetime(2026, 3, 2, 12, tzinfo=UTC))
    after = soa_view(book.store)
    status = [{row.line.id: row.line.assessment for row in view.rows}["A.8.24"] for view in (before, after)]
    assert status == ["gap", "partial"]


def test_strength_says_where_passing_evidence_comes_from(book: Book) -> None:
    strengths = {row.line.id: row.strength for row in sealed(book).rows}
    assert strengths["A.8.24"] == "observed (aws)"
    assert strengths["A.5.1"] == ""


def test_json_holds_declaration_and_assessment_of_each_control(book: Book) -> None:
    controls = {c["id"]: c for c in parsed(sealed(book))["controls"]}
    assert controls["A.8.24"]["soa"]["risks"] == ["R-1", "R-2"]
    assert controls["A.8.24"]["assessment"] == "gap"
    assert controls["A.8.12"]["soa"]["due"] == "2026-06-30"
    assert controls["A.5.7"]["soa"] is None
    assert all(c["not_observable"] for c in controls.values() if c["coverage"] != "full")


def test_what_is_unknown_is_told_with_what_to_do(book: Book) -> None:
    view = sealed(book)
    shown = text(view)
    assert "grant rds:DescribeDBInstances" in shown
    assert "u has no owner in the asset register" in shown
    report = parsed(view)
    assert report["unread"][0]["action"] == "rds:DescribeDBInstances"
    assert report["undecided"][0]["check"] == "aws_iam_root_mfa"


def test_text_fits_the_terminal(book: Book) -> None:
    assert all(columns(line) <= WIDTH for line in text(sealed(book)).splitlines())


def test_the_workbook_holds_every_control_with_declaration_and_evidence(book: Book, tmp_path: Path) -> None:
    made = workbook(sealed(book), tmp_path)
    assert made.sheetnames == ["Cover", "Differences", "Controls", "Clauses", "Unknown"]
    controls = rows_of(made["Controls"])
    assert len(controls) == 93
    row = controls["A.8.24"]
    assert row["Title"] == "Use of cryptography"
    assert (row["Applicable"], row["Justification"]) == ("applicable", "the risk register asks for it")
    assert (row["Declared"], row["Assessment"], row["Difference"]) == ("implemented", "gap", "contradicted")
    assert (row["Pass"], row["Fail"], row["Unknown"], row["Excepted"]) == (1, 1, 1, 0)
    assert (row["Owner"], row["Risks"], row["Worst open"]) == ("Ada", "R-1, R-2", "high")
    assert row["Oldest evidence"] == "2026-03-02"
    assert row["Not observable"]
    assert controls["A.8.12"]["Due"] == "2026-06-30"
    assert len(rows_of(made["Clauses"])) == len([c for c in catalogue().controls.values() if not c.is_annex_a])
    assert str(DENIED) in rows_of(made["Unknown"])


def test_the_workbooks_cover_answers_an_auditors_first_questions(book: Book, tmp_path: Path) -> None:
    cover = workbook(sealed(book), tmp_path)["Cover"]
    pairs = {row[0]: row[1] for row in cover.iter_rows(values_only=True) if row[0]}
    assert pairs["Scope of the ISMS"] == "The payment platform and the people who run it."
    assert pairs["Approval"] == "Grace, 2026-01-15 (self-declared)"
    assert pairs["Evidence as of"].startswith("2026-03-02 06:01Z")
    assert pairs["Generated at"] == "2026-03-09 08:30Z"
    assert pairs["Log"] == "annexa.example.org/test"
    assert len(pairs["Root hash"]) == 44
    assert pairs["Unknown answers"] == 2
    assert "scanner evidence verify" in pairs["Step 3"]
    assert "not mean compliant" in pairs["what this is"]


def test_the_workbook_can_be_filtered_and_printed(book: Book, tmp_path: Path) -> None:
    made = workbook(sealed(book), tmp_path)
    for name in ("Differences", "Controls", "Clauses", "Unknown"):
        sheet = made[name]
        assert sheet.freeze_panes == "C2"
        assert sheet.auto_filter.ref.startswith("A1:")
        assert sheet.print_title_rows == "$1:$1"
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)


def test_no_cell_of_the_workbook_is_computed_or_becomes_a_link(book: Book, tmp_path: Path) -> None:
    ids = [c.id for c in catalogue().controls.values() if c.is_annex_a]
    hostile = [entry(control, reason=bad, owner=bad) for control, bad in zip(ids, HOSTILE, strict=False)]
    made = workbook(sealed(book, hostile), tmp_path)
    for sheet in made:
        for row in sheet.iter_rows():
            for found in row:
                assert found.data_type != "f", found.value
                assert found.hyperlink is None
    assert rows_of(made["Controls"])[ids[2]]["Justification"] == HOSTILE[2]


def test_the_same_view_gives_the_same_bytes(book: Book) -> None:
    view = sealed(book)
    made = []
    for _ in range(2):
        out = io.BytesIO()
        soa_xlsx.write(view, out)
        made.append(out.getvalue())
    assert made[0] == made[1]


class Full(io.BytesIO):
    """A disk on which there is no room at first."""

    refused = 0

    def write(self, content: Any) -> int:
        if not self.refused:
            self.refused += 1
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(content)


def test_a_workbook_that_cannot_be_written_leaves_no_files_on_the_way(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = sealed(book)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = set(tmp_path.iterdir())
    with pytest.raises((OSError, FileCreateError), match="No space left"):
        soa_xlsx.write(view, Full())
    assert set(tmp_path.iterdir()) == before
