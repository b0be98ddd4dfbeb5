"""What may go wrong with a store. Each message is one sentence for a person, and holds no password."""


class StoreError(Exception):
    """The store cannot be opened, read or written."""


class AbsentError(StoreError):
    """There is no store yet, and none was to be made."""


class OutdatedError(StoreError):
    """The store is of an older schema, and was not to be brought up to date."""


class HeldError(StoreError):
    """Another run holds the store; the message names it."""


class RolledBackError(StoreError):
    """The store is behind, or contradicts, what was signed before; nothing may be added to it."""


class StaleError(StoreError):
    """A source was collected against states that another run has replaced since; it must be collected again."""
