"""What one run is to do: which checks, on which targets, by which sources.

- Controls select the checks that are evidence for them, primary or supporting.
- A check is put to the chosen targets of its own provider. What it looks up elsewhere (a supplier register) is read from
  every configured target that has it, and from nothing where there is none.
- The Statement of Applicability, exceptions, scope and supplier assurances are read with every run that has a records
  target: the assessment and the gate depend on them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from checks.check import Check
from collectors.source import Source
from configuration import Configuration, ConfigurationError, Target, nearest
from evidence_store.records import Scope
from mappings.catalogue import Catalogue
from pipeline.plan import Sources

ASSESSMENT_TYPES = ("records.soa", "records.exception", "records.scope", "records.supplier_assurance")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asked for; empty means everything."""

    controls: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()

    @property
    def narrow(self) -> bool:
        """Whether less than everything was asked for."""
        return bool(self.controls or self.checks or self.targets)


@dataclass(frozen=True, slots=True)
class Selection:
    """What the run does."""

    wanted: Wanted
    checks: tuple[Check, ...]  # every chosen check that some chosen target can answer
    unanswerable: tuple[Check, ...]  # chosen, and no chosen target is of their kind
    targets: tuple[Target, ...]  # those that are read, in the order of the configuration
    judged: tuple[Target, ...]  # those whose findings are judged; the others are only looked up
    sources: Mapping[str, tuple[Source, ...]]  # kind -> sources, parents first

    def of(self, target: Target) -> tuple[Check, ...]:
        """The checks that are put to a target."""
        return tuple(c for c in self.checks if c.provider == target.kind) if target in self.judged else ()


def select(
    configuration: Configuration, wanted: Wanted, known: Mapping[str, Check], catalogue: Catalogue, sources: Sources
) -> Selection:
    """Raises `ConfigurationError` or `UnknownControlError` for what does not exist."""
    chosen = _checks(wanted, known, catalogue)
    judged = _targets(configuration, wanted.targets)
    kinds = {target.kind for target in judged}
    answerable = tuple(c for c in chosen if c.provider in kinds)
    unanswerable = tuple(c for c in chosen if c.provider not in kinds)
    if not answerable:
        providers = sorted({c.provider for c in unanswerable})
        raise ConfigurationError(
            f"nothing to do: the chosen checks need a target of kind {' or '.join(providers)}, and none is configured or chosen"
        )
    needed = _needed(answerable, sources, {t.kind for t in configuration.targets})
    targets = tuple(t for t in configuration.targets if t.kind in needed and (t in judged or _looked_up(t, answerable)))
    return Selection(wanted, answerable, unanswerable, targets, judged, needed)


def _checks(wanted: Wanted, known: Mapping[str, Check], catalogue: Catalogue) -> list[Check]:
    if not wanted.controls and not wanted.checks:
        return list(known.values())
    ids = set(catalogue.select(wanted.controls)) if wanted.controls else set()
    if wanted.controls and not ids and not wanted.checks:
        raise ConfigurationError(
            f"no check is built yet for {', '.join(wanted.controls)}; `scanner controls` shows what each control is covered by"
        )
    for check in wanted.checks:
        if check not in known:
            raise ConfigurationError(f"--check {check}: no such check{nearest(check, known)}; `scanner checks` lists them")
        ids.add(check)
    return [known[check] for check in sorted(ids)]


def _targets(configuration: Configuration, names: Sequence[str]) -> tuple[Target, ...]:
    known = {t.name: t for t in configuration.targets}
    for name in names:
        if name not in known:
            raise ConfigurationError(f"--target {name}: no such target{nearest(name, known)}; configured: {', '.join(known)}")
    return tuple(t for t in configuration.targets if not names or t.name in names)


def _needed(chosen: Iterable[Check], sources: Sources, kinds: set[str]) -> dict[str, tuple[Source, ...]]:
    wanted = [s for s in sources.needed(chosen) if s.provider in kinds]
    if "records" in kinds:
        wanted += [sources.listing(type_).source for type_ in ASSESSMENT_TYPES]
    unique = dict.fromkeys(f"{s.provider}/{s.name}" for s in wanted)
    by_key = {f"{s.provider}/{s.name}": s for s in wanted}
    found: dict[str, tuple[Source, ...]] = {}
    for key in unique:
        source = by_key[key]
        found[source.provider] = (*found.get(source.provider, ()), source)
    return found


def _looked_up(target: Target, chosen: Iterable[Check]) -> bool:
    """Whether a target that is not judged is read all the same: someone looks something up there."""
    return target.kind == "records" or any(
        type_.partition(".")[0] == target.kind != check.provider for check in chosen for type_ in check.looks_up
    )


def unreachable(target: Target) -> Scope:
    """The scope that stands for a target whose places are not known."""
    return Scope(target.kind, f"target:{target.name}")
