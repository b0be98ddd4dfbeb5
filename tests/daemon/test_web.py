"""The endpoints: what they answer, to whom, and how they treat who does not behave."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from daemon.health import complaints
from daemon.metrics import CONTENT_TYPE, Metrics, Seen
from daemon.runner import Crew, Pace
from daemon.service import Daemon
from daemon.settings import Schedule
from daemon.web import Answer, Endpoints, ListenError
from evidence_store.firings import WhyMissed

from .conftest import DAY, NIGHTLY, Place

TOKEN = "a-token-of-some-length"


@pytest.fixture
def serve() -> Iterator[Callable[..., Endpoints]]:
    made: list[Endpoints] = []

    def start(token: str | None = None, **pages: Callable[[], Answer]) -> Endpoints:
        answers = {f"/{name}": page for name, page in pages.items()}
        made.append(Endpoints("127.0.0.1", 0, answers, token))
        made[-1].start()
        return made[-1]

    yield start
    for endpoints in made:
        endpoints.stop()


def ask(endpoints: Endpoints, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection("127.0.0.1", endpoints.port, timeout=60)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), body


def fine() -> Answer:
    return Answer(200, "text/plain", b"fine\n")


def broken() -> Answer:
    raise ZeroDivisionError("secret internals")


def test_get_and_head_are_answered_and_nothing_else(serve: Callable[..., Endpoints]) -> None:
    endpoints = serve(metrics=fine)
    status, headers, body = ask(endpoints, "/metrics?x=1")
    assert (status, body, headers["Content-Length"]) == (200, b"fine\n", "5")
    assert ask(endpoints, "/metrics", "HEAD")[::2] == (200, b"")
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"):
        status, headers, _ = ask(endpoints, "/metrics", method)
        assert (status, headers["Allow"]) == (405, "GET, HEAD"), method


def test_other_paths_are_not_there_and_show_nothing(serve: Callable[..., Endpoints]) -> None:
    endpoints = serve(metrics=fine)
    for path in ("/", "/metrics/", "/../../etc/passwd", "/%6detrics"):
        status, headers, body = ask(endpoints, path)
        assert status == 404, path
        assert json.loads(body)["pages"] == ["/metrics"]
        assert "Python" not in headers["Server"]


def test_a_bug_shows_no_internals_and_is_in_the_log(serve: Callable[..., Endpoints], caplog: pytest.LogCaptureFixture) -> None:
    status, _, body = ask(serve(metrics=broken), "/metrics")
    assert status == 500
    assert b"secret" not in body
    assert b"Traceback" not in body
    (event,) = [record for record in caplog.records if record.getMessage() == "daemon.bug"]
    assert vars(event)["error"] == "ZeroDivisionError: secret internals"


def test_what_fails_past_the_page_is_in_the_log(serve: Callable[..., Endpoints], caplog: pytest.LogCaptureFixture) -> None:
    def wrong() -> Answer:
        return Answer(200, "text/plain\u20ac", b"")  # a header that cannot be sent

    with pytest.raises(OSError):  # noqa: PT011 - how the connection ends is the system's
        ask(serve(metrics=wrong), "/metrics")
    _until(lambda: [r for r in caplog.records if r.getMessage() == "daemon.bug"])
    (event,) = [record for record in caplog.records if record.getMessage() == "daemon.bug"]
    assert vars(event)["error"].startswith("UnicodeEncodeError")


def test_a_page_that_hangs_keeps_nobody_from_asking_whether_the_process_lives(serve: Callable[..., Endpoints]) -> None:
    asked, answers = threading.Event(), threading.Event()

    def hangs() -> Answer:
        asked.set()
        answers.wait(300)
        return fine()

    endpoints = serve(metrics=hangs, healthz=fine)
    clients = [socket.create_connection(("127.0.0.1", endpoints.port), timeout=60) for _ in range(12)]
    for client in clients:
        client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        assert asked.wait(60)
    told = [client.makefile("rb").readline() for client in clients[1:]]
    assert all(b" 503 " in line for line in told), "the others are told to come again"
    assert all(ask(endpoints, "/healthz")[0] == 200 for _ in range(20))
    answers.set()
    _until(lambda: ask(endpoints, "/metrics")[0] == 200)


def test_a_token_is_asked_for_everywhere_but_for_being_alive(serve: Callable[..., Endpoints]) -> None:
    endpoints = serve(TOKEN, metrics=fine, healthz=fine)
    assert ask(endpoints, "/healthz")[0] == 200
    assert ask(endpoints, "/metrics", Authorization=f"Bearer {TOKEN}")[0] == 200
    for wrong in ("", "Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \u00e9"):
        status, headers, body = ask(endpoints, "/metrics", Authorization=wrong)
        assert (status, headers["WWW-Authenticate"]) == (401, "Bearer"), wrong
        assert TOKEN.encode() not in body


@pytest.mark.parametrize("request_", [b"nonsense\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x00\xff\r\n\r\n",
                                      b"GET /" + b"a" * 70_000 + b" HTTP/1.0\r\n\r\n"])  # fmt: skip
def test_what_is_no_request_is_refused_without_quoting_it(serve: Callable[..., Endpoints], request_: bytes) -> None:
    endpoints = serve(metrics=fine)
    with socket.create_connection(("127.0.0.1", endpoints.port), timeout=60) as client:
        client.sendall(request_)
        answer = client.makefile("rb").read()
    assert b" 4" in answer or b" 5" in answer
    assert b"nonsense" not in answer
    assert ask(endpoints, "/metrics")[0] == 200


def test_silent_clients_are_dropped_and_keep_nobody_out_for_long(serve: Callable[..., Endpoints]) -> None:
    endpoints = serve(metrics=fine)
    silent = [socket.create_connection(("127.0.0.1", endpoints.port), timeout=60) for _ in range(20)]
    deadline = time.monotonic() + 60
    status = 0
    while status != 200 and time.monotonic() < deadline:
        try:
            status = ask(endpoints, "/metrics")[0]
        except OSError:
            time.sleep(0.2)
    assert status == 200
    assert all(client.recv(1) == b"" for client in silent)
    for client in silent:
        client.close()


def test_a_port_in_use_is_one_sentence(serve: Callable[..., Endpoints]) -> None:
    taken = serve().port
    with pytest.raises(ListenError, match=f"127.0.0.1:{taken} cannot be listened on: Address already in use; set listen"):
        Endpoints("127.0.0.1", taken, {}, None)


# -- what the pages say --------------------------------------------------------------------------------------------------------


@pytest.fixture
def daemon(lite: Place) -> Iterator[Daemon]:
    crew = Crew(lite.store, lite.keys, "annexa/test", "one", lite.start, lite.clock)
    made = Daemon(crew, [NIGHTLY], Pace(look=0.05), "1.2.3")
    made.prepare()
    made.start()
    yield made
    made.stop()
    assert made.close()


def samples(daemon: Daemon) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(daemon.metrics().body.decode())
    return {(s.name, *(f"{k}={v}" for k, v in sorted(s.labels.items()))): s.value for f in families for s in f.samples}


def test_metrics_are_what_prometheus_parses(daemon: Daemon, lite: Place) -> None:
    before = samples(daemon)
    third = lite.clock.now.replace(hour=3, minute=0)
    assert before["annexa_next_due_timestamp_seconds", "schedule=nightly"] == third.timestamp()
    assert before["annexa_runs_total", "outcome=complete", "schedule=nightly"] == 0
    assert before["annexa_build_info", "version=1.2.3"] == 1
    assert ("annexa_last_success_timestamp_seconds", "schedule=nightly") not in before
    lite.clock.now = third + 2 * DAY
    daemon.watch.wake()
    _until(lambda: samples(daemon)["annexa_run_seconds_count", "schedule=nightly"] == 1)  # counted last
    after = samples(daemon)
    assert after["annexa_runs_total", "outcome=missed", "schedule=nightly"] == 2
    assert after["annexa_last_success_timestamp_seconds", "schedule=nightly"] == lite.clock.now.timestamp()
    assert after["annexa_next_due_timestamp_seconds", "schedule=nightly"] == (third + 3 * DAY).timestamp()
    assert after["annexa_checkpoint_size",] == after["annexa_log_entries",] == lite.store.size
    assert after["annexa_store_bytes",] > 10_000
    assert after["annexa_store_up",] == 1
    assert after["annexa_runs_total", "outcome=complete", "schedule=nightly"] == 1
    assert after["annexa_findings", "severity=high", "status=fail"] == 0
    assert daemon.metrics().type == CONTENT_TYPE


def test_a_page_of_metrics_is_small_and_holds_no_secret(daemon: Daemon, lite: Place) -> None:
    page = daemon.metrics().body.decode()
    assert len(samples(daemon)) < 100
    for secret in (str(lite.keys.path), "annexa.db", lite.keys.public_text):
        assert secret not in page


def test_a_store_that_cannot_be_read_is_not_ready_and_names_no_database(daemon: Daemon, lite: Place) -> None:
    assert daemon.readyz().status == 200
    with lite.store.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE schedule RENAME TO elsewhere")
    answer = daemon.readyz()
    assert (answer.status, json.loads(answer.body)["problems"]) == (503, ["the store cannot be read"])
    assert samples(daemon)["annexa_store_up",] == 0
    assert daemon.healthz().status == 200
    with lite.store.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO schedule")


def test_health_is_about_the_threads(daemon: Daemon) -> None:
    assert json.loads(daemon.healthz().body) == {"status": "alive", "dead": []}
    daemon.watch.stop()
    assert daemon.watch.join(60)
    assert json.loads(daemon.healthz().body) == {"status": "dead", "dead": ["watch"]}


def test_findings_are_counted_as_of_the_last_sealed_run(place: Place) -> None:
    seen = Seen(place.store, dict, lambda: None, place.clock)
    metrics = Metrics("1", {}, seen)
    assert b"annexa_findings" not in metrics.page()
    place.look()
    place.clock.now += DAY
    place.look()
    families = {family.name: family for family in text_string_to_metric_families(metrics.page().decode())}
    assert len(families["annexa_findings"].samples) == 20
    assert families["annexa_unread"].samples[0].value == 0
    assert families["annexa_last_run_timestamp_seconds"].samples[0].value == place.clock.now.timestamp()


def test_what_is_not_as_the_schedule_demands_is_said(place: Place) -> None:
    def said(*schedules: Schedule) -> list[str]:
        named = {schedule.name: schedule for schedule in schedules or (NIGHTLY,)}
        return list(complaints(named, {s.name: s for s in place.store.firings.standings()}, place.clock.now))

    assert said() == ["nightly: not known to the store"]
    place.look()
    assert said() == []
    place.clock.now += DAY
    assert said() == ["nightly: due since 2026-06-01T03:00:00Z and not run"]
    place.codes = [70]
    place.look()
    assert said() == ["nightly: the run that was due at 2026-06-01T03:00:00Z failed"]
    place.clock.now += DAY
    place.look()
    assert said() == []
    assert "defines it otherwise" in said(Schedule("nightly", every="2h"))[0]
    firing = place.store.firings.claim(place.standing(), place.clock.now, None, "x", timedelta(0))
    assert firing is not None
    assert "is gone" in said()[0]
    assert place.store.firings.renew(firing, timedelta(seconds=60))
    assert said() == []
    place.store.firings.miss(firing, WhyMissed.HELD)
    assert said()[0].endswith("was missed: another run held the store")


def _until(true: Any, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert true()
