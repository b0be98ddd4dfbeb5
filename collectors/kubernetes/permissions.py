"""What each call needs to be allowed, and the ClusterRole that allows just that."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from collectors.kubernetes.calls import CLUSTER, parsed
from collectors.source import Source

_NOTE = """\
# What the scanner needs to read this cluster. Apply it with `kubectl apply -f`, and let the scanner ask as this service
# account: in a pod of its own, or from elsewhere by a token of `kubectl create token annexa --namespace annexa`.
"""
_SECRETS = """\
#
# `list` on secrets cannot be limited to metadata: RBAC knows no such verb. The scanner asks for the metadata of service account
# tokens alone, and the API server then sends no data; but whoever holds this account's token could ask for it. Take `secrets`
# out if that is too much: the check on long-lived tokens is then unknown, and nothing else changes.
"""
_BOUND = """\
---
apiVersion: v1
kind: Namespace
metadata:
  name: annexa
  labels:
    pod-security.kubernetes.io/enforce: restricted
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: annexa
  namespace: annexa
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: annexa
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: annexa
subjects:
  - kind: ServiceAccount
    name: annexa
    namespace: annexa
"""


def permission_of(call: str) -> str:
    """The call itself: verb and resource are what a role names. Raises `ValueError` for what is no read."""
    parsed(call)
    return call


def policy(sources: Iterable[Source]) -> str:
    """The ClusterRole, as YAML, that lets these sources read and nothing else, bound to a service account of its own."""
    calls = sorted({call for source in sources for call in source.permissions} | {CLUSTER})
    rules = [line for rule in _rules(calls) for line in rule]
    note = _NOTE + (_SECRETS if "list secrets" in calls else "")
    head = ["apiVersion: rbac.authorization.k8s.io/v1", "kind: ClusterRole", "metadata:", "  name: annexa", "rules:"]
    return note + "\n".join([*head, *rules]) + "\n" + _BOUND


def _rules(calls: Iterable[str]) -> Iterator[list[str]]:
    """One rule for each group and verb; one for each object that is named; one for the paths that are no resources."""
    lists: dict[tuple[str, str], list[str]] = defaultdict(list)
    paths: list[str] = []
    named: list[list[str]] = []
    for call in map(parsed, calls):
        if not call.resource:
            paths.append(call.path)
        elif call.name:
            named.append(_rule(call.group, [call.resource], call.verb, [call.name]))
        else:
            lists[call.group, call.verb].append(call.resource)
    for (group, verb), resources in sorted(lists.items()):
        yield _rule(group, resources, verb, [])
    yield from named
    if paths:
        yield [f"  - nonResourceURLs: [{', '.join(paths)}]", "    verbs: [get]"]


def _rule(group: str, resources: list[str], verb: str, names: list[str]) -> list[str]:
    lines = [f'  - apiGroups: ["{group}"]', "    resources:", *(f"      - {resource}" for resource in sorted(resources))]
    if names:
        lines.append(f"    resourceNames: [{', '.join(names)}]")
    return [*lines, f"    verbs: [{verb}]"]
