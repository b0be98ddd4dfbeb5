"""What a check is, how it is found, and how it is performed.

A check is a pure function of one resource, the time of observation, declared parameters and what it looks up.
Its signature is its declaration:

- the first argument is the resource;
- `at` (keyword) receives the time of observation; there is no other clock;
- `inventory` (keyword) receives the look-ups that `looks_up` declares;
- every other keyword argument is a parameter; its default is the default.

It returns `None` for pass, one plain sentence for fail, `NotApplicable` or `Unknown` with a sentence for those.
"""

import ast
import hashlib
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from evidence_store.records import Inventory, Json, Resource, Severity, Status, UnreadFactError, Verdict


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The question does not arise for this resource."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The facts were read and do not allow an answer: a resource that needs an owner or a class has none."""

    reason: str


Answer: TypeAlias = str | NotApplicable | Unknown | None
Within: TypeAlias = Literal["account", "region", "provider"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A threshold that the configuration may set under `[checks.<id>]`."""

    name: str
    default: Json  # int, bool, str, or a list of str
    meaning: str


@dataclass(frozen=True, slots=True)
class Check:
    """A question put to each resource of one type."""

    id: str
    version: int
    on: str
    severity: Severity
    needs: tuple[str, ...]
    looks_up: Mapping[str, tuple[str, ...]]  # type -> facts
    title: str
    rationale: str
    fix: str
    parameters: tuple[Parameter, ...]
    question: Callable[..., Answer]
    takes_time: bool
    takes_inventory: bool
    also_on: tuple[str, ...] = ()  # further types that the same question is put to; each has all that it needs
    within: Within = "account"  # how far it looks things up; what lies beyond, read or not, does not matter to it
    above: str = ""  # the needed fact that names the accounts above the resource's own: look-ups reach those too, and no others

    @property
    def provider(self) -> str:
        return self.on.split(".")[0]

    @property
    def asked_of(self) -> tuple[str, ...]:
        """The types whose resources it is put to, all listed at one level."""
        return (self.on, *self.also_on)

    @property
    def types(self) -> tuple[str, ...]:
        return (*self.asked_of, *self.looks_up)

    def defaults(self) -> dict[str, Json]:
        return {p.name: p.default for p in self.parameters}

    def perform(self, resource: Resource, inventory: Inventory, at: datetime, parameters: Mapping[str, Json]) -> Verdict:
        """Ask once. Never raises for what was not seen; a bug in the check becomes `error`."""
        arguments: dict[str, Any] = dict(parameters)
        if self.takes_time:
            arguments["at"] = at
        if self.takes_inventory:
            arguments["inventory"] = inventory
        try:
            answer = self.question(resource, **arguments)
        except UnreadFactError as error:
            return Verdict(Status.UNKNOWN, str(error.unread))
        except Exception as error:  # noqa: BLE001 - the edge: whatever else a check raises is our bug, and says so
            return Verdict(Status.ERROR, f"the check failed on {resource.name}: {type(error).__name__}: {error}")
        match answer:
            case None:
                return Verdict(Status.PASS, "")
            case NotApplicable(reason):
                return Verdict(Status.NOT_APPLICABLE, reason)
            case Unknown(reason):
                return Verdict(Status.UNKNOWN, reason)
            case str():
                return Verdict(Status.FAIL, answer)
        return Verdict(Status.ERROR, f"the check answered {answer!r}")


_registry: dict[str, Check] = {}
_PARAMETER_LINE = re.compile(r"^`(\w+)`: (.+)$", re.MULTILINE)


def check(
    *,
    on: str,
    severity: str,
    version: int,
    needs: Iterable[str] = (),
    looks_up: Mapping[str, Iterable[str]] | None = None,
    also_on: Iterable[str] = (),
    within: Within = "account",
    above: str = "",
    fix: str,
) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Declare a check. Raises `ValueError` at import for a declaration that contradicts its function.

    The docstring's first line is the title, the rest the rationale. Each parameter has a line of its own in it:
    `` `max_age_days`: how old an active key may be, in days ``.
    """

    def declare(question: Callable[..., Answer]) -> Callable[..., Answer]:
        name, needed = question.__name__, tuple(needs)
        title, _, rest = inspect.cleandoc(question.__doc__ or "").partition("\n")
        meanings = dict(_PARAMETER_LINE.findall(rest))
        keywords = list(inspect.signature(question).parameters.values())[1:]
        special = {p.name for p in keywords} & {"at", "inventory"}
        parameters = tuple(
            Parameter(p.name, list(p.default) if isinstance(p.default, tuple) else p.default, meanings.pop(p.name, ""))
            for p in keywords
            if p.name not in special
        )
        for p in parameters:
            if not p.meaning or p.default is inspect.Parameter.empty:
                raise ValueError(f"{name}: parameter {p.name!r} needs a default and a `{p.name}`: line in the docstring")
        if meanings or not title or ("inventory" in special) != bool(looks_up):
            raise ValueError(f"{name}: title, parameter lines {sorted(meanings)} or looks_up do not match the function")
        if above and (above not in needed or within != "account"):
            raise ValueError(f"{name}: `above` names one of the facts that it needs, and goes without `within`")
        if name in _registry:
            raise ValueError(f"{name}: declared twice")
        _registry[name] = Check(
            id=name,
            version=version,
            on=on,
            severity=Severity(severity),
            needs=needed,
            looks_up={type_: tuple(facts) for type_, facts in (looks_up or {}).items()},
            title=title.rstrip("."),
            rationale=_PARAMETER_LINE.sub("", rest).strip(),
            fix=fix,
            parameters=parameters,
            question=question,
            takes_time="at" in special,
            takes_inventory="inventory" in special,
            also_on=tuple(also_on),
            within=within,
            above=above,
        )
        return question

    return declare


def checks() -> dict[str, Check]:
    """Every check by id, in order of ids. Imports each module of this package; a failure is not skipped."""
    import checks as package

    for found in pkgutil.walk_packages(package.__path__, "checks."):
        importlib.import_module(found.name)
    return dict(sorted(_registry.items()))


def code_digest(subject: Check) -> str:
    """SHA-256 of what the check asks, its own code, and what it uses from this package; comments, texts and layout aside."""
    reach = f"above {subject.above}" if subject.above else subject.within
    asks = (subject.asked_of, str(subject.severity), subject.needs, sorted(subject.looks_up.items()), reach)
    seen: dict[str, str] = {"": repr(asks)}
    _digest_into(subject.question, seen)
    return hashlib.sha256("\n".join(f"{k}={v}" for k, v in sorted(seen.items())).encode()).hexdigest()


def _digest_into(thing: Any, seen: dict[str, str]) -> None:
    """Record the code of a function or the value of a constant, and of all that it names in `checks`."""
    key = f"{thing.__module__}.{thing.__qualname__}"
    if key in seen:
        return
    tree = ast.parse(textwrap.dedent(inspect.getsource(thing)))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            node.body = [s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
            node.decorator_list = []
    seen[key] = ast.dump(tree)
    module = inspect.getmodule(thing)
    for node in ast.walk(tree):
        named = vars(module).get(node.id) if isinstance(node, ast.Name) else None
        if named is None or inspect.ismodule(named):
            continue
        if inspect.isfunction(named) or inspect.isclass(named):
            if named.__module__.startswith("checks.") and named.__module__ != __name__:
                _digest_into(named, seen)
        elif isinstance(node, ast.Name) and not callable(named):
            seen[f"{thing.__module__}.{node.id}"] = spelled(named)


def spelled(value: Any) -> str:
    """A constant in full and in a fixed order: `repr` cuts long patterns short, and sets have no order."""
    match value:
        case re.Pattern():
            return f"re({value.pattern!r}, {value.flags})"
        case set() | frozenset():
            return f"{{{', '.join(sorted(spelled(v) for v in value))}}}"
        case tuple() | list():
            return f"({', '.join(spelled(v) for v in value)})"
        case dict():
            return f"{{{', '.join(f'{spelled(k)}: {spelled(v)}' for k, v in value.items())}}}"
    return repr(value)
