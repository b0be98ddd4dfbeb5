"""The lowest version of TLS that something accepts, as each service words it: `TLS1_2`, `1.2`, `TLSv1.2`.

A version above the floor is good whichever it is. A word of which nobody knows the version is neither good nor bad.
"""

import re

from checks.check import Answer, Unknown
from evidence_store.records import Json

FLOOR = (1, 2)
_VERSION = re.compile(r"(?:tls[ _v]?)?(\d{1,2})[._](\d{1,2})", re.IGNORECASE)


def accepts(name: str, lowest: Json, where: str = "") -> Answer:
    """What is wrong with the lowest version that is accepted: it is below the floor, or nobody knows it; `None` of neither."""
    found = _VERSION.fullmatch(str(lowest).strip())
    if found is None:
        return Unknown(f"{name} asks for the version {lowest} of TLS{where}, of which nothing is known")
    version = (int(found[1]), int(found[2]))
    return f"{name} accepts TLS {version[0]}.{version[1]}{where}" if version < FLOOR else None
