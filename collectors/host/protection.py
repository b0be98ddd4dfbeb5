"""What watches over the machine's files and programs, and its backup."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from collectors.host.reader import HostReader, hostname
from collectors.source import Facet, UnreadError, source
from evidence_store.records import Json, Observation, Unread, Why, format_time

_CLAM = tuple(f"/var/lib/clamav/daily.{suffix}" for suffix in ("cld", "cvd"))
_MDATP = "mdatp health --output json"


@source(
    "malware protection",
    level="account",
    calls=[*(f"read {path}" for path in _CLAM), f"run {_MDATP}"],
    yields=[
        Facet("host.machine", ("ClamavSignaturesAt",), name="clamav"),
        Facet("host.machine", ("Defender",), name="defender"),
    ],
)
def malware_protection(reader: HostReader) -> Iterator[Observation]:
    """When ClamAV's daily signatures were made, and the health of Microsoft Defender; each `None` where it is not there."""
    times = [made for path in _CLAM if (head := reader.head(path, 512)) is not None and (made := _built(head))]
    yield reader.of_machine("clamav", {"ClamavSignaturesAt": max(times, default=None)})
    try:
        ran = reader.run(*_MDATP.split())
    except UnreadError as error:
        yield reader.of_machine("defender", error.unread)
        return
    health: Json = None
    if ran is not None:
        said = json.loads(ran.out) if ran.code == 0 else {}
        names = ("healthy", "realTimeProtectionEnabled", "definitionsStatus")
        health = {name: _plain(said.get(name)) for name in names}
    yield reader.of_machine("defender", {"Defender": health})


def _built(head: bytes) -> str | None:
    """The header of a ClamAV database: `ClamAV-VDB:23 Nov 2026 08-26 +0000:27000:...`."""
    found = re.match(rb"ClamAV-VDB:(\d\d? \w{3} \d{4} \d\d-\d\d [+-]\d{4}):", head)
    if found is None:
        return None
    return format_time(datetime.strptime(found[1].decode(), "%d %b %Y %H-%M %z").astimezone(UTC))


def _plain(value: Json) -> Json:
    """A setting of Defender: the value, or an object that holds it with who set it, or a status named `$type`."""
    if isinstance(value, dict):
        return value.get("value", value.get("$type"))
    return value


_AIDE = ("/var/lib/aide/aide.db", "/var/lib/aide/aide.db.gz")
_AIDE_RUN = (
    "/var/log/aide/aide.log",
    "/var/lib/systemd/timers/stamp-dailyaidecheck.timer",
    "/var/lib/systemd/timers/stamp-aidecheck.timer",
    "/var/lib/systemd/timers/stamp-aide-check.timer",
)
_TRIPWIRE, _TRIPWIRE_RUN = "/var/lib/tripwire/*.twd", "/var/lib/tripwire/report/*.twr"
_WAZUH = ("/var/ossec/queue/fim/db/fim.db",)


@source(
    "file integrity",
    level="account",
    calls=[
        *(f"stat {path}" for path in (*_AIDE, *_AIDE_RUN, *_WAZUH)),
        f"read {_TRIPWIRE}",
        f"read {_TRIPWIRE_RUN}",
    ],
    yields=[
        Facet(
            "host.machine",
            ("IntegrityTool", "IntegrityBaselineAt", "IntegrityCheckedAt"),
            name="integrity",
            effective="IntegrityCheckedAt",
        )
    ],
)
def file_integrity(reader: HostReader) -> Iterator[Observation]:
    """The tool that has a baseline here, when that was made, and when it last compared; `None` for what is not there."""
    for tool, baseline, checks in (
        ("AIDE", _times(reader, *_AIDE), _times(reader, *_AIDE_RUN)),
        ("Tripwire", _times(reader, *reader.paths(_TRIPWIRE)), _times(reader, *reader.paths(_TRIPWIRE_RUN))),
        ("Wazuh", _times(reader, *_WAZUH), _times(reader, *_WAZUH)),
    ):
        if baseline:
            facts = {
                "IntegrityTool": tool,
                "IntegrityBaselineAt": max(baseline),
                "IntegrityCheckedAt": max(checks, default=None),
            }
            yield reader.of_machine("integrity", facts)
            return
    none = {"IntegrityTool": None, "IntegrityBaselineAt": None, "IntegrityCheckedAt": None}
    yield reader.of_machine("integrity", none)


def _times(reader: HostReader, *paths: str) -> list[str]:
    return [format_time(status.modified) for path in paths if (status := reader.status(path))]


_RESTIC = "restic --repo {} --password-file {} --no-lock --no-cache snapshots --json --latest 1"


@source(
    "backup",
    level="account",
    calls=[f"run {_RESTIC.format('*', '*')}"],
    yields=[
        Facet("host.machine", ("BackupRepository",), name="backup"),
        Facet("host.machine", ("BackupAt",), name="backup_run"),
    ],
)
def backup(reader: HostReader) -> Iterator[Observation]:
    """The repository that the target names (`None`: it names none), and when this machine's last snapshot in it was made."""
    repository = reader.settings.backup_repository
    if not repository:
        yield reader.of_machine("backup", {"BackupRepository": None})
        yield reader.of_machine("backup_run", {"BackupAt": None})
        return
    yield reader.of_machine("backup", {"BackupRepository": re.sub(r"//[^/@]*@", "//", repository)})
    ran = reader.run(*_RESTIC.format(repository, reader.settings.backup_password_file or "/dev/null").split())
    shown = "run restic snapshots"
    if ran is None:
        raise UnreadError(Unread(Why.UNSUPPORTED, shown, "no such command"))
    if ran.code != 0:
        denied = "ermission denied" in ran.err or "wrong password" in ran.err
        said = (ran.err.strip().splitlines() or [f"exit {ran.code}"])[-1]
        raise UnreadError(Unread(Why.DENIED if denied else Why.UNREACHABLE, shown, "" if denied else said))
    mine = [datetime.fromisoformat(s["time"]) for s in json.loads(ran.out) if s["hostname"] == hostname(reader.machine)]
    made = format_time(max(mine).replace(microsecond=0)) if mine else None
    yield reader.of_machine("backup_run", {"BackupAt": made})
