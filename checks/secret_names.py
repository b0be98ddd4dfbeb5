"""Which variables hold a secret, by what redaction recognised in their texts and by their names."""

import re
from collections.abc import Collection

from evidence_store.records import Json

# What a variable that holds a secret is called, as its last words.
SECRET_NAME = re.compile(
    r"(?:pass(?:word|wd|phrase)|api[_-]?key|(?:access|api|auth|bearer|refresh)[_-]?token|"  # also at the end of a word
    r"(?:^|[^a-z])(?:pass|pwd|secret|token|private[_-]?key|secret[_-]?(?:access[_-]?)?key|auth[_-]?key|"
    r"(?:encryption|hmac|master|signing)[_-]?key|secret[_-]?key[_-]?base|"
    r"account[_-]?key|client[_-]?secret|connection[_-]?string|credentials?))$",
    re.IGNORECASE,
)
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def kind_of(text: Json) -> str:
    """What redaction recognised in a text: `value` where nothing; empty for an empty text."""
    return str(text["$redacted"]) if isinstance(text, dict) else "value" if text else ""


def sounds_secret(name: str, harmless: Collection[str]) -> bool:
    """Whether a variable's own name says that it holds a secret; what stands before a slash says where it is."""
    own = name.rpartition("/")[2]
    return own not in harmless and SECRET_NAME.search(CAMEL.sub("_", own)) is not None


def held_in(variables: Json, harmless: Collection[str]) -> list[str]:
    """The variables that hold a secret: those whose text is one by its shape first, then those that say so by name."""
    held = {name: kind for name, text in variables.items() if (kind := kind_of(text))}
    shown = [f"{name} ({kind.replace('_', ' ')})" for name, kind in sorted(held.items()) if kind != "value"]
    return shown + [name for name, kind in sorted(held.items()) if kind == "value" and sounds_secret(name, harmless)]
