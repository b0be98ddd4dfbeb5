"""Names of variables that say that they hold a secret, as every platform's check takes them."""

import pytest

from checks.secret_names import held_in, sounds_secret


@pytest.mark.parametrize(
    "name", ["DB_PASSWORD", "dbPassword", "SECRET_KEY_BASE", "ENCRYPTION_KEY", "apiKey", "web/GITHUB_TOKEN", "PGPASSWORD"]
)
def test_a_name_that_ends_in_a_secret_is_taken_for_one(name: str) -> None:
    assert sounds_secret(name, ())
    assert not sounds_secret(name, (name.rpartition("/")[2],))


@pytest.mark.parametrize("name", ["TOKEN_TTL", "KEY", "PASSENGER", "SECRETARY", "PASSWORD_MIN_LENGTH", "token/MODE"])
def test_a_name_that_only_speaks_of_one_is_not(name: str) -> None:
    assert not sounds_secret(name, ())


def test_what_is_a_secret_by_its_shape_comes_first_and_an_empty_text_is_none() -> None:
    shaped = {"$redacted": "aws_access_key", "mac": "x"}
    assert held_in({"Z": shaped, "A_TOKEN": "t", "B_TOKEN": "", "MODE": "x"}, ()) == ["Z (aws access key)", "A_TOKEN"]
