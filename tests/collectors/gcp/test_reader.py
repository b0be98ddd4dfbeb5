"""The passes: what is an answer and what is none, page by page, and that nothing undeclared ever leaves."""

from collections.abc import Iterator
from typing import Any

import pytest

from collectors.gcp.client import Patience
from collectors.gcp.reader import Reader
from collectors.source import Place, Source, UndeclaredCallError, UnreadError
from evidence_store.records import Scope, Unread, Why
from tests.collectors.gcp.assets import BUCKET, INSTANCE, machine
from tests.collectors.gcp.cloud import Cloud
from tests.collectors.gcp.estate import RAW
from tests.collectors.gcp.gathering import Gathered, gather

RESOURCE = "cloudasset.ListAssets RESOURCE"
LIST = "cloudasset.assets.listResource"
SECRET = "secretmanager.googleapis.com/Secret"


def buckets(gcp: Cloud, count: int, project: str = "shop") -> list[str]:
    return [gcp.add(BUCKET, f"{project}-{n}", {"name": f"{project}-{n}"}, project) for n in range(count)]


def found_buckets(gathered: Gathered) -> list[str]:
    return sorted(gathered.facts("gcp.storage.bucket"))


# Pages.


def test_every_page_is_read_and_every_request_counted(gcp: Cloud) -> None:
    expected = buckets(gcp, 5) + buckets(gcp, 2, "lab")
    found = gather(gcp.connect(), BUCKET)
    assert found_buckets(found) == sorted(expected)
    of_pass = [asked for asked in gcp.asked if asked.asset_types == (BUCKET,)]
    assert [asked.token.partition("-")[0] for asked in of_pass] == ["", "2", "4", "6"]
    assert sum(s.calls for s in found.snapshots(BUCKET).values()) == 4


def test_each_asset_goes_to_the_project_that_it_belongs_to(gcp: Cloud) -> None:
    (mine,), (theirs,) = buckets(gcp, 1), buckets(gcp, 1, "lab")
    sink = gcp.add("logging.googleapis.com/LogSink", "sinks/all", {"name": "all", "destination": "d"}, None)
    found = gather(gcp.connect(), BUCKET, "logging.googleapis.com/LogSink")
    assert [found.account_of(uid) for uid in (mine, theirs, sink)] == ["shop", "lab", gcp.organization]


def test_an_asset_without_ancestors_is_placed_by_its_name(gcp: Cloud) -> None:
    by_number = gcp.add(SECRET, "a", {"name": "a"}, ancestors=())
    by_id = gcp.add(INSTANCE, "b", machine("b"), ancestors=())
    above = gcp.add("logging.googleapis.com/LogSink", "sinks/all", {"name": "a", "destination": "d"}, None, ancestors=())
    found = gather(gcp.connect("organizations/123456789012"), SECRET, INSTANCE, "logging.googleapis.com/LogSink")
    assert found.incomplete == set()
    placed = {uid: found.account_of(uid) for uid in (by_number, by_id, above)}
    assert placed == {by_number: "shop", by_id: "shop", above: gcp.organization}


def test_an_asset_that_nothing_places_leaves_its_type_incomplete_everywhere_and_no_other(gcp: Cloud) -> None:
    gcp.add(BUCKET, "somewhere", {"name": "somewhere"}, ancestors=())
    gcp.add(INSTANCE, "vm", machine("vm"))
    found = gather(gcp.connect(), BUCKET, INSTANCE)
    assert found.reason(BUCKET) == Unread(Why.UNEXPECTED, LIST, "an asset that belongs to no project")
    assert found.presence(INSTANCE) == {"complete"}


def test_what_belongs_to_a_project_that_is_being_deleted_is_left_to_its_end(gcp: Cloud) -> None:
    gcp.estate.project("gone", "444444444444", state="DELETE_REQUESTED")
    buckets(gcp, 1, "gone")
    found = gather(gcp.connect(), BUCKET)
    assert (found_buckets(found), found.incomplete) == ([], set())


def test_every_pass_asks_for_the_moment_of_the_first_answer(gcp: Cloud) -> None:
    gather(gcp.connect())
    first, *later = [asked for asked in gcp.asked if not asked.token]
    assert first.read_time == ""
    assert {asked.read_time for asked in later} == {"2026-05-04T12:00:00Z"}


def test_of_two_types_with_one_name_no_policy_hides_the_other(gcp: Cloud) -> None:
    name = "//cloudfunctions.googleapis.com/projects/shop/locations/europe-west1/functions/pay"
    public = {"bindings": [{"role": "roles/cloudfunctions.invoker", "members": ["allUsers"]}]}
    gcp.add("cloudfunctions.googleapis.com/CloudFunction", name, iam=public)
    gcp.add("cloudfunctions.googleapis.com/Function", name, iam={"bindings": []})
    found = gather(gcp.connect(), "IAM_POLICY")
    assert found.presence("IAM_POLICY") == {"complete"}
    assert {uid: len(facts["bindings"]) for uid, facts in found.facts("gcp.iam.policy").items()} == {
        name: 1,
        f"{name}#Function": 0,
    }


def test_the_pages_of_a_listing_are_asked_for_as_the_listing_was_begun(gcp: Cloud) -> None:
    expected = buckets(gcp, 5)
    assert found_buckets(gather(gcp.connect(), BUCKET)) == expected
    assert {asked.answered for asked in gcp.asked} == {"OK"}


# Denied, and the other reasons why there is no answer.


@pytest.mark.parametrize(
    ("content", "permission", "source"),
    [
        ("RESOURCE", "listResource", BUCKET),
        ("IAM_POLICY", "listIamPolicy", "IAM_POLICY"),
        ("ORG_POLICY", "listOrgPolicy", "ORG_POLICY"),
        ("OS_INVENTORY", "listOSInventories", "OS_INVENTORY"),
    ],
)
def test_a_denial_of_one_kind_of_content_names_its_permission(gcp: Cloud, content: str, permission: str, source: str) -> None:
    connection = gcp.connect("projects/shop")
    gcp.deny(f"cloudasset.assets.{permission}")
    found = gather(connection, BUCKET, "IAM_POLICY", "ORG_POLICY", "OS_INVENTORY")
    assert found.reason(source) == Unread(Why.DENIED, f"cloudasset.assets.{permission}", "IAM_PERMISSION_DENIED")
    assert found.incomplete == {("shop", source)}


def test_with_nothing_allowed_nothing_was_read_and_each_source_says_why(gcp: Cloud) -> None:
    buckets(gcp, 1)
    gcp.deny_all()
    found = gather(gcp.connect())
    assert {str(s.presence) for s in found.collection.snapshots} == {"failed"}
    assert {s.reason.why for s in found.collection.snapshots if s.reason} == {Why.DENIED}
    assert {s.reason is None for s in found.collection.snapshots} == {False}


def test_a_perimeter_is_told_without_its_identifier(gcp: Cloud) -> None:
    gcp.garble("cloudasset.ListAssets IAM_POLICY", "perimeter")
    reason = gather(gcp.connect(), "IAM_POLICY").reason("IAM_POLICY")
    assert reason == Unread(Why.DENIED, "cloudasset.assets.listIamPolicy", "by a perimeter of VPC Service Controls")


@pytest.mark.parametrize("how", ["throttled", "unavailable", "internal"])
def test_what_may_pass_is_asked_again_and_counted(gcp: Cloud, how: str) -> None:
    expected = buckets(gcp, 3)
    connection = gcp.connect()
    connection.places()
    gcp.asked.clear()
    gcp.garble(RESOURCE, how, times=2, after=1, more="0.01")
    found = gather(connection, BUCKET)
    assert found_buckets(found) == expected
    assert found.presence(BUCKET) == {"complete"}
    of_pass = [asked for asked in gcp.asked if asked.asset_types == (BUCKET,)]
    assert len(of_pass) == sum(s.calls for s in found.snapshots(BUCKET).values()) == 4


@pytest.mark.parametrize(
    ("how", "why"), [("throttled", Why.THROTTLED), ("unavailable", Why.UNREACHABLE), ("internal", Why.UNREACHABLE)]
)
def test_half_of_a_listing_is_never_the_whole(gcp: Cloud, how: str, why: Why) -> None:
    buckets(gcp, 4)
    gcp.garble(RESOURCE, how, after=1, more="0.01")
    found = gather(gcp.connect("projects/shop"), BUCKET)
    assert found.snapshots(BUCKET)["shop"].count == 4  # two buckets, and their lists of access
    assert (found.presence(BUCKET), found.reason(BUCKET).why) == ({"partial"}, why)
    assert len([asked for asked in gcp.asked if asked.token]) == 4


def test_without_a_word_on_how_long_to_wait_the_waits_grow(gcp: Cloud) -> None:
    expected = buckets(gcp, 1)
    gcp.throttle(RESOURCE, times=2, wait=None)
    assert found_buckets(gather(gcp.connect(), BUCKET)) == expected


def test_a_wait_that_is_longer_than_all_patience_is_not_begun(gcp: Cloud) -> None:
    gcp.throttle("cloudasset.ListAssets IAM_POLICY", wait=3600)
    found = gather(gcp.connect(), "IAM_POLICY")
    assert found.reason("IAM_POLICY").why is Why.THROTTLED
    assert gcp.calls.count("cloudasset.ListAssets IAM_POLICY") == 1


def test_an_answer_that_does_not_come_ends_in_time(gcp: Cloud) -> None:
    gcp.garble("cloudasset.ListAssets IAM_POLICY", "deadline", more="3")
    hasty = Patience(seconds=1, attempts=2, altogether=10, first_wait=0.01)  # enough for what is answered
    reason = gather(gcp.connect(patience=hasty), "IAM_POLICY").reason("IAM_POLICY")
    assert reason == Unread(Why.TIMEOUT, "cloudasset.assets.listIamPolicy", "DEADLINE_EXCEEDED")


@pytest.mark.parametrize("how", ["data loss", "not found", "invalid"])
def test_a_status_that_says_nothing_we_know_is_unexpected_and_asked_once(gcp: Cloud, how: str) -> None:
    gcp.garble("cloudasset.ListAssets IAM_POLICY", how)
    assert gather(gcp.connect(), "IAM_POLICY").reason("IAM_POLICY").why is Why.UNEXPECTED
    assert gcp.calls.count("cloudasset.ListAssets IAM_POLICY") == 1


# Odd answers.


def test_an_answer_that_is_no_message_is_unexpected_and_not_asked_for_again(gcp: Cloud) -> None:
    gcp.garble("cloudasset.ListAssets IAM_POLICY", "garbage")
    found = gather(gcp.connect(), "IAM_POLICY")
    expected = Unread(Why.UNEXPECTED, "cloudasset.assets.listIamPolicy", "an answer that cannot be read")
    assert found.reason("IAM_POLICY") == expected
    assert gcp.calls.count("cloudasset.ListAssets IAM_POLICY") == 1


def test_a_token_that_comes_again_is_no_endless_listing(gcp: Cloud) -> None:
    buckets(gcp, 3)
    connection = gcp.connect("projects/shop")
    gcp.garble(RESOURCE, "repeated token")
    found = gather(connection, BUCKET)
    assert found.reason(BUCKET) == Unread(Why.UNEXPECTED, LIST, "a page token that came before")
    assert len(gcp.calls) < 8


@pytest.mark.parametrize("times", [1, 2])
def test_a_token_that_no_longer_holds_starts_the_listing_again_without_giving_twice(gcp: Cloud, times: int) -> None:
    expected = buckets(gcp, 5)
    connection = gcp.connect("projects/shop")
    gcp.garble(RESOURCE, "expired token", times=times, after=1)
    found = gather(connection, BUCKET)
    assert (found_buckets(found), found.presence(BUCKET)) == (expected, {"complete"})


def test_a_listing_is_started_again_twice_and_no_more(gcp: Cloud) -> None:
    buckets(gcp, 5)
    connection = gcp.connect("projects/shop")
    gcp.garble(RESOURCE, "expired token", after=1)
    found = gather(connection, BUCKET)
    assert found.reason(BUCKET) == Unread(Why.UNEXPECTED, LIST, "INVALID_ARGUMENT")
    assert found.presence(BUCKET) == {"partial"}
    assert len([asked for asked in gcp.asked if asked.asset_types == (BUCKET,)]) == 6


def test_a_type_that_the_service_does_not_know_is_left_out_and_the_rest_goes_on(gcp: Cloud) -> None:
    expected = buckets(gcp, 3)
    gcp.unsupported = {SECRET, "apikeys.googleapis.com/Key"}
    found = gather(gcp.connect(), BUCKET, SECRET, INSTANCE, "apikeys.googleapis.com/Key")
    assert found_buckets(found) == expected
    assert found.presence(BUCKET) == found.presence(INSTANCE) == {"complete"}
    assert found.reason(SECRET) == Unread(Why.UNSUPPORTED, LIST, f"for {SECRET}")
    assert len([asked for asked in gcp.asked if asked.answered == "INVALID_ARGUMENT"]) == 3


def test_a_type_that_the_service_does_not_know_is_told_where_it_is_the_only_one(gcp: Cloud) -> None:
    gcp.unsupported = {SECRET}
    assert gather(gcp.connect(), SECRET).reason(SECRET).why is Why.UNSUPPORTED


def test_a_question_that_is_refused_whatever_the_type_blames_no_type(gcp: Cloud) -> None:
    connection = gcp.connect("projects/shop")
    tuple(connection.places())
    gcp.asked.clear()
    gcp.garble(RESOURCE, "invalid", times=4)
    reader = connection.reader(Place(Scope("gcp", "shop")), declared(RESOURCE))
    with pytest.raises(UnreadError, match=r"listResource gave an answer of unexpected shape \(INVALID_ARGUMENT\)"):
        list(reader.items("RESOURCE", (BUCKET, SECRET)))
    assert len(gcp.asked) == 4


def test_projects_that_the_service_refuses_to_list_leave_the_root_incomplete(gcp: Cloud) -> None:
    gcp.unsupported = {"cloudresourcemanager.googleapis.com/Project"}
    found = gather(gcp.connect(), BUCKET)
    assert (found.accounts, found.reason(BUCKET)) == ([gcp.organization], Unread(Why.UNEXPECTED, LIST, "INVALID_ARGUMENT"))


def spoilt(gcp: Cloud, uid: str, /, **changes: Any) -> None:
    """An asset with some of its own fields replaced, or taken away."""
    asset = gcp.estate.get("RESOURCE", uid)
    for field, value in changes.items():
        if value is None:
            asset.ClearField(field)
        else:
            setattr(asset, field, value)


def test_an_asset_without_a_name_leaves_its_type_incomplete_and_the_rest_stands(gcp: Cloud) -> None:
    first, second, _ = buckets(gcp, 3)
    spoilt(gcp, "//storage.googleapis.com/shop-2", name=None)
    found = gather(gcp.connect(), BUCKET, INSTANCE)
    assert found_buckets(found) == [first, second]
    assert found.reason(BUCKET) == Unread(Why.UNEXPECTED, LIST, "an asset without a name")
    assert found.presence(INSTANCE) == {"complete"}


def test_an_asset_without_a_type_may_be_any(gcp: Cloud) -> None:
    buckets(gcp, 1)
    spoilt(gcp, "//storage.googleapis.com/shop-0", asset_type=None)
    gcp.estate.assets["IAM_POLICY"] = dict(gcp.estate.assets["RESOURCE"])
    found = gather(gcp.connect(), "IAM_POLICY")
    assert found.presence("IAM_POLICY") == {"complete"}  # there the content says what it is


@pytest.mark.parametrize("missing", ["resource", "data"])
def test_an_asset_without_its_data_is_unread_itself_and_the_rest_goes_on(gcp: Cloud, missing: str) -> None:
    good, bad = buckets(gcp, 2)
    asset = gcp.estate.get("RESOURCE", bad)
    asset.ClearField("resource") if missing == "resource" else asset.resource.ClearField("data")
    found = gather(gcp.connect(), BUCKET)
    assert found_buckets(found) == [good]
    assert found.unread(bad) == Unread(Why.UNEXPECTED, LIST, "an asset without its data")
    assert found.presence(BUCKET) == {"complete"}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_makes_its_own_resource_unread(gcp: Cloud, number: float) -> None:
    good, bad = buckets(gcp, 2)
    gcp.estate.get("RESOURCE", bad).resource.data.fields["retentionPolicy"].struct_value.fields["x"].number_value = number
    found = gather(gcp.connect(), BUCKET)
    assert found_buckets(found) == [good]
    assert found.unread(bad) == Unread(Why.UNEXPECTED, LIST, "a value that is no number")


def test_a_new_field_changes_nothing(gcp: Cloud) -> None:
    (uid,) = buckets(gcp, 1)
    before = gather(gcp.connect(), BUCKET).facts("gcp.storage.bucket")[uid]
    gcp.add(BUCKET, "shop-0", {"name": "shop-0", "quantumSafe": True})
    gcp.garble(RESOURCE, "new field")
    assert gather(gcp.connect(), BUCKET).facts("gcp.storage.bucket")[uid] == before


def test_the_same_asset_on_two_pages_is_given_once(gcp: Cloud) -> None:
    first, *_ = buckets(gcp, 3)
    of_content = gcp.estate.assets["RESOURCE"]
    of_content["again"] = RAW.FromString(gcp.estate.get("RESOURCE", first).SerializeToString())
    found = gather(gcp.connect(), BUCKET)
    assert (len(found_buckets(found)), found.presence(BUCKET)) == (3, {"complete"})


# What may leave.


def declared(*calls: str) -> Source:
    return Source("a reading", "gcp", "account", (), calls, (), nothing)


def nothing(_: Reader) -> Iterator[Any]:
    return iter(())


def test_a_source_cannot_ask_for_content_that_it_did_not_declare(gcp: Cloud) -> None:
    connection = gcp.connect()
    tuple(connection.places())
    gcp.asked.clear()
    reader = connection.reader(Place(Scope("gcp", gcp.organization)), declared(RESOURCE))
    with pytest.raises(UndeclaredCallError, match=r"a reading did not declare .*IAM_POLICY"):
        list(reader.items("IAM_POLICY", ()))
    assert (gcp.asked, reader.calls) == ([], 0)


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("list_assets", {"parent": "organizations/123456789012"}),
        ("search_all_iam_policies", {"scope": "organizations/123456789012"}),
        ("delete_feed", {"name": "organizations/123456789012/feeds/a"}),
        ("export_assets", {"parent": "organizations/123456789012"}),
    ],
)
def test_a_call_through_the_client_itself_is_refused_before_it_leaves(
    gcp: Cloud, method: str, request_: dict[str, str]
) -> None:
    connection = gcp.connect()
    with pytest.raises(UndeclaredCallError, match="was tried outside of a source"):
        getattr(connection._assets.sdk, method)(request=request_)
    assert (gcp.asked, gcp.issuer.asked) == ([], [])


def test_a_call_that_is_no_reading_cannot_be_declared() -> None:
    from collectors.source import source

    for call in ("cloudasset.DeleteFeed", "cloudasset.ExportAssets", "cloudasset.ListAssets", "storage.SetIamPolicy"):
        with pytest.raises(KeyError):
            source(call, level="account", yields=[])(_of_this_provider)


def _of_this_provider(_: Reader) -> Iterator[Any]:
    return iter(())


_of_this_provider.__module__ = "collectors.gcp.elsewhere"
