"""The flags of the control plane's programs, where they run as static pods that the API shows.

- A static pod, which a kubelet made from a file in kube-system, counts where one of its containers runs the program.
- EKS and GKE say in their version, AKS and DOKS by labels of their nodes, that they run the control plane; nobody else's
  silence is taken for that.
- Flags are written `--name=value`, `--name value` or, of a switch, `--name` alone; those of etcd with one hyphen too. The
  last one holds, but for the API server's lists, which add up. etcd takes what is not there from its variables.
- A flag whose value cannot be read leaves a doubt, and so does one that is not there where flags come from elsewhere too, or
  any where a file of settings is named.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from checks.check import Answer, NotApplicable, Unknown
from checks.kubernetes.command_lines import HIDDEN, arguments_of, is_shown, variables_of
from checks.kubernetes.image_names import image_name
from checks.kubernetes.naming import name_of, some
from evidence_store.records import Inventory, Json, Resource

LOOKS_UP = {"kubernetes.static_pod": ("containers",), "kubernetes.node": ("labels",)}

_LISTS = frozenset({"authorization-mode", "tls-cipher-suites"})
# Flags that are on where they stand alone, and never take the word behind them.
_SWITCHES = frozenset({"anonymous-auth", "auto-tls", "client-cert-auth", "peer-auto-tls", "peer-client-cert-auth"})
_ONE_HYPHEN = frozenset({"etcd"})
_ETCD = "ETCD_"
_ELSEWHERE = "takes flags from where the API does not show them"
_FILES = ("config", "config-file", "openshift-config")
_TRUTH = {**dict.fromkeys(("1", "t", "true"), True), **dict.fromkeys(("0", "f", "false"), False)}
_BY_VERSION = (("-eks-", "EKS"), ("-gke.", "GKE"))
_BY_LABEL = (("kubernetes.azure.com/cluster", "AKS"), ("doks.digitalocean.com/node-pool", "DOKS"))


class DoubtError(Exception):
    """A flag whose value the API does not show. What is asked of it ends as unknown."""


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags of one instance of a program, by name. Raises `DoubtError` for what cannot be read."""

    _values: Mapping[str, str]
    _doubt: str = ""  # why a flag that is not among them may be set all the same

    def get(self, name: str, default: str = "") -> str:
        if name not in self:
            return default
        if HIDDEN in self._values[name]:
            raise DoubtError(f"takes --{name} from where the API does not show it")
        return self._values[name]

    def is_on(self, name: str, *, unset: bool) -> bool:
        """Whether a switch is on. `unset`: what it is where nobody sets it."""
        value = self.get(name, str(unset))
        if value.casefold() not in _TRUTH:
            raise DoubtError(f"sets --{name} to {value}, which is neither true nor false")
        return _TRUTH[value.casefold()]

    def __contains__(self, name: str) -> bool:
        if self._doubt and name not in self._values:
            raise DoubtError(self._doubt)
        return name in self._values


def asked(cluster: Resource, inventory: Inventory, program: str, fault: Callable[[Flags], str | Unknown | None]) -> Answer:
    """Ask each instance of a program; a fault of one is a fault, else a doubt of one is a doubt."""
    answers = [(name, _answer(flags, fault)) for name, flags in _instances(inventory, program)]
    if not answers:
        runner = runner_of(cluster.fact("gitVersion"), inventory.where("kubernetes.node"))
        if runner is not None:
            return NotApplicable(f"cluster {name_of(cluster)} has its control plane run by {runner}, which shows no flags")
        return Unknown(f"cluster {name_of(cluster)} shows no pod of {program}: its flags cannot be judged here")
    faults = [f"{name} {answer}" for name, answer in answers if isinstance(answer, str)]
    if faults:
        return some(faults)
    doubts = [f"{name} {answer.reason}" for name, answer in answers if isinstance(answer, Unknown)]
    return Unknown(some(doubts)) if doubts else None


def _answer(flags: Flags, fault: Callable[[Flags], str | Unknown | None]) -> str | Unknown | None:
    """What is wrong with one instance, or cannot be told."""
    try:
        return fault(flags)
    except DoubtError as doubt:
        return Unknown(str(doubt))


def runner_of(version: str, nodes: Iterable[Resource]) -> str | None:
    """Who runs the control plane, where they say so."""
    if (found := next((runner for mark, runner in _BY_VERSION if mark in version), None)) is not None:
        return found
    labels = {label for node in nodes for label in node.fact("labels")}
    return next((runner for label, runner in _BY_LABEL if label in labels), None)


def _instances(inventory: Inventory, program: str) -> Iterator[tuple[str, Flags]]:
    for pod in inventory.where("kubernetes.static_pod"):
        for container in pod.fact("containers"):
            arguments = arguments_of(container, program)
            if arguments is not None:
                yield name_of(pod), _flags(arguments, container, program)
            elif _is_of(program, container) and not is_shown(container):
                yield name_of(pod), Flags({}, "is started in a way that the API does not show")


def _is_of(program: str, container: Json) -> bool:
    return image_name(container.get("image") or "").place.endswith(f"/{program}")


def _flags(arguments: list[str], container: Json, program: str) -> Flags:
    found, doubt = _read(arguments, program)
    if program == "etcd":  # it reads its variables for what the command line leaves open, the name of its file too
        own = {name.removeprefix(_ETCD): value for name, value in variables_of(container).items() if name.startswith(_ETCD)}
        found = {name.replace("_", "-").lower(): value for name, value in own.items() if value} | found
        doubt = doubt or (_ELSEWHERE if container.get("envFrom") else "")
        found = {} if doubt else found
    file = next((found[name] for name in _FILES if found.get(name)), "")
    if file:
        return Flags({}, f"takes its settings from {file.replace(HIDDEN, '...')}, which the API does not show")
    return Flags(found, doubt)


def _read(arguments: list[str], program: str) -> tuple[dict[str, str], str]:
    """The flags on a command line, and a doubt where it may hold others."""
    found: dict[str, str] = {}
    rest, doubt = list(reversed(arguments)), ""
    while rest and (word := rest.pop()) != "--":
        bare = word.removeprefix("-").removeprefix("-")
        name, equals, value = bare.partition("=")
        if not equals:
            value = rest.pop() if name not in _SWITCHES and rest and _may_be_value(rest[-1]) and bare != word else "true"
        unseen = word.startswith(HIDDEN) if bare == word else HIDDEN in name or (value.startswith(HIDDEN) and not equals)
        if unseen:  # any flag, which goes before those before it
            doubt, found = _ELSEWHERE, {}
        name = name.replace("_", "-")
        if bare == word or not (word.startswith("--") or program in _ONE_HYPHEN):
            continue
        if name in _LISTS:
            value = f"{found[name]},{value}" if name in found else f"{HIDDEN},{value}" if doubt else value
        found[name] = value.strip("\"'")
    return found, doubt


def _may_be_value(word: str) -> bool:
    return word == "-" or not word.startswith("-")
