"""Logs: that everything is written down, leaves for a place of its own, and cannot be deleted there."""

from collections.abc import Iterable, Iterator

from checks.check import Answer, NotApplicable, check
from checks.gcp.destinations import project_of
from checks.gcp.hierarchy import NODES, above, called, chain, open_above, uid_of, unread
from checks.gcp.members import is_person
from checks.gcp.naming import last, listed, some
from evidence_store.records import Inventory, Json, Resource

_ALL = "allServices"


@check(
    on="gcp.project",
    severity="high",
    version=1,
    above="ancestors",
    needs=("ancestors", "projectId"),
    looks_up={**NODES, "gcp.iam.policy": ("auditConfigs",)},
    fix="Turn on DATA_READ and DATA_WRITE for allServices in the organization's audit configuration, without exempted users.",
)
def gcp_audit_logs_data_access(
    project: Resource,
    *,
    inventory: Inventory,
    services: tuple[str, ...] = (_ALL,),
    log_types: tuple[str, ...] = ("DATA_READ", "DATA_WRITE"),
) -> Answer:
    """Who read and changed data is written down, for everyone.

    The provider records changes to settings by itself, but who opened the data only when told to. What is turned on
    above a project holds for it too, and so do exemptions; nobody who works there may be left out.

    `services`: the services in scope, as `storage.googleapis.com`, or allServices
    `log_types`: the kinds of access that must be recorded
    """
    name = project.fact("projectId")
    configs = [c for uid in chain(project) for c in _configs(inventory.get("gcp.iam.policy", uid))]
    exempt = sorted({member for s in services for member in _exempt(configs, s, log_types) if is_person(member)})
    if exempt:
        return f"project {name} leaves the access of {some(exempt)} out of its audit logs"
    missing = [f"{kind} of {s}" for s in services for kind in log_types if kind not in _recorded(configs, s)]
    if places := unread(above(project), inventory):
        what = f"the record of {some(missing)}" if missing else "an exemption from the audit logs"
        return open_above(f"{what} of project {name}", places)
    return f"project {name} does not record {some(missing)}" if missing else None


def _configs(policy: Resource | None) -> Json:
    return [] if policy is None else policy.fact("auditConfigs") or []


def _of(configs: Json, service: str) -> Iterator[Json]:
    """What is laid down for a service: its own configuration and the one for all count together."""
    for config in configs:
        if config.get("service") in (_ALL, service):
            yield from config.get("auditLogConfigs") or ()


def _recorded(configs: Json, service: str) -> set[str]:
    return {kind["logType"] for kind in _of(configs, service)}


def _exempt(configs: Json, service: str, log_types: Iterable[str]) -> Iterator[str]:
    for kind in _of(configs, service):
        if kind["logType"] in log_types:
            yield from kind.get("exemptedMembers") or ()


@check(
    on="gcp.organization",
    also_on=("gcp.folder", "gcp.project"),
    severity="high",
    version=1,
    within="provider",
    needs=("ancestors",),
    looks_up={
        **NODES,
        "gcp.logging.sink": ("ancestors", "destination", "disabled", "exclusions", "filter", "includeChildren"),
        "gcp.storage.bucket": ("name",),
    },
    fix="Make an aggregated sink on the organization, with children and no filter, into a log bucket of a project of its own.",
)
def gcp_log_sink_org(
    node: Resource,
    *,
    inventory: Inventory,
    log_projects: tuple[str, ...] = (),
    accepted_filters: tuple[str, ...] = (),
) -> Answer:
    """All logs go to a project of their own.

    Whoever takes over a project can delete what it logged; a copy in a project that its administrators cannot touch stays.
    Asked of the organization; below it only where the organization has no such sink or a project stands alone.

    `log_projects`: ids of the projects that keep logs; without any, each project that a sink names counts
    `accepted_filters`: filters that leave out only what need not be kept
    """
    over, faults = above(node), {}
    places = unread(over, inventory)
    depends = bool(over) and not places  # on what stands above alone: its own sinks matter to nobody else
    for sink in inventory.where("gcp.logging.sink", **({"includeChildren": True} if depends else {})):
        at = _node_of(sink)
        if at == node.uid or (at in over and sink.fact("includeChildren")):
            fault = _sink_fault(sink, node, inventory, log_projects, accepted_filters)
            if fault is None:
                return None
            faults[last(sink.uid)] = fault
    if places:
        return open_above(f"a sink for all logs of {called(node)}", places)
    if over:
        return NotApplicable(f"{called(node)} has no such sink of its own; it is asked above")
    told = some([f"sink {name} {fault}" for name, fault in sorted(faults.items())])
    return f"{called(node)} does not send all logs to a project of their own{f': {told}' if told else ''}"


def _node_of(sink: Resource) -> str:
    """The uid of the project, folder or organization that a sink stands in."""
    return next(map(uid_of, sink.fact("ancestors") or ()), "")


def _sink_fault(
    sink: Resource, node: Resource, inventory: Inventory, log_projects: tuple[str, ...], accepted: tuple[str, ...]
) -> str | None:
    """Why a sink does not take all logs of a node to a project of their own; `None` where it does."""
    if sink.fact("disabled"):
        return "is disabled"
    if node.type != "gcp.project" and not sink.fact("includeChildren"):
        return "leaves out the projects below"
    wanted, known = _on_one_line(sink.fact("filter")), {_on_one_line(text) for text in accepted}
    if wanted and wanted not in known:
        return "takes only what its filter lets through"
    left_out = [e for e in sink.fact("exclusions") or () if not e.get("disabled")]
    if any(_on_one_line(e.get("filter")) not in known for e in left_out):
        return "leaves out what its exclusions name"
    project = project_of(sink.fact("destination"), inventory)
    if project is None:
        return f"sends to {sink.fact('destination')}, which is in no project that is known"
    if node.type == "gcp.project" and _node_of(sink) == node.uid and project == node.scope.account:
        return "sends to its own project"
    return f"sends to project {project}" if log_projects and project not in log_projects else None


def _on_one_line(text: Json) -> str:
    """A filter without the blanks and line breaks that mean nothing in it."""
    return " ".join((text or "").split())


@check(
    on="gcp.logging.bucket",
    severity="medium",
    version=1,
    needs=("lifecycleState", "locked", "name", "retentionDays"),
    fix="Set the retention of the log bucket, and lock it: `gcloud logging buckets update ... --locked` (it cannot be undone).",
)
def gcp_log_bucket_locked(bucket: Resource, *, min_days: int = 365, exempt: tuple[str, ...] = ("_Default",)) -> Answer:
    """Logs are kept for the required time, and nobody can shorten it.

    An intruder's last step is to delete the logs. A locked log bucket gives them up to nobody before their time.

    `min_days`: how long logs are kept at least, in days
    `exempt`: log buckets that need no lock, because a sink keeps a copy of what they hold; `*` stands for any text
    """
    name, where = last(bucket.fact("name")), f"of {bucket.scope.account}"
    if name == "_Required":
        return NotApplicable(f"{name} {where} is locked by Google for 400 days")
    if listed(name, exempt):
        return NotApplicable(f"{name} {where} is declared to need no lock")
    if bucket.fact("lifecycleState") == "DELETE_REQUESTED":
        return NotApplicable(f"{name} {where} waits for its deletion")
    days = bucket.fact("retentionDays") or 0
    if days < min_days:
        return f"log bucket {name} {where} keeps logs for {days} days; {min_days} are required"
    return None if bucket.fact("locked") else f"log bucket {name} {where} is not locked"
