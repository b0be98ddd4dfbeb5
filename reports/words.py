"""What the words of a report mean, once: the key that every Statement of Applicability carries."""

STATUSES = {
    "gap": "A check that decides about this control fails, and no valid exception covers it.",
    "unknown": "Evidence that is needed could not be read, was never collected, or does not allow an answer.",
    "stale": "The oldest evidence that is needed is older than this control allows.",
    "partial": "No gap was seen, and the evidence shows only a part of what the control asks, or nothing of it.",
    "accepted": "It would be a gap; valid, expiring exceptions cover every failure.",
    "inherited": "A supplier provides it, and an assurance that is in date and was read says so.",
    "supported": "Every aspect that is looked for has fresh, passing evidence. This is no certificate.",
}

DIFFERENCES = {
    "contradicted": "declared implemented; the evidence speaks against it",
    "excluded_contradicted": "excluded, and evidence of it exists",
    "not_validly_excluded": "excluded without justification or approval",
    "missing": "not mentioned in the statement",
    "unclear": "the entry cannot be understood",
    "overdue": "planned, and the date is over",
    "undated": "a gap that is planned to be closed, nobody says when",
    "unproven": "declared; the evidence does not reach that far",
    "expected": "a gap that is planned to be closed in time",
    "update": "declared less than what the evidence shows",
}

STRENGTHS = (
    "`observed` was read from the systems themselves and is the strongest; `records` is what people wrote. A record is "
    "verified where git shows that its approver signed it, and self-declared where it does not."
)

HOW_TO_VERIFY = (
    "Compare the checkpoint above with one that you or a witness kept: same origin, and the larger log extends the smaller.",
    "Ask for an export (`scanner evidence export -o PACK`) and for the public key, each by a way of its own.",
    "Recompute all of it offline: `scanner evidence verify PACK --public-key KEY --against CHECKPOINT`.",
)

CLAIM = (
    "Annexa looks for gaps. It does not certify, and `supported` does not mean compliant: what no check can observe is named "
    "for each control, and what could not be read is counted as unknown, never as passed."
)


def difference_words(difference: str) -> str:
    """`excluded, contradicted` for `excluded_contradicted`."""
    return {"excluded_contradicted": "excluded, contradicted", "update": "update the SoA"}.get(
        difference, difference.replace("_", " ")
    )
