"""What the words of a policy document say: statements, patterns, principals and conditions.

The rules are those of the IAM policy language: actions without regard to case, `*` for any characters and `?` for one,
one value or a list of them, and the `Not` forms for everything but what is named.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from evidence_store.records import Json, MalformedFactError, Unread, Why

_POSITIVE = frozenset({"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"})


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of a condition block. All keys must hold; of one key's values, any."""

    operator: str  # in lower case, without its set prefix and `IfExists`
    key: str  # in lower case
    values: tuple[str, ...]
    if_exists: bool = False
    every: bool = False  # `ForAllValues`, which also holds for a key that is not there

    @property
    def requires(self) -> bool:
        """Whether the key must be there and be like one of the values."""
        return self.operator in _POSITIVE and not self.if_exists and not self.every


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. Exactly one of each pair with its `Not` form stands in a valid document."""

    allows: bool
    sid: str = ""
    actions: tuple[str, ...] = ()  # in lower case
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    principals: Mapping[str, tuple[str, ...]] | None = None  # by kind; `None`: the statement names none
    not_principals: bool = False
    services: frozenset[str] | None = None  # those that its actions belong to; `None`: any (an index, no more)
    conditions: tuple[Condition, ...] = ()

    def speaks_of(self, action: str) -> bool:
        """Whether the action is among those that the statement allows or denies."""
        wanted = action.lower()
        if self.services is not None and wanted.partition(":")[0] not in self.services:
            return False
        if self.not_actions:
            return not any(matches(pattern, wanted) for pattern in self.not_actions)
        return any(matches(pattern, wanted) for pattern in self.actions)

    def covers(self, resource: str) -> bool:
        """Whether the resource, an ARN, is among those of the statement."""
        if self.not_resources:
            return not any(matches(pattern, resource) for pattern in self.not_resources)
        return any(matches(pattern, resource) for pattern in self.resources)

    @property
    def every_action(self) -> bool:
        """Whether one of its patterns is every action: `*`, `*:*`."""
        return any(set(pattern) <= {"*", ":"} and "*" in pattern for pattern in self.actions)

    @property
    def every_resource(self) -> bool:
        return any(set(pattern) <= {"*", ":"} and "*" in pattern for pattern in self.resources)


def matches(pattern: str, text: str) -> bool:
    """Whether a text is what a pattern with `*` and `?` describes."""
    if "*" not in pattern and "?" not in pattern:
        return pattern == text
    if pattern[0] not in {"*", "?", text[:1]}:
        return False
    if set(pattern) == {"*"}:
        return True
    expression = "".join({"*": ".*", "?": "."}.get(char) or re.escape(char) for char in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def statements(document: Json) -> tuple[Statement, ...]:
    """The statements of a parsed document. Raises `MalformedFactError` for one that is none."""
    if not isinstance(document, Mapping):
        raise MalformedFactError(Unread(Why.UNEXPECTED, "policy document", "it is not an object"))
    found = document.get("Statement", ())
    return tuple(_statement(item) for item in (found if isinstance(found, list) else [found]))


def _statement(item: Json) -> Statement:
    if not isinstance(item, Mapping) or item.get("Effect") not in {"Allow", "Deny"}:
        raise MalformedFactError(Unread(Why.UNEXPECTED, "policy document", "a statement without an effect"))
    named = item.get("Principal", item.get("NotPrincipal"))
    actions = tuple(text.lower() for text in _texts(item.get("Action")))
    services = frozenset(action.partition(":")[0] for action in actions)
    return Statement(
        allows=item["Effect"] == "Allow",
        sid=str(item.get("Sid", "")),
        actions=actions,
        not_actions=tuple(text.lower() for text in _texts(item.get("NotAction"))),
        resources=_texts(item.get("Resource")),
        not_resources=_texts(item.get("NotResource")),
        principals=None if named is None else _principals(named),
        not_principals="NotPrincipal" in item,
        services=None if "NotAction" in item or any("*" in s or "?" in s for s in services) else services,
        conditions=tuple(_conditions(item.get("Condition") or {})),
    )


def _texts(value: Json) -> tuple[str, ...]:
    """One value or a list of them, as text."""
    if value is None:
        return ()
    return tuple(_text(v) for v in (value if isinstance(value, list | tuple) else [value]))


def _text(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _principals(named: Json) -> dict[str, tuple[str, ...]]:
    if isinstance(named, Mapping):
        return {kind: _texts(values) for kind, values in named.items()}
    return {"AWS": _texts(named)}  # the bare `*`


def _conditions(block: Mapping[str, Mapping[str, Json]]) -> Iterable[Condition]:
    for operator, keys in block.items():
        prefix, _, rest = operator.lower().rpartition(":")
        plain = rest.removesuffix("ifexists")
        for key, values in keys.items():
            yield Condition(plain, key.lower(), _texts(values), plain != rest, prefix == "forallvalues")
