"""Projects of Google Cloud: what each is for, and what it stands beside."""

import pytest

from tests.checks.gcp.scene import ORDERS, asked, orders
from tests.collectors.gcp.cloud import Cloud

APART = "gcp_project_env_separation"
SHOP = "projects/111111111111"


def labelled(gcp: Cloud, project: str, number: str, folder: str | None, environment: str | None) -> None:
    gcp.estate.project(project, number, folder, labels={"environment": environment} if environment else None)


@pytest.mark.parametrize(
    ("beside", "folder", "status", "words"),
    [
        ("production", "222222222222", "pass", ""),
        ("shared", "222222222222", "pass", ""),
        ("test", "222222222222", "fail", "stands in folders/222222222222 beside trial, which is not"),
        (None, "222222222222", "unknown", "beside trial, which does not say what it is for"),
        ("test", None, "pass", ""),
    ],
)
def test_production_stands_in_folders_of_its_own(
    gcp: Cloud, beside: str | None, folder: str | None, status: str, words: str
) -> None:
    labelled(gcp, "shop", "111111111111", "222222222222", "prod")
    labelled(gcp, "trial", "555555555555", folder, beside)
    seen = asked(gcp, APART)
    assert seen.status(APART, SHOP) == status
    assert words in seen.reason(APART, SHOP)


def test_side_by_side_below_the_organization_is_not_apart(gcp: Cloud) -> None:
    labelled(gcp, "lab", "333333333333", None, "production")
    labelled(gcp, "trial", "555555555555", None, "test")
    assert asked(gcp, APART).status(APART, "projects/333333333333") == "fail"
    assert asked(gcp, APART).status(APART, "projects/555555555555") == "not_applicable"


def test_a_project_that_does_not_say_what_it_is_for_leaves_the_answer_open(gcp: Cloud) -> None:
    assert "label it with environment" in asked(gcp, APART).reason(APART, SHOP)


def test_what_stands_beside_a_project_that_is_read_alone_is_open(gcp: Cloud) -> None:
    orders(gcp)
    labelled(gcp, "orders", "444444444444", "222222222222", "live")
    seen = asked(gcp, APART, parent=ORDERS)
    assert seen.status(APART) == "unknown"
    assert "folders/222222222222, which was not read" in seen.reason(APART)
