"""`scanner history`: status over time of a control, a check or a resource."""

import sys
from argparse import Namespace

from commands.failures import UsageError
from commands.opening import configured, reading
from reports import history_json, history_text
from reports.history import check_history, control_history, resource_history
from scanner import DONE


def command(given: Namespace) -> int:
    """Of one subject, oldest first."""
    write = history_json if given.format == "json" else history_text
    with reading(configured(given)) as store:
        if given.control:
            write.write_controls(control_history(store, given.control), sys.stdout)
        elif given.check:
            found = check_history(store, given.check)
            if not found.changes:
                raise UsageError(f"--check {given.check}: the store holds no finding of it; `scanner checks` lists the checks")
            write.write_check(found, sys.stdout)
        else:
            of = resource_history(store, given.resource)
            if not of.answers:
                raise UsageError(f"--resource {given.resource}: the store holds no finding about it; give the whole uid")
            write.write_resource(of, sys.stdout)
    return DONE
