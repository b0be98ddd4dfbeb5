"""Secrets are replaced before anything is hashed, logged or written.

- A secret becomes `{"$redacted": kind, "mac": ...}`: that one stood there, of what kind, and whether it is the same as
  elsewhere or before, stay facts; the secret does not. The MAC is HMAC-SHA256 under the redaction key, 16 bytes, hex.
- A text that holds a secret among other things is replaced whole: a script around a password is seldom evidence.
- An IAM user's own access key id is an identifier where a field says so (`AccessKeyId`) or a uid holds it, and a secret's
  half anywhere else.
"""

import base64
import binascii
import gzip
import hmac
import io
import re
import zlib
from collections.abc import Collection, Mapping

from evidence_store import canonical
from evidence_store.records import Json
from evidence_store.secret_shapes import (
    SHAPES,
    holds_aws_secret,
    is_reference,
    may_hold,
    may_name,
    name_beside,
    names_secret,
    shape_of,
)

_KEY_ID_FIELDS = frozenset({"accesskeyid", "access_key_id"})
_KEY_ID = re.compile(r"(?:AKIA|ASIA)[A-Z2-7]{16}")
_UID = re.compile(r"(?:arn|aws):[^\s]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_\s-]{16,}={0,2}\s*")
_DECODED_LIMIT = 1 << 20


class Redactor:
    """Replaces secrets under one key. A change of version or key is a new baseline, not a change of the estate."""

    version = 1

    def __init__(self, key: bytes) -> None:
        self._key = key

    def redact(self, facts: Json, secret: Collection[str] = ()) -> Json:
        """New facts without secrets. In the facts named in `secret` every text is replaced, whatever it looks like.

        Raises `canonical.CanonicalError` for facts that cannot be recorded.
        """
        walk = self._walk(facts, canonical.encode(facts), secret)
        return facts if walk is None else walk.facts(facts, secret)

    def sealed(self, facts: Json, secret: Collection[str] = ()) -> bytes:
        """The canonical form of the redacted facts. Raises `canonical.CanonicalError`."""
        text = canonical.encode(facts)
        walk = self._walk(facts, text, secret)
        return text if walk is None else canonical.encode(walk.facts(facts, secret))

    def _walk(self, facts: Json, text: bytes, secret: Collection[str]) -> "_Walk | None":
        """How to go through a state; `None` where there is nothing to look for."""
        shapes = may_hold(text)
        return _Walk(self._key, shapes=shapes) if secret or shapes or may_name(facts) else None

    @staticmethod
    def scrub(text: str) -> str:
        """A line for a log, an error or a reason, with what looks like a secret replaced within it."""
        for kind, markers, pattern in SHAPES:
            lowered = text.lower().encode("utf-8", "replace")
            if any(marker in lowered for marker in markers):
                text = pattern.sub(f"[redacted {kind}]", text)
        return text


class _Walk:
    """One pass through a state. `shapes`: whether any text in it may be of a secret's shape; names are always looked at."""

    def __init__(self, key: bytes, *, shapes: bool) -> None:
        self._key = key
        self._shapes = shapes

    def facts(self, facts: Json, secret: Collection[str]) -> Json:
        if not isinstance(facts, Mapping):
            return self._value(facts, "")
        return {
            self._key_text(name): self._all(value) if name in secret else self._value(value, name)
            for name, value in facts.items()
        }

    def _value(self, value: Json, field: str) -> Json:
        match value:
            case str():
                return self._text(value, field)
            case Mapping():
                return self._mapping(value)
            case list() | tuple():
                return [self._value(inner, field) for inner in value]
            case bytes():
                kind = shape_of(value.decode("latin-1"))
                return self._mark(kind, value) if kind else value
        return value

    def _mapping(self, value: Mapping[str, Json]) -> Json:
        """A name-value pair (`{"Name": "DB_PASSWORD", "Value": ...}`) is judged by the name it holds."""
        named = name_beside(value)
        return {
            self._key_text(key): self._value(inner, named if named and key in ("value", "Value") else key)
            for key, inner in value.items()
        }

    def _text(self, text: str, field: str) -> Json:
        if not text:
            return text
        if names_secret(field) and not is_reference(text):
            return self._mark(shape_of(text) or "value", text.encode("utf-8", "surrogatepass"))
        kind = shape_of(text) if self._shapes else None
        if kind is None or (kind == "aws_access_key_id" and self._identifies(text, field)):
            return text
        return self._mark(kind, text.encode("utf-8", "surrogatepass"))

    @staticmethod
    def _identifies(text: str, field: str) -> bool:
        if field.lower() in _KEY_ID_FIELDS:
            return _KEY_ID.fullmatch(text) is not None
        return _UID.fullmatch(text) is not None and not holds_aws_secret(text)

    def _key_text(self, key: str) -> str:
        kind = shape_of(key) if self._shapes and len(key) >= 16 else None
        if kind is None or (kind == "aws_access_key_id" and (_UID.fullmatch(key) or _KEY_ID.fullmatch(key))):
            return key
        return f"[redacted {kind} {self._mac(key.encode('utf-8', 'surrogatepass'))}]"

    def _all(self, value: Json) -> Json:
        match value:
            case str():
                if not value:
                    return value
                return self._mark(shape_of(value) or _decoded_shape(value) or "value", value.encode("utf-8", "surrogatepass"))
            case bytes():
                return self._mark(shape_of(value.decode("latin-1")) or "value", value)
            case Mapping():
                return {self._key_text(key): self._all(inner) for key, inner in value.items()}
            case list() | tuple():
                return [self._all(inner) for inner in value]
        return value

    def _mark(self, kind: str, secret: bytes) -> dict[str, str]:
        return {"$redacted": kind, "mac": self._mac(secret)}

    def _mac(self, secret: bytes) -> str:
        return hmac.digest(self._key, secret, "sha256")[:16].hex()


def _decoded_shape(text: str) -> str | None:
    """The kind of secret inside base64, also where it was compressed first, as instance user data may be."""
    if not _BASE64.fullmatch(text):
        return None
    try:
        content = base64.b64decode("".join(text.split()))
        if content.startswith(b"\x1f\x8b"):
            with gzip.open(io.BytesIO(content)) as packed:
                content = packed.read(_DECODED_LIMIT)
    except (binascii.Error, OSError, EOFError, zlib.error):
        return None
    return shape_of(content[:_DECODED_LIMIT].decode("utf-8", "replace"))
