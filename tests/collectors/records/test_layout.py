"""The lines of tables and keys, beside the parser that gives their values."""

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from collectors.records.layout import layout


def test_keys_are_placed_beneath_their_tables() -> None:
    places = layout('a = 1\n[t]\nb = 2\n\n[[x]]\nc = 3\n[[x]]\n# c = 4\nc = 5\n[[x.y]]\nd = 6\n[[x.y]]\n"e f" = 7\n')
    assert places.line(("a",)) == 1
    assert places.line(("t", "b")) == 3
    assert places.line(("x", 0, "c")) == 6
    assert places.line(("x", 1, "c")) == 9
    assert places.line(("x", 1, "y", 1, "e f")) == 13
    assert places.ends["x", 1] == 13


def test_what_stands_in_strings_and_brackets_is_no_header_and_no_key() -> None:
    text = (
        'a = """\n[[x]]\nb = 1\n"""\nc = [\n  "[[y]]",\n  "d = 1", # e = 2\n]\nf = \'\'\'\n[g]\'\'\'\nh = { i = "]" }\nj = 1\n'
    )
    places = layout(text)
    assert dict(places.places.items()) == {("a",): 1, ("c",): 5, ("f",): 9, ("h",): 11, ("j",): 12}


def test_a_place_that_is_not_known_is_that_of_the_nearest_thing_around_it() -> None:
    places = layout("[[x]]\n\nd = [\n  { e = 1 },\n]\n")
    assert places.line(("x", 0, "d", 0, "e")) == 3
    assert places.line(("x", 0, "nothing")) == 1
    assert places.line(("nothing",)) == 1


values = st.one_of(
    st.integers(-9, 9).map(str),
    st.sampled_from(
        ['"a # b"', "'[x]'", '"""\n[[t]]\nk = 1\\"""\n"""', "'''\nk = 2\n'''", "[\n1, # ]\n2\n]", '{ z = "}" }', '"\\"["']
    ),
)


@given(st.lists(st.lists(values, max_size=4), max_size=5))
def test_each_key_of_each_table_is_found_where_it_was_written(tables: list[list[str]]) -> None:
    lines: list[str] = []
    expected: dict[tuple[str | int, ...], int] = {}
    for n, row in enumerate(tables):
        expected["t", n] = len(lines) + 1
        lines.append("[[t]]")
        for k, value in enumerate(row):
            expected["t", n, f"k{k}"] = len(lines) + 1
            lines += f"k{k} = {value}".split("\n")
    text = "\n".join(lines)
    parsed: dict[str, Any] = tomllib.loads(text)
    places = layout(text)
    assert {path: line for path, line in places.places.items() if path[0] == "t"} == expected
    assert len(parsed.get("t", [])) == len(tables)
