"""Whether evidence holds, without trusting whoever keeps it: no database and no provider's SDK is needed.

- Integrity: every row is answered for by a leaf, every leaf by a signed checkpoint. Without a checkpoint from outside it
  is self-consistent and no more: whoever holds the key could have made it all anew.
- Time: what the scanner's clock said never went back.
- Completeness: what was not read, abandoned, withheld or not yet sealed.
- Conclusion: the stored facts still give the stored verdicts.
"""

from collections.abc import Collection, Iterable

from evidence_store.note import Checkpoint, NoteError, open_checkpoint
from evidence_store.verification import anchors, documents
from evidence_store.verification.conclusion import Facets, Looked, Moment, Perform, conclude
from evidence_store.verification.estate import EstateVerifier
from evidence_store.verification.evidence import Evidence, LeafRow, Look, Selection
from evidence_store.verification.findings import FindingVerifier
from evidence_store.verification.leaves import LogVerifier
from evidence_store.verification.logbook import Logbook
from evidence_store.verification.report import Opinion, Outcome, Problem, Problems, Report

__all__ = [
    "Evidence",
    "Facets",
    "LeafRow",
    "Look",
    "Looked",
    "Moment",
    "Opinion",
    "Outcome",
    "Perform",
    "Problem",
    "Report",
    "Selection",
    "verify",
]


def verify(
    evidence: Evidence,
    public: bytes,
    *,
    witness: Iterable[str] = (),
    against: str | None = None,
    perform: Perform | None = None,
    look: Look | None = None,
) -> Report:
    """Verify all rows of a store or a pack.

    `public`: the raw Ed25519 key. `witness`: the notes of the file beside the key, a local witness. `against`: a text with
    the checkpoints that the auditor kept from before, or got from elsewhere. `perform` and `look`: how to perform the checks
    again. Raises `NoteError` where `against` holds no checkpoint.
    """
    integrity, time = Problems(), Problems()
    log = LogVerifier(evidence, public, integrity, time)
    seen = _anchors(witness, public, "the file beside the key", integrity)
    anchor = anchors.checkpoints(against, public, integrity) if against is not None else []
    book = log.verify({checkpoint.size for checkpoint in (*seen, *anchor)})
    _hold(seen, book, book.stored, "the file beside the key", integrity)
    _hold(anchor, book, None, anchors.WHERE, integrity)
    estate, findings = EstateVerifier(evidence, book, integrity), FindingVerifier(evidence, book, integrity)
    estate.verify()
    findings.verify()
    named = documents.verify(evidence, book, integrity)
    log_counted = {"ev_leaf": book.size, "ev_checkpoint": len(book.stored)}
    opinion = _integrity(integrity, log.refused, book, witnessed=bool(seen), anchored=bool(anchor))
    sound = opinion.outcome not in (Outcome.CONTRADICTED, Outcome.REFUSED)
    return Report(
        origin=book.origin,
        size=book.size,
        sealed=book.sealed,
        root=book.root.hex(),
        integrity=opinion,
        time=_time(time, book),
        completeness=_completeness(evidence, book),
        conclusion=_conclusion(evidence, look, book, perform if sound else None, sound=sound),
        counted={**log_counted, **estate.counted, "ev_finding": findings.counted, "ev_document": named},
    )


def _anchors(notes: Iterable[str], public: bytes, where: str, integrity: Problems) -> list[Checkpoint]:
    found = []
    for note in notes:
        try:
            found.append(open_checkpoint(note, public))
        except NoteError as error:
            integrity.add(where, str(error))
    return found


def _hold(known: Iterable[Checkpoint], book: Logbook, stored: Collection[int] | None, where: str, integrity: Problems) -> None:
    for checkpoint in known:
        if checkpoint.origin != book.origin:
            integrity.add(where, f"is of {checkpoint.origin}, and this log is {book.origin}")
        elif checkpoint.size > book.size:
            integrity.add(where, f"was signed over {checkpoint.size} leaves and {book.size} are there: the log was rolled back")
        elif book.roots.get(checkpoint.size) != checkpoint.root:
            integrity.add(where, f"contradicts the leaves: at size {checkpoint.size} they have another root")
        elif stored is not None and checkpoint.size not in stored:
            integrity.add(f"ev_checkpoint {checkpoint.size}", f"is missing; {where} has it")


def _integrity(problems: Problems, refused: str | None, book: Logbook, *, witnessed: bool, anchored: bool) -> Opinion:
    kept = tuple(problems.kept)
    if refused is not None:
        return Opinion(Outcome.REFUSED, refused, kept)
    if problems.count:
        several = "entry does not hold" if problems.count == 1 else "entries do not hold; the first"
        return Opinion(Outcome.CONTRADICTED, f"{problems.count} {several}: {problems.kept[0]}", kept)
    sealed = f"{book.sealed} {'leaf is' if book.sealed == 1 else 'leaves are'} sealed"
    if anchored:
        return Opinion(Outcome.HOLDS, f"{sealed}, and the checkpoint given is part of their history")
    if witnessed:
        return Opinion(
            Outcome.NOT_ANCHORED, f"{sealed}; self-consistent and as the file beside the key says, not anchored outside"
        )
    return Opinion(Outcome.NOT_ANCHORED, f"{sealed}; self-consistent, not anchored")


def _time(problems: Problems, book: Logbook) -> Opinion:
    if problems.count:
        return Opinion(
            Outcome.CONTRADICTED, f"times contradict each other; the first: {problems.kept[0]}", tuple(problems.kept)
        )
    span = f"from {book.times[0]:%Y-%m-%d} to {book.times[-1]:%Y-%m-%d}" if book.times else "of no leaf"
    return Opinion(Outcome.NOT_ANCHORED, f"times {span} never go back; they are the scanner's own, no time stamp confirms them")


def _completeness(evidence: Evidence, book: Logbook) -> Opinion:
    missing = []
    if book.size > book.sealed:
        loose = book.size - book.sealed
        missing.append(f"{loose} {'leaf is' if loose == 1 else 'leaves are'} not sealed yet")
        if book.ends and book.ends[-1] >= book.sealed:
            missing.append(
                "a run ended among them without a checkpoint: it was killed just then, or its checkpoint was removed, "
                "which only a checkpoint kept elsewhere can tell"
            )
    if book.abandoned:
        missing.append(f"{book.abandoned} of {book.runs} runs {'was' if book.abandoned == 1 else 'were'} abandoned")
    if book.missed:
        were = "run that was due was" if book.missed == 1 else "runs that were due were"
        missing.append(f"{book.missed} {were} missed")
    if (open_ := book.runs - len(book.ends)) > book.abandoned:
        missing.append(f"{open_ - book.abandoned} of {book.runs} runs did not end")
    if book.partial:
        were = "source was not read to its end" if book.partial == 1 else "sources were not read to their end"
        missing.append(f"{book.partial} {were} in the last run")
    if evidence.selection is not None:
        told = ", ".join(f"{count} of {table}" for table, count in sorted(evidence.selection.withheld.items()) if count)
        missing.append(f"the pack is limited to {len(evidence.selection.checks)} checks; withheld: {told or 'nothing'}")
        missing.append(f"{book.withheld} records of the log stand as digests")
    if missing:
        return Opinion(Outcome.INCOMPLETE, "; ".join(missing))
    return Opinion(Outcome.HOLDS, f"{book.runs} runs, all ended; the last one read every source to its end")


def _conclusion(evidence: Evidence, look: Look | None, book: Logbook, perform: Perform | None, *, sound: bool) -> Opinion:
    if not sound:
        return Opinion(Outcome.NOT_PERFORMED, "the checks were not performed: the evidence does not hold")
    if perform is None or look is None:
        return Opinion(Outcome.NOT_PERFORMED, "the checks were not performed again")
    return conclude(evidence, look, book, perform)
