"""Zones of Cloud DNS: whether answers from them can be trusted."""

from checks.check import Answer, NotApplicable, check
from checks.gcp.naming import some
from evidence_store.records import Resource

_WEAK = ("rsasha1",)


@check(
    on="gcp.dns.managed_zone",
    severity="low",
    version=1,
    needs=("dnsName", "dnssecConfig", "visibility"),
    fix="Turn on DNSSEC for the zone with ECDSAP256SHA256 or RSASHA256, and enter its DS record at the registrar.",
)
def gcp_dnssec(zone: Resource) -> Answer:
    """Public zones are signed, with an algorithm that holds.

    Without signatures whoever sits between a resolver and the server sends visitors and mail where he likes. Whether the
    registrar knows the zone's key is not seen here.
    """
    name = f"zone {zone.fact('dnsName')}"
    if (zone.fact("visibility") or "public").lower() == "private":
        return NotApplicable(f"{name} is private")
    config = zone.fact("dnssecConfig") or {}
    if str(config.get("state")).lower() != "on":
        return f"{name} is not signed"
    used = {str(key.get("algorithm")).lower() for key in config.get("defaultKeySpecs") or ()}
    weak = sorted(used.intersection(_WEAK))
    return f"{name} is signed with {some(weak)}, which is broken" if weak else None
