"""What the configured schedules come to: whether they can be run, when they are due, and what was not run."""

from collections.abc import Iterator, Mapping

from commands.opening import Known, now
from configuration import ConfigurationError
from daemon import health
from daemon.settings import Schedule
from evidence_store.database import open_store
from evidence_store.errors import AbsentError, OutdatedError, StoreError
from evidence_store.firings import Standing
from evidence_store.records import format_time
from mappings.catalogue import UnknownControlError
from pipeline.selection import Wanted, select
from pipeline.targets import require_extras

_OLDER = "the store is of an older schema, until the next run"


def possible(able: Known, schedule: Schedule) -> None:
    """Raises `ConfigurationError` where a schedule names what does not exist or cannot be asked."""
    wanted = Wanted(schedule.controls, schedule.checks, schedule.targets)
    try:
        require_extras(select(able.configuration, wanted, able.checks, able.catalogue, able.sources).targets)
    except (ConfigurationError, UnknownControlError) as error:
        raise ConfigurationError(f"schedule {schedule.name}: {error}") from None


def told(able: Known) -> Iterator[tuple[str, bool, str]]:
    """For each schedule its name, whether all is well, and a sentence."""
    standings, unseen = _standings(able.configuration.store.url)
    for schedule in able.configuration.schedules:
        try:
            possible(able, schedule)
        except ConfigurationError as error:
            yield schedule.name, False, str(error)
            continue
        if unseen is not None:
            yield schedule.name, unseen is _OLDER, f"whether it was run cannot be seen: {unseen}"
            continue
        standing = standings.get(schedule.name)
        if standing is None:
            following = format_time(schedule.timing.after(now()))
            yield schedule.name, True, f"no daemon has run it yet; with `scanner daemon` it is due next at {following}"
            continue
        found = health.complaints({schedule.name: schedule}, standings, now())
        problems = [sentence.removeprefix(f"{schedule.name}: ") for sentence in found]
        yield schedule.name, not problems, "; ".join(problems) or _well(schedule, standing)


def _well(schedule: Schedule, standing: Standing) -> str:
    if standing.due is not None:
        return f"what was due at {format_time(standing.due)} is being run by {standing.holder}"
    sealed = f", last sealed at {format_time(standing.sealed_at)}" if standing.sealed_at else ""
    return f"due next at {format_time(schedule.timing.after(standing.settled))}{sealed}"


def _standings(url: str) -> tuple[Mapping[str, Standing], str | None]:
    """How it stands with the schedules; or why that cannot be seen, of which more is said where the store is examined."""
    try:
        with open_store(url, create=False, upgrade=False) as store:
            return {standing.name: standing for standing in store.firings.standings()}, None
    except AbsentError:
        return {}, None
    except OutdatedError:
        return {}, _OLDER
    except StoreError:
        return {}, "the store cannot be read"
