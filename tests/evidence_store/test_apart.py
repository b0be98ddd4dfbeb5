"""Details that are read by their bytes give what details that are read as JSON give, whatever somebody puts into them."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from evidence_store import canonical, details, verification
from evidence_store.records import Json, Status
from evidence_store.verification import apart
from evidence_store.verification.logbook import Bookkeeper, Logbook
from evidence_store.verification.report import Problems

from .conftest import Bench
from .test_malformed_leaves import Rows

ROOTS = ["00" * 32, "ab" * 32]


class ReadAsJson(Bookkeeper):
    """Takes nothing apart: the plain way, which says what is right."""

    def _apart(self, kind: str, text: bytes) -> None:
        return None


@dataclass
class Told:
    """What a keeper made of some leaves."""

    keeper: Bookkeeper
    book: Logbook
    time: Problems
    said: list[Any] = field(default_factory=list)

    def leaf(self, index: int, kind: str, text: bytes) -> None:
        try:
            detail, root = self.keeper.read(kind, text)
            self.said.append(root)
            (self.keeper.snapshots if kind == "snapshots" else self.keeper.findings)(index, detail)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            self.said.append(type(error).__name__)


def told(kind: type[Bookkeeper]) -> Told:
    book, time = Logbook(), Problems()
    return Told(kind(book, time), book, time)


def assert_same(kind: str, texts: list[bytes]) -> Told:
    """Both ways give the same roots, the same book and the same problems."""
    fast, plain = told(Bookkeeper), told(ReadAsJson)
    for index, text in enumerate(texts, 1):
        fast.leaf(index, kind, text)
        plain.leaf(index, kind, text)
    assert (fast.said, fast.book, fast.time) == (plain.said, plain.book, plain.time)
    return fast


def snapshot(number: int = 0, **changes: Json) -> dict[str, Json]:
    return {
        "scope": ["aws", "1", "eu-west-1"], "source": f"s{number}", "types": ["t"], "presence": "complete", "reason": None,
        "unread": [], "unseen": [], "count": 1, "calls": 1, "principal": "arn:x", "started": "2026-01-01T00:00:00Z",
        "finished": "2026-01-01T00:00:01.000005Z", "effective": None, "manifest": ROOTS[0], "held": None, "opened": 0,
        "closed": 0,
    } | changes  # fmt: skip


def finding(number: int = 0, **changes: Json) -> dict[str, Json]:
    return {
        "check": f"c{number}", "version": 1, "parameters": "cd" * 32, "root": ROOTS[0], "counts": {"fail": 1, "pass": 20},
        "effective": ["2026-01-01T00:00:00Z", None],
    } | changes  # fmt: skip


def snapshots(*records: Json, **heading: Json) -> bytes:
    return canonical.encode({"target": "prod", "records": list(records)} | heading)


def findings(*records: Json, **heading: Json) -> bytes:
    whole = {"target": "prod", "observed": 0, "scopes": [["aws", "1", "eu-west-1"]], "records": list(records)}
    return canonical.encode(whole | heading)


def taken(text: bytes, first: bytes) -> apart.Parts:
    found = apart.parts(text, first)
    assert found is not None
    return found


def test_what_a_run_writes_is_taken_apart() -> None:
    text = snapshots(snapshot(0), snapshot(1, reason=["denied", "s3:Get", "no, {really}"]))
    parts = taken(text, apart.SNAPSHOT)
    answers = apart.answers(parts, {})
    assert answers is not None
    assert [apart.read(answer) for answer, _ in answers] == canonical.decode(text)["records"]
    assert [answer[1] is not None for answer, _ in answers] == [True, False]
    assert parts.root() == details.detail_root(canonical.decode(text))
    text = findings(finding(0), finding(1, root=ROOTS[1], counts={}, effective=[]))
    parts = taken(text, apart.FINDING)
    assert apart.judgements(parts, set()) == [("c0", bytes(32)), ("c1", bytes.fromhex(ROOTS[1]))]
    assert parts.root() == details.detail_root(canonical.decode(text))


def test_a_source_that_says_the_same_at_other_times_is_not_read_again() -> None:
    first = taken(snapshots(snapshot(0), snapshot(1)), apart.SNAPSHOT)
    later = {"started": "2026-02-01T00:00:00Z", "finished": "2026-02-01T00:00:00Z", "effective": "2026-01-31T00:00:00Z"}
    second = taken(snapshots(snapshot(0, calls=9, **later), snapshot(1, manifest=ROOTS[1], **later)), apart.SNAPSHOT)
    known = {answer[1]: "before" for answer, _ in apart.answers(first, {}) or () if answer[1]}
    assert [before for _, before in apart.answers(second, known) or ()] == ["before", None]


ODD: list[Json] = [
    None, True, -1, 2**53, 2**70, 1.5, "", "x", "é", "\U0001f600", "\ue000", "\\", '"', "{", "},{", "\n", [], [[]], {},
    {"$num": "1.5"}, {"$num": "1.50"}, {"calls": 1}, [{"calls": 1}, {"calls": 2}], [{"check": "a"}, {"check": "b"}],
    {"records": [{"calls": 1}]}, [snapshot(), snapshot()], '","started":"2026-01-01T00:00:00Z","types":',
    "2026-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2020-01-01T00:00:00Z", "9999-99-99T99:99:99Z", "00" * 32,
]  # fmt: skip


@pytest.mark.parametrize("name", [*snapshot(), "more", "records"])
def test_an_odd_value_in_a_snapshot_is_read_as_json_reads_it(name: str) -> None:
    for odd in ODD:
        assert_same("snapshots", [snapshots(snapshot(0), snapshot(1)), snapshots(snapshot(0, **{name: odd}), snapshot(1))] * 2)
        assert_same("snapshots", [snapshots(snapshot(0), snapshot(1, **{name: odd}))] * 2)
        assert_same("snapshots", [snapshots(snapshot(0), snapshot(1), **{name: odd})] * 2)


@pytest.mark.parametrize("name", [*finding(), "more", "records", "observed", "scopes"])
def test_an_odd_value_in_a_finding_is_read_as_json_reads_it(name: str) -> None:
    for odd in ODD:
        assert_same("findings", [findings(finding(0, **{name: odd}), finding(1))] * 2)
        assert_same("findings", [findings(finding(0), finding(1), **{name: odd})] * 2)


def edits(text: bytes) -> Iterator[bytes]:
    """The text with each of its parts lost, doubled or written in another way that says the same."""
    for part in re.finditer(rb'"[^"]*"|[0-9]+|[\[\]{},:]', text):
        start, end = part.span()
        for other in (
            b"",
            part[0] * 2,
            b" " + part[0],
            b"1.0",
            b"01",
            b"-0",
            b"1e2",
            b"null",
            b'"\\u0041"',
            b'"a\x01"',
            b'"\xff"',
        ):
            yield text[:start] + other + text[end:]


def test_what_is_not_canonical_is_read_as_json_reads_it() -> None:
    said, done = snapshots(snapshot(0), snapshot(1)), findings(finding(0), finding(1))
    for text in edits(said):
        assert_same("snapshots", [said, text, said])
    for text in edits(done):
        assert_same("findings", [done, text, done])


@pytest.mark.parametrize("kind", ["snapshots", "findings"])
def test_records_that_are_not_those_of_the_detail_are_not_taken_for_them(kind: str) -> None:
    within = {"records": [snapshot(0) if kind == "snapshots" else finding(0)], "scopes": 1, "target": "prod"}
    assert_same(kind, [canonical.encode({"more": within, "observed": 0, "scopes": [], "target": "prod"})])
    assert_same(kind, [canonical.encode({"more": within, "observed": 0, "records": [], "scopes": [], "target": "prod"})])
    assert_same(kind, [canonical.encode([within]), canonical.encode({"records": within})])


def test_an_end_before_the_beginning_is_told_of_who_says_the_rest_again() -> None:
    early = snapshot(0, finished="2025-01-01T00:00:00Z")
    found = assert_same("snapshots", [snapshots(snapshot(0)), snapshots(early), snapshots(snapshot(0))])
    assert [problem.entry for problem in found.time.kept] == ["ev_leaf 2"]
    assert "s0 ended before it began" in found.time.kept[0].sentence


def test_what_was_said_before_the_last_time_is_a_stretch_of_its_own() -> None:
    one, other = snapshots(snapshot(0)), snapshots(snapshot(0, manifest=ROOTS[1]))
    found = assert_same("snapshots", [one, one, other, one, one, snapshots(snapshot(0), snapshot(0, held=ROOTS[1])), one])
    (stretches,) = found.book.streams.values()
    assert [list(stretch.leaves) for stretch in stretches] == [[1, 2], [3], [4, 5, 6], [6], [7]]


def test_targets_whose_sources_say_the_same_are_kept_apart() -> None:
    one, other = snapshots(snapshot(0), target="one"), snapshots(snapshot(0, source="s9"), target="other")
    found = assert_same("snapshots", [one, other, one, other])
    assert [list(stretch.leaves) for (stretch,) in found.book.streams.values()] == [[1, 3], [2, 4]]


@pytest.mark.parametrize("kind", ["snapshots", "findings"])
def test_a_leaf_that_commits_to_another_root_than_its_records_have_is_named(lite: Bench, kind: str) -> None:
    """Whoever holds the key may write such a leaf; a record shown alone out of it would then prove nothing."""
    for number in range(3):
        lite.run(f"r{number}", {"a": {"Public": True}}, {"a": Status.FAIL})
    with lite.store.evidence() as evidence:
        leaves = list(evidence.leaves())
        place = [n for n, leaf in enumerate(leaves) if canonical.decode(leaf.body)["kind"] == kind][-1]
        body, detail = canonical.decode(leaves[place].body), leaves[place].detail
        assert detail is not None
        salted = zstandard.ZstdDecompressor().decompress(detail).replace(b"2026-01-01T", b"2025-01-01T")
        body["detail_digest"] = hashlib.sha256(salted).hexdigest()
        changed = replace(leaves[place], body=canonical.encode(body), detail=zstandard.ZstdCompressor().compress(salted))
        rows = Rows(evidence, [*leaves[:place], changed, *leaves[place + 1 :]])
        problems = verification.verify(rows, lite.keys.public).integrity.problems
    assert f"ev_leaf {place}: its records do not have the root that the leaf commits to" in map(str, problems)


times = st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.500000Z", "2026-03-01T00:00:00Z", "2026-13-01T00:00:00Z"])
answered = st.builds(
    snapshot,
    st.integers(0, 3),
    calls=st.integers(0, 3),
    started=times,
    finished=times,
    effective=st.none() | times,
    manifest=st.sampled_from(ROOTS),
    presence=st.sampled_from(["complete", "partial", "failed"]),
    unseen=st.sampled_from([[], [["t", "config", ["a", "é"]]]]),
    reason=st.sampled_from([None, ["denied", "s3:Get", ""], ["denied", "s3:Get", "{"]]),
)
judged = st.builds(
    finding, st.integers(0, 3), root=st.sampled_from(ROOTS), counts=st.dictionaries(st.sampled_from("abc"), st.integers(0, 9))
)


@given(st.lists(st.lists(answered, max_size=5).map(lambda records: snapshots(*records)), max_size=6))
def test_any_history_of_snapshots_is_read_as_json_reads_it(texts: list[bytes]) -> None:
    assert_same("snapshots", texts)


@given(st.lists(st.lists(judged, max_size=5).map(lambda records: findings(*records)), max_size=6))
def test_any_history_of_findings_is_read_as_json_reads_it(texts: list[bytes]) -> None:
    assert_same("findings", texts)
