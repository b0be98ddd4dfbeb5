"""The run as Markdown, read as GitHub reads it."""

import io
import re
from dataclasses import replace
from html import unescape
from typing import Any

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options

from evidence_store.records import Severity
from reports import run_markdown
from reports.gate import held
from reports.hostile import code, markdown
from reports.view import Definition, RunView
from tests.reports.estate import DEFINITIONS, EXCUSE, HOSTILE, control, finding, many, passed, run, unknown

DOES_SOMETHING = (
    "@alice and @org/team",
    "ada@example.org",
    "#12 and org/repo#12 and !7 and &3",
    "https://evil.example/x and http://evil.example",
    "www.evil.example",
    "HTTPS://EVIL.EXAMPLE and WWW.evil.example",
    "![pixel](https://evil.example/p.png)",
    "<img src=https://evil.example/p.png onerror=alert(1)>",
    "<details open><summary>x",
    "<!-- comment",
    "&lt;b&gt; &#64;alice",
    "`code` and ``code``",
    "```",
    "~~~",
    "**bold** __bold__ *it* _it_ ~~gone~~",
    "# heading",
    "    indented",
    "- list",
    "+ list",
    "1. list",
    "12) list",
    "- [ ] task",
    "> quote",
    "| a | b |",
    "===",
    "---",
    "[ref]: https://evil.example",
    "[^1]",
    "$x$ and $$y$$",
    "a \\ b \\@alice",
    "trailing\\",
)
TAGS = {"h2", "h3", "p", "strong", "code", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"}


def written(view: RunView) -> str:
    out = io.StringIO()
    run_markdown.write(view, out)
    return out.getvalue()


def html(text: str) -> str:
    """As GitHub renders it, before it links names and numbers in what is no code."""
    return str(cmarkgfm.github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE))


def tags(rendered: str) -> set[str]:
    return {tag.lower() for tag in re.findall(r"<\s*([A-Za-z!][\w-]*)", rendered)}


def linked_later(rendered: str) -> list[str]:
    """What GitHub and GitLab would still link in text outside of code: people, numbers, addresses."""
    plain = re.sub(r"<[^>]+>", "", re.sub(r"<code>.*?</code>", "", rendered, flags=re.DOTALL))
    return re.findall(r"[@#!&]\w+|https?://\S+|www\.\S+", unescape(plain), re.IGNORECASE)


def gated(view: RunView, fail_on: Severity = Severity.HIGH) -> RunView:
    return held(view, fail_on, None)


def test_the_verdict_stands_first() -> None:
    assert written(gated(run())).startswith("## Annexa: gate failed, incomplete\n")
    assert written(gated(run([passed("aws_rds_encrypted", "a")], complete=True))).startswith("## Annexa: gate passed\n")
    assert written(run(complete=True)).startswith("## Annexa: 2 gaps observed\n")
    assert written(run((), complete=True, coverage=())).startswith("## Annexa: nothing was judged\n")


def test_it_counts_by_severity_and_says_what_was_not_read_and_what_to_do() -> None:
    rendered = html(written(gated(run())))
    assert re.search(r"<td>high</td>\s*<td align=\"right\">1</td>\s*<td align=\"right\">1</td>", rendered)
    assert "3 answers unknown" in rendered
    assert "rds:DescribeDBInstances was denied (AccessDenied)" in rendered
    assert "to do: grant rds:DescribeDBInstances" in rendered


def test_a_finding_is_told_with_its_resource_its_age_and_the_remedy() -> None:
    rendered = html(written(run()))
    assert "<code>arn:aws:rds:eu-west-1:123456789012:db:orders</code>, since 2026-01-30" in rendered
    assert "Fix: Restore the database from an encrypted snapshot." in rendered
    assert "<code>aws_rds_encrypted</code>, A.8.24" in rendered


def test_it_names_the_controls_and_the_checkpoint() -> None:
    shown = written(run())
    assert "- **gap** (2): A.5.17, A.8.24" in shown
    assert "size 123, root `q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=`" in shown
    assert "does not mean compliant" in shown


def test_exceptions_that_do_not_count_are_named() -> None:
    assert "- EX-9: it expired on 2026-02-01" in written(run(invalid_exceptions=("EX-9: it expired on 2026-02-01",)))


@pytest.mark.parametrize("text", [*HOSTILE, *DOES_SOMETHING], ids=range(len(HOSTILE) + len(DOES_SOMETHING)))
def test_no_name_or_reason_becomes_more_than_text(text: str) -> None:
    excuse = replace(EXCUSE, id=text, expires=text)
    findings = [
        finding(uid=text, reason=text, target=text),
        finding(uid=f"{text} too", reason=f"{text} too", lapsed=text),
        finding(uid="waived", exception=excuse),
        unknown("host_ssh_root_login", text, f"{text} was denied"),
        unknown("host_ssh_root_login", "undecided", text),
    ]
    rendered = html(written(run(findings, invalid_exceptions=(text,), unconfigured=(text,))))
    assert tags(rendered) <= TAGS
    assert linked_later(rendered) == []
    assert rendered.count("<h2>") == 1


@pytest.mark.parametrize("text", DOES_SOMETHING)
def test_escaped_text_reads_as_it_stood_there(text: str) -> None:
    rendered = unescape(re.sub(r"</?p>", "", html(markdown(text)))).replace("\u200b", "").strip()
    assert rendered == text.strip()
    assert unescape(re.sub(r"</?(p|code)>", "", html(code(text)))).strip() == text.strip()


@pytest.mark.parametrize("text", [*HOSTILE, *DOES_SOMETHING], ids=range(len(HOSTILE) + len(DOES_SOMETHING)))
def test_a_title_or_a_remedy_may_hold_code_and_nothing_else(text: str) -> None:
    definition = replace(DEFINITIONS["aws_rds_encrypted"], title=text, fix=f"Run `usermod -L {text}` or {text}.")
    rendered = html(written(run([finding()], definitions={definition.id: definition})))
    assert tags(rendered) <= TAGS
    assert linked_later(rendered) == []


def test_code_in_a_remedy_is_shown_as_code() -> None:
    definition = replace(DEFINITIONS["aws_rds_encrypted"], fix="Install them (`apt-get dist-upgrade`, `dnf upgrade`) now.")
    rendered = html(written(run([finding()], definitions={definition.id: definition})))
    assert "Fix: Install them (<code>apt-get dist-upgrade</code>, <code>dnf upgrade</code>) now." in rendered


def test_every_section_begins_after_a_blank_line() -> None:
    lines = written(
        run([finding(check) for check in DEFINITIONS for _ in range(9)], invalid_exceptions=("EX-1: over",))
    ).splitlines()
    assert all(lines[i - 1] == "" for i, line in enumerate(lines) if line.startswith("### "))


def test_its_size_is_bounded_whatever_the_estate() -> None:
    long = "\u202e|`@" * 20_000
    definitions = {f"check_{i}": replace(DEFINITIONS["aws_rds_encrypted"], id=f"check_{i}", fix=long) for i in range(200)}

    def of(check: Definition) -> list[Any]:
        base = [replace(finding(uid=f"{long}{i}", reason=f"{i}{long}"), check=check.id) for i in range(5)]
        return [*base, replace(finding(uid=long, exception=replace(EXCUSE, id=long, expires=long)), check=check.id)]

    findings = [found for check in definitions.values() for found in of(check)]
    findings += [unknown("host_ssh_root_login", str(i), f"{i}{long} was denied") for i in range(50)]
    findings += [unknown("aws_iam_root_mfa", str(i), f"{i}{long}") for i in range(50)]
    view = run(findings, definitions=definitions, invalid_exceptions=(long,) * 50, unconfigured=(long,) * 50)
    assert len(written(view).encode()) < 1024 * 1024 / 2


def test_every_control_with_evidence_fits() -> None:
    controls = [control(f"A.{theme}.{i}", "gap", failed=1) for theme in (5, 6, 7, 8) for i in range(1, 40)]
    assert len(written(run(many(5_000), controls=controls))) < 20_000
