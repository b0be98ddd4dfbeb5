"""What a packet filter does with inbound packets that no rule speaks of.

A packet must be let through by every base chain of the input hook, so one of them that denies is enough. In a chain the
first rule without conditions decides; where there is none, the policy does.
"""

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

from evidence_store.records import Json

_Fate: TypeAlias = Literal["accept", "deny"] | None
_WORDS = {"ip": "IPv4", "ip6": "IPv6"}
_BROAD = re.compile(
    r'^{"match":{"left":{"ct":{"key":"state"}},.*"new"'
    r'|^{"match":{"left":{"meta":{"key":"(?:l4proto|nfproto)"}},"op":"==","right":"(?:tcp|udp|ipv4|ipv6)"}}$'
    r'|^{"match":.*"right":{"prefix":{"addr":"[^"]*","len":0}}}}$'
    r"|^(?:-p (?:tcp|udp)(?: -m (?:tcp|udp))?)?(?:(?:^| )-m (?:conntrack|state) --(?:ct)?state [A-Z,]*NEW[A-Z,]*)?$"
)
_DEPTH = 64  # as deep as the kernel lets chains call each other, and more


def faults(chains: Sequence[Json], family: str, trusted: Sequence[str]) -> Iterator[str]:
    """Why inbound packets of a family (`ip`, `ip6`) are not denied by default; nothing where they are."""
    bases = [chain for chain in chains if chain["Base"] and chain["Family"] in (family, "inet")]
    if not bases:
        yield f"filters no inbound {_WORDS[family]}"
        return
    denying = [chain for chain in bases if (_fate(chain, chains, 0) or chain["Policy"]) in ("deny", "drop")]
    if not denying:
        yield f"lets inbound {_WORDS[family]} through unless a rule denies it"
        return
    opened = [set(_open(chain, chains, trusted, 0)) for chain in denying]
    for interface in sorted(set.intersection(*opened)):
        yield f"lets all inbound {_WORDS[family]} through on {interface}"


def _fate(chain: Json, chains: Sequence[Json], depth: int) -> _Fate:
    """What the first rule without conditions does; `None` where the chain ends without a decision.

    Where a condition has sent packets back to the caller before, a denial is not certain, and an acceptance is.
    """
    sent_back = False
    for rule in chain["Rules"]:
        if rule["Interfaces"] is not None or _narrow(rule["If"]):
            sent_back = sent_back or rule["Do"] == "return" or rule["Do"].startswith("goto ")
            continue
        fate = _done(rule, chain, chains, depth)
        if fate is not None or rule["Do"] == "return" or rule["Do"].startswith("goto "):
            return None if sent_back and fate == "deny" else fate
    return None


def _narrow(conditions: Sequence[str]) -> bool:
    """Whether conditions leave out any new connection: a transport alone, the state `new` or every address do not."""
    return not all(_BROAD.search(condition) for condition in conditions)


def _done(rule: Json, chain: Json, chains: Sequence[Json], depth: int) -> _Fate:
    """What a rule does with the packets that it takes, if that is a decision."""
    verb, _, name = rule["Do"].partition(" ")
    if verb == "accept":
        return "accept"
    if verb in ("drop", "reject"):
        return "deny"
    target = _named(chain, chains, name) if verb in ("jump", "goto") and depth < _DEPTH else None
    return None if target is None else _fate(target, chains, depth + 1)


def _named(chain: Json, chains: Sequence[Json], name: str) -> Json:
    same = (chain["Family"], chain["Table"], name)
    return next((c for c in chains if (c["Family"], c["Table"], c["Name"]) == same), None)


def _open(chain: Json, chains: Sequence[Json], trusted: Sequence[str], depth: int) -> Iterator[str]:
    """Interfaces on which a packet is accepted for having come in there, before anything denies it."""
    for rule in chain["Rules"]:
        if _narrow(rule["If"]):
            continue
        if rule["Interfaces"] is not None:
            if _done(rule, chain, chains, depth) == "accept":
                yield from (i for i in rule["Interfaces"] if not any(fnmatchcase(i, pattern) for pattern in trusted))
            continue
        verb, _, name = rule["Do"].partition(" ")
        target = _named(chain, chains, name) if verb in ("jump", "goto") and depth < _DEPTH else None
        if target is not None:
            yield from _open(target, chains, trusted, depth + 1)
        if _done(rule, chain, chains, depth) is not None or verb in ("return", "goto"):
            return
