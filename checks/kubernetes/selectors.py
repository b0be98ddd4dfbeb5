"""Label selectors, as the API server reads them."""

from evidence_store.records import Json


def selects(selector: Json, labels: Json) -> bool:
    """Whether a label selector matches. An absent one matches nothing, an empty one everything."""
    if selector is None:
        return False
    wanted = (selector.get("matchLabels") or {}).items()
    terms = selector.get("matchExpressions") or ()
    return all(labels.get(key) == value for key, value in wanted) and all(_holds(term, labels) for term in terms)


def is_limited(selector: Json) -> bool:
    """Whether a selector of what a rule is about leaves anything out; there an absent one leaves out nothing."""
    return bool(selector) and any(selector.get(terms) for terms in ("matchLabels", "matchExpressions"))


def _holds(term: Json, labels: Json) -> bool:
    key, values = term.get("key"), term.get("values") or ()
    match term.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False
