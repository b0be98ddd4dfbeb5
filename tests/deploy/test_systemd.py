"""The units that we hand out: sound, hardened as far as they claim, and agreeing with what the scanner needs and answers."""

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

import configuration
import scanner
from checks.check import checks
from collectors.host.permissions import policy

ROOT = Path(__file__).parent.parent.parent
UNITS = ROOT / "deploy" / "systemd"
SERVICES = ("annexa-scan.service", "annexa-daemon.service")
DROP_INS = sorted((UNITS / "drop-ins").iterdir())
DOCUMENT = (ROOT / "docs" / "running.md").read_text()


def values(path: Path, key: str) -> list[str]:
    """Every value that a unit gives a key, in order."""
    return [line.partition("=")[2] for line in path.read_text().splitlines() if line.startswith(f"{key}=")]


def analyzed(*words: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    assert shutil.which("systemd-analyze"), "systemd-analyze is missing: `make test` installs it"
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""}
    return subprocess.run(
        ["systemd-analyze", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units in a directory, with a scanner that exists."""
    for path in (*UNITS.glob("*.service"), *UNITS.glob("*.timer")):
        (tmp_path / path.name).write_text(path.read_text().replace("/opt/annexa/bin/scanner", "/bin/true"))
    return tmp_path


def dropped_in(installed: Path, service: str, *drop_ins: Path) -> None:
    folder = installed / f"{service}.d"
    folder.mkdir()
    for path in drop_ins:
        shutil.copy(path, folder)


def exposure(installed: Path, service: str) -> float:
    """From 0, shut off from everything, to 10."""
    ran = analyzed("security", "--offline=true", "--threshold=100", f"./{service}", folder=installed)
    found = re.search(rf"Overall exposure level for {re.escape(service)}: ([\d.]+)", ran.stdout)
    assert found, ran.stdout + ran.stderr
    return float(found[1])


@pytest.mark.parametrize("drop_in", [None, *DROP_INS], ids=lambda p: p.stem if p else "plain")
@pytest.mark.parametrize("service", SERVICES)
def test_systemd_finds_no_fault_with_a_unit(installed: Path, service: str, drop_in: Path | None) -> None:
    if drop_in:
        dropped_in(installed, service, drop_in)
    ran = analyzed("verify", "--man=no", "--recursive-errors=no", f"./{service}", folder=installed)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_systemd_finds_no_fault_with_the_timer(installed: Path) -> None:
    ran = analyzed("verify", "--man=no", "--recursive-errors=no", "./annexa-scan.timer", folder=installed)
    assert (ran.returncode, ran.stderr) == (0, "")
    [when] = values(UNITS / "annexa-scan.timer", "OnCalendar")
    assert analyzed("calendar", when, folder=installed).returncode == 0


def test_systemd_does_find_faults(installed: Path) -> None:
    unit = installed / "annexa-scan.service"
    unit.write_text(unit.read_text().replace("ProtectSystem=strict", "ProtectSystem=sturdy"))
    ran = analyzed("verify", "--man=no", "./annexa-scan.service", folder=installed)
    assert "sturdy" in ran.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_a_unit_is_hardened_to_what_a_scan_over_the_network_needs(installed: Path, service: str) -> None:
    assert exposure(installed, service) <= 2.0
    assert values(UNITS / service, "CapabilityBoundingSet") == [""]
    assert values(UNITS / service, "User") == ["annexa"]


@pytest.mark.parametrize("drop_in", [p for p in DROP_INS if p.stem != "host"], ids=lambda p: p.stem)
def test_a_drop_in_for_credentials_loosens_nothing(installed: Path, drop_in: Path) -> None:
    before = exposure(installed, "annexa-scan.service")
    dropped_in(installed, "annexa-scan.service", drop_in)
    assert exposure(installed, "annexa-scan.service") == before
    [credential] = values(drop_in, "LoadCredential")
    [variable] = values(drop_in, "Environment")
    assert variable.endswith(f"=%d/{credential.partition(':')[0]}")


def test_the_drop_in_for_a_host_grants_the_capabilities_that_reading_it_takes_and_no_other(installed: Path) -> None:
    [note] = re.findall(r"^#\s+AmbientCapabilities=(.*)$", policy(()), re.MULTILINE)
    path = UNITS / "drop-ins" / "host.conf"
    assert values(path, "AmbientCapabilities") == values(path, "CapabilityBoundingSet") == [note]
    dropped_in(installed, "annexa-scan.service", path)
    assert exposure(installed, "annexa-scan.service") <= 4.5


def test_on_a_host_no_setting_is_left_that_shows_it_other_file_systems_than_it_has() -> None:
    hiding = {
        "PrivateDevices", "PrivateTmp", "PrivateUsers", "ProcSubset", "ProtectControlGroups", "ProtectHome",
        "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "ProtectProc", "ProtectSystem",
    }  # fmt: skip
    drop_in = (UNITS / "drop-ins" / "host.conf").read_text()
    for service in SERVICES:
        set_here = {key for key in hiding if values(UNITS / service, key)}
        assert set_here == hiding
    assert "DevicePolicy" not in re.sub(r"^#.*$", "", drop_in, flags=re.MULTILINE), "who reads all files must open no disk"
    assert {key for key in hiding if re.search(rf"^{key}=(no|all|default)$", drop_in, re.MULTILINE)} == hiding


@pytest.mark.parametrize("service", SERVICES)
def test_a_unit_starts_a_command_that_the_scanner_knows(service: str) -> None:
    [line] = values(UNITS / service, "ExecStart")
    program, *words = shlex.split(line)
    assert program == "/opt/annexa/bin/scanner"
    given = scanner.parser().parse_args(words)
    assert given.config == "/etc/annexa/annexa.toml"


def test_both_services_are_hardened_alike() -> None:
    def hardening(service: str) -> str:
        text = (UNITS / service).read_text()
        return text[text.index("User=annexa") :]

    assert hardening(SERVICES[0]) == hardening(SERVICES[1])


def test_an_incomplete_scan_is_a_failed_unit_and_a_wrong_configuration_is_not_tried_again() -> None:
    for service in SERVICES:
        assert values(UNITS / service, "SuccessExitStatus") == []
    assert values(UNITS / "annexa-scan.service", "Restart") == []
    [codes] = values(UNITS / "annexa-daemon.service", "RestartPreventExitStatus")
    assert codes.split() == [str(scanner.USAGE)]
    assert values(UNITS / "annexa-daemon.service", "StartLimitIntervalSec") == ["0"], "a store may be away for long"


def test_the_daemon_is_told_to_reload_by_the_signal_that_it_knows_and_not_before_it_hears() -> None:
    daemon = UNITS / "annexa-daemon.service"
    assert values(daemon, "ExecReload") == ["/bin/sh -c 'kill -HUP $MAINPID'"]
    assert values(daemon, "Type") == ["notify"]
    assert values(daemon, "NotifyAccess") == [], "of the daemon alone, not of its runs"
    assert "AF_UNIX" in values(daemon, "RestrictAddressFamilies")[0].split()


def test_the_configuration_beside_the_units_loads_and_keeps_its_store_where_they_may_write() -> None:
    loaded = configuration.load(UNITS / "annexa.toml", checks())
    assert loaded.store.url == "sqlite:////var/lib/annexa/annexa.db"
    assert loaded.store.key == "/var/lib/annexa/annexa.key"
    for service in SERVICES:
        assert values(UNITS / service, "StateDirectory") == ["annexa"]


def test_the_user_of_the_units_is_the_one_that_is_made() -> None:
    lines = [line for line in (UNITS / "annexa.sysusers").read_text().splitlines() if not line.startswith("#")]
    assert [line.split()[:2] for line in lines] == [["u", "annexa"]]


@pytest.mark.parametrize("path", [*UNITS.glob("annexa*"), *DROP_INS], ids=lambda p: p.name)
def test_the_documentation_tells_of_each_file(path: Path) -> None:
    assert path.name in DOCUMENT


@pytest.mark.parametrize("path", [*(UNITS / s for s in SERVICES), *DROP_INS], ids=lambda p: p.name)
def test_each_setting_is_given_once_unless_it_is_a_list(path: Path) -> None:
    lists = {"SystemCallFilter", "Environment", "LoadCredential"}
    keys = [line.partition("=")[0] for line in path.read_text().splitlines() if re.match(r"[A-Z]\w*=", line)]
    assert {key for key in keys if keys.count(key) > 1} <= lists
    configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True).read_string(path.read_text())
