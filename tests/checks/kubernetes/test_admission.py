"""Admission: a policy for workloads that is enforced, and holds when its engine is gone."""

from typing import Any

import pytest

from tests.collectors.kubernetes.cluster import Cluster
from tests.harness import Looked, look

PRESENT = "k8s_admission_policy_present"
PODS = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE", "UPDATE"]}
WORKLOADS = {**PODS, "apiGroups": ["apps"], "resources": ["deployments"]}
EVERYTHING = {"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"], "operations": ["*"]}
GROUP = "admissionregistration.k8s.io"


def asked(kube: Cluster) -> Looked:
    return look(kube.connect(), PRESENT)


def webhook(kube: Cluster, *rules: dict[str, Any], name: str = "engine", failure: str | None = "Fail") -> None:
    hook: dict[str, Any] = {
        "name": f"{name}.example.com",
        "rules": list(rules),
        "clientConfig": {"service": {"namespace": "engine", "name": "engine"}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    kube.add("ValidatingWebhookConfiguration", name, webhooks=[hook | ({"failurePolicy": failure} if failure else {})])


def policy(kube: Cluster, *rules: dict[str, Any], actions: tuple[str, ...] = ("Deny",), failure: str | None = None) -> None:
    spec = {"matchConstraints": {"resourceRules": list(rules)}, "validations": [{"expression": "true"}]}
    kube.add("ValidatingAdmissionPolicy", "rules", spec=spec | ({"failurePolicy": failure} if failure else {}))
    kube.add("ValidatingAdmissionPolicyBinding", "bound", spec={"policyName": "rules", "validationActions": list(actions)})


@pytest.mark.parametrize("rule", [PODS, WORKLOADS, EVERYTHING, {**PODS, "resources": ["*/*"]}])
@pytest.mark.parametrize("made", [webhook, policy])
def test_a_policy_for_workloads_that_denies_and_fails_closed_is_one(kube: Cluster, made: Any, rule: dict[str, Any]) -> None:
    made(kube, rule)
    assert asked(kube).status(PRESENT) == "pass"


def test_what_is_left_out_fails_closed(kube: Cluster) -> None:
    webhook(kube, PODS, failure=None)
    assert asked(kube).status(PRESENT) == "pass"


def test_a_cluster_without_any_policy_says_so(kube: Cluster) -> None:
    finding = asked(kube).one(PRESENT)
    assert str(finding.status) == "fail"
    assert finding.reason.endswith(" enforces no admission policy for workloads that fails closed")


@pytest.mark.parametrize(
    "rule",
    [
        {**PODS, "resources": ["services"]},
        {**PODS, "resources": ["pods/exec"]},
        {**PODS, "apiGroups": ["example.com"]},
        {**PODS, "apiGroups": ["cert-manager.io"], "resources": ["*"]},
        {**PODS, "operations": ["DELETE"]},
        {**PODS, "resources": ["deployments"]},  # there are none in this group
    ],
)
@pytest.mark.parametrize("made", [webhook, policy])
def test_a_policy_for_something_else_is_none(kube: Cluster, made: Any, rule: dict[str, Any]) -> None:
    made(kube, rule)
    assert asked(kube).reason(PRESENT).endswith("fails closed")


def test_what_only_warns_or_fails_open_is_named(kube: Cluster) -> None:
    webhook(kube, EVERYTHING, name="gatekeeper", failure="Ignore")
    policy(kube, PODS, actions=("Warn", "Audit"))
    told = "it has, warning only or failing open: policy binding bound, webhook gatekeeper.example.com"
    assert asked(kube).reason(PRESENT).endswith(told)
    policy(kube, PODS, failure="Ignore")
    assert asked(kube).reason(PRESENT).endswith(told)


def test_a_binding_of_a_policy_that_is_not_there_enforces_nothing(kube: Cluster) -> None:
    policy(kube, PODS)
    kube.remove("ValidatingAdmissionPolicy", "rules")
    assert asked(kube).status(PRESENT) == "fail"


@pytest.mark.parametrize(
    "kind", ["validatingwebhookconfigurations", "validatingadmissionpolicies", "validatingadmissionpolicybindings"]
)
def test_a_policy_that_may_not_be_looked_for_is_unknown(kube: Cluster, kind: str) -> None:
    kube.deny(f"list {kind}.{GROUP}")
    finding = asked(kube).one(PRESENT)
    assert (str(finding.status), f"list {kind}.{GROUP} was denied" in finding.reason) == ("unknown", True)
