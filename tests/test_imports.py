"""Who may import whom. Read from the source, so that a lazy import counts too."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = {
    "checks", "collectors", "commands", "configuration", "daemon", "evidence_store", "mappings", "pipeline", "reports",
    "scanner",
}  # fmt: skip
MAY = {
    "evidence_store": set(),
    "collectors": {"evidence_store.records"},
    "checks": {"evidence_store.records"},
    "mappings": {"evidence_store.records"},
    "reports": {"evidence_store", "mappings"},
    "pipeline": {"collectors", "checks", "mappings", "evidence_store", "configuration"},
    "configuration": {"collectors", "checks", "daemon.settings", "evidence_store.records"},
    "daemon": {"evidence_store"},
}
IMPURE = {
    "boto3", "botocore", "google", "azure", "kubernetes", "socket", "ssl", "http", "urllib", "requests", "sqlite3",
    "sqlalchemy", "time", "random", "secrets", "subprocess", "os", "pathlib", "uuid",
}  # fmt: skip


def _modules() -> list[Path]:
    tops = [ROOT / "configuration.py", ROOT / "scanner.py"]
    rooms = [p for room in sorted(ROOMS) for p in sorted((ROOT / room).rglob("*.py"))]
    return tops + [p for p in rooms if "migrations" not in p.parts]


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"
        assert not (isinstance(node, ast.ImportFrom) and node.level), f"{path}:{node.lineno}: a relative import"


def _within(name: str, allowed: set[str]) -> bool:
    return any(name == a or name.startswith(f"{a}.") for a in allowed)


@pytest.mark.parametrize("path", _modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_rooms_import_only_what_they_may(path: Path) -> None:
    parts = path.relative_to(ROOT).with_suffix("").parts
    room = parts[0]
    for line, name in _imports(path):
        where = f"{path.relative_to(ROOT)}:{line} imports {name}"
        top = name.partition(".")[0]
        if top in ROOMS and top != room:
            assert top != "scanner" or room == "commands", where
            if room in MAY:
                assert _within(name, MAY[room]), where
        if top == "sqlalchemy":
            assert room == "evidence_store", where
        if room == "checks":
            assert top not in IMPURE or (parts[1] == "check" and top == "importlib"), where
            assert name not in {"datetime.datetime.now", "datetime.date.today"}, where
        if room == "collectors" and len(parts) > 2 and name.startswith("collectors."):
            other = name.split(".")[1]
            assert other in {parts[1], "permit", "source"}, f"{where}: another provider's collectors"


@pytest.mark.parametrize("path", sorted((ROOT / "checks").rglob("*.py")), ids=lambda p: p.stem)
def test_checks_read_no_clock(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            assert node.attr not in {"now", "utcnow", "today"}, f"{path.name}:{node.lineno}: reads a clock"


def _loaded_by(*arguments: str) -> set[str]:
    code = (
        "import sys, contextlib, io\n"
        "sys.argv = ['scanner', *sys.argv[1:]]\n"
        "import scanner\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    scanner.main(sys.argv[1:])\n"
        "print('\\n'.join(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def test_help_imports_no_sdk_no_database_and_none_of_our_rooms() -> None:
    loaded = _loaded_by("--help")
    assert not loaded & {"boto3", "botocore", "sqlalchemy", "cryptography", "orjson", "dataclasses", "apscheduler"}
    assert not {m for m in loaded if m.partition(".")[0] in ROOMS - {"scanner"}}


def test_listing_checks_imports_no_sdk_and_no_database() -> None:
    assert not _loaded_by("checks") & {"boto3", "botocore", "sqlalchemy"}
