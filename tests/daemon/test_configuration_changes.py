"""Schedules that are changed or removed while daemons run: nothing that was due is forgotten, and no more is told as missed."""

from argparse import Namespace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from commands.daemon import crew_of
from commands.opening import known
from commands.schedules import told
from daemon.settings import Schedule
from evidence_store.firings import Standing

from .conftest import DAY, MONDAY, NIGHTLY, Place

THIRD = MONDAY.replace(hour=3, minute=0)


def test_a_schedule_that_is_removed_while_its_run_is_under_way_is_seen_to_its_end(place: Place) -> None:
    place.watch().register()
    place.clock.now += DAY
    firing = place.store.firings.claim(place.standing(), THIRD, None, "one", timedelta(minutes=1))
    assert firing is not None
    other = Schedule("other", every="6h")
    place.look(other)
    assert place.seal(firing).code == 0, "its run goes on"
    place.clock.now += 30 * DAY
    place.look(other)
    assert [s.name for s in place.store.firings.standings()] == ["other"]
    told = [place.store.document(leaf.fields["documents"]["schedule"])["name"] for leaf in place.store.leaves("runs_missed")]
    assert told == ["other"], "what is no schedule any more is not missed"


def test_a_schedule_that_is_removed_after_its_daemon_died_in_a_run_is_told_as_lost(place: Place) -> None:
    place.watch().register()
    place.clock.now += DAY
    assert place.store.firings.claim(place.standing(), THIRD, None, "one", timedelta(0))
    place.look(Schedule("other", every="6h"))
    assert place.missed() == [(1, "lost")]
    assert [s.name for s in place.store.firings.standings()] == ["other"]
    assert place.started == []


def test_a_schedule_of_another_daemon_is_left_alone(place: Place) -> None:
    watch = place.look()
    place.watch(NIGHTLY, Schedule("other", every="6h")).register()
    place.clock.now += DAY
    watch.look()
    assert {s.name for s in place.store.firings.standings()} == {"nightly", "other"}


def test_a_new_definition_counts_though_the_daemon_before_claims_in_that_moment(place: Place) -> None:
    old = place.look()
    place.clock.now += DAY
    new = place.watch(Schedule("nightly", cron="0 5 * * *"), name="two")
    standings = place.store.firings.standings

    def claims_meanwhile() -> list[Standing]:
        found = standings()
        place.store.firings.standings = standings  # type: ignore[method-assign]  # as it was
        old.look()
        return found

    place.store.firings.standings = claims_meanwhile  # type: ignore[method-assign]  # the other claims in between
    new.register()
    assert place.standing().definition["cron"] == "0 5 * * *"


def test_what_is_due_is_told_by_the_clock_that_all_daemons_share(place: Place, tmp_path: Path) -> None:
    (tmp_path / "annexa.toml").write_text(
        f'[store]\nurl = "{place.url}"\nkey = "annexa.key"\n[[target]]\nname = "a"\nkind = "host"\n'
    )
    able = known(Namespace(config=str(tmp_path / "annexa.toml")))
    assert crew_of(able, place.store).clock == place.store.firings.clock
    assert abs(place.store.firings.clock() - datetime.now(UTC)) < timedelta(minutes=1)


def test_of_a_store_that_cannot_be_read_nobody_says_that_nothing_was_run_yet(tmp_path: Path) -> None:
    (tmp_path / "annexa.toml").write_text('[store]\nurl = "sqlite:///annexa.db"\n[[target]]\nname = "a"\nkind = "host"\n')
    able = known(Namespace(config=str(tmp_path / "annexa.toml")))
    ((_, well, sentence),) = told(able)
    assert (well, sentence.partition(";")[0]) == (True, "no daemon has run it yet")
    (tmp_path / "annexa.db").write_text("no database" * 100)
    assert list(told(able)) == [("daily", False, "whether it was run cannot be seen: the store cannot be read")]
