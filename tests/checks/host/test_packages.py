"""Checks on package sources, driven from the files of apt and dnf."""

import pytest

from tests.collectors.host.recorded import AT, host
from tests.harness import Looked, look

CHECK = "host_repos_signed"
LIST, SOURCES, REPO = "/etc/apt/sources.list", "/etc/apt/sources.list.d/more.sources", "/etc/yum.repos.d/more.repo"


def apt(line: str = "", deb822: str = "") -> Looked:
    return look(host("debian12", files={LIST: line, SOURCES: deb822}), CHECK, at=AT)


def dnf(text: str) -> Looked:
    return look(host(files={REPO: text}), CHECK, at=AT)


@pytest.mark.parametrize(("machine", "count"), [("debian12", 2), ("redhat9", 1)])
def test_sources_of_the_vendor_pass(machine: str, count: int) -> None:
    found = [str(f.status) for f in look(host(machine), CHECK, at=AT).of(CHECK)]
    assert found.count("pass") == count
    assert "fail" not in found


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("deb http://deb.debian.org/debian bookworm main\n", "pass"),
        ("deb [arch=amd64 signed-by=/usr/share/keyrings/d.gpg] http://deb.debian.org/debian bookworm main # why\n", "pass"),
        ("deb [trusted=yes] http://deb.debian.org/debian bookworm main\n", "fail"),
        ("deb [ allow-insecure=yes ] http://deb.debian.org/debian bookworm main\n", "fail"),
        ("deb http://evil.example.org/debian bookworm main\n", "fail"),
        ("deb http://deb.debian.org.example.org/debian bookworm main\n", "fail"),
        ("deb mirror+file:/etc/apt/mirrors/debian.list bookworm main\n", "pass"),
        ("deb https://token:x@deb.debian.org:443/debian bookworm main\n", "pass"),
        ("deb http://deb.debian.org@evil.example.org/debian bookworm main\n", "fail"),
        ("deb file:///deb.debian.org ./\n", "fail"),
        ("deb file:/srv/debs ./\n", "fail"),
    ],
)
def test_line_of_sources_list_is_judged(line: str, status: str) -> None:
    assert apt(line).status(CHECK) == status


def test_sources_that_are_commented_out_or_hold_no_programs_are_none() -> None:
    assert apt("# deb http://evil.example.org/debian bookworm main\ndeb-src http://evil.example.org/x y z\n").of(CHECK) == []


def test_each_suite_of_a_stanza_is_judged() -> None:
    stanza = """# a comment
Types: deb deb-src
URIs: https://deb.debian.org/debian
Suites: bookworm
 bookworm-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: https://packages.example.org/
Suites: stable
Enabled: no

Types: deb
URIs: https://deb.debian.org/debian
Suites: sid
Trusted: yes
"""
    seen = apt(deb822=stanza)
    assert seen.status(CHECK, " bookworm") == "pass"
    assert seen.status(CHECK, " bookworm-updates") == "pass"
    assert seen.status(CHECK, " stable") == "not_applicable"
    assert "trusted" in seen.reason(CHECK, " sid")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("[x]\nbaseurl=https://cdn.redhat.com/x\ngpgcheck=1\n", "pass"),
        ("[x]\nbaseurl=https://cdn.redhat.com/x\n", "pass"),
        ("[x]\nbaseurl=https://cdn.redhat.com/x\ngpgcheck=0\n", "fail"),
        ("[x]\nmetalink=https://mirrors.fedoraproject.org/m?repo=epel-9&arch=$basearch\ngpgcheck=1\n", "pass"),
        ("[x]\nbaseurl=https://rpm.example.org/\ngpgcheck=1\n", "fail"),
        ("[x]\nbaseurl=https://rpm.example.org/\ngpgcheck=0\nenabled=0\n", "not_applicable"),
    ],
)
def test_section_of_a_repo_file_is_judged(text: str, status: str) -> None:
    assert dnf(text).status(CHECK, f"{REPO} {text.split('=', 1)[1].splitlines()[0]} x") == status


def test_main_file_that_turns_signatures_off_holds_for_all() -> None:
    seen = look(host(files={"/etc/dnf/dnf.conf": "[main]\n", REPO: "[x]\nbaseurl=https://cdn.redhat.com/x\n"}), CHECK, at=AT)
    assert "gpgcheck=0" in seen.reason(CHECK, "redhat.com/x x")


@pytest.mark.parametrize(("machine", "denied"), [("debian12", LIST), ("redhat9", "/etc/yum.repos.d/redhat.repo")])
def test_sources_that_may_not_be_read_are_unknown(machine: str, denied: str) -> None:
    seen = look(host(machine, denied=[denied]), CHECK, at=AT)
    assert (seen.status(CHECK), seen.reason(CHECK)) == ("unknown", f"read {denied} was denied")
