"""What a rule of RBAC allows, whom a binding names, and which role it gives them; as the API server reads them.

- `*` stands for everything in verbs, API groups and resources; `*/exec` for one subresource of every resource. `pods/*`
  stands for nothing.
- A rule that names objects (`resourceNames`) allows nothing that is asked of a whole kind.
- Rules add up, and none takes away.
- A binding to a role that does not exist grants nothing.
- A user `system:serviceaccount:shop:web` is the service account web of the namespace shop.
"""

from collections.abc import Iterable, Iterator, Mapping

from checks.kubernetes.naming import listed, namespace_of
from evidence_store.records import Inventory, Json, Resource

RBAC = "rbac.authorization.k8s.io"
ROLES: Mapping[str, tuple[str, ...]] = {"kubernetes.role": ("rules",), "kubernetes.cluster_role": ("rules",)}
READ = ("get", "list", "watch")

_USUAL = frozenset({"create", "delete", "get", "list", "patch", "update", "watch"})
_ACCOUNT = "system:serviceaccount:"
# Health, version, discovery of the API and of the cluster's keys: nothing in them belongs to anybody.
_PUBLIC = ("/healthz", "/livez", "/readyz", "/version", "/api", "/apis", "/openapi", "/openid/v1/jwks")
_ISSUER = "/.well-known/openid-configuration"


def rules_of(binding: Resource, inventory: Inventory) -> list[Json] | None:
    """The rules that a binding gives; `None` where there is no such role."""
    role = binding.fact("roleRef")
    if role["kind"] == "ClusterRole":
        found = inventory.get("kubernetes.cluster_role", binding.uid_of("kubernetes.cluster_role", role["name"]))
    else:
        native = f"{namespace_of(binding)}/{role['name']}"
        found = inventory.get("kubernetes.role", binding.uid_of("kubernetes.role", native))
    return None if found is None else list(found.fact("rules") or ())


def verbs_on(rule: Json, group: str, resource: str) -> frozenset[str]:
    """The verbs that a rule allows on a resource (`pods/exec`: a subresource) of an API group."""
    groups, resources = rule.get("apiGroups") or (), rule.get("resources") or ()
    own, _, sub = resource.partition("/")
    named = {"*", resource} | ({f"*/{sub}"} if sub else {own})
    return frozenset(rule.get("verbs") or ()) if {"*", group} & set(groups) and named & set(resources) else frozenset()


def allows(rule: Json, verbs: Iterable[str], group: str, resource: str) -> bool:
    """Whether a rule allows one of the verbs on every object of a kind."""
    return not rule.get("resourceNames") and bool(verbs_on(rule, group, resource) & {"*", *verbs})


def grants(rules: Iterable[Json], verbs: Iterable[str], group: str, *resources: str) -> bool:
    """Whether one of the rules allows one of the verbs on one of the kinds."""
    asked = tuple(verbs)
    return any(allows(rule, asked, group, resource) for rule in rules for resource in resources)


def are_everything(rules: Iterable[Json]) -> bool:
    """Whether rules, taken together, allow every usual verb on every resource of every API group."""
    wide = [r for r in rules if "*" in (r.get("apiGroups") or ()) and "*" in (r.get("resources") or ())]
    verbs = {verb for rule in wide if not rule.get("resourceNames") for verb in rule.get("verbs") or ()}
    return "*" in verbs or verbs >= _USUAL


def writes_rights(rule: Json) -> bool:
    """Whether a rule lets one write rights into a role that one does not hold."""
    return any(verbs_on(rule, RBAC, kind) & {"*", "escalate"} for kind in ("roles", "clusterroles"))


def is_public(rule: Json) -> bool:
    """Whether a rule lets one read health, version and discovery, and nothing else."""
    if rule.get("resources"):
        return False
    paths = [path.removesuffix("*").rstrip("/") for path in rule.get("nonResourceURLs") or ()]
    known = all(any(path == own or path.startswith(f"{own}/") for own in (*_PUBLIC, _ISSUER)) for path in paths)
    return known and set(rule.get("verbs") or ()) <= {"get", "head"}


def is_about_oneself(rule: Json) -> bool:
    """Whether a rule lets one ask who one is and what one may do."""
    kinds = {"selfsubjectreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews"}
    return bool(rule.get("resources")) and set(rule["resources"]) <= kinds and set(rule.get("verbs") or ()) <= {"create"}


def is_about_trust(rule: Json) -> bool:
    """Whether a rule lets one read whose certificates to trust, which every pod may mount."""
    what = (rule.get("apiGroups"), rule.get("resources"))
    return what == (["certificates.k8s.io"], ["clustertrustbundles"]) and set(rule.get("verbs") or ()) <= set(READ)


def role_text(binding: Resource) -> str:
    """The role that a binding gives, with its kind."""
    role = binding.fact("roleRef")
    return f"{'cluster role' if role['kind'] == 'ClusterRole' else 'role'} {role['name']}"


def subjects_of(binding: Resource) -> Iterator[str]:
    """Whom a binding names: `User:jane`, `Group:ops`, `ServiceAccount:shop/web`; in order, each once."""
    yield from sorted({_subject(subject, namespace_of(binding)) for subject in binding.fact("subjects") or ()})


def _subject(subject: Json, namespace: str) -> str:
    kind, name = subject["kind"], subject["name"]
    if kind == "ServiceAccount":
        return f"ServiceAccount:{subject.get('namespace') or namespace}/{name}"
    if kind == "User" and name.startswith(_ACCOUNT):
        return f"ServiceAccount:{name.removeprefix(_ACCOUNT).replace(':', '/', 1)}"
    return f"{kind}:{name}"


def strangers(binding: Resource, built_in: Iterable[str], allowed: Iterable[str]) -> list[str]:
    """The subjects that neither Kubernetes itself needs nor the parameter lists."""
    known, patterns = frozenset(built_in), tuple(allowed)
    return [subject for subject in subjects_of(binding) if subject not in known and not listed(subject, patterns)]
