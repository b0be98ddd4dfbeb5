"""Which deviations count, when, and for what."""

from datetime import UTC, datetime

import pytest

from evidence_store.records import Scope, Unread, Why
from mappings.exceptions import Exceptions

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
BUCKET = "arn:aws:s3:::legacy-site"
RECORD = {
    "id": "EX-1",
    "check": "aws_s3_tls_only",
    "control": "A.8.24",
    "resources": [BUCKET],
    "reason": "the old player speaks no TLS",
    "owner": "Grace",
    "approved_by": "Ada",
    "starts": "2026-01-01",
    "expires": "2026-06-30",
    "risk": "R-7",
}
BLIND = {**RECORD, "id": "EX-2", "check": None, "resources": None, "scope": "aws:1:*", "action": "rds:DescribeDBInstances"}


def covers(uid: str = BUCKET, at: datetime = AT, **changed: object) -> bool:
    return Exceptions([{**RECORD, **changed}]).covers("aws_s3_tls_only", uid, at) is not None


def fault(**changed: object) -> str:
    found = Exceptions([{**RECORD, **changed}]).invalid(AT)
    assert [each.id for each in found] == ["EX-1"]
    return found[0].why


def test_an_approved_exception_covers_the_resource_that_it_names() -> None:
    found = Exceptions([RECORD]).covers("aws_s3_tls_only", BUCKET, AT)
    assert found is not None
    assert (found.id, found.owner, found.approved_by, found.risk) == ("EX-1", "Grace", "Ada", "R-7")
    assert Exceptions([RECORD]).invalid(AT) == ()


def test_it_covers_no_other_resource_and_no_other_check() -> None:
    assert not covers(uid=f"{BUCKET}-2")
    assert Exceptions([RECORD]).covers("aws_s3_bucket_not_public", BUCKET, AT) is None


@pytest.mark.parametrize("pattern", ["arn:aws:s3:::legacy-*", "*", "*:legacy-site", "arn:*:legacy*site"])
def test_a_star_stands_for_anything(pattern: str) -> None:
    assert covers(resources=[pattern])


@pytest.mark.parametrize("pattern", ["arn:aws:s3:::legacy-sit?", "arn:aws:s3:::legacy-sit[e]", "arn.aws.s3...legacy-site"])
def test_nothing_but_a_star_is_special(pattern: str) -> None:
    assert not covers(resources=[pattern])


def test_it_counts_from_the_first_moment_of_its_start_to_the_last_of_its_end() -> None:
    assert not covers(at=datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert covers(at=datetime(2026, 1, 1, tzinfo=UTC))
    assert covers(at=datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC))
    assert not covers(at=datetime(2026, 7, 1, tzinfo=UTC))


def test_an_end_with_a_time_ends_then() -> None:
    assert covers(expires="2026-06-01T12:00:00Z")
    assert not covers(expires="2026-06-01T11:59:59Z")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"reason": ""}, "names no reason"),
        ({"owner": None}, "names no owner"),
        ({"approved_by": " "}, "names no approver"),
        ({"approved_by": " grace "}, "its owner approved it; another person has to"),
        ({"starts": None}, "names no start"),
        ({"expires": None}, "names no end"),
        ({"starts": "2026-07-01", "expires": "2026-06-30"}, "it ends before it starts"),
        ({"expires": "never"}, "expires is not a date: 'never'; names no end"),
        ({"resources": []}, "names no resources (`*` means all)"),
        ({"check": None}, "names neither a check nor a blind spot"),
        ({"scope": "aws:1"}, "a blind spot needs both a scope and an action"),
        ({"expires": "2026-05-31"}, "it expired on 2026-05-31"),
        ({"closed_on": "2026-06-01"}, "it was given up on 2026-06-01"),
        ({"closed_on": "June"}, "closed_on is not a date: 'June'"),
        ({"starts": "2026-06-02"}, "it starts on 2026-06-02"),
        (
            {"reason": Unread(Why.DENIED, "read isms/exceptions.toml")},
            "reason was not read: read isms/exceptions.toml was denied; names no reason",
        ),
    ],
)
def test_one_that_does_not_count_covers_nothing_and_says_why(changed: dict[str, object], why: str) -> None:
    assert Exceptions([{**RECORD, **changed}]).covers("aws_s3_tls_only", BUCKET, AT) is None
    assert fault(**changed) == why


def test_an_exception_on_a_control_alone_covers_no_finding() -> None:
    assert not covers(check=None)


def test_of_several_the_one_that_ends_last_is_named() -> None:
    longer = {**RECORD, "id": "EX-9", "expires": "2026-12-31"}
    for order in ([RECORD, longer], [longer, RECORD]):
        found = Exceptions(order).covers("aws_s3_tls_only", BUCKET, AT)
        assert found is not None
        assert found.id == "EX-9"


@pytest.mark.parametrize("scope", ["aws:1:*", "aws:1", "aws:1:eu-west-1", "*"])
def test_a_blind_spot_is_a_scope_and_an_action(scope: str) -> None:
    found = Exceptions([{**BLIND, "scope": scope}])
    assert found.covers_blind_spot(Scope("aws", "1", "eu-west-1"), "rds:DescribeDBInstances", AT) is not None
    assert found.covers_blind_spot(Scope("aws", "1", "eu-west-1"), "s3:GetBucketPolicy", AT) is None
    assert found.covers_blind_spot(Scope("aws", "1", "eu-west-1"), "rds:DescribeDBInstances", AT.replace(year=2027)) is None


def test_a_blind_spot_covers_no_other_account() -> None:
    found = Exceptions([{**BLIND, "scope": "aws:1"}])
    assert found.covers_blind_spot(Scope("aws", "12", "eu-west-1"), "rds:DescribeDBInstances", AT) is None


def test_a_blind_spot_covers_no_finding_and_an_exception_no_blind_spot() -> None:
    assert Exceptions([BLIND]).covers("aws_s3_tls_only", BUCKET, AT) is None
    assert Exceptions([RECORD]).covers_blind_spot(Scope("aws", "1"), "*", AT) is None


def test_actions_may_be_patterns() -> None:
    found = Exceptions([{**BLIND, "action": "rds:*"}])
    assert found.covers_blind_spot(Scope("aws", "1"), "rds:DescribeDBSnapshots", AT) is not None


@pytest.mark.parametrize(
    ("changed", "lapsed"),
    [
        ({}, False),
        ({"expires": "2026-05-31"}, True),
        ({"expires": "2026-05-31", "closed_on": "2026-03-01"}, False),
        ({"expires": "2026-05-31", "approved_by": None}, False),
        ({"expires": "2026-05-31", "resources": ["another"]}, False),
        ({"starts": "2026-06-02"}, False),
    ],
    ids=["in force", "over", "given up before", "never approved", "of another resource", "yet to start"],
)
def test_an_exception_has_lapsed_when_it_counted_to_its_last_day_and_that_is_over(
    changed: dict[str, object], lapsed: bool
) -> None:
    found = Exceptions([{**RECORD, **changed}]).lapsed("aws_s3_tls_only", BUCKET, AT)
    assert (found is not None) is lapsed
