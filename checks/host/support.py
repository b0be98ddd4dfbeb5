"""When the security fixes of a release end, by its vendor's announcement."""

from collections.abc import Mapping, Sequence
from datetime import date

# Debian: the end of its long-term support. Ubuntu: standard support. Red Hat and rebuilds: maintenance support.
_ENDS = {
    "almalinux 8": "2029-03-01",
    "almalinux 9": "2032-05-31",
    "almalinux 10": "2035-05-31",
    "amzn 2": "2026-06-30",
    "amzn 2023": "2029-06-30",
    "centos 7": "2024-06-30",
    "centos 8": "2024-05-31",
    "centos 9": "2027-05-31",
    "centos 10": "2030-01-01",
    "debian 9": "2022-06-30",
    "debian 10": "2024-06-30",
    "debian 11": "2026-08-31",
    "debian 12": "2028-06-30",
    "debian 13": "2030-06-30",
    "ol 7": "2024-12-31",
    "ol 8": "2029-07-31",
    "ol 9": "2032-06-30",
    "ol 10": "2035-06-30",
    "rhel 7": "2024-06-30",
    "rhel 8": "2029-05-31",
    "rhel 9": "2032-05-31",
    "rhel 10": "2035-05-31",
    "rocky 8": "2029-05-31",
    "rocky 9": "2032-05-31",
    "rocky 10": "2035-05-31",
    "ubuntu 18.04": "2023-05-31",
    "ubuntu 20.04": "2025-05-31",
    "ubuntu 22.04": "2027-04-01",
    "ubuntu 24.04": "2029-04-25",
    "ubuntu 26.04": "2031-04-23",
}


def end_of_support(release: Mapping[str, str], named: Sequence[str]) -> date | None:
    """The last day of security fixes of an os-release(5); `None` where it is not known.

    What the owner names holds over what the release says of itself, and that over the list.
    """
    system, version = release.get("ID", ""), release.get("VERSION_ID", "")
    for key in (f"{system} {version}", f"{system} {version.split('.')[0]}"):
        for entry in named:
            of, _, ends = entry.rpartition(" ")
            if of == key:
                return date.fromisoformat(ends)
    if "SUPPORT_END" in release:
        return date.fromisoformat(release["SUPPORT_END"])
    for key in (f"{system} {version}", f"{system} {version.split('.')[0]}"):
        if key in _ENDS:
            return date.fromisoformat(_ENDS[key])
    return None
