"""Keep what threads free usable by all of them.

- The C library of most Linux systems gives each thread a heap of its own, up to eight for each processor; twenty readers that
  take turns with large answers would leave their largest in each. Two heaps are enough: Python runs one thread at a time.
- Where the library knows no such setting there is nothing to do.
"""

import ctypes

_ARENA_MAX = -8  # M_ARENA_MAX in malloc.h of the GNU C library; its page mallopt(3)
_HEAPS = 2


def share_heaps() -> None:
    """To be called before threads are made."""
    try:
        setting = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    setting(_ARENA_MAX, _HEAPS)
