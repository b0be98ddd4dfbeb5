"""What the packet filter does with traffic to this machine, whoever wrote its rules.

ufw, firewalld and iptables (in its nftables form) all end as rules in nftables, so that is what is read. `iptables-save`
and `ip6tables-save` are asked where there is no `nft`, and for tables whose conditions only they can show. Kept are the
chains that inbound packets can reach; counters and handles, which move, are dropped.
"""

import json
import re
import shlex
from collections.abc import Iterator
from typing import TypeAlias

from collectors.host.machine import Ran
from collectors.host.reader import HostReader
from collectors.source import Facet, UnreadError, source
from evidence_store.records import Json, Observation, Unread, Why

_NFT = "nft --json list ruleset"
_SILENT = {"counter", "log", "mangle", "quota", "notrack"}  # what a rule may do besides deciding
_Rule: TypeAlias = dict[str, Json]
_Chains: TypeAlias = dict[tuple[str, str, str], _Rule]


@source(
    "firewall",
    level="account",
    calls=[f"run {_NFT}", "run iptables-save", "run ip6tables-save", "read /proc/net/if_inet6"],
    yields=[Facet("host.machine", ("InputChains", "Ipv6InUse"), name="firewall")],
)
def firewall(reader: HostReader) -> Iterator[Observation]:
    """`InputChains` is `None` where no packet filter is installed. A chain: `Family` (ip, ip6, inet), `Table`, `Name`,
    `Base`, `Policy`, `Rules`; a rule: `If` (conditions), `Interfaces` (`None`: any), `Do` (`accept`, `jump NAME`, ...)."""
    ran = reader.run(*_NFT.split())
    chains: Json = None
    if ran is not None:
        found, opaque = _from_nft(json.loads(_answered(reader, ran, _NFT))["nftables"])
        if opaque:  # rules of iptables, whose conditions nft does not show
            found = {key: chain for key, chain in found.items() if key[:2] not in opaque} | (_saved(reader) or {})
        chains = _reachable(found)
    elif (saved := _saved(reader)) is not None:
        chains = _reachable(saved)
    addresses = [line.split() for line in (reader.text("/proc/net/if_inet6") or "").splitlines()]
    used = any(fields and fields[-1] != "lo" for fields in addresses)
    yield reader.of_machine("firewall", {"InputChains": chains, "Ipv6InUse": used})


def _answered(reader: HostReader, ran: Ran, command: str) -> str:
    if ran.code == 0 and not (not reader.machine.root and "ermitted" in ran.err):
        return ran.out
    if re.search(r"not permitted|must be root|ermission denied", ran.err + ran.out):
        raise UnreadError(Unread(Why.DENIED, f"run {command}"))
    raise UnreadError(Unread(Why.UNSUPPORTED, f"run {command}", (ran.err.strip().splitlines() or [""])[-1]))


def _saved(reader: HostReader) -> _Chains | None:
    """What iptables has, for both families; `None` where there is no iptables."""
    four, six = reader.run("iptables-save"), reader.run("ip6tables-save")
    if four is None:
        return None
    chains = _from_save("ip", _answered(reader, four, "iptables-save"))
    return chains | (_from_save("ip6", _answered(reader, six, "ip6tables-save")) if six is not None else {})


def _from_nft(objects: Json) -> tuple[_Chains, set[tuple[str, str]]]:
    """libnftables-json(5): the chains with their rules, and the tables in which iptables wrote conditions of its own."""
    chains: _Chains = {}
    opaque: set[tuple[str, str]] = set()
    for entry in objects:
        if chain := entry.get("chain"):
            if chain["family"] in ("ip", "ip6", "inet"):
                base = chain.get("hook") == "input" and chain.get("type") == "filter"
                key = (chain["family"], chain["table"], chain["name"])
                chains[key] = _chain(*key, base=base, policy=chain.get("policy", "accept"))
        elif rule := entry.get("rule"):
            key = (rule["family"], rule["table"], rule["chain"])
            if key in chains:
                chains[key]["Rules"].extend(_nft_rules(rule["expr"]))
            if any("xt" in expression for expression in rule["expr"]):
                opaque.add(key[:2])
    return chains, opaque


def _chain(family: str, table: str, name: str, *, base: bool, policy: str) -> _Rule:
    return {"Family": family, "Table": table, "Name": name, "Base": base, "Policy": policy.lower(), "Rules": []}


def _nft_rules(expressions: Json) -> Iterator[_Rule]:
    """One rule; a verdict map gives one for each of its elements."""
    conditions: list[str] = []
    interfaces: list[str] | None = None
    for expression in expressions:
        kind, value = next(iter(expression.items()))
        if kind == "match" and (named := _interfaces(value)) and interfaces is None:
            interfaces = named
        elif kind == "vmap":
            yield from _mapped(value, conditions, interfaces)
            return
        elif kind in ("accept", "drop", "return", "continue", "reject", "queue"):
            yield _rule(conditions, interfaces, kind)
            return
        elif kind in ("jump", "goto"):
            yield _rule(conditions, interfaces, f"{kind} {value['target']}")
            return
        elif kind == "xt" and value.get("type") == "target":
            yield _rule(conditions, interfaces, _target(value["name"]))
            return
        elif kind not in _SILENT and not (kind == "xt" and value.get("name") == "comment"):
            conditions.append(_text(expression))
    yield _rule(conditions, interfaces, "continue")


def _mapped(vmap: Json, conditions: list[str], interfaces: list[str] | None) -> Iterator[_Rule]:
    data = vmap["data"]
    elements = data.get("set", []) if isinstance(data, dict) else []
    if not elements:  # a named map, whose elements are not in the rule
        yield _rule([*conditions, _text(vmap)], interfaces, "continue")
    for key, verdict in elements:
        kind, value = next(iter(verdict.items()))
        do = f"{kind} {value['target']}" if kind in ("jump", "goto") else kind
        named = _interfaces({"op": "==", "left": vmap["key"], "right": key})
        if named and interfaces is None:
            yield _rule(conditions, named, do)
        else:
            yield _rule([*conditions, _text({"key": vmap["key"], "is": key})], interfaces, do)


def _interfaces(match: Json) -> list[str] | None:
    """The names of interfaces that a match asks for; `None` where it asks for something else."""
    left, right = match.get("left"), match.get("right")
    if match.get("op") not in ("==", "in") or not isinstance(left, dict):
        return None
    if left.get("meta", {}).get("key") not in ("iif", "iifname"):
        return None
    named = right.get("set", []) if isinstance(right, dict) else [right]
    return [str(name) for name in named] if all(isinstance(name, str) for name in named) else None


def _rule(conditions: list[str], interfaces: list[str] | None, do: str) -> _Rule:
    return {"If": list(conditions), "Interfaces": interfaces, "Do": do}


def _target(name: str) -> str:
    """An xtables target that decides; any other goes on."""
    return name.lower() if name in ("ACCEPT", "DROP", "REJECT", "RETURN", "QUEUE", "NFQUEUE") else "continue"


def _text(value: Json) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _from_save(family: str, text: str) -> _Chains:
    """The filter table as iptables-save(8) writes it."""
    chains: _Chains = {}
    table = ""
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:].strip()
        elif table == "filter" and line.startswith(":"):
            name, policy = line[1:].split()[:2]
            chains[family, table, name] = _chain(
                family, table, name, base=name == "INPUT", policy="accept" if policy == "-" else policy
            )
        elif table == "filter" and line.startswith("-A "):
            name, *words = shlex.split(line)[1:]
            chains[family, table, name]["Rules"].append(_saved_rule(words))
    return chains


def _saved_rule(words: list[str]) -> _Rule:
    conditions: list[str] = []
    interfaces: list[str] | None = None
    do = "continue"
    while words:
        word = words.pop(0)
        if word == "-i" and words and (not conditions or conditions[-1] != "!"):
            interfaces = [words.pop(0)]
        elif word in ("-j", "-g") and words:
            target = words.pop(0)
            built_in = target.isupper() and target in ("ACCEPT", "DROP", "REJECT", "RETURN", "QUEUE", "NFQUEUE", "LOG", "MARK")
            do = _target(target) if built_in else f"{'jump' if word == '-j' else 'goto'} {target}"
            break  # what follows are the target's own options
        elif word == "-m" and words and words[0] == "comment":
            del words[:3]
        else:
            conditions.append(word)
    return _rule([" ".join(conditions)] if conditions else [], interfaces, do)


def _reachable(chains: _Chains) -> list[_Rule]:
    """The base chains of the input hook and what they lead to, in the order of their names."""
    found: set[tuple[str, str, str]] = set()
    pending = [key for key, chain in chains.items() if chain["Base"]]
    while pending:
        key = pending.pop()
        if key in found or key not in chains:
            continue
        found.add(key)
        for rule in chains[key]["Rules"]:
            verb, _, name = rule["Do"].partition(" ")
            if verb in ("jump", "goto"):
                pending.append((key[0], key[1], name))
    return [chains[key] for key in sorted(found)]
