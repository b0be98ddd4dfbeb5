"""Which management events a trail records."""

from collections.abc import Iterable

from evidence_store.records import Json, Resource

READS, WRITES = "reads", "writes"


def management_fault(trail: Resource, may_exclude: Iterable[str]) -> str | None:
    """Why a trail does not record every management event; `None` where it does. One without selectors of its own does."""
    if not trail.fact("EventSelectors") and not trail.fact("AdvancedEventSelectors"):
        return None if trail.fact("HasCustomEventSelectors") is False else "records no management events"
    kinds: set[str] = set()
    narrowed: set[str] = set()
    allowed = set(may_exclude)
    for recorded, excluded in _selected(trail):
        if excluded <= allowed:
            kinds |= recorded
        else:
            narrowed |= excluded - allowed
    if {READS, WRITES} <= kinds:
        return None
    if narrowed:
        return f"leaves out the management events of {', '.join(sorted(narrowed))}"
    return f"records only {next(iter(kinds))} of management events" if kinds else "records no management events"


def _selected(trail: Resource) -> Iterable[tuple[set[str], set[str]]]:
    """What each selector takes: reads, writes; and the services that it leaves out."""
    for selector in trail.fact("EventSelectors"):
        if selector.get("IncludeManagementEvents") is not False:
            yield _kinds(selector.get("ReadWriteType", "All")), set(selector.get("ExcludeManagementEventSources") or ())
    for selector in trail.fact("AdvancedEventSelectors"):
        fields = {field["Field"]: field for field in selector["FieldSelectors"]}
        category = fields.pop("eventCategory", {}).get("Equals")
        read_only = fields.pop("readOnly", None)
        source = fields.pop("eventSource", {})
        if category != ["Management"] or fields or set(source) - {"Field", "NotEquals"}:
            continue  # a selector of other events, or narrower in a way that we do not count
        yield _of_read_only(read_only), set(source.get("NotEquals", ()))


def _kinds(read_write_type: str) -> set[str]:
    return {"All": {READS, WRITES}, "ReadOnly": {READS}, "WriteOnly": {WRITES}}.get(read_write_type, set())


def _of_read_only(field: Json) -> set[str]:
    if field is None:
        return {READS, WRITES}
    values = {str(v).lower() for v in field.get("Equals", ())}
    return {kind for kind, value in ((READS, "true"), (WRITES, "false")) if value in values}
