"""Which checks are evidence for which control, as data that nobody can change.

- A control is an Annex A control (`A.8.24`) or a requirement of a clause (`6.1.3`) of ISO/IEC 27001:2022.
- A row ties one check to one control: its role, the aspect that it speaks to, and why an auditor would accept it.
- Whatever order the files are in, a catalogue is in the order of the standard: clauses first, then Annex A.
- A catalogue can be written as a document and restored from it, so that an old run is read under its own mapping.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from evidence_store.records import Json, sorted_by_utf8

SCHEMA = "annexa.mapping/1"


class MappingError(Exception):
    """The mapping contradicts itself or the checks; the message names file and key."""


class UnknownControlError(LookupError):
    """No control has this id; the message names the nearest."""


class Role(StrEnum):
    """Primary rows decide the status of a control; supporting ones inform."""

    PRIMARY = "primary"
    SUPPORTING = "supporting"


class Aspect(StrEnum):
    """What an auditor looks for in a control."""

    RULE = "rule"  # laid down and approved
    PRACTICE = "practice"  # configured, done
    REVIEW = "review"  # tested, checked


class Coverage(StrEnum):
    """How much of a control its checks could show if all of them passed."""

    FULL = "full"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class Control:
    """A control or clause requirement, and what evidence of it has to be."""

    id: str
    title: str
    theme: str  # organizational, people, physical, technological; `clause` for a clause requirement
    aspects: tuple[Aspect, ...]  # each needs passing primary evidence
    max_age_days: int  # how old primary evidence may be, where its row does not say otherwise
    coverage: Coverage
    not_observable: str  # one sentence; empty where coverage is full
    types: tuple[str, ...] = ()  # this and the next four: the attributes of ISO/IEC 27002:2022; clauses have none
    properties: tuple[str, ...] = ()
    concepts: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    new_in_2022: bool = False

    @property
    def is_annex_a(self) -> bool:
        """Only Annex A controls stand in a Statement of Applicability."""
        return self.id.startswith("A.")

    def document(self) -> dict[str, Json]:
        return {
            "id": self.id,
            "title": self.title,
            "theme": self.theme,
            "aspects": [str(aspect) for aspect in self.aspects],
            "max_age_days": self.max_age_days,
            "coverage": str(self.coverage),
            "not_observable": self.not_observable,
            "types": list(self.types),
            "properties": list(self.properties),
            "concepts": list(self.concepts),
            "capabilities": list(self.capabilities),
            "domains": list(self.domains),
            "new_in_2022": self.new_in_2022,
        }


@dataclass(frozen=True, slots=True)
class Row:
    """One check as evidence for one aspect of one control."""

    check: str
    provider: str  # the file that the row stands in: `aws` for `mappings/aws.toml`
    control: str
    role: Role
    aspect: Aspect
    why: str
    max_age_days: int | None = None  # where this evidence ages differently from the control's other evidence

    def document(self) -> dict[str, Json]:
        return {
            "check": self.check,
            "provider": self.provider,
            "control": self.control,
            "role": str(self.role),
            "aspect": str(self.aspect),
            "why": self.why,
            "max_age_days": self.max_age_days,
        }


def order_of(control_id: str) -> tuple[bool, tuple[int, ...]]:
    """The sort key of a control's id in the order of the standard: `9.3.3` before `10.1` before `A.5.1`."""
    annex = control_id.startswith("A.")
    return annex, tuple(int(part) for part in control_id.removeprefix("A.").split("."))


@dataclass(frozen=True)
class Catalogue:
    """Every control and every row. Raises nothing once it stands: `load` has checked it."""

    controls: Mapping[str, Control]  # in the order of the standard
    rows: tuple[Row, ...]
    headings: Mapping[str, str] = field(default_factory=dict)  # `6.1` and the like: titles without a requirement of their own

    def control(self, control_id: str) -> Control:
        """A control by its exact id. Raises `UnknownControlError`."""
        try:
            return self.controls[control_id]
        except KeyError:
            raise self._unknown(control_id) from None

    def rows_of(self, control_id: str, role: Role | None = None) -> tuple[Row, ...]:
        """The rows of a control, or those of one role."""
        rows = self._by_control.get(control_id, ())
        return rows if role is None else tuple(row for row in rows if row.role is role)

    def rows_by(self, check: str) -> tuple[Row, ...]:
        """What a check is evidence for."""
        return self._by_check.get(check, ())

    def controls_by(self, check: str) -> tuple[str, ...]:
        """The ids of the controls that a check is evidence for, in the order of the standard."""
        return tuple(sorted({row.control for row in self.rows_by(check)}, key=order_of))

    @cached_property
    def providers(self) -> frozenset[str]:
        """The providers that have a check in the mapping."""
        return frozenset(row.provider for row in self.rows)

    def resolve(self, asked: str) -> tuple[str, ...]:
        """The ids of the controls that someone means by `A.8.8`, `a.8.8`, `8.8`, `A.8`, `6.1.3`, `6.1` or `6`.

        An id that is both a clause and the number of an Annex A control (`8.1`) means the clause; `A.8.1` means the
        control. Raises `UnknownControlError` naming the nearest.
        """
        wanted = asked.strip().upper().rstrip(".")
        for candidate in (wanted, f"A.{wanted}"):
            if candidate in self.controls:
                return (candidate,)
            children = tuple(known for known in self.controls if known.startswith(f"{candidate}."))
            if children:
                return children
        raise self._unknown(asked)

    def select(self, asked: Iterable[str]) -> tuple[str, ...]:
        """The ids of every check that is evidence, primary or supporting, for the controls named; sorted.

        Raises `UnknownControlError`.
        """
        wanted = {control for text in asked for control in self.resolve(text)}
        return tuple(sorted({row.check for control in wanted for row in self.rows_of(control)}))

    def by_theme(self, theme: str) -> tuple[Control, ...]:
        """The controls of a theme: organizational, people, physical, technological or clause."""
        return tuple(control for control in self.controls.values() if control.theme == theme)

    def by_property(self, name: str) -> tuple[Control, ...]:
        """The controls that serve confidentiality, integrity or availability."""
        return tuple(control for control in self.controls.values() if name in control.properties)

    def document(self) -> dict[str, Json]:
        """The whole catalogue as JSON, the same for the same content: what a run digests and keeps."""
        return {
            "schema": SCHEMA,
            "controls": [control.document() for control in self.controls.values()],
            "headings": dict(self.headings),
            "rows": [row.document() for row in self.rows],
        }

    @cached_property
    def _by_control(self) -> dict[str, tuple[Row, ...]]:
        return {control: tuple(row for row in self.rows if row.control == control) for control in self.controls}

    @cached_property
    def _by_check(self) -> dict[str, tuple[Row, ...]]:
        grouped: dict[str, list[Row]] = {}
        for row in self.rows:
            grouped.setdefault(row.check, []).append(row)
        return {check: tuple(rows) for check, rows in grouped.items()}

    def _unknown(self, asked: str) -> UnknownControlError:
        wanted = asked.strip().upper()
        bare = not wanted.startswith("A.")
        known = {f"A.{wanted}" if bare else wanted, wanted}
        near = [hit for text in sorted(known) for hit in difflib.get_close_matches(text, self.controls, n=1)]
        hint = f" (did you mean {near[0]!r}?)" if near else " (`scanner controls` lists them)"
        return UnknownControlError(f"no such control {asked!r}{hint}")


def catalogue_of(controls: Iterable[Control], rows: Iterable[Row], headings: Mapping[str, str]) -> Catalogue:
    """A catalogue in the order of the standard, whatever order its parts come in."""
    ordered = sorted(controls, key=lambda control: order_of(control.id))
    return Catalogue(
        controls={control.id: control for control in ordered},
        rows=tuple(sorted(rows, key=lambda row: (order_of(row.control), row.role, row.check.encode(), row.aspect))),
        headings={number: headings[number] for number in sorted(headings, key=order_of)},
    )


def restore(document: Mapping[str, Json]) -> Catalogue:
    """The catalogue that gave this document. Raises `MappingError` for a document of another schema."""
    if document.get("schema") != SCHEMA:
        raise MappingError(f"a mapping of schema {document.get('schema')!r} cannot be read; expected {SCHEMA!r}")
    return catalogue_of(
        (_control(entry) for entry in document["controls"]),
        (_row(entry) for entry in document["rows"]),
        document["headings"],
    )


def _control(entry: Mapping[str, Json]) -> Control:
    attributes = {name: tuple(entry[name]) for name in ("types", "properties", "concepts", "capabilities", "domains")}
    return Control(
        id=entry["id"],
        title=entry["title"],
        theme=entry["theme"],
        aspects=tuple(Aspect(aspect) for aspect in entry["aspects"]),
        max_age_days=entry["max_age_days"],
        coverage=Coverage(entry["coverage"]),
        not_observable=entry["not_observable"],
        new_in_2022=entry["new_in_2022"],
        **attributes,
    )


def _row(entry: Mapping[str, Json]) -> Row:
    return Row(
        check=entry["check"],
        provider=entry["provider"],
        control=entry["control"],
        role=Role(entry["role"]),
        aspect=Aspect(entry["aspect"]),
        why=entry["why"],
        max_age_days=entry["max_age_days"],
    )


def nearest(text: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)`, or nothing where nothing is near."""
    near = difflib.get_close_matches(text, list(sorted_by_utf8(known)), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
