"""When the fixes of a minor version of Kubernetes end, by the project's schedule of releases as of September 2026."""

import re
from collections.abc import Iterable
from datetime import date

# The last day of maintenance of each minor version: the day that the project named afterwards, or has scheduled. A distributor
# may add to it: the parameter `ends` goes first.
_ENDS = {
    "1.2": "2016-10-23", "1.3": "2016-11-01", "1.4": "2017-04-21", "1.5": "2017-10-01", "1.6": "2017-11-23",
    "1.7": "2018-04-04", "1.8": "2018-07-12", "1.9": "2018-09-29", "1.10": "2019-02-13", "1.11": "2019-05-01",
    "1.12": "2019-07-08", "1.13": "2019-10-15", "1.14": "2019-12-11", "1.15": "2020-05-06", "1.16": "2020-09-02",
    "1.17": "2021-01-13", "1.18": "2021-06-18", "1.19": "2021-10-28", "1.20": "2022-02-28", "1.21": "2022-06-28",
    "1.22": "2022-12-08", "1.23": "2023-02-28", "1.24": "2023-07-28", "1.25": "2023-10-28", "1.26": "2024-02-28",
    "1.27": "2024-07-16", "1.28": "2024-10-22", "1.29": "2025-02-28", "1.30": "2025-07-15", "1.31": "2025-11-11",
    "1.32": "2026-02-28", "1.33": "2026-06-28", "1.34": "2026-10-27", "1.35": "2027-02-28", "1.36": "2027-06-28",
    "1.37": "2027-10-28",
}  # fmt: skip
_OLDEST = (1, 2)
_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\D|$)")


def minor_of(version: str) -> tuple[int, int] | None:
    """`(1, 33)` of `v1.33.4-eks-8cce635`; `None` of what is no version."""
    found = _VERSION.match(version)
    return (int(found[1]), int(found[2])) if found else None


def end_of_support(minor: tuple[int, int], named: Iterable[str]) -> date | None:
    """The last day of fixes; `None` where it is not known. What the owner names holds over the schedule."""
    key = f"{minor[0]}.{minor[1]}"
    declared = dict(entry.split("=", 1) for entry in named if "=" in entry)
    extended = {version.strip().removeprefix("v"): end.strip() for version, end in declared.items()}
    if key in extended:
        try:
            return date.fromisoformat(extended[key])
        except ValueError:
            return None
    if key in _ENDS:
        return date.fromisoformat(_ENDS[key])
    return date.fromisoformat(_ENDS["1.2"]) if minor < _OLDEST else None
