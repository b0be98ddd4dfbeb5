"""Images: where they come from, whether they are pinned, and what the scanner found in those that run."""

from datetime import UTC, datetime
from typing import Any

import pytest

from checks.kubernetes.image_names import image_name, is_from
from tests.checks.kubernetes.manifests import DIGEST, IMAGE, SCOPE, container, pod
from tests.collectors.kubernetes.cluster import Cluster
from tests.harness import Looked, look

REGISTRY, PINNED, FLAWS = "k8s_image_trusted_registry", "k8s_image_pinned_digest", "k8s_image_vulnerability_age"
REPORTS = "vulnerabilityreports.aquasecurity.github.io"
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
OTHER = f"sha256:{'b' * 64}"


def asked(kube: Cluster, check: str, **parameters: Any) -> Looked:
    return look(kube.connect(), check, at=NOW, parameters={check: parameters})


# Names of images


@pytest.mark.parametrize(
    ("reference", "place", "tag", "digest"),
    [
        ("nginx", "docker.io/library/nginx", "latest", ""),
        ("nginx:1.27", "docker.io/library/nginx", "1.27", ""),
        ("bitnami/redis", "docker.io/bitnami/redis", "latest", ""),
        ("index.docker.io/library/nginx:1", "docker.io/library/nginx", "1", ""),
        ("registry.example.com/a/b:1", "registry.example.com/a/b", "1", ""),
        ("registry.example.com:5000/b", "registry.example.com:5000/b", "latest", ""),
        ("localhost/b:2", "localhost/b", "2", ""),
        (f"registry.example.com:5000/b:3@{DIGEST}", "registry.example.com:5000/b", "3", DIGEST),
        (f"nginx@{DIGEST}", "docker.io/library/nginx", "", DIGEST),
        (f"docker-pullable://nginx@{DIGEST}", "docker.io/library/nginx", "", DIGEST),
    ],
)
def test_a_reference_is_read_as_the_runtime_reads_it(reference: str, place: str, tag: str, digest: str) -> None:
    name = image_name(reference)
    assert (name.place, name.tag, name.digest) == (place, tag, digest)


def test_the_id_of_an_image_that_was_never_pulled_names_no_place() -> None:
    assert image_name(DIGEST).digest == DIGEST
    assert not is_from(image_name(DIGEST), ["docker.io"])


# Registries


@pytest.mark.parametrize(
    ("image", "status"),
    [
        ("registry.example.com/shop/web:1", "pass"),
        ("REGISTRY.example.com/shop/web:1", "pass"),
        ("mirror.example.com/team/a/b", "pass"),
        ("mirror.example.com/teamwork/b", "fail"),
        ("registry.example.com.evil.example/web", "fail"),
        ("evil.example/registry.example.com/web", "fail"),
        ("registry.example.com:5000/web", "fail"),
        ("nginx", "fail"),
    ],
)
def test_an_image_comes_from_an_approved_registry_or_part_of_one(kube: Cluster, image: str, status: str) -> None:
    pod(kube, containers=[container(image=image)])
    seen = asked(kube, REGISTRY, approved=["registry.example.com", "mirror.example.com/team/"])
    assert seen.status(REGISTRY, "shop/web") == status
    if status == "fail":
        assert seen.reason(REGISTRY, "shop/web").endswith(f"registries that are not approved: {image} (web)")


def test_init_and_debug_containers_are_asked_for_their_registry_too(kube: Cluster) -> None:
    pod(kube, "one", initContainers=[container("setup", image="setup:1")])
    pod(kube, "two", ephemeralContainers=[container("debug", image="busybox")])
    seen = asked(kube, REGISTRY, approved=["registry.example.com"])
    assert "setup:1 (setup)" in seen.reason(REGISTRY, "shop/one")
    assert "busybox (debug)" in seen.reason(REGISTRY, "shop/two")


def test_as_long_as_no_registry_is_approved_nobody_can_say(kube: Cluster) -> None:
    pod(kube)
    pod(kube, "done", phase="Failed")
    seen = asked(kube, REGISTRY)
    assert seen.status(REGISTRY, "shop/web") == "unknown"
    assert "no registry is approved: name yours in `approved`" in seen.reason(REGISTRY, "shop/web")
    assert seen.status(REGISTRY, "shop/done") == "not_applicable"


# Digests


@pytest.mark.parametrize(
    ("images", "status"),
    [
        ([f"web@{DIGEST}"], "pass"),
        ([f"web:1.4@{DIGEST}"], "pass"),
        (["web:1.4"], "fail"),
        (["web"], "fail"),
        ([f"web@{DIGEST}", "sidecar:2"], "fail"),
    ],
)
def test_production_runs_images_by_digest(kube: Cluster, images: list[str], status: str) -> None:
    kube.add("Namespace", "shop", labels={"environment": "prod"})
    pod(kube, containers=[container(f"c{n}", image=image) for n, image in enumerate(images)])
    seen = asked(kube, PINNED)
    assert seen.status(PINNED, "shop/web") == status
    if status == "fail":
        assert seen.reason(PINNED, "shop/web") == f"pod shop/web runs images by tag: {images[-1]}"
    assert asked(kube, PINNED, allowed=["shop/*"]).status(PINNED, "shop/web") == "pass"


def test_only_production_is_asked_for_digests_and_each_namespace_must_say_what_it_is(kube: Cluster) -> None:
    kube.add("Namespace", "lab", labels={"environment": "non-prod"})
    kube.add("Namespace", "new")
    kube.add("Namespace", "live", annotations={"example.com/env": "Blue"})
    for namespace in ("lab", "new", "live", "kube-system", "gone"):
        pod(kube, "web", namespace)
    seen = asked(kube, PINNED)
    told = {name: seen.status(PINNED, f"{name}/web") for name in ("lab", "new", "live", "kube-system", "gone")}
    assert told == {
        "lab": "not_applicable", "new": "unknown", "live": "not_applicable", "kube-system": "not_applicable", "gone": "unknown",
    }  # fmt: skip
    assert asked(kube, PINNED, production=["blue"]).status(PINNED, "live/web") == "fail"


def test_only_the_named_labels_say_what_a_namespace_is_for_the_first_of_them_first(kube: Cluster) -> None:
    kube.add("Namespace", "one", labels={"app": "prod"})
    kube.add("Namespace", "two", labels={"stage": "prod", "environment": "dev"})
    kube.add("Namespace", "three", labels={"environment": "prod", "env": "dev"})
    for namespace in ("one", "two", "three"):
        pod(kube, "web", namespace)
    seen = asked(kube, PINNED)
    assert [seen.status(PINNED, f"{name}/web") for name in ("one", "two", "three")] == ["unknown", "not_applicable", "fail"]


# Vulnerabilities


def flaw(
    name: str = "CVE-2026-0001", severity: str = "CRITICAL", published: str | None = "2026-01-10T00:00:00Z"
) -> dict[str, str]:
    found = {
        "vulnerabilityID": name, "severity": severity, "resource": "openssl", "installedVersion": "3.0.11",
        "fixedVersion": "3.0.15", "title": "an overflow", "target": "",
    }  # fmt: skip
    return found | ({"publishedDate": published} if published else {})


def report(
    kube: Cluster,
    *flaws: dict[str, str],
    name: str = "replicaset-web-web",
    namespace: str = "shop",
    image: str = IMAGE,
    digest: str = OTHER,
    made: str | None = "2026-05-04T06:00:00Z",
) -> None:
    """A report as the operator writes it: the tag of an image that was named by one, and the image's own id."""
    named = image_name(image)
    artifact = {"repository": named.repository, "digest": named.digest or digest} | ({"tag": named.tag} if named.tag else {})
    server = "index.docker.io" if named.registry == "docker.io" else named.registry
    body = {"artifact": artifact, "registry": {"server": server}, "vulnerabilities": list(flaws)}
    kube.add("VulnerabilityReport", name, namespace, report=body | ({"updateTimestamp": made} if made else {}))


def running(kube: Cluster, image: str = IMAGE, pulled: str = f"registry.example.com/shop/web@{DIGEST}", **more: Any) -> None:
    pod(kube, containers=[container(image=image)], pulled={"web": pulled}, **more)


@pytest.mark.parametrize(
    ("flaws", "status", "words"),
    [
        ([], "pass", ""),
        ([flaw(published="2026-04-30T00:00:00Z")], "pass", ""),
        ([flaw(published="2026-04-19T23:00:00Z")], "pass", ""),
        ([flaw(published="2026-04-18T00:00:00Z")], "fail", "CVE-2026-0001 of 2026-04-18 (critical, limit 15 days) in web"),
        ([flaw(severity="HIGH")], "pass", ""),
        (
            [flaw("CVE-2026-0002"), flaw(published="2025-12-24T00:00:00Z")],
            "fail",
            "deadline: CVE-2026-0001 of 2025-12-24 (critical, limit 15 days) in web, CVE-2026-0002 of",
        ),
        ([flaw(published=None)], "unknown", "web carries CVE-2026-0001, of which no date is told"),
        ([flaw(published="soon")], "unknown", "of which no date is told"),
        ([flaw(published=None), flaw("CVE-2026-0002")], "fail", "CVE-2026-0002 of 2026-01-10"),
    ],
)
def test_a_critical_vulnerability_is_gone_by_its_deadline(
    kube: Cluster, flaws: list[dict[str, str]], status: str, words: str
) -> None:
    running(kube)
    report(kube, *flaws)
    seen = asked(kube, FLAWS)
    assert seen.status(FLAWS, "shop/web") == status
    assert words in seen.reason(FLAWS, "shop/web")


def test_deadlines_and_unfixed_ones_are_those_of_the_configuration(kube: Cluster) -> None:
    running(kube)
    report(kube, flaw(severity="HIGH") | {"fixedVersion": ""})
    assert "(high, limit 30 days)" in asked(kube, FLAWS, high_days=30).reason(FLAWS, "shop/web")
    assert asked(kube, FLAWS, high_days=30, without_fix=False).status(FLAWS, "shop/web") == "pass"
    assert asked(kube, FLAWS, high_days=200).status(FLAWS, "shop/web") == "pass"
    assert asked(kube, FLAWS).status(FLAWS, "shop/web") == "pass"


def test_a_vulnerability_of_several_packages_is_named_once_and_no_deadline_is_no_time_at_all(kube: Cluster) -> None:
    running(kube)
    report(kube, *(flaw() | {"resource": package} for package in ("openssl", "libssl3")))
    assert asked(kube, FLAWS).reason(FLAWS, "shop/web").count("CVE-2026-0001") == 1
    assert asked(kube, FLAWS, critical_days=0).status(FLAWS, "shop/web") == "fail"


UNSCANNED = "pod shop/web runs images of which no scan is reported: "


@pytest.mark.parametrize("installed", [True, False])
def test_an_image_that_runs_and_was_never_scanned_fails(kube: Cluster, installed: bool) -> None:
    running(kube)
    if installed:
        kube.install(REPORTS)
    seen = asked(kube, FLAWS)
    assert seen.status(FLAWS, "shop/web") == "fail"
    assert seen.reason(FLAWS, "shop/web") == f"{UNSCANNED}{IMAGE} (web)"


@pytest.mark.parametrize(
    ("of", "image", "status"),
    [
        ({"image": "registry.example.com/shop/web:1.4"}, IMAGE, "pass"),
        ({"image": "registry.example.com/shop/web:1.3"}, IMAGE, "fail"),
        ({"image": "registry.example.com/shop/api:1.4"}, IMAGE, "fail"),
        ({"image": "other.example.com/shop/web:1.4"}, IMAGE, "fail"),
        ({"image": IMAGE, "namespace": "other"}, IMAGE, "fail"),
        ({"image": "nginx:1.27"}, "docker.io/library/nginx:1.27", "pass"),
        ({"image": "nginx"}, "nginx:latest", "pass"),
        ({"image": f"registry.example.com/shop/web@{DIGEST}"}, f"registry.example.com/shop/web:1.4@{DIGEST}", "pass"),
        ({"image": f"registry.example.com/shop/web@{OTHER}"}, f"registry.example.com/shop/web@{DIGEST}", "fail"),
        ({"image": IMAGE}, f"{IMAGE}@{DIGEST}", "fail"),
        ({"image": "mirror.example.com/web:9", "digest": DIGEST}, IMAGE, "pass"),
    ],
)
def test_a_report_speaks_of_the_image_that_it_names_and_of_no_other(
    kube: Cluster, of: dict[str, str], image: str, status: str
) -> None:
    running(kube, image)
    report(kube, **of)
    assert asked(kube, FLAWS).status(FLAWS, "shop/web") == status


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ("2026-04-20T06:00:00Z", "pod shop/web cannot be judged: web was last scanned on 2026-04-20T06:00:00Z"),
        ("2026-05-05T06:00:00Z", "web was last scanned on 2026-05-05T06:00:00Z"),
        (None, "web was last scanned on an unknown date"),
    ],
)
def test_an_old_report_or_one_without_a_time_says_nothing_of_today(kube: Cluster, made: str | None, words: str) -> None:
    running(kube)
    report(kube, made=made)
    seen = asked(kube, FLAWS)
    assert seen.status(FLAWS, "shop/web") == "unknown"
    assert words in seen.reason(FLAWS, "shop/web")


def test_what_an_old_report_found_is_still_there(kube: Cluster) -> None:
    running(kube)
    report(kube, flaw(), made="2026-03-01T06:00:00Z")
    assert asked(kube, FLAWS).status(FLAWS, "shop/web") == "fail"


def test_the_newest_report_counts(kube: Cluster) -> None:
    running(kube)
    report(kube, flaw(), name="old", made="2026-05-01T06:00:00Z")
    report(kube, name="new")
    assert asked(kube, FLAWS).status(FLAWS, "shop/web") == "pass"


def test_every_container_that_runs_needs_its_scan_and_one_that_waits_runs_none(kube: Cluster) -> None:
    both = [container(), container("sidecar", image="proxy:2")]
    pod(kube, "waiting", containers=both, pulled={"web": f"registry.example.com/shop/web@{DIGEST}", "sidecar": ""})
    pod(kube, "up", containers=both, pulled={"web": f"registry.example.com/shop/web@{DIGEST}", "sidecar": f"proxy@{OTHER}"})
    pod(kube, "pending", phase="Pending")
    report(kube, digest=f"sha256:{'c' * 64}")
    seen = asked(kube, FLAWS)
    assert seen.status(FLAWS, "shop/waiting") == "pass"
    assert seen.reason(FLAWS, "shop/up") == "pod shop/up runs images of which no scan is reported: proxy:2 (sidecar)"
    assert seen.status(FLAWS, "shop/pending") == "not_applicable"


# What may not be read


@pytest.mark.parametrize("check", [REGISTRY, PINNED, FLAWS])
def test_pods_that_may_not_be_listed_are_unknown(kube: Cluster, check: str) -> None:
    kube.deny("list pods")
    seen = asked(kube, check, **({"approved": ["registry.example.com"]} if check == REGISTRY else {}))
    assert seen.status(check, SCOPE) == "unknown"
    assert seen.reason(check, SCOPE).startswith("list pods was denied")


@pytest.mark.parametrize(("check", "call"), [(PINNED, "list namespaces"), (FLAWS, f"list {REPORTS}")])
def test_what_else_may_not_be_listed_leaves_each_pod_open(kube: Cluster, check: str, call: str) -> None:
    running(kube)
    report(kube)
    kube.deny(call)
    seen = asked(kube, check)
    assert seen.status(check, "shop/web") == "unknown"
    assert f"{call} was denied" in seen.reason(check, "shop/web")
