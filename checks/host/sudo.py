"""Checks on sudo: who may do what, and that it is logged."""

from collections.abc import Iterator

from checks.check import Answer, NotApplicable, check
from checks.host.audit import logs_privileged_commands
from evidence_store.records import Json, Resource

_SHELLS = ("/bash", "/dash", "/fish", "/ksh", "/sh", "/su", "/zsh")


@check(
    on="host.machine",
    severity="high",
    version=1,
    needs=("Hostname", "SudoRules", "SudoDefaults"),
    fix="Grant through a group that is on the list, and remove NOPASSWD from grants of everything (`visudo`).",
)
def host_sudo_rules(
    machine: Resource,
    *,
    approved_groups: tuple[str, ...] = ("sudo", "wheel", "admin"),
    approved_users: tuple[str, ...] = ("root",),
) -> Answer:
    """Sudo grants are limited to listed groups and have no blanket no-password rule.

    A grant to a single account is forgotten when its owner changes work; a grant without a password makes a stolen
    session a stolen machine.
    `approved_groups`: groups that may have grants
    `approved_users`: users that may have grants of their own
    """
    rules = machine.fact("SudoRules")
    if rules is None:
        return NotApplicable(f"{machine.fact('Hostname')} has no sudo")
    allowed = {*approved_users, *(f"%{group}" for group in approved_groups)}
    others = sorted({user for rule in rules for user in rule["Users"] if not user.startswith("!")} - allowed)
    if others:
        return f"{machine.fact('Hostname')} grants sudo to {', '.join(others)}, on no list of approved users and groups"
    blanket = sorted(set(_blanket(rules, machine.fact("SudoDefaults"))))
    if blanket:
        return f"{machine.fact('Hostname')} lets {', '.join(blanket)} become root without a password"
    return None


def _blanket(rules: Json, defaults: Json) -> Iterator[str]:
    """Who may run everything, or a shell, as root without a password. Root itself is asked for none."""
    never_asked = any(entry["Options"].get("authenticate") is False for entry in defaults)
    for rule in rules:
        free = rule["NoPassword"] or (rule["NoPassword"] is None and never_asked)
        as_root = not rule["RunAs"] or not {"ALL", "root", "#0"}.isdisjoint(rule["RunAs"])
        whole = any(command == "ALL" or command.split()[0].endswith(_SHELLS) for command in rule["Commands"])
        if free and as_root and whole:
            yield from (user for user in rule["Users"] if user != "root" and not user.startswith("!"))


@check(
    on="host.machine",
    severity="medium",
    version=1,
    needs=("Hostname", "SudoRules", "SudoDefaults", "AuditRules"),
    fix="Remove `Defaults !syslog`, or name a file with `Defaults logfile=/var/log/sudo.log`.",
)
def host_sudo_logged(machine: Resource) -> Answer:
    """Privileged commands are logged with the real user.

    Sudo tells the system log who ran what, unless it is told not to; the kernel's audit can do it in its place.
    """
    if machine.fact("SudoRules") is None:
        return NotApplicable(f"{machine.fact('Hostname')} has no sudo")
    silent = [
        ", ".join(entry["Binding"]) or "everyone"
        for entry in machine.fact("SudoDefaults")
        if entry["Options"].get("log_allowed") is False
        or (entry["Options"].get("syslog") is False and not _to_file(machine.fact("SudoDefaults"), entry["Binding"]))
    ]
    if not silent or logs_privileged_commands(machine.fact("AuditRules") or []):
        return None
    return f"{machine.fact('Hostname')} does not log what sudo runs for {'; '.join(silent)}"


def _to_file(defaults: Json, binding: Json) -> bool:
    return any(entry["Options"].get("logfile") for entry in defaults if entry["Binding"] in ([], binding))
