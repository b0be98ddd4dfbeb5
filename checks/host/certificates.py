"""Checks on certificates that services keep."""

from datetime import datetime, timedelta

from checks.check import Answer, check
from evidence_store.records import Resource


@check(
    on="host.certificate",
    severity="medium",
    version=1,
    needs=("Path", "Subject", "NotAfter"),
    fix="Renew the certificate and reload its service; let an ACME client do it from now on.",
)
def host_certificate_expiry(certificate: Resource, *, at: datetime, days: int = 30) -> Answer:
    """No certificate stored in service folders expires within 30 days.

    An expired certificate stops the service, or teaches people to click warnings away.
    `days`: how many days before its end a certificate must have been renewed
    """
    ends = certificate.time("NotAfter")
    if ends is not None and ends - at > timedelta(days=days):
        return None
    subject, path = certificate.fact("Subject") or "without a subject", certificate.fact("Path")
    return f"the certificate {subject} in {path} ends on {ends and ends.date()}; it must be renewed {days} days before"
