"""Secrets are replaced wherever they stand; what only looks like one stays, because it is evidence."""

import base64
import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_store import canonical, secret_shapes
from evidence_store.redaction import Redactor

REDACTOR = Redactor(b"k" * 32)
# Put together here so that no scanner of repositories mistakes a test for a leak.
AKIA = "AKIA" + "IOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"
PEM = "-----BEGIN {0}PRIVATE KEY-----\nMIIE\n-----END {0}PRIVATE KEY-----"
SHAPES = {
    "aws_access_key_id": AKIA,
    "aws_secret_key": f"[default]\n{AKIA}\n{SECRET_KEY}",
    "private_key": PEM.format("OPENSSH "),
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "github_token": "ghp_" + "a1B2" * 9,
    "gitlab_token": "glpat-" + "a1B2" * 5,
    "slack_token": "xoxb-" + "123456789012-abcdef",
    "slack_webhook": "https://hooks.slack.com/services/T00000000/B00000000/" + "X" * 24,
    "stripe_key": "sk_live_" + "a1B2" * 6,
    "google_api_key": "AIza" + "a1B2c" * 7,
    "google_token": "ya29." + "a1B2" * 8,
    "google_client_secret": "GOCSPX-" + "a1B2" * 7,
    "azure_key": "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=" + "A" * 86 + "==",
    "azure_sas": "https://x.blob.core.windows.net/c?sv=2024-01-01&sig=" + "a1B2%2F" * 6,
    "url_password": "postgres://app:hunter22@db.internal:5432/app",
    "assignment": "export DB_PASSWORD='hunter22'",
}
HARMLESS = [
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf",
    "arn:aws:iam::123456789012:user/token-admin",
    f"arn:aws:iam::123456789012:access-key/{AKIA}",
    "secretsmanager:GetSecretValue",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8",
    "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dsh2l9GKJ a@b",
    "https://example.com/path?x=1",
    "https://example.com:8443/a@b",
    "password=${DB_PASSWORD}",
    "password: {{ vault.db }}",
    "token=$TOKEN",
    "asia-east1",
    "Rotates the secret every 30 days",
    "projects/p/locations/l/keyRings/r/cryptoKeys/k",
    "pam_unix.so nullok try_first_pass",
    "",
]


@pytest.mark.parametrize("kind", SHAPES)
def test_a_secret_is_known_by_its_shape(kind: str) -> None:
    redacted = REDACTOR.redact({"Note": {"deep": [SHAPES[kind]]}})
    assert redacted["Note"]["deep"][0]["$redacted"] == kind
    assert SHAPES[kind] not in json.dumps(redacted)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert REDACTOR.redact({"Value": text}) == {"Value": text}


@pytest.mark.parametrize(
    "field",
    ["MasterUserPassword", "password", "db_password", "ClientSecret", "client_secret", "SecretString", "AuthToken", "token",
     "apiKey", "api-key", "privateKey", "ConnectionString", "AWS_SECRET_ACCESS_KEY", "accountKey", "passphrase", "Psk"],
)  # fmt: skip
def test_a_secret_is_known_by_the_name_of_its_field(field: str) -> None:
    assert REDACTOR.redact({"a": [{field: "hunter22"}]})["a"][0][field]["$redacted"] == "value"


@pytest.mark.parametrize(
    ("field", "value"),
    [("SecretArn", "x"), ("TokenTtl", "300"), ("PasswordLastUsed", "2026-01-01T00:00:00Z"), ("password_enabled", "true"),
     ("Password", True), ("password", None), ("token", 7), ("secret", ""), ("HttpTokens", "required"), ("KmsKey", "alias/x"),
     ("secretName", "x"), ("PublicKey", "x"), ("password", "arn:aws:secretsmanager:x"), ("secret", "${ref}"),
     ("PasswordPolicy", {"MinimumPasswordLength": 14}), ("secret", ["a"]), ("KeyId", "x"), ("SecretKeyRef", {"name": "x"})],
)  # fmt: skip
def test_a_name_that_only_speaks_of_secrets_hides_nothing(field: str, value: Any) -> None:
    if field == "secret" and value == ["a"]:
        assert REDACTOR.redact({field: value})[field][0]["$redacted"] == "value"
    else:
        assert REDACTOR.redact({field: value}) == {field: value}


@pytest.mark.parametrize(("name", "value"), [("Name", "Value"), ("name", "value"), ("Key", "Value"), ("key", "value")])
def test_a_pair_of_name_and_value_is_judged_by_its_name(name: str, value: str) -> None:
    redacted = REDACTOR.redact({"env": [{name: "DB_PASSWORD", value: "x1"}, {name: "LOG_LEVEL", value: "debug"}]})
    assert redacted["env"][0][value]["$redacted"] == "value"
    assert redacted["env"][1] == {name: "LOG_LEVEL", value: "debug"}


def test_an_access_key_id_is_an_identifier_where_a_field_says_so() -> None:
    facts = {"AccessKeyId": AKIA, "keys": [{"access_key_id": AKIA}], "Arn": f"arn:aws:iam::1:access-key/{AKIA}", "Note": AKIA}
    redacted = REDACTOR.redact(facts)
    assert redacted["Note"]["$redacted"] == "aws_access_key_id"
    assert {**redacted, "Note": AKIA} == facts


@pytest.mark.parametrize("pack", [lambda b: b, gzip.compress], ids=["plain", "gzip"])
def test_user_data_is_decoded_before_looking(pack: Any) -> None:
    script = base64.b64encode(pack(f"#!/bin/sh\nexport AWS_SECRET_ACCESS_KEY={SECRET_KEY}\n".encode())).decode()
    redacted = REDACTOR.redact({"UserData": script, "Other": "x"}, secret=("UserData",))
    assert redacted["UserData"]["$redacted"] == "assignment"
    assert redacted["Other"] == "x"


def test_every_text_of_a_secret_fact_is_replaced() -> None:
    redacted = REDACTOR.redact({"Env": {"A": "plain", "B": ["x", 1, None, True], "C": b"raw"}}, secret=("Env",))
    assert redacted["Env"]["A"]["$redacted"] == "value"
    assert redacted["Env"]["B"][1:] == [1, None, True]
    assert redacted["Env"]["C"]["$redacted"] == "value"


def test_the_same_secret_has_the_same_mac_under_one_key_only() -> None:
    first, second = REDACTOR.redact({"password": "a1"}), REDACTOR.redact({"x": {"token": "a1"}})
    assert first["password"]["mac"] == second["x"]["token"]["mac"]
    assert first["password"]["mac"] != REDACTOR.redact({"password": "a2"})["password"]["mac"]
    assert first["password"]["mac"] != Redactor(b"o" * 32).redact({"password": "a1"})["password"]["mac"]
    assert len(first["password"]["mac"]) == 32


def test_a_secret_that_is_a_key_of_a_map_is_replaced() -> None:
    redacted = REDACTOR.redact({"map": {SHAPES["github_token"]: 1}})
    assert SHAPES["github_token"] not in json.dumps(redacted)
    assert list(redacted["map"].values()) == [1]


def test_a_log_line_keeps_its_words_and_loses_its_secrets() -> None:
    line = REDACTOR.scrub(f"connect postgres://u:pw1234@h/db failed for {AKIA}, password=hunter22 denied")
    assert line == "connect [redacted url_password]h/db failed for [redacted aws_access_key_id], [redacted assignment] denied"


def test_sealed_is_the_canonical_form_of_redacted() -> None:
    facts = {"b": SHAPES["jwt"], "a": [1.5, {"token": "x"}]}
    assert REDACTOR.sealed(facts) == canonical.encode(REDACTOR.redact(facts))


names = st.sampled_from(["password", "Name", "Value", "Key", "DB_TOKEN", "a", "ApiKey", "x", "TokenTtl"])
leaves = st.sampled_from([*SHAPES.values(), *HARMLESS, "DB_PASSWORD", "plain"]) | st.integers() | st.none()
trees: Any = st.recursive(leaves, lambda t: st.lists(t, max_size=3) | st.dictionaries(names, t, max_size=4), max_leaves=12)


@given(st.dictionaries(names, trees, max_size=4))
def test_the_quick_look_misses_nothing_that_the_walk_would_find(facts: Any) -> None:
    """A state that is passed over unwalked is one in which the walk would have replaced nothing."""
    from evidence_store.redaction import _Walk

    walked = _Walk(b"k" * 32, shapes=True).facts(facts, ())
    assert canonical.encode(REDACTOR.redact(facts)) == canonical.encode(walked)


def test_names_are_remembered_within_bounds() -> None:
    for number in range(secret_shapes._NAMES_SEEN + 10):
        secret_shapes.may_name({f"f{number}": 1})
    assert len(secret_shapes._named) <= secret_shapes._NAMES_SEEN
