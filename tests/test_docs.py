"""What the documents tell a reader to type or open is there."""

import re
import shlex
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

import configuration
import scanner
from checks.check import checks
from collectors.source import kinds, provider

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
GUIDES = [path.read_text() for path in sorted((ROOT / "docs").glob("*.md")) if path.stem not in ("checks", "records")]


def _commands() -> list[str]:
    texts = [README, CONTRIBUTING, scanner.EPILOG, *GUIDES]
    lines = [line.strip() for text in texts for line in text.splitlines() if re.match(r"^( {2,4})scanner ", line)]
    return sorted({re.split(r"\s{2,}|\s+#|\s+>", line)[0] for line in lines})


@pytest.mark.parametrize("line", _commands())
def test_each_command_in_the_documents_is_one_that_the_scanner_knows(line: str) -> None:
    given = scanner.parser().parse_args(shlex.split(line)[1:])
    assert given.command in scanner.COMMANDS


def test_the_crontab_in_the_documents_starts_a_command_that_the_scanner_knows() -> None:
    text = (ROOT / "docs" / "running.md").read_text()
    [line] = re.findall(r"^\d+ \d+ .* annexa +(/opt/annexa/bin/scanner .*)$", text, re.MULTILINE)
    given = scanner.parser().parse_args(shlex.split(line)[1:])
    assert (given.command, given.quiet) == ("run", True)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:docs|deploy)/[\w./-]+)`", "\n".join([README, *GUIDES])))))
def test_each_file_that_the_guides_send_a_reader_to_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_documents_name_commands() -> None:
    assert len(_commands()) >= 8


def test_the_make_targets_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"^ {4}make (\w+)", README + CONTRIBUTING, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([\w./]+(?:/|\.\w+))`", README + CONTRIBUTING))))
def test_each_path_in_the_documents_is_there(path: str) -> None:
    made_by_init = path in {"annexa.toml", "annexa.db", "isms/", "policy.json", "pack.zip", "soa.xlsx"}
    assert made_by_init or "<" in path or (ROOT / path).exists(), path


def test_the_toml_in_the_readme_loads(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    assert tomllib.loads(block)
    file = tmp_path / "annexa.toml"
    file.write_text(block)
    assert configuration.load(file, checks()).targets[0].kind == "aws"
    file.write_text(re.sub(r"^# (role_arn|external_id) = .*$", "", block, flags=re.MULTILINE).replace("# organ", "organ"))
    assert configuration.load(file, checks()).targets[0].settings.organization


def test_the_number_of_checks_that_the_readme_claims_is_true() -> None:
    assert f"{len(checks())} checks" in README


def test_the_table_of_platforms_is_true() -> None:
    rows = re.findall(r"^\| [^|]+ \| `(\w+)` \| (?:`\[(\w+)\]`)? ?\| [^|]+ \| (\d+) \|", README, re.MULTILINE)
    counted = Counter(check.provider for check in checks().values())
    assert {kind: (extra or None, int(many)) for kind, extra, many in rows} == {
        kind: (provider(kind).extra, counted[kind]) for kind in kinds()
    }


@pytest.mark.parametrize("kind", ["kubernetes", "gcp", "azure"])
def test_each_test_server_starts_by_hand_and_says_how_to_reach_it(kind: str) -> None:
    """As the README says it: the page that tells of a platform names the command, and the command is there."""
    command = f"python -m tests.collectors.{kind}.server"
    assert command in (ROOT / "docs" / f"{kind}.md").read_text()
    arguments = [sys.executable, "-m", f"tests.collectors.{kind}.server", "--help"]
    told = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "--port" in told
