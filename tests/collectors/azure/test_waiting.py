"""Throttling: waited for by all threads together, counted, and bounded."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from collectors.azure.gate import Pace, retry_after
from collectors.source import UnreadError, sources
from evidence_store.records import Why
from tests.collectors.azure.cloud import PROD, Cloud
from tests.collectors.azure.collecting import DIAGNOSTICS, MACHINES, reader, reason

LIST = f"/subscriptions/{PROD}/providers/Microsoft.Insights/diagnosticSettings"
VERSION = "2021-05-01-preview"


def test_a_throttled_request_is_sent_again_and_counted(azure: Cloud) -> None:
    read = reader(azure.connect())
    azure.throttle(DIAGNOSTICS, times=2, retry_after=0.05)
    list(read.items(LIST, VERSION))
    assert read.calls == 3
    assert [c.status for c in azure.asked(DIAGNOSTICS)] == [429, 429, 200]


def test_a_query_that_is_throttled_without_a_word_on_when_is_sent_again(azure: Cloud) -> None:
    azure.add("Microsoft.Compute/virtualMachines", "m")
    azure.throttle("resourcegraph.resources", times=2)
    assert reason(azure.connect(), MACHINES, PROD) == ""
    assert [c.status for c in azure.asked("resourcegraph.resources")] == [429, 429, 200]


def test_throttling_without_end_ends_after_a_bound(azure: Cloud) -> None:
    azure.throttle("resourcegraph.resources", times=1000, retry_after=0.01)
    assert "was throttled" in reason(azure.connect(), MACHINES, PROD)
    assert len(azure.asked("resourcegraph.resources")) == 3


def test_a_wait_that_is_longer_than_the_patience_is_given_up_at_once_by_all(azure: Cloud) -> None:
    connection = azure.connect(pace=Pace(attempts=3, seconds=1, first=0.01))
    read = reader(connection)
    azure.throttle(DIAGNOSTICS, times=1, retry_after=3600)
    before = time.monotonic()
    for _ in range(2):
        with pytest.raises(UnreadError) as raised:
            list(read.items(LIST, VERSION))
        assert raised.value.unread.why is Why.THROTTLED
    assert time.monotonic() - before < 60
    assert len(azure.asked(DIAGNOSTICS)) == 1


def test_while_one_thread_has_been_told_to_wait_none_asks(azure: Cloud) -> None:
    connection = azure.connect()
    read = reader(connection)
    azure.latency = 0.02
    told = threading.Event()

    def ask(number: int) -> None:
        if number:
            told.wait(60)
        for _ in range(3):
            list(read.items(LIST, VERSION))

    azure.throttle(DIAGNOSTICS, times=1, retry_after=0.4)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask, number) for number in range(8)]
        # Until the refusal has come; where this thread slept for so long that the wait is over by now, the first asked again.
        while connection.gate.rest(query=False) <= 0 and len(azure.asked(DIAGNOSTICS)) < 2:
            time.sleep(0.005)
        told.set()
        for each in asked:
            each.result()
    (refused,) = [c for c in azure.calls if c.status == 429]
    gaps = sorted(c.at - refused.at for c in azure.asked(DIAGNOSTICS) if c is not refused)
    assert len(gaps) == 24
    assert gaps[0] >= 0.39


def test_a_quota_that_is_used_up_holds_queries_back_and_other_reads_not(azure: Cloud) -> None:
    azure.add("Microsoft.Compute/virtualMachines", "a")
    azure.add("Microsoft.Compute/virtualMachines", "b")
    azure.add("Microsoft.Compute/virtualMachines", "c")
    spent = {"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "00:00:00.3"}
    azure.tell("resourcegraph.resources", spent, times=1)
    connection = azure.connect()
    assert reason(connection, MACHINES, PROD) == ""
    first, second = (c.at for c in azure.asked("resourcegraph.resources"))
    assert second - first >= 0.29
    spent["x-ms-user-quota-resets-after"] = "00:05:00"
    azure.tell("resourcegraph.resources", spent, times=1)
    read = reader(connection)
    query = next(s for s in sources("azure") if s.name == MACHINES)
    graph = connection.reader(next(iter(connection.places())), query)
    rows = graph.asking.rows("resources", "resources | where type in~ ('x') | project id | order by id asc", {})
    assert list(rows) == []
    before = time.monotonic()
    list(read.items(LIST, VERSION))
    assert time.monotonic() - before < 60


def test_a_server_that_stumbles_is_asked_again(azure: Cloud) -> None:
    read = reader(azure.connect())
    azure.fail(DIAGNOSTICS, 503, "ServerBusy", times=1)
    assert list(read.items(LIST, VERSION)) == []
    assert read.calls == 2


def test_an_answer_that_does_not_come_is_waited_for_no_longer_than_the_bound(azure: Cloud) -> None:
    connection = azure.connect(pace=Pace(attempts=1, answering=0.1))
    read = reader(connection)
    azure.latency = 120
    before = time.monotonic()
    with pytest.raises(UnreadError) as raised:
        list(read.items(LIST, VERSION))
    assert raised.value.unread.why is Why.UNREACHABLE
    assert time.monotonic() - before < 60


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "Wed, 01 Jan 2020 00:00:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "9", "x-ms-retry-after-ms": "1500"}, 1.5),
        ({"Retry-After": "-3"}, 0.0),
    ],
)
def test_how_long_to_wait_is_read_from_any_header_that_tells(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds
