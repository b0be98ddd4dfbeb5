"""Checks on files whose owner and mode matter."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from checks.check import Answer, NotApplicable, check
from evidence_store.records import Resource


@dataclass(frozen=True, slots=True)
class _Baseline:
    pattern: str
    most: int  # the widest mode
    groups: tuple[str, ...] = ("root",)


_BASELINE = (
    _Baseline("/etc/shadow*", 0o640, ("root", "shadow")),
    _Baseline("/etc/gshadow*", 0o640, ("root", "shadow")),
    _Baseline("/etc/passwd*", 0o644),
    _Baseline("/etc/group*", 0o644),
    _Baseline("/etc/sudoers.d", 0o755),
    _Baseline("/etc/sudoers*", 0o440),
    _Baseline("/etc/ssh/sshd_config", 0o644),
    _Baseline("/etc/crontab", 0o644),
    _Baseline("/etc/cron.d/*", 0o644),
    _Baseline("/etc/cron.*", 0o755),
)
_OWNERS_WRITE = 0o200  # an owner who is root writes whatever the mode says


@check(
    on="host.config_file",
    severity="medium",
    version=1,
    needs=("Path", "Mode", "Owner", "Group"),
    fix="Give the file back with `chown root:root` (shadow files: group shadow) and take the surplus bits with `chmod`.",
)
def host_config_file_owners(file: Resource) -> Answer:
    """Password, shadow, sudo and cron files have the baseline owner and mode.

    Whoever can write one of them is root at the next opportunity; whoever can read the hashes can guess passwords.
    """
    path, mode = file.fact("Path"), int(file.fact("Mode"), 8)
    baseline = next((b for b in _BASELINE if fnmatchcase(path, b.pattern)), None)
    if baseline is None:
        return NotApplicable(f"{path} has no baseline")
    if file.fact("Owner") != "root":
        return f"{path} belongs to {file.fact('Owner')}; it must belong to root"
    if mode & 0o7777 & ~(baseline.most | _OWNERS_WRITE):
        return f"{path} has the mode {file.fact('Mode')}; the widest allowed is {baseline.most:04o}"
    if mode & 0o070 and file.fact("Group") not in baseline.groups and not (mode & 0o007 and not mode & 0o020):
        return f"{path} is open to the group {file.fact('Group')}; only {' or '.join(baseline.groups)} may have it"
    return None


@check(
    on="host.private_key",
    severity="high",
    version=1,
    needs=("Path", "Mode", "Owner", "Group"),
    fix="Take the key from group and others (`chmod 600`), and replace it: it may have been read.",
)
def host_no_private_keys_exposed(key: Resource, *, trusted_groups: tuple[str, ...] = ("ssl-cert", "ssh_keys")) -> Answer:
    """Private keys are readable only by their owner.

    Whoever reads a key is its owner to everyone else. Looked at are the folders of services and the .ssh folders of homes.
    `trusted_groups`: groups that may read keys, because only services are members
    """
    path, mode = key.fact("Path"), int(key.fact("Mode"), 8)
    if mode & 0o007:
        return f"the private key {path} is open to every user (mode {key.fact('Mode')})"
    if mode & 0o030 or (mode & 0o040 and key.fact("Group") not in trusted_groups):
        return f"the private key {path} is open to the group {key.fact('Group')} (mode {key.fact('Mode')})"
    return None
