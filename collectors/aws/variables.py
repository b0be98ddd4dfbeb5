"""Settings that code is started with: variables, commands, scripts. Their texts are secrets until redaction says otherwise.

A text that only says where something is kept (an ARN, a dynamic reference), or a bare truth value, is no secret, and is
kept readable as a reference.
"""

import re
from collections.abc import Iterable
from typing import Any

from collectors.source import Facet

_REFERENCE = re.compile(r"arn:aws[a-z-]*:|\{\{resolve:|\$\{", re.IGNORECASE)
_TRUTH = frozenset({"true", "false", "yes", "no", "on", "off", "none", "null"})


def facet(type_: str) -> Facet:
    """The facet that holds a resource's settings, the same for each type that has some."""
    return Facet(type_, name="variables", facts=("Variables", "References"), secret=("Variables",))


def facts(settings: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Settings by name, divided into texts that may be secret and references."""
    variables: dict[str, str] = {}
    references: dict[str, str] = {}
    for name, text in settings:
        harmless = _REFERENCE.match(text) or text.lower() in _TRUTH
        (references if harmless else variables)[name] = text
    return {"Variables": variables, "References": references}
