"""Answers of which one field is not what the provider's documentation says it is."""

import copy
from collections.abc import Iterator
from typing import Any

ODD: tuple[Any, ...] = ("odd", 7, True, None, {}, [None], {"x": "y"})


def paths(value: Any) -> Iterator[tuple[Any, ...]]:
    """The way to every field within, at any depth."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner:
        yield (key,)
        yield from ((key, *path) for path in paths(below))


def replaced(item: Any, path: tuple[Any, ...], odd: Any) -> Any:
    """A copy with something else at the end of a path."""
    found = copy.deepcopy(item)
    at = found
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = odd
    return found
