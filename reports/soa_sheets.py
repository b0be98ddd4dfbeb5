"""What stands on each sheet of the Statement of Applicability: its columns and its rows, whatever writes them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from reports.sentences import remedy
from reports.soa import SoaRow, SoaView
from reports.view import to_the_minute
from reports.words import CLAIM, DIFFERENCES, HOW_TO_VERIFY, STATUSES, STRENGTHS, difference_words

Cell: TypeAlias = str | int | None


@dataclass(frozen=True, slots=True)
class Column:
    """A title, and how many characters fit side by side."""

    title: str
    width: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table. Its first two columns say which row it is."""

    name: str
    columns: tuple[Column, ...]
    rows: Callable[[SoaView], Iterable[Sequence[Cell]]]


_COMPARED = Column("Difference", 15)
DECLARED = (
    Column("Control", 8),
    Column("Title", 26),
    Column("Theme", 12),
    Column("Applicable", 11),
    Column("Justification", 34),
    Column("Responsibility", 13),
    Column("Declared", 14),
    Column("Owner", 15),
    Column("Risks", 12),
    Column("Due", 10),
    Column("Approved by", 15),
    Column("Approved on", 11),
)
ASSESSED = (
    Column("Assessment", 12),
    _COMPARED,
    Column("Missing aspects", 11),
    Column("Pass", 6),
    Column("Fail", 6),
    Column("Excepted", 9),
    Column("Unknown", 9),
    Column("Worst open", 9),
    Column("Oldest evidence", 11),
    Column("Maximum age, days", 10),
    Column("Evidence from", 15),
    Column("Coverage", 9),
    Column("Why", 36),
    Column("Not observable", 28),
)
CLAUSE = (Column("Clause", 8), Column("Title", 34), *ASSESSED[:1], *ASSESSED[2:])
DIFFERING = (
    Column("Control", 8),
    Column("Title", 34),
    _COMPARED,
    Column("What differs", 50),
    Column("Declared", 15),
    Column("Assessment", 12),
    Column("Owner", 18),
    Column("Due", 11),
)
UNKNOWN = (
    Column("What could not be answered", 52),
    Column("Kind", 14),
    Column("Answers", 9),
    Column("Where", 40),
    Column("Checks", 44),
    Column("What to do", 40),
    Column("Exception", 14),
)


def cover(view: SoaView, made: datetime) -> list[tuple[str, Sequence[tuple[str, str | int]]]]:
    """The blocks of the cover: a heading, and pairs of a label and what it says."""
    scope, tree, counts = view.scope, view.checkpoint, view.counts()
    approved = f"{scope.approved_by}, {scope.approved_on}" if scope.approved_by else "not approved"
    shown = [f"{difference_words(name)}: {meaning}" for name, meaning in DIFFERENCES.items()]
    return [
        (
            "Scope",
            [
                ("Scope of the ISMS", scope.statement or "No scope statement was recorded."),
                ("Sites", "; ".join(scope.sites) or "none named"),
                ("Exclusions", "; ".join(scope.exclusions) or "none named"),
                ("Scope approved", approved),
            ],
        ),
        (
            "Statement",
            [
                ("Version", view.version),
                ("Approval", view.approval or "none recorded"),
                ("Generated at", to_the_minute(made) if view.generated else "not recorded"),
                ("Evidence as of", f"{to_the_minute(view.as_of)} (end of run {view.run})"),
            ],
        ),
        ("Declared", list(view.applicability().items())),
        ("Assessed: controls by status", [(name, number) for name, number in counts.items()]),
        (
            "Not known",
            [
                ("Unknown answers", view.summary.unknown),
                ("Reasons", len(view.summary.unseen) + len(view.summary.undecided)),
                ("Exceptions not counting", "; ".join(view.invalid_exceptions) or "none"),
            ],
        ),
        ("Evidence", [("Log", tree.origin), ("Size of the log", tree.size), ("Root hash", tree.root)]),
        ("How to verify", [(f"Step {number}", text) for number, text in enumerate(HOW_TO_VERIFY, 1)]),
        (
            "Key to the assessment",
            [*STATUSES.items(), ("differences", "; ".join(shown)), ("evidence from", STRENGTHS), ("what this is", CLAIM)],
        ),
    ]


def _control(row: SoaRow) -> list[Cell]:
    entry = row.entry
    return [
        row.line.id,
        row.line.title,
        row.line.theme,
        row.applicability,
        entry.reason if entry else "",
        row.responsibility,
        row.declared,
        entry.owner if entry else "",
        ", ".join(entry.risks) if entry else "",
        row.due,
        entry.approved_by if entry else "",
        row.approved_on,
        *_assessed(row),
    ]


def _clause(row: SoaRow) -> list[Cell]:
    status, _, *further = _assessed(row)
    return [row.line.id, row.line.title, status, *further]


def _assessed(row: SoaRow) -> list[Cell]:
    line = row.line
    return [
        line.assessment,
        difference_words(str(row.difference)) if row.difference else "",
        ", ".join(line.missing),
        line.passed,
        line.failed - line.excepted,
        line.excepted,
        line.unknown,
        line.worst or "",
        (line.oldest_evidence or "")[:10],
        line.max_age_days,
        row.strength + (f" + {row.supplier}" if row.supplier else ""),
        row.coverage,
        "; ".join(reason for reason in line.reasons if not line.not_observable or line.not_observable not in reason),
        line.not_observable,
    ]


def _differing(row: SoaRow) -> list[Cell]:
    difference = difference_words(str(row.difference))
    owner = row.entry.owner if row.entry else ""
    return [row.line.id, row.line.title, difference, row.difference_reason, row.declared, row.line.assessment, owner, row.due]


def _unknown(view: SoaView) -> list[list[Cell]]:
    unseen: list[list[Cell]] = [
        [
            each.text,
            str(each.why).replace("_", " "),
            each.findings,
            "; ".join(each.places),
            ", ".join(each.checks),
            remedy(each),
            f"{each.excuse.id} until {each.excuse.expires}" if each.excuse else "",
        ]
        for each in view.summary.unseen
    ]
    undecided: list[list[Cell]] = [
        ["; ".join(each.examples), "error of ours" if each.errors else "undecided", each.findings, "", each.check, "", ""]
        for each in view.summary.undecided
    ]
    return [*unseen, *undecided]


CONTROLS = Sheet("Controls", (*DECLARED, *ASSESSED), lambda view: map(_control, view.rows))
SHEETS = (
    Sheet("Differences", DIFFERING, lambda view: map(_differing, view.differences)),
    CONTROLS,
    Sheet("Clauses", CLAUSE, lambda view: map(_clause, view.clauses)),
    Sheet("Unknown", UNKNOWN, _unknown),
)
