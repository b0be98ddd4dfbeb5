"""What a record may say: the kinds of record and their fields, declared once.

- Validation, the facets of the sources, the starter set's comments and the documentation all come from these
  declarations; nothing is written twice.
- A field is required only where a record without it would mean nothing. What an auditor would miss is left to the
  checks, so that a gap becomes a finding and not an unreadable file.
- A record holds texts, whole numbers, booleans, dates and lists of them; no fractions. Durations are written `4h` and
  kept as minutes.
"""

from dataclasses import dataclass
from enum import StrEnum

from evidence_store.records import Json


class Type(StrEnum):
    """What a field holds, in the words of an error message."""

    TEXT = "a text"
    TEXTS = "a list of texts"
    DAY = "a date such as 2026-01-31"
    MOMENT = "a time with its zone such as 2026-01-31T09:30:00Z"
    WHOLE = "a whole number"
    FLAG = "true or false"
    DURATION = "a duration such as 30m, 4h or 2d"
    TABLES = "a list of tables"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record."""

    name: str
    type: Type
    meaning: str
    required: bool = False
    default: Json = None  # what a record that leaves the field out says
    choices: tuple[str, ...] = ()  # the only texts allowed; of a list, in each place
    fields: tuple["Field", ...] = ()  # of each table in a list of tables
    personal: bool = False  # personal data beyond a person's id in the roster

    @property
    def expected(self) -> str:
        """What the field may hold, for an error message."""
        return f"{self.type}: one of {', '.join(self.choices)}" if self.choices else str(self.type)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record: where it is kept and what it says."""

    name: str  # the type is `records.<name>`, the table `[[<name>]]`
    file: str  # `risks.toml`, or `policies/` where each record is a document of its own
    meaning: str
    fields: tuple[Field, ...]
    key: tuple[str, ...] = ()  # where a record has no `id` of its own, it is made of these fields
    effective: tuple[str, ...] = ()  # the dates that a record speaks of; the latest of them counts
    latest_by: tuple[str, ...] | None = None  # the fields that form a series, in which the last one is marked `latest`
    document: bool = False  # has a text of its own, in Markdown
    single: bool = False  # there is one of it: a table [scope], not [[scope]]

    @property
    def type(self) -> str:
        return f"records.{self.name}"

    @property
    def folder(self) -> str:
        return self.file.removesuffix("/").removesuffix(".toml")

    @property
    def derived(self) -> tuple[str, ...]:
        """The facts that the source works out: they cannot be written in a record."""
        marks = (("effective_on",) if self.effective else ()) + (("latest",) if self.latest_by is not None else ())
        return marks + (("text_words", "text_sha256") if self.document else ())


def text(name: str, meaning: str, *choices: str, required: bool = False, default: str | None = None) -> Field:
    return Field(name, Type.TEXT, meaning, required=required, default=default, choices=choices)


def private(name: str, meaning: str) -> Field:
    """A text that is personal data and is kept in a facet of its own."""
    return Field(name, Type.TEXT, meaning, personal=True)


def texts(name: str, meaning: str, *choices: str) -> Field:
    return Field(name, Type.TEXTS, meaning, choices=choices)


def person(name: str, meaning: str, *, required: bool = False) -> Field:
    return Field(name, Type.TEXT, f"{meaning}: the id of a person in people.toml", required=required)


def people(name: str, meaning: str) -> Field:
    return Field(name, Type.TEXTS, f"{meaning}: ids of people in people.toml")


def day(name: str, meaning: str, *, required: bool = False) -> Field:
    return Field(name, Type.DAY, meaning, required=required)


def moment(name: str, meaning: str) -> Field:
    return Field(name, Type.MOMENT, meaning)


def whole(name: str, meaning: str, *, required: bool = False) -> Field:
    return Field(name, Type.WHOLE, meaning, required=required)


def flag(name: str, meaning: str, *, default: bool | None = None) -> Field:
    return Field(name, Type.FLAG, meaning, default=default)


def duration(name: str, meaning: str) -> Field:
    return Field(name, Type.DURATION, meaning)


def tables(name: str, meaning: str, *fields: Field) -> Field:
    return Field(name, Type.TABLES, meaning, fields=fields)


def named(name: str, meaning: str) -> Field:
    """A required text: without it the record would mean nothing."""
    return text(name, meaning, required=True)


def approval(what: str) -> tuple[Field, Field]:
    return person("approved_by", f"who approved {what}"), day("approved_on", f"when {what} was approved")


ACTIONS = (
    named("action", "what is to be done"),
    person("owner", "who does it"),
    day("due", "until when"),
    day("done_on", "when it was done"),
)

# The field that names who decided, in the order in which it is looked for: whose signature makes a record `verified`.
APPROVERS = (
    "approved_by",
    "accepted_by",
    "declared_by",
    "reviewer",
    "read_by",
    "signed_off_by",
    "auditor",
    "approver",
    "owner",
)
