"""Standard output and standard error of the whole program: what becomes of them never changes what it answers.

- A reader that went away (`| head`) is no error, and what has begun goes on to its end: a gate that failed has failed,
  whoever still listens.
- An output that is full or gone otherwise is told, and no answer of 0 is given then.
- A character that the output's encoding has no place for is told as an escape, which JSON reads as the character it was.
- An output that was closed before we began is the void. A file that we open must not take its number: what a library
  prints there would end up in it.
"""

import codecs
import io
import os
import sys

TYPE_CHECKING = False  # known to type checkers; every start pays for an import
if TYPE_CHECKING:
    from typing_extensions import Buffer


ESCAPED = "annexa.escaped"


class Outlet(io.FileIO):
    """A file descriptor that never fails its writer: once it cannot be written, it is the void, and says why."""

    def __init__(self, number: int) -> None:
        super().__init__(number, "wb", closefd=False)
        self.failed: OSError | None = None

    def write(self, text: "Buffer", /) -> int:
        try:
            return super().write(text)
        except OSError as error:
            self.failed = error
            void = os.open(os.devnull, os.O_WRONLY)
            os.dup2(void, self.fileno())
            os.close(void)
            return memoryview(text).nbytes


def open_outlets() -> Outlet:
    """Take over the standard streams; what standard output came to is in what is given back."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
    codecs.register_error(ESCAPED, _escaped)
    out, err = Outlet(1), Outlet(2)
    sys.stdout = _stream(out, sys.stdout, line_by_line=out.isatty())
    sys.stderr = _stream(err, sys.stderr, line_by_line=True)
    return out


def _stream(outlet: Outlet, before: object, *, line_by_line: bool) -> io.TextIOWrapper:
    encoding = getattr(before, "encoding", None) or "utf-8"
    return io.TextIOWrapper(io.BufferedWriter(outlet), encoding, ESCAPED, line_buffering=line_by_line)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """Each as `\\u` and its units in UTF-16, as JSON escapes them."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4)), error.end
