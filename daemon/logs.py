"""The daemon's log: one line for each event, as JSON for machines or as text for people.

Keys are stable: `time` (RFC 3339, UTC), `level`, `event`, and where they apply `schedule`, `due`, `run`, `outcome`,
`seconds`, `error`. What libraries log comes as `event` "library", at warning or worse.
"""

import logging
import sys
import time
import traceback
from typing import Any, TextIO

from pythonjsonlogger.json import JsonFormatter

KEYS = ("schedule", "due", "run", "outcome", "seconds", "count", "address", "error")
_log = logging.getLogger("annexa.daemon")


class _Lines(JsonFormatter):
    def __init__(self) -> None:
        super().__init__()
        self.converter = time.gmtime

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        del message_dict
        log_data.update(_fields(record))


class _Words(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = _fields(record)
        head = f"{fields.pop('time')} {fields.pop('level'):<7} {fields.pop('event')}"
        return head + "".join(f" {key}={value}" for key, value in fields.items())


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    own = record.name == _log.name
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    fields: dict[str, Any] = {
        "time": f"{stamp}.{int(record.msecs):03d}Z",
        "level": record.levelname.lower(),
        "event": record.getMessage() if own else "library",
    }
    if not own:
        fields["logger"], fields["error"] = record.name, record.getMessage()
    fields.update({key: getattr(record, key) for key in KEYS if getattr(record, key, None) is not None})
    if record.exc_info and record.exc_info[1]:  # only with --debug
        fields["trace"] = "".join(traceback.format_exception(record.exc_info[1]))
        return fields
    return {key: " ".join(value.split()) if isinstance(value, str) else value for key, value in fields.items()}


def begin(style: str | None, *, debug: bool, out: TextIO | None = None) -> None:
    """Log to standard error: `json`, `text`, or what suits it."""
    stream = out or sys.stderr
    handler = logging.StreamHandler(stream)
    as_text = style == "text" or (style is None and stream.isatty())
    handler.setFormatter(_Words() if as_text else _Lines())
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, handlers=[handler], force=True)
    _log.setLevel(logging.DEBUG if debug else logging.INFO)


def say(event: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """One event."""
    _log.log(level, event, extra={key: value for key, value in fields.items() if value is not None})
