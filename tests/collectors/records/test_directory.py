"""The directory as a target: identity, refusals, what is declared, what is wrong before a run."""

import errno
from pathlib import Path

import pytest

from collectors.records import PROVIDER, Directory, Files, Problem, RecordsTarget, connect, problems
from collectors.records.kinds import KINDS
from collectors.records.permissions import permission_of
from collectors.source import UndeclaredCallError, UnreadError, sources
from evidence_store.records import Presence, Why
from tests.harness import look

SCOPE = '[scope]\nstatement = "All"\n'


def account(path: Path) -> str:
    [place] = connect(RecordsTarget("isms", str(path))).places()
    return place.scope.account


def test_records_keep_their_identity_when_the_directory_moves(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "isms.toml").write_text('id = "example-isms"\n')
    assert account(tmp_path / "one") == "example-isms"
    (tmp_path / "one").rename(tmp_path / "two")
    assert account(tmp_path / "two") == "example-isms"


def test_without_an_identity_the_path_stands_for_it_however_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    assert account(tmp_path / "one") == account(tmp_path / "one" / ".." / "one")
    (tmp_path / "two").mkdir()
    assert account(tmp_path / "one") != account(tmp_path / "two")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id = 3\n", "isms.toml:1: id: expected 3 to 64 of a-z"),
        ('id = "Our ISMS"\n', "found 'Our ISMS'"),
        ('id = "a:b"\n', "found 'a:b'"),
        ('id = "example"\nname = "x"\n', "isms.toml:1: name: no such field"),
        ("id\n", "not valid TOML"),
    ],
)
def test_an_identity_that_cannot_be_understood_fails_the_target(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "isms.toml").write_text(text)
    with pytest.raises(UnreadError, match=r"read isms/isms\.toml gave an answer of unexpected shape") as caught:
        account(tmp_path)
    assert says in str(caught.value)
    assert [problem.file for problem in problems(tmp_path)] == ["isms.toml"]


def test_a_directory_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(UnreadError) as caught:
        account(tmp_path / "isms")
    assert caught.value.unread.why is Why.UNREACHABLE
    assert len(problems(tmp_path / "isms")) == 1


def test_a_malformed_file_leaves_its_own_kind_unread_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "scope.toml").write_text(SCOPE)
    (tmp_path / "risks.toml").write_text('[[risk]]\nid = "R-1"\n[[risk]]\nid = "R-2"\nlikelihood = "high"\n')
    seen = look(connect(RecordsTarget("isms", str(tmp_path))), "rec_scope_statement", "rec_risk_assessment_current")
    assert seen.status("rec_scope_statement") == "fail"
    assert seen.status("rec_risk_assessment_current") == "unknown"
    assert "risks.toml:5: likelihood: expected a whole number, found 'high'" in seen.reason("rec_risk_assessment_current")
    assert seen.snapshots["isms/risks.toml"][0].presence is Presence.FAILED
    assert seen.facts("records.risk") == {}


def test_a_register_without_a_file_was_read_and_is_empty(tmp_path: Path) -> None:
    seen = look(connect(RecordsTarget("isms", str(tmp_path))), "rec_risk_assessment_current")
    assert seen.snapshots["isms/risks.toml"][0].presence is Presence.COMPLETE
    assert seen.status("rec_risk_assessment_current") == "fail"


class Broken(Files):
    def __init__(self, root: Path, number: int) -> None:
        super().__init__(root)
        self._number = number

    def read(self, file: str) -> bytes | None:
        if file == "isms.toml":
            return super().read(file)
        raise OSError(self._number, "Broken")


@pytest.mark.parametrize(
    ("number", "why"),
    [(errno.EACCES, Why.DENIED), (errno.EPERM, Why.DENIED), (errno.EIO, Why.UNREACHABLE), (errno.ELOOP, Why.UNREACHABLE)],
)
def test_what_the_operating_system_refuses_is_unread_and_never_empty(tmp_path: Path, number: int, why: Why) -> None:
    directory = Directory(Broken(tmp_path, number))
    for check in ("rec_scope_statement", "rec_policy_approved_current"):
        seen = look(directory, check)
        assert seen.status(check) == "unknown"
    reason = seen.snapshots["isms/policies/"][0].reason
    assert reason is not None
    assert (reason.why, reason.action) == (why, "read isms/policies/")


def test_every_source_under_a_directory_that_refuses_all_is_unread(tmp_path: Path) -> None:
    directory = Directory(Broken(tmp_path, errno.EACCES))
    [place] = directory.places()
    for source in sources("records"):
        if source.name != "isms/":
            with pytest.raises(UnreadError, match="was denied"):
                list(source.read(directory.reader(place, source)))


def test_a_source_reads_only_what_it_declares(tmp_path: Path) -> None:
    directory = Directory(Files(tmp_path))
    [place] = directory.places()
    scope = next(source for source in sources("records") if source.name == "isms/scope.toml")
    with pytest.raises(UndeclaredCallError, match=r"isms/scope\.toml did not declare that it reads risks\.toml"):
        directory.reader(place, scope).records(KINDS["risk"])
    with pytest.raises(UndeclaredCallError):
        directory.reader(place, scope).names()


def test_a_file_beyond_the_bound_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "risks.toml").open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    assert problems(tmp_path) == [Problem("risks.toml", 1, "", "expected at most 64 MB")]


def test_a_readme_and_hidden_files_in_a_folder_are_no_records(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    for name in ("README.md", "._keys.md", ".keys.toml", "keys.md~"):
        (tmp_path / "policies" / name).write_text("notes")
    assert problems(tmp_path) == []


def test_files_that_no_kind_claims_are_named_with_what_was_probably_meant(tmp_path: Path) -> None:
    (tmp_path / "risk.toml").write_text("")
    (tmp_path / ".git").mkdir()
    (tmp_path / "README.md").write_text("")
    assert [str(p) for p in problems(tmp_path)] == ["risk.toml:1: no kind of record is kept here (did you mean risks.toml?)"]


def test_every_problem_is_told_before_a_run(tmp_path: Path) -> None:
    (tmp_path / "risks.toml").write_text('[[risk]]\nid = "R-1"\nimpact = 1.5\n')
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "keys.md").write_text("# Keys\n")
    assert [(p.file, p.line, p.field) for p in problems(tmp_path)] == [("policies/keys.md", 1, ""), ("risks.toml", 3, "impact")]


def test_the_policy_names_each_file_once() -> None:
    text = PROVIDER.policy(sources("records"))
    assert permission_of("risks.toml") == "read isms/risks.toml"
    assert text.count("read isms/people.toml\n") == 1
    assert "read isms/policies/\n" in text
    assert "read isms/\n" in text


def test_personal_data_stands_in_facets_of_its_own() -> None:
    source = next(source for source in sources("records") if source.name == "isms/people.toml")
    personal = {facet.name for facet in source.yields if facet.personal}
    assert personal == {"personal", "provenance"}
    listing = next(facet for facet in source.yields if facet.lists)
    assert not {"name", "email"} & set(listing.names)


def test_a_record_gives_its_fields_under_the_names_that_others_ask_for(tmp_path: Path) -> None:
    (tmp_path / "isms.toml").write_text('id = "example-isms"\n')
    (tmp_path / "people.toml").write_text('[[person]]\nid = "omar"\nname = "Omar"\naccounts = ["omar"]\n')
    seen = look(connect(RecordsTarget("isms", str(tmp_path))), "rec_roles_assigned")
    uid = "records:example-isms:global:records.person:omar"
    assert seen.facts("records.person")[uid]["accounts"] == ["omar"]
    assert seen.facts("records.person")[uid]["status"] == "active"
    assert seen.facts("records.person", "personal")[uid] == {"name": "Omar", "email": None}
    assert seen.facts("records.person", "provenance")[uid]["strength"] == "self-declared"
    assert seen.facts("records.isms")["records:example-isms:global:records.isms:isms"]["registers"] == ["person"]
