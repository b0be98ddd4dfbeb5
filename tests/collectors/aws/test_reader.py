"""The reader: what is an answer, what is none, and that nothing undeclared ever leaves."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from collectors.aws.reader import Reader
from collectors.source import NotEnabledError, Place, Source, UndeclaredCallError, UnreadError
from evidence_store.records import Scope, Why
from tests.collectors.aws.overlay import Cloud, Refuse


def nothing(_: Reader) -> Iterator[Any]:
    return iter(())


def declared(*calls: str, not_enabled: tuple[str, ...] = ()) -> Source:
    return Source(
        name=calls[0],
        provider="aws",
        level="region",
        yields=(),
        calls=calls,
        permissions=(),
        read=nothing,
        not_enabled=not_enabled,
    )


def reader(aws: Cloud, *calls: str, region: str = "eu-west-1", not_enabled: tuple[str, ...] = ()) -> Reader:
    connection = aws.connect()
    tuple(connection.places())
    aws.calls.clear()
    return connection.reader(Place(Scope("aws", aws.account, region)), declared(*calls, not_enabled=not_enabled))


def unread(read: Reader, call: str, **params: Any) -> Any:
    with pytest.raises(UnreadError) as caught:
        read.call(call, **params)
    return caught.value.unread


INSTANCES = {
    "DBInstances": [{"DBInstanceIdentifier": f"db{n}", "DBInstanceArn": f"arn:aws:rds:eu-west-1:1:db:db{n}"} for n in range(5)]
}


# Pages.


def test_every_page_is_read_and_every_request_counted(aws: Cloud) -> None:
    aws.serve("rds.DescribeDBInstances", INSTANCES)
    read = reader(aws, "rds.DescribeDBInstances")
    items = list(read.pages("rds.DescribeDBInstances", "DBInstances"))
    assert [item["DBInstanceIdentifier"] for item in items] == ["db0", "db1", "db2", "db3", "db4"]
    assert read.calls == 3
    assert aws.calls == [("rds.DescribeDBInstances", "eu-west-1")] * 3


def test_pages_that_the_sdk_does_not_describe_are_followed_by_their_token(aws: Cloud) -> None:
    def answer(params: dict[str, Any], *_: str) -> dict[str, Any]:
        page = int(params.get("NextToken") or 0)
        return {"Frameworks": [{"FrameworkName": f"f{page}"}], **({"NextToken": str(page + 1)} if page < 2 else {})}

    aws.serve("backup.ListFrameworks", answer)
    read = reader(aws, "backup.ListFrameworks")
    names = [item["FrameworkName"] for item in read.pages("backup.ListFrameworks", "Frameworks")]
    assert names == ["f0", "f1", "f2"]


@pytest.mark.parametrize("call", ["backup.ListFrameworks", "backup.ListBackupVaults"])
def test_a_token_that_repeats_itself_is_no_endless_poll(aws: Cloud, call: str) -> None:
    key = "Frameworks" if call.endswith("Frameworks") else "BackupVaultList"
    aws.serve(call, {key: [], "NextToken": "again"})
    with pytest.raises(UnreadError) as caught:
        list(reader(aws, call).pages(call, key))
    assert caught.value.unread.why is Why.UNEXPECTED
    assert len(aws.calls) <= 3


def test_a_page_without_its_list_is_of_unexpected_shape_unless_the_source_says_that_it_may_be(aws: Cloud) -> None:
    aws.serve("backup.ListBackupVaults", {})
    read = reader(aws, "backup.ListBackupVaults")
    with pytest.raises(UnreadError, match="unexpected shape"):
        list(read.pages("backup.ListBackupVaults", "BackupVaultList"))
    assert list(read.pages("backup.ListBackupVaults", "BackupVaultList", missing_is_empty=True)) == []


def test_a_denial_on_a_later_page_ends_the_reading_with_its_reason(aws: Cloud) -> None:
    def answer(params: dict[str, Any], *_: str) -> dict[str, Any]:
        if params.get("Marker"):
            raise Refuse("AccessDenied", status=403)
        return INSTANCES

    aws.serve("rds.DescribeDBInstances", answer)
    pages = reader(aws, "rds.DescribeDBInstances").pages("rds.DescribeDBInstances", "DBInstances")
    assert [next(pages)["DBInstanceIdentifier"], next(pages)["DBInstanceIdentifier"]] == ["db0", "db1"]
    with pytest.raises(UnreadError, match="rds:DescribeDBInstances was denied"):
        next(pages)


def test_threads_share_a_reader_and_every_request_is_counted(aws: Cloud) -> None:
    aws.serve("rds.DescribeDBInstances", INSTANCES)
    read = reader(aws, "rds.DescribeDBInstances")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: len(list(read.pages("rds.DescribeDBInstances", "DBInstances"))), range(16)))
    assert found == [5] * 16
    assert read.calls == len(aws.calls) == 48


# Denied, and the other reasons why there is no answer.


@pytest.mark.parametrize(
    ("call", "action", "code"),
    [
        ("rds.DescribeDBInstances", "rds:DescribeDBInstances", "AccessDenied"),
        ("ec2.DescribeVolumes", "ec2:DescribeVolumes", "UnauthorizedOperation"),
        ("s3.ListBuckets", "s3:ListAllMyBuckets", "AccessDenied"),
        ("ssm.DescribeInstanceInformation", "ssm:DescribeInstanceInformation", "AccessDeniedException"),
        ("backup.ListBackupVaults", "backup:ListBackupVaults", "AccessDeniedException"),
        ("elbv2.DescribeLoadBalancers", "elasticloadbalancing:DescribeLoadBalancers", "AccessDenied"),
    ],
)
def test_each_protocols_denial_is_told_and_names_the_iam_action(aws: Cloud, call: str, action: str, code: str) -> None:
    aws.deny(action)
    found = unread(reader(aws, call), call)
    assert (found.why, found.action) == (Why.DENIED, action)
    assert found.detail.startswith(code)
    assert "AnnexaReader" not in found.detail  # who asked changes from run to run


def test_a_denial_by_an_organizations_policy_says_so(aws: Cloud) -> None:
    def answer(*_: Any) -> Any:
        raise Refuse("AccessDenied", "User: x is not authorized with an explicit deny in a service control policy", 403)

    aws.serve("rds.DescribeDBInstances", answer)
    found = unread(reader(aws, "rds.DescribeDBInstances"), "rds.DescribeDBInstances")
    assert found.detail == "AccessDenied, explicit deny in a service control policy"


@pytest.mark.parametrize(
    ("code", "status", "why"),
    [
        ("ExpiredToken", 403, Why.CREDENTIALS),
        ("InvalidClientTokenId", 403, Why.CREDENTIALS),
        ("InternalFailure", 500, Why.UNREACHABLE),
        ("ServiceUnavailable", 503, Why.UNREACHABLE),
        ("InvalidAction", 400, Why.UNSUPPORTED),
        ("OptInRequired", 403, Why.UNSUPPORTED),
        ("InvalidParameterValue", 400, Why.UNEXPECTED),
    ],
)
def test_error_codes_are_told_apart(aws: Cloud, code: str, status: int, why: Why) -> None:
    def answer(*_: Any) -> Any:
        raise Refuse(code, status=status)

    aws.serve("rds.DescribeDBInstances", answer)
    found = unread(reader(aws, "rds.DescribeDBInstances"), "rds.DescribeDBInstances")
    assert (found.why, found.detail) == (why, code)


@pytest.mark.parametrize("call", ["ec2.DescribeVolumes", "rds.DescribeDBInstances", "ssm.DescribeInstanceInformation"])
def test_throttling_is_waited_out_and_every_attempt_counted(aws: Cloud, call: str) -> None:
    aws.throttle(call, 1)
    aws.serve("ssm.DescribeInstanceInformation", {"InstanceInformationList": []})
    read = reader(aws, call)
    assert read.call(call) is not None
    assert read.calls == 2


def test_throttling_that_does_not_end_is_unread_as_throttled(aws: Cloud) -> None:
    aws.throttle("rds.DescribeDBInstances", 99)
    found = unread(reader(aws, "rds.DescribeDBInstances"), "rds.DescribeDBInstances")
    assert (found.why, found.detail) == (Why.THROTTLED, "Throttling")


HTML = b"<!doctype html><html><title>Gateway</title></html>"


@pytest.mark.parametrize("body", [HTML, b"<html></html>", b"", b"<html><p>odd"])
@pytest.mark.parametrize(
    "call", ["rds.DescribeDBInstances", "backup.ListBackupVaults", "ssm.DescribeInstanceInformation", "s3.ListBuckets"]
)
def test_a_page_of_html_or_nothing_at_all_is_no_answer(aws: Cloud, call: str, body: bytes) -> None:
    aws.garble(call, body)
    assert unread(reader(aws, call), call).why in {Why.UNEXPECTED, Why.UNREACHABLE}  # the SDK makes a 500 of it for S3


@pytest.mark.parametrize(("status", "why"), [(404, Why.UNSUPPORTED), (500, Why.UNREACHABLE)])
def test_an_error_page_is_told_by_its_status_or_is_of_unexpected_shape(aws: Cloud, status: int, why: Why) -> None:
    for call in ("backup.ListBackupVaults", "rds.DescribeDBInstances"):
        aws.garble(call, HTML, status)
    assert unread(reader(aws, "backup.ListBackupVaults"), "backup.ListBackupVaults").why is why
    assert unread(reader(aws, "rds.DescribeDBInstances"), "rds.DescribeDBInstances").why is Why.UNEXPECTED


@pytest.mark.parametrize("call", ["rds.DescribeDBInstances", "backup.ListBackupVaults"])
def test_a_body_that_ends_too_early_is_no_answer(aws: Cloud, call: str) -> None:
    aws.garble(call, b"<DescribeDBInstancesResponse>" if call.startswith("rds") else b'{"BackupVaultList": [', missing=100)
    assert unread(reader(aws, call), call).why in {Why.UNREACHABLE, Why.UNEXPECTED}


def test_nobody_there_is_unreachable(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = aws.connect()
    tuple(connection.places())
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_RDS", "http://127.0.0.1:9")
    read = connection.reader(Place(Scope("aws", aws.account, "eu-west-1")), declared("rds.DescribeDBInstances"))
    found = unread(read, "rds.DescribeDBInstances")
    assert (found.why, found.detail) == (Why.UNREACHABLE, "EndpointConnectionError")


# Not configured, not enabled.


def test_a_code_that_means_not_configured_is_none_and_any_other_is_not(aws: Cloud) -> None:
    def answer(*_: Any) -> Any:
        raise Refuse("NoSuchBucketPolicy", "The bucket policy does not exist", 404)

    aws.serve("s3.GetBucketPolicy", answer)
    read = reader(aws, "s3.GetBucketPolicy")
    assert read.call("s3.GetBucketPolicy", absent=("NoSuchBucketPolicy",), Bucket="b") is None
    assert list(read.answers("s3.GetBucketPolicy", absent=("NoSuchBucketPolicy",), Bucket="b")) == []
    with pytest.raises(UnreadError):
        read.call("s3.GetBucketPolicy", absent=("NoSuchBucket",), Bucket="b")


@pytest.mark.parametrize(
    ("codes", "message", "enabled"),
    [
        (("AccessDeniedException: macie is not enabled",), "Macie is not enabled.", False),
        (("AccessDeniedException: macie is not enabled",), "User is not authorized.", True),
        (("AccessDeniedException",), "Anything.", False),
    ],
)
def test_a_service_that_is_not_enabled_says_so_in_a_code_or_in_words(
    aws: Cloud, codes: tuple[str, ...], message: str, *, enabled: bool
) -> None:
    def answer(*_: Any) -> Any:
        raise Refuse("AccessDeniedException", message, 403)

    aws.serve("backup.ListBackupVaults", answer)
    read = reader(aws, "backup.ListBackupVaults", not_enabled=codes)
    with pytest.raises(UnreadError if enabled else NotEnabledError):
        read.call("backup.ListBackupVaults")
    with pytest.raises(UnreadError if enabled else NotEnabledError):
        reader(aws, "backup.ListBackupVaults").call("backup.ListBackupVaults", not_enabled=codes)


# The guard.


def test_a_call_that_the_source_did_not_declare_never_leaves(aws: Cloud) -> None:
    read = reader(aws, "rds.DescribeDBInstances")
    with pytest.raises(UndeclaredCallError, match=r"rds\.DescribeDBInstances did not declare rds\.DescribeDBClusters"):
        read.call("rds.DescribeDBClusters")
    assert aws.calls == []


def test_a_client_used_past_the_reader_is_refused_too(aws: Cloud) -> None:
    read = reader(aws, "rds.DescribeDBInstances")
    read.call("rds.DescribeDBInstances")
    client = read._clients.get(read._principal.session, "rds", "eu-west-1")
    with pytest.raises(UndeclaredCallError, match="outside of a source"):
        client.describe_db_instances()
    assert len(aws.calls) == 1


def test_a_client_used_past_the_reader_within_a_permit_is_held_to_it(aws: Cloud) -> None:
    read = reader(aws, "rds.DescribeDBInstances")
    read.call("rds.DescribeDBInstances")
    client = read._clients.get(read._principal.session, "rds", "eu-west-1", "DescribeDBClusters")
    with read._under(read._permit), pytest.raises(UndeclaredCallError, match="did not declare rds"):
        client.describe_db_clusters()
    assert len(aws.calls) == 1


def test_between_two_pages_nothing_is_permitted(aws: Cloud) -> None:
    aws.serve("rds.DescribeDBInstances", INSTANCES)
    read = reader(aws, "rds.DescribeDBInstances")
    pages = read.pages("rds.DescribeDBInstances", "DBInstances")
    next(pages)
    client = read._clients.get(read._principal.session, "rds", "eu-west-1")
    with pytest.raises(UndeclaredCallError):
        client.describe_db_instances()


# Names and places.


def test_names_are_those_of_the_place(aws: Cloud) -> None:
    read = reader(aws, "rds.DescribeDBInstances")
    assert read.arn("rds", "db:orders") == "arn:aws:rds:eu-west-1:123456789012:db:orders"
    assert read.uid("aws.region", "eu-west-1") == "aws:123456789012:eu-west-1:aws.region:eu-west-1"
    overall = reader(aws, "iam.ListUsers", region="global")
    assert overall.arn("iam", "root") == "arn:aws:iam::123456789012:root"


def test_the_account_is_asked_in_the_partitions_main_region_and_elsewhere_when_told(aws: Cloud) -> None:
    read = reader(aws, "rds.DescribeDBInstances", region="global")
    read.call("rds.DescribeDBInstances")
    read.call("rds.DescribeDBInstances", in_region="eu-north-1")
    assert [region for _, region in aws.calls] == ["us-east-1", "eu-north-1"]


def test_the_accounts_home_is_the_first_region_that_the_target_names(aws: Cloud) -> None:
    assert reader(aws, "rds.DescribeDBInstances", region="global").home == "eu-west-1"
    everywhere = aws.connect("all")
    place = next(iter(everywhere.places()))
    assert everywhere.reader(place, declared("rds.DescribeDBInstances")).home == "us-east-1"


def test_s3_control_reaches_an_endpoint_that_is_an_address(aws: Cloud) -> None:
    read = reader(aws, "s3control.GetPublicAccessBlock", region="global")
    absent = ("NoSuchPublicAccessBlockConfiguration",)
    assert read.call("s3control.GetPublicAccessBlock", absent=absent, AccountId=aws.account) is None
    assert aws.calls == [("s3control.GetPublicAccessBlock", "us-east-1")]
