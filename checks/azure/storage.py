"""Storage accounts."""

from checks.azure.addresses import closed_to_networks
from checks.azure.naming import said
from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Resource


@check(
    on="azure.storage.account",
    severity="critical",
    version=1,
    needs=("allowBlobPublicAccess", "kind"),
    fix="Set allowBlobPublicAccess to false on the account; serve what is public from a front end that reads it by identity.",
)
def azure_storage_no_public_blob(account: Resource) -> Answer:
    """Storage accounts do not let containers be opened to everyone.

    While an account allows it, whoever manages one container can publish all of it without a password. An account that
    says nothing allows it. Accounts for premium file shares hold no containers.
    """
    if said(account, "kind") == "filestorage":
        return NotApplicable(f"{account.name} holds file shares only")
    allowed = account.fact("allowBlobPublicAccess")
    if allowed is False:
        return None
    return f"{account.name} allows anonymous access to its containers" + (" (by default)" if allowed is None else "")


@check(
    on="azure.storage.account",
    severity="high",
    version=1,
    needs=("supportsHttpsTrafficOnly", "minimumTlsVersion"),
    fix="Turn on secure transfer and set the minimum TLS version of the account to 1.2.",
)
def azure_storage_https_only(account: Resource) -> Answer:
    """Storage accounts accept nothing but TLS 1.2 or newer.

    Plain HTTP and the first versions of TLS can be read and changed on the way. An account without a minimum version
    is taken to accept TLS 1.0.
    """
    secure = account.fact("supportsHttpsTrafficOnly")
    if secure is False:
        return f"{account.name} accepts plain HTTP"
    minimum = account.fact("minimumTlsVersion") or "TLS1_0"
    if minimum.upper() in {"TLS1_0", "TLS1_1"}:
        return f"{account.name} accepts {minimum.upper().replace('TLS1_', 'TLS 1.')}"
    if secure is None:
        return Unknown(f"{account.name} does not say whether it accepts plain HTTP")
    return None


@check(
    on="azure.storage.account",
    severity="high",
    version=1,
    needs=("publicNetworkAccess", "networkAcls"),
    fix="Turn public network access off, or set the default action of the account's firewall to deny and list who may come.",
)
def azure_storage_network_deny(account: Resource) -> Answer:
    """Storage accounts refuse networks that nobody listed.

    A key or token that leaked is worth little where only known networks are let in. An account without rules lets every
    network in; a listed block wider than anyone holds counts as every network.
    """
    return closed_to_networks(account, "networkAcls")


@check(
    on="azure.storage.account",
    severity="medium",
    version=1,
    needs=("allowSharedKeyAccess",),
    fix="Move clients to sign-in through the directory, then set allowSharedKeyAccess to false on the account.",
)
def azure_storage_no_shared_key(account: Resource) -> Answer:
    """Storage accounts refuse sign-in with their shared keys.

    An account key opens everything, belongs to nobody and does not expire. An account that says nothing accepts its keys.
    """
    if account.fact("allowSharedKeyAccess") is False:
        return None
    return f"{account.name} accepts its shared keys and what is signed with them"
