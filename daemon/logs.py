"""The daemon's log: one line for each event, as JSON for machines or as text for people.

Keys are stable: `time` (RFC 3339, UTC), `level`, `event`, and where they apply `schedule`, `due`, `run`, `outcome`,
`seconds`, `count`, `changed`, `address`, `error`. What libraries log comes as `event` "library", at warning or worse. So do
warnings; and what ends a thread is a `daemon.bug`: nothing is written past the log.
"""

import logging
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from pythonjsonlogger.json import JsonFormatter

KEYS = ("schedule", "due", "run", "outcome", "seconds", "count", "changed", "address", "error")
_log = logging.getLogger("annexa.daemon")


class _Lines(JsonFormatter):
    def __init__(self) -> None:
        super().__init__()
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        whole = logging.makeLogRecord(record.__dict__)  # the formatter puts the message together, too
        whole.msg, whole.args = _message(record), None
        return super().format(whole)

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        del message_dict
        log_data.update(_fields(record))


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the interface's name
        """A log that cannot be written, its disk full or its reader gone, ends nothing; and there is nowhere to say so."""


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
        "event": _message(record) if own else "library",
    }
    if not own:
        fields["logger"], fields["error"] = record.name, _message(record)
    fields.update({key: getattr(record, key) for key in KEYS if getattr(record, key, None) is not None})
    if record.exc_info and record.exc_info[1]:  # only with --debug
        fields["trace"] = "".join(traceback.format_exception(record.exc_info[1]))
        return fields
    return {key: " ".join(value.split()) if isinstance(value, str) else value for key, value in fields.items()}


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a library's words and values do not fit; `logging` would print a trace past us
        return str(record.msg)


@contextmanager
def begun(style: str | None, *, debug: bool) -> Iterator[None]:
    """Log as long as the block lasts: events, warnings, and what ends a thread."""
    root, hook = logging.getLogger(), threading.excepthook
    before, level = root.handlers[:], root.level
    begin(style, debug=debug)
    logging.captureWarnings(capture=True)
    threading.excepthook = _thread_ended
    try:
        yield
    finally:
        threading.excepthook = hook
        logging.captureWarnings(capture=False)
        root.handlers[:] = before
        root.setLevel(level)


def _thread_ended(what: threading.ExceptHookArgs) -> None:
    if not issubclass(what.exc_type, SystemExit):
        bug(what.exc_value or what.exc_type())


def begin(style: str | None, *, debug: bool, out: TextIO | None = None) -> None:
    """Log to standard error: `json`, `text`, or what suits it."""
    stream = out or sys.stderr
    handler = _Handler(stream)
    as_text = style == "text" or (style is None and stream.isatty())
    handler.setFormatter(_Words() if as_text else _Lines())
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, handlers=[handler], force=True)
    _log.setLevel(logging.DEBUG if debug else logging.INFO)


def say(event: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """One event."""
    _log.log(level, event, extra={key: value for key, value in fields.items() if value is not None})


def bug(error: BaseException) -> None:
    """Something that should not happen; where, is told with --debug."""
    say("daemon.bug", level=logging.ERROR, error=f"{type(error).__name__}: {error}")
    _log.debug("daemon.trace", exc_info=error)
