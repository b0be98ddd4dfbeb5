"""What is installed is what is here: the wheel holds every module and every data file of every room."""

import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parent.parent
ROOMS = ("checks", "collectors", "commands", "daemon", "evidence_store", "mappings", "pipeline", "reports")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    directory = tmp_path_factory.mktemp("wheel")
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(directory), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_every_file_of_every_room_is_packed(packed: set[str]) -> None:
    here = {
        str(file.relative_to(ROOT))
        for room in ROOMS
        for file in (ROOT / room).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert here <= packed
    assert {"scanner.py", "configuration.py"} <= packed


def test_nothing_else_is_packed(packed: set[str]) -> None:
    tops = {name.partition("/")[0] for name in packed}
    assert {top for top in tops if not top.endswith(".dist-info")} == {*ROOMS, "scanner.py", "configuration.py"}


def test_each_room_that_holds_code_is_in_the_tree_that_the_wheel_names() -> None:
    packages = {p.parent.name for p in ROOT.glob("*/__init__.py")}
    assert packages - {"tests", "benchmarks"} == set(ROOMS)
