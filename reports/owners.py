"""Who answers for a resource, as the asset register says: by the resource's uid, or by a pattern with `*`."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from evidence_store.records import Json
from reports.reading import Sealed

ASSETS = "records.asset"


class Owners:
    """The owners of resources. An asset that names a resource exactly goes before one that names a pattern."""

    def __init__(self, assets: Iterable[Mapping[str, Json]]) -> None:
        self._exact: dict[str, str] = {}
        self._patterns: list[tuple[re.Pattern[str], str]] = []
        for facts in assets:
            owner = facts.get("owner")
            for named in facts.get("resources") or ():
                if not isinstance(owner, str) or not isinstance(named, str):
                    continue
                if "*" in named:
                    pattern = ".*".join(re.escape(part) for part in named.split("*"))
                    self._patterns.append((re.compile(pattern, re.DOTALL), owner))
                else:
                    self._exact.setdefault(named, owner)
        self.of_resource = lru_cache(maxsize=10_000)(self._find)

    @classmethod
    def of(cls, sealed: Sealed) -> "Owners":
        """From the asset register as it stood at the run's end."""
        return cls(sealed.records(ASSETS))

    def _find(self, uid: str) -> str:
        """The owner of a resource; empty where no asset names it."""
        if uid in self._exact:
            return self._exact[uid]
        return next((owner for pattern, owner in self._patterns if pattern.fullmatch(uid)), "")
