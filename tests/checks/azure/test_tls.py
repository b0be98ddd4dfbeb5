"""Versions of TLS in the words of each service: known, newer than any known, odd, and none at all."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.checks.azure.scene import asked

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

STORAGE, APP = "azure_storage_https_only", "azure_app_tls_auth"
SITE, CONFIG = "Microsoft.Web/sites", "Microsoft.Web/sites/config"


def store(azure: "Cloud", **says: Any) -> None:
    azure.add("Microsoft.Storage/storageAccounts", "shop", properties={"supportsHttpsTrafficOnly": True, **says})


def site(azure: "Cloud", **config: Any) -> None:
    azure.add(SITE, "shop", properties={"httpsOnly": True})
    sound = {"MinTlsVersion": "1.2", "ScmMinTlsVersion": "1.2", "FtpsState": "FtpsOnly"}
    azure.add(CONFIG, "shop/web", properties={**sound, **config})


WORDS = pytest.mark.parametrize(
    ("word", "status"),
    [
        *((word, "fail") for word in ("TLS1_0", "tls1_1", "1.0", "1.1", "TLSv1.1", "0.9")),
        *((word, "pass") for word in ("TLS1_2", "tls1_3", "TLS1_4", "1.2", "1.3", "1.4", "2.0", "TLS1_10", " 1.2 ")),
        *((word, "unknown") for word in ("SSL3", "TLS", "newest", "TLS1_2 or so", "1.2.3", 12, ["1.2"])),
    ],
)


@WORDS
def test_the_version_of_a_store_decides_and_an_odd_word_is_told(azure: "Cloud", word: Any, status: str) -> None:
    store(azure, minimumTlsVersion=word)
    found = asked(azure, STORAGE).one(STORAGE, "/shop")
    assert found.status == status, found.reason
    assert (f"the version {word} of TLS, of which nothing is known" in found.reason) is (status == "unknown")


@WORDS
@pytest.mark.parametrize(("key", "where"), [("MinTlsVersion", "at the app"), ("ScmMinTlsVersion", "at the deployment site")])
def test_the_version_of_an_app_decides_and_an_odd_word_is_told(
    azure: "Cloud", key: str, where: str, word: Any, status: str
) -> None:
    site(azure, **{key: word})
    found = asked(azure, APP).one(APP, "/shop")
    assert found.status == status, found.reason
    assert (where in found.reason) is (status != "pass")
    assert (f"the version {word} of TLS {where}, of which nothing is known" in found.reason) is (status == "unknown")


@pytest.mark.parametrize(
    "config",
    [
        {"MinTlsVersion": "odd", "ScmMinTlsVersion": "1.1"},
        {"MinTlsVersion": "odd", "FtpsState": "AllAllowed"},
        {"MinTlsVersion": None, "ScmMinTlsVersion": "1.0"},
    ],
)
def test_what_is_surely_weak_goes_before_an_odd_word(azure: "Cloud", config: dict[str, Any]) -> None:
    site(azure, **config)
    assert asked(azure, APP).status(APP, "/shop") == "fail"


def test_plain_http_goes_before_an_odd_word(azure: "Cloud") -> None:
    store(azure, supportsHttpsTrafficOnly=False, minimumTlsVersion="odd")
    assert asked(azure, STORAGE).status(STORAGE, "/shop") == "fail"


def test_a_state_of_ftp_that_nobody_knows_is_unknown(azure: "Cloud") -> None:
    site(azure, FtpsState="SftpOnly")
    assert asked(azure, APP).status(APP, "/shop") == "unknown"
    assert "sftponly" in asked(azure, APP).reason(APP, "/shop")
