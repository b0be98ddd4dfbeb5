"""What the catalogue covers, control by control, and honestly: what no check looks for and what no check can observe.

A control is covered in full where every aspect that it requires has a primary check and its mapping leaves nothing out;
in part where at least one primary check exists; else not at all.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from mappings.catalogue import Catalogue, Control, Coverage, Role
from reports.run_text import THEMES
from reports.view import Definition

PROPERTIES = ("confidentiality", "integrity", "availability")


@dataclass(frozen=True, slots=True)
class Covering:
    """One check as evidence for a control."""

    check: str
    role: str
    aspect: str
    why: str
    definition: Definition | None  # `None`: the mapping names a check that this installation lacks


@dataclass(frozen=True, slots=True)
class ControlCoverage:
    control: Control
    checks: tuple[Covering, ...]
    uncovered: tuple[str, ...]  # required aspects without a primary check

    @property
    def primary(self) -> tuple[Covering, ...]:
        return tuple(covering for covering in self.checks if covering.role == Role.PRIMARY)

    @property
    def coverage(self) -> str:
        """`full`, `partial` or `none`."""
        if not self.primary:
            return "none"
        return "partial" if self.uncovered or self.control.coverage is Coverage.PARTIAL else "full"


def controls_view(
    catalogue: Catalogue, definitions: Iterable[Definition], controls: Collection[str] = ()
) -> tuple[ControlCoverage, ...]:
    """Every control and clause in the order of the standard, or those asked for. Raises `UnknownControlError`."""
    known = {definition.id: definition for definition in definitions}
    wanted = {control for text in controls for control in catalogue.resolve(text)}
    return tuple(
        _covered(control, catalogue, known) for control in catalogue.controls.values() if not wanted or control.id in wanted
    )


def _covered(control: Control, catalogue: Catalogue, known: Mapping[str, Definition]) -> ControlCoverage:
    checks = tuple(
        Covering(row.check, str(row.role), str(row.aspect), row.why, known.get(row.check))
        for row in catalogue.rows_of(control.id)
    )
    looked_for = {covering.aspect for covering in checks if covering.role == Role.PRIMARY}
    return ControlCoverage(control, checks, tuple(str(aspect) for aspect in control.aspects if aspect not in looked_for))


def by_theme(controls: Iterable[ControlCoverage]) -> Iterator[tuple[str, list[ControlCoverage]]]:
    """The controls of each theme; the clauses last."""
    listed = list(controls)
    for theme, heading in THEMES.items():
        if of_theme := [each for each in listed if each.control.theme == theme]:
            yield heading, of_theme


def by_property(controls: Iterable[ControlCoverage]) -> Iterator[tuple[str, list[ControlCoverage]]]:
    """The controls that serve each of confidentiality, integrity and availability: most serve several. Clauses serve none."""
    listed = list(controls)
    for name in PROPERTIES:
        if serving := [each for each in listed if name in each.control.properties]:
            yield name, serving
    if without := [each for each in listed if not each.control.properties]:
        yield THEMES["clause"], without


def tally(controls: Iterable[ControlCoverage]) -> dict[str, int]:
    """How many are covered in full, in part, not at all."""
    found = [each.coverage for each in controls]
    return {name: found.count(name) for name in ("full", "partial", "none")}
