"""Storage accounts."""

from checks.azure.addresses import closed_to_networks
from checks.azure.naming import said
from checks.azure.tagging import plain, tag_of
from checks.azure.tls import accepts
from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Json, Resource


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
    if (wrong := accepts(account.name, account.fact("minimumTlsVersion") or "TLS1_0")) is not None:
        return wrong
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


@check(
    on="azure.storage.account",
    severity="medium",
    version=1,
    needs=("sku", "tags"),
    fix="Change the redundancy of the account to zones or regions; tag accounts by how critical they are.",
)
def azure_storage_redundancy(
    account: Resource, *, tag: str = "criticality", critical: tuple[str, ...] = ("critical", "high")
) -> Answer:
    """Critical storage accounts are kept in more than one zone or region.

    Copies in one building are gone for as long as the building is. Which accounts are critical is the owner's decision,
    written in a tag; without it the question cannot be answered.

    `tag`: the tag that says how critical an account is
    `critical`: the values of it that ask for more than one zone
    """
    kind = account.fact("sku")["name"]
    if not kind.casefold().endswith("_lrs"):
        return None
    criticality = tag_of(account, tag)
    if criticality is None:
        return Unknown(f"{account.name} is kept in one place and has no tag {tag} that says whether it is critical")
    if plain(criticality) not in {plain(word) for word in critical}:
        return NotApplicable(f"{account.name} is not critical")
    return f"{account.name} is critical and kept in one place only ({kind})"


@check(
    on="azure.storage.account",
    severity="low",
    version=1,
    needs=("encryption", "tags"),
    fix="Give the account a key of your own from a vault with purge protection.",
)
def azure_storage_customer_key(
    account: Resource, *, tag: str = "classification", sensitive: tuple[str, ...] = ("confidential", "restricted")
) -> Answer:
    """Storage accounts with sensitive data are encrypted under a key of one's own.

    A key of one's own can be taken back, and its vault says who used it. Which accounts hold sensitive data is written in
    their classification tag.

    `tag`: the tag that carries the class
    `sensitive`: the classes that ask for a key of one's own
    """
    if ((account.fact("encryption") or {}).get("keySource") or "").casefold() == "microsoft.keyvault":
        return None
    found = tag_of(account, tag)
    if found is None:
        return Unknown(f"{account.name} is under the platform's key and has no tag {tag} that says how sensitive it is")
    if plain(found) not in {plain(word) for word in sensitive}:
        return NotApplicable(f"{account.name} holds nothing that asks for a key of one's own ({found})")
    return f"{account.name} holds {found} data under the platform's key"


@check(
    on="azure.storage.account",
    severity="low",
    version=1,
    needs=("containerDeleteRetentionPolicy", "deleteRetentionPolicy", "isHnsEnabled", "isVersioningEnabled", "kind"),
    fix="Turn on soft delete for blobs and containers, and versioning, in the data protection of the account.",
)
def azure_storage_soft_delete(account: Resource, *, min_days: int = 7) -> Answer:
    """What is deleted or overwritten in a storage account can be brought back for some days.

    A mistake, or somebody with an account's key, deletes faster than anyone notices. Accounts for premium file shares
    hold no containers; those with a hierarchy of folders know no versions.

    `min_days`: for how many days what was deleted must be kept
    """
    if said(account, "kind") == "filestorage":
        return NotApplicable(f"{account.name} holds file shares only")
    missing = [
        what
        for fact, what in (("deleteRetentionPolicy", "blobs"), ("containerDeleteRetentionPolicy", "containers"))
        if not _kept(account.fact(fact) or {}, min_days)
    ]
    if missing:
        return f"{account.name} does not keep deleted {' and '.join(missing)} for {min_days} days"
    if account.fact("isHnsEnabled") is True or account.fact("isVersioningEnabled") is True:
        return None
    return f"{account.name} keeps no earlier versions of blobs"


def _kept(policy: Json, min_days: int) -> bool:
    return policy.get("enabled") is True and (policy.get("days") or 0) >= min_days
