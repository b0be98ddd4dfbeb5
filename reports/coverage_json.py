"""`annexa.controls/1` and `annexa.checks/1`: the catalogue as JSON."""

import json
from collections.abc import Iterable, Sequence
from typing import TextIO

from evidence_store.records import Json
from reports.coverage import ControlCoverage, tally
from reports.run_json import write_list
from reports.view import Definition


def write_controls(controls: Sequence[ControlCoverage], out: TextIO) -> None:
    out.write(f'{{"schema": "annexa.controls/1", "coverage": {json.dumps(tally(controls))},\n')
    write_list(out, "controls", map(_control, controls))
    out.write("}\n")


def _control(covered: ControlCoverage) -> Json:
    control = covered.control
    return {
        "id": control.id,
        "title": control.title,
        "theme": control.theme,
        "types": list(control.types),
        "properties": list(control.properties),
        "concepts": list(control.concepts),
        "capabilities": list(control.capabilities),
        "domains": list(control.domains),
        "new_in_2022": control.new_in_2022,
        "required_aspects": [str(aspect) for aspect in control.aspects],
        "uncovered_aspects": list(covered.uncovered),
        "coverage": covered.coverage,
        "not_observable": control.not_observable or None,
        "max_age_days": control.max_age_days,
        "checks": [{"id": each.check, "role": each.role, "aspect": each.aspect, "why": each.why} for each in covered.checks],
    }


def write_checks(definitions: Iterable[Definition], out: TextIO) -> None:
    out.write('{"schema": "annexa.checks/1",\n')
    write_list(
        out,
        "checks",
        (
            {
                "id": definition.id,
                "type": definition.type,
                "severity": str(definition.severity),
                "version": definition.version,
                "controls": list(definition.controls),
                "title": definition.title,
                "parameters": dict(definition.parameters),
            }
            for definition in definitions
        ),
    )
    out.write("}\n")
