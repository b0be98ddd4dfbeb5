"""Settings that code is started with: variables, commands, scripts. Their texts are secrets until redaction says otherwise.

A text that only says where something is kept (an ARN, a dynamic reference), or a bare truth value, is no secret, and is
kept readable as a reference. What says more than that is a text like any other: `${HOST}:hunter2` is no reference.
"""

import re
from collections.abc import Iterable
from typing import Any

from collectors.source import Facet

_REFERENCE = re.compile(r"arn:aws[a-z-]*:[^\s,;=&]+|\{\{resolve:[^{}]+\}\}|\$\{[\w.]+\}", re.IGNORECASE)
_TRUTH = frozenset({"true", "false", "yes", "no", "on", "off", "none", "null"})


def facet(type_: str) -> Facet:
    """The facet that holds a resource's settings, the same for each type that has some."""
    return Facet(type_, name="variables", facts=("Variables", "References"), secret=("Variables",))


def facts(settings: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Settings by name, divided into texts that may be secret and references; of two of one name, both."""
    variables: dict[str, str] = {}
    references: dict[str, str] = {}
    for name, text in settings:
        kept = references if _REFERENCE.fullmatch(text) or text.lower() in _TRUTH else variables
        number = 1
        while (own := name if number == 1 else f"{number}/{name}") in kept:
            number += 1
        kept[own] = text
    return {"Variables": variables, "References": references}
