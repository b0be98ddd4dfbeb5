"""The image that we tell how to build: of files that exist, of pinned packages, for a user who is nobody."""

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from deploy.container import pins

ROOT = Path(__file__).parent.parent.parent
FILE = ROOT / "deploy" / "container" / "Containerfile"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = {name: pins.pinned((ROOT / "requirements" / f"{name}.lock").read_text()) for name in ("run", "test")}


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage, with lines joined."""
    lines = [line for line in FILE.read_text().splitlines() if line.strip() and not line.startswith("#")]
    text = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found: list[list[tuple[str, str]]] = []
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def of(stage: list[tuple[str, str]], word: str) -> list[str]:
    return [rest for instruction, rest in stage if instruction == word]


def container() -> tuple[Any, Any]:
    documents = YAML(typ="safe").load_all(ROOT / "deploy" / "kubernetes" / "cronjob.yaml")
    [job] = [document for document in documents if document["kind"] == "CronJob"]
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return pod, pod["containers"][0]


def test_it_is_built_of_files_that_are_here_and_holds_all_that_is_installed() -> None:
    build, final = stages()
    copied = {path for rest in of(build, "COPY") for path in rest.split()[:-1]}
    assert [path for path in sorted(copied) if not (ROOT / path).exists()] == []
    installed = {path.strip("/") for path in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["include"]}
    assert installed | {"pyproject.toml", PROJECT["project"]["readme"], *PROJECT["project"]["license-files"]} <= copied
    assert of(final, "COPY") == ["--from=build /opt/annexa /opt/annexa"]


def test_directories_are_copied_under_their_own_name() -> None:
    for rest in of(stages()[0], "COPY"):
        *paths, to = rest.split()
        assert to.endswith("/") or paths == [to], "a directory's content would lie elsewhere"


def test_every_package_is_installed_by_its_hash() -> None:
    installs = [step for rest in of(stages()[0], "RUN") for step in rest.split("&&") if re.search(r"\bpip\b.* install\b", step)]
    assert len(installs) == 3
    for step in installs:
        words = shlex.split(step)
        ours = words[-1] == "/build/wheels/annexa-*.whl"
        assert ours or {"--require-hashes", "--only-binary"} <= set(words), step
        assert "--no-deps" in words if ours else "--requirement" in words


def test_nothing_to_build_with_is_left_in_it() -> None:
    build, final = stages()
    assert of(build, "FROM")[0].removesuffix(" AS build") == of(final, "FROM")[0], "else its Python may be another"
    assert "--without-pip" in " ".join(of(build, "RUN"))
    [run] = of(final, "RUN")
    installed = run.partition("--no-install-recommends")[2].partition("&&")[0].split()
    assert installed == ["ca-certificates", "python3", "tzdata", "$PACKAGES"]
    assert of(final, "ARG") == ['PACKAGES=""']


def test_it_runs_the_scanner_as_nobody_and_as_the_manifest_says() -> None:
    _, final = stages()
    assert of(final, "ENTRYPOINT") == ['["/opt/annexa/bin/scanner"]']
    assert "scanner" in PROJECT["project"]["scripts"]
    [user] = of(final, "USER")
    pod, scan = container()
    security = pod["securityContext"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), "a name would not do: the cluster must see that it is not root"
    assert user == f"{security['runAsUser']}:{security['runAsGroup']}"
    [run] = of(final, "RUN")
    assert f"--owner {security['runAsUser']} --group {security['runAsGroup']} /var/lib/annexa" in run
    assert of(final, "WORKDIR") == [scan["workingDir"]] == ["/var/lib/annexa"]
    assert "command" not in scan, "the image's own"
    assert of(final, "USER") == [final[-4][1]], "after everything that only root may do"


def test_the_manifest_and_the_documents_name_this_version_and_this_file() -> None:
    version = PROJECT["project"]["version"]
    assert container()[1]["image"].endswith(f"/annexa:{version}")
    assert f"--tag annexa:{version}" in FILE.read_text()
    for page in ("docs/running.md", "docs/kubernetes.md", "deploy/kubernetes/cronjob.yaml"):
        assert "deploy/container/Containerfile" in (ROOT / page).read_text(), page


def test_what_each_extra_comes_to_is_what_the_packages_themselves_say() -> None:
    assert pins.EXTRAS.read_text() == pins.renewed(), "run: python deploy/container/pins.py --renew"


@pytest.mark.parametrize("extra", [*tomllib.loads(pins.EXTRAS.read_text()), "all"])
def test_each_extra_is_pinned_with_hashes_as_the_tests_ran_with_it(extra: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert pins.main([extra]) == 0
    found = pins.pinned(capsys.readouterr().out)
    assert {"sqlalchemy", "cryptography"} <= found.keys(), "what every image holds"
    for name, block in found.items():
        assert block == LOCKS["test"][name]
        assert re.match(r"[\w.-]+==\S+", block)
        assert "--hash=sha256:" in block
    wanted = PROJECT["project"]["optional-dependencies"].get(extra, [])
    assert {pins.canonical(requirement) for requirement in wanted if not requirement.startswith("annexa[")} <= found.keys()
    assert "hatchling" not in found


def test_both_locks_pin_the_same_versions() -> None:
    def versions(lock: str) -> dict[str, str]:
        return {name: block.split()[0] for name, block in LOCKS[lock].items()}

    assert versions("run").items() <= versions("test").items()


def test_an_extra_that_there_is_not_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert pins.main(["aws", "awss"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "no such extra: awss; known: aws, azure, gcp, kubernetes, postgresql, all\n"
