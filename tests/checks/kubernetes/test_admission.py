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


def webhook(kube: Cluster, *rules: dict[str, Any], name: str = "kyverno", failure: str | None = "Fail", **fields: Any) -> None:
    hook: dict[str, Any] = {
        "name": f"{name}.example.com",
        "rules": list(rules),
        "clientConfig": {"service": {"namespace": "engine", "name": "engine"}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        **fields,
    }
    kube.add("ValidatingWebhookConfiguration", name, webhooks=[hook | ({"failurePolicy": failure} if failure else {})])


def policy(
    kube: Cluster, *rules: dict[str, Any], actions: tuple[str, ...] = ("Deny",), failure: str | None = None, **fields: Any
) -> None:
    """A policy and its binding. The keywords are fields of the policy, but for `paramRef` and `matchResources`."""
    bound: dict[str, Any] = {name: fields.pop(name) for name in ("paramRef", "matchResources") if name in fields}
    constraints = {"resourceRules": list(rules), **fields.pop("matchConstraints", {})}
    spec = {"matchConstraints": constraints, "validations": [{"expression": "true"}], **fields}
    kube.add("ValidatingAdmissionPolicy", "rules", spec=spec | ({"failurePolicy": failure} if failure else {}))
    bound |= {"policyName": "rules", "validationActions": list(actions)}
    kube.add("ValidatingAdmissionPolicyBinding", "bound", spec=bound)


def limited_policy(kube: Cluster, *rules: dict[str, Any], **match: Any) -> None:
    policy(kube, *rules, matchConstraints=match)


def limited_binding(kube: Cluster, *rules: dict[str, Any], **match: Any) -> None:
    policy(kube, *rules, matchResources=match)


LIMITED = pytest.mark.parametrize("made", [webhook, limited_policy, limited_binding])


@pytest.mark.parametrize("rule", [PODS, EVERYTHING, {**PODS, "resources": ["*/*"]}, {**PODS, "scope": "Namespaced"}])
@pytest.mark.parametrize("made", [webhook, policy])
def test_a_policy_for_pods_that_denies_and_fails_closed_is_one(kube: Cluster, made: Any, rule: dict[str, Any]) -> None:
    made(kube, rule)
    assert asked(kube).status(PRESENT) == "pass"


def test_what_is_left_out_fails_closed(kube: Cluster) -> None:
    webhook(kube, PODS, failure=None)
    assert asked(kube).status(PRESENT) == "pass"


def test_a_cluster_without_any_policy_says_so(kube: Cluster) -> None:
    finding = asked(kube).one(PRESENT)
    assert str(finding.status) == "fail"
    assert finding.reason.endswith(" enforces no admission policy for pods that fails closed")


@pytest.mark.parametrize(
    "rule",
    [
        {**PODS, "resources": ["services"]},
        {**PODS, "resources": ["pods/exec"]},
        {**PODS, "resources": ["pods/*"]},
        {**PODS, "apiGroups": ["example.com"]},
        {**PODS, "apiGroups": ["cert-manager.io"], "resources": ["*"]},
        {**PODS, "apiVersions": ["v1beta1"]},
        {**PODS, "operations": ["DELETE"]},
        {**PODS, "resources": ["deployments"]},  # there are none in this group
        {**EVERYTHING, "scope": "Cluster"},  # pods stand in namespaces
    ],
)
@pytest.mark.parametrize("made", [webhook, policy])
def test_a_policy_for_something_else_is_none(kube: Cluster, made: Any, rule: dict[str, Any]) -> None:
    made(kube, rule)
    assert asked(kube).reason(PRESENT).endswith("fails closed")


@pytest.mark.parametrize("made", [webhook, policy])
def test_what_looks_at_the_makers_of_pods_alone_is_passed_by_a_pod(kube: Cluster, made: Any) -> None:
    made(kube, WORKLOADS)
    assert asked(kube).reason(PRESENT).endswith("(is not asked about every pod)")
    made(kube, WORKLOADS, PODS)
    assert asked(kube).status(PRESENT) == "pass"


def test_what_only_warns_or_fails_open_is_named(kube: Cluster) -> None:
    webhook(kube, EVERYTHING, name="gatekeeper", failure="Ignore")
    policy(kube, PODS, actions=("Warn", "Audit"))
    engine = "webhook gatekeeper.example.com (fails open)"
    assert asked(kube).reason(PRESENT).endswith(f"; limited: policy binding bound (denies nothing), {engine}")
    policy(kube, PODS, failure="Ignore")
    assert asked(kube).reason(PRESENT).endswith(f"; limited: policy binding bound (fails open), {engine}")


def test_a_policy_that_only_annotates_denies_nothing(kube: Cluster) -> None:
    annotation = {"key": "image", "valueExpression": "'x'"}
    policy(kube, PODS, validations=None, auditAnnotations=[annotation])
    assert asked(kube).reason(PRESENT).endswith("policy binding bound (holds no rule that denies)")


def test_a_policy_that_says_of_nothing_what_it_is_about_is_none(kube: Cluster) -> None:
    policy(kube, matchResources={"resourceRules": [PODS]})
    assert asked(kube).reason(PRESENT).endswith("fails closed")


def test_a_binding_of_a_policy_that_is_not_there_enforces_nothing(kube: Cluster) -> None:
    policy(kube, PODS)
    kube.remove("ValidatingAdmissionPolicy", "rules")
    assert asked(kube).status(PRESENT) == "fail"


# What gets past a policy.


@LIMITED
@pytest.mark.parametrize(
    "selector",
    [
        {"matchLabels": {"checked": "yes"}},
        {"matchExpressions": [{"key": "unchecked", "operator": "DoesNotExist"}]},
    ],
)
def test_what_goes_by_the_labels_of_a_pod_is_passed_by_who_writes_them(kube: Cluster, made: Any, selector: Any) -> None:
    made(kube, PODS, objectSelector=selector)
    assert asked(kube).reason(PRESENT).endswith("(is asked by the labels of what is made)")
    made(kube, PODS, objectSelector={"matchLabels": {}})
    assert asked(kube).status(PRESENT) == "pass"


@pytest.mark.parametrize("made", [limited_policy, limited_binding])
@pytest.mark.parametrize("names", [{}, {"resourceNames": ["web"]}])
def test_what_leaves_pods_out_is_none(kube: Cluster, made: Any, names: dict[str, Any]) -> None:
    made(kube, EVERYTHING, excludeResourceRules=[{**PODS, **names}])
    assert asked(kube).reason(PRESENT).endswith("(leaves pods out)")
    made(kube, EVERYTHING, excludeResourceRules=[{**PODS, "resources": ["events", "pods/status"]}])
    assert asked(kube).status(PRESENT) == "pass"


def test_a_policy_for_pods_of_some_names_or_bound_for_other_kinds_is_none(kube: Cluster) -> None:
    policy(kube, {**PODS, "resourceNames": ["web"]})
    assert asked(kube).reason(PRESENT).endswith("(is not asked about every pod)")
    limited_binding(kube, EVERYTHING, resourceRules=[WORKLOADS])
    assert asked(kube).reason(PRESENT).endswith("(is not asked about every pod)")
    limited_binding(kube, EVERYTHING, resourceRules=[{**PODS, "resources": ["services"]}])
    assert asked(kube).reason(PRESENT).endswith("fails closed")
    limited_binding(kube, EVERYTHING, resourceRules=[PODS])
    assert asked(kube).status(PRESENT) == "pass"


def but(*names: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": list(names)}]}


def space(kube: Cluster, name: str, **labels: str) -> None:
    kube.add("Namespace", name, labels={"kubernetes.io/metadata.name": name, **labels})


@LIMITED
def test_every_namespace_but_the_systems_has_to_be_looked_at(kube: Cluster, made: Any) -> None:
    space(kube, "shop")
    made(kube, PODS, namespaceSelector=but("kube-system"))
    assert asked(kube).status(PRESENT) == "pass"
    made(kube, PODS, namespaceSelector=but("kube-system", "shop", "default"))
    seen = asked(kube)
    assert seen.status(PRESENT) == "fail"
    assert seen.reason(PRESENT).endswith("for pods that fails closed in the namespaces default, shop")


def test_an_engine_leaves_its_own_namespace_out_and_may(kube: Cluster) -> None:
    space(kube, "engine")
    webhook(kube, PODS, namespaceSelector=but("engine", "kube-system"))
    assert asked(kube).status(PRESENT) == "pass"
    policy(kube, PODS, matchConstraints={"namespaceSelector": but("engine")})
    kube.remove("ValidatingWebhookConfiguration", "kyverno")
    assert asked(kube).reason(PRESENT).endswith("in the namespaces engine")


def test_a_label_that_lets_a_namespace_out_counts_where_one_carries_it(kube: Cluster) -> None:
    ignored = {"matchExpressions": [{"key": "admission.gatekeeper.sh/ignore", "operator": "DoesNotExist"}]}
    webhook(kube, EVERYTHING, namespaceSelector=ignored)
    space(kube, "shop")
    assert asked(kube).status(PRESENT) == "pass"
    space(kube, "shop", **{"admission.gatekeeper.sh/ignore": "no-self-managing"})
    assert asked(kube).reason(PRESENT).endswith("in the namespaces shop")
    exempt = look(kube.connect(), PRESENT, parameters={PRESENT: {"exempt_namespaces": ["kube-*", "sho*"]}})
    assert exempt.status(PRESENT) == "pass"


def test_a_namespace_that_has_to_ask_for_the_policy_is_seen_until_it_does(kube: Cluster) -> None:
    webhook(kube, PODS, namespaceSelector={"matchLabels": {"checked": "yes"}})
    space(kube, "default", checked="yes")
    space(kube, "shop")
    assert asked(kube).reason(PRESENT).endswith("in the namespaces shop")
    kube.add("Namespace", "shop", status={"phase": "Terminating"})
    assert asked(kube).status(PRESENT) == "pass"


def test_policies_add_up_and_a_policy_and_its_binding_do_not(kube: Cluster) -> None:
    space(kube, "shop")
    webhook(kube, PODS, namespaceSelector=but("shop"))
    policy(kube, PODS, matchConstraints={"namespaceSelector": but("default")})
    assert asked(kube).status(PRESENT) == "pass"
    bound = {"namespaceSelector": but("shop")}
    policy(kube, PODS, matchConstraints={"namespaceSelector": but("default")}, matchResources=bound)
    assert asked(kube).reason(PRESENT).endswith("in the namespaces shop")


@pytest.mark.parametrize("made", [webhook, policy])
def test_what_a_condition_leaves_out_cannot_be_told(kube: Cluster, made: Any) -> None:
    condition = {"name": "not-robots", "expression": "request.userInfo.username != 'robot'"}
    made(kube, PODS, matchConditions=[condition])
    seen = asked(kube)
    assert seen.status(PRESENT) == "unknown"
    assert seen.reason(PRESENT).endswith("(is asked under the condition not-robots)")
    accepted = {"harmless_conditions": ['request.userInfo.username!="robot"']}
    assert look(kube.connect(), PRESENT, parameters={PRESENT: accepted}).status(PRESENT) == "pass"


def test_an_empty_text_accepts_no_condition_that_is_not_shown(kube: Cluster) -> None:
    webhook(kube, PODS, matchConditions=[{"name": "odd", "expression": " "}])
    accepted = {"harmless_conditions": [""]}
    assert look(kube.connect(), PRESENT, parameters={PRESENT: accepted}).status(PRESENT) == "unknown"


def test_the_conditions_that_spare_kubelets_and_leases_leave_no_workload_out(kube: Cluster) -> None:
    nodes = {"name": "exclude-kubelet-requests", "expression": "!('system:nodes' in request.userInfo.groups)"}
    leases = {
        "name": "exclude-leases",
        "expression": '!(request.resource.group == "coordination.k8s.io" && request.resource.resource == "leases")',
    }
    webhook(kube, PODS, matchConditions=[nodes, leases])
    assert asked(kube).status(PRESENT) == "pass"


def test_a_condition_says_nothing_of_what_others_cover_or_nobody_does(kube: Cluster) -> None:
    space(kube, "shop")
    webhook(kube, PODS, matchConditions=[{"name": "c", "expression": "x"}], namespaceSelector=but("shop"))
    assert asked(kube).reason(PRESENT).endswith("in the namespaces shop")
    policy(kube, PODS)
    assert asked(kube).status(PRESENT) == "pass"


@pytest.mark.parametrize(
    ("reference", "status", "words"),
    [
        ({"name": "limits", "parameterNotFoundAction": "Deny"}, "pass", ""),
        ({"name": "limits", "parameterNotFoundAction": "Allow"}, "unknown", "everything where its parameters are not found"),
        ({"name": "limits"}, "unknown", "everything where its parameters are not found"),
        (None, "unknown", "is evaluated without its parameters"),
    ],
)
def test_a_policy_whose_parameters_may_be_missing_is_not_known_to_deny(
    kube: Cluster, reference: dict[str, Any] | None, status: str, words: str
) -> None:
    policy(kube, PODS, paramKind={"apiVersion": "v1", "kind": "ConfigMap"}, paramRef=reference)
    seen = asked(kube)
    assert seen.status(PRESENT) == status
    assert words in seen.reason(PRESENT)


def test_parameters_of_a_policy_that_takes_none_are_ignored(kube: Cluster) -> None:
    policy(kube, PODS, paramRef={"name": "limits", "parameterNotFoundAction": "Allow"})
    assert asked(kube).status(PRESENT) == "pass"


@pytest.mark.parametrize(
    "kind", ["validatingwebhookconfigurations", "validatingadmissionpolicies", "validatingadmissionpolicybindings"]
)
def test_a_policy_that_may_not_be_looked_for_is_unknown(kube: Cluster, kind: str) -> None:
    kube.deny(f"list {kind}.{GROUP}")
    finding = asked(kube).one(PRESENT)
    assert (str(finding.status), f"list {kind}.{GROUP} was denied" in finding.reason) == ("unknown", True)


def test_namespaces_that_may_not_be_listed_matter_where_a_policy_leaves_some_out(kube: Cluster) -> None:
    kube.deny("list namespaces")
    webhook(kube, PODS, namespaceSelector=but("kube-system"))
    assert "list namespaces was denied" in asked(kube).reason(PRESENT)
    webhook(kube, PODS)
    assert asked(kube).status(PRESENT) == "pass"


def test_a_cluster_that_serves_no_policies_passes_by_its_webhooks(kube: Cluster) -> None:
    for kind in ("validatingadmissionpolicies", "validatingadmissionpolicybindings"):
        kube.garble(f"list {kind}.{GROUP}", "not-served")
    webhook(kube, PODS, namespaceSelector=but("kube-system"))
    assert asked(kube).status(PRESENT) == "pass"
    webhook(kube, PODS, failure="Ignore")
    assert asked(kube).status(PRESENT) == "unknown"


def test_a_condition_that_holds_a_secret_is_one_all_the_same(kube: Cluster) -> None:
    webhook(kube, PODS, matchConditions=[{"name": "c", "expression": "'AKIAIOSFODNN7EXAMPLE' in request.userInfo.groups"}])
    assert asked(kube).status(PRESENT) == "unknown"


@pytest.mark.parametrize(
    ("name", "service", "status"),
    [
        ("validation.gatekeeper.sh", "any", "pass"),
        ("validate.kyverno.svc-fail", "any", "pass"),
        ("check", "kubewarden", "pass"),
        ("vpod.kb.io", "kueue-system", "unknown"),
        ("check.notopa.example.com", "any", "unknown"),
    ],
)
def test_a_webhook_counts_where_it_is_known_for_a_policy_engine(kube: Cluster, name: str, service: str, status: str) -> None:
    client = {"service": {"namespace": service, "name": "webhook"}}
    hook = {"name": name, "rules": [PODS], "clientConfig": client, "sideEffects": "None", "admissionReviewVersions": ["v1"]}
    kube.add("ValidatingWebhookConfiguration", "hooks", webhooks=[hook])
    seen = asked(kube)
    assert seen.status(PRESENT) == status
    if status == "unknown":
        assert seen.reason(PRESENT).endswith(f"webhook {name} (is no policy engine that is known)")
        assert look(kube.connect(), PRESENT, parameters={PRESENT: {"engines": [name]}}).status(PRESENT) == "pass"


def test_whoever_has_a_webhook_of_their_own_is_not_let_out_for_it(kube: Cluster) -> None:
    space(kube, "shop")
    service = {"service": {"namespace": "shop", "name": "own"}}
    webhook(kube, PODS, name="own", clientConfig=service, namespaceSelector=but("shop"))
    webhook(kube, PODS, namespaceSelector=but("shop"))
    assert asked(kube).reason(PRESENT).endswith("in the namespaces shop")


def test_a_webhook_outside_of_the_cluster_is_known_by_its_own_name(kube: Cluster) -> None:
    webhook(kube, PODS, clientConfig={"url": "https://policies.example.com"})
    assert asked(kube).status(PRESENT) == "pass"
    webhook(kube, PODS, name="own", clientConfig={"url": "https://policies.example.com"})
    kube.remove("ValidatingWebhookConfiguration", "kyverno")
    assert asked(kube).status(PRESENT) == "unknown"
