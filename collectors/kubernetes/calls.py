"""Calls as a cluster administrator words them, and the requests that they are.

`list pods`, `list roles.rbac.authorization.k8s.io`, `get namespaces kube-system`, `get /version`: a verb, a resource with
its group, and for `get` one name; or a path that is no resource. Only reads can be named.
"""

from dataclasses import dataclass

# The version in which each group is asked. A group that is not here cannot be named.
VERSIONS = {
    "": "v1",
    "admissionregistration.k8s.io": "v1",
    "apps": "v1",
    "aquasecurity.github.io": "v1alpha1",
    "networking.k8s.io": "v1",
    "policy": "v1",
    "rbac.authorization.k8s.io": "v1",
}

CLUSTER = "get namespaces kube-system"  # its uid is the cluster's
REVIEW = "create selfsubjectreviews.authentication.k8s.io"  # who asks: an answer that is kept nowhere
REVIEW_PATH = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
OWN_REQUESTS = frozenset({("GET", "/api/v1/namespaces/kube-system"), ("POST", REVIEW_PATH)})


@dataclass(frozen=True, slots=True)
class Call:
    """One read, taken apart. Of a path that is no resource only `verb` and `path` are set."""

    verb: str
    path: str
    group: str = ""
    resource: str = ""
    name: str = ""


def parsed(call: str) -> Call:
    """Raises `ValueError` for what is no read, or lies in a group whose version is not written down here."""
    verb, _, what = call.partition(" ")
    resource, _, name = what.partition(" ")
    if verb not in {"get", "list"} or not resource or (verb == "list") != (not name and not resource.startswith("/")):
        raise ValueError(f"{call!r} is no read of this API: say `list pods`, `get namespaces NAME` or `get /path`")
    if resource.startswith("/"):
        return Call(verb, resource)
    plural, _, group = resource.partition(".")
    if group not in VERSIONS:
        raise ValueError(f"{call!r}: no version is known of the group {group!r}")
    root = f"/apis/{group}/{VERSIONS[group]}" if group else f"/api/{VERSIONS[group]}"
    return Call(verb, f"{root}/{plural}{'/' if name else ''}{name}", group, plural, name)


def request_of(call: str) -> tuple[str, str]:
    """Method and path."""
    return "GET", parsed(call).path
