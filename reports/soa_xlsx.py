"""The Statement of Applicability as a workbook that an auditor can work with: filter it, print it, put notes beside it.

- Sheets: cover, differences, the 93 controls, the clauses, what is unknown.
- Texts are written as texts: whatever they begin with, no cell is computed or becomes a link.
- Printed on A4 landscape; the controls take two pages side by side, declaration and evidence, each with its ids.
- Rows go to disk as they are written; the same view gives the same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO

from reports.hostile import CELL_LIMIT, one_line
from reports.soa import SoaView
from reports.soa_sheets import CONTROLS, DECLARED, SHEETS, Cell, Sheet, cover
from reports.terminal import wrapped
from reports.view import to_the_minute

if TYPE_CHECKING:
    from xlsxwriter import Workbook  # type: ignore[import-untyped]  # ships no types
    from xlsxwriter.format import Format  # type: ignore[import-untyped]  # ships no types
    from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]  # ships no types

A4 = 9
INK, PALE, LINE = "#1F3A4D", "#EEF3F6", "#C9D3DA"
FILLS = {
    "gap": "#F6C7C3",
    "unknown": "#FBE6B4",
    "stale": "#FBE6B4",
    "partial": "#FFF6DC",
    "accepted": "#E3DDF2",
    "inherited": "#D9E8F5",
    "supported": "#D3EBD3",
}


@dataclass(frozen=True, slots=True)
class _Styles:
    title: "Format"
    heading: "Format"
    plain: "Format"
    label: "Format"
    text: "Format"
    number: "Format"
    header: "Format"
    statuses: Mapping[str, "Format"]


def write(view: SoaView, out: BinaryIO) -> None:
    """Write the workbook. Needs the package xlsxwriter."""
    # The package leaves the files that it makes on the way where they are when `out` cannot be written.
    with TemporaryDirectory(prefix="annexa-") as directory:
        _write(view, out, directory)


def _write(view: SoaView, out: BinaryIO, directory: str) -> None:
    from xlsxwriter import Workbook

    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = Workbook(out, {"constant_memory": True, "tmpdir": directory, **plain})
    made = view.generated or view.as_of
    book.set_properties(
        {
            "title": "Statement of Applicability",
            "subject": "ISO/IEC 27001:2022",
            "author": "Annexa",
            "created": made.astimezone(UTC).replace(tzinfo=None),
            "comments": f"{view.checkpoint.origin} {view.checkpoint.size} {view.checkpoint.root}",
        }
    )
    styles = _styles(book)
    _cover(book.add_worksheet("Cover"), styles, view, made)
    for sheet in SHEETS:
        written = _table(book.add_worksheet(sheet.name), styles, view, sheet)
        if sheet is CONTROLS:
            written.set_print_scale(54)
            written.repeat_columns(0)
            written.set_v_pagebreaks([len(DECLARED)])
    book.close()


def _styles(book: "Workbook") -> _Styles:
    font = {"font_name": "Calibri", "font_size": 10, "valign": "top"}
    boxed = {**font, "border": 1, "border_color": LINE}
    return _Styles(
        title=book.add_format({**font, "font_size": 20, "bold": True, "font_color": INK}),
        heading=book.add_format({**font, "font_size": 12, "bold": True, "font_color": INK, "bottom": 1, "bottom_color": INK}),
        plain=book.add_format(font),
        label=book.add_format({**boxed, "bold": True, "bg_color": PALE, "text_wrap": True}),
        text=book.add_format({**boxed, "text_wrap": True, "align": "left"}),
        number=book.add_format({**boxed, "align": "right", "num_format": "#,##0"}),
        header=book.add_format(
            {**boxed, "bold": True, "bg_color": INK, "font_color": "#FFFFFF", "text_wrap": True, "valign": "vcenter"}
        ),
        statuses={name: book.add_format({**boxed, "bold": True, "bg_color": fill}) for name, fill in FILLS.items()},
    )


def _paper(sheet: "Worksheet", view: SoaView) -> None:
    sheet.set_paper(A4)
    sheet.set_landscape()
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    sheet.hide_gridlines(2)
    origin = one_line(view.checkpoint.origin, 80).replace("&", "&&")
    sheet.set_header("&L&9Statement of Applicability, ISO/IEC 27001:2022&R&9&A")
    sheet.set_footer(f"&L&8{origin}, evidence as of {to_the_minute(view.as_of)}&R&8Page &P of &N")


def _cover(sheet: "Worksheet", styles: _Styles, view: SoaView, made: datetime) -> None:
    _paper(sheet, view)
    sheet.fit_to_pages(1, 0)
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 110)
    sheet.set_row(0, 30)
    sheet.write_string(0, 0, "Statement of Applicability", styles.title)
    sheet.write_string(1, 0, "ISO/IEC 27001:2022, Annex A, with the assessment of the evidence beside it", styles.plain)
    line = 2
    for heading, pairs in cover(view, made):
        line += 1
        sheet.write_string(line, 0, heading, styles.heading)
        sheet.write_blank(line, 1, None, styles.heading)
        for label, text in pairs:
            line += 1
            sheet.set_row(line, _height(text, 110))
            style = styles.statuses.get(label, styles.label)
            _text(sheet, line, 0, label, style)
            if isinstance(text, int):
                sheet.write_number(line, 1, text, styles.text)
            else:
                _text(sheet, line, 1, text, styles.text)
        line += 1


def _table(written: "Worksheet", styles: _Styles, view: SoaView, sheet: Sheet) -> "Worksheet":
    """A sheet with one table: frozen titles and ids, a filter, titles repeated on each printed page."""
    columns = sheet.columns
    _paper(written, view)
    written.fit_to_pages(1, 0)
    written.repeat_rows(0)
    written.freeze_panes(1, 2)
    for position, column in enumerate(columns):
        written.set_column(position, position, column.width)
    rows = list(sheet.rows(view))
    written.autofilter(0, 0, max(1, len(rows)), len(columns) - 1)
    written.set_row(0, 30)
    for position, column in enumerate(columns):
        written.write_string(0, position, column.title, styles.header)
    for number, row in enumerate(rows, 1):
        written.set_row(number, max(_height(value, column.width) for value, column in zip(row, columns, strict=True)))
        for position, (value, column) in enumerate(zip(row, columns, strict=True)):
            if isinstance(value, int):
                written.write_number(number, position, value, styles.number)
            else:
                style = styles.statuses.get(value or "", styles.text) if column.title == "Assessment" else styles.text
                _text(written, number, position, value or "", style)
    return written


def _text(sheet: "Worksheet", row: int, column: int, text: str, style: "Format") -> None:
    if text:
        sheet.write_string(row, column, one_line(text, CELL_LIMIT), style)
    else:
        sheet.write_blank(row, column, None, style)


def _height(value: Cell, width: float) -> float:
    """The height in points that wrapped text needs; a spreadsheet does not work it out for rows written one by one."""
    lines = len(wrapped(value, int(width))) if isinstance(value, str) else 1
    return min(15.0 + 13.2 * (lines - 1), 400.0)
