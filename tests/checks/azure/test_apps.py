"""Clusters by their version, and web apps by how they are reached."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.checks.azure.scene import asked

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

VERSION, TLS, RUNTIME = "azure_aks_supported_version", "azure_app_tls_auth", "azure_app_supported_runtime"
CLUSTER, SITE, CONFIG = "Microsoft.ContainerService/managedClusters", "Microsoft.Web/sites", "Microsoft.Web/sites/config"
STABLE = {"upgradeChannel": "stable"}


def cluster(azure: "Cloud", version: str | None, **properties: Any) -> None:
    azure.add(CLUSTER, "shop", properties={"currentKubernetesVersion": version, "autoUpgradeProfile": STABLE, **properties})


@pytest.mark.parametrize(
    ("version", "properties", "status", "words"),
    [
        ("1.35.1", {}, "pass", ""),
        ("1.33.4", {"autoUpgradeProfile": {"upgradeChannel": "patch"}}, "pass", ""),
        ("1.32.9", {}, "fail", "shop runs Kubernetes 1.32.9, whose fixes ended on 2026-03-31"),
        ("1.32.9", {"supportPlan": "AKSLongTermSupport"}, "pass", ""),
        ("1.29.9", {"supportPlan": "AKSLongTermSupport"}, "fail", "ended on 2026-04-30"),
        ("1.26.1", {"supportPlan": "AKSLongTermSupport"}, "fail", "ended on 2024-03-31"),
        ("1.35.1", {"autoUpgradeProfile": None}, "fail", "has no upgrade channel"),
        ("1.35.1", {"autoUpgradeProfile": {"upgradeChannel": "none"}}, "fail", "has no upgrade channel"),
        ("1.35.1", {"autoUpgradeProfile": {"upgradeChannel": "node-image"}}, "fail", "for the images of its nodes only"),
        ("1.99.0", {}, "unknown", "declare it in `ends`"),
        (None, {"kubernetesVersion": "1.34"}, "pass", ""),
        (None, {"kubernetesVersion": ""}, "unknown", "declare it in `ends`"),
    ],
)
def test_a_cluster_runs_a_version_that_gets_fixes(
    azure: "Cloud", version: str | None, properties: dict[str, Any], status: str, words: str
) -> None:
    cluster(azure, version, **properties)
    seen = asked(azure, VERSION)
    assert seen.status(VERSION, "/shop") == status
    assert words in seen.reason(VERSION, "/shop")


def test_a_declared_end_goes_before_the_table(azure: "Cloud") -> None:
    cluster(azure, "1.99.0")
    assert asked(azure, VERSION, ends=["1.99=2030-01-31"]).status(VERSION, "/shop") == "pass"
    assert asked(azure, VERSION, ends=["1.99=2026-05-03"]).status(VERSION, "/shop") == "fail"


def site(azure: "Cloud", *, https: bool = True, **config: Any) -> None:
    azure.add(SITE, "shop", properties={"httpsOnly": https})
    sound = {"MinTlsVersion": "1.2", "ScmMinTlsVersion": "1.2", "FtpsState": "FtpsOnly"}
    azure.add(CONFIG, "shop/web", properties={**sound, **config})


@pytest.mark.parametrize("config", [{}, {"MinTlsVersion": "1.3", "FtpsState": "Disabled"}])
def test_an_app_that_is_reached_safely_passes(azure: "Cloud", config: dict[str, Any]) -> None:
    site(azure, **config)
    assert asked(azure, TLS).status(TLS, "/shop") == "pass"


@pytest.mark.parametrize(
    ("https", "config", "words"),
    [
        (False, {}, "answers over plain HTTP"),
        (True, {"MinTlsVersion": "1.0"}, "accepts TLS 1.0 at the app"),
        (True, {"ScmMinTlsVersion": "1.1"}, "accepts TLS 1.1 at the deployment site"),
        (True, {"FtpsState": "AllAllowed"}, "takes files over plain FTP"),
    ],
)
def test_an_app_that_is_reached_in_the_clear_fails(
    azure: "Cloud",
    https: bool,
    config: dict[str, Any],
    words: str,
) -> None:
    site(azure, https=https, **config)
    seen = asked(azure, TLS)
    assert seen.status(TLS, "/shop") == "fail"
    assert words in seen.reason(TLS, "/shop")


@pytest.mark.parametrize("config", [{"MinTlsVersion": None}, {"ScmMinTlsVersion": None}, {"FtpsState": None}])
def test_an_app_that_does_not_say_is_unknown(azure: "Cloud", config: dict[str, Any]) -> None:
    site(azure, **config)
    assert asked(azure, TLS).status(TLS, "/shop") == "unknown"


@pytest.mark.parametrize(
    ("config", "status", "words"),
    [
        ({"LinuxFxVersion": "PYTHON|3.11"}, "pass", ""),
        ({"LinuxFxVersion": "Python|3.8"}, "fail", "python 3.8 (until 2024-10-07)"),
        ({"LinuxFxVersion": "NODE|20-lts"}, "fail", "node 20 (until 2026-04-30)"),
        ({"LinuxFxVersion": "NODE|22-lts"}, "pass", ""),
        ({"LinuxFxVersion": "DOTNETCORE|8.0"}, "pass", ""),
        ({"LinuxFxVersion": "DOTNET-ISOLATED|6.0"}, "fail", "dotnet 6.0"),
        ({"LinuxFxVersion": "TOMCAT|10.1-java17"}, "pass", ""),
        ({"LinuxFxVersion": "TOMCAT|8.5-jre8"}, "pass", ""),
        ({"LinuxFxVersion": "JAVA|7-jre7"}, "fail", "java 7"),
        ({"LinuxFxVersion": "PHP|8.1"}, "fail", "php 8.1 (until 2025-12-31)"),
        ({"LinuxFxVersion": "PYTHON|3.99"}, "unknown", "declare it in `ends`"),
        ({"LinuxFxVersion": "DOCKER|registry.example.com/shop:1"}, "not_applicable", ""),
        ({"WindowsFxVersion": "DOCKER|registry.example.com/shop:1"}, "not_applicable", ""),
        ({"LinuxFxVersion": "", "NetFrameworkVersion": "v8.0"}, "pass", ""),
        ({"NetFrameworkVersion": "v6.0"}, "fail", "dotnet 6.0 (until 2024-11-12)"),
        ({"NetFrameworkVersion": "v4.0", "PhpVersion": "7.4"}, "fail", "php 7.4"),
        ({"NetFrameworkVersion": "v4.0", "JavaVersion": "1.8", "PhpVersion": "Off"}, "pass", ""),
        ({"NodeVersion": "~16", "NetFrameworkVersion": "v8.0"}, "fail", "node 16"),
        ({"NetFrameworkVersion": "v4.0"}, "unknown", "does not say which runtime"),
        ({}, "unknown", "does not say which runtime"),
    ],
)
def test_an_app_uses_a_runtime_that_gets_fixes(azure: "Cloud", config: dict[str, Any], status: str, words: str) -> None:
    site(azure, **config)
    seen = asked(azure, RUNTIME)
    assert seen.status(RUNTIME, "/shop") == status, seen.reason(RUNTIME, "/shop")
    assert words in seen.reason(RUNTIME, "/shop")


def test_a_runtime_that_is_newer_than_the_table_can_be_declared(azure: "Cloud") -> None:
    site(azure, LinuxFxVersion="PYTHON|3.99")
    assert asked(azure, RUNTIME, ends=["python 3.99=2099-10-31"]).status(RUNTIME, "/shop") == "pass"


@pytest.mark.parametrize(
    ("check", "type_"), [(VERSION, CLUSTER), (TLS, SITE), (TLS, CONFIG), (RUNTIME, SITE), (RUNTIME, CONFIG)]
)
def test_what_may_not_be_read_is_unknown(azure: "Cloud", check: str, type_: str) -> None:
    cluster(azure, "1.35.1")
    site(azure)
    azure.deny(f"{type_}/read")
    seen = asked(azure, check)
    assert {f.status for f in seen.of(check)} == {"unknown"}
    assert f"{type_}/read was denied" in seen.of(check)[0].reason
