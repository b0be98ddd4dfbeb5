"""Keep what threads free usable by all of them, and what a stage of the run freed by the rest of the machine.

- The C library of most Linux systems gives each thread a heap of its own, up to eight for each processor; twenty readers that
  take turns with large answers would leave their largest in each. Two heaps are enough: Python runs one thread at a time.
- Where the library knows no such setting there is nothing to do.
- Python looks through all that lives, again and again, for what only holds itself. What was imported stays anyway, and is half
  of what lives: it need not be looked through.
"""

import ctypes
import gc
from collections.abc import Callable

_ARENA_MAX = -8  # M_ARENA_MAX in malloc.h of the GNU C library; its page mallopt(3)
_HEAPS = 2


def pass_over_imports() -> None:
    """To be called when all is imported. A second time it changes nothing: what a run left behind may go."""
    if not gc.get_freeze_count():
        gc.freeze()


def share_heaps() -> None:
    """To be called before threads are made."""
    setting = _of_the_library("mallopt")
    if setting is not None:
        setting(_ARENA_MAX, _HEAPS)


def give_back() -> None:
    """Return what lies free between what is in use: its page malloc_trim(3)."""
    trim = _of_the_library("malloc_trim")
    if trim is not None:
        trim(0)


def _of_the_library(name: str) -> Callable[..., int] | None:
    try:
        found: Callable[..., int] | None = getattr(ctypes.CDLL(None), name, None)
    except (OSError, TypeError):
        return None
    return found
