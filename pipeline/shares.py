"""Which of several targets reads a scope that more than one of them reaches: decided once, and the same in every run.

- The first in the order of the configuration whom it lets in; where it lets nobody in, the first. So a role that is refused
  in one account hides nothing that another target was given credentials for.
- Nothing of a scope is read by two: they may be allowed different things.
- Scopes are told by their kind. A target waits until the others of its kind know where they reach, and for no other.
"""

import threading
from collections.abc import Sequence

from collectors.source import Place
from configuration import Target
from evidence_store.records import Scope


class Shares:
    """Asked by the threads that read, one for each target. Every target must declare itself, or the others wait for it."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self._rank = {target.name: rank for rank, target in enumerate(targets)}
        self._kind = {target.name: target.kind for target in targets}
        self._expected: dict[str, set[str]] = {}
        for target in targets:
            self._expected.setdefault(target.kind, set()).add(target.name)
        self._first: dict[Scope, tuple[bool, int, str]] = {}
        self._changed = threading.Condition()

    def declare(self, target: str, places: Sequence[Place] = ()) -> None:
        """Say where a target reaches; nowhere, if it could not be reached. Only the first word counts."""
        with self._changed:
            if target not in self._expected[self._kind[target]]:
                return
            for place in places:
                claim = (place.failed is not None, self._rank[target], target)
                self._first[place.scope] = min(claim, self._first.get(place.scope, claim))
            self._expected[self._kind[target]].discard(target)
            self._changed.notify_all()

    def of(self, target: str, places: Sequence[Place]) -> tuple[Place, ...]:
        """Those of its places that this target is to read."""
        self.declare(target, places)
        with self._changed:
            self._changed.wait_for(lambda: not self._expected[self._kind[target]])
            return tuple(place for place in places if self._first[place.scope][-1] == target)
