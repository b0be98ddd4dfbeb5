"""What the running read may ask for. Each provider's guard stands where its requests leave, and asks for the permit in force.

No permit, no request: a thread gets one for as long as it reads for a source.
"""

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import PackageNotFoundError, version

from collectors.source import UndeclaredCallError


class Permit:
    """The calls that one read declared, in whatever form its provider's guard sees them, and how many requests it has sent."""

    __slots__ = ("_lock", "allowed", "reader", "sent")

    def __init__(self, reader: str, allowed: frozenset[Hashable]) -> None:
        self.reader = reader
        self.allowed = allowed
        self.sent = 0
        self._lock = threading.Lock()

    def count(self) -> None:
        """One more request leaves, a retry too."""
        with self._lock:
            self.sent += 1


_in_force: ContextVar[Permit | None] = ContextVar("annexa_permit", default=None)


@contextmanager
def under(permit: Permit) -> Iterator[None]:
    """Let this thread ask for what the permit allows, for as long as the block runs."""
    token = _in_force.set(permit)
    try:
        yield
    finally:
        _in_force.reset(token)


def in_force() -> Permit | None:
    """The permit of this thread."""
    return _in_force.get()


def permitted(call: Hashable, told: str | None = None) -> Permit:
    """The permit in force, which allows this call. Raises `UndeclaredCallError`, with `told` as the call's name."""
    permit = _in_force.get()
    if permit is None:
        raise UndeclaredCallError(f"{told or call} was tried outside of a source")
    if call not in permit.allowed:
        raise UndeclaredCallError(f"{permit.reader} did not declare {told or call}")
    return permit


def user_agent() -> str:
    """What providers' logs show of us."""
    try:
        return f"annexa/{version('annexa')}"
    except PackageNotFoundError:
        return "annexa/0"
