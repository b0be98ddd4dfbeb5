"""Who holds a role: people, machines, Google's own agents, everyone, or nobody any more."""

import re

PUBLIC = frozenset({"allUsers", "allAuthenticatedUsers", "principalSet://goog/public:all"})
_PEOPLE = frozenset({"user", "group", "domain"})
_WORKLOAD = re.compile(
    r"(principal|principalSet)://iam\.googleapis\.com/projects/\d+/locations/global/workloadIdentityPools/"
    r"|principalSet://cloudresourcemanager\.googleapis\.com/.+/type/ServiceAccount$"
)
_WORKFORCE = re.compile(r"(principal|principalSet)://iam\.googleapis\.com/locations/global/workforcePools/")
# Google runs these accounts, in projects of its own, and grants them what its services need.
_AGENT_PROJECTS = re.compile(
    r"gcp-sa-[a-z0-9-]+|compute-system|container-engine-robot|containerregistry|container-analysis|serverless-robot-prod"
    r"|gcf-admin-robot|dataflow-service-producer-prod|dataproc-accounts|cloudcomposer-accounts|gs-project-accounts"
    r"|bigquery-encryption|bigquery-data-connectors|cloud-filer|cloud-tpu|cloud-redis|cloud-memcache-sa|service-networking"
    r"|service-consumer-management|sourcerepo-service-accounts|firebase-rules|endpoints-portal|remotebuildexecution"
    r"|dlp-api|gae-api-prod\.google\.com|cloud-ml\.google\.com|genomics-api\.google\.com|security-center-api|k8s-service"
)


def gone(member: str) -> bool:
    """Whether the account behind a member was deleted; the binding then gives nobody anything."""
    return member.startswith("deleted:")


def is_person(member: str) -> bool:
    """Whether people act as this member: a user, a group, a whole domain, a workforce identity, or simply everyone."""
    return member in PUBLIC or member.partition(":")[0] in _PEOPLE or _WORKFORCE.match(member) is not None


def mail_domain(member: str) -> str | None:
    """The domain of a user's, group's or domain's mail address, in lower case; `None` for anything else."""
    kind, _, identity = member.partition(":")
    if kind not in _PEOPLE:
        return None
    return identity.rpartition("@")[2].lower()


def is_own_machine(member: str) -> bool:
    """Whether a customer's programs act as this member: a service account, user-made or a service's default, or an outside
    workload; none of Google's agents."""
    if _WORKLOAD.match(member):
        return True
    kind, _, address = member.partition(":")
    if kind != "serviceAccount":
        return False
    if "[" in address:  # a Kubernetes identity: project.svc.id.goog[namespace/name]
        return True
    domain = address.partition("@")[2].lower()
    if domain in {"developer.gserviceaccount.com", "appspot.gserviceaccount.com", "cloudbuild.gserviceaccount.com"}:
        return True
    project, dot, rest = domain.partition(".iam.gserviceaccount.com")
    return bool(dot) and not rest and _AGENT_PROJECTS.fullmatch(project) is None
