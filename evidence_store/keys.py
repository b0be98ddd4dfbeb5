"""The keys of a store: one that signs, and one under which secrets are replaced.

Both are made where they are absent, readable by their owner alone. The redaction key stands beside the signing key
(`<key>.redaction`); scanners that share a store share it. Verification needs the public key only.
"""

import base64
import binascii
import hmac
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence_store.errors import DiskError, of_system

REDACTION, CHECKPOINTS = ".redaction", ".checkpoints"  # what follows the signing key's name in that of a file beside it
_OWNER_ONLY = 0o600


class KeyFileError(Exception):
    """A key cannot be read or made; the message names the file and what to do."""


class AbsentKeysError(KeyFileError):
    """Neither key is there: none was made yet, or both were lost."""


@dataclass(frozen=True, slots=True)
class Keys:
    signer: Ed25519PrivateKey = field(repr=False)
    redaction: bytes = field(repr=False)  # 32 bytes
    path: Path  # of the signing key

    @property
    def public(self) -> bytes:
        """The raw public key, 32 bytes."""
        return self.signer.public_key().public_bytes_raw()

    @property
    def public_text(self) -> str:
        """The public key as it is handed to an auditor."""
        return base64.b64encode(self.public).decode()

    @property
    def redaction_id(self) -> str:
        """Tells one redaction key from another, and nothing else of it."""
        return hmac.digest(self.redaction, b"annexa redaction key", "sha256")[:8].hex()

    @property
    def checkpoints(self) -> Path:
        """The file beside the key to which each checkpoint is appended."""
        return self.path.with_name(self.path.name + CHECKPOINTS)


def load_or_create(path: str | Path) -> Keys:
    """The keys of this path, made if absent. Raises `KeyFileError`."""
    signing, redaction = _files(path)
    return Keys(_signer(signing), _redaction(redaction), signing)


def load(path: str | Path) -> Keys:
    """The keys of this path, and nothing made. Raises `KeyFileError`, and of these `AbsentKeysError` where there is none."""
    signing, redaction = _files(path)
    signs, redacts = _read(signing), _read(redaction)
    if signs is None and redacts is None:
        raise AbsentKeysError(f"{signing}: there is no key; the first run makes it")
    if signs is None:
        raise KeyFileError(f"{signing}: is missing beside {redaction}; restore it from its backup: no other can continue a log")
    if redacts is None:
        raise KeyFileError(
            f"{redaction}: is missing beside {signing}; restore it from its backup: with another, all that holds a secret "
            "counts as changed"
        )
    return Keys(_parsed_signer(signing, signs), _parsed_redaction(redaction, redacts), signing)


def public_of(path: str | Path) -> bytes:
    """The public half of the signing key of this path, 32 bytes; the redaction key is not looked at. Raises `KeyFileError`."""
    signing, _ = _files(path)
    content = _read(signing)
    if content is None:
        raise AbsentKeysError(f"{signing}: there is no key; the first run makes it")
    return _parsed_signer(signing, content).public_key().public_bytes_raw()


def _files(path: str | Path) -> tuple[Path, Path]:
    signing = Path(path)
    return signing, signing.with_name(signing.name + REDACTION)


def parse_public(text: str) -> bytes:
    """A public key: base64 of 32 bytes, or PEM. Raises `KeyFileError`."""
    try:
        if "-----BEGIN" in text:
            loaded = serialization.load_pem_public_key(text.encode())
            raw = loaded.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        else:
            raw = base64.b64decode(text.strip(), validate=True)
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        raw = b""
    if len(raw) != 32:
        raise KeyFileError("the public key is neither base64 of 32 bytes nor an Ed25519 key in PEM")
    return raw


def _signer(path: Path) -> Ed25519PrivateKey:
    content = _read(path)
    if content is None:
        made = Ed25519PrivateKey.generate()
        content = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        content = _create(path, content)
    return _parsed_signer(path, content)


def _parsed_signer(path: Path, content: bytes) -> Ed25519PrivateKey:
    try:
        loaded = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFileError(f"{path}: not an unencrypted private key in PEM; restore it, or name another file") from None
    if not isinstance(loaded, Ed25519PrivateKey):
        raise KeyFileError(f"{path}: not an Ed25519 key; name another file, and one will be made")
    return loaded


def _redaction(path: Path) -> bytes:
    content = _read(path)
    if content is None:
        content = _create(path, base64.b64encode(secrets.token_bytes(32)) + b"\n")
    return _parsed_redaction(path, content)


def _parsed_redaction(path: Path, content: bytes) -> bytes:
    try:
        key = base64.b64decode(content.strip(), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise KeyFileError(f"{path}: not a redaction key (base64 of 32 bytes); restore it from the key's backup")
    return key


def _read(path: Path) -> bytes | None:
    try:
        content = path.read_bytes()
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be read: {error.strerror}") from None
    if mode & 0o077:
        raise KeyFileError(f"{path}: others may read this key (mode {mode:04o}); run: chmod 600 {path}")
    return content


def _create(path: Path, content: bytes) -> bytes:
    """Write a new file whole or not at all. Where another process made it first, its content is returned."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)
        finally:
            draft.unlink()
    except FileExistsError:
        return path.read_bytes()
    except OSError as error:
        sentence = f"{path}: cannot be created: {error.strerror}"
        failed = of_system(error, sentence)
        raise (failed if isinstance(failed, DiskError) else KeyFileError(sentence)) from None
    return content
