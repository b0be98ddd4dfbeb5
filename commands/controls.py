"""`scanner controls`: how each control is covered, and what is not observable."""

import sys
from argparse import Namespace

import mappings
from checks.check import checks
from commands.definitions import definitions
from reports import coverage_json, coverage_text
from reports.coverage import controls_view
from scanner import DONE


def command(given: Namespace) -> int:
    """Every control on a line, or some in detail."""
    every = checks()
    catalogue = mappings.load(every)
    view = controls_view(catalogue, definitions(every.values(), catalogue), given.control)
    if given.format == "json":
        coverage_json.write_controls(view, sys.stdout)
    elif given.control:
        coverage_text.write_details(view, sys.stdout)
    else:
        coverage_text.write_controls(view, sys.stdout, by=given.by)
    return DONE
