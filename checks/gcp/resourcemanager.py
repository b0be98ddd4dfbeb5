"""Projects: what each is for, and what it stands beside."""

from checks.check import Answer, NotApplicable, Unknown, check
from checks.gcp.hierarchy import NODES, PREFIX, above, open_above, unread
from checks.gcp.labels import label_of, named
from checks.gcp.naming import some
from evidence_store.records import Inventory, Resource


@check(
    on="gcp.project",
    severity="medium",
    version=1,
    within="provider",
    needs=("ancestors", "labels", "projectId"),
    looks_up={**NODES, "gcp.project": ("ancestors", "labels", "projectId")},
    fix="Move production projects into a folder of their own, and say by a label what each project is for.",
)
def gcp_project_env_separation(
    project: Resource,
    *,
    inventory: Inventory,
    label: str = "environment",
    production: tuple[str, ...] = ("production", "prod", "prd", "live"),
    shared: tuple[str, ...] = ("shared", "common", "security", "infrastructure"),
) -> Answer:
    """Production stands in folders of its own.

    Grants and guardrails are set on folders: what stands in one folder is ruled alike, and a grant meant for tests holds in
    production too.

    `label`: the label that says what a project is for
    `production`: the values of it that mean production
    `shared`: the values of it that may stand beside production, as they serve all
    """
    name, over = project.fact("projectId"), above(project)
    environment = label_of(project, label)
    if environment is None:
        return Unknown(f"project {name} does not say what it is for: label it with {label}")
    if not named(environment, production):
        return NotApplicable(f"project {name} is not production")
    if not over:
        return NotApplicable(f"project {name} stands in no folder or organization")
    if places := unread(over[:1], inventory):
        return open_above(f"what stands beside project {name}", places)
    beside = [p for p in inventory.where("gcp.project") if above(p)[:1] == over[:1]]
    others = {p.fact("projectId"): label_of(p, label) for p in beside}
    where = over[0].removeprefix(PREFIX)
    mixed = sorted(p for p, value in others.items() if value is not None and not named(value, (*production, *shared)))
    if mixed:
        return f"project {name} is production and stands in {where} beside {some(mixed)}, which is not"
    unsaid = sorted(p for p, value in others.items() if value is None)
    if unsaid:
        return Unknown(f"project {name} stands in {where} beside {some(unsaid)}, which does not say what it is for")
    return None
