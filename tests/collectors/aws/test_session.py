"""Connecting: which accounts and regions a target reaches, as whom, and what is said of those it does not reach."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from collectors.aws import PROVIDER, AwsTarget
from collectors.aws.clients import KEPT, Clients, new_session
from collectors.source import NotEnabledError, Place, UnreadError
from evidence_store.records import Scope, Why
from tests.collectors.aws.overlay import PASS_ON, Cloud, Refuse
from tests.collectors.aws.test_reader import declared
from tests.harness import look

MEMBER = "222222222222"
CLOSED = "333333333333"


def scopes(places: Any) -> list[str]:
    return [f"{place.scope.account}/{place.scope.region}" for place in places]


def the_role_is_missing_in(aws: Cloud, account: str) -> None:
    def assume(params: dict[str, Any], *_: str) -> Any:
        if account in params["RoleArn"]:
            raise Refuse("AccessDenied", "User is not authorized to perform: sts:AssumeRole", 403)
        return PASS_ON

    aws.serve("sts.AssumeRole", assume)


# Places.


def test_one_account_has_a_global_place_and_one_for_each_region_named(aws: Cloud) -> None:
    places = list(aws.connect(("eu-west-1", "eu-north-1")).places())
    assert scopes(places) == ["123456789012/global", "123456789012/eu-west-1", "123456789012/eu-north-1"]
    assert {place.principal for place in places} == {"arn:aws:sts::123456789012:user/moto"}
    assert aws.calls == [("sts.GetCallerIdentity", "eu-west-1")]


def test_all_regions_are_those_enabled(aws: Cloud) -> None:
    aws.serve("ec2.DescribeRegions", {"Regions": [{"RegionName": "us-east-1"}, {"RegionName": "eu-west-1"}]})
    assert scopes(aws.connect("all").places()) == ["123456789012/global", "123456789012/eu-west-1", "123456789012/us-east-1"]


def test_regions_that_may_not_be_listed_are_one_failed_place_and_the_account_is_still_read(aws: Cloud) -> None:
    aws.deny("ec2:DescribeRegions")
    overall, regions = aws.connect("all").places()
    assert (overall.failed, regions.scope.region) == (None, "all")
    assert regions.failed is not None
    assert (regions.failed.why, regions.failed.action) == (Why.DENIED, "ec2:DescribeRegions")


@pytest.mark.parametrize(("code", "why"), [("AccessDenied", Why.DENIED), ("ExpiredToken", Why.CREDENTIALS)])
def test_a_caller_that_is_refused_fails_the_target(aws: Cloud, code: str, why: Why) -> None:
    def refuse(*_: Any) -> Any:
        raise Refuse(code, status=403)

    aws.serve("sts.GetCallerIdentity", refuse)
    with pytest.raises(UnreadError) as caught:
        list(aws.connect().places())
    assert caught.value.unread.why is why


def test_no_credentials_and_a_profile_that_does_not_exist_fail_the_target(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for connection in (aws.connect(), aws.connect(profile="nowhere")):
        with pytest.raises(UnreadError) as caught:
            list(connection.places())
        assert caught.value.unread.why is Why.CREDENTIALS


def test_nobody_at_the_endpoint_fails_the_target(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(UnreadError) as caught:
        list(aws.connect().places())
    assert caught.value.unread.why is Why.UNREACHABLE


# Accounts.


def test_an_account_whose_role_cannot_be_taken_fails_alone(aws: Cloud) -> None:
    the_role_is_missing_in(aws, CLOSED)
    places = list(aws.connect(accounts=(aws.account, CLOSED, MEMBER), external_id="x").places())
    failed = [place for place in places if place.failed]
    assert scopes(failed) == [f"{CLOSED}/global", f"{CLOSED}/eu-west-1"]
    assert {(p.failed.why, p.failed.action) for p in failed if p.failed} == {(Why.DENIED, "sts:AssumeRole")}
    assert scopes(p for p in places if not p.failed) == [
        f"{aws.account}/global",
        f"{aws.account}/eu-west-1",
        f"{MEMBER}/global",
        f"{MEMBER}/eu-west-1",
    ]


def test_the_callers_own_account_needs_no_role(aws: Cloud) -> None:
    aws.deny("sts:AssumeRole")
    assert not any(place.failed for place in aws.connect(accounts=(aws.account,)).places())


def test_each_account_is_read_with_its_own_credentials(aws: Cloud) -> None:
    aws.client("s3").create_bucket(Bucket="ours", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    aws.client("s3", account=MEMBER).create_bucket(
        Bucket="theirs", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    connection = aws.connect(accounts=(aws.account, MEMBER))
    found = {
        place.scope.account: [
            b["Name"] for b in connection.reader(place, declared("s3.ListBuckets")).pages("s3.ListBuckets", "Buckets")
        ]
        for place in connection.places()
        if place.scope.region == "global"
    }
    assert found == {aws.account: ["ours"], MEMBER: ["theirs"]}


def test_the_external_id_and_the_name_of_the_role_are_given(aws: Cloud) -> None:
    asked: list[dict[str, Any]] = []

    def assume(params: dict[str, Any], *_: str) -> Any:
        asked.append(params)
        return PASS_ON

    aws.serve("sts.AssumeRole", assume)
    list(aws.connect(accounts=(MEMBER,), external_id="secret-handshake", role_name="audit/Reader").places())
    assert asked[0]["RoleArn"] == f"arn:aws:iam::{MEMBER}:role/audit/Reader"
    assert (asked[0]["ExternalId"], asked[0]["RoleSessionName"]) == ("secret-handshake", "annexa")


def test_a_role_arn_moves_the_target_to_the_roles_account(aws: Cloud) -> None:
    places = list(aws.connect(role_arn=f"arn:aws:iam::{MEMBER}:role/AnnexaReader").places())
    assert scopes(places) == [f"{MEMBER}/global", f"{MEMBER}/eu-west-1"]
    assert places[0].principal == f"arn:aws:sts::{MEMBER}:assumed-role/AnnexaReader/annexa"


def test_every_active_account_of_an_organization_is_a_place_on_all_pages(aws: Cloud) -> None:
    ids = [aws.account, MEMBER, CLOSED, "444444444444"]
    accounts = [{"Id": i, "State": "SUSPENDED" if i == CLOSED else "ACTIVE"} for i in ids]
    aws.serve("organizations.ListAccounts", {"Accounts": accounts})
    places = list(aws.connect(organization=True).places())
    assert [p.scope.account for p in places if p.scope.region == "global"] == [aws.account, MEMBER, "444444444444"]
    assert aws.calls.count(("organizations.ListAccounts", "us-east-1")) == 2


@pytest.mark.parametrize("state", ["SUSPENDED", None])
def test_an_organization_without_one_active_account_fails_the_target(aws: Cloud, state: str | None) -> None:
    accounts = [] if state is None else [{"Id": MEMBER, "Status": state, "State": state}]
    aws.serve("organizations.ListAccounts", {"Accounts": accounts})
    with pytest.raises(UnreadError, match="no active account in the organization"):
        list(aws.connect(organization=True).places())


def test_an_organization_that_may_not_be_listed_fails_the_target(aws: Cloud) -> None:
    aws.deny("organizations:ListAccounts")
    with pytest.raises(UnreadError, match="organizations:ListAccounts was denied"):
        list(aws.connect(organization=True).places())


def short_lived(*_: Any) -> dict[str, Any]:
    soon = datetime.now(UTC) + timedelta(seconds=30)  # well within the time in which the SDK must renew
    given = {"AccessKeyId": "ASIASHORTLIVEDKEY", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": soon}
    user = {"AssumedRoleId": "A:annexa", "Arn": f"arn:aws:sts::{MEMBER}:assumed-role/AnnexaReader/annexa"}
    return {"Credentials": given, "AssumedRoleUser": user}


def test_credentials_of_a_role_renew_themselves_before_they_expire(aws: Cloud) -> None:
    aws.serve("sts.AssumeRole", short_lived)
    connection = aws.connect(accounts=(MEMBER,))
    place = next(iter(connection.places()))
    read = connection.reader(place, declared("iam.ListUsers"))
    assert read.call("iam.ListUsers") is not None
    assert [call for call, _ in aws.calls].count("sts.AssumeRole") >= 2


def test_credentials_that_cannot_be_renewed_are_no_denial_of_the_call(aws: Cloud) -> None:
    aws.serve("sts.AssumeRole", short_lived)
    connection = aws.connect(accounts=(MEMBER,))
    place = next(iter(connection.places()))
    aws.deny("sts:AssumeRole")
    with pytest.raises(UnreadError) as caught:
        connection.reader(place, declared("iam.ListUsers")).call("iam.ListUsers")
    assert (caught.value.unread.why, caught.value.unread.action) == (Why.CREDENTIALS, "iam:ListUsers")


@pytest.mark.parametrize(
    ("call", "settings"),
    [("ec2.DescribeRegions", {"regions": "all"}), ("organizations.ListAccounts", {"organization": True})],
)
def test_an_odd_answer_about_places_is_unread_not_a_crash(aws: Cloud, call: str, settings: dict[str, Any]) -> None:
    aws.garble(call, b"<a><b/></a>" if call.startswith("ec2") else b"{}")
    try:
        failed = [place.failed for place in aws.connect(**settings).places() if place.failed]
    except UnreadError as error:
        failed = [error.unread]
    assert [unread.why for unread in failed] == [Why.UNEXPECTED]


def test_an_account_that_cannot_be_entered_leaves_its_checks_unknown_and_the_others_judged(aws: Cloud) -> None:
    the_role_is_missing_in(aws, CLOSED)
    seen = look(aws.connect(accounts=(aws.account, CLOSED)), "aws_s3_account_public_block", "aws_rds_encrypted")
    block = {finding.scope.account: finding for finding in seen.of("aws_s3_account_public_block")}
    assert block[aws.account].status == "fail"
    assert block[CLOSED].status == "unknown"
    assert block[CLOSED].reason.startswith("sts:AssumeRole was denied")
    assert [f.scope.account for f in seen.of("aws_rds_encrypted")] == [CLOSED]


# Clients.


def test_few_clients_are_kept_and_they_are_shared(aws: Cloud) -> None:
    clients, session = Clients("test"), new_session(None)
    assert clients.get(session, "rds", "eu-west-1") is clients.get(session, "rds", "eu-west-1")
    first = clients.get(session, "rds", "xx-test-0")
    for number in range(1, KEPT + 1):
        clients.get(session, "rds", f"xx-test-{number}")
    assert clients.get(session, "rds", "xx-test-0") is not first
    clients.close()


def test_a_service_that_a_region_does_not_offer_is_not_enabled_there(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = ".".join(["nowhere" * 6] * 6)[:254]  # longer than a name can be: no server of names is asked
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{nowhere}")
    clients, session = Clients("test"), new_session(None)
    offered = session.boto.get_available_regions("apprunner")
    elsewhere = next(region for region in session.boto.get_available_regions("ec2") if region not in offered)
    with pytest.raises(NotEnabledError, match=f"apprunner is not offered in {elsewhere}"):
        clients.get(session, "apprunner", elsewhere)
    assert clients.get(session, "apprunner", offered[0]) is not None


def test_a_region_that_the_sdk_does_not_know_yet_is_asked_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://nowhere.invalid")
    assert Clients("test").get(new_session(None), "rds", "eu-future-9") is not None


def test_a_client_knows_only_what_is_declared_and_learns_what_is_asked_of_it(aws: Cloud) -> None:
    clients, session = Clients("test"), new_session(None)
    rds = clients.get(session, "rds", "eu-west-1")
    assert {"DescribeDBInstances", "DescribeDBClusters"} <= set(rds.meta.service_model.operation_names)
    assert not hasattr(rds, "delete_db_instance")
    assert "describe_events" not in dir(rds)
    events = clients.get(session, "rds", "eu-west-1", "DescribeEvents")
    assert {"DescribeEvents", "DescribeDBInstances"} <= set(events.meta.service_model.operation_names)
    clients.close()


# Settings.


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"regions": "eu-west-1"}, 'regions: .* neither a list of region names nor "all"'),
        ({"regions": ["Ireland"]}, "regions: 'Ireland' is not the name of a region"),
        ({"regions": []}, "regions: name at least one region"),
        ({"regions": ["eu-west-1", "eu-west-1"]}, "regions: .* each one once"),
        ({"accounts": [123456789012]}, "accounts: .* twelve digits, in quotes"),
        ({"accounts": ["1"]}, "accounts: '1' is not an account id"),
        ({"accounts": "123456789012"}, "accounts: .* not a list"),
        ({"organization": "yes"}, "organization: 'yes' is neither true nor false"),
        ({"organization": True, "accounts": ["123456789012"]}, "accounts: leave it out"),
        ({"external_id": "x"}, "external_id: it goes with"),
        ({"role_arn": "AnnexaReader"}, "role_arn: .* is not the ARN of a role"),
        ({"role_name": "a b"}, "role_name: 'a b' is not the name of a role"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_by_the_name_of_their_key(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        AwsTarget(name="prod", **settings)


def test_settings_take_lists_as_a_configuration_file_gives_them() -> None:
    settings = AwsTarget(name="prod", regions=["eu-west-1"], accounts=["123456789012"])  # type: ignore[arg-type]  # as TOML
    assert (settings.regions, settings.accounts) == (("eu-west-1",), ("123456789012",))
    assert PROVIDER.settings is AwsTarget


def test_a_reader_of_a_failed_place_is_never_asked_for(aws: Cloud) -> None:
    connection = aws.connect()
    list(connection.places())
    with pytest.raises(KeyError):
        connection.reader(Place(Scope("aws", CLOSED)), declared("rds.DescribeDBInstances"))
