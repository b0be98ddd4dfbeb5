"""What a supplier's certificate or report is worth for the controls that the organisation inherits.

- An assurance counts while it is in date, if it names the service and a person who read it.
- It is for a control if the statement names its service (or supplier) there, or if it names the control itself. Where
  both say something, both have to agree: a certificate for one service does not stand in for another.
- A certificate ends with its period. A report that looks back on a period (SOC 2 and its like) serves for a year after.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from evidence_store.records import Json, format_time
from mappings.record_facts import RecordFacts, annex_id

LOOKING_BACK = ("soc1", "soc2", "soc3", "isae3402", "isae3000", "ssae18", "c5")
ALL_SERVICES = "*"
SERVES_FOR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Assurance:
    """A supplier's certificate or report, as the ISMS records name it."""

    supplier: str
    service: str
    type: str
    period_end: datetime | None  # the last moment of it
    read_by: str
    controls: tuple[str, ...]  # Annex A ids, or `A.7` for a whole theme
    scope: str = ""
    faults: tuple[str, ...] = ()

    def is_for(self, control: str, services: Sequence[str]) -> bool:
        """Whether it was recorded as evidence for a control that these services provide (none: the statement names none)."""
        named = any(control == each or control.startswith(f"{each}.") for each in self.controls)
        provides = self.supplier in services or self.service in services
        fits = provides or not services or self.service == ALL_SERVICES
        return (named or not self.controls) and fits and (named or provides)

    def ends(self) -> datetime | None:
        """Until when it counts."""
        if self.period_end is None:
            return None
        kind = re.sub(r"[^a-z0-9]", "", self.type.lower())
        try:
            return self.period_end + SERVES_FOR if kind.startswith(LOOKING_BACK) else self.period_end
        except OverflowError:
            return self.period_end

    def fault(self, at: datetime) -> str | None:
        """Why it does not count at a time; `None` where it does."""
        if self.faults:
            return "; ".join(self.faults)
        ends = self.ends()
        if ends is not None and at > ends:
            return f"it served until {format_time(ends)[:10]}"
        return None

    def __str__(self) -> str:
        service = "all services" if self.service == ALL_SERVICES else self.service
        named = " of ".join(part for part in (service, self.supplier) if part) or "an unnamed service"
        return f"{self.type or 'assurance'} for {named}"


def assurances(resources: Iterable[Mapping[str, Json]]) -> tuple[Assurance, ...]:
    """The assurances from the facts of `records.supplier_assurance`, in an order of their own."""
    return tuple(sorted((_assurance(RecordFacts(facts)) for facts in resources), key=repr))


def _assurance(facts: RecordFacts) -> Assurance:
    supplier, service, kind = facts.text("supplier"), facts.text("service"), facts.text("type")
    period_end, read_by = facts.last_moment("period_end"), facts.text("read_by")
    facts.required(supplier=supplier, service=service, end_of_period=period_end, person_who_read_it=read_by)
    return Assurance(
        supplier=supplier,
        service=service,
        type=kind,
        period_end=period_end,
        read_by=read_by,
        controls=tuple(annex_id(control) for control in facts.texts("controls")),
        scope=facts.text("scope"),
        faults=tuple(facts.faults),
    )
