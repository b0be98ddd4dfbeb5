"""What is kept: states, intervals and findings as they change, and nothing for what does not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from evidence_store import database, schema
from evidence_store.errors import StaleError, StoreError
from evidence_store.records import Lookup, Presence, Scope, Severity, Status, UnreadFacet

from .conftest import DENIED, IRELAND, OHIO, PARAMETERS, Bench, finding

OPEN, SHUT = {"Public": True}, {"Public": False}
FAIL, PASS, UNKNOWN, ERROR = Status.FAIL, Status.PASS, Status.UNKNOWN, Status.ERROR


def counts(bench: Bench) -> dict[str, int]:
    with bench.store.database.reading() as connection:
        return {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in schema.metadata.sorted_tables
            if table.name.startswith("ev_")
        }


def in_force(bench: Bench, at: int | None = None, **options: Any) -> dict[str, Any]:
    return {uid: facets for _, uid, facets in bench.store.resources(IRELAND, "aws.s3.bucket", at=at, **options)}


def test_an_unchanged_rescan_writes_four_leaves_and_a_checkpoint(bench: Bench) -> None:
    facts, statuses = {f"b{n}": OPEN for n in range(50)}, {f"b{n}": FAIL for n in range(50)}
    bench.run("r1", facts, statuses)
    before = counts(bench)
    bench.run("r2", facts, statuses)
    after = counts(bench)
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
        "ev_leaf": 4,
        "ev_checkpoint": 1,
    }


def test_a_further_target_costs_two_leaves(bench: Bench) -> None:
    def run(run_id: str) -> None:
        with bench.writer() as writer:
            writer.begin(run_id, {})
            for target, scope in (("prod", IRELAND), ("test", OHIO)):
                writer.snapshots(target, [bench.collect({f"{target}-b": OPEN}, scope=scope)])
                bench.judge(writer, {f"{target}-b": FAIL}, scope=scope, target=target)
            writer.end(coverage=[], assessments=[])
            writer.seal()

    run("r1")
    before = counts(bench)
    run("r2")
    assert sum(counts(bench).values()) - sum(before.values()) == 7


def test_a_state_that_returns_is_stored_once(bench: Bench) -> None:
    for number, facts in enumerate((OPEN, SHUT, OPEN, SHUT)):
        bench.run(f"r{number}", {"a": facts})
    assert counts(bench)["ev_state"] == 2
    assert [held.facts for held in bench.store.states("a")] == [OPEN, SHUT, OPEN, SHUT]
    assert not bench.verify().contradicted


def test_what_vanished_and_returned_is_the_same_state_with_a_gap(bench: Bench) -> None:
    bench.run("r1", {"a": OPEN, "b": SHUT})
    gone = bench.run("r2", {"b": SHUT})
    bench.run("r3", {"a": OPEN, "b": SHUT})
    assert set(in_force(bench, at=gone)) == {"b"}
    assert set(in_force(bench)) == {"a", "b"}
    assert counts(bench)["ev_state"] == 2


@pytest.mark.parametrize("presence", [Presence.PARTIAL, Presence.FAILED])
def test_a_partial_read_never_means_that_a_resource_is_gone(bench: Bench, presence: Presence) -> None:
    bench.run("r1", {"a": OPEN, "b": SHUT})
    bench.run("r2", {"a": SHUT} if presence is Presence.PARTIAL else {}, presence=presence)
    assert in_force(bench)["b"] == {"config": SHUT}
    snapshot = bench.store.snapshots(next(leaf.idx for leaf in bench.store.leaves("snapshots", first=5)))[0]
    assert (snapshot.presence, snapshot.reason is not None) == (presence, True)
    assert not bench.verify().contradicted


def test_a_listing_that_broke_off_after_something_was_read_is_partial(bench: Bench) -> None:
    bench.run("r1", {"a": OPEN})
    with bench.writer() as writer:
        writer.begin("r2", {})
        collected = bench.collect({"a": OPEN}, presence=Presence.FAILED)
        assert collected.snapshot.presence is Presence.PARTIAL


def test_an_unread_facet_keeps_its_last_state_and_says_why(bench: Bench) -> None:
    bench.run("r1", {"a": OPEN, "b": SHUT})
    unread = [UnreadFacet("aws.s3.bucket", "b", "config", DENIED), UnreadFacet("aws.s3.bucket", "new", "config", DENIED)]
    bench.run("r2", {"a": OPEN}, unread=unread)
    assert in_force(bench)["b"] == {"config": SHUT}
    snapshot = bench.store.snapshots(next(leaf.idx for leaf in bench.store.leaves("snapshots", first=5)))[0]
    assert snapshot.unread == tuple(unread)
    assert not bench.verify().contradicted


def test_a_resource_is_the_join_of_its_facets_sorted_by_bytes(bench: Bench) -> None:
    uids = ["z", "a", "é", "Z", "😀", "\uffff", "10", "9"]
    with bench.writer() as writer:
        writer.begin("r1", {})
        listed = bench.collect(dict.fromkeys(uids, OPEN))
        versioning = bench.collect({"a": {"Versioning": None}}, source="s3.GetBucketVersioning", facet="versioning")
        ohio = bench.collect({"o": SHUT}, scope=OHIO)
        writer.snapshots("prod", [versioning, ohio, listed])
    assert list(in_force(bench)) == sorted(uids, key=str.encode)
    assert in_force(bench)["a"] == {"config": OPEN, "versioning": {"Versioning": None}}
    assert in_force(bench, facets=("versioning",)) == {"a": {"versioning": {"Versioning": None}}}
    of_account = {uid: scope for scope, uid, _ in bench.store.resources(IRELAND.account, "aws.s3.bucket")}
    assert of_account == {**dict.fromkeys(uids, IRELAND), "o": OHIO}
    assert bench.store.resource("o") == (OHIO, "o", {"config": SHUT})
    assert bench.store.resource("o", "aws.other") is None


def test_more_resources_than_one_query_takes_are_all_read(lite: Bench) -> None:
    facts = {f"arn:{n:05}": {"n": n} for n in range(2500)}
    lite.run("r1", facts)
    assert {uid: facets["config"] for uid, facets in in_force(lite).items()} == facts


def test_resources_are_found_by_what_their_facts_say(bench: Bench) -> None:
    bench.run("r1", {"a": {"Vpc": "v1", "n": [1]}, "b": {"Vpc": "v2", "n": [1]}, "c": {"Vpc": "v1", "n": None}})

    def found(**facts: Any) -> list[str]:
        return [uid for _, uid, _ in bench.store.find(IRELAND.account, "aws.s3.bucket", facts)]

    assert found(Vpc="v1") == ["a", "c"]
    assert found(Vpc="v1", n=[1]) == ["a"]
    assert found(n=None) == ["c"]
    assert found(Vpc="v3") == found(Other=None) == []
    bench.run("r2", {"a": {"Vpc": "v3", "n": [1]}})
    assert found(Vpc="v3") == ["a"]
    assert found(Vpc="v1") == []


def test_the_past_is_read_at_its_leaf(bench: Bench) -> None:
    first = bench.run("r1", {"a": OPEN}, {"a": FAIL})
    second = bench.run("r2", {"a": SHUT, "b": OPEN}, {"a": PASS, "b": FAIL})
    assert in_force(bench, at=first) == {"a": {"config": OPEN}}
    assert in_force(bench, at=second) == {"a": {"config": SHUT}, "b": {"config": OPEN}}
    assert [f.status for f in bench.store.findings(at=first)] == [FAIL]
    assert {(c.status, c.count) for c in bench.store.finding_counts(at=first)} == {(FAIL, 1)}
    assert {(c.status, c.count) for c in bench.store.finding_counts()} == {(FAIL, 1), (PASS, 1)}


@pytest.mark.parametrize(
    ("statuses", "since"),
    [
        ([FAIL, FAIL, FAIL], 0), ([FAIL, UNKNOWN, FAIL], 0), ([FAIL, ERROR, UNKNOWN, FAIL], 0), ([FAIL, PASS, FAIL], 2),
        ([PASS, UNKNOWN, FAIL], 2), ([UNKNOWN, FAIL, UNKNOWN], 2), ([UNKNOWN, ERROR, UNKNOWN], 0),
        ([FAIL, UNKNOWN, UNKNOWN], 1),
        ([FAIL, None, FAIL], 2), ([FAIL, UNKNOWN, None, FAIL], 3), ([FAIL, Status.NOT_APPLICABLE, FAIL], 2),
        ([FAIL, UNKNOWN, FAIL, UNKNOWN, FAIL], 0),
    ],
    ids=lambda value: "-".join("gone" if s is None else s.value for s in value) if isinstance(value, list) else "",
)  # fmt: skip
def test_since_is_the_start_of_the_unbroken_run_of_a_status(bench: Bench, statuses: list[Status | None], since: int) -> None:
    for number, status in enumerate(statuses):
        bench.run(f"r{number}", {"a": OPEN}, {} if status is None else {"a": status})
    judged = [leaf.idx for leaf in bench.store.leaves("findings")]
    (row,) = bench.store.findings()
    assert row.since == judged[since]
    assert row.since_time == bench.store.time_of(judged[since])
    assert not bench.verify().contradicted


def test_a_finding_is_new_when_it_says_something_else_and_keeps_the_age_of_its_status(bench: Bench) -> None:
    bench.run("r1", {"a": OPEN}, {"a": FAIL})
    first = next(bench.store.findings())
    with bench.writer() as writer:
        writer.begin("r2", {})
        writer.snapshots("prod", [bench.collect({"a": OPEN})])
        with writer.findings("prod", [IRELAND], {"aws_s3_private": (2, PARAMETERS)}) as sink:
            changed = finding("a", FAIL, lookups=[Lookup("aws.s3.bucket", "b")])
            sink.add(type(changed)(**{**{f: getattr(changed, f) for f in changed.__slots__}, "version": 2}), bench.clock.now)
    (row,) = bench.store.findings()
    assert (row.version, row.since, row.opened > first.opened) == (2, first.since, True)
    assert row.lookups == (Lookup("aws.s3.bucket", "b"),)


def test_changed_look_ups_alone_open_nothing(bench: Bench) -> None:
    bench.run("r1", {"a": OPEN}, {"a": FAIL})
    with bench.writer() as writer:
        writer.begin("r2", {})
        bench.judge(writer, {"a": FAIL}, lookups=[Lookup("aws.s3.bucket", "b", (("x", [1, "y"]),))])
    (row,) = bench.store.history(uid="a")
    assert row.lookups == ()


def test_only_what_was_judged_in_its_scope_is_closed(bench: Bench) -> None:
    with bench.writer() as writer:
        writer.begin("r1", {})
        writer.snapshots("prod", [bench.collect({"a": OPEN})])
        bench.judge(writer, {"a": FAIL})
        bench.judge(writer, {"o": FAIL}, scope=OHIO)
        bench.judge(writer, {"a": FAIL}, check="aws_s3_versioned")
        bench.judge(writer, {})
    open_now = {(row.check, row.scope) for row in bench.store.findings()}
    assert open_now == {("aws_s3_private", OHIO), ("aws_s3_versioned", IRELAND)}


def test_findings_are_filtered_and_sorted(bench: Bench) -> None:
    bench.run("r1", {"b": OPEN, "a": OPEN}, {"b": FAIL, "a": PASS})

    def uids(**options: Any) -> list[str]:
        return [row.uid for row in bench.store.findings(**options)]

    assert uids() == ["a", "b"]
    assert uids(statuses=[FAIL]) == ["b"]
    assert uids(checks=["other"]) == uids(severity=Severity.CRITICAL) == []
    assert uids(severity=Severity.MEDIUM) == ["a", "b"]
    assert [row.uid for row in bench.store.history(check="aws_s3_private")] == ["a", "b"]


def test_a_verdict_that_was_not_announced_or_comes_twice_is_refused_and_nothing_is_written(bench: Bench) -> None:
    bench.run("r1", {"a": OPEN}, {"a": FAIL})
    before = counts(bench)
    with bench.writer() as writer:
        writer.begin("r2", {})
        with pytest.raises(StoreError, match="not announced"), writer.findings("prod", [IRELAND], {}) as sink:
            sink.add(finding("a", FAIL))
        with pytest.raises(StoreError, match="two findings"):
            bench_twice(bench, writer)
        with pytest.raises(ZeroDivisionError), writer.findings("prod", [IRELAND], {"aws_s3_private": (1, PARAMETERS)}):
            raise ZeroDivisionError
        bench.judge(writer, {"a": FAIL})
    assert counts(bench)["ev_finding"] == before["ev_finding"]


def bench_twice(bench: Bench, writer: database.Writer) -> None:
    with writer.findings("prod", [IRELAND], {"aws_s3_private": (1, PARAMETERS)}) as sink:
        sink.add(finding("a", FAIL))
        sink.add(finding("a", PASS))


def test_who_was_judged_when_is_carried_from_run_to_run(bench: Bench) -> None:
    bench.run("r1", {"a": OPEN}, {"a": FAIL})
    first = bench.clock.now
    with bench.writer() as writer:
        writer.begin("r2", {})
        bench.judge(writer, {"o": FAIL}, scope=OHIO)
        end = writer.end(coverage=[], assessments=[])
        writer.seal()
    judged = bench.store.judged(end)
    assert set(judged) == {("aws_s3_private", IRELAND), ("aws_s3_private", OHIO)}
    assert judged["aws_s3_private", IRELAND][0] < judged["aws_s3_private", OHIO][0]
    oldest = judged["aws_s3_private", IRELAND][1]
    assert oldest is not None
    assert timedelta() <= first - oldest < timedelta(seconds=10)
    assert set(bench.store.judged(end - 3)) == {("aws_s3_private", IRELAND)}
    assert bench.store.judged(0) == {}


def test_runs_are_found_by_the_time_at_which_they_were_sealed(bench: Bench) -> None:
    bench.run("r1", {"a": OPEN}, {"a": FAIL})
    between = bench.clock()
    bench.run("r2", {"a": SHUT}, {"a": PASS})
    first, last = bench.store.run_at(between), bench.store.run_at()
    assert first is not None
    assert last is not None
    assert (first.id, last.id) == ("r1", "r2")
    assert bench.store.run_at(datetime(2020, 1, 1, tzinfo=UTC)) is None
    assert [run.id for run in bench.store.runs()] == ["r2", "r1"]
    assert bench.store.document(first.documents["config"]) == {"targets": ["prod"]}
    assert last.checkpoint.size == last.leaf + 1 == bench.store.size
    assert bench.store.unsealed() == 0


def test_a_clock_that_was_set_back_stands_still_in_the_log(bench: Bench) -> None:
    bench.run("r1", {"a": OPEN})
    bench.clock.now -= timedelta(days=30)
    bench.run("r2", {"a": OPEN})
    times = [leaf.time for leaf in bench.store.leaves()]
    assert times == sorted(times)
    assert not bench.verify().contradicted


def test_what_another_run_has_replaced_meanwhile_must_be_collected_again(bench: Bench) -> None:
    bench.run("r1", {"a": OPEN})
    old = bench.collect({"a": SHUT})
    bench.run("r2", {"a": {"Public": None}})
    with bench.writer() as writer:
        writer.begin("r3", {})
        with pytest.raises(StaleError):
            writer.snapshots("prod", [old])
        writer.snapshots("prod", [bench.collect({"a": SHUT})])
    assert in_force(bench) == {"a": {"config": SHUT}}


def test_no_uid_name_or_reason_stands_in_a_leaf(eventful: Bench) -> None:
    for leaf in eventful.store.leaves():
        text = str(leaf.fields)
        for word in ("arn:", "eu-west-1", "111111111111", "open to everyone", "s3:", "aws_s3_private", "prod"):
            assert word not in text, (leaf.kind, word)


def test_secrets_never_reach_the_database(lite: Bench) -> None:
    lite.run("r1", {"a": {"Password": "hunter22", "Script": "TOKEN=abcdef123456", "Data": "x7secret"}}, secret=("Data",))
    lite.store.close()
    content = b"".join(path.read_bytes() for path in lite.store.database.path.parent.glob("annexa.db*"))
    assert b"hunter22" not in content
    facts = in_force(lite)["a"]["config"]
    assert {name: value["$redacted"] for name, value in facts.items()} == {
        "Password": "value",
        "Script": "assignment",
        "Data": "value",
    }


def test_two_snapshots_of_one_source_in_one_scope_are_refused(lite: Bench) -> None:
    with lite.writer() as writer:
        writer.begin("r1", {})
        with pytest.raises(StoreError, match="collected twice"):
            writer.snapshots("prod", [lite.collect({"a": OPEN}), lite.collect({"a": SHUT})])


def test_scopes_that_share_a_region_name_are_told_apart(bench: Bench) -> None:
    twin = Scope("gcp", IRELAND.account, IRELAND.region)
    with bench.writer() as writer:
        writer.begin("r1", {})
        bench.judge(writer, {"a": FAIL})
        bench.judge(writer, {"g": FAIL}, scope=twin)
        with writer.findings(
            "prod", [IRELAND, Scope("gcp", "other", "eu-west-1")], {"aws_s3_private": (1, PARAMETERS)}
        ) as sink:
            sink.add(finding("a", FAIL))
    assert {row.uid for row in bench.store.findings()} == {"a", "g"}
