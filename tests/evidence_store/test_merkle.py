"""Merkle trees are those of RFC 6962."""

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_store import merkle

# The inputs and roots that implementations of Certificate Transparency share as test data.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [merkle.leaf_hash(bytes.fromhex(text)) for text in INPUTS]
hashes = st.lists(st.integers(0, 10**6).map(lambda n: merkle.leaf_hash(str(n).encode())), max_size=40)


def recursive_root(leaves: list[bytes]) -> bytes:
    """The definition, word by word (RFC 6962, section 2.1)."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return merkle.node_hash(recursive_root(leaves[:split]), recursive_root(leaves[split:]))


@pytest.mark.parametrize("size", range(9))
def test_published_roots(size: int) -> None:
    assert merkle.root(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize("size", range(9))
def test_a_growing_tree_has_the_published_roots(size: int) -> None:
    tree = merkle.Frontier()
    for leaf in LEAVES[:size]:
        tree.append(leaf)
    assert tree.root().hex() == ROOTS[size]
    assert tree.size == size


def test_published_inclusion_proof() -> None:
    path = merkle.inclusion_proof(LEAVES, 0)
    assert [step.hex() for step in path] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]


def test_published_consistency_proof() -> None:
    path = merkle.consistency_proof(LEAVES, 6)
    assert [step.hex() for step in path] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@given(hashes)
def test_roots_are_those_of_the_definition(leaves: list[bytes]) -> None:
    assert merkle.root(leaves) == recursive_root(leaves)


@given(hashes.filter(bool), st.data())
def test_every_leaf_proves_its_place_and_no_other(leaves: list[bytes], data: Any) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    path, root = merkle.inclusion_proof(leaves, index), merkle.root(leaves)
    assert merkle.verify_inclusion(leaves[index], index, len(leaves), path, root)
    assert not merkle.verify_inclusion(merkle.leaf_hash(b"else"), index, len(leaves), path, root)
    assert not merkle.verify_inclusion(leaves[index], len(leaves), len(leaves), path, root)
    assert not merkle.verify_inclusion(leaves[index], index, len(leaves), [*path, root], root)


@given(hashes.filter(bool), st.data())
def test_every_older_tree_proves_to_be_a_prefix(leaves: list[bytes], data: Any) -> None:
    older = data.draw(st.integers(1, len(leaves)))
    path, old, new = merkle.consistency_proof(leaves, older), merkle.root(leaves[:older]), merkle.root(leaves)
    assert merkle.verify_consistency(older, old, len(leaves), new, path)
    assert not merkle.verify_consistency(older, merkle.leaf_hash(b"else"), len(leaves), new, path)


changes = st.lists(st.tuples(st.booleans(), st.integers(0, 30), st.integers(0, 99), st.booleans()), max_size=60)


@settings(max_examples=200)
@given(changes)
def test_a_ledger_has_the_root_of_what_it_holds_whatever_came_and_went(events: list[tuple[bool, int, int, bool]]) -> None:
    ledger, held = merkle.Ledger(), dict[int, bytes]()
    for puts, key, content, looks in events:
        hashed = merkle.leaf_hash(str(content).encode())
        if puts:
            assert ledger.put(key, hashed) == (key not in held)
            held[key] = hashed
        else:
            assert ledger.drop(key) == (held.pop(key, None) is not None)
        if looks:
            assert ledger.root() == merkle.root(held[k] for k in sorted(held))
    assert ledger.root() == merkle.root(held[k] for k in sorted(held))
    gone = set(list(held)[::2])
    assert ledger.without(gone) == merkle.root(held[k] for k in sorted(held) if k not in gone)


def test_a_proof_of_what_is_not_there_is_refused() -> None:
    with pytest.raises(IndexError):
        merkle.inclusion_proof(LEAVES, 8)
    with pytest.raises(ValueError, match="no older size"):
        merkle.consistency_proof(LEAVES, 9)
