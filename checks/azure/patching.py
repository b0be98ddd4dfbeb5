"""Which machines must be patched, whether their assessment says enough, and which updates are late."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from checks.azure.naming import lowered, said
from checks.check import Answer, NotApplicable, Unknown
from evidence_store.records import Json, MalformedFactError, Resource, Unread, Why, format_time, parse_time

# What is asked of a machine besides its updates.
STANDING = ("powerState", "timeCreated")
_RESTING = frozenset({"powerstate/deallocated", "powerstate/stopped"})


def not_ours_to_patch(machine: Resource) -> Answer:
    """A machine that does not run cannot be assessed; where the platform does not say, it is held to run."""
    state = said(machine, "powerState")
    return NotApplicable(f"{machine.name} is {state.rpartition('/')[2]}") if state in _RESTING else None


def never_assessed(machine: Resource, at: datetime, first_hours: int) -> Answer:
    """What it means that the platform holds no assessment of a machine: a new one has some time for its first."""
    created = machine.time("timeCreated")
    due = None if created is None else created + timedelta(hours=first_hours)
    if due is not None and due > at:
        return NotApplicable(f"{machine.name} is new; it is due on {due:%Y-%m-%d %H:%M} UTC")
    return f"{machine.name} was not assessed for updates in the days that the platform keeps"


def unsettled(machine: Resource, assessed: datetime, at: datetime, max_age_days: int) -> Answer:
    """Why an assessment that found nothing late does not show that nothing is; `None` if it does."""
    if assessed > at:
        return Unknown(f"{machine.name} has an assessment of a time that lies ahead: {format_time(assessed)}")
    if assessed < at - timedelta(days=max_age_days):
        return f"{machine.name} was last assessed for updates on {assessed:%Y-%m-%d}; the limit is {max_age_days} days"
    when = f"{machine.name} was assessed on {assessed:%Y-%m-%d}"
    match _outcome(machine):
        case "failed":
            return f"{machine.name} could not be assessed for updates on {assessed:%Y-%m-%d}: the assessment failed"
        case "completedwithwarnings":
            return Unknown(f"{when} with warnings, so it may lack more than was found")
        case "succeeded":
            pass
        case status:
            return Unknown(f"{machine.name} has an assessment of {assessed:%Y-%m-%d} that has not ended ({status})")
    if machine.fact("availablePatchCountByClassification") is None:
        return Unknown(f"{when}, and the assessment counts nothing")
    if machine.fact("rebootPending"):
        return Unknown(f"{machine.name} awaits a restart before its updates hold; since when is not told")
    return None


def _outcome(machine: Resource) -> str:
    """How an assessment ended; where its record has no status, by whether it has an error."""
    error = said(machine, "errorCode", "success")
    return said(machine, "assessmentStatus", "succeeded" if error == "success" else "failed")


def overdue(machine: Resource, at: datetime, deadline_days: int, classes: Sequence[str]) -> list[str]:
    """The updates of these classes that are past the deadline."""
    limit = at - timedelta(days=deadline_days)
    listed = _listed(machine, classes)
    told = dict.fromkeys(patch["publishedDateTime"] for patch in listed if patch["publishedDateTime"])  # many are of one day
    late = {each: f"{published:%Y-%m-%d}" for each in told if (published := _time(each)) < limit}
    dated = ((patch["patchName"], late.get(patch["publishedDateTime"])) for patch in listed)
    return sorted(f"{name} (published on {day})" for name, day in dated if day)


def undated(machine: Resource, classes: Sequence[str]) -> list[str]:
    """The updates of these classes of which nobody tells since when they are to be had."""
    listed = _listed(machine, classes)
    names = sorted(patch["patchName"] for patch in listed if not patch["publishedDateTime"])
    more = _counted(machine, lowered(classes)) - len(listed)
    return [*names, f"{more} that are counted and not listed"] if more > 0 else names


def _listed(machine: Resource, classes: Sequence[str]) -> list[Json]:
    wanted, patches = lowered(classes), machine.fact("softwarePatches") or ()
    return [patch for patch in patches if any(each.casefold() in wanted for each in patch["classifications"])]


def _time(told: str) -> datetime:
    try:
        return parse_time(told)
    except ValueError:
        raise MalformedFactError(Unread(Why.UNEXPECTED, "softwarePatches", f"{told!r} is not a time")) from None


def _counted(machine: Resource, classes: frozenset[str]) -> int:
    """How many updates of these classes the summary counts; the platform spells its keys in more than one way."""
    counts = machine.fact("availablePatchCountByClassification") or {}
    return sum(number for name, number in counts.items() if name.casefold() in classes and number)
