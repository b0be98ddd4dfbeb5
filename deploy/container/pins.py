"""The pinned packages of an image: `python pins.py EXTRA...` prints them with their hashes, as the tests ran with them.

- `requirements/test.lock` pins everything; which of it an extra comes to stands in `extras.toml`, beside this file.
- `python pins.py --renew` writes that file from the metadata of the environment that it runs in, which has every extra. A
  test compares.
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
EXTRAS = HERE / "extras.toml"
BASE = "base"  # what every image holds
HEAD = "# What pyproject.toml's dependencies and extras come to. Written by `python deploy/container/pins.py --renew`.\n"


def main(words: list[str]) -> int:
    """Print the pins of some extras; 2 where there is no such extra."""
    if words == ["--renew"]:
        EXTRAS.write_text(renewed(), encoding="utf-8")
        return 0
    known = tomllib.loads(EXTRAS.read_text(encoding="utf-8"))
    extras = set(known) if "all" in words else {BASE, *words}
    if unknown := sorted(extras - known.keys()):
        names = ", ".join(sorted(known.keys() - {BASE}))
        sys.stderr.write(f"no such extra: {', '.join(unknown)}; known: {names}, all\n")
        return 2
    pins = pinned((ROOT / "requirements" / "test.lock").read_text(encoding="utf-8"))
    sys.stdout.writelines(pins[name] for name in sorted({name for extra in extras for name in known[extra]}))
    return 0


def pinned(lock: str) -> Mapping[str, str]:
    """Package -> its lines in a lock file."""
    blocks = re.findall(r"^[A-Za-z0-9].*\n(?:[ \t]+.*\n)*", lock, re.MULTILINE)
    return {canonical(block): block for block in blocks}


def renewed() -> str:
    """What `extras.toml` should hold, by the environment's metadata."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {name: wanted for name, wanted in project["optional-dependencies"].items() if name not in ("all", "test")}
    base = closure(project["dependencies"])
    found = {BASE: base} | {name: closure(wanted) - base for name, wanted in extras.items()}
    return HEAD + "".join(_table(name, packages) for name, packages in found.items())


def _table(name: str, packages: Iterable[str]) -> str:
    lines = "".join(f'    "{package}",\n' for package in sorted(packages))
    return f"{name} = [\n{lines}]\n"


def closure(wanted: Iterable[str]) -> frozenset[str]:
    """What some requirements need, themselves included."""
    from packaging.requirements import Requirement

    waiting, seen = [Requirement(text) for text in wanted], set()
    while waiting:
        needs = waiting.pop()
        if (key := (canonical(needs.name), frozenset(needs.extras))) in seen:
            continue
        seen.add(key)
        for text in metadata.distribution(needs.name).requires or ():
            further = Requirement(text)
            asked = ({"extra": extra} for extra in ("", *needs.extras))
            if further.marker is None or any(further.marker.evaluate(environment) for environment in asked):
                waiting.append(further)
    return frozenset(name for name, _ in seen)


def canonical(text: str) -> str:
    """The name that a requirement begins with, as registries compare it (PEP 503)."""
    [name] = re.findall(r"^[A-Za-z0-9][A-Za-z0-9._-]*", text)
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
