"""The flags of the control plane's programs, where they run as static pods that the API shows.

- A static pod, which a kubelet made from a file in kube-system, counts where one of its containers runs the program.
- EKS and GKE say in their version, AKS and DOKS by labels of their nodes, that they run the control plane; nobody else's
  silence is taken for that.
- Flags are written `--name=value`, `--name value` or `--name`. The last one holds, but for the API server's lists, which
  add up.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import takewhile
from typing import TypeAlias

from checks.check import Answer, NotApplicable, Unknown
from checks.kubernetes.naming import name_of, some
from evidence_store.records import Inventory, Json, Resource

Flags: TypeAlias = Mapping[str, str]
LOOKS_UP = {"kubernetes.static_pod": ("containers",), "kubernetes.node": ("labels",)}

_LISTS = frozenset({"authorization-mode", "tls-cipher-suites"})
_BY_VERSION = (("-eks-", "EKS"), ("-gke.", "GKE"))
_BY_LABEL = (("kubernetes.azure.com/cluster", "AKS"), ("doks.digitalocean.com/node-pool", "DOKS"))


def asked(cluster: Resource, inventory: Inventory, program: str, fault: Callable[[Flags], str | Unknown | None]) -> Answer:
    """Ask each instance of a program; a fault of one is a fault, else a doubt of one is a doubt."""
    answers = [(name, fault(flags)) for name, flags in _instances(inventory, program)]
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


def runner_of(version: str, nodes: Iterable[Resource]) -> str | None:
    """Who runs the control plane, where they say so."""
    if (found := next((runner for mark, runner in _BY_VERSION if mark in version), None)) is not None:
        return found
    labels = {label for node in nodes for label in node.fact("labels")}
    return next((runner for label, runner in _BY_LABEL if label in labels), None)


def _instances(inventory: Inventory, program: str) -> Iterator[tuple[str, Flags]]:
    for pod in inventory.where("kubernetes.static_pod"):
        for container in pod.fact("containers"):
            words = list(_words(container))
            if any(word.rpartition("/")[2] == program for word in takewhile(lambda word: not word.startswith("--"), words)):
                yield name_of(pod), _flags(words)


def _words(container: Json) -> Iterator[str]:
    """The words of a command, those within a shell's line too. What was redacted holds no flag that is asked for here."""
    for part in [*(container.get("command") or ()), *(container.get("args") or ())]:
        if isinstance(part, str):
            yield from [part] if part.startswith("--") else part.split()


def _flags(words: list[str]) -> Flags:
    found: dict[str, str] = {}
    for word, after in zip(words, [*words[1:], "--"], strict=True):
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            bare = "true" if after.startswith("-") else after
            name, value = name.replace("_", "-"), value.strip("\"'") if equals else bare
            found[name] = f"{found[name]},{value}" if name in _LISTS and name in found else value
    return found
