"""Keys of service accounts, from the inventory's lists of accounts and keys."""

from typing import Any

import pytest

from tests.checks.gcp.scene import asked
from tests.collectors.gcp.cloud import Cloud

AGE = "gcp_iam_sa_key_age"
EMAIL = "build@shop.iam.gserviceaccount.com"
NUMBER = "104000000000000000001"
OLD, YOUNG = "2025-01-01T00:00:00Z", "2026-04-01T00:00:00Z"


def account(gcp: Cloud, number: str = NUMBER, email: str = EMAIL, **data: Any) -> str:
    return gcp.add("iam.googleapis.com/ServiceAccount", number, {"email": email, "uniqueId": number, **data})


def key(gcp: Cloud, id_: str = "aaaa1111", made: str | None = OLD, email: str = EMAIL, **data: Any) -> str:
    whole = {"name": f"projects/shop/serviceAccounts/{email}/keys/{id_}", "keyType": "USER_MANAGED", **data}
    whole |= {"validAfterTime": made} if made else {}
    return gcp.add("iam.googleapis.com/ServiceAccountKey", f"{NUMBER}/keys/{id_}", whole)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({}, "fail"),
        ({"made": YOUNG}, "pass"),
        ({"made": None}, "fail"),
        ({"disabled": True}, "pass"),
        ({"keyType": "SYSTEM_MANAGED"}, "pass"),
        ({"keyType": "KEY_TYPE_UNSPECIFIED"}, "fail"),
        ({"validBeforeTime": "2026-05-01T00:00:00Z"}, "pass"),
        ({"validBeforeTime": "9999-12-31T23:59:59Z"}, "fail"),
        ({"keyOrigin": "USER_PROVIDED"}, "fail"),
    ],
)
def test_a_usable_key_is_young(gcp: Cloud, data: dict[str, Any], status: str) -> None:
    account(gcp)
    key(gcp, **data)
    assert asked(gcp, AGE).status(AGE) == status


def test_an_account_without_keys_passes(gcp: Cloud) -> None:
    account(gcp)
    assert asked(gcp, AGE).status(AGE) == "pass"


def test_old_keys_are_told_with_their_dates_and_the_account(gcp: Cloud) -> None:
    account(gcp)
    account(gcp, "104000000000000000002", "other@shop.iam.gserviceaccount.com")
    key(gcp)
    key(gcp, "bbbb2222", "2026-01-01T00:00:00Z")
    key(gcp, "cccc3333", YOUNG)
    seen = asked(gcp, AGE)
    assert seen.reason(AGE, NUMBER) == f"{EMAIL} has keys older than 90 days: aaaa1111 of 2025-01-01, bbbb2222 of 2026-01-01"
    assert seen.status(AGE, "104000000000000000002") == "pass"
    assert asked(gcp, AGE, max_age_days=1000).status(AGE, NUMBER) == "pass"


def test_a_disabled_accounts_keys_open_nothing(gcp: Cloud) -> None:
    account(gcp, disabled=True)
    key(gcp)
    assert asked(gcp, AGE).status(AGE) == "not_applicable"
