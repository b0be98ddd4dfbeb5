"""A store to seal runs in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reports.sealing import Book


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    made = Book(tmp_path)
    yield made
    made.store.close()
