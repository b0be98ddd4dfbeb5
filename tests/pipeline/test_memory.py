"""The settings of the C library are taken where it knows them, and passed over where it does not."""

from pipeline import memory


def test_setting_that_the_library_does_not_know_is_none() -> None:
    assert memory._of_the_library("annexa_no_such_setting") is None


def test_settings_may_be_given_again_and_again() -> None:
    for _ in range(2):
        memory.share_heaps()
        memory.give_back()
    assert len(bytearray(1 << 20)) == 1 << 20  # and memory is still to be had
