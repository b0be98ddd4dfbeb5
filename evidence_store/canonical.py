"""One value, one sequence of bytes: JSON canonicalised as RFC 8785 says, for what evidence may hold.

- Floats, decimals and integers beyond 2^53 become `{"$num": "..."}`, bytes `{"$b64": "..."}`, times RFC 3339 UTC `Z`.
- Not-a-number, lone surrogates, keys that are not text and values of any other kind are refused.
- orjson serves where its order of keys (by code point) is RFC 8785's (by UTF-16 code unit); keys beyond U+E000 are
  ordered by hand.
"""

import base64
import hashlib
import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import orjson

from evidence_store.records import Json, format_time

_STRICT = orjson.OPT_STRICT_INTEGER | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS
_OPTIONS = _STRICT | orjson.OPT_PASSTHROUGH_DATETIME
_SORTED = _STRICT | orjson.OPT_UTC_Z | orjson.OPT_SORT_KEYS  # a time in UTC it writes as `format_time` does
_LEAVES = frozenset({str, int, bool, type(None)})
# UTF-8 of U+E000 and above starts with 0xEE or more; only there do the two orders of keys differ.
_BEYOND = re.compile(rb"[\xee-\xf4]")
_EXACT = 2**53 - 1


class CanonicalError(ValueError):
    """A value has no canonical form."""


def encode(value: Json) -> bytes:
    """The canonical bytes of a value. Raises `CanonicalError`."""
    if _plain(value):
        try:
            fast = orjson.dumps(value, option=_SORTED)
        except orjson.JSONEncodeError:
            pass
        else:
            if not _BEYOND.search(fast):
                return fast
    try:
        return orjson.dumps(_ordered(value), option=_OPTIONS)
    except (orjson.JSONEncodeError, RecursionError) as error:
        raise CanonicalError(f"no canonical form: {error}") from None


def decode(text: bytes) -> Json:
    """What `encode` was given, with times, bytes and secrets as the JSON that stands for them and a `Decimal` for `$num`.

    Raises `CanonicalError` for what is not JSON.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise CanonicalError(f"not JSON: {error}") from None
    return _numbers(value) if b'"$num"' in text else value


def digest(value: Json) -> str:
    """SHA-256 of the canonical form, hex."""
    return hashlib.sha256(encode(value)).hexdigest()


def storable(text: str) -> bool:
    """Whether a text can stand in a column of its own: both databases refuse lone surrogates, PostgreSQL zero bytes too."""
    if text.isascii():
        return "\0" not in text
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def number(value: Decimal | float) -> str:
    """The one text of a number: no exponent where it is of ordinary size, no trailing zeros, no minus zero."""
    exact = value if isinstance(value, Decimal) else Decimal(repr(value) if isinstance(value, float) else value)
    if not exact.is_finite():
        raise CanonicalError(f"{value} is not a number that can be recorded")
    sign, digits, exponent = exact.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    stripped = text.rstrip("0")
    if not stripped:
        return "0"
    power = int(exponent) + len(text) - len(stripped)
    head = "-" if sign else ""
    if 0 <= power <= 40:
        return head + stripped + "0" * power
    if -40 <= power < 0:
        whole = stripped[:power] or "0"
        return f"{head}{whole}.{stripped[power:].rjust(-power, '0')}"
    return f"{head}{stripped}E{power:+d}"


def _plain(value: Json) -> bool:
    """Whether orjson can be trusted with it: it would write a float as it likes, and not-a-number as null."""
    kind = type(value)
    if kind is dict:
        for inner in value.values():  # noqa: SIM110 - a generator would double the cost of every state
            if type(inner) not in _LEAVES and not _plain(inner):
                return False
        return True
    if kind is list or kind is tuple:
        for inner in value:  # noqa: SIM110 - as above
            if type(inner) not in _LEAVES and not _plain(inner):
                return False
        return True
    return kind in _LEAVES or (kind is datetime and value.tzinfo is UTC)


def _ordered(value: Json) -> Json:  # noqa: C901 - one case for each kind of value
    """The same value in JSON's own types, keys in the order of RFC 8785, section 3.2.3."""
    match value:
        case Enum():
            return _ordered(value.value)
        case None | bool():
            return value
        case str():
            return str(value)
        case int():
            return int(value) if -_EXACT <= value <= _EXACT else {"$num": str(int(value))}
        case float():
            if math.isnan(value) or math.isinf(value):
                raise CanonicalError(f"{value} is not a number that can be recorded")
            return {"$num": number(value)}
        case Decimal():
            return {"$num": number(value)}
        case datetime():
            return _time(value)
        case date():
            return value.isoformat()
        case bytes() | bytearray():
            return {"$b64": base64.b64encode(value).decode()}
        case Mapping():
            return {key: _ordered(value[key]) for key in sorted(_keys(value), key=_utf16)}
        case list() | tuple():
            return [_ordered(inner) for inner in value]
    raise CanonicalError(f"a {type(value).__name__} cannot be recorded")


def _keys(value: Mapping[Any, Any]) -> list[str]:
    for key in value:
        if type(key) is not str and not isinstance(key, str):
            raise CanonicalError(f"key {key!r} is not text")
    return list(value)


def _utf16(key: str) -> bytes:
    try:
        return key.encode("utf-16-be")
    except UnicodeEncodeError:
        raise CanonicalError("a key holds a lone surrogate") from None


def _time(moment: datetime) -> str:
    try:
        return format_time(moment)
    except ValueError as error:
        raise CanonicalError(str(error)) from None


_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?(E[+-]\d+)?")


def _numbers(value: Json) -> Json:
    if isinstance(value, dict):
        if len(value) == 1 and isinstance(text := value.get("$num"), str) and _NUMBER.fullmatch(text):
            return Decimal(text)
        return {key: _numbers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_numbers(inner) for inner in value]
    return value
