"""What may go wrong with a store. Each message is one sentence for a person, and holds no password."""

import errno

_NOT_TAKEN = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO))


class StoreError(Exception):
    """The store cannot be opened, read or written."""


class AbsentError(StoreError):
    """There is no store yet, and none was to be made."""


class ForeignError(StoreError):
    """What is there cannot be read, and nothing shows that it ever was a store."""


class DamagedError(StoreError):
    """A store lost a table, a column or a part of its file: whoever did that, its evidence is contradicted."""


class DiskError(StoreError):
    """The disk takes no more, or fails: nothing was written, and what was sealed before stands."""


class OutdatedError(StoreError):
    """The store is of an older schema, and was not to be brought up to date."""


class HeldError(StoreError):
    """Another run holds the store; the message names it."""


class RolledBackError(StoreError):
    """The store is behind, or contradicts, what was signed before; nothing may be added to it."""


class StaleError(StoreError):
    """A source was collected against states that another run has replaced since; it must be collected again."""


def of_system(error: OSError, sentence: str) -> StoreError:
    """The error to raise for one of the system's about a file of the store."""
    return (DiskError if error.errno in _NOT_TAKEN else StoreError)(sentence)
