"""The starter set: every kind of record as a commented file, generated from the declarations.

- It loads as it is, and says nothing that nobody has decided: examples are comments, no person is invented, the Statement
  of Applicability lists the 93 controls without a decision or an approval. So the first run shows honest gaps.
- What stands in an example for something of yours is `...`, which is refused where it is left in a record.
- A file that exists is never touched.
"""

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from collectors.records.annex_titles import TITLES
from collectors.records.directory import IDENTITY
from collectors.records.kinds import KINDS
from collectors.records.schema import Field, Kind, Type

_POLICY = "information-security"
_WIDTH = 44
_NAMED = 10


def write_starter(directory: Path, today: date) -> list[Path]:
    """Write the starter set. Raises `FileExistsError`, naming them, where files of it exist; then nothing is written."""
    texts = starter(directory, today)
    there = sorted(file for file in texts if (directory / file).exists())
    if there:
        more = f" and {len(there) - _NAMED} more" if len(there) > _NAMED else ""
        raise FileExistsError(f"{directory}: {', '.join(there[:_NAMED])}{more} exist already; nothing was written")
    written: list[Path] = []
    for file, text in texts.items():
        path = directory / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def starter(directory: Path, today: date) -> dict[str, str]:
    """The files of the starter set, by their names below the directory."""
    texts = {IDENTITY: _identity(directory, today)}
    for kind in KINDS.values():
        if kind.name == "soa":
            texts[kind.file] = _statement(kind, today)
        elif kind.file.endswith("/"):
            texts[f"{kind.file}{_POLICY}.md"] = _policy(kind, today)
        else:
            texts[kind.file] = _register(kind, today)
    return dict(sorted(texts.items()))


def _identity(directory: Path, today: date) -> str:
    made = hashlib.sha256(f"{directory.resolve()} {today}".encode()).hexdigest()[:16]
    return (
        "# Who these records belong to. Evidence is kept under this id: leave it as it is when the directory moves.\n"
        f'id = "isms-{made}"\n'
        '# organization = "..."\n'
    )


def _register(kind: Kind, today: date) -> str:
    head = f"[{kind.name}]" if kind.single else f"[[{kind.name}]]"
    lines = [f"# {kind.meaning}", "#", *_notes(kind), "", f"# {head}"]
    if not kind.single and not kind.key:
        lines.append(_line('id = "..."', "a short name of its own"))
    lines += [line for field in kind.fields for line in _field(field, today)]
    return "\n".join(lines) + "\n"


def _notes(kind: Kind) -> Iterator[str]:
    yield "# Take away the # before what you fill in, and leave out what you do not know: what is missing shows as a gap."
    if not kind.single:
        yield f"# Repeat [[{kind.name}]] for each one. A table [defaults] at the top fills in what they leave out."
    if kind.key:
        yield f"# Without an id of its own an entry is named after {' and '.join(kind.key)}."
    if kind.document:
        yield f"# It may also be a Markdown file in {kind.folder}/, with these fields between two lines of +++."


def _field(field: Field, today: date) -> Iterator[str]:
    if field.type is Type.TABLES:
        inside = ", ".join(f"{inner.name} = {_example(inner, today)}" for inner in field.fields)
        yield _line(f"{field.name} = [{{ {inside} }}]", field.meaning)
        return
    must = "; always there" if field.required else ""
    choices = f" ({', '.join(field.choices)})" if 0 < len(field.choices) <= 12 else ""
    yield _line(f"{field.name} = {_example(field, today)}", f"{field.meaning}{choices}{must}")


def _line(assignment: str, meaning: str) -> str:
    return f"# {assignment:<{_WIDTH}} # {meaning}"


def _example(field: Field, today: date) -> str:
    match field.type:
        case Type.TEXT:
            return f'"{field.choices[0]}"' if field.choices else '"..."'
        case Type.TEXTS:
            return f'["{field.choices[0]}"]' if field.choices else '["..."]'
        case Type.DAY:
            return today.isoformat()
        case Type.MOMENT:
            return f"{today.isoformat()}T09:30:00Z"
        case Type.WHOLE:
            return str(today.year) if field.name == "year" else "1"
        case Type.FLAG:
            return "true"
        case Type.DURATION:
            return '"4h"'
        case Type.TABLES:
            return "[]"


def _statement(kind: Kind, today: date) -> str:
    lines = [
        f"# {kind.meaning}",
        "#",
        "# Decide for each control whether it applies, say why, and how far it is. Nothing is decided here yet.",
        "# What all entries share (owner, approval) may stand once, under [defaults]:",
        "",
        "# [defaults]",
        *(line for f in kind.fields if f.name in ("owner", "approved_by", "approved_on") for line in _field(f, today)),
        "",
        "# Each entry may have:",
        *(line for f in kind.fields if f.name != "control" for line in _field(f, today)),
    ]
    for control, title in TITLES.items():
        lines += [
            "",
            "[[soa]]",
            f'control = "{control}"  # {title}',
            "# applicable = true",
            '# reason = "..."',
            'status = "planned"',
        ]
    return "\n".join(lines) + "\n"


def _policy(kind: Kind, today: date) -> str:
    lines = ["+++", f"# {kind.meaning} These are its fields; the text follows below.", 'title = "Information security policy"']
    lines += [f'topic = ["{_POLICY}"]', 'status = "draft"  # approved once it is in force']
    lines += [line for f in kind.fields if f.name not in ("title", "topic", "status") for line in _field(f, today)]
    lines += ["+++", "", "# Information security policy", ""]
    lines += ["What is to be protected, why, to what end, and who answers for it: in your own words.", ""]
    return "\n".join(lines)
