"""What the checks on registers share: reading entries in order, dates as people mean them, one sentence for many faults.

- A day that is named as the last one still counts; a day that lies ahead is no proof of anything done.
- An empty register proves nothing. A dated nil return by a named person does, for as long as the check says.
- Sentences name dates and limits, never ages, so that the same facts give the same sentence tomorrow.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from evidence_store.records import Inventory, Json, Resource

SHOWN = 5


def entries(inventory: Inventory, kind: str, **facts: Json) -> list[Resource]:
    """The records of a kind that have these facts, in the order of their uids."""
    return sorted(inventory.where(f"records.{kind}", **facts), key=lambda entry: entry.uid)


def some(names: Iterable[str]) -> str:
    """A few names, and how many more there are."""
    listed = list(names)
    more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    return ", ".join(listed[:SHOWN]) + more


def told(faults: Iterable[str]) -> str | None:
    """One sentence for the faults found: the first of them, and how many more there are; `None` for none."""
    listed = list(dict.fromkeys(faults))
    more = f"; and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    return "; ".join(listed[:SHOWN]) + more or None


def lacking(entry: Resource, **words: str) -> list[str]:
    """A fault that names what an entry leaves out, of these facts, each with its word."""
    missing = [word for name, word in words.items() if entry.fact(name) in (None, "", [])]
    return [f"{entry.name} names no {' and no '.join(missing)}"] if missing else []


def day(entry: Resource, name: str) -> date | None:
    """The day that a fact names."""
    moment = entry.time(name)
    return None if moment is None else moment.date()


def done(entry: Resource, name: str, at: datetime) -> bool:
    """Whether a fact names a day on which something was done: there is one, and it does not lie ahead."""
    on = day(entry, name)
    return on is not None and on <= at.date()


def over(entry: Resource, name: str, at: datetime) -> bool:
    """Whether the last day that a fact names has passed."""
    last = day(entry, name)
    return last is not None and last < at.date()


def within(on: date | None, at: datetime, days: int) -> bool:
    """Whether a day lies in the last so many days."""
    return on is not None and at.date() - timedelta(days=days) <= on <= at.date()


def stale(entry: Resource, name: str, at: datetime, days: int, what: str) -> list[str]:
    """A fault where something was not done in the last so many days; `what` is a participle: reviewed, assessed."""
    on = day(entry, name)
    if on is None:
        return [f"{entry.name} names no day on which it was {what}"]
    if on > at.date():
        return [f"{entry.name} says that it was {what} on {on}, which lies ahead"]
    return [] if within(on, at, days) else [f"{entry.name} was last {what} on {on}, and the limit is {days} days"]


def declared_none(inventory: Inventory, kind: str, at: datetime, days: int) -> bool:
    """Whether a named person declared in the last so many days that there was none of a kind."""
    said = inventory.where("records.nil_return", kind=kind, latest=True)
    return any(entry.fact("declared_by") and within(day(entry, "date"), at, days) for entry in said)


def nil_return(inventory: Inventory, kind: str, file: str, at: datetime, days: int) -> str | None:
    """What an empty register is worth: nothing, unless a named person declared lately that there was none."""
    if declared_none(inventory, kind, at, days):
        return None
    for entry in inventory.where("records.nil_return", kind=kind, latest=True):
        on = day(entry, "date")
        return f"isms/{file} has no entry, and the nil return {entry.name} covers the time until {on}; its limit is {days} days"
    return f"isms/{file} has no entry, and no nil return by a named person says that there was none"


NIL_RETURN = ("kind", "declared_by", "date", "latest")  # the facts that `nil_return` looks up


def at_work(person: Resource, at: datetime) -> bool:
    """Whether a person of the roster works here at this time. Needs `status`, `joined`, `left`."""
    joined, left = day(person, "joined"), day(person, "left")
    here = (joined is None or joined <= at.date()) and (left is None or left >= at.date())
    return here and person.fact("status") == "active"


PERSON = ("id", "status", "joined", "left")  # the facts that `staff` looks up


def staff(inventory: Inventory, at: datetime) -> list[Resource]:
    """The people of the roster who work here at this time."""
    return [person for person in entries(inventory, "person") if at_work(person, at)]


def roster(inventory: Inventory) -> set[str]:
    """The ids of all people whom the roster knows, those who left among them."""
    return {person.fact("id") for person in entries(inventory, "person")}


def unlisted(entry: Resource, known: set[str], **words: str) -> list[str]:
    """A fault for each of these facts that names somebody whom the roster does not know."""
    named = [(entry.fact(name), word) for name, word in words.items()]
    return [
        f"{entry.name} names {who} as {word}, who is not in isms/people.toml" for who, word in named if who and who not in known
    ]


def gone(entry: Resource, here: set[str], **words: str) -> list[str]:
    """A fault for each of these facts that names somebody who does not work here."""
    named = [(entry.fact(name), word) for name, word in words.items()]
    return [f"{entry.name} names {who} as {word}, who does not work here" for who, word in named if who and who not in here]


def at_work_now(inventory: Inventory, at: datetime) -> set[str]:
    """The ids of the people who work here at this time."""
    return {person.fact("id") for person in staff(inventory, at)}
