"""Services of Cloud Run: whether they ask who calls."""

from checks.check import Answer, NotApplicable, Unknown, check
from checks.gcp.hierarchy import NODES, open_if_unread
from checks.gcp.labels import label_of, named
from checks.gcp.naming import listed, some
from checks.gcp.policies import POLICIES, of_service, open_to_everyone
from evidence_store.records import Inventory, Resource


@check(
    on="gcp.run.service",
    severity="high",
    version=1,
    above="ancestors",
    needs=("ancestors", "iapEnabled", "ingress", "invokerIamDisabled", "labels"),
    looks_up={**NODES, **POLICIES},
    fix="Take allUsers out of the service's invokers, or limit its ingress to internal; label what is public by design.",
)
def gcp_run_ingress_auth(
    service: Resource,
    *,
    inventory: Inventory,
    label: str = "exposure",
    public: tuple[str, ...] = ("public", "internet"),
    approved: tuple[str, ...] = (),
) -> Answer:
    """Services ask who calls, unless they are public by design.

    A service that anyone may call has only its own code between the internet and the data. What only its own network
    reaches is not asked.

    `label`: the label that says whom a service is for
    `public`: the values of it that mean everyone
    `approved`: services that are public by design, as `project/name`; `*` stands for any text
    """
    called = f"service {service.name} of project {service.scope.account}"
    openings = [f"grants {o}" for o in open_to_everyone(service, inventory, of_service("run"))]
    if service.fact("invokerIamDisabled"):
        openings.insert(0, "asks no caller for an identity")
    if service.fact("iapEnabled") or service.fact("ingress") == "INGRESS_TRAFFIC_INTERNAL_ONLY":
        return None
    if not openings:
        return open_if_unread(service, called, inventory)
    exposure = label_of(service, label)
    if (exposure is not None and named(exposure, public)) or listed(f"{service.scope.account}/{service.name}", approved):
        return NotApplicable(f"{called} is public by design")
    if service.fact("ingress") is None:
        return Unknown(f"{called} {some(openings)}, and does not say from where it can be reached")
    return f"{called} {some(openings)}"
