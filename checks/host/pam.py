"""Checks on what PAM asks of passwords and of those who mistype them."""

from collections.abc import Mapping

from checks.check import Answer, NotApplicable, check
from evidence_store.records import Json, Resource

_QUALITY = {"pam_pwquality": 8, "pam_cracklib": 9}  # module -> the length that it asks for by itself
_CREDITS = ("dcredit", "ucredit", "lcredit", "ocredit")


@check(
    on="host.machine",
    severity="medium",
    version=1,
    needs=("Hostname", "PamStacks", "PasswordQuality"),
    fix="Install libpam-pwquality (Debian) or keep authselect's profile (Red Hat), and set minlen in pwquality.conf.",
)
def host_password_quality(machine: Resource, *, min_length: int = 12, min_classes: int = 0) -> Answer:
    """Password length and quality rules meet your password rule.

    What a rule on paper asks for holds only if the program that sets passwords refuses the rest.
    `min_length`: the least number of characters
    `min_classes`: the least number of kinds of characters
    """
    name, stacks = machine.fact("Hostname"), machine.fact("PamStacks")
    if stacks is None:
        return NotApplicable(f"{name} has no PAM: no password is set on it")
    module = next((m for m in stacks.get("passwd", []) if m["Type"] == "password" and m["Module"] in _QUALITY), None)
    if module is None or module["Control"] == "optional":
        return f"{name} sets passwords without a quality module: pam_pwquality is not in the stack of passwd"
    rules = {**(machine.fact("PasswordQuality") or {}), **_options(module)}
    if rules.get("enforcing") == "0":
        return f"{name} only warns about weak passwords: enforcing = 0"
    spared = sum(max(0, _number(rules.get(credit), 0)) for credit in _CREDITS)
    length = _number(rules.get("minlen"), _QUALITY[module["Module"]]) - spared
    if length < min_length:
        return f"{name} accepts passwords of {length} characters; at least {min_length} are required"
    if _number(rules.get("minclass"), 0) < min_classes:
        return f"{name} does not ask for {min_classes} kinds of characters in a password"
    return None


@check(
    on="host.machine",
    severity="low",
    version=1,
    needs=("Hostname", "PamStacks", "Faillock"),
    fix="Enable pam_faillock (`authselect enable-feature with-faillock`, or preauth and authfail in common-auth).",
)
def host_account_lockout(machine: Resource, *, max_attempts: int = 10, min_seconds: int = 60) -> Answer:
    """Repeated failed sign-in locks the account for a time.

    Without a lock a guesser has as many tries as the network carries.
    `max_attempts`: after how many failures the lock must close
    `min_seconds`: for how long it must at least stay closed
    """
    name, stacks = machine.fact("Hostname"), machine.fact("PamStacks")
    if stacks is None:
        return NotApplicable(f"{name} has no PAM: nobody signs in to it with a password")
    for service in ("login", "sshd"):
        if service not in stacks:
            continue
        lines = [m for m in stacks[service] if m["Type"] == "auth" and m["Module"] in ("pam_faillock", "pam_tally2")]
        counted = [m for m in lines if m["Module"] == "pam_tally2" or "authfail" in m["Options"]]
        if not counted:
            return f"{name} counts no failed sign-ins of {service}: pam_faillock with authfail is not in its stack"
        rules = dict((machine.fact("Faillock") or {}) if counted[0]["Module"] == "pam_faillock" else {})
        for line in lines:
            rules.update(_options(line))
        deny = _number(rules.get("deny"), 3 if counted[0]["Module"] == "pam_faillock" else 0)
        if not 0 < deny <= max_attempts:
            return f"{name} locks an account of {service} after {deny} failures; the limit is {max_attempts}"
        seconds = _number(rules.get("unlock_time"), 600)
        if 0 < seconds < min_seconds:
            return f"{name} locks an account of {service} for {seconds} seconds; at least {min_seconds} are required"
    return None


def _options(module: Mapping[str, Json]) -> dict[str, str]:
    """A module's `key=value` options."""
    return {key: value for key, _, value in (option.partition("=") for option in module["Options"])}


def _number(text: str | None, default: int) -> int:
    """A number in a setting; what is no number (`never`) is 0: for ever."""
    if text is None:
        return default
    try:
        return int(text)
    except ValueError:
        return 0
