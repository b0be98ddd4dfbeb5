"""Keys are made once, for their owner alone, and a wrong file gives one clear error."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from evidence_store import keys


def test_keys_are_made_for_their_owner_alone_and_stay(tmp_path: Path) -> None:
    made = keys.load_or_create(tmp_path / "annexa.key")
    again = keys.load_or_create(tmp_path / "annexa.key")
    assert (made.public, made.redaction) == (again.public, again.redaction)
    assert len(made.redaction) == 32
    for name in ("annexa.key", "annexa.key.redaction"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert sorted(p.name for p in tmp_path.iterdir()) == ["annexa.key", "annexa.key.redaction"]


def test_keys_do_not_show_themselves(tmp_path: Path) -> None:
    made = keys.load_or_create(tmp_path / "annexa.key")
    assert made.redaction.hex() not in repr(made)
    assert repr(made.redaction) not in repr(made)


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    keys.load_or_create(tmp_path / "annexa.key")
    (tmp_path / "annexa.key").chmod(0o644)
    with pytest.raises(keys.KeyFileError, match="chmod 600"):
        keys.load_or_create(tmp_path / "annexa.key")


@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_corrupt_signing_key_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "annexa.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(keys.KeyFileError, match=r"annexa\.key: not an unencrypted private key"):
        keys.load_or_create(path)
    assert path.read_bytes() == content


def test_a_key_of_another_algorithm_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "annexa.key"
    path.write_bytes(
        generate_private_key(SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    path.chmod(0o600)
    with pytest.raises(keys.KeyFileError, match="not an Ed25519 key"):
        keys.load_or_create(path)


def test_a_corrupt_redaction_key_is_one_clear_error(tmp_path: Path) -> None:
    keys.load_or_create(tmp_path / "annexa.key")
    (tmp_path / "annexa.key.redaction").write_text("short\n")
    with pytest.raises(keys.KeyFileError, match="not a redaction key"):
        keys.load_or_create(tmp_path / "annexa.key")


def test_a_directory_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(keys.KeyFileError, match="cannot be created"):
        keys.load_or_create(tmp_path / "none" / "annexa.key")


def test_a_public_key_is_read_as_base64_and_as_pem(tmp_path: Path) -> None:
    made = keys.load_or_create(tmp_path / "annexa.key")
    pem = made.signer.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert keys.parse_public(made.public_text) == keys.parse_public(pem.decode()) == made.public
    with pytest.raises(keys.KeyFileError):
        keys.parse_public("AAAA")
