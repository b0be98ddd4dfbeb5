"""What admits objects into the cluster: validating webhooks, admission policies and their bindings."""

from collections.abc import Iterator, Mapping
from typing import Any

from collectors.kubernetes.reader import Reader
from collectors.kubernetes.shapes import identity, observed, only, rows, table, text, texts, whole
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
    optional=("creationTimestamp", "failurePolicy", "matchConstraints"),
    lists=True,
)
POLICY_BINDING = Facet(
    "kubernetes.admission_policy_binding",
    facts=("name", "labels"),
    optional=("creationTimestamp", "policyName", "validationActions", "matchResources"),
    lists=True,
)
_WEBHOOK = (
    "failurePolicy", "matchPolicy", "sideEffects", "timeoutSeconds", "rules", "namespaceSelector", "objectSelector",
    "matchConditions",
)  # fmt: skip


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
    found = {"name": text(webhook, "name", needed=True), **only(webhook, *_WEBHOOK)}
    rows(webhook, "rules")
    return {**found, "service": only(service, "namespace", "name") if service is not None else None}


@source(f"list validatingadmissionpolicies.{_GROUP}", level="account", yields=[POLICY])
def policies(read: Reader) -> Iterator[Observation]:
    call = f"list validatingadmissionpolicies.{_GROUP}"
    for item in read.pages(call, "ValidatingAdmissionPolicy"):
        yield from observed(read, [(POLICY, _policy)], item, call)


def _policy(item: Mapping[str, Any]) -> dict[str, Json]:
    spec = table(item, "spec", needed=True)
    constraints = whole(spec, "matchConstraints")
    rows(constraints or {}, "resourceRules")
    return {
        **identity(item, namespaced=False),
        "failurePolicy": text(spec, "failurePolicy"),
        "matchConstraints": constraints,
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
        "validationActions": sorted(actions) if actions is not None else None,
        "matchResources": whole(spec, "matchResources"),
    }
