"""The ids of the 93 controls of Annex A and of the clauses, and how people write them."""

import re
from collections.abc import Iterable

THEMES = {"A.5": 37, "A.6": 8, "A.7": 14, "A.8": 34}
CONTROLS = tuple(f"{theme}.{number}" for theme, count in THEMES.items() for number in range(1, count + 1))
CLAUSES = (
    *("4.1", "4.2", "4.3", "4.4", "5.1", "5.2", "5.3", "6.1.1", "6.1.2", "6.1.3", "6.2", "6.3", "7.1", "7.2", "7.3", "7.4"),
    *("7.5.1", "7.5.2", "7.5.3", "8.1", "8.2", "8.3", "9.1", "9.2.1", "9.2.2", "9.3.1", "9.3.2", "9.3.3", "10.1", "10.2"),
)

_RANGE = re.compile(r"(A\.\d+)\.(\d+)-(?:(A\.\d+)\.)?(\d+)")


def control_id(text: str) -> str:
    """The id of a control as someone wrote it: `8.8`, `a.8.8` and `A.8.8` are `A.8.8`."""
    wanted = text.strip().upper()
    return wanted if wanted.startswith("A.") else f"A.{wanted}"


def covered(items: Iterable[str]) -> set[str]:
    """The clauses and controls that a list names: `4`, `9.2`, `A.5`, `A.8.1`, `A.8.1-A.8.12`, in any letter case."""
    named: set[str] = set()
    for item in items:
        wanted = item.strip().upper().removeprefix("CLAUSE ")
        if (found := _RANGE.fullmatch(wanted.replace(" ", ""))) and found[3] in (None, found[1]):
            named |= {f"{found[1]}.{number}" for number in range(int(found[2]), int(found[4]) + 1)}
        else:
            named.add(wanted)
    return {id_ for id_ in (*CLAUSES, *CONTROLS) if any(id_ == n or id_.startswith(f"{n}.") for n in named)}
