"""What verification says: four separate verdicts, each with a sentence and the entries that do not hold."""

from dataclasses import dataclass, field
from enum import StrEnum

from evidence_store.records import Json

_KEPT = 100  # problems that are told; all are counted


class Outcome(StrEnum):
    HOLDS = "holds"
    NOT_ANCHORED = "not_anchored"  # self-consistent; nothing from outside says that it was not made anew as a whole
    INCOMPLETE = "incomplete"
    NOT_PERFORMED = "not_performed"
    CONTRADICTED = "contradicted"
    REFUSED = "refused"  # not signed, or not by the key that was given


@dataclass(frozen=True, slots=True)
class Problem:
    """One entry that does not hold."""

    entry: str  # the table and the row: `ev_leaf 12`
    sentence: str

    def __str__(self) -> str:
        return f"{self.entry}: {self.sentence}"


@dataclass(slots=True)
class Problems:
    """Gathers what does not hold, in the order in which it is found."""

    kept: list[Problem] = field(default_factory=list)
    count: int = 0

    def add(self, entry: str, sentence: str) -> None:
        self.count += 1
        if len(self.kept) < _KEPT:
            self.kept.append(Problem(printable(entry), printable(sentence)))


def printable(text: str) -> str:
    """What stands in a row may be no text at all, or steer a terminal; what is told of it does neither."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


@dataclass(frozen=True, slots=True)
class Opinion:
    """One verdict."""

    outcome: Outcome
    sentence: str
    problems: tuple[Problem, ...] = ()

    @property
    def first(self) -> Problem | None:
        return self.problems[0] if self.problems else None


@dataclass(frozen=True, slots=True)
class Report:
    """The verdicts about a store or a pack, and what was looked at."""

    origin: str
    size: int  # leaves
    sealed: int  # leaves under the last checkpoint
    root: str  # at `sealed`, hex
    integrity: Opinion
    time: Opinion
    completeness: Opinion
    conclusion: Opinion
    counted: dict[str, int]  # rows by table

    @property
    def opinions(self) -> dict[str, Opinion]:
        return {
            "integrity": self.integrity,
            "time": self.time,
            "completeness": self.completeness,
            "conclusion": self.conclusion,
        }

    @property
    def contradicted(self) -> bool:
        """Whether something does not hold, or was not signed: exit 4."""
        return any(o.outcome in (Outcome.CONTRADICTED, Outcome.REFUSED) for o in self.opinions.values())

    @property
    def first(self) -> Problem | None:
        return next((o.first for o in self.opinions.values() if o.first is not None), None)

    def json(self) -> Json:
        return {
            "schema": "annexa.verification/1",
            "origin": self.origin,
            "size": self.size,
            "sealed": self.sealed,
            "root": self.root,
            "contradicted": self.contradicted,
            "verdicts": {
                name: {
                    "outcome": o.outcome.value,
                    "sentence": o.sentence,
                    "problems": [{"entry": p.entry, "sentence": p.sentence} for p in o.problems],
                }
                for name, o in self.opinions.items()
            },
            "counted": self.counted,
        }
