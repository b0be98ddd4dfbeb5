"""Command lines as the kubelet hands them over: held against its own way through a text, one character after another."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as some

from checks.kubernetes.command_lines import HIDDEN, arguments_of, variables_of

TEXTS = some.text(alphabet="$()AB x\n", max_size=12)
ENV = some.lists(some.tuples(some.sampled_from(["A", "B", "AB"]), TEXTS), max_size=3)


def expanded(text: str, known: Mapping[str, str]) -> str:
    """What the kubelet makes of a text: `$$` is one sign, `$(NAME)` a variable that it knows, all else itself."""
    found, at = "", 0
    while at < len(text):
        if text[at] != "$" or at + 1 == len(text):
            found, at = found + text[at], at + 1
        elif text[at + 1] == "$":
            found, at = found + "$", at + 2
        elif text[at + 1] == "(" and (end := text.find(")", at)) > 0:
            name = text[at + 2 : end]
            found, at = found + known.get(name, f"$({name})"), end + 1
        else:
            found, at = found + text[at : at + 2], at + 2
    return found


@given(text=TEXTS, env=ENV)
def test_references_are_put_in_as_the_kubelet_puts_them_in(text: str, env: list[tuple[str, str]]) -> None:
    container = {"command": ["etcd", text], "env": [{"name": name, "value": value} for name, value in env]}
    known: dict[str, str] = {}
    for name, value in env:
        known[name] = expanded(value, known)
    assert variables_of(container) == known
    assert arguments_of(container, "etcd") == [expanded(text, known)]


@given(text=TEXTS, env=ENV)
def test_with_a_set_of_variables_from_elsewhere_nothing_is_guessed(text: str, env: list[tuple[str, str]]) -> None:
    rows = [{"name": name, "value": value} for name, value in env]
    (alone,) = arguments_of({"command": ["etcd", text], "env": rows}, "etcd") or []
    (beside,) = arguments_of({"command": ["etcd", text], "env": rows, "envFrom": True}, "etcd") or []
    assert beside == alone or HIDDEN in beside


@given(line=some.text(alphabet="$(){}`'\"\\ ;&|<>=-aetcd\n", max_size=30))
def test_any_line_of_a_shell_is_read_or_left(line: str) -> None:
    found = arguments_of({"command": ["sh", "-c", line]}, "etcd")
    assert found is None or "etcd" in line.replace("\\", "").replace('"', "").replace("'", "").replace("\n", "")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("etcd --a=b", ["--a=b"]),
        ("exec /usr/local/bin/etcd --a 'b c'", ["--a", "b c"]),
        ("A=b nice -n 5 etcd --a", ["--a"]),
        ("sleep 1; etcd --a & wait", ["--a"]),
        ("if true; then exec etcd --a; fi", ["--a"]),
        ("etcd --a >/x 2>&1 --b", ["--a", "2", "--b"]),
        ("etcd --a=$(hostname -s) --b", [f"--a={HIDDEN}", "--b"]),
        ("etcd --a=$(cat $(echo x)) --b", [f"--a={HIDDEN}", "--b"]),
        ("etcd \\\n  --a", ["--a"]),
        ("# etcd's own\netcd --a", None),  # a quote that does not close
        ("etcdctl get x", None),
        ("cat /etc/etcd", None),
        ("", None),
    ],
)
def test_of_a_shells_line_the_command_counts_that_starts_the_program(line: str, found: list[str] | None) -> None:
    assert arguments_of({"command": ["/bin/bash", "-ec", line]}, "etcd") == found
