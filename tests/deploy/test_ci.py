"""The pipelines that we hand out: valid, with the least rights, and their scripts do what they say when they are run."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from ruamel.yaml import YAML

import scanner
from tests.acceptance.conftest import RECORDS

ROOT = Path(__file__).parent.parent.parent
GITHUB, GITLAB = ROOT / "deploy/ci/github-actions.yml", ROOT / "deploy/ci/gitlab-ci.yml"
SCHEMAS = {GITHUB: "vendor.github-workflows", GITLAB: "vendor.gitlab-ci"}
STORE = '[store]\nurl = "sqlite:///.annexa/annexa.db"\nkey = ".annexa/annexa.key"\n'


def loaded(path: Path) -> Any:
    return YAML(typ="safe").load(path)


def gate() -> Any:
    return loaded(GITHUB)["jobs"]["gate"]


def step(name: str) -> Any:
    [found] = [s for s in gate()["steps"] if s.get("name") == name]
    return found


def script(path: Path) -> str:
    if path == GITHUB:
        return str(step("Scan")["run"])
    [only] = loaded(GITLAB)["annexa"]["script"]
    return str(only)


@pytest.mark.parametrize("path", [GITHUB, GITLAB], ids=lambda p: p.stem)
def test_it_is_what_its_published_schema_asks_for(path: Path) -> None:
    words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", SCHEMAS[path], str(path)]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("path", [GITHUB, GITLAB], ids=lambda p: p.stem)
def test_every_scanner_command_in_it_is_one_that_the_scanner_knows(path: Path) -> None:
    joined = script(path).replace("\\\n", " ")
    commands = [line.strip().partition("||")[0] for line in joined.splitlines() if line.strip().startswith("scanner ")]
    assert len(commands) == 1
    for line in commands:
        words = [word for word in shlex.split(line)[1:] if "$@" not in word and "${baseline[@]}" not in word]
        given = scanner.parser().parse_args(words)
        assert (given.command, given.fail_on, given.quiet) == ("run", "high", True)
        assert {report.partition("=")[0] for report in given.report} <= set(scanner.FORMATS)


def test_the_workflow_has_no_right_that_it_does_not_need() -> None:
    assert loaded(GITHUB)["permissions"] == {}
    assert gate()["permissions"] == {"contents": "read", "security-events": "write", "id-token": "write"}
    assert step("Scan")["env"].keys() == {"ANNEXA_KEY", "ANNEXA_REDACTION_KEY"}


def test_every_action_and_image_and_package_is_pinned_to_a_version() -> None:
    for used in [s["uses"] for s in gate()["steps"] if "uses" in s]:
        assert re.fullmatch(r"[\w-]+/[\w/-]+@v\d+\.\d+\.\d+", used), used
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-\w+", loaded(GITLAB)["annexa"]["image"])
    version = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    installs = [step("Install")["run"], *loaded(GITLAB)["annexa"]["before_script"]]
    assert [re.findall(r"annexa\[aws\]==([\w.]+)", line) for line in installs] == [[version[1]]] * 2


def test_reports_and_the_store_are_kept_even_when_the_gate_failed() -> None:
    for name in ("Show the findings as alerts", "Keep the report", "Keep the store"):
        assert step(name)["if"].startswith("always()")
    job = loaded(GITLAB)["annexa"]
    assert job["artifacts"]["when"] == job["cache"]["when"] == "always"
    assert job["artifacts"]["reports"] == {"junit": "annexa.xml"}


def test_no_key_is_cached_or_kept() -> None:
    kept = [step(n)["with"]["path"].split() for n in ("Fetch the store of the last run", "Keep the store")]
    job = loaded(GITLAB)["annexa"]
    for paths in (*kept, job["cache"]["paths"], job["artifacts"]["paths"]):
        assert not {".annexa", ".annexa/", ".annexa/annexa.key", ".annexa/annexa.key.redaction"} & set(paths)
        assert not any("*" in path for path in paths)


# -- the scripts, run --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Job:
    """A checked-out repository in which a job's script runs."""

    path: Path
    folder: Path
    environment: dict[str, str]

    def run(self, **variables: str) -> "subprocess.CompletedProcess[str]":
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"] if self.path == GITHUB else ["sh", "-e", "-c"]
        return subprocess.run(
            [*shell, script(self.path)],
            cwd=self.folder,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def report(self) -> Any:
        return json.loads((self.folder / "annexa.json").read_text())


@pytest.fixture(params=[GITHUB, GITLAB], ids=lambda p: p.stem)
def job(request: pytest.FixtureRequest, tmp_path: Path) -> Job:
    """With the starter records, of which a critical finding fails; and this tree's scanner on the path."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "scanner").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "scanner.py"}" "$@"\n')
    (bin_ / "scanner").chmod(0o755)
    folder = tmp_path / "repository"
    folder.mkdir()
    environment = {
        "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "CI_PIPELINE_ID": "1",
    }
    subprocess.run(["scanner", "init"], cwd=folder, env=environment, check=True, capture_output=True)
    (folder / "annexa.toml").write_text(STORE + RECORDS)
    return Job(request.param, folder, environment)


@pytest.fixture
def signed(job: Job, tmp_path: Path) -> dict[str, str]:
    """The variables that hand over the keys, as each place does it."""
    keys = tmp_path / "keys"
    keys.mkdir()
    toml = keys / "annexa.toml"
    toml.write_text(f'[[target]]\nname = "isms"\nkind = "records"\npath = "{job.folder / "isms"}"\n')
    words = ["scanner", "run", "--config", str(toml), "--quiet", "--check", "rec_soa_complete"]
    subprocess.run(words, cwd=keys, env=job.environment, check=True, capture_output=True)
    files = {"ANNEXA_KEY": keys / "annexa.key", "ANNEXA_REDACTION_KEY": keys / "annexa.key.redaction"}
    told: Callable[[Path], str] = Path.read_text if job.path == GITHUB else str
    return {name: told(file).strip() for name, file in files.items()}


def test_a_failed_gate_fails_the_job_and_leaves_every_report(job: Job) -> None:
    ran = job.run()
    assert ran.returncode == 1, ran.stderr
    assert "The gate failed" in ran.stdout
    assert "Gate (high or worse) failed by" in ran.stderr
    assert job.report()["gate"]["passed"] is False
    assert json.loads((job.folder / "annexa.sarif").read_text())["runs"][0]["results"]
    summary = Path(job.environment["GITHUB_STEP_SUMMARY"]) if job.path == GITHUB else job.folder / "annexa.md"
    assert summary.read_text().startswith("## Annexa: gate failed")
    if job.path == GITLAB:
        assert ElementTree.parse(job.folder / "annexa.xml").getroot().tag == "testsuites"


def test_what_the_baseline_knows_passes(job: Job) -> None:
    job.run()
    (job.folder / "annexa.json").rename(job.folder / "annexa-baseline.json")
    ran = job.run()
    assert ran.returncode == 0, ran.stderr
    assert "The gate passed, and all was read." in ran.stdout
    assert job.report()["gate"]["known"] > 0


def test_incomplete_is_not_a_pass(job: Job) -> None:
    job.run()
    (job.folder / "annexa.json").rename(job.folder / "annexa-baseline.json")
    (job.folder / "isms" / "suppliers.toml").write_text("= no TOML")
    ran = job.run()
    assert ran.returncode == 3, ran.stderr
    assert "Incomplete: something could not be read, so this is no pass" in ran.stdout


def test_a_wrong_configuration_fails_the_job_with_its_code(job: Job) -> None:
    (job.folder / "annexa.toml").write_text("[[target]]\n")
    ran = job.run()
    assert ran.returncode == 2
    assert "exit code 2" in ran.stdout


def test_with_keys_the_log_goes_on_from_run_to_run(job: Job, signed: dict[str, str]) -> None:
    job.run(**signed)
    first = job.report()["checkpoint"]
    job.run(**signed)
    second = job.report()["checkpoint"]
    assert second["origin"] == first["origin"]
    assert second["size"] > first["size"]
    assert job.report()["findings"][0]["since"] < job.report()["run"]["started"]


def test_keys_are_written_for_the_owner_alone_or_removed(job: Job, signed: dict[str, str]) -> None:
    job.run(**signed)
    for name in ("annexa.key", "annexa.key.redaction"):
        file = job.folder / ".annexa" / name
        assert not file.exists() if job.path == GITLAB else file.stat().st_mode & 0o077 == 0


def test_one_key_without_the_other_is_refused(job: Job, signed: dict[str, str]) -> None:
    ran = job.run(ANNEXA_KEY=signed["ANNEXA_KEY"])
    assert ran.returncode != 0
    assert "is missing beside ANNEXA_KEY" in ran.stderr


def test_without_a_key_a_store_that_was_left_over_is_thrown_away(job: Job) -> None:
    job.run()
    ran = job.run()
    assert ran.returncode == 1, ran.stderr
    assert "its store is thrown away" in ran.stdout
