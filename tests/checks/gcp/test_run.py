"""Services of Cloud Run, in the words of both versions of its API."""

from typing import Any

import pytest

from tests.checks.gcp.scene import ORGANIZATION, asked, policy
from tests.collectors.gcp.cloud import Cloud

OPEN = "gcp_run_ingress_auth"
SERVICE = "run.googleapis.com/Service"
INVOKER = "roles/run.invoker"
INTERNAL = "INGRESS_TRAFFIC_INTERNAL_ONLY"
BALANCED = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"


def first(gcp: Cloud, labels: dict[str, str] | None = None, **noted: str) -> str:
    annotations = {f"run.googleapis.com/{name.replace('_', '-')}": value for name, value in noted.items()}
    metadata = {"name": "api", "annotations": annotations, "labels": labels or {}}
    data = {"apiVersion": "serving.knative.dev/v1", "metadata": metadata, "spec": {"template": {"spec": {"containers": []}}}}
    return gcp.add(SERVICE, "api", data)


def second(gcp: Cloud, ingress: str | None = "INGRESS_TRAFFIC_ALL", **data: Any) -> str:
    whole = {"name": "projects/shop/locations/europe-west1/services/api", "template": {"containers": []}, **data}
    return gcp.add(SERVICE, "api", whole | ({"ingress": ingress} if ingress else {}))


def everyone_calls(gcp: Cloud, on: Any = (SERVICE, "api")) -> None:
    policy(gcp, on, (INVOKER, "allUsers"))


def test_a_service_that_asks_who_calls_passes(gcp: Cloud) -> None:
    first(gcp)
    policy(gcp, (SERVICE, "api"), (INVOKER, "serviceAccount:web@shop.iam.gserviceaccount.com"))
    assert asked(gcp, OPEN).status(OPEN) == "pass"


@pytest.mark.parametrize("on", [(SERVICE, "api"), "shop", ORGANIZATION])
def test_a_service_is_open_by_its_policy_or_one_above(gcp: Cloud, on: Any) -> None:
    first(gcp, ingress="all")
    everyone_calls(gcp, on)
    seen = asked(gcp, OPEN)
    assert seen.status(OPEN) == "fail"
    assert f"service api of project shop grants {INVOKER} to allUsers" in seen.reason(OPEN)


@pytest.mark.parametrize(
    ("ingress", "status"),
    [("all", "fail"), ("internal-and-cloud-load-balancing", "fail"), ("internal", "pass")],
)
def test_only_the_own_network_counts_as_closed_in_the_first_version(gcp: Cloud, ingress: str, status: str) -> None:
    first(gcp, ingress=ingress)
    everyone_calls(gcp)
    assert asked(gcp, OPEN).status(OPEN) == status


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({}, "fail"),
        ({"ingress": BALANCED}, "fail"),
        ({"ingress": INTERNAL}, "pass"),
        ({"iapEnabled": True}, "pass"),
        ({"labels": {"exposure": "public"}}, "not_applicable"),
        ({"labels": {"exposure": "staff"}}, "fail"),
        ({"ingress": None}, "unknown"),
    ],
)
def test_only_the_own_network_counts_as_closed_in_the_second_version(gcp: Cloud, data: dict[str, Any], status: str) -> None:
    second(gcp, **data)
    everyone_calls(gcp)
    assert asked(gcp, OPEN).status(OPEN) == status


def test_a_service_may_ask_nobody_without_a_policy_that_says_so(gcp: Cloud) -> None:
    first(gcp, invoker_iam_disabled="true")
    assert asked(gcp, OPEN).reason(OPEN) == "service api of project shop asks no caller for an identity"
    second(gcp, invokerIamDisabled=True)
    assert asked(gcp, OPEN).status(OPEN) == "fail"
    first(gcp, invoker_iam_disabled="true", iap_enabled="true")
    assert asked(gcp, OPEN).status(OPEN) == "pass"


def test_what_is_public_by_design_is_labelled_or_named(gcp: Cloud) -> None:
    first(gcp, {"Exposure".lower(): "internet"})
    everyone_calls(gcp)
    assert asked(gcp, OPEN).status(OPEN) == "not_applicable"
    first(gcp)
    assert asked(gcp, OPEN).status(OPEN) == "fail"
    assert asked(gcp, OPEN, approved=["shop/api"]).status(OPEN) == "not_applicable"
