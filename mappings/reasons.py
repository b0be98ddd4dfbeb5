"""Why a control has its status, in short plain sentences: by check and scope, grouped and bounded, with dates and no ages.

The same evidence gives the same sentences. They name checks, scopes and services, never a resource or a person.
"""

from collections.abc import Iterable, Iterator, Sequence

from evidence_store.records import Scope, format_time
from mappings.catalogue import Aspect, Control, Row
from mappings.evidence import Aged, CheckEvidence, Evidence, Known
from mappings.soa import Responsibility, SoaEntry
from mappings.suppliers import Assurance

SENTENCES = 5  # of one kind, before the rest is only counted
SCOPES = 3


def of_gaps(seen: Iterable[CheckEvidence]) -> Iterator[str]:
    """The checks whose fails make the gap, the most numerous first."""
    by_number = sorted(seen, key=lambda each: (-each.gaps, each.check))
    yield from _bounded(
        [f"{each.check} fails for {each.gaps} of {each.findings}" for each in by_number if each.gaps], "more checks fail"
    )


def of_observations(seen: Iterable[CheckEvidence]) -> Iterator[str]:
    """The checks whose fails are too slight to be a gap."""
    by_number = sorted(seen, key=lambda each: (-each.observations, each.check))
    sentences = [
        f"{each.check} fails for {each.observations} of {each.findings}: an observation, not a gap"
        for each in by_number
        if each.observations
    ]
    yield from _bounded(sentences, "more checks have observations")


def of_unknowns(seen: Sequence[CheckEvidence], unread: Sequence[str]) -> Iterator[str]:
    """What is not known: places, checks never judged, findings without an answer, evidence dated ahead."""
    yield from _bounded(
        [f"the ISMS scope names {place}, and no target reads it" for place in unread], "more places that no target reads"
    )
    never = [f"{each.check} was never judged in {_scopes(each.never_judged)}" for each in seen if each.never_judged]
    yield from _bounded(never, "more checks were never judged")
    open_ = [f"{each.check} is unknown in {_scopes(each.uncertain)}" for each in seen if each.uncertain]
    yield from _bounded(open_, "more checks are unknown")
    ahead = [
        f"the evidence of {each.check} is dated after the assessment in {_scopes(each.ahead)}" for each in seen if each.ahead
    ]
    yield from _bounded(ahead, "more checks have evidence dated after the assessment")


def of_age(stale: Iterable[Aged]) -> Iterator[str]:
    sentences = [
        f"the evidence of {aged.check} speaks of {format_time(aged.speaks_of)[:10]}; it served until "
        f"{format_time(aged.good_until)[:10]} ({aged.max_age_days} days)"
        for aged in stale
    ]
    yield from _bounded(sentences, "more checks have stale evidence")


def of_missing(missing: Iterable[Aspect], primary: Sequence[Row], known: Known) -> Iterator[str]:
    """For each required aspect without passing evidence, how far it was looked for."""
    for aspect in missing:
        yield f"{aspect}: {_why_missing([known[row.check] for row in primary if row.aspect is aspect])}"


def _why_missing(asked: Sequence[CheckEvidence]) -> str:
    checks = _listed(sorted(each.check for each in asked))
    if not asked:
        return "no primary check looks for it"
    if not any(each.expected for each in asked):
        return f"none of the places in scope is asked by {checks}"
    if any(each.counts.failed for each in asked):
        return f"no passing evidence, only fails, from {checks}"
    if any(each.counts.unknown for each in asked):
        return f"no passing evidence, and unknowns, from {checks}"
    if any(each.counts.passed for each in asked):
        return f"passing evidence lies outside the scope only, from {checks}"
    if any(each.counts.not_applicable for each in asked):
        return f"no passing evidence: not applicable to anything that was asked by {checks}"
    return f"no passing evidence: there was nothing to ask for {checks}"


def of_coverage(control: Control) -> Iterator[str]:
    if control.not_observable:
        yield f"not observable: {control.not_observable}"


def of_exceptions(seen: Iterable[CheckEvidence]) -> Iterator[str]:
    sentences = [
        f"{each.counts.excepted} of the {each.counts.failed} fails of {each.check} are under an approved exception"
        for each in seen
        if each.counts.excepted
    ]
    yield from _bounded(sentences, "more checks have exceptions")


def of_inheritance(control: str, entry: SoaEntry | None, assurance: Assurance | None, evidence: Evidence) -> Iterator[str]:
    """Which assurance an inherited control rests on, or why none counts."""
    if entry is None or entry.responsibility is not Responsibility.INHERITED:
        return
    if assurance is not None:
        ends = assurance.ends()
        yield f"inherited: {assurance}, read by a named person, serves until {format_time(ends)[:10] if ends else 'its end'}"
        return
    named = [each for each in evidence.assurances if each.is_for(control, entry.services)]
    if not named:
        yield "inherited, and no supplier assurance names this control or its services"
    faults = sorted(f"inherited, and the {each} does not count: {each.fault(evidence.at)}" for each in named)
    yield from _bounded(faults, "more assurances do not count")


def _scopes(scopes: Sequence[Scope]) -> str:
    named = ", ".join(str(scope) for scope in scopes[:SCOPES])
    return f"{named} and {len(scopes) - SCOPES} more" if len(scopes) > SCOPES else named


def _listed(names: Sequence[str]) -> str:
    named = ", ".join(names[:SENTENCES])
    return f"{named} and {len(names) - SENTENCES} more" if len(names) > SENTENCES else named


def _bounded(sentences: Sequence[str], rest: str) -> Iterator[str]:
    yield from sentences[:SENTENCES]
    if len(sentences) > SENTENCES:
        yield f"{len(sentences) - SENTENCES} {rest}"
