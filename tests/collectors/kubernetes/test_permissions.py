"""The ClusterRole: what it allows is what is asked for, no more and no less, and reading alone."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # comes with the SDK, without types

import configuration
from checks.check import checks
from collectors.kubernetes import PROVIDER
from collectors.kubernetes.calls import CLUSTER, REVIEW
from collectors.kubernetes.permissions import permission_of
from collectors.source import Source, sources
from tests.collectors.kubernetes.cluster import Cluster
from tests.collectors.kubernetes.collecting import collect


def documents(*chosen: Source) -> dict[str, Any]:
    return {found["kind"]: found for found in yaml.safe_load_all(PROVIDER.policy(chosen or sources("kubernetes")))}


def allowed(*chosen: Source) -> set[str]:
    """What the role allows, worded as calls."""
    found = set()
    for rule in documents(*chosen)["ClusterRole"]["rules"]:
        (verb,) = rule["verbs"]
        found |= {f"{verb} {path}" for path in rule.get("nonResourceURLs", ())}
        for resource in rule.get("resources", ()):
            (group,) = rule["apiGroups"]
            what = f"{verb} {resource}{f'.{group}' if group else ''}"
            found |= {f"{what} {name}" for name in rule["resourceNames"]} if "resourceNames" in rule else {what}
    return found


def test_the_role_allows_what_is_asked_for_and_nothing_else(kube: Cluster) -> None:
    kube.install("vulnerabilityreports.aquasecurity.github.io")
    collect(kube.connect())
    assert allowed() == set(kube.calls) - {REVIEW}  # which everybody may who is signed in


def test_the_role_of_some_sources_allows_those_alone() -> None:
    (pods,) = [s for s in sources("kubernetes") if s.name == "list pods"]
    assert allowed(pods) == {"list pods", CLUSTER}


def test_the_role_is_bound_to_the_account_that_it_makes() -> None:
    found = documents()
    binding, account = found["ClusterRoleBinding"], found["ServiceAccount"]
    assert binding["roleRef"]["name"] == found["ClusterRole"]["metadata"]["name"]
    (subject,) = binding["subjects"]
    assert {k: subject[k] for k in ("name", "namespace")} == account["metadata"]
    assert account["metadata"]["namespace"] == found["Namespace"]["metadata"]["name"]


def test_the_role_fits_the_models_of_the_api(kube: Cluster) -> None:
    for kind in ("Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding"):
        assert kube.add(documents()[kind])["kind"] == kind


def test_what_listing_secrets_means_is_said_where_it_is_asked_for() -> None:
    (pods,) = [s for s in sources("kubernetes") if s.name == "list pods"]
    assert "cannot be limited to metadata" in PROVIDER.policy(sources("kubernetes"))
    assert "metadata" not in PROVIDER.policy([pods]).partition("apiVersion")[0]


def test_the_policy_is_the_same_each_time() -> None:
    assert PROVIDER.policy(sources("kubernetes")) == PROVIDER.policy(reversed(sources("kubernetes")))


@pytest.mark.parametrize(
    "call",
    [
        "create pods",
        "delete pods",
        "watch pods",
        "list",
        "list pods web",
        "get pods",
        "list /version",
        "list pods.unknown.group",
        "",
    ],
)
def test_only_reads_of_known_groups_can_be_declared(call: str) -> None:
    with pytest.raises(ValueError, match=r"is no read of this API|no version is known"):
        permission_of(call)


# What the documents show.


def test_the_configuration_in_the_documents_loads(tmp_path: Path) -> None:
    page = Path(__file__).parents[3] / "docs" / "kubernetes.md"
    blocks = re.findall(r"```toml\n(.*?)```", page.read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        target = "" if "[[target]]" in block else '[[target]]\nname = "prod"\nkind = "kubernetes"\n'
        file = tmp_path / "annexa.toml"
        file.write_text(target + block)
        assert [t.kind for t in configuration.load(file, checks()).targets] == ["kubernetes"]
