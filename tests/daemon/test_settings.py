"""The keys of schedules and of the daemon, as the configuration and the documents have them."""

import re
from pathlib import Path

import pytest

import configuration
from checks.check import checks
from daemon.metrics import OUTCOMES, Metrics, Seen
from daemon.settings import DAILY, DaemonSettings, Schedule
from evidence_store.firings import WhyMissed

from .conftest import Place

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "daemon.md").read_text()
HOST = '[[target]]\nname = "prod"\nkind = "host"\n'


def load(tmp_path: Path, text: str) -> configuration.Configuration:
    file = tmp_path / "annexa.toml"
    file.write_text(HOST + text)
    return configuration.load(file, checks())


def test_without_a_schedule_everything_is_run_daily(tmp_path: Path) -> None:
    assert load(tmp_path, "").schedules == (DAILY,) == configuration.load(None, checks()).schedules
    assert (DAILY.cron, DAILY.timezone, DAILY.targets, DAILY.controls, DAILY.checks) == ("0 3 * * *", "UTC", (), (), ())


def test_schedules_are_taken_in_their_order(tmp_path: Path) -> None:
    first = '[[schedule]]\nname = "b"\nevery = "1h"\n'
    second = '[[schedule]]\nname = "a"\ncron = "@daily"\ntargets = ["prod"]\n'
    loaded = load(tmp_path, first + second)
    assert [s.name for s in loaded.schedules] == ["b", "a"]
    assert loaded.schedules[1].targets == ("prod",)


def test_a_token_file_is_relative_to_the_configuration(tmp_path: Path) -> None:
    loaded = load(tmp_path, '[daemon]\nlisten = "0.0.0.0:9464"\ntoken_file = "token"\n')
    assert loaded.daemon.token_file == str(tmp_path / "token")


@pytest.mark.parametrize("listen", ["127.0.0.1:9464", "127.8.8.8:1", "localhost:0", "[::1]:9464", ""])
def test_the_loopback_needs_no_token(listen: str) -> None:
    assert DaemonSettings(listen=listen).listen == listen


@pytest.mark.parametrize("listen", ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "192.168.0.1:1"])
def test_other_addresses_need_one(listen: str) -> None:
    with pytest.raises(ValueError, match="name a token_file"):
        DaemonSettings(listen=listen)
    assert DaemonSettings(listen=listen, token_file="t").listen == listen


def test_there_are_not_endlessly_many(tmp_path: Path) -> None:
    text = "".join(f'[[schedule]]\nname = "s{n}"\nevery = "1h"\n' for n in range(101))
    with pytest.raises(configuration.ConfigurationError, match="at most 100"):
        load(tmp_path, text)


def test_the_toml_of_the_page_loads(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert [s.name for s in load(tmp_path, block).schedules] == ["nightly", "keys"]


def test_the_page_names_every_metric_reason_and_outcome(place: Place) -> None:
    place.look()
    place.clock.now = place.clock.now.replace(hour=4)
    place.look()
    named = Schedule("nightly", cron="0 3 * * *")
    seen = Seen(place.store, lambda: {"nightly": named}, lambda: None, place.clock)
    page = Metrics("1", {"nightly"}, seen).page().decode()
    exposed = set(re.findall(r"^# TYPE (annexa_\w+)", page, re.MULTILINE))
    assert exposed - {"annexa_build_info"} == set(re.findall(r"`(annexa_\w+)", PAGE)) - {"annexa_build_info"}
    for word in (*WhyMissed, *OUTCOMES):
        assert f"`{word}`" in PAGE
