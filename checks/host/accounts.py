"""Checks on local accounts: who may sign in, with which password and which keys."""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from datetime import datetime

from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Inventory, Json, Resource

_OTHER_KEYS = ("authorizedkeyscommand", "trustedusercakeys")
_STRONG = ("yescrypt", "gost-yescrypt", "scrypt", "bcrypt", "sha512")


@check(
    on="host.account",
    severity="high",
    version=1,
    needs=("Name", "SignIn", "Expires"),
    looks_up={"records.person": ("name", "status", "accounts"), "records.service_account": ("accounts",)},
    fix="Name the account at its person or service account in the records, or remove it with `userdel`.",
)
def host_accounts_known(
    account: Resource, *, inventory: Inventory, at: datetime, approved: tuple[str, ...] = ("root",)
) -> Answer:
    """Every login account matches an active person or listed service account.

    An account that nobody answers for outlives the person who used it. Local accounts are judged; those of a directory
    belong to the identity provider.
    `approved`: accounts that belong to the system itself
    """
    name = account.fact("Name")
    if not account.fact("SignIn"):
        return NotApplicable(f"{name} has a shell that lets nobody in")
    if name in approved:
        return None
    left = ""
    for person in inventory.where("records.person"):
        if _names(person.fact("accounts"), account):
            if person.fact("status") == "active":
                return None
            left = person.fact("name")
    if any(_names(service.fact("accounts"), account) for service in inventory.where("records.service_account")):
        return None
    expires = account.time("Expires")
    if expires is not None and expires <= at:
        return NotApplicable(f"{name} expired on {expires.date()}: nobody can sign in with it")
    return f"{name} belongs to {left}, who has left" if left else f"{name} belongs to no active person or service account"


def _names(accounts: Json, account: Resource) -> bool:
    """Whether a record's accounts name this one: `name`, `host:name` (on any host), or its whole uid."""
    return not {account.fact("Name"), f"host:{account.fact('Name')}", account.uid}.isdisjoint(accounts or [])


@check(
    on="host.account",
    severity="high",
    version=1,
    needs=("Name", "AuthorizedKeys"),
    looks_up={
        "host.machine": ("Sshd", "SshdMatches"),
        "records.person": ("name", "status", "ssh_keys"),
        "records.service_account": ("ssh_keys",),
    },
    fix="Name the key at its person or service account in the records, or remove its line from the file.",
)
def host_ssh_authorized_keys_known(
    account: Resource, *, inventory: Inventory, approved: tuple[str, ...] = (), approved_sources: tuple[str, ...] = ()
) -> Answer:
    """Every authorized key belongs to an active person or listed service.

    A key that was left behind opens the account for as long as the line stands, whatever happens to its owner.
    `approved`: fingerprints (SHA256:...) that need no record
    `approved_sources`: commands and authority files that sshd may ask for keys besides the files that were read
    """
    keys = account.fact("AuthorizedKeys")
    known = set(approved)
    if any(key["Fingerprint"] not in known for key in keys):
        known |= _fingerprints(s.fact("ssh_keys") for s in inventory.where("records.service_account"))
        known |= _fingerprints(p.fact("ssh_keys") for p in inventory.where("records.person") if p.fact("status") == "active")
    strange = [f"{key['Fingerprint']} in {key['File']}" for key in keys if key["Fingerprint"] not in known]
    if strange:
        return f"{account.fact('Name')} admits keys of no active person or service account: {', '.join(strange)}"
    for machine in inventory.where("host.machine"):
        asked = [(machine.fact("Sshd") or {}).get(keyword, "none") for keyword in _OTHER_KEYS]
        for block in machine.fact("SshdMatches") or []:
            asked += [block["Settings"].get(keyword, "none") for keyword in ("authorizedkeysfile", *_OTHER_KEYS)]
        unseen = [place for place in asked if place not in ("none", *approved_sources)]
        if unseen:
            return Unknown(f"{account.fact('Name')} may be entered with keys from {unseen[0]}, which were not seen")
    return None if keys else NotApplicable(f"{account.fact('Name')} admits no key")


def _fingerprints(keys: Iterable[Json]) -> set[str]:
    """Fingerprints of keys that stand in records as fingerprints or as whole public keys."""
    found = set()
    for text in (text for listed in keys for text in listed or []):
        if text.startswith("SHA256:"):
            found.add(text.split()[0])
        for word in text.split():
            if word.startswith("AAAA"):
                try:
                    blob = base64.b64decode(word, validate=True)
                except binascii.Error:
                    continue
                found.add("SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("="))
    return found


@check(
    on="host.account",
    severity="critical",
    version=1,
    needs=("Name", "PasswordField", "PasswordMethod"),
    fix="Set a password with `passwd`, or lock the account with `usermod -L`.",
)
def host_no_empty_password(account: Resource) -> Answer:
    """No account has an empty password.

    Whoever knows the name of such an account is let in without being asked.
    """
    field = account.fact("PasswordField")
    if field == "empty" or (field == "shadow" and account.fact("PasswordMethod") == "empty"):
        return f"{account.fact('Name')} has an empty password"
    return None


@check(
    on="host.account",
    severity="medium",
    version=1,
    needs=("Name", "PasswordField", "PasswordMethod"),
    fix="Set `ENCRYPT_METHOD YESCRYPT` (or SHA512) in /etc/login.defs and PAM, then have the password set anew.",
)
def host_password_hash(account: Resource, *, approved: tuple[str, ...] = _STRONG) -> Answer:
    """Password hashes use a strong method.

    A copy of the hashes of a weak method gives the passwords within hours. The stored hashes are judged: each one shows
    by which method it was made.
    `approved`: methods that resist guessing
    """
    name, field = account.fact("Name"), account.fact("PasswordField")
    method = account.fact("PasswordMethod") if field == "shadow" else field
    if method in (None, "locked", "empty"):
        return NotApplicable(f"{name} has no password hash")
    if field != "shadow":
        return f"{name} has its password hash in /etc/passwd, which everyone can read"
    return None if method in approved else f"{name} has a password hash of the method {method}"


@check(
    on="host.machine",
    severity="critical",
    version=1,
    needs=("Hostname",),
    looks_up={"host.account": ("Name", "Uid")},
    fix="Give the other accounts a user ID of their own, and rights through sudo.",
)
def host_uid0_unique(machine: Resource, *, inventory: Inventory) -> Answer:
    """Only root has user ID zero.

    A second account with that number is root under another name: what it does cannot be told from root's own acts.
    """
    names = sorted(account.fact("Name") for account in inventory.where("host.account", Uid=0))
    if names == ["root"]:
        return None
    return f"{machine.fact('Hostname')} has these accounts with user ID 0: {', '.join(names) or 'none'}; only root may"
