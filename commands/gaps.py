"""`scanner gaps`: what fails, what is unknown, and since when."""

import sys
from argparse import Namespace

from commands.opening import configured, moment, reading
from evidence_store.records import Severity
from reports import gaps_json, gaps_text
from reports.gaps import gaps_view
from scanner import DONE


def command(given: Namespace) -> int:
    """As the last sealed run left them, or an earlier one."""
    severity = Severity(given.severity) if given.severity else None
    at = moment(given.at, "--at")
    with reading(configured(given)) as store:
        view = gaps_view(store, at, controls=given.control, severity=severity)
        (gaps_json if given.format == "json" else gaps_text).write(view, sys.stdout)
    return DONE
