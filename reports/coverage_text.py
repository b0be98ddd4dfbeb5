"""The catalogue at a terminal: how each control is covered, and the checks."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TextIO

from reports.coverage import ControlCoverage, Covering, by_property, by_theme, tally
from reports.run_text import SEVERITY_STYLES
from reports.terminal import Column, Paper, Row, counted
from reports.view import Definition
from reports.words import CLAIM

STYLES = {"full": "green", "partial": "yellow", "none": "red"}


def write_controls(controls: Sequence[ControlCoverage], out: TextIO, *, by: str = "theme", colour: bool | None = None) -> None:
    """All of them on a line each, grouped by `theme` or by `property`."""
    paper = Paper(out, colour=colour)
    numbers = tally(controls)
    covered = f"{numbers['full']} in full, {numbers['partial']} in part, {numbers['none']} not at all"
    paper.say(f"{counted(len(controls), 'control')} covered: {covered}")
    layout = (
        Column("control", 8),
        Column("coverage", 8),
        Column("title", 36),
        Column("checks", 6, right=True),
        Column("supp.", 5, right=True),
        Column("serves", 6),
        Column("no check for", 15),
    )
    for heading, group in (by_property if by == "property" else by_theme)(controls):
        counts = ", ".join(f"{number} {name}" for name, number in tally(group).items() if number)
        paper.title(f"{heading}: {counts}")
        paper.table(layout, _rows(group))
    paper.blank()
    paper.say("serves: confidentiality (C), integrity (I), availability (A). supp.: checks that inform and do not decide.")
    paper.say("`--control ID` shows one control with its checks and what is not observable.")
    paper.say(CLAIM, style="dim")


def _rows(controls: Iterable[ControlCoverage]) -> Iterator[Row]:
    for covered in controls:
        primary = len({each.check for each in covered.primary})
        supporting = len({each.check for each in covered.checks} - {each.check for each in covered.primary})
        serves = "".join(name[0].upper() for name in covered.control.properties)
        level = (covered.coverage, STYLES[covered.coverage])
        aspects = ", ".join(covered.uncovered)
        yield (covered.control.id, level, covered.control.title, str(primary), str(supporting), serves, aspects)


def write_details(controls: Sequence[ControlCoverage], out: TextIO, *, colour: bool | None = None) -> None:
    """Some of them in detail."""
    paper = Paper(out, colour=colour)
    for covered in controls:
        control = covered.control
        paper.say(control.title, lead=(f"{control.id}  ", "bold"))
        pairs = [
            ("theme", control.theme),
            ("kind", ", ".join(control.types)),
            ("serves", ", ".join(control.properties)),
            ("new in 2022", "yes" if control.new_in_2022 else ""),
            ("required aspects", ", ".join(control.aspects)),
            ("maximum age", counted(control.max_age_days, "day")),
            ("coverage", covered.coverage),
            ("no check for", ", ".join(covered.uncovered)),
            ("not observable", control.not_observable),
        ]
        paper.pairs([(label, text) for label, text in pairs if text])
        for (role, aspect), group in groupby(covered.checks, key=lambda each: (each.role, each.aspect)):
            paper.blank()
            paper.say(f"{role} evidence of {aspect}", indent=2, style="bold")
            for each in group:
                _covering(paper, each)
        paper.blank()


def _covering(paper: Paper, covering: Covering) -> None:
    if covering.definition is None:
        paper.say(f"{covering.check} (not in this installation)", indent=4)
    else:
        severity = covering.definition.severity
        paper.say(
            f"{covering.check}: {covering.definition.title}", indent=4, lead=(f"{severity:<9}", SEVERITY_STYLES[severity])
        )
    paper.say(covering.why, indent=13, style="dim")


def write_checks(definitions: Sequence[Definition], out: TextIO, *, colour: bool | None = None) -> None:
    """The checks, by the type of resource that they ask about."""
    paper = Paper(out, colour=colour)
    paper.say(counted(len(definitions), "check"))
    for provider, group in groupby(sorted(definitions, key=lambda d: (d.type, d.id)), key=lambda d: d.type.partition(".")[0]):
        of_provider = list(group)
        paper.title(f"{provider} ({len(of_provider)})")
        for definition in of_provider:
            severity = (f"{definition.severity:<9}", SEVERITY_STYLES[definition.severity])
            paper.say(f"{definition.id}: {definition.title}", indent=2, lead=severity, hang=13)
            paper.say(f"{definition.type}; {', '.join(definition.controls) or 'no control'}", indent=11, style="dim")
