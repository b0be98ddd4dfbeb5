"""The settings of the C library are taken where it knows them, and passed over where it does not."""

import gc
from collections.abc import Iterator
from weakref import ref

import pytest

from pipeline import memory


@pytest.fixture
def looked_through() -> Iterator[None]:
    """What this process's other tests rely on is put back."""
    frozen = gc.get_freeze_count()
    yield
    if not frozen:
        gc.unfreeze()


def test_setting_that_the_library_does_not_know_is_none() -> None:
    assert memory._of_the_library("annexa_no_such_setting") is None


def test_settings_may_be_given_again_and_again() -> None:
    for _ in range(2):
        memory.share_heaps()
        memory.give_back()
    assert len(bytearray(1 << 20)) == 1 << 20  # and memory is still to be had


@pytest.mark.usefixtures("looked_through")
def test_what_is_made_later_and_holds_only_itself_is_found_all_the_same() -> None:
    class Ring:
        own: "Ring"

    memory.pass_over_imports()
    known = gc.get_freeze_count()
    ring = Ring()
    ring.own = ring
    memory.pass_over_imports()  # as the next run of a daemon does
    gone = ref(ring)
    del ring
    gc.collect()
    assert gone() is None
    assert 0 < gc.get_freeze_count() <= known
