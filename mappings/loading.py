"""Reading the mapping from its TOML files, and refusing what does not hold together.

`controls.toml` holds Annex A, `clauses.toml` clauses 4 to 10, and each other file the rows of one provider's checks:
`aws.toml` those of the checks on `aws.*`. Every error names the file and the key, and the nearest name that exists.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from evidence_store.records import Json
from mappings.catalogue import Aspect, Catalogue, Control, Coverage, MappingError, Role, Row, catalogue_of, nearest

THEMES = {"5": "organizational", "6": "people", "7": "physical", "8": "technological"}

# The attribute values of ISO/IEC 27002:2022, so that a misspelt one is refused.
ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "types": ("preventive", "detective", "corrective"),
    "properties": ("confidentiality", "integrity", "availability"),
    "concepts": ("identify", "protect", "detect", "respond", "recover"),
    "capabilities": (
        "governance",
        "asset_management",
        "information_protection",
        "human_resource_security",
        "physical_security",
        "system_and_network_security",
        "application_security",
        "secure_configuration",
        "identity_and_access_management",
        "threat_and_vulnerability_management",
        "continuity",
        "supplier_relationships_security",
        "legal_and_compliance",
        "information_security_event_management",
        "information_security_assurance",
    ),
    "domains": ("governance_and_ecosystem", "protection", "defence", "resilience"),
}

_CONTROL_KEYS = ("title", "aspects", "max_age_days", "coverage", "not_observable", "new_in_2022")
_ROW_KEYS = ("control", "role", "aspect", "why", "max_age_days")
_Named = TypeVar("_Named", Aspect, Coverage, Role)


def load(known_checks: Iterable[str], directory: Path | None = None) -> Catalogue:
    """The mapping, held against the checks that exist. Raises `MappingError`."""
    folder = directory or Path(__file__).parent
    known = frozenset(known_checks)
    controls = {control.id: control for control in _controls(folder / "controls.toml")}
    clauses = _parse(folder / "clauses.toml")
    headings = _headings(clauses.pop("headings", {}))
    controls |= {control.id: control for control in _clauses(clauses)}
    rows = tuple(
        row
        for path in sorted(folder.glob("*.toml"))
        if path.name not in ("controls.toml", "clauses.toml")
        for row in _rows(path, known, controls)
    )
    _refuse_duplicates(rows)
    _refuse_gaps(rows, known, controls)
    return catalogue_of(controls.values(), rows, headings)


def _fail(file: str, key: str, fault: str) -> MappingError:
    return MappingError(f"mappings/{file}: {key}: {fault}")


def _parse(path: Path) -> dict[str, Json]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MappingError(f"mappings/{path.name}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingError(f"mappings/{path.name}: is not TOML: {error}") from error


def _controls(path: Path) -> Iterator[Control]:
    for control_id, entry in _parse(path).items():
        theme = THEMES.get(control_id.removeprefix("A.").split(".")[0])
        if not control_id.startswith("A.") or theme is None or not _numbered(control_id.removeprefix("A.")):
            raise _fail(path.name, control_id, "is not the id of an Annex A control, as A.8.24 is")
        table = _table(path.name, control_id, entry, (*_CONTROL_KEYS, *ATTRIBUTES))
        attributes = {name: _names(path.name, control_id, table, name) for name in ATTRIBUTES}
        yield _control(path.name, control_id, table, theme, attributes)


def _clauses(tables: Mapping[str, Json]) -> Iterator[Control]:
    for clause, entry in tables.items():
        if not _numbered(clause):
            raise _fail("clauses.toml", clause, "is not the number of a clause, as 6.1.3 is")
        yield _control("clauses.toml", clause, _table("clauses.toml", clause, entry, _CONTROL_KEYS), "clause", {})


def _numbered(text: str) -> bool:
    return all(part.isascii() and part.isdigit() for part in text.split("."))


def _headings(table: Any) -> dict[str, str]:
    if not isinstance(table, dict) or not all(isinstance(title, str) and _numbered(number) for number, title in table.items()):
        raise _fail("clauses.toml", "headings", "gives each clause without a requirement of its own a title")
    return table


def _control(
    file: str, control_id: str, table: Mapping[str, Json], theme: str, attributes: Mapping[str, tuple[str, ...]]
) -> Control:
    aspects = table.get("aspects")
    if not isinstance(aspects, list) or not aspects or len(set(map(str, aspects))) != len(aspects):
        raise _fail(file, control_id, "aspects names one or more of rule, practice, review, each once")
    coverage = _one_of(file, control_id, "coverage", table.get("coverage"), Coverage)
    missing = table.get("not_observable", "")
    if coverage is Coverage.PARTIAL and not (isinstance(missing, str) and missing.strip()):
        raise _fail(file, control_id, "coverage is partial, so not_observable must say in one sentence what is not seen")
    if coverage is Coverage.FULL and missing:
        raise _fail(file, control_id, "coverage is full, so not_observable cannot name something")
    new = table.get("new_in_2022", False)
    if not isinstance(new, bool):
        raise _fail(file, control_id, "new_in_2022 is true or false")
    return Control(
        id=control_id,
        title=_text(file, control_id, table, "title"),
        theme=theme,
        aspects=tuple(_one_of(file, control_id, "aspects", aspect, Aspect) for aspect in aspects),
        max_age_days=_days(file, control_id, table),
        coverage=coverage,
        not_observable=missing,
        new_in_2022=new,
        **attributes,
    )


def _rows(path: Path, known: frozenset[str], controls: Mapping[str, Control]) -> Iterator[Row]:
    for check, entries in _parse(path).items():
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise _fail(path.name, check, f"rows are written as [[{check}]]")
        for entry in entries:
            control = str(entry.get("control", "no control"))
            if check not in known:
                raise _fail(path.name, control, f"no such check {check!r}{nearest(check, known)}")
            key = f"{check}: {control}"
            table = _table(path.name, key, entry, _ROW_KEYS)
            if control not in controls:
                raise _fail(path.name, check, f"no such control {control!r}{nearest(control, controls)}")
            yield Row(
                check=check,
                provider=path.stem,
                control=control,
                role=_one_of(path.name, key, "role", table.get("role"), Role),
                aspect=_one_of(path.name, key, "aspect", table.get("aspect"), Aspect),
                why=_text(path.name, key, table, "why"),
                max_age_days=_days(path.name, key, table) if "max_age_days" in table else None,
            )


def _refuse_duplicates(rows: Iterable[Row]) -> None:
    seen: dict[tuple[str, str, Aspect], Row] = {}
    homes: dict[str, str] = {}
    for row in rows:
        file = f"{row.provider}.toml"
        if homes.setdefault(row.check, row.provider) != row.provider:
            raise _fail(file, row.check, f"has rows in mappings/{homes[row.check]}.toml too; keep them in one file")
        key = (row.check, row.control, row.aspect)
        if key in seen:
            raise _fail(file, f"{row.check}: {row.control}", f"is mapped twice for the aspect {row.aspect}")
        seen[key] = row


def _refuse_gaps(rows: tuple[Row, ...], known: frozenset[str], controls: Mapping[str, Control]) -> None:
    unmapped = sorted(known - {row.check for row in rows})
    if unmapped:
        raise MappingError(f"mappings: {', '.join(unmapped)}: no row says which control this is evidence for")
    seen = {(row.control, row.aspect) for row in rows if row.role is Role.PRIMARY}
    for control in controls.values():
        unseen = [aspect for aspect in control.aspects if (control.id, aspect) not in seen]
        if unseen and control.coverage is Coverage.FULL:
            file = "controls.toml" if control.is_annex_a else "clauses.toml"
            raise _fail(file, control.id, f"coverage is full, and no primary check speaks to {', '.join(unseen)}")


def _table(file: str, key: str, entry: Any, allowed: Iterable[str]) -> Mapping[str, Json]:
    if not isinstance(entry, dict):
        raise _fail(file, key, "is not a table")
    for name in entry:
        if name not in allowed:
            raise _fail(file, key, f"no such key {name!r}{nearest(name, allowed)}")
    return entry


def _text(file: str, key: str, table: Mapping[str, Json], name: str) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not value.strip():
        raise _fail(file, key, f"{name} is missing")
    return value


def _days(file: str, key: str, table: Mapping[str, Json]) -> int:
    value = table.get("max_age_days")
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _fail(file, key, f"max_age_days is a whole number of days from 1, not {value!r}")
    return value


def _names(file: str, key: str, table: Mapping[str, Json], name: str) -> tuple[str, ...]:
    value = table.get(name)
    if not isinstance(value, list) or not value:
        raise _fail(file, key, f"{name} is missing")
    for word in value:
        if word not in ATTRIBUTES[name]:
            raise _fail(file, key, f"{name}: no such value {word!r}{nearest(str(word), ATTRIBUTES[name])}")
    return tuple(value)


def _one_of(file: str, key: str, name: str, value: Any, kind: type[_Named]) -> _Named:
    try:
        return kind(value)
    except ValueError:
        allowed = [str(member) for member in kind]
        raise _fail(file, key, f"{name} is one of {', '.join(allowed)}, not {value!r}{nearest(str(value), allowed)}") from None
