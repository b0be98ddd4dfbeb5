"""A configuration is checked whole, and each fault is one sentence that says what, where and what to do."""

from pathlib import Path

import pytest

import configuration
from checks.check import Check, checks
from configuration import Configuration, ConfigurationError


@pytest.fixture(scope="module")
def known() -> dict[str, Check]:
    return checks()


def load(tmp_path: Path, text: str, known: dict[str, Check]) -> Configuration:
    file = tmp_path / "annexa.toml"
    file.write_text(text)
    return configuration.load(file, known)


def test_without_a_file_this_host_is_scanned_into_a_store_here(known: dict[str, Check]) -> None:
    default = configuration.load(None, known)
    assert [(t.name, t.kind) for t in default.targets] == [("this-host", "host")]
    assert default.store.url == "sqlite:///annexa.db"


def test_paths_are_relative_to_the_file(tmp_path: Path, known: dict[str, Check]) -> None:
    loaded = load(tmp_path, '[[target]]\nname = "isms"\nkind = "records"\npath = "isms"\n', known)
    assert loaded.targets[0].settings.path == str(tmp_path / "isms")
    assert loaded.store.url == f"sqlite:///{tmp_path}/annexa.db"
    assert loaded.store.key == str(tmp_path / "annexa.key")


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path, known: dict[str, Check]) -> None:
    assert load(tmp_path, f"\ufeff{HOST}", known).targets[0].name == "h"


def test_other_urls_are_left_as_they_are(tmp_path: Path, known: dict[str, Check]) -> None:
    url = "postgresql+psycopg://annexa@localhost/annexa"
    loaded = load(tmp_path, f'[store]\nurl = "{url}"\n[[target]]\nname = "h"\nkind = "host"\n', known)
    assert loaded.store.url == url


def test_parameters_are_taken_with_their_types(tmp_path: Path, known: dict[str, Check]) -> None:
    text = '[[target]]\nname = "h"\nkind = "host"\n[checks.aws_iam_access_key_age]\nmax_age_days = 30\n'
    assert load(tmp_path, text, known).parameters["aws_iam_access_key_age"] == {"max_age_days": 30}


HOST = '[[target]]\nname = "h"\nkind = "host"\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = [", "is not valid TOML"),
        (HOST + "[stor]\n", "unknown key 'stor' (did you mean 'store'?)"),
        (HOST + '[store]\nurll = "x"\n', "[store]: unknown key 'urll' (did you mean 'url'?)"),
        (HOST + "[store]\nurl = 3\n", "[store]: url = 3: expected a text"),
        (HOST + '[store]\nkey = ""\n', "[store]: key = '': expected the name of a file"),
        (HOST + '[store]\nkey = "/"\n', "[store]: key = '/': expected the name of a file"),
        ('[[target]]\nname = 3\nkind = "host"\n', "target 1: name = 3: expected a text"),
        ('[[target]]\nname = ""\nkind = "host"\n', "name = '': expected a text"),
        (HOST + "[checks.rec_training_complete]\ntarget_percent = 101\n", "target_percent = 101: must be at most 100"),
        (HOST + "[run]\nworkers = 0\n", "workers = 0: must be from 1 to 200"),
        (HOST + '[run]\ngap_from = "bad"\n', "gap_from = 'bad': expected one of low, medium, high, critical"),
        ("[run]\nworkers = 3\n", "there is nothing to scan"),
        ('[[target]]\nname = "h"\n', "target 1 (h): kind is missing"),
        ('[[target]]\nname = "h"\nkind = "awss"\n', "unknown kind 'awss' (did you mean 'aws'?)"),
        ('[[target]]\nname = "h"\nkind = "host"\nregion = "x"\n', "target 1 (h): unknown key 'region'"),
        (HOST + HOST, "the name 'h' is taken"),
        (HOST + "[checks.aws_iam_access_key_agee]\n", "no such check (did you mean 'aws_iam_access_key_age'?)"),
        (HOST + "[checks.aws_iam_access_key_age]\nmax_age = 3\n", "unknown key 'max_age' (did you mean 'max_age_days'?)"),
        (HOST + '[checks.aws_iam_access_key_age]\nmax_age_days = "3"\n', "max_age_days = '3': expected a whole number"),
        (HOST + "[checks.aws_iam_access_key_age]\nmax_age_days = -1\n", "must not be negative"),
        (HOST + "[checks.aws_iam_access_key_age]\nmax_age_days = 99999999999\n", "must be at most 100000"),
        (HOST + "[target]\n", "is not valid TOML"),
        ("target = 3\n", "must be written as [[target]]"),
    ],
)
def test_each_fault_is_named(tmp_path: Path, known: dict[str, Check], text: str, expected: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, text, known)
    message = str(caught.value)
    assert expected in message
    assert message.startswith(str(tmp_path / "annexa.toml"))
    assert "\n" not in message.partition("TOML")[0]


def test_a_named_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such configuration file"):
        configuration.find(str(tmp_path / "none.toml"))


def test_the_environment_names_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.toml").write_text(HOST)
    monkeypatch.setenv("ANNEXA_CONFIG", str(tmp_path / "other.toml"))
    assert configuration.find(None) == tmp_path / "other.toml"


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:///annexa.db", "annexa.db"),
        ("sqlite:////var/lib/annexa/annexa.db?timeout=5", "/var/lib/annexa/annexa.db"),
        ("sqlite:///", None),
        ("postgresql+psycopg://annexa@db/annexa", None),
    ],
)
def test_a_store_is_a_file_where_its_url_names_one(url: str, file: str | None) -> None:
    assert configuration.StorePlace(url).file == (None if file is None else Path(file))
