"""What git knows of a record, in real repositories."""

import os
import subprocess
from pathlib import Path

import pytest

from collectors.records import Directory, Files
from collectors.records.provenance import Git
from collectors.source import UnreadError
from evidence_store.records import Json, Why
from tests.harness import Looked, look

RISK = '[[risk]]\nid = "{id}"\ntitle = "{title}"\naccepted_by = "dana"\n\n'
PEOPLE = '[[person]]\nid = "dana"\nemail = "dana@example.org"\n[[person]]\nid = "omar"\nemail = "omar@example.org"\n'


class Repository:
    """A git work tree with an `isms` directory, in which two people commit and sign."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root = root
        self.isms = root / "isms"
        self.isms.mkdir(parents=True)
        self._home = home
        self.run("init", "-q", "-b", "main")
        (self.isms / "isms.toml").write_text('id = "example-isms"\n')
        (self.isms / "people.toml").write_text(PEOPLE)

    def run(self, *arguments: str, by: str = "dana", sign: bool = False) -> str:
        key = self._home / f"{by}.key"
        named = [f"user.name={by}", f"user.email={by}@example.org", "gpg.format=ssh", f"user.signingkey={key}"]
        options = [part for setting in (*named, f"commit.gpgsign={str(sign).lower()}") for part in ("-c", setting)]
        done = subprocess.run(["git", "-C", str(self.root), *options, *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, *, by: str = "dana", sign: bool = False) -> str:
        self.run("add", "-A")
        self.run("commit", "-q", "-m", "Change records", by=by, sign=sign)
        return self.run("rev-parse", "HEAD")

    def provenance(self, id_: str) -> dict[str, Json]:
        found = self.look().facts("records.risk", "provenance")
        provenance: dict[str, Json] = found[f"records:example-isms:global:records.risk:{id_}"]
        return provenance

    def look(self, git: str = "git") -> Looked:
        return look(Directory(Files(self.isms), git), "rec_risk_assessment_current")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Signing keys of both, and a configuration of git that knows whose they are."""
    home = tmp_path_factory.mktemp("home")
    signers = ""
    for who in ("dana", "omar"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / f"{who}.key")], check=True)
        signers += f"{who}@example.org {(home / f'{who}.key.pub').read_text()}"
    (home / "signers").write_text(signers)
    (home / ".gitconfig").write_text(f'[gpg]\n\tformat = ssh\n[gpg "ssh"]\n\tallowedSignersFile = {home / "signers"}\n')
    return home


@pytest.fixture
def repository(tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("HOME", str(keys))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return Repository(tmp_path / "work", keys)


def test_a_record_names_the_last_commit_that_changed_one_of_its_lines(repository: Repository) -> None:
    risks = repository.isms / "risks.toml"
    risks.write_text(RISK.format(id="R-1", title="a") + RISK.format(id="R-2", title="b"))
    first = repository.commit()
    risks.write_text(risks.read_text().replace('title = "b"', 'title = "c"'))
    second = repository.commit(by="omar")
    assert repository.provenance("R-1")["commit"] == first
    changed = repository.provenance("R-2")
    assert (changed["commit"], changed["commit_author"], changed["signature"]) == (second, "omar@example.org", "unsigned")
    assert changed["commit_time"].endswith("Z")


def test_a_record_that_only_moved_keeps_its_provenance(repository: Repository) -> None:
    risks = repository.isms / "risks.toml"
    risks.write_text(RISK.format(id="R-1", title="a"))
    repository.commit()
    before = repository.provenance("R-1")
    risks.write_text("# A comment\n\n" + RISK.format(id="R-0", title="z") + risks.read_text())
    repository.commit()
    assert repository.provenance("R-1") == before


def test_a_record_is_verified_when_its_approver_signed_the_commit(repository: Repository) -> None:
    (repository.isms / "risks.toml").write_text(RISK.format(id="R-1", title="a"))
    repository.commit(by="dana", sign=True)
    signed = repository.provenance("R-1")
    assert (signed["signature"], signed["signer"], signed["strength"]) == ("good", "dana@example.org", "verified")


@pytest.mark.parametrize(("by", "sign"), [("omar", True), ("dana", False)])
def test_another_persons_signature_or_an_authors_name_alone_verifies_nothing(
    repository: Repository, by: str, *, sign: bool
) -> None:
    (repository.isms / "risks.toml").write_text(RISK.format(id="R-1", title="a"))
    repository.commit(by=by, sign=sign)
    assert repository.provenance("R-1")["strength"] == "self-declared"


def test_a_later_change_by_somebody_else_takes_the_verification_away(repository: Repository) -> None:
    risks = repository.isms / "risks.toml"
    risks.write_text(RISK.format(id="R-1", title="a"))
    repository.commit(by="dana", sign=True)
    risks.write_text(risks.read_text().replace('"a"', '"b"'))
    repository.commit(by="omar", sign=True)
    assert repository.provenance("R-1")["strength"] == "self-declared"
    repository.run("checkout", "-q", "HEAD~1")
    assert repository.provenance("R-1")["strength"] == "verified"


def test_shared_defaults_speak_for_each_record_and_so_does_their_commit(repository: Repository) -> None:
    risks = repository.isms / "risks.toml"
    risks.write_text('[defaults]\naccepted_by = "dana"\nresidual = 9\n\n[[risk]]\nid = "R-1"\n')
    repository.commit(by="dana", sign=True)
    assert repository.provenance("R-1")["strength"] == "verified"
    risks.write_text(risks.read_text().replace("residual = 9", "residual = 1"))
    repository.commit(by="omar", sign=True)
    assert repository.provenance("R-1")["strength"] == "self-declared"


def test_a_signature_by_a_key_that_nobody_allowed_verifies_nothing(repository: Repository, keys: Path) -> None:
    (repository.isms / "risks.toml").write_text(RISK.format(id="R-1", title="a"))
    repository.commit(by="dana", sign=True)
    allowed = (keys / "signers").read_text()
    try:
        (keys / "signers").write_text("")
        assert repository.provenance("R-1")["strength"] == "self-declared"
    finally:
        (keys / "signers").write_text(allowed)


def test_what_is_not_committed_has_no_commit(repository: Repository) -> None:
    risks = repository.isms / "risks.toml"
    risks.write_text(RISK.format(id="R-1", title="a"))
    assert repository.provenance("R-1")["commit"] is None
    repository.commit(sign=True)
    risks.write_text(risks.read_text().replace('"a"', '"b"'))
    assert repository.provenance("R-1")["commit"] is None
    assert repository.provenance("R-1")["strength"] == "self-declared"
    state = repository.look().facts("records.isms", "git")
    assert [facts["git"] for facts in state.values()] == ["changed"]


def test_commits_that_a_repository_asks_to_ignore_are_not_ignored(repository: Repository) -> None:
    risks = repository.isms / "risks.toml"
    risks.write_text(RISK.format(id="R-1", title="a"))
    repository.commit(by="dana", sign=True)
    risks.write_text(risks.read_text().replace('"a"', '"b"'))
    (repository.root / "ignored").write_text(repository.commit(by="omar"))
    repository.run("config", "blame.ignoreRevsFile", "ignored")
    assert repository.provenance("R-1")["commit_author"] == "omar@example.org"


def test_a_directory_outside_git_is_read_without_it(tmp_path: Path) -> None:
    (tmp_path / "risks.toml").write_text(RISK.format(id="R-1", title="a"))
    assert Git(tmp_path, "/nonexistent/git").state() == {"git": "none", "head": None}
    seen = look(Directory(Files(tmp_path), "/nonexistent/git"), "rec_risk_assessment_current")
    assert [facts["strength"] for facts in seen.facts("records.risk", "provenance").values()] == ["self-declared"]


def test_a_work_tree_that_git_cannot_read_leaves_the_provenance_unread_and_the_records_read(repository: Repository) -> None:
    (repository.isms / "risks.toml").write_text(RISK.format(id="R-1", title="a"))
    repository.commit()
    seen = repository.look(git="/nonexistent/git")
    assert len(seen.facts("records.risk")) == 1
    [unread] = [u for u in seen.snapshots["isms/risks.toml"][0].unread if u.facet == "provenance"]
    assert (unread.unread.why, unread.unread.detail) == (Why.UNSUPPORTED, "git is not installed")


def test_a_repository_that_git_distrusts_is_unread_with_its_own_words(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /nonexistent\n")
    with pytest.raises(UnreadError, match="not a git repository"):
        Git(tmp_path).state()


def test_a_roster_that_cannot_be_read_leaves_signed_records_unjudged(repository: Repository) -> None:
    (repository.isms / "risks.toml").write_text(RISK.format(id="R-1", title="a"))
    repository.commit(sign=True)
    (repository.isms / "people.toml").write_text("[[person]]\n")
    [unread] = [u for u in repository.look().snapshots["isms/risks.toml"][0].unread if u.facet == "provenance"]
    assert "people.toml:1: id: expected an id" in unread.unread.detail


def test_git_is_asked_a_few_times_for_a_file_however_many_records_it_has(repository: Repository) -> None:
    (repository.isms / "risks.toml").write_text("".join(RISK.format(id=f"R-{n}", title="a") for n in range(300)))
    repository.commit()
    assert repository.look().snapshots["isms/risks.toml"][0].calls <= 7


def test_an_environment_that_points_git_elsewhere_is_not_followed(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository.isms / "risks.toml").write_text(RISK.format(id="R-1", title="a"))
    head = repository.commit()
    monkeypatch.setenv("GIT_DIR", os.devnull)
    assert Git(repository.isms).state()["head"] == head
