"""Metadata of machines and projects: what start-up scripts, keys and agents are told.

Any value may be a secret: all are kept as secrets, by name. The few that switch something on or off are facts of their own.
"""

from collections.abc import Iterable
from typing import Any

from collectors.gcp.shaping import fields_of
from collectors.gcp.values import OddValueError, plain
from collectors.source import Facet
from evidence_store.records import Json

FLAGS = (
    "block-project-ssh-keys",
    "disable-legacy-endpoints",
    "enable-guest-attributes",
    "enable-osconfig",
    "enable-oslogin",
    "enable-oslogin-2fa",
    "serial-port-enable",
    "serial-port-logging-enable",
)
_WORDS = {**dict.fromkeys(("true", "y", "yes", "1"), True), **dict.fromkeys(("false", "n", "no", "0"), False)}


def facet(type_: str) -> Facet:
    """The facet that holds a resource's metadata, the same for each type that has some."""
    return Facet(type_, name="metadata", facts=("metadata",), secret=("metadata",))


def values(asset: Any, field: str) -> dict[str, str]:
    """Metadata by name; of two of one name, both. Raises `OddValueError`."""
    fields = fields_of(asset)
    found: dict[str, str] = {}
    given = plain(fields[field]) if field in fields else None
    for name, text in _entries(given):
        number = 1
        while (own := name if number == 1 else f"{number}/{name}") in found:
            number += 1
        found[own] = text
    return dict(sorted(found.items()))


def _entries(given: Json) -> Iterable[tuple[str, str]]:
    if given is None:
        return
    items = given.get("items", []) if isinstance(given, dict) else None
    if not isinstance(items, list):
        raise OddValueError("metadata is not a list of items")
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("key"), str):
            raise OddValueError("metadata holds an item without a key")
        value = item.get("value") or ""
        if not isinstance(value, str):
            raise OddValueError("metadata holds a value that is no text")
        yield item["key"], value


def flags(found: dict[str, str]) -> dict[str, Json]:
    """What is switched on or off; left out where nothing is said. A word that says neither counts as off, as it does there."""
    return {name: _WORDS.get(found[name].strip().lower(), False) for name in FLAGS if name in found}
