"""`scanner soa`: the Statement of Applicability with the assessment beside it, as text, JSON or a workbook."""

import sys
from argparse import Namespace

from commands.failures import UsageError
from commands.opening import configured, moment, now, output_path, reading
from reports import soa_json, soa_text, soa_xlsx
from reports.soa import soa_view
from scanner import DONE


def command(given: Namespace) -> int:
    """Print it, or write it to a file."""
    loaded = configured(given)
    output = output_path(given.output, loaded) if given.output else None
    if given.format == "xlsx" and output is None:
        raise UsageError("--format xlsx is not for a terminal; name a file: --output soa.xlsx")
    at = moment(given.at, "--at")
    with reading(loaded) as store:
        view = soa_view(store, at, generated=now())
        if given.format == "xlsx" and output:
            with output.open("wb") as workbook:
                soa_xlsx.write(view, workbook)
            return DONE
        write = soa_json.write if given.format == "json" else soa_text.write
        if output:
            with output.open("w", encoding="utf-8") as file:
                write(view, file)
        else:
            write(view, sys.stdout)
    return DONE
