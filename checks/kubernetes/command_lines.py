"""The command line of a container: as the kubelet hands it over, and as a shell or a starter in it passes it on.

- `$(NAME)` is a variable of the container, `$$` a dollar sign; a name that nothing declares stays as it is.
- What comes from elsewhere, and what only a shell knows, is `HIDDEN` in its place.
- Of a shell's line the command counts that starts the program, without quotes and redirections.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from itertools import pairwise

from evidence_store.records import Json

HIDDEN = "\0"  # no argument of a program can hold it

_REFERENCE = re.compile(r"\$(?:\(([^)]*)\)|.)", re.DOTALL)
# The kubelet declares the services of a pod's namespace by itself.
_OF_SERVICES = re.compile(r"[A-Z0-9_]+_(?:SERVICE_HOST|SERVICE_PORT\w*|PORT(?:_\d+_\w+)?)")
# What stands in the place of a value that is not shown, by where it is kept. Fields of a pod that hold a name or an address
# hold no flag; a text that is not kept since it is for a flag that nobody asks for is a doubt for its own flag alone.
_STANDS_FOR = {
    **{f"fieldRef {path}": path for path in ("status.hostIP", "status.podIP", "spec.nodeName", "metadata.name")},
    "withheld": f"?{HIDDEN}",
}
_SHELLS = frozenset({"ash", "bash", "dash", "sh"})
_STARTERS = frozenset({"dumb-init", "env", "exec", "go-runner", "hyperkube", "nice", "nohup", "tini"})
_WORDS = frozenset({"!", "do", "else", "then", "{"})  # of the shell, before a command
_SIGNS = frozenset("();<>&|\n")
_SUBSTITUTED = re.compile(r"\$\([^()]*\)|`[^`]*`|\$\{[^{}]*\}|\$\w+|\$[@*#?!$-]")


def variables_of(container: Json) -> Mapping[str, str]:
    """The variables that are kept of a container, each with those before it put in; the last one of a name holds."""
    found: dict[str, str] = {}
    for row in container.get("env") or ():
        value = row.get("value", _STANDS_FOR.get(row.get("from"), HIDDEN))
        found[row["name"]] = _expanded(value, found, container) if isinstance(value, str) else HIDDEN
    return found


def arguments_of(container: Json, program: str) -> list[str] | None:
    """What a program is given where a container starts it; `None` where it does not. Of several starts the fullest."""
    words = _handed_over(container)
    given = [command[at + 1 :] for command in _commands(words) if program == _program_of(command, at := _started(command))]
    return max(given, key=len, default=None)


def is_shown(container: Json) -> bool:
    """Whether a container says what it starts: in words of its own, all of which can be read."""
    whole = all(isinstance(part, str) for part in _parts(container))
    return bool(container.get("command")) and whole and any(_commands(_handed_over(container)))


def _parts(container: Json) -> list[Json]:
    return [*(container.get("command") or ()), *(container.get("args") or ())]


def _handed_over(container: Json) -> list[str]:
    """The words that the kubelet hands over. What was redacted holds no flag that is asked for, and is left out."""
    known = variables_of(container)
    return [_expanded(part, known, container) for part in _parts(container) if isinstance(part, str)]


def _expanded(text: str, known: Mapping[str, str], container: Json) -> str:
    """A text as the kubelet hands it over."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return "$" if found[0] == "$$" else found[0]
        elsewhere = container.get("envFrom") or _OF_SERVICES.fullmatch(name)
        return known.get(name, HIDDEN if elsewhere else found[0])

    return _REFERENCE.sub(value, text)


def _commands(words: list[str]) -> Iterator[list[str]]:
    """The commands of a command line: itself, or those of the line that it gives to a shell."""
    at = _started(words)
    if _program_of(words, at) not in _SHELLS:
        yield words
        return
    lines = (line for option, line in pairwise(words[at + 1 :]) if re.fullmatch(r"-[a-z]*c", option))
    yield from _split(next(lines, ""))


def _split(line: str) -> Iterator[list[str]]:
    """The commands of a shell's line, what the shell puts in for itself hidden."""
    found: list[str] = []
    is_target = False
    for word in _read(_hidden(line.replace("\\\n", " "))):
        is_sign = set(word) <= _SIGNS
        if is_sign and not set(word) & {"<", ">"}:
            yield found
            found = []
        elif not is_sign and not is_target:
            found.append(word)
        is_target = is_sign and bool(set(word) & {"<", ">"})
    yield found


def _hidden(line: str) -> str:
    """A line with what its shell puts in for itself hidden, from within."""
    while (less := _SUBSTITUTED.sub(HIDDEN, line)) != line:
        line = less
    return line


def _read(line: str) -> list[str]:
    """The words and signs of a line; of one that does not close what it opens none, so that nothing is said of it."""
    reader = shlex.shlex(line, posix=True, punctuation_chars="".join(sorted(_SIGNS)))
    reader.whitespace, reader.whitespace_split, reader.commenters = " \t\r", True, ""
    try:
        return [] if "$(" in line else [word for word in reader if word]
    except ValueError:
        return []


def _started(command: list[str]) -> int:
    """Where in a command the name of what it starts stands; behind its end where it starts nothing."""
    for at, word in enumerate(command):
        is_option = (at > 0 and word.startswith("-")) or "=" in word or word.isdigit()
        if not (is_option or word in _WORDS or _name_of(word) in _STARTERS):
            return at
    return len(command)


def _program_of(command: list[str], at: int) -> str:
    return _name_of(command[at]) if at < len(command) else ""


def _name_of(word: str) -> str:
    return word.rpartition("/")[2]
