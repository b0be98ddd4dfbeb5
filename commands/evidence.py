"""`scanner evidence list | show | verify | export`."""

import hashlib
import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from datetime import datetime
from functools import cache, partial
from pathlib import Path

from commands.failures import UsageError
from commands.opening import Known, configured, known, moment, now, origin, output_path, reading
from configuration import Configuration
from evidence_store import bodies, canonical, keys, side_file
from evidence_store.database import FindingRow, Leaf, Store
from evidence_store.errors import AbsentError, DamagedError, ForeignError, StoreError
from evidence_store.export import export
from evidence_store.note import NoteError
from evidence_store.pack import Pack
from evidence_store.records import Json, Verdict, format_time
from evidence_store.side_file import SideFile
from evidence_store.verification import Evidence, Look, Moment, Perform, Report, verify
from evidence_store.verification.__main__ import told, width_of
from pipeline.perform import Performer, parameters_of
from reports.hostile import in_json, one_line
from reports.terminal import Paper
from scanner import CONTRADICTED, DONE

PACKED = ("checks", "mapping", "config", "selection", "schedule")  # documents that a limited pack keeps


def command(given: Namespace) -> int:
    """One of the four actions."""
    return {"list": _list, "show": _show, "verify": _verify, "export": _export}[given.action](given)


# -- list and show ---------------------------------------------------------------------------------------------------------


def _list(given: Namespace) -> int:
    until = moment(given.at, "--at")
    with reading(configured(given)) as store:
        checkpoint = store.checkpoint()
        sealed = checkpoint.size if checkpoint else 0
        leaves = (leaf for leaf in store.leaves() if until is None or leaf.time <= until)
        if given.format == "json":
            entries = [{**_entry(leaf), "sealed": leaf.idx < sealed} for leaf in leaves]
            _print({"schema": "annexa.evidence/1", "size": store.size, "sealed": sealed, "entries": entries})
        else:
            shown = 0
            for shown, leaf in enumerate(leaves, 1):  # noqa: B007 - how many there were is told below
                seal = "" if leaf.idx < sealed else "  (not sealed yet)"
                _say(f"{leaf.idx:>6}  {leaf.time:%Y-%m-%d %H:%M:%SZ}  {leaf.kind:<14}", f"{_told(leaf)}{seal}")
            total = f"{store.size}" if until is None else f"{shown} of {store.size}"
            sys.stdout.write(f"{total} entries, {sealed} sealed; `scanner evidence show NUMBER` shows one\n")
    return DONE


def _say(lead: str, text: str) -> None:
    """An entry is one line wherever programs read it, and no wider than a terminal."""
    if sys.stdout.isatty():
        Paper(sys.stdout).say(text, lead=(lead, ""))
    else:
        sys.stdout.write(f"{lead}{one_line(text)}\n")


def _entry(leaf: Leaf) -> dict[str, Json]:
    return {"number": leaf.idx, "kind": leaf.kind, "time": format_time(leaf.time), "run": leaf.run, **leaf.fields}


def _told(leaf: Leaf) -> str:
    """What an entry recorded, in a few words."""
    f = leaf.fields
    match leaf.kind:
        case "genesis":
            return f"the log {f['origin']} begins"
        case "run_start":
            due = f", due at {f['about']['due']}" if "due" in f["about"] else ""
            return f"run {leaf.run}, version {f['about'].get('version', '?')}{due}"
        case "runs_missed":
            span = f"at {f['first']}" if f["count"] == 1 else f"from {f['first']} to {f['last']}"
            return f"{f['count']} due {span}: {f['why']}"
        case "snapshots":
            return (
                f"{f['facets']} facets of {f['records']} sources, {f['opened']} new, {f['closed']} ended, {f['unread']} unread"
            )
        case "findings":
            counts = ", ".join(f"{number} {status}" for status, number in sorted(f["counts"].items()))
            return f"{counts or 'none'}; {f['opened']} new, {f['closed']} ended"
        case "run_end":
            return f"{'complete' if f['outcome'].get('complete') else 'incomplete'}, {f['assessments']['count']} assessments"
    return ", ".join(f"{name} {value}" for name, value in f.items() if isinstance(value, str | int))


def _show(given: Namespace) -> int:
    at = moment(given.at, "--at")
    with reading(configured(given)) as store:
        if given.what.isdecimal():
            number = int(given.what)
            leaf = next(store.leaves(first=number, until=number + 1), None) if number < store.size else None
            if leaf is None:
                raise UsageError(f"show {number}: the log has entries 0 to {store.size - 1}")
            _print({**_entry(leaf), "detail": store.detail(number)})
            return DONE
        states = list(_states(store, given.what, at))
        if not states:
            raise UsageError(f"show {given.what}: the store holds nothing under this uid; `scanner gaps` shows uids")
        if given.format == "json":
            _print({"schema": "annexa.resource/1", "uid": given.what, "states": states})
        else:
            _print_states(given.what, states)
    return DONE


def _states(store: Store, uid: str, at: datetime | None) -> Iterator[dict[str, Json]]:
    run = store.run_at(at) if at else None
    if at and run is None:
        raise UsageError(f"--at {format_time(at)}: no run was sealed by then")
    for held in store.states(uid):
        if run is not None and not (held.opened <= run.leaf and (held.closed is None or held.closed > run.leaf)):
            continue
        yield {
            "type": held.type,
            "facet": held.facet,
            "scope": str(held.scope),
            "source": held.source,
            "from": format_time(store.time_of(held.opened)),
            "until": None if held.closed is None else format_time(store.time_of(held.closed)),
            "entry": held.opened,
            "digest": held.digest,
            "facts": held.facts,
        }


def _print_states(uid: str, states: list[dict[str, Json]]) -> None:
    sys.stdout.write(f"{one_line(uid)}\n")
    for state in states:
        until = state["until"] or "now"
        sys.stdout.write(f"\n{state['type']} {state['facet']}  from {state['from']} until {until}\n")
        sys.stdout.write(f"  read by {state['source']} in {state['scope']}; entry {state['entry']}, digest {state['digest']}\n")
        for line in _pretty(state["facts"]).splitlines():
            sys.stdout.write(f"  {line}\n")


def _pretty(value: Json) -> str:
    return in_json(json.dumps(json.loads(canonical.encode(value)), indent=1, ensure_ascii=False))


def _print(value: Json) -> None:
    sys.stdout.write(_pretty(value) + "\n")


# -- verify and export -----------------------------------------------------------------------------------------------------


def _verify(given: Namespace) -> int:
    able = known(given)
    against = _text(given.against, "--against") if given.against else None
    public = _public(given, able.configuration)
    try:
        if given.pack:
            pack = Pack(given.pack)
            report = verify(pack, public, against=against, perform=_performer(given, able, pack), look=pack)
        else:
            report = _verify_store(given, able, public, against)
    except NoteError as error:
        raise UsageError(f"--against {given.against}: {error}") from None
    if given.format == "json":
        sys.stdout.write(json.dumps(report.json(), indent=1) + "\n")
    else:
        sys.stdout.write(told(report, width_of(sys.stdout)))
    return CONTRADICTED if report.contradicted else DONE


def _verify_store(given: Namespace, able: Known, public: bytes, against: str | None) -> Report:
    witness = Path(able.configuration.store.key + keys.CHECKPOINTS)
    try:
        with reading(able.configuration) as store, store.evidence() as evidence:
            look: Look = store
            performer = _performer(given, able, evidence)
            return verify(evidence, public, witness=_notes(witness), against=against, perform=performer, look=look)
    except (AbsentError, ForeignError) as error:
        if (size := _witnessed(witness, public)) is None:
            raise
        raise DamagedError(
            f"{error}; but {witness} holds a checkpoint of size {size}: the store was removed or replaced"
        ) from None


def _notes(witness: Path) -> Iterator[str]:
    """What the file beside the key says. Whoever may not read it verifies without, and is told."""
    try:
        yield from side_file.notes(witness)
    except OSError as error:
        sys.stderr.write(f"{witness}: cannot be read ({error.strerror}); verified without it\n")


def _witnessed(witness: Path, public: bytes) -> int | None:
    """Of which size the store was that was signed last, as far as anything is known of it."""
    try:
        last = SideFile(witness, public).last()
    except StoreError:
        return None
    return last.size if last else None


def _performer(given: Namespace, able: Known, evidence: Evidence) -> Perform | None:
    if given.no_perform:
        return None

    @cache
    def made() -> Performer:
        """When the first verdict is performed: the documents were verified by then."""
        return Performer(able.checks, able.sources, parameters_of(_definitions(evidence)))

    def perform(row: FindingRow, facets: dict[str, Json] | None, moment: Moment, at: datetime) -> Verdict | None:
        return made()(row, facets, moment, at)

    return perform


def _definitions(evidence: Evidence) -> Iterator[Json]:
    """The check catalogues of all runs."""
    for _, kind, body in evidence.documents():
        if kind == "checks":
            yield canonical.decode(bodies.unpack(body))["content"]


def _public(given: Namespace, loaded: Configuration) -> bytes:
    """The key to trust. Raises `UsageError`, `KeyFileError`."""
    if given.public_key:
        named = Path(given.public_key)
        return keys.parse_public(_text(given.public_key, "--public-key") if named.is_file() else given.public_key)
    if not Path(loaded.store.key).exists():
        raise UsageError(f"{loaded.store.key}: no such key; name the public key to trust: --public-key FILE or KEY")
    return keys.public_of(loaded.store.key)


def _text(path: str, option: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise UsageError(f"{option} {path}: cannot be read: {reason}") from None


def _export(given: Namespace) -> int:
    able = known(given)
    path = output_path(given.output, able.configuration)
    checks = able.catalogue.select(given.control) if given.control else None
    types = {type_ for check in checks or () for type_ in able.checks[check].types}
    with reading(able.configuration) as store:
        store.require_writable()
        held = keys.load_or_create(able.configuration.store.key)
        writing = partial(store.writer, held, origin=origin(), clock=now, wait=10)
        with writing() as writer:
            writer.settle()
        if store.checkpoint() is None:
            raise UsageError("the store has no sealed run yet, and so nothing to export; `scanner run` makes one")

        def announce(whole: Path) -> None:
            """The log tells of each pack that was made, and of none that was not."""
            with writing() as writer, whole.open("rb") as file:
                about = {"checks": len(checks) if checks else len(able.checks), "limited": checks is not None}
                writer.record("export", {**about, "digest": hashlib.file_digest(file, "sha256").hexdigest()})
                writer.seal()

        with store.evidence() as evidence:
            withheld = export(evidence, path, held.public, checks=checks, types=types, documents=PACKED, announce=announce)
    sys.stdout.write(f"wrote {path}, signed under the key {held.public_text}\n")
    if told_apart := ", ".join(f"{number} rows of {table}" for table, number in sorted(withheld.items()) if number):
        sys.stdout.write(f"withheld, as hashes: {told_apart}\n")
    sys.stdout.write(f"verify it: scanner evidence verify {path} --public-key {held.public_text}\n")
    return DONE
