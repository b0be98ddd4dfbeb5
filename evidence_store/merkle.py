"""Merkle trees over SHA-256 as RFC 6962, section 2.1, defines them: roots, inclusion and consistency proofs.

- The hash of a leaf and of a node differ in their first byte, so that one cannot stand for the other.
- `Frontier` appends to a log and knows its root, in memory that grows with the logarithm of its size.
- `Ledger` is a sorted set whose root is kept as it changes; a change costs what it touches.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from hashlib import sha256

EMPTY = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def root(hashes: Iterable[bytes]) -> bytes:
    """The root over leaf hashes, in their order."""
    level = list(hashes)
    if not level:
        return EMPTY
    while len(level) > 1:
        level = _above(level)
    return level[0]


def _above(level: Sequence[bytes]) -> list[bytes]:
    """Pairs joined; an odd last node rises as it is. Gives the tree of RFC 6962, whose left part is a power of two."""
    pairs = iter(level)
    joined = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)]
    if len(level) % 2:
        joined.append(level[-1])
    return joined


class Frontier:
    """The right edge of a growing tree: the roots of its perfect subtrees, largest first."""

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[bytes] = []

    def append(self, hashed: bytes) -> None:
        carry = hashed
        size = self.size
        while size & 1:
            carry = node_hash(self._edge.pop(), carry)
            size >>= 1
        self._edge.append(carry)
        self.size += 1

    def root(self) -> bytes:
        if not self._edge:
            return EMPTY
        folded = self._edge[-1]
        for left in reversed(self._edge[:-1]):
            folded = node_hash(left, folded)
        return folded

    def copy(self) -> "Frontier":
        twin = Frontier()
        twin.size = self.size
        twin._edge = list(self._edge)
        return twin


class Ledger:
    """Leaf hashes sorted by a number. Levels of the tree are kept; `root` makes again only what a change made stale."""

    def __init__(self) -> None:
        self._keys: list[int] = []
        self._levels: list[list[bytes]] = [[]]
        self._moved: int | None = None  # from here on, leaves shifted
        self._touched: set[int] = set()

    def __len__(self) -> int:
        return len(self._keys)

    def fill(self, sorted_items: Sequence[tuple[int, bytes]]) -> None:
        """Put many into an empty ledger. The keys are sorted and differ."""
        self._keys = [key for key, _ in sorted_items]
        self._levels = [[hashed for _, hashed in sorted_items]]
        self._moved = 0
        self._touched.clear()

    def put(self, key: int, hashed: bytes) -> bool:
        """Add or replace; whether the key was new."""
        place = bisect_left(self._keys, key)
        if place < len(self._keys) and self._keys[place] == key:
            self._levels[0][place] = hashed
            self._touched.add(place)
            return False
        self._keys.insert(place, key)
        self._levels[0].insert(place, hashed)
        self._shift(place)
        return True

    def drop(self, key: int) -> bool:
        """Remove; whether it was there."""
        place = bisect_left(self._keys, key)
        if place == len(self._keys) or self._keys[place] != key:
            return False
        del self._keys[place]
        del self._levels[0][place]
        self._shift(place)
        return True

    def get(self, key: int) -> bytes | None:
        place = bisect_left(self._keys, key)
        return self._levels[0][place] if place < len(self._keys) and self._keys[place] == key else None

    def without(self, keys: Iterable[int]) -> bytes:
        """The root as it would be without some keys."""
        gone = {place for key in keys if (place := bisect_left(self._keys, key)) < len(self._keys) and self._keys[place] == key}
        return root(hashed for place, hashed in enumerate(self._levels[0]) if place not in gone) if gone else self.root()

    def _shift(self, place: int) -> None:
        self._moved = place if self._moved is None else min(self._moved, place)
        # A place noted before the shift may now belong to a neighbour: all from there on is made again anyway.
        self._touched = {touched for touched in self._touched if touched < self._moved}

    def root(self) -> bytes:
        if not self._keys:
            return EMPTY
        height, moved, touched = 0, self._moved, self._touched
        while len(self._levels[height]) > 1:
            below = self._levels[height]
            if height + 1 == len(self._levels):
                self._levels.append([])
                moved = 0
            above = self._levels[height + 1]
            if moved is not None:
                moved >>= 1
                above[moved:] = _above(below[2 * moved :])
            touched = {place >> 1 for place in touched}
            if moved is not None:
                touched = {place for place in touched if place < moved}
            size = len(below)
            for place in touched:
                right = 2 * place + 1
                left = below[right - 1]
                above[place] = sha256(b"\x01" + left + below[right]).digest() if right < size else left
            height += 1
        del self._levels[height + 1 :]
        self._moved, self._touched = None, set()
        return self._levels[height][0]


def apply(ledger: Ledger, events: Sequence[tuple[int, bool, int, bytes]]) -> None:
    """Let items come and go: (when, comes, key, hash), sorted. What is replaced at once keeps its place."""
    if not len(ledger) and all(comes for _, comes, _, _ in events):
        ledger.fill(sorted({key: hashed for _, _, key, hashed in events}.items()))
        return
    coming = {(when, key) for when, comes, key, _ in events if comes}
    for when, comes, key, hashed in events:
        if comes:
            ledger.put(key, hashed)
        elif (when, key) not in coming:
            ledger.drop(key)


def inclusion_proof(hashes: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of a leaf, bottom first (RFC 6962, section 2.1.1). Raises `IndexError`."""
    if not 0 <= index < len(hashes):
        raise IndexError(f"no leaf {index} in a tree of {len(hashes)}")
    path, level = [], list(hashes)
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        level, index = _above(level), index >> 1
    return path


def verify_inclusion(hashed: bytes, index: int, size: int, path: Sequence[bytes], expected: bytes) -> bool:
    """Whether the path leads from the leaf to the root (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, result = index, size - 1, hashed
    for step in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            result = node_hash(step, result)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            result = node_hash(result, step)
        place, last = place >> 1, last >> 1
    return last == 0 and result == expected


def consistency_proof(hashes: Sequence[bytes], older: int) -> list[bytes]:
    """That the first `older` leaves are a prefix of the tree (RFC 6962, section 2.1.2). Raises `ValueError`."""
    if not 0 < older <= len(hashes):
        raise ValueError(f"a tree of {len(hashes)} has no older size {older}")
    return _subproof(older, hashes, whole=True)


def _subproof(older: int, hashes: Sequence[bytes], *, whole: bool) -> list[bytes]:
    size = len(hashes)
    if older == size:
        return [] if whole else [root(hashes)]
    split = 1 << ((size - 1).bit_length() - 1)
    if older <= split:
        return [*_subproof(older, hashes[:split], whole=whole), root(hashes[split:])]
    return [*_subproof(older - split, hashes[split:], whole=False), root(hashes[:split])]


def verify_consistency(older: int, older_root: bytes, size: int, newer_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the older tree is a prefix of the newer (RFC 9162, section 2.1.4.2)."""
    if older == size:
        return not path and older_root == newer_root
    if not 0 < older < size or not path:
        return False
    steps = list(path) if older & (older - 1) else [older_root, *path]
    place, last = older - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            second = node_hash(second, step)
        place, last = place >> 1, last >> 1
    return last == 0 and first == older_root and second == newer_root
