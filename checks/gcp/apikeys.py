"""API keys: what each opens, from where, and since when there is one."""

from datetime import datetime, timedelta

from checks.addresses import is_internet
from checks.check import Answer, NotApplicable, check
from evidence_store.records import Json, Resource

_APPLICATIONS = {"androidKeyRestrictions": "allowedApplications", "iosKeyRestrictions": "allowedBundleIds"}


@check(
    on="gcp.api_key",
    severity="medium",
    version=1,
    needs=("createTime", "deleteTime", "displayName", "restrictions"),
    fix="Limit the key to the APIs and callers that it is for, and replace it in time; better, use an identity instead.",
)
def gcp_api_keys_restricted(key: Resource, *, at: datetime, max_age_days: int = 90) -> Answer:
    """API keys open few services, to few callers, and not for long.

    A key is sent along in the clear of every request and ends up in code and logs. Limited to an API and to a caller it is
    worth little to whoever finds it.

    `max_age_days`: how old a key may be, in days
    """
    name = f"API key {key.fact('displayName') or key.name} of project {key.scope.account}"
    if key.fact("deleteTime"):
        return NotApplicable(f"{name} is deleted")
    restrictions, made = key.fact("restrictions") or {}, key.time("createTime")
    faults = []
    if not restrictions.get("apiTargets"):
        faults.append("opens every API")
    if not _limited(restrictions):
        faults.append("serves every caller")
    if made is None or made < at - timedelta(days=max_age_days):
        since = f"of {made:%Y-%m-%d}" if made else "without a date"
        faults.append(f"is {since}, older than {max_age_days} days allow")
    return f"{name} {' and '.join(faults)}" if faults else None


def _limited(restrictions: Json) -> bool:
    """Whether a key serves only named sites, addresses or applications."""
    sites = (restrictions.get("browserKeyRestrictions") or {}).get("allowedReferrers") or ()
    addresses = (restrictions.get("serverKeyRestrictions") or {}).get("allowedIps") or ()
    if sites or addresses:
        return not any(site.strip("/") in ("*", "*.*", "http://*", "https://*") for site in sites) and not any(
            is_internet(address) for address in addresses
        )
    return any((restrictions.get(kind) or {}).get(which) for kind, which in _APPLICATIONS.items())
