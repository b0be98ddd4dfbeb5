"""Reading record files: what they may say, and how an error names its place."""

import pytest

from collectors.records.kinds import KINDS
from collectors.records.parsing import FormatError, Record, load


def read(kind: str, text: str, file: str | None = None) -> list[Record]:
    return load(KINDS[kind], [(file or f"{KINDS[kind].folder}.toml", text.encode())])


def complaint(kind: str, text: str, file: str | None = None) -> str:
    with pytest.raises(FormatError) as caught:
        read(kind, text, file)
    return str(caught.value.problem)


def test_dates_times_durations_and_lists_are_kept_as_texts_and_numbers() -> None:
    incident = read("incident", '[[incident]]\nid = "I-1"\ndetected = 2026-02-11T09:30:00+01:00\npersonal_data = true\n')[0]
    assert incident.facts["detected"] == "2026-02-11T08:30:00Z"
    assert incident.facts["personal_data"] is True
    assert incident.facts["closed"] is None
    plan = read(
        "continuity_plan", '[[continuity_plan]]\nservice = "orders"\nrto = "2d"\nrpo = "90m"\nexercised_on = 2026-01-02\n'
    )
    assert plan[0].facts["rto"] == 2880
    assert plan[0].facts["rpo"] == 90
    assert plan[0].facts["exercised_on"] == "2026-01-02"


def test_an_empty_list_and_an_empty_text_say_something_and_are_kept() -> None:
    scope = read("scope", '[scope]\nstatement = "All"\nsites = []\n')[0].facts
    assert (scope["sites"], scope["exclusions"]) == ([], None)
    assurance = '[[supplier_assurance]]\nid = "a"\nsupplier = "s"\ngaps = ""\n'
    assert read("supplier_assurance", assurance)[0].facts["gaps"] == ""


def test_defaults_of_a_file_fill_in_what_its_records_leave_out() -> None:
    text = '[defaults]\ncourse = "aware"\n[[training]]\nperson = "a"\ncompleted_on = 2026-01-01\n'
    text += '[[training]]\nperson = "b"\ncourse = "other"\ncompleted_on = 2026-01-01\n'
    assert [(r.id, r.facts["course"]) for r in read("training", text)] == [
        ("a+aware+2026-01-01", "aware"),
        ("b+other+2026-01-01", "other"),
    ]


def test_a_register_may_be_split_into_files() -> None:
    files = [("risks.toml", b'[[risk]]\nid = "R-2"\n'), ("risks/b.toml", b'[[risk]]\nid = "R-1"\n')]
    assert [record.id for record in load(KINDS["risk"], files)] == ["R-1", "R-2"]


def test_a_markdown_document_is_named_after_its_file_and_proves_its_text() -> None:
    text = '+++\ntitle = "Keys"\ntopic = ["cryptography"]\n+++\n# Keys\n\nKeep them.\n'
    policy = read("policy", text, "policies/keys.md")[0]
    assert (policy.id, policy.facts["status"], policy.facts["text_words"]) == ("keys", "approved", 4)
    assert len(policy.facts["text_sha256"]) == 64
    assert read("policy", text + "\n", "policies/keys.md")[0].facts == policy.facts
    assert read("policy", text + "More.", "policies/keys.md")[0].facts["text_sha256"] != policy.facts["text_sha256"]


def test_the_last_of_a_series_is_marked_and_dated() -> None:
    text = "".join(
        f'[[restore_test]]\nsystem = "{s}"\ndate = {d}\n'
        for s, d in (("a", "2026-01-01"), ("a", "2025-01-01"), ("b", "2024-01-01"))
    )
    marked = {record.id: (record.facts["latest"], record.facts["effective_on"]) for record in read("restore_test", text)}
    assert marked == {
        "a+2025-01-01": (False, "2025-01-01"),
        "a+2026-01-01": (True, "2026-01-01"),
        "b+2024-01-01": (True, "2024-01-01"),
    }


def test_windows_line_ends_and_a_byte_order_mark_are_text() -> None:
    assert read("risk", '\ufeff[[risk]]\r\nid = "R-1"\r\ntitle = "x"\r\n')[0].facts["title"] == "x"


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (
            "risk",
            '[[risk]]\nid = "R-1"\nlikelyhood = 3\n',
            "risks.toml:3: likelyhood: no such field (did you mean likelihood?)",
        ),
        (
            "risk",
            '[[risk]]\nid = "R-1"\n\n[[risk]]\nid = "R-2"\nlikelihood = "high"\n',
            "risks.toml:6: likelihood: expected a whole number, found 'high'",
        ),
        ("risk", '[[risk]]\nid = "R-1"\nlikelihood = true\n', "risks.toml:3: likelihood: expected a whole number, found True"),
        ("risk", '[[risk]]\nid = "R-1"\nlikelihood = 2.5\n', "risks.toml:3: likelihood: expected a whole number, found 2.5"),
        (
            "risk",
            '[[risk]]\nid = "R-1"\nassessed_on = "2026-01-01"\n',
            "risks.toml:3: assessed_on: expected a date such as 2026-01-31, found '2026-01-01'",
        ),
        (
            "risk",
            '[[risk]]\nid = "R-1"\noption = "ignore"\n',
            "risks.toml:3: option: expected a text: one of avoid, mitigate, transfer, accept, found 'ignore'",
        ),
        ("risk", '[[risk]]\nid = "R-1"\n[[risk]]\nid = "R-1"\n', "risks.toml:3: id: R-1 is already used at risks.toml:1"),
        ("risk", '[[risk]]\ntitle = "x"\n', "risks.toml:1: id: expected an id"),
        ("risk", '[[risk]]\nid = "R/1"\n', "risks.toml:2: id: expected a text of letters"),
        ("risk", '[[risk]]\nid = "R-1"\nowner = "..."\n', "risks.toml:3: owner: expected a text, found '...'"),
        ("risk", '[[risks]]\nid = "R-1"\n', "risks.toml:1: risks: expected [[risk]] tables here (did you mean risk?)"),
        ("risk", "risk = 3\n", "risks.toml:1: risk: expected a table, found 3"),
        ("risk", '[[risk]]\nid = "R-1"\ntitle = "x\n', "risks.toml:3: not valid TOML"),
        ("risk", "[[risk]]\nid = \n", "risks.toml:2: not valid TOML"),
        ("risk", '[defaults]\nowner = 3\n[[risk]]\nid = "R-1"\n', "risks.toml:2: owner: expected a text, found 3"),
        (
            "incident",
            '[[incident]]\nid = "I-1"\ndetected = 2026-02-11T09:30:00\n',
            "incidents.toml:3: detected: expected a time with its zone such as 2026-01-31T09:30:00Z, found 2026-02-11T09:30:00",
        ),
        (
            "continuity_plan",
            '[[continuity_plan]]\nservice = "s"\nrto = "soon"\n',
            "continuity_plans.toml:3: rto: expected a duration",
        ),
        (
            "training",
            '[[training]]\nperson = "a"\ncourse = "c"\n',
            "training.toml:1: id: expected an id, or person and course and",
        ),
        ("scope", '[scope]\nversion = "1"\n', "scope.toml:1: statement: expected a text, found nothing"),
        (
            "scope",
            '[scope]\nstatement = "x"\n[[scope.exclusions]]\nwhat = "a"\n[[scope.exclusions]]\nreason = "b"\n',
            "scope.toml:5: exclusions.what: expected a text, found nothing",
        ),
        (
            "nil_return",
            '[[nil_return]]\nkind = "incidents"\ndate = 2026-01-01\n',
            "nil_returns.toml:2: kind: expected a text: one of",
        ),
        (
            "access_review",
            '[[access_review]]\nsystem = "s"\ndecided_on = 2026-01-01\ndecisions = [\n{ account = "a" },\n{ acount = "b" }]\n',
            "access_reviews.toml:4: acount: no such field (did you mean account?)",
        ),
    ],
)
def test_an_error_names_file_line_field_and_what_is_expected(kind: str, text: str, expected: str) -> None:
    assert complaint(kind, text).startswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# Keys\n", "policies/keys.md:1: expected the fields of the document between two lines of +++"),
        ('+++\ntitle = "Keys"\n', "policies/keys.md:1: expected the fields"),
        ('+++\ntitle = "Keys"\nverison = "1"\n+++\n', "policies/keys.md:3: verison: no such field (did you mean version?)"),
        ("+++\ntitle = Keys\n+++\n", "policies/keys.md:2: not valid TOML"),
        ("+++\n+++\nText\n", "policies/keys.md:1: title: expected a text, found nothing"),
    ],
)
def test_an_error_in_a_document_names_its_line_in_the_file(text: str, expected: str) -> None:
    assert complaint("policy", text, "policies/keys.md").startswith(expected)


def test_bytes_that_are_no_text_are_named_by_line() -> None:
    with pytest.raises(FormatError, match=r"risks.toml:2: expected UTF-8 text"):
        load(KINDS["risk"], [("risks.toml", b"# fine\n\xff\xfe\n")])


def test_ten_thousand_records_are_read_and_each_has_its_lines() -> None:
    text = "".join(f'[[risk]]\nid = "R-{n}"\ntitle = """a\n[[risk]]\nb"""\nowner = "dana"\n\n' for n in range(10_000))
    records = read("risk", text)
    assert len(records) == 10_000
    last = next(record for record in records if record.id == "R-9999")
    assert (last.first, last.last) == (9999 * 7 + 1, 9999 * 7 + 6)
