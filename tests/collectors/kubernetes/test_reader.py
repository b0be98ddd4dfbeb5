"""Asking the API server: pages, expired lists, refusals, and answers that are none."""

from collections.abc import Iterator
from typing import Any

import pytest

from collectors.kubernetes import api
from collectors.kubernetes.reader import EMPTY_PAGES, RESTARTS
from collectors.source import UnreadError, sources
from evidence_store.records import Presence, Why
from tests.collectors.kubernetes.cluster import Cluster
from tests.collectors.kubernetes.collecting import collect, place, reason, snapshot, source
from tests.collectors.kubernetes.kinds import Kind

PODS = "list pods"
POD = "kubernetes.pod"
SPEC = {"containers": [{"name": "app", "image": "nginx"}]}


def pods(kube: Cluster, *names: str) -> None:
    for name in names:
        kube.add("Pod", name, "default", spec=SPEC)


def names_of(seen: Any, type_: str = POD) -> list[str]:
    return [facts["name"] for facts in seen.facts(type_).values()]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits as short as they can be; how long they are is tested by itself."""
    monkeypatch.setattr(api, "WAIT_FIRST", 0.001)


# Pages.


def test_a_list_is_read_to_its_last_page(kube: Cluster) -> None:
    pods(kube, "a", "b", "c", "d", "e")
    seen = collect(kube.connect(), PODS)
    assert names_of(seen) == ["a", "b", "c", "d", "e"]
    (shot,) = seen.snapshots[PODS]
    assert (shot.presence, shot.calls, kube.calls.count(PODS)) == (Presence.COMPLETE, 3, 3)


def test_pages_are_asked_for_with_a_limit_and_streamed(kube: Cluster) -> None:
    pods(kube, "a", "b", "c", "d", "e")
    connection = kube.connect()
    reader = connection.reader(place(connection), source(PODS))
    objects = reader.pages(PODS, "Pod")
    assert isinstance(objects, Iterator)
    assert kube.calls.count(PODS) == 0  # nothing is asked before something is taken
    next(objects)
    next(objects)
    assert kube.calls.count(PODS) == 1  # and no page before it is needed
    assert next(r.query for r in kube.requests if r.call == PODS) == {"limit": "500"}


def test_pages_that_are_large_are_followed_by_smaller_ones(kube: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    pods(kube, "a", "b", "c", "d", "e", "f", "g")
    kube.page_size = 2
    monkeypatch.setattr("collectors.kubernetes.reader.LARGE", 100)
    assert len(names_of(collect(kube.connect(), PODS))) == 7
    assert [r.query["limit"] for r in kube.requests if r.call == PODS] == ["500", "250", "125", "62"]
    reports = "list vulnerabilityreports.aquasecurity.github.io"
    for name in ("a", "b", "c"):
        kube.add("VulnerabilityReport", name, "default", report={"artifact": {}, "vulnerabilities": []})
    collect(kube.connect(), reports)
    assert [r.query["limit"] for r in kube.requests if r.call == reports] == ["25", "25"]


def test_an_empty_list_is_an_answer(kube: Cluster) -> None:
    shot = snapshot(kube.connect(), PODS)
    assert (shot.presence, shot.count) == (Presence.COMPLETE, 0)


def test_an_expired_list_is_begun_again_and_nothing_comes_twice(kube: Cluster) -> None:
    pods(kube, "a", "b", "c", "d", "e")
    kube.expire(PODS, times=2)
    seen = collect(kube.connect(), PODS)  # the sink refuses what comes twice
    assert names_of(seen) == ["a", "b", "c", "d", "e"]
    assert seen.snapshots[PODS][0].presence is Presence.COMPLETE


def test_a_list_that_expires_each_time_is_given_up(kube: Cluster) -> None:
    pods(kube, "a", "b", "c")
    kube.expire(PODS, times=None)
    shot = snapshot(kube.connect(), PODS)
    assert shot.presence is Presence.PARTIAL
    assert shot.reason is not None
    assert shot.reason.why is Why.UNEXPECTED
    assert "expired" in shot.reason.detail
    assert kube.calls.count(PODS) == 2 * (RESTARTS + 1)


def test_a_server_that_always_gives_the_same_token_is_not_followed_for_ever(kube: Cluster) -> None:
    pods(kube, "a", "b", "c")
    kube.garble(PODS, "endless")
    shot = snapshot(kube.connect(), PODS)
    assert shot.reason is not None
    assert shot.reason.why is Why.UNEXPECTED
    assert kube.calls.count(PODS) <= 3


def test_a_server_that_always_gives_an_empty_page_and_a_new_token_is_not_followed_for_ever(kube: Cluster) -> None:
    pods(kube, "a", "b", "c")
    kube.garble(PODS, "empty-pages")
    assert reason(kube.connect(), PODS).why is Why.UNEXPECTED
    assert kube.calls.count(PODS) == EMPTY_PAGES + 1


def test_an_object_that_is_listed_twice_is_an_odd_answer(kube: Cluster) -> None:
    pods(kube, "a")
    kube.garble(PODS, "twice")
    assert reason(kube.connect(), PODS).detail == "an object was listed twice"


# Refusals.


@pytest.mark.parametrize("name", [s.name for s in sources("kubernetes")])
def test_a_denied_call_leaves_its_type_unread_and_names_the_permission(kube: Cluster, name: str) -> None:
    (call,) = source(name).calls
    kube.install("vulnerabilityreports.aquasecurity.github.io")
    kube.deny(call)
    shot = snapshot(kube.connect(), name)
    assert (shot.presence, shot.count) == (Presence.FAILED, 0)
    assert str(shot.reason) == f"{call} was denied (Forbidden)"


def test_with_every_call_denied_nothing_is_read_and_each_permission_is_named(kube: Cluster) -> None:
    kube.deny_all()
    seen = collect(kube.connect())
    shots = [shot for group in seen.snapshots.values() for shot in group]
    assert {shot.presence for shot in shots} == {Presence.FAILED}
    assert {shot.reason.action for shot in shots if shot.reason} == {c for s in sources("kubernetes") for c in s.calls}


def test_a_denial_on_a_later_page_leaves_the_listing_partial(kube: Cluster) -> None:
    pods(kube, "a", "b", "c")
    connection = kube.connect()
    objects = connection.reader(place(connection), source(PODS)).pages(PODS, "Pod")
    assert [next(objects)["metadata"]["name"] for _ in range(2)] == ["a", "b"]
    kube.deny(PODS)
    with pytest.raises(UnreadError, match="list pods was denied"):
        next(objects)


def test_throttling_is_waited_out(kube: Cluster) -> None:
    pods(kube, "a", "b", "c")
    kube.throttle(PODS, times=3)
    shot = snapshot(kube.connect(), PODS)
    assert (shot.presence, shot.calls) == (Presence.COMPLETE, 5)


def test_throttling_without_end_is_given_up_and_said(kube: Cluster) -> None:
    kube.throttle(PODS)
    why = reason(kube.connect(), PODS)
    assert (why.why, why.detail) == (Why.THROTTLED, "429 TooManyRequests")
    assert kube.calls.count(PODS) == api.TRIES[429]


def test_a_server_that_says_to_come_back_in_an_hour_is_not_waited_for(kube: Cluster) -> None:
    kube.throttle(PODS, retry_after="3600")
    assert reason(kube.connect(), PODS).why is Why.THROTTLED
    assert kube.calls.count(PODS) == 1


def test_how_long_the_server_says_is_how_long_is_waited() -> None:
    assert api._wait(api.Answer(429, b"", "7"), 1) == 7.0
    assert api._wait(api.Answer(429, b"", None), 3) == api.WAIT_FIRST * 4
    assert api._wait(api.Answer(429, b"", "tomorrow"), 60) == api.WAIT_MOST


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_broken_server_is_asked_again_and_then_unreachable(kube: Cluster, status: int) -> None:
    kube.fail(PODS, status, times=2)
    assert snapshot(kube.connect(), PODS).presence is Presence.COMPLETE
    kube.fail(PODS, status)
    why = reason(kube.connect(), PODS)
    assert (why.why, why.detail) == (Why.UNREACHABLE, str(status))


def test_a_refusal_by_something_before_the_api_server_says_so(kube: Cluster) -> None:
    kube.fail(PODS, 403)
    assert str(reason(kube.connect(), PODS)) == "list pods was denied (403, not from the API server)"


def test_a_token_that_runs_out_during_the_scan_is_a_matter_of_credentials(kube: Cluster) -> None:
    pods(kube, "a", "b", "c")
    connection = kube.connect()
    where = place(connection)
    kube.token = "another"
    with pytest.raises(UnreadError) as caught:
        list(source(PODS).read(connection.reader(where, source(PODS))))
    assert caught.value.unread.why is Why.CREDENTIALS


def test_a_custom_resource_that_is_not_installed_is_an_answer(kube: Cluster) -> None:
    shot = snapshot(kube.connect(), "list vulnerabilityreports.aquasecurity.github.io")
    assert (shot.presence, shot.count, shot.calls) == (Presence.COMPLETE, 0, 1)


def test_a_custom_resource_that_is_taken_away_while_it_is_listed_is_no_empty_list(kube: Cluster) -> None:
    name = "list vulnerabilityreports.aquasecurity.github.io"
    for report in ("a", "b", "c"):
        kube.add("VulnerabilityReport", report, "default", report={"artifact": {}, "vulnerabilities": []})
    kube.garble(name, "not-served", after=1)
    shot = snapshot(kube.connect(), name)
    assert (shot.presence, shot.count, shot.reason and shot.reason.why) == (Presence.PARTIAL, 2, Why.UNSUPPORTED)


def test_not_found_is_no_answer_where_the_api_server_did_not_say_it(kube: Cluster) -> None:
    name = "list vulnerabilityreports.aquasecurity.github.io"
    kube.fail(name, 404)
    why = reason(kube.connect(), name)
    assert (why.why, why.detail) == (Why.UNEXPECTED, "404")


def test_a_built_in_kind_that_is_not_served_is_unsupported_and_not_empty(kube: Cluster) -> None:
    name = "list poddisruptionbudgets.policy"
    kube.garble(name, "not-served")
    assert (
        str(reason(kube.connect(), name)) == "list poddisruptionbudgets.policy was unsupported (not served by this API server)"
    )


# Answers that are none.


@pytest.mark.parametrize(
    ("how", "detail"),
    [
        ("html", "no JSON"),
        ("empty", "no JSON"),
        ("truncated", "no JSON"),
        ("half-page", "the answer broke off"),
        ("no-items", "no PodList"),
        ("null-items", "no PodList"),
        ("wrong-kind", "no PodList"),
        ("no-metadata", "no PodList"),
        ("redirect", "302"),
    ],
)
@pytest.mark.parametrize("after", [0, 1])
def test_an_odd_page_is_never_an_empty_one(kube: Cluster, how: str, detail: str, after: int) -> None:
    pods(kube, "a", "b", "c", "d", "e")
    kube.garble(PODS, how, after=after)
    shot = snapshot(kube.connect(), PODS)
    assert shot.reason is not None
    assert (shot.reason.why, shot.reason.action, shot.reason.detail) == (Why.UNEXPECTED, PODS, detail)
    assert shot.presence is (Presence.PARTIAL if after else Presence.FAILED)


@pytest.mark.parametrize("how", ["html", "truncated", "no-items", "half-page"])
def test_no_source_takes_garbage_for_an_answer(kube: Cluster, how: str) -> None:
    kube.install("vulnerabilityreports.aquasecurity.github.io")
    lists = [s for s in sources("kubernetes") if s.name != "get /version"]
    for each in lists:
        kube.garble(each.calls[0], how)
    seen = collect(kube.connect(), *(s.name for s in lists))
    assert {shot.presence for group in seen.snapshots.values() for shot in group} == {Presence.FAILED}


@pytest.mark.parametrize(
    ("limit", "to", "told"),
    [
        ("LARGEST", 10, "list pods gave an answer of unexpected shape (an answer of more than 0 MiB)"),
        ("WHOLE_SECONDS", -1.0, "list pods did not end in time (no whole answer within -1 s)"),
    ],
)
def test_an_answer_has_a_greatest_size_and_a_longest_time(
    kube: Cluster, monkeypatch: pytest.MonkeyPatch, limit: str, to: float, told: str
) -> None:
    connection = kube.connect()
    where = place(connection)
    monkeypatch.setattr(api, limit, to)
    with pytest.raises(UnreadError) as caught:
        list(source(PODS).read(connection.reader(where, source(PODS))))
    assert str(caught.value) == told
    assert kube.calls.count(PODS) == 1


def test_a_half_page_is_asked_for_again(kube: Cluster) -> None:
    pods(kube, "a", "b", "c")
    kube.garble(PODS, "half-page", times=1)
    assert names_of(collect(kube.connect(), PODS)) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("said", "detail"),
    [({}, "no gitVersion"), ({"gitVersion": "v1.34.2", "major": 1, "minor": "34"}, "major is no text")],
)
def test_a_version_that_is_no_version_is_unexpected(kube: Cluster, said: dict[str, Any], detail: str) -> None:
    kube.version = said
    (unread,) = snapshot(kube.connect(), "get /version").unread
    assert (unread.unread.why, unread.unread.detail) == (Why.UNEXPECTED, detail)


def test_an_item_that_is_no_object_leaves_the_rest_and_the_listing_is_not_whole(kube: Cluster) -> None:
    pods(kube, "a", "b", "c")
    kube.garble(PODS, "text-item")
    seen = collect(kube.connect(), PODS)
    assert names_of(seen) == ["a", "b", "c"]
    (shot,) = seen.snapshots[PODS]
    assert (shot.presence, shot.reason and shot.reason.detail) == (Presence.PARTIAL, "an object without a name")


def test_a_malformed_object_is_unread_with_its_reason_and_the_rest_goes_on(kube: Cluster) -> None:
    pods(kube, "a", "c")
    kube.add("Pod", "b", "default", raw=True, spec={"containers": [{"name": "app"}], "hostNetwork": "yes"})
    seen = collect(kube.connect(), PODS)
    assert names_of(seen) == ["a", "c"]
    (shot,) = seen.snapshots[PODS]
    assert shot.presence is Presence.COMPLETE
    (unread,) = shot.unread  # its other facets are as they should be
    assert (unread.uid.rpartition(":")[2], unread.facet) == ("default/b", "config")
    assert str(unread.unread) == "list pods gave an answer of unexpected shape (hostNetwork is no truth value)"


def test_fields_that_we_do_not_know_change_nothing(kube: Cluster) -> None:
    kube.add("Pod", "a", "default", spec=SPEC)
    before = collect(kube.connect(), PODS)

    def later(kind: Kind, held: dict[str, Any]) -> dict[str, Any]:
        if kind.name != "Pod":
            return held
        spec = {**held["spec"], "newFeature": {"mode": "fast"}, "containers": [{**SPEC["containers"][0], "new": 1}]}
        return {**held, "spec": spec, "status": {"conditions": [{"type": "New"}], "newStatus": 7}, "extra": []}

    kube.amend = later
    after = collect(kube.connect(), PODS)
    for facet in ("config", "status", "variables"):
        assert after.facts(POD, facet) == before.facts(POD, facet) != {}


def test_answers_are_compressed_where_they_are_large(kube: Cluster) -> None:
    kube.page_size = 500
    for number in range(40):
        labels = {f"label-{n}": "x" * 60 for n in range(60)}
        kube.add("Pod", f"pod-{number}", "default", labels=labels, spec=SPEC, raw=True)
    assert len(names_of(collect(kube.connect(), PODS))) == 40
    assert "gzip" in next(r.headers["accept-encoding"] for r in kube.requests if r.call == PODS)
