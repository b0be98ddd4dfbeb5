"""What is written down twice and must agree: generated here from the declarations, committed, and compared by a test.

`python reference.py` rewrites `config.example.toml`, `docs/checks.md`, `docs/records.md` and `checks/lock.json`. The lock
holds each check's version and the digest of its code; it refuses to be rewritten where code changed and the version did not.
"""

import dataclasses
import json
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import mappings
from checks.check import Check, checks, code_digest
from collectors.records import reference as records
from collectors.source import kinds, provider
from configuration import RunLimits, StorePlace
from daemon.settings import DAILY, DaemonSettings, Schedule
from mappings.catalogue import Catalogue

ROOT = Path(__file__).parent
LOCK = ROOT / "checks" / "lock.json"

_HEADER = """\
# Every key that Annexa knows, with its default. A key that is left out has this default; an unknown one is an error.
# Paths are relative to this file.
"""

_STORE_COMMENTS = {
    "url": "where evidence is kept; or postgresql+psycopg://user@host/database",
    "key": "Ed25519 signing key, made with mode 0600 if absent; the redaction key stands beside it",
}
_RUN_COMMENTS = {
    "workers": "reads in flight at once, over all targets",
    "gap_from": "the severity from which a failing primary check makes its control a gap",
    "source_seconds": "how long one source may take in one scope before it counts as not read",
}
_DAEMON_COMMENTS = {
    "listen": 'where /healthz, /readyz and /metrics are served; "" for nowhere; beyond loopback only with a token_file',
    "token_file": "a file with the token that monitors send as `Authorization: Bearer ...`, readable by its owner alone",
    "grace": "how long a run may tidy up when it is stopped, before it is killed",
}
_SCHEDULE_COMMENTS = {
    "name": "your name for it; without any [[schedule]] everything is run daily, as here",
    "cron": "minute, hour, day of the month, month, day of the week; or @daily, @hourly ...",
    "every": "instead of cron: an interval, counted in UTC from midnight if it divides a day: 15m, 6h, 1d",
    "timezone": "whose local time cron means",
    "jitter": "spread starts over so long after each due time",
    "targets": "names of targets; without any, all",
    "controls": "only the checks that are evidence for these controls, as A.8.8",
    "checks": "only these checks, and those of `controls`",
    "wait": "how long a due run waits for another that holds the store; then it is recorded as missed",
    "max_run": "how long a run may take; then it is ended, and recorded as missed",
}
_TARGETS = {"host": "this-host", "aws": "prod", "records": "isms"}


def example() -> str:
    """`config.example.toml`: loads as it stands."""
    lines = [_HEADER, "[store]", *_settings(StorePlace, _STORE_COMMENTS), "", "[run]", *_settings(RunLimits, _RUN_COMMENTS)]
    for kind in kinds():
        settings = provider(kind).settings
        name = _line("name", _TARGETS.get(kind, kind), "your name for it")
        lines += ["", "[[target]]", name, _line("kind", kind, f"`scanner permissions {kind}` prints what it needs")]
        comments = {f.name: f.metadata.get("comment", "") for f in dataclasses.fields(settings)}
        lines += _settings(settings, comments, skip={"name"})
    lines += ["", *_scheduling(), "", "# Parameters of checks."]
    for check in checks().values():
        if check.parameters:
            lines += ["", f"[checks.{check.id}]"]
            lines += [_line(p.name, p.default, p.meaning) for p in check.parameters]
    return "\n".join(lines) + "\n"


def _scheduling() -> Iterator[str]:
    yield from ("# What `scanner daemon` runs, and when.", "", "[[schedule]]")
    yield _line("name", DAILY.name, _SCHEDULE_COMMENTS["name"])
    yield _line("cron", DAILY.cron, _SCHEDULE_COMMENTS["cron"])
    yield from _settings(Schedule, _SCHEDULE_COMMENTS, skip={"name", "cron"})
    yield from ("", "[daemon]", *_settings(DaemonSettings, _DAEMON_COMMENTS))


def _settings(of: type[Any], comments: Mapping[str, str], skip: frozenset[str] | set[str] = frozenset()) -> Iterator[str]:
    for field in dataclasses.fields(of):
        if field.name in skip:
            continue
        default = field.default if field.default is not dataclasses.MISSING else None
        if default is None:
            yield _commented(f"# {field.name} = ...", comments[field.name])
        else:
            yield _line(field.name, default, comments[field.name])


def _line(name: str, default: Any, comment: str) -> str:
    value = list(default) if isinstance(default, tuple) else default
    return _commented(f"{name} = {json.dumps(value, ensure_ascii=False)}", comment)


def _commented(setting: str, comment: str) -> str:
    return f"{setting:<41} # {comment}"


def page() -> str:
    """`docs/checks.md`: every check, by provider and type."""
    catalogue = mappings.load(checks())
    lines = [
        "# Checks",
        "",
        "Generated from the declarations by `python reference.py`. Each check asks one question of each resource of one",
        "type; what could not be read is `unknown`, never `pass`.",
    ]
    for kind in kinds():
        of_kind = [c for c in checks().values() if c.provider == kind]
        lines += ["", f"## {kind} ({len(of_kind)})"]
        for check in sorted(of_kind, key=lambda c: (c.on, c.id)):
            lines += ["", *_entry(check, catalogue)]
    return "\n".join(lines) + "\n"


def _entry(check: Check, catalogue: Catalogue) -> Iterator[str]:
    yield f"### `{check.id}`"
    yield ""
    yield f"{check.title}. Severity {check.severity}, asked of `{check.on}`."
    yield ""
    if check.rationale:
        yield textwrap.fill(" ".join(check.rationale.split()), 120)
        yield ""
    for row in catalogue.rows_by(check.id):
        yield f"- {row.control} ({row.role}, {row.aspect}): {row.why}"
    for parameter in check.parameters:
        yield f"- parameter `{parameter.name}` = `{json.dumps(parameter.default)}`: {parameter.meaning}"
    yield f"- to fix: {check.fix}"


def lock() -> str:
    """`checks/lock.json`: version and code digest of each check."""
    entries = {c.id: {"version": c.version, "code": code_digest(c)} for c in checks().values()}
    return json.dumps(entries, indent=1, sort_keys=True) + "\n"


def unversioned(committed: str, current: str) -> list[str]:
    """The checks whose code changed while their version did not."""
    before, now = json.loads(committed), json.loads(current)
    return [
        name
        for name, entry in now.items()
        if name in before and before[name]["version"] == entry["version"] and before[name]["code"] != entry["code"]
    ]


def main() -> int:
    """Rewrite all of them. Returns 1, and writes no lock, where a version must be raised first."""
    (ROOT / "config.example.toml").write_text(example())
    (ROOT / "docs" / "checks.md").write_text(page())
    (ROOT / "docs" / "records.md").write_text(records.reference())
    current = lock()
    if LOCK.exists() and (forgotten := unversioned(LOCK.read_text(), current)) and "--unreleased" not in sys.argv:
        sys.stderr.write(f"raise the version of: {', '.join(forgotten)} (or pass --unreleased before a first release)\n")
        return 1
    LOCK.write_text(current)
    return 0


if __name__ == "__main__":
    sys.exit(main())
