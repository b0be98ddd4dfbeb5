"""What admits objects into the cluster: validating webhooks, admission policies and their bindings.

Of a policy the number of its rules is kept, and not their texts.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from collectors.kubernetes.reader import Reader
from collectors.kubernetes.shapes import identity, number, observed, rows, selector, table, text, texts, whole
from collectors.source import Facet, source
from evidence_store.records import Json, Observation

_GROUP = "admissionregistration.k8s.io"
VALIDATING_WEBHOOK = Facet(
    "kubernetes.validating_webhook",
    facts=("name", "labels", "webhooks"),
    optional=("creationTimestamp",),
    lists=True,
)
POLICY = Facet(
    "kubernetes.admission_policy",
    facts=("name", "labels"),
    optional=("creationTimestamp", "failurePolicy", "matchConditions", "matchConstraints", "paramKind", "validations"),
    lists=True,
)
POLICY_BINDING = Facet(
    "kubernetes.admission_policy_binding",
    facts=("name", "labels"),
    optional=("creationTimestamp", "policyName", "paramRef", "validationActions", "matchResources"),
    lists=True,
)
_LISTS = ("apiGroups", "apiVersions", "operations", "resources", "resourceNames")


@source(f"list validatingwebhookconfigurations.{_GROUP}", level="account", yields=[VALIDATING_WEBHOOK])
def validating_webhooks(read: Reader) -> Iterator[Observation]:
    call = f"list validatingwebhookconfigurations.{_GROUP}"
    for item in read.pages(call, "ValidatingWebhookConfiguration"):
        yield from observed(read, [(VALIDATING_WEBHOOK, _webhooks)], item, call)


def _webhooks(item: Mapping[str, Any]) -> dict[str, Json]:
    return {**identity(item, namespaced=False), "webhooks": [_webhook(webhook) for webhook in rows(item, "webhooks")]}


def _webhook(webhook: Mapping[str, Any]) -> dict[str, Json]:
    """One webhook and the service that answers it; where it lies outside of the cluster its URL may hold credentials."""
    service = whole(table(webhook, "clientConfig"), "service")
    return {
        "name": text(webhook, "name", needed=True),
        **{name: text(webhook, name) for name in ("failurePolicy", "matchPolicy", "sideEffects")},
        "timeoutSeconds": number(webhook, "timeoutSeconds"),
        **_matched(webhook, "rules"),
        "matchConditions": _conditions(webhook),
        "service": {name: text(service, name) for name in ("namespace", "name")} if service is not None else None,
    }


def _matched(of: Mapping[str, Any], *lists: str) -> dict[str, Json]:
    """What is matched: by lists of rules, and by the labels of namespaces and of objects."""
    selectors = {name: selector(of, name) for name in ("namespaceSelector", "objectSelector")}
    return {**{name: [_rule(rule) for rule in rows(of, name)] for name in lists}, **selectors}


def _rule(rule: Mapping[str, Any]) -> dict[str, Json]:
    found = {"scope": text(rule, "scope"), **{name: texts(rule, name) for name in _LISTS}}
    return {name: value for name, value in found.items() if value is not None}


def _matching(spec: Mapping[str, Any], name: str) -> dict[str, Json] | None:
    found = whole(spec, name)
    if found is None:
        return None
    return {"matchPolicy": text(found, "matchPolicy"), **_matched(found, "resourceRules", "excludeResourceRules")}


def _conditions(of: Mapping[str, Any]) -> list[Json]:
    """Conditions on requests, in CEL; what one of them is false for is not looked at."""
    fields = ("name", "expression")
    return [{name: text(one, name, needed=True) for name in fields} for one in rows(of, "matchConditions")]


@source(f"list validatingadmissionpolicies.{_GROUP}", level="account", yields=[POLICY])
def policies(read: Reader) -> Iterator[Observation]:
    call = f"list validatingadmissionpolicies.{_GROUP}"
    for item in read.pages(call, "ValidatingAdmissionPolicy"):
        yield from observed(read, [(POLICY, _policy)], item, call)


def _policy(item: Mapping[str, Any]) -> dict[str, Json]:
    spec = table(item, "spec", needed=True)
    return {
        **identity(item, namespaced=False),
        "failurePolicy": text(spec, "failurePolicy"),
        "matchConditions": _conditions(spec),
        "matchConstraints": _matching(spec, "matchConstraints"),
        "paramKind": _texts(spec, "paramKind", "apiVersion", "kind"),
        "validations": len(rows(spec, "validations")),
    }


@source(f"list validatingadmissionpolicybindings.{_GROUP}", level="account", yields=[POLICY_BINDING])
def policy_bindings(read: Reader) -> Iterator[Observation]:
    call = f"list validatingadmissionpolicybindings.{_GROUP}"
    for item in read.pages(call, "ValidatingAdmissionPolicyBinding"):
        yield from observed(read, [(POLICY_BINDING, _binding)], item, call)


def _binding(item: Mapping[str, Any]) -> dict[str, Json]:
    spec = table(item, "spec", needed=True)
    actions = texts(spec, "validationActions")
    return {
        **identity(item, namespaced=False),
        "policyName": text(spec, "policyName"),
        "paramRef": _texts(spec, "paramRef", "name", "namespace", "parameterNotFoundAction"),
        "validationActions": sorted(actions) if actions is not None else None,
        "matchResources": _matching(spec, "matchResources"),
    }


def _texts(spec: Mapping[str, Any], name: str, *fields: str) -> dict[str, Json] | None:
    found = whole(spec, name)
    return None if found is None else {field: text(found, field) for field in fields}
