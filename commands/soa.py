"""`scanner soa`: the Statement of Applicability with the assessment beside it, as text, JSON or a workbook."""

import io
import sys
from argparse import Namespace
from pathlib import Path

from commands.failures import UsageError
from commands.opening import configured, moment, now, output_path, reading
from reports import soa_json, soa_text, soa_xlsx
from reports.soa import SoaView, soa_view
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
        if output:
            _keep(view, given.format, output)
        else:
            (soa_json if given.format == "json" else soa_text).write(view, sys.stdout)
    return DONE


def _keep(view: SoaView, format_: str, output: Path) -> None:
    """Write it to a file. Raises `UsageError`."""
    try:
        if format_ == "xlsx":
            made = io.BytesIO()  # whole before the file is touched: an archive that breaks off cannot be closed in silence
            soa_xlsx.write(view, made)
            output.write_bytes(made.getbuffer())
        else:
            with output.open("w", encoding="utf-8") as file:
                (soa_json if format_ == "json" else soa_text).write(view, file)
    except OSError as error:
        raise UsageError(f"--output {output}: cannot be written: {error.strerror}") from None
