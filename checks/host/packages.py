"""Checks on where packages come from."""

import re
from fnmatch import fnmatchcase

from checks.check import Answer, NotApplicable, check
from evidence_store.records import Resource

_VENDORS = (
    "deb.debian.org",
    "security.debian.org",
    "*.debian.org",
    "archive.ubuntu.com",
    "security.ubuntu.com",
    "*.archive.ubuntu.com",
    "*.ec2.archive.ubuntu.com",
    "ports.ubuntu.com",
    "esm.ubuntu.com",
    "*.redhat.com",
    "*.centos.org",
    "*.rockylinux.org",
    "*.almalinux.org",
    "*.fedoraproject.org",
    "*.oracle.com",
    "*.amazonaws.com",
    "mirror+file:/etc/apt/mirrors/*",
)


@check(
    on="host.package_source",
    severity="high",
    version=1,
    needs=("Uri", "Suite", "Enabled", "SignatureChecked", "Weakened", "File"),
    fix="Remove the source or put it on the approved list; remove trusted=yes, and set gpgcheck=1 with the vendor's key.",
)
def host_repos_signed(origin: Resource, *, approved: tuple[str, ...] = _VENDORS) -> Answer:
    """Package sources are on the approved list and check signatures.

    Whoever controls a source installs programs as root; a signature that is not checked lets everyone on the way do so.
    `approved`: hosts of sources, or whole URIs where there is no host (patterns)
    """
    uri, where = origin.fact("Uri"), f"{origin.fact('Suite')} in {origin.fact('File')}"
    if not origin.fact("Enabled"):
        return NotApplicable(f"{where} is not enabled")
    if not origin.fact("SignatureChecked"):
        return f"the package source {uri} {where} is taken without signatures ({origin.fact('Weakened')})"
    host = re.match(r"[\w+]+://([^/:?]+)", uri)
    asked = host[1].lower() if host else uri
    if not any(fnmatchcase(asked, pattern) for pattern in approved if host or ":" in pattern):
        return f"the package source {uri} {where} is not on the approved list"
    return None
