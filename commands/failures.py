"""What a person gets when something goes wrong: one sentence, and the exit code that the design gives it."""

import argparse
import importlib
import logging
import os
import signal
import sys
import warnings
from types import FrameType

from configuration import ConfigurationError
from evidence_store.errors import DamagedError, DiskError, HeldError, RolledBackError, StoreError
from scanner import BUG, CONTRADICTED, HELD, STORE_FAILED, USAGE


class UsageError(Exception):
    """A value on the command line is wrong: what, and what is expected."""


class _TerminatedError(BaseException):
    """SIGTERM, or SIGHUP: the terminal or the session is gone. As Ctrl-C, it is no failure of what it interrupts."""


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise _TerminatedError


# Some of their debug logs hold requests and answers, and some of them set levels of their own.
_NOISY = ("alembic", "azure", "boto3", "botocore", "google", "google.auth", "kubernetes", "msal", "urllib3")


def guarded(given: argparse.Namespace) -> int:
    """Run the command's module. Every failure ends here, once."""
    logging.basicConfig(
        level=logging.DEBUG if given.debug else logging.ERROR,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    if not given.debug and not sys.warnoptions:
        _hush()
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING if given.debug else logging.ERROR)
    signal.signal(signal.SIGTERM, _terminate)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # what `nohup` started is meant to outlive its terminal
        signal.signal(signal.SIGHUP, _terminate)
    try:
        code: int = importlib.import_module(f"commands.{given.command}").command(given)
    except KeyboardInterrupt:
        return _say("interrupted; nothing half-written was kept", 130)
    except _TerminatedError:
        return _say("terminated; nothing half-written was kept", 143)
    except Exception as error:  # noqa: BLE001 - the edge of the program
        return _say(*failure(error, debug=given.debug))
    return code


def _hush() -> None:
    """Keep to ourselves what SDKs tell developers: cron mails every line, and a quiet run has promised to print none."""
    warnings.simplefilter("ignore")
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its library in C writes to standard error by itself


def failure(error: Exception, *, debug: bool) -> tuple[str, int]:
    """What a person is told of it, in one sentence, and the exit code."""
    from collectors.source import UnreadError
    from evidence_store.keys import KeyFileError
    from evidence_store.pack import PackError
    from mappings.catalogue import UnknownControlError
    from pipeline.run import StoreFailedError
    from reports.reading import NoRunError

    match error:
        case RolledBackError() | DamagedError():
            code = CONTRADICTED
        case HeldError():
            code = HELD
        case StoreFailedError() | DiskError():
            code = STORE_FAILED
        case (
            ConfigurationError()
            | UsageError()
            | StoreError()
            | KeyFileError()
            | PackError()
            | UnreadError()
            | UnknownControlError()
            | NoRunError()
        ):
            code = USAGE
        case _:
            if debug:
                logging.getLogger(__name__).error("a bug", exc_info=error)
            return f"a bug of ours, sorry: {type(error).__name__}; the same command with --debug shows where", BUG
    return str(error), code


def _say(text: str, code: int) -> int:
    sys.stderr.write(f"scanner: {text}\n")
    return code
