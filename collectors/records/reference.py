"""The reference of record files, generated from the declarations: `docs/records.md`."""

from collections.abc import Iterator

from collectors.records.kinds import KINDS
from collectors.records.schema import Field, Kind

_HEAD = """# Record files

What may stand in the directory of a target of kind `records`. This page is generated; `scanner init` writes the same as
commented files.

- Records are TOML tables, `[[risk]]` for each one; where there is only one of a kind, `[scope]`. A table `[defaults]` at the
  top of a file fills in what its records leave out.
- A register may be split: `risks.toml` and any `.toml` file in `risks/`. A record may also be a Markdown file in that folder,
  with its fields between two lines of `+++`; without an `id` it is named after the file. A `README.md` is left alone.
- Dates are written `2026-01-31`, times with their zone, durations `30m`, `4h` or `2d`. There are no fractions.
- An unknown field, a value of another kind, two records with one id: the whole register is unread, and every check on it
  unknown, until the line named is mended. `scanner doctor` names them all before a run.
- An empty register is not "none": that takes an entry in `nil_returns.toml`, by a named person and with a date.
- `isms.toml` holds the `id` under which evidence of these records is kept. Leave it as it is when the directory moves.
- Where the directory is in git, each record keeps the commit, author and signature of its last change. It counts as
  verified when that commit carries a good signature of the person whom the record names as its approver, known by the
  e-mail address in `people.toml`; otherwise it is self-declared.
"""


def reference() -> str:
    """The whole page."""
    kinds = sorted(KINDS.values(), key=lambda kind: kind.file)
    return "\n".join([_HEAD, *(line for kind in kinds for line in _section(kind))])


def _section(kind: Kind) -> Iterator[str]:
    yield f"## {kind.file}"
    yield ""
    yield f"{kind.meaning} Table `{'[' if kind.single else '[['}{kind.name}{']' if kind.single else ']]'}`."
    if kind.key:
        yield f"Without an `id` an entry is named after {' and '.join(f'`{name}`' for name in kind.key)}."
    if kind.effective:
        yield f"Its evidence is as old as {' or '.join(f'`{name}`' for name in kind.effective)}."
    yield ""
    yield "| field | what it holds | meaning |"
    yield "| --- | --- | --- |"
    for field in kind.fields:
        yield from _rows(field, "")
    yield ""


def _rows(field: Field, within: str) -> Iterator[str]:
    choices = f": {', '.join(f'`{choice}`' for choice in field.choices)}" if 0 < len(field.choices) <= 12 else ""
    default = "" if field.default is None else f"; `{str(field.default).lower()}` if left out"
    name = f"`{within}{field.name}`{' (required)' if field.required else ''}"
    yield f"| {name} | {field.type}{choices}{default} | {field.meaning} |"
    for inner in field.fields:
        yield from _rows(inner, f"{within}{field.name}.")
