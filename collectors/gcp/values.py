"""From the protocol's values to JSON as the service's REST API words it.

- Its numbers are all floating: those that are whole become integers. What is no number is refused.
- A time that was never set may come as the beginning of all times: it is none.
- Only what is asked for is converted; a resource may be large, and what is kept of it small.
"""

from typing import Any

from evidence_store.records import Json

_NO_TIME = "1970-01-01T00:00:00"


class OddValueError(ValueError):
    """A value of a shape that its name does not promise."""


def plain(value: Any) -> Json:
    """A `google.protobuf.Value` as JSON. Raises `OddValueError`.

    An estate has millions: a text is known by being there, before the kind is asked for, and maps are asked for each name,
    since their own pairs take twice as long.
    """
    text = value.string_value
    if text:
        return None if text.startswith(_NO_TIME) else text
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        fields = value.struct_value.fields
        return {name: plain(fields[name]) for name in fields}
    if kind == "list_value":
        return [plain(inner) for inner in value.list_value.values]
    if kind == "bool_value":
        return value.bool_value
    if kind == "number_value":
        return number(value.number_value)
    return text if kind == "string_value" else None


def number(value: float) -> Json:
    """A whole number as an integer. Raises `OddValueError` for what is no number."""
    if value.is_integer():
        return int(value)
    if value - value != 0:
        raise OddValueError("a value that is no number")
    return value
