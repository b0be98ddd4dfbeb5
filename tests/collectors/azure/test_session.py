"""Signing in, and finding the subscriptions of a target."""

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from collectors.azure import AzureTarget
from collectors.source import UnreadError, sources
from evidence_store.records import Why
from tests.collectors.azure.cloud import CALLER, CLIENT, GROUP, PROD, SECRET, TENANT, TEST, Cloud
from tests.collectors.azure.collecting import MACHINES, collect, reason

ROOT = Path(__file__).parents[3]
STRANGE = "ffffffff-0000-4000-8000-00000000000f"


def failed(azure: Cloud, **settings: Any) -> UnreadError:
    connection = azure.connect(**settings)
    try:
        with pytest.raises(UnreadError) as raised:
            list(connection.places())
    finally:
        connection.close()
    return raised.value


def test_the_tenant_comes_first_then_every_subscription_with_who_asks(azure: Cloud) -> None:
    places = list(azure.connect().places())
    assert [place.scope.account for place in places] == [TENANT, PROD, TEST]
    assert {place.principal for place in places} == {f"{CLIENT} ({CALLER})"}
    assert all(place.failed is None and place.scope.region == "global" for place in places)


def test_a_target_of_one_subscription_reads_that_one(azure: Cloud) -> None:
    azure.add("Microsoft.Compute/virtualMachines", "here")
    azure.add("Microsoft.Compute/virtualMachines", "there", subscription=TEST)
    seen = collect(azure.connect(subscriptions=[PROD.upper()]), MACHINES)
    assert [uid.rsplit("/", 1)[-1] for uid in seen.facts("azure.compute.virtual_machine")] == ["here"]
    assert azure.asked("resourcegraph.resources")[0].body["subscriptions"] == [PROD]


def test_a_management_group_gives_the_subscriptions_below_it(azure: Cloud) -> None:
    assert [p.scope.account for p in azure.connect(management_group=GROUP).places()] == [TENANT, PROD, TEST]
    assert azure.asked("resourcegraph.resourcecontainers")[0].body["managementGroups"] == [GROUP]


def test_a_subscription_below_the_group_that_the_credential_is_not_shown_is_a_failed_place(azure: Cloud) -> None:
    azure.unlisted.add(TEST)
    places = {place.scope.account: place for place in azure.connect(management_group=GROUP).places()}
    assert list(places) == [TENANT, PROD, TEST]
    assert places[PROD].failed is None
    assert "not among the subscriptions that the credential sees" in str(places[TEST].failed)


def test_a_subscription_that_the_credential_does_not_see_is_a_failed_place_that_names_the_role(azure: Cloud) -> None:
    _, seen, unseen = azure.connect(subscriptions=[PROD, STRANGE]).places()
    assert seen.failed is None
    assert unseen.failed is not None
    assert unseen.failed.why is Why.DENIED
    assert "Reader" in str(unseen.failed)


def test_a_subscription_where_the_caller_has_no_role_fails_alone(azure: Cloud) -> None:
    azure.grants[TEST] = []
    azure.add("Microsoft.Compute/virtualMachines", "here")
    assert reason(azure.connect(), MACHINES, PROD) == ""
    assert "*/read was denied" in reason(azure.connect(), MACHINES, TEST)


@pytest.mark.parametrize("state", ["Disabled", "Deleted", "Expired"])
def test_a_subscription_out_of_service_is_left_out_unless_it_is_named(azure: Cloud, state: str) -> None:
    azure.states[TEST] = state
    assert [p.scope.account for p in azure.connect().places()] == [TENANT, PROD]
    named = list(azure.connect(subscriptions=[TEST]).places())[1]
    assert named.failed is not None
    assert state in str(named.failed)


@pytest.mark.parametrize("state", ["Warned", "PastDue"])
def test_a_subscription_whose_bill_is_late_is_still_read(azure: Cloud, state: str) -> None:
    azure.states[TEST] = state
    assert [p.scope.account for p in azure.connect().places()] == [TENANT, PROD, TEST]


def test_a_credential_that_sees_no_subscription_is_a_failed_target_and_no_empty_one(azure: Cloud) -> None:
    azure.deny_all()
    unread = failed(azure).unread
    assert (unread.why, unread.action) == (Why.DENIED, "Microsoft.Resources/subscriptions/read")
    collection = collect(azure.connect(), MACHINES).collections[0]
    assert collection.failed == unread


def test_no_credentials(azure: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"):
        monkeypatch.delenv(name)
    unread = failed(azure).unread
    assert (unread.why, unread.detail.partition(",")[0]) == (Why.CREDENTIALS, "none in the environment")
    assert azure.calls == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AZURE_TOKEN_CREDENTIALS", "Nonsense"),
        ("AZURE_AUTHORITY_HOST", "http://localhost"),
        ("AZURE_CLIENT_CERTIFICATE_PATH", "/nonexistent/certificate.pem"),
    ],
)
def test_an_environment_that_is_of_no_use_is_told_when_connecting(
    azure: Cloud, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.delenv("AZURE_CLIENT_SECRET")
    monkeypatch.setenv(name, value)
    with pytest.raises(UnreadError) as raised:
        list(azure.connect().places())
    assert raised.value.unread.why is Why.CREDENTIALS
    assert "/nonexistent" not in str(raised.value.unread)


@pytest.mark.parametrize("settings", [{}, {"ca_file": "/nonexistent/ca.pem"}])
def test_authorities_that_are_not_there_are_told(
    azure: Cloud, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent/ca.pem")
    assert failed(azure, **settings).unread.why in {Why.UNREACHABLE, Why.CREDENTIALS}


def test_a_wrong_secret_is_told_with_the_directorys_code_and_without_the_secret(
    azure: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "not-the-secret")
    unread = failed(azure).unread
    assert (unread.why, unread.detail) == (Why.CREDENTIALS, "AADSTS7000215")
    assert "not-the-secret" not in str(unread)


def test_neither_secret_nor_token_reaches_a_log(azure: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    azure.throttle("resourcegraph.resources", times=1, retry_after=0.01)
    with caplog.at_level(logging.DEBUG):
        connection = azure.connect()
        collect(connection, MACHINES)
        token = connection._credential.get_token(f"{azure.endpoint}/.default").token
    assert token.count(".") == 2
    for secret in (SECRET, token, token.split(".")[1]):
        assert secret not in caplog.text


def test_a_token_that_is_no_longer_good(azure: Cloud) -> None:
    azure.expired = True
    unread = failed(azure).unread
    assert (unread.why, unread.detail) == (Why.CREDENTIALS, "ExpiredAuthenticationToken")


def test_a_token_that_expires_while_reading_is_told_as_such(azure: Cloud) -> None:
    connection = azure.connect()
    places = list(connection.places())
    azure.expired = True
    machines = next(s for s in sources("azure") if s.name == MACHINES)
    assert machines.bulk is not None
    with pytest.raises(UnreadError) as raised:
        list(machines.bulk.read(connection.reader(places[0], machines), machines.takes))
    assert raised.value.unread.why is Why.CREDENTIALS


def test_a_certificate_that_nobody_here_trusts_is_unreachable_not_empty(azure: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    assert failed(azure).unread.why in {Why.UNREACHABLE, Why.CREDENTIALS}


def test_a_file_of_authorities_in_the_configuration_is_trusted(azure: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    ca = os.environ["REQUESTS_CA_BUNDLE"]
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    assert len(list(azure.connect(ca_file=ca).places())) == 3


def test_an_endpoint_that_does_not_answer_is_unreachable(azure: Cloud) -> None:
    assert failed(azure, endpoint="https://localhost:9").unread.why is Why.UNREACHABLE


def test_the_authority_can_stand_in_the_configuration(azure: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_AUTHORITY_HOST")
    assert len(list(azure.connect(authority=azure.endpoint).places())) == 3


def test_a_tenant_in_the_configuration_is_the_one_that_is_signed_in_to(azure: Cloud) -> None:
    assert next(iter(azure.connect(tenant=TENANT).places())).scope.account == TENANT


def test_a_credential_of_another_tenant_reads_nothing_there(azure: Cloud) -> None:
    azure.tenant_token = STRANGE
    assert failed(azure, tenant=TENANT).unread.why is Why.CREDENTIALS


def test_subscriptions_that_a_management_group_may_hide_are_a_failed_place_of_their_own(azure: Cloud) -> None:
    azure.grants[TENANT] = []
    *_, hidden = azure.connect(management_group=GROUP).places()
    assert hidden.scope.account == GROUP
    assert hidden.failed is not None
    assert (hidden.failed.why, hidden.failed.action) == (Why.DENIED, "Microsoft.Resources/subscriptions/read")


def test_a_list_of_subscriptions_is_read_to_its_last_page(azure: Cloud) -> None:
    azure.page = 1
    assert len(list(azure.connect().places())) == 3
    assert len(azure.asked("arm.Microsoft.Resources/subscriptions")) == 2


@pytest.mark.parametrize("how", ["html", "truncated", "empty", "array", "no_list", "endless", "offsite"])
def test_a_list_of_subscriptions_that_is_odd_is_not_believed(azure: Cloud, how: str) -> None:
    azure.garble("arm.Microsoft.Resources/subscriptions", how)
    assert failed(azure).unread.why is Why.UNEXPECTED


def test_settings_are_kept_in_one_spelling() -> None:
    target = AzureTarget(name="azure", subscriptions=(PROD.upper(),), endpoint="https://management.usgovcloudapi.net/")
    assert (target.subscriptions, target.endpoint) == ((PROD,), "https://management.usgovcloudapi.net")


def test_no_module_of_the_sdk_is_imported_before_a_target_is_connected_to() -> None:
    code = (
        "import sys; from collectors.source import provider, sources\n"
        "provider('azure'); sources('azure')\n"
        "print(sorted(m for m in sys.modules if m.partition('.')[0] in {'azure', 'msal', 'requests'}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"subscriptions": "prod"}, "subscriptions: 'prod' is neither"),
        ({"subscriptions": []}, "subscriptions: name at least one"),
        ({"subscriptions": ["prod"]}, "subscriptions: 'prod' is not the id"),
        ({"subscriptions": [PROD, PROD.upper()]}, "each one once"),
        ({"subscriptions": [PROD], "management_group": "mg"}, "subscriptions: leave it out"),
        ({"management_group": "a/b"}, "management_group: 'a/b'"),
        ({"tenant": "contoso"}, "tenant: 'contoso'"),
        ({"endpoint": "http://management.azure.com"}, "endpoint: "),
        ({"endpoint": "https://management.azure.com/x"}, "endpoint: "),
        ({"authority": "login.microsoftonline.com"}, "authority: "),
        ({"ca_file": 1}, "ca_file: 1"),
    ],
)
def test_a_setting_that_is_wrong_is_named_with_what_is_expected(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        AzureTarget(**{"name": "azure", **settings})
