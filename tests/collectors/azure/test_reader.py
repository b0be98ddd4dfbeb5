"""Requests: refused when undeclared, waited for when throttled, translated when they fail."""

from typing import Any

import pytest

from collectors.azure.client import call_of
from collectors.permit import under
from collectors.source import NotEnabledError, Source, UndeclaredCallError, UnreadError, sources
from evidence_store.records import Presence, Unread, Why
from tests.collectors.azure.cloud import GROUP, PROD, TENANT, TEST, Cloud
from tests.collectors.azure.collecting import DIAGNOSTICS, collect, reader, reason, snapshots

LIST = f"/subscriptions/{PROD}/providers/Microsoft.Insights/diagnosticSettings"
VERSION = "2021-05-01-preview"


# What is not declared does not leave.


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/subscriptions/{PROD}/resources"),
        ("GET", f"/subscriptions/{PROD}/providers/Microsoft.Insights/diagnosticSettings/x/secrets"),
        ("PUT", f"{LIST}/export"),
        ("DELETE", f"{LIST}/export"),
        ("PATCH", f"{LIST}/export"),
        ("HEAD", f"{LIST}/export"),
        ("POST", f"/subscriptions/{PROD}/resourceGroups/main/providers/Microsoft.Storage/storageAccounts/s/listKeys"),
        ("POST", f"/subscriptions/{PROD}/providers/Microsoft.Insights/register"),
        ("POST", "/providers/Microsoft.ResourceGraph/resources"),
    ],
)
def test_a_call_that_the_source_did_not_declare_is_refused_before_it_leaves(azure: Cloud, method: str, path: str) -> None:
    from azure.core.rest import HttpRequest

    connection = azure.connect()
    read = reader(connection)
    before = len(azure.calls)
    body: dict[str, Any] = {"json": {"query": "resources | project id"}} if method == "POST" else {}
    with under(read.asking.permit), pytest.raises(UndeclaredCallError):
        connection._client.send_request(HttpRequest(method, path, params={"api-version": VERSION}, **body))
    assert len(azure.calls) == before
    assert read.calls == 0


def test_a_client_used_outside_of_any_source_is_refused(azure: Cloud) -> None:
    from azure.core.rest import HttpRequest

    connection = azure.connect()
    with pytest.raises(UndeclaredCallError, match="outside of a source"):
        connection._client.send_request(HttpRequest("GET", LIST, params={"api-version": VERSION}))
    with pytest.raises(UndeclaredCallError, match="outside of a source"):
        list(connection._client.resources.list())
    assert [c for c in azure.calls if c.name != "token"] == []


def test_the_token_goes_to_no_other_host(azure: Cloud) -> None:
    azure.add("Microsoft.Insights/diagnosticSettings", "export")
    read = reader(azure.connect())
    azure.garble(DIAGNOSTICS, "offsite")
    with pytest.raises(UnreadError) as raised:
        list(read.items(LIST, VERSION))
    assert raised.value.unread.why is Why.UNEXPECTED


@pytest.mark.parametrize(
    ("method", "url", "body", "call"),
    [
        ("GET", "https://h/subscriptions?api-version=1", None, "arm.Microsoft.Resources/subscriptions"),
        ("GET", f"https://h/subscriptions/{PROD}", None, "arm.Microsoft.Resources/subscriptions"),
        ("GET", f"/subscriptions/{PROD}/resources", None, "arm.Microsoft.Resources/subscriptions/resources"),
        ("GET", "/subscriptions/s/resourceGroups/g/providers/A.B/c/d/e", None, "arm.A.B/c/e"),
        ("GET", "/subscriptions/s/providers/A.B/c/d/providers/E.F/g", None, "arm.E.F/g"),
        ("POST", "/providers/Microsoft.ResourceGraph/resources", '{"query": "Resources | take 1"}', "resourcegraph.resources"),
        ("POST", "/providers/Microsoft.ResourceGraph/resources", "not JSON", "resourcegraph."),
        ("POST", "/subscriptions/s/providers/A.B/c/d/listKeys", None, None),
        ("PUT", "/subscriptions/s", None, None),
    ],
)
def test_a_call_is_named_by_what_it_reads(method: str, url: str, body: str | None, call: str | None) -> None:
    assert call_of(method, url, body) == call


def test_no_source_declares_a_call_that_is_no_read() -> None:
    for source in sources("azure"):
        assert source.calls
        for call in source.calls:
            assert call.startswith(("arm.Microsoft.", "resourcegraph."))
            assert "listkeys" not in call.lower()


# Refusals.


def test_a_denied_read_names_the_action(azure: Cloud) -> None:
    azure.deny("Microsoft.Insights/diagnosticSettings/read")
    found = snapshots(azure.connect(), DIAGNOSTICS)
    assert found[PROD].reason == Unread(Why.DENIED, "Microsoft.Insights/diagnosticSettings/read", "AuthorizationFailed")
    assert found[TENANT].presence is Presence.COMPLETE  # a tenant has no activity log of this kind


@pytest.mark.parametrize(
    "source", [s for s in sources("azure") if s.bulk is None and s.parent is not None], ids=lambda s: s.name
)
def test_a_denied_setting_is_unread_for_each_parent_and_names_its_action(azure: Cloud, source: Source) -> None:
    server = azure.add("Microsoft.Sql/servers", "server")
    azure.add(f"{server}/databases/orders")
    azure.add("Microsoft.Storage/storageAccounts", "store")
    azure.add("Microsoft.DBforPostgreSQL/flexibleServers", "postgres")
    listing = next(s for s in sources("azure") for f in s.yields if f.lists and f.type == source.parent)
    (action,) = source.permissions
    azure.deny(action)
    seen = collect(azure.connect(), listing.name, source.name)
    unread = [u for s in seen.snapshots[source.name] for u in s.unread]
    assert [(u.unread.why, u.unread.action) for u in unread] == [(Why.DENIED, action)]
    assert {s.presence for s in seen.snapshots[listing.name]} == {Presence.COMPLETE}


@pytest.mark.parametrize(
    ("status", "code", "why"),
    [
        (401, "InvalidAuthenticationToken", Why.CREDENTIALS),
        (403, "AuthorizationFailed", Why.DENIED),
        (403, "", Why.DENIED),
        (404, "SubscriptionNotFound", Why.DENIED),
        (404, "ResourceNotFound", Why.VANISHED),
        (400, "InvalidApiVersionParameter", Why.UNSUPPORTED),
        (400, "SomethingNew", Why.UNEXPECTED),
        (302, "", Why.UNEXPECTED),
        (500, "InternalServerError", Why.UNREACHABLE),
        (503, "", Why.UNREACHABLE),
        (429, "TooManyRequests", Why.THROTTLED),
    ],
)
def test_a_refusal_means_what_its_code_says(azure: Cloud, status: int, code: str, why: Why) -> None:
    read = reader(azure.connect())
    azure.fail(DIAGNOSTICS, status, code)
    with pytest.raises(UnreadError) as raised:
        list(read.items(LIST, VERSION))
    assert raised.value.unread.why is why
    assert raised.value.unread.detail == (code or str(status))


def test_a_service_that_is_not_registered_is_an_answer(azure: Cloud) -> None:
    azure.fail(DIAGNOSTICS, 409, "MissingSubscriptionRegistration")
    with pytest.raises(NotEnabledError):
        list(reader(azure.connect()).items(LIST, VERSION))
    assert {s.presence for s in snapshots(azure.connect(), DIAGNOSTICS).values()} == {Presence.COMPLETE}
    assert not [c for c in azure.calls if c.path.endswith("/register")]


@pytest.mark.parametrize("how", ["html", "truncated", "empty", "array", "no_list", "endless"])
def test_an_odd_list_is_not_believed(azure: Cloud, how: str) -> None:
    azure.add("Microsoft.Insights/diagnosticSettings", "export")
    connection = azure.connect()
    azure.garble(DIAGNOSTICS, how)
    assert "unexpected shape" in reason(connection, DIAGNOSTICS, PROD)


def test_a_list_is_read_to_its_last_page(azure: Cloud) -> None:
    for number in range(5):
        azure.add("Microsoft.Insights/diagnosticSettings", f"export{number}")
    read = reader(azure.connect())
    assert len(list(read.items(LIST, VERSION))) == 5
    assert read.calls == 3


def test_a_malformed_item_of_a_list_is_unread_and_the_others_go_on(azure: Cloud) -> None:
    azure.add("Microsoft.Insights/diagnosticSettings", "good")
    bad = azure.add("Microsoft.Insights/diagnosticSettings", "bad", properties={"logs": "all"})
    found = snapshots(azure.connect(), DIAGNOSTICS)[PROD]
    assert found.presence is Presence.COMPLETE
    assert found.count == 1
    assert [u.uid for u in found.unread] == [bad.lower()]


def test_an_id_without_its_first_slash_is_the_same_id(azure: Cloud) -> None:
    id_ = azure.add("Microsoft.Insights/diagnosticSettings", "export")
    azure.resources[id_.lower()]["id"] = id_.lstrip("/")
    (uid,) = collect(azure.connect(), DIAGNOSTICS).facts("azure.insights.diagnostic_setting")
    assert uid == id_.lower()


# What a tenant and a subscription say of themselves.


def test_a_tenant_and_its_subscriptions_always_exist(azure: Cloud) -> None:
    seen = collect(azure.connect(), "arm.Microsoft.Resources/tenants", "arm.Microsoft.Resources/subscriptions")
    assert list(seen.facts("azure.tenant")) == [f"/tenants/{TENANT}"]
    subscriptions = seen.facts("azure.subscription")
    assert sorted(subscriptions) == [f"/subscriptions/{PROD}", f"/subscriptions/{TEST}"]
    assert subscriptions[f"/subscriptions/{PROD}"]["displayName"] == "prod"


def test_everything_in_a_subscription_is_believed_only_of_a_caller_who_reads_every_type(azure: Cloud) -> None:
    azure.add("Microsoft.Compute/virtualMachines", "m", tags={"owner": "a"})
    everything = "arm.Microsoft.Resources/subscriptions/resources"
    assert len(collect(azure.connect(), everything).facts("azure.resource")) == 1
    azure.deny("Microsoft.Network/loadBalancers/read", account=PROD)
    found = snapshots(azure.connect(), everything)
    assert str(found[PROD].reason).startswith("*/read was denied")
    assert found[TEST].presence is Presence.COMPLETE


def test_a_target_of_a_group_asks_what_it_may_read_there(azure: Cloud) -> None:
    list(azure.connect(management_group=GROUP).places())
    asked = [c.path for c in azure.asked("arm.Microsoft.Authorization/permissions")]
    assert any(f"managementGroups/{GROUP}/" in path for path in asked)
