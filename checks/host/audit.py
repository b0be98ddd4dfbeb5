"""Checks on the kernel's audit."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from checks.check import Answer, NotApplicable, check
from evidence_store.records import Resource

_IDENTITY = ("/etc/group", "/etc/gshadow", "/etc/passwd", "/etc/shadow")
_TIME = ("adjtimex", "clock_settime", "settimeofday")
_MODULES = ("delete_module", "finit_module", "init_module")
_64_BIT = ("x86_64", "aarch64", "ppc64le", "s390x")


@dataclass(slots=True)
class _Rule:
    """One loaded rule, as auditctl(8) words it."""

    lists: set[str] = field(default_factory=set)
    watched: str = ""
    permissions: str = "rwxa"
    calls: set[str] = field(default_factory=set)
    architecture: str = ""
    filters: set[str] = field(default_factory=set)


def _parsed(line: str) -> _Rule:
    rule = _Rule()
    for option, value in pairwise(shlex.split(line)):
        match option:
            case "-a" | "-A":
                rule.lists |= set(value.split(","))
            case "-w":
                rule.watched, rule.lists = value.rstrip("/"), {"always", "exit"}
            case "-p":
                rule.permissions = value
            case "-S":
                rule.calls |= set(value.split(","))
            case "-F" | "-C":
                _narrow(rule, value)
    return rule


def _narrow(rule: _Rule, field_: str) -> None:
    """Take up one field of a rule: what it watches, or what it leaves out."""
    key, _, wanted = field_.partition("=")
    match key:
        case "path" | "dir":
            rule.watched = wanted.rstrip("/")
        case "perm":
            rule.permissions = wanted
        case "arch":
            rule.architecture = wanted
        case "key":
            pass
        case _:
            rule.filters.add(field_)


def _rules(lines: Iterable[str]) -> list[_Rule]:
    return [rule for line in lines if "always" in (rule := _parsed(line)).lists]


def _watches(rules: Sequence[_Rule], path: str) -> bool:
    """Whether a write to a file, and a change of its attributes, is recorded for everyone."""
    return any(
        (path == rule.watched or (rule.watched and path.startswith(f"{rule.watched}/")))
        and {"w", "a"} <= set(rule.permissions)
        and not rule.filters
        for rule in rules
    )


def _records(rules: Sequence[_Rule], call: str, architecture: str) -> bool:
    """Whether a system call is recorded for every real user."""
    return any(
        (call in rule.calls or "all" in rule.calls)
        and rule.architecture in ("", architecture)
        and not rule.watched
        and all(f.startswith(("auid>", "auid!=")) for f in rule.filters)
        for rule in rules
    )


def logs_privileged_commands(lines: Iterable[str]) -> bool:
    """Whether what is run as root by another user, or sudo itself, is recorded."""
    return any(
        ("execve" in rule.calls and any(f in ("euid=0", "uid!=euid", "euid!=uid") for f in rule.filters))
        or (rule.watched in ("/usr/bin/sudo", "/bin/sudo") and "x" in rule.permissions)
        for rule in _rules(lines)
    )


@check(
    on="host.machine",
    severity="medium",
    version=1,
    needs=("Hostname", "Architecture", "Container", "AuditRules"),
    fix="Load rules for what is missing from /etc/audit/rules.d (`augenrules --load`); audit ships examples.",
)
def host_audit_rules(machine: Resource, *, identity_files: tuple[str, ...] = _IDENTITY) -> Answer:
    """Audit rules cover identity files, privileged commands, time change and module loading.

    These are the four things an intruder changes first and an investigator asks for first.
    `identity_files`: files whose change must be recorded
    """
    name = machine.fact("Hostname")
    if machine.fact("Container") is not None:
        return NotApplicable(f"{name} is a container: the kernel's audit belongs to the machine that runs it")
    lines = machine.fact("AuditRules")
    if lines is None:
        return f"{name} has no audit tools, so no audit rules"
    if any({"never", "task"} <= _parsed(line).lists for line in lines):
        return f"{name} suppresses all audit records with the rule `never,task`"
    rules = _rules(lines)
    widths = ("b64", "b32") if machine.fact("Architecture") in _64_BIT else ("b32",)
    missing = [path for path in identity_files if not _watches(rules, path)]
    if not logs_privileged_commands(lines):
        missing.append("commands run as root by others")
    missing += [f"{call} ({w})" for call in (*_TIME, *_MODULES) for w in widths if not _records(rules, call, w)]
    return f"{name} has no audit rule for {', '.join(missing)}" if missing else None


@check(
    on="host.machine",
    severity="medium",
    version=1,
    needs=("Hostname", "Container", "AuditEnabled", "AuditDaemon"),
    fix="Enable auditd and end its rules with `-e 2`, so that they cannot be changed until the next restart.",
)
def host_auditd_running(machine: Resource) -> Answer:
    """Audit daemon runs and rules are immutable.

    Records that nobody collects, or rules that an intruder can unload, prove nothing.
    """
    name = machine.fact("Hostname")
    if machine.fact("Container") is not None:
        return NotApplicable(f"{name} is a container: the kernel's audit belongs to the machine that runs it")
    enabled = machine.fact("AuditEnabled")
    if enabled is None:
        return f"{name} has no audit tools installed"
    if not machine.fact("AuditDaemon"):
        return f"{name} runs no audit daemon"
    if enabled == 0:
        return f"{name} has its audit turned off"
    return None if enabled == 2 else f"{name} has audit rules that can be changed without a restart"
