"""What a run goes by, as its start records it."""

from typing import TYPE_CHECKING

from checks.check import Check
from evidence_store.records import Json
from pipeline.selection import Selection

if TYPE_CHECKING:
    from pipeline.run import Environment


def basis(environment: "Environment", selection: Selection) -> dict[str, Json]:
    """What the run went by: the checks as they stand, the mapping, the configuration without secrets, the selection."""
    configuration = environment.configuration
    return {
        "checks": {"checks": [_definition(environment, c) for c in environment.known.values()]},
        "mapping": environment.catalogue.document(),
        "config": {
            "targets": [{"name": t.name, "kind": t.kind} for t in configuration.targets],
            "gap_from": str(configuration.run.gap_from),
            "parameters": {check: dict(values) for check, values in configuration.parameters.items()},
        },
        "selection": {
            "controls": list(selection.wanted.controls),
            "checks": [c.id for c in selection.checks],
            "unanswerable": [c.id for c in selection.unanswerable],
            "targets": [t.name for t in selection.judged],
            "sources": {kind: [s.name for s in of_kind] for kind, of_kind in selection.sources.items()},
        },
    }


def _definition(environment: "Environment", check: Check) -> dict[str, Json]:
    return {
        "id": check.id,
        "title": check.title,
        "rationale": check.rationale,
        "fix": check.fix,
        "type": check.on,
        "severity": str(check.severity),
        "version": check.version,
        "parameters": environment.parameters(check),
        "controls": list(environment.catalogue.controls_by(check.id)),
    }
