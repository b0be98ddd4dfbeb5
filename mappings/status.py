"""The machine's status of a control, from the one that needs most attention to the one that needs least."""

from enum import StrEnum


class AssessmentStatus(StrEnum):
    """The first of these that holds is the status; `mappings.assessment` says when each does."""

    GAP = "gap"
    UNKNOWN = "unknown"
    STALE = "stale"
    PARTIAL = "partial"
    ACCEPTED = "accepted"
    INHERITED = "inherited"
    SUPPORTED = "supported"
