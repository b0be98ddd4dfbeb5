"""The log: whatever happens, each line of it is one event, and nothing is written past it."""

import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from io import StringIO

import pytest

from daemon import logs


@pytest.fixture
def stream() -> Iterator[StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield StringIO()
    root.handlers[:] = before
    root.setLevel(level)


def test_each_event_is_one_line_of_json_with_stable_keys(stream: StringIO) -> None:
    logs.begin(None, debug=False, out=stream)
    logs.say("run.ended", schedule="nightly", outcome="failed", seconds=1.5, run=None, error="two\nlines")
    logging.getLogger("apscheduler").warning("a job %s", "x")
    logging.getLogger("apscheduler").info("not told")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert {k: v for k, v in first.items() if k != "time"} == {
        "level": "info", "event": "run.ended", "schedule": "nightly", "outcome": "failed", "seconds": 1.5, "error": "two lines",
    }  # fmt: skip
    assert first["time"].endswith("Z")
    assert (second["event"], second["logger"], second["error"]) == ("library", "apscheduler", "a job x")


def test_a_person_gets_words(stream: StringIO) -> None:
    logs.begin("text", debug=False, out=stream)
    logs.say("run.started", schedule="nightly")
    assert stream.getvalue().endswith("Z info    run.started schedule=nightly\n")


@pytest.mark.parametrize("debug", [False, True])
def test_what_ends_a_thread_and_what_libraries_warn_of_are_events(capsys: pytest.CaptureFixture[str], *, debug: bool) -> None:
    before = logging.getLogger().handlers[:]
    with logs.begun("json", debug=debug):
        thread = threading.Thread(target=lambda: 1 // 0)
        thread.start()
        thread.join()
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("will be gone", DeprecationWarning, stacklevel=1)
        logging.getLogger("library").error("%d of %d", "one")  # noqa: PLE1206 - as libraries err
        logging.getLogger("library").error("a name %s", "\udce9")
    assert logging.getLogger().handlers == before
    assert threading.excepthook is not logs._thread_ended
    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert events[0]["event"] == "daemon.bug"
    assert events[0]["error"].startswith("ZeroDivisionError")
    errors = [event["error"] for event in events if event["event"] == "library"]
    assert "will be gone" in errors[0]
    assert errors[1] == "%d of %d"
    assert any("Traceback" in event.get("trace", "") for event in events) == debug


class Unwritable(StringIO):
    """A stream that takes nothing, and keeps what was tried."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.tried: list[str] = []
        self._error = error

    def write(self, text: str) -> int:
        self.tried.append(text)
        raise self._error


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("I/O operation on closed file")])
def test_a_log_that_cannot_be_written_ends_nothing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    full = Unwritable(error)
    monkeypatch.setattr(sys, "stderr", full)
    with logs.begun("json", debug=False):
        logs.say("run.started")
        logs.say("run.ended")
    assert [json.loads(line)["event"] for line in full.tried] == ["run.started", "run.ended"], "no word about the log itself"
