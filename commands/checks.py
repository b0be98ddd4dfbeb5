"""`scanner checks`: what can be asked, and which controls it is evidence for."""

import sys
from argparse import Namespace

import mappings
from checks.check import checks
from commands.definitions import definitions
from reports import coverage_json, coverage_text
from scanner import DONE


def command(given: Namespace) -> int:
    """Every check, or those of some controls."""
    every = checks()
    catalogue = mappings.load(every)
    wanted = catalogue.select(given.control) if given.control else tuple(every)
    listed = definitions((every[check] for check in wanted), catalogue)
    (coverage_json if given.format == "json" else coverage_text).write_checks(listed, sys.stdout)
    return DONE
