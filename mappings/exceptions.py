"""Approved, expiring deviations: which failing findings and which blind spots they cover.

- An exception counts from its start to the end of its last day, or until it is given up. It needs a reason, an owner, and
  an approver who is not the owner.
- It covers what it names: a check and resources (uids, or patterns in which `*` stands for anything), or a blind spot
  (a scope and an action). Naming nothing covers nothing; `*` alone covers everything, and says so.
- One that does not count is reported with the reason; it is never dropped in silence.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from evidence_store.records import Json, Scope, format_time
from mappings.record_facts import RecordFacts, matches, same_person


@dataclass(frozen=True, slots=True)
class ApprovedException:
    """A deviation as the ISMS records name it. `faults` are the reasons why it counts at no time."""

    id: str
    check: str
    control: str  # the control that it deviates from, for the reader; it widens nothing
    resources: tuple[str, ...]
    scope: str  # of a blind spot: `aws:123456789012:eu-west-1`, `*` for anything
    action: str  # of a blind spot: the permission or read that is not granted
    reason: str
    owner: str
    approved_by: str
    starts: datetime | None
    expires: datetime | None  # the last moment
    risk: str
    closed: datetime | None = None  # given up before its end
    faults: tuple[str, ...] = ()

    @property
    def is_blind_spot(self) -> bool:
        return bool(self.scope and self.action)

    def has_run_out(self, at: datetime) -> bool:
        """Whether it counted once, to its last day, and that day is over. One that was given up before is settled."""
        return not self.faults and self.expires is not None and at > self.expires and self.closed is None

    def fault(self, at: datetime) -> str | None:
        """Why it does not count at a time; `None` where it does."""
        if self.faults or self.starts is None or self.expires is None:
            return "; ".join(self.faults)
        if at < self.starts:
            return f"it starts on {format_time(self.starts)[:10]}"
        if at > self.expires:
            return f"it expired on {format_time(self.expires)[:10]}"
        if self.closed is not None and at >= self.closed:
            return f"it was given up on {format_time(self.closed)[:10]}"
        return None


@dataclass(frozen=True, slots=True)
class Invalid:
    """An exception that does not count, and why."""

    id: str
    why: str


class Exceptions:
    """The exceptions of an organisation, from the facts of `records.exception`."""

    def __init__(self, resources: Iterable[Mapping[str, Json]]) -> None:
        read = [_exception(RecordFacts(facts)) for facts in resources]
        self.all: tuple[ApprovedException, ...] = tuple(sorted(read, key=repr))
        self._by_check: dict[str, list[ApprovedException]] = {}
        for exception in self.all:
            self._by_check.setdefault(exception.check, []).append(exception)

    def covers(self, check: str, uid: str, at: datetime) -> ApprovedException | None:
        """The exception under which this check may fail on this resource at this time; the one that ends last."""
        return _longest(
            exception
            for exception in self._by_check.get(check, ())
            if exception.fault(at) is None and any(matches(pattern, uid) for pattern in exception.resources)
        )

    def lapsed(self, check: str, uid: str, at: datetime) -> ApprovedException | None:
        """The exception that ran to its end, under which this check could fail on this resource; the one that ended last."""
        return _longest(
            exception
            for exception in self._by_check.get(check, ())
            if exception.has_run_out(at) and any(matches(pattern, uid) for pattern in exception.resources)
        )

    def covers_blind_spot(self, scope: Scope, action: str, at: datetime) -> ApprovedException | None:
        """The exception under which this action may stay unread in this scope; the one that ends last.

        The control stays unknown; only the run counts as done.
        """
        return _longest(
            exception
            for exception in self.all
            if exception.is_blind_spot
            and exception.fault(at) is None
            and (matches(exception.scope, str(scope)) or matches(f"{exception.scope}:*", str(scope)))
            and matches(exception.action, action)
        )

    def invalid(self, at: datetime) -> tuple[Invalid, ...]:
        """Those that do not count at this time, each with the reason."""
        found = ((exception.id, exception.fault(at)) for exception in self.all)
        return tuple(Invalid(id_, why) for id_, why in found if why is not None)


def _exception(facts: RecordFacts) -> ApprovedException:
    check, resources = facts.text("check"), facts.texts("resources")
    scope, action = facts.text("scope"), facts.text("action")
    reason, owner, approved_by = facts.text("reason"), facts.text("owner"), facts.text("approved_by")
    starts, expires = facts.first_moment("starts"), facts.last_moment("expires")
    closed = facts.first_moment("closed_on")
    facts.required(reason=reason, owner=owner, approver=approved_by, start=starts, end=expires)
    if owner and same_person(owner, approved_by):
        facts.faults.append("its owner approved it; another person has to")
    if starts and expires and starts > expires:
        facts.faults.append("it ends before it starts")
    if check and not resources:
        facts.faults.append("names no resources (`*` means all)")
    if bool(scope) != bool(action):
        facts.faults.append("a blind spot needs both a scope and an action")
    if not check and not scope and not action:
        facts.faults.append("names neither a check nor a blind spot")
    return ApprovedException(
        id=facts.text("id"),
        check=check,
        control=facts.text("control"),
        resources=resources,
        scope=scope,
        action=action,
        reason=reason,
        owner=owner,
        approved_by=approved_by,
        starts=starts,
        expires=expires,
        risk=facts.text("risk"),
        closed=closed,
        faults=tuple(facts.faults),
    )


def _longest(found: Iterable[ApprovedException]) -> ApprovedException | None:
    """The one that ends last; of equals the first by id."""
    return min(found, key=lambda e: (-(e.expires.timestamp() if e.expires else 0), e.id), default=None)
