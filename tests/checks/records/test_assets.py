"""The asset register beside a host and an AWS account that are really read, and reviews of access."""

from pathlib import Path

import pytest

from collectors.host import PROVIDER as HOST
from collectors.source import Connection
from tests.checks.records.conftest import Isms
from tests.collectors.aws.overlay import Cloud

MACHINE = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def host(tmp_path: Path) -> Connection:
    """An image of a machine with an identity of its own."""
    etc = tmp_path / "image" / "etc"
    etc.mkdir(parents=True)
    (etc / "machine-id").write_text(f"{MACHINE}\n")
    (etc / "os-release").write_text('ID=debian\nVERSION_ID="12"\n')
    (etc / "hostname").write_text("orders-1\n")
    return HOST.connect(HOST.settings(name="orders-1", root=str(tmp_path / "image")))


def test_a_register_that_agrees_with_the_scan_passes(isms: Isms, host: Connection) -> None:
    seen = isms.look("rec_asset_register_reconciled", beside={"orders-1": host})
    assert seen.status("rec_asset_register_reconciled") == "pass"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('resources = ["host:*"]\n', "", "1 of 1 scanned resources stand in no entry of isms/assets.toml"),
        ('resources = ["host:*"]', f'resources = ["host:*", "host:{"f" * 32}:*"]', "which the scan did not find"),
        ('owner = "omar"\n', "", "website names no owner"),
        ('owner = "omar"', 'owner = "toni"', "website names toni as owner, who does not work here"),
    ],
)
def test_a_register_that_differs_from_the_scan_fails(isms: Isms, host: Connection, old: str, new: str, says: str) -> None:
    seen = isms.edit("assets.toml", old, new).look("rec_asset_register_reconciled", beside={"orders-1": host})
    assert seen.status("rec_asset_register_reconciled") == "fail"
    assert says in seen.reason("rec_asset_register_reconciled")


def test_the_tolerance_is_the_organizations_to_set(isms: Isms, host: Connection) -> None:
    isms.edit("assets.toml", 'resources = ["host:*"]\n', "")
    seen = isms.look("rec_asset_register_reconciled", beside={"orders-1": host}, tolerance_percent=100)
    assert seen.status("rec_asset_register_reconciled") == "pass"


def test_a_target_of_the_scope_that_was_not_scanned_is_unknown(isms: Isms, host: Connection) -> None:
    assert isms.look("rec_asset_register_reconciled").status("rec_asset_register_reconciled") == "unknown"
    for target in (f"host:{'e' * 32}", "host"):
        isms.write("scope.toml", f'[scope]\nstatement = "All"\ntargets = ["{target}"]\n')
        seen = isms.look("rec_asset_register_reconciled", beside={"orders-1": host})
        assert seen.status("rec_asset_register_reconciled") == "unknown"
        assert "which was not scanned" in seen.reason("rec_asset_register_reconciled")


def test_a_scope_that_names_nothing_comparable_is_unknown(isms: Isms, host: Connection) -> None:
    isms.edit("scope.toml", '"host:*"', '"github:example"')
    seen = isms.look("rec_asset_register_reconciled", beside={"orders-1": host})
    assert seen.status("rec_asset_register_reconciled") == "unknown"
    assert "names no AWS account and no host" in seen.reason("rec_asset_register_reconciled")


def test_no_register_fails(isms: Isms) -> None:
    isms.remove("assets.toml")
    assert isms.look("rec_asset_register_reconciled").status("rec_asset_register_reconciled") == "fail"


@pytest.mark.parametrize("file", ["assets.toml", "scope.toml"])
def test_a_register_that_may_not_be_read_is_unknown(isms: Isms, host: Connection, file: str) -> None:
    seen = isms.look("rec_asset_register_reconciled", kept=(file,), beside={"orders-1": host})
    assert seen.status("rec_asset_register_reconciled") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_asset_register_reconciled")


def test_stores_and_instances_of_an_account_belong_in_the_register(isms: Isms, aws: Cloud) -> None:
    aws.client("s3", "us-east-1").create_bucket(Bucket="orders")
    aws.serve("s3.ListBuckets", {"Buckets": [{"Name": "orders", "BucketRegion": "us-east-1"}]})
    isms.edit("scope.toml", '"host:*"', '"aws:123456789012"')
    isms.edit("assets.toml", '"host:*"', '"arn:aws:s3:::orders"')
    seen = isms.look("rec_asset_register_reconciled", beside={"cloud": aws.connect()})
    assert seen.status("rec_asset_register_reconciled") == "pass"
    isms.edit("assets.toml", "arn:aws:s3:::orders", "arn:aws:s3:::old-orders")
    seen = isms.look("rec_asset_register_reconciled", beside={"cloud": aws.connect()})
    assert seen.status("rec_asset_register_reconciled") == "fail"
    assert "arn:aws:s3:::orders; orders names arn:aws:s3:::old-orders" in seen.reason("rec_asset_register_reconciled")


def test_an_account_whose_instances_may_not_be_listed_is_unknown(isms: Isms, aws: Cloud) -> None:
    aws.deny("ec2:DescribeInstances")
    isms.edit("scope.toml", '"host:*"', '"aws:123456789012"')
    seen = isms.look("rec_asset_register_reconciled", beside={"cloud": aws.connect()})
    assert seen.status("rec_asset_register_reconciled") == "unknown"
    assert "ec2:DescribeInstances was denied" in seen.reason("rec_asset_register_reconciled")


def test_access_reviewed_by_the_owner_with_removals_done_passes(isms: Isms) -> None:
    assert isms.look("rec_access_review_done").status("rec_access_review_done") == "pass"


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("access_reviews.toml", "decided_on = 2026-04-01", "decided_on = 2025-11-01", "was last decided on 2025-11-01"),
        ("access_reviews.toml", "done_on = 2026-04-02\n", "", "remove of toni was not carried out in 14 days"),
        ("access_reviews.toml", "done_on = 2026-04-02", "done_on = 2026-09-02", "remove of toni was not carried out"),
        ("access_reviews.toml", 'right = "restart"\ndecision = "keep"', 'right = "restart"', "has no decision on omar"),
        ("access_reviews.toml", 'reviewer = "ines"', 'reviewer = "omar"', "was made by omar, and the owner is ines"),
        ("access_reviews.toml", 'reviewer = "ines"\n', "", "names no reviewer"),
        ("access_rules.toml", 'system = "orders"', 'system = "website"', "access to website was never reviewed"),
    ],
)
def test_access_that_nobody_decided_on_fails(isms: Isms, file: str, old: str, new: str, says: str) -> None:
    seen = isms.edit(file, old, new).look("rec_access_review_done")
    assert seen.status("rec_access_review_done") == "fail"
    assert says in seen.reason("rec_access_review_done")


def test_a_review_without_grants_and_no_systems_fail(isms: Isms) -> None:
    isms.write("access_reviews.toml", '[[access_review]]\nsystem = "orders"\nreviewer = "ines"\ndecided_on = 2026-04-01\n')
    assert "lists no grants" in isms.look("rec_access_review_done").reason("rec_access_review_done")
    assert isms.remove("access_rules.toml").look("rec_access_review_done").status("rec_access_review_done") == "fail"


@pytest.mark.parametrize("file", ["access_rules.toml", "access_reviews.toml", "assets.toml"])
def test_access_reviews_that_may_not_be_read_are_unknown(isms: Isms, file: str) -> None:
    seen = isms.look("rec_access_review_done", kept=(file,))
    assert seen.status("rec_access_review_done") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_access_review_done")


def test_approved_levels_and_a_class_for_each_asset_pass(isms: Isms) -> None:
    assert isms.look("rec_classification_scheme").status("rec_classification_scheme") == "pass"


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("classification.toml", 'handling = "May be given to anybody."\n', "", "public names no handling"),
        ("classification.toml", 'approved_by = "dana"\n', "", "no approver"),
        ("classification.toml", "2026-01-10", "2025-01-10", "last approved or reviewed on 2025-01-10"),
        ("assets.toml", 'classification = "public"\n', "", "no class is given to website"),
        (
            "assets.toml",
            'classification = "public"',
            'classification = "open"',
            "scheme is given to website (open)",
        ),
    ],
)
def test_a_scheme_that_does_not_reach_the_assets_fails(isms: Isms, file: str, old: str, new: str, says: str) -> None:
    seen = isms.edit(file, old, new).look("rec_classification_scheme")
    assert seen.status("rec_classification_scheme") == "fail"
    assert says in seen.reason("rec_classification_scheme")


def test_a_scheme_without_assets_is_unknown_and_no_scheme_fails(isms: Isms) -> None:
    isms.remove("assets.toml")
    assert isms.look("rec_classification_scheme").status("rec_classification_scheme") == "unknown"
    isms.remove("classification.toml")
    assert isms.look("rec_classification_scheme").status("rec_classification_scheme") == "fail"


@pytest.mark.parametrize("file", ["classification.toml", "assets.toml"])
def test_a_scheme_that_may_not_be_read_is_unknown(isms: Isms, file: str) -> None:
    seen = isms.look("rec_classification_scheme", kept=(file,))
    assert seen.status("rec_classification_scheme") == "unknown"
    assert f"read isms/{file} was denied" in seen.reason("rec_classification_scheme")
